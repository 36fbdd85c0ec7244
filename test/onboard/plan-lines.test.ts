/** What a person reads of a plan and of its end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { outcomeLines, planLines } from "../../src/cli/views/plan.ts";
import { estateOf, planOf, sceneOf } from "./scene.ts";

test("what closes names who else it affects, each under the change that touches them", async () => {
  const lines = planLines(
    await planOf(await sceneOf(estateOf({ closeShared: true, closeQuery: true }))),
  );
  const at = lines.findIndex((line) => /Close the endpoint amw\S* to public traffic/.test(line));
  assert.ok(at > 0, lines.join("\n"));
  assert.match(
    lines[at + 1] ?? "",
    /^ {4}affected: amw\S*: it is this workspace's default endpoint/,
  );
  assert.ok(lines.some((line) => /^ {2}\d+ changes, \d+ as wanted already$/.test(line)));
});

test("one change is counted as one", async () => {
  const plan = await planOf(await sceneOf());
  const [one] = plan.changes.filter(({ action }) => action === "create");
  assert.ok(one);
  assert.ok(planLines({ ...plan, changes: [one] }).includes("  1 change, 0 as wanted already"));
});

test("a blocked plan says what blocks it, once, with its code, and counts no changes", async () => {
  const scene = await sceneOf();
  const request = { ...scene.request, scopeId: `${scene.request.scopeId} x` };
  const plan = await planOf({ ...scene, request });
  const says = "The plan is blocked: …";
  const outcome = { kind: "blocked", exit: 1, written: [], open: [], says } as const;
  const lines = [...planLines(plan), ...outcomeLines(outcome, plan)];
  assert.equal(lines.length, 2, lines.join("\n"));
  assert.match(lines[0] ?? "", /^ {2}✘ The scope's id: .* has a blank .*\(InvalidId\)$/);
  assert.equal(lines[1], "  ✘ The plan is blocked: nothing was written.");
});

test("each line of the proof that stays public is said once, with the flag that closes it", async () => {
  const plan = await planOf(await sceneOf());
  const outcome = { kind: "unchanged", exit: 0, written: [], open: [], says: "Nothing." } as const;
  const lines = outcomeLines(outcome, plan);
  assert.equal(lines.length, 2);
  assert.match(
    lines[1] ?? "",
    /^ {4}metrics-query stays public at \S+; --close-query closes it\.$/,
  );
});
