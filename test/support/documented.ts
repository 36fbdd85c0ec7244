/** What a refusal must have: the expected status and code, and a line of docs/errors.md that has both. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "./command.ts";
import type { WireAnswer } from "./wire.ts";

const documented = new Set(
  readFileSync(join(projectRoot, "docs/errors.md"), "utf8")
    .split("\n")
    .flatMap((line) => {
      const [, code, status] = /^\| `(\w+)` \| (\d*) \|/.exec(line) ?? [];
      return code === undefined ? [] : [`${status} ${code}`];
    }),
);

/** Asserts that an answer refuses with this status and code, that both are documented, and what its body says. */
export function refusedWith(answer: WireAnswer, status: number, code: string, says = /./): void {
  assert.deepEqual([answer.status, answer.code], [status, code], answer.body);
  assert.ok(documented.has(`${status} ${code}`), `docs/errors.md has no ${code} with ${status}`);
  assert.match(answer.body, says);
}
