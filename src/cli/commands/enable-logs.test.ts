/** `enable logs`: what is refused before anything is asked. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CliContext, CommandInput } from "../command.ts";
import { enableLogs } from "./enable-logs.ts";

const typed = (options: Readonly<Record<string, string>>): CommandInput => ({
  words: [],
  text: (name) => options[name],
  flag: (name) => name in options,
  texts: () => [],
});
// Whoever looks for a platform before refusing meets an error of another kind.
const nowhere = {} as CliContext;

test("other clouds than the platform are refused by name", async () => {
  await assert.rejects(
    async () => enableLogs.run(typed({ cloud: "AzureCloud", auth: "managed-identity" }), nowhere),
    { code: "CloudNotSupported", message: /'AzureCloud' is not supported/ },
  );
});

test("legacy authentication elsewhere is refused with the date on which it ended", async () => {
  await assert.rejects(
    async () => enableLogs.run(typed({ cloud: "AzureCloud", auth: "legacy" }), nowhere),
    { code: "CloudNotSupported", message: /ended on 2026-09-30/ },
  );
});
