/** Waiting for changes to take effect, on a clock that is moved by hand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { graphFrom } from "../../arm/index.ts";
import { fakeClock } from "../../core/index.ts";
import { completeFacts, fail, pass, runChecks } from "../../doctor/index.ts";
import type { Check, CheckReport } from "../../doctor/index.ts";
import { untilSettled } from "./until-settled.ts";

const subject = "/subscriptions/00000000-0000-4000-8000-000000000001";
const reportOf = (holds: boolean, retryMs: number | undefined): CheckReport => {
  const check: Check = {
    id: "LS0001",
    title: "it holds",
    severity: "error",
    phase: "dns",
    dependsOn: [],
    failureModes: [],
    ...(retryMs === undefined ? {} : { retryMs }),
    run: () => [holds ? pass(subject, "") : fail(subject, "")],
  };
  return runChecks([check], completeFacts(graphFrom([]), { nowMs: 0 }));
};

/** How often it looked, and when it gave up, where the check holds from the n-th look on. */
async function waited(holdsAt: number, retryMs: number | undefined) {
  const clock = fakeClock(0);
  const notes: string[] = [];
  let looks = 1;
  const look = () => Promise.resolve({ report: reportOf((looks += 1) >= holdsAt, retryMs) });
  const state = { done: false };
  const waiting = untilSettled({ report: reportOf(holdsAt <= 1, retryMs) }, look, {
    clock,
    note: (text) => void notes.push(text),
    stopped: new AbortController().signal,
  }).finally(() => void (state.done = true));
  while (!state.done) {
    await new Promise((resolve) => void setImmediate(resolve));
    if (!state.done) clock.advance(1_000);
  }
  const { report } = await waiting;
  return { looks, notes, atMs: clock.nowMs(), status: report.results[0]?.finding.status };
}

test("what holds is not waited for, and neither is what waiting cannot help", async () => {
  assert.equal((await waited(1, 60_000)).looks, 1);
  const hopeless = await waited(9, undefined);
  assert.deepEqual([hopeless.looks, hopeless.status, hopeless.atMs], [1, "fail", 0]);
});

test("it looks every 15 s until the check holds", async () => {
  const { looks, status, notes, atMs } = await waited(3, 60_000);
  assert.deepEqual([looks, status, atMs], [3, "pass", 30_000]);
  assert.match(notes[0] ?? "", /^waiting for LS0001: up to 60 s$/m);
});

test("it gives up when the time that the check gives has passed, with a last look then", async () => {
  const { looks, status, atMs } = await waited(99, 40_000);
  assert.deepEqual([looks, status, atMs], [4, "fail", 40_000]);
});
