/** The files of `agent logs`: nothing starts while one of them is wrong, and each problem has its line. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { CliContext } from "../command.ts";
import { runCli } from "../program.ts";
import { agentLogs } from "./agent-logs.ts";

const folder = mkdtempSync(join(tmpdir(), "linkscope-agent-logs-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("AgentSettingsInvalid: settings that are wrong, or not there, end it before anything is asked", async () => {
  const notes: string[] = [];
  const context = {
    environment: {},
    out: () => undefined,
    note: (text: string) => void notes.push(text),
  } as unknown as CliContext;
  const path = join(folder, "settings.yaml");
  const words = ["agent", "logs", "--cluster", "aks-one", "--settings", path];
  assert.equal(await runCli(words, [agentLogs], context), 1);
  assert.match(notes.join(""), /no such file[\s\S]*\(AgentSettingsInvalid\)/);
  writeFileSync(
    path,
    "kind: ConfigMap\ndata:\n  log-data-collection-settings: |-\n    [log_collection_settings.stdout]\n    enabled = perhaps\n",
  );
  assert.equal(await runCli(words, [agentLogs], context), 1);
  assert.match(notes.join(""), /settings\.yaml:5:5: The value of enabled cannot be read\./);
});
