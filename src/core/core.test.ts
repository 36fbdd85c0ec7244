/** The ground: labels, clocks, randomness, verdicts, and bugs that are named. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  allow,
  assert as hold,
  assertNever,
  CodedError,
  deny,
  explain,
  fakeClock,
  formatLabels,
  guid,
  isStaleAt,
  labelsOf,
  labelValue,
  limits,
  messageOf,
  seededRandom,
  sleep,
  STALE_NAN_BITS,
  systemClock,
  unknown,
} from "./index.ts";

test("labels are sorted by name, and an empty value is no label", () => {
  const labels = labelsOf({ job: "a", __name__: "up", empty: "" });
  assert.deepEqual(labels, [
    { name: "__name__", value: "up" },
    { name: "job", value: "a" },
  ]);
  assert.equal(labelValue(labels, "job"), "a");
  assert.equal(labelValue(labels, "absent"), "");
});

test("labels are written as Prometheus writes them, quotes and all", () => {
  assert.equal(formatLabels(labelsOf({ __name__: "up", job: 'a"b' })), 'up{job="a\\"b"}');
  assert.equal(formatLabels(labelsOf({ __name__: "up" })), "up");
  assert.equal(formatLabels(labelsOf({ job: "a" })), '{job="a"}');
});

test("the staleness marker is told from every other NaN by its bits", () => {
  const values = new Float64Array(3);
  new BigUint64Array(values.buffer)[1] = STALE_NAN_BITS;
  values[2] = Number.NaN;
  assert.deepEqual(
    [0, 1, 2].map((index) => isStaleAt(values, index)),
    [false, true, false],
  );
  assert.equal(isStaleAt(values.subarray(1), 0), true);
});

test("a fake clock runs what comes due, in order, and what that starts", () => {
  const clock = fakeClock(1000);
  const ran: string[] = [];
  clock.after(20, () => ran.push(`second at ${clock.nowMs()}`));
  clock.after(10, () => {
    ran.push(`first at ${clock.nowMs()}`);
    clock.after(5, () => ran.push(`third at ${clock.nowMs()}`));
  });
  clock.after(15, () => ran.push("cancelled")).cancel();
  clock.advance(30);
  assert.deepEqual(ran, ["first at 1010", "third at 1015", "second at 1020"]);
  assert.equal(clock.nowMs(), 1030);
});

test("a sleep ends with its time, or with its signal", async () => {
  const clock = fakeClock();
  const slept = sleep(clock, 10);
  clock.advance(10);
  await slept;
  const stop = new AbortController();
  const stopped = sleep(clock, 10, stop.signal);
  stop.abort(new Error("stopped"));
  await assert.rejects(stopped, /stopped/);
  await assert.rejects(sleep(clock, 10, stop.signal), /stopped/);
});

test("the machine's clock tells the time and its timers can be cancelled", () => {
  const clock = systemClock();
  const before = Date.now();
  assert.ok(clock.nowMs() >= before);
  clock.after(1, () => assert.fail("cancelled timers do not run")).cancel();
});

test("a seed gives the same GUIDs again, each of version 4", () => {
  const one = guid(seededRandom(7));
  assert.equal(one, guid(seededRandom(7)));
  assert.notEqual(one, guid(seededRandom(8)));
  assert.match(one, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("a verdict explains itself: the outcome, then each rule that spoke", () => {
  const reason = { rule: "dce.linked", says: "The scope links it.", source: "a page" };
  assert.equal(explain(allow(reason)), "allow\n  dce.linked: The scope links it.");
  assert.equal(explain(deny()), "deny");
  assert.equal(unknown(reason).outcome, "unknown");
});

test("a coded error keeps its code, its status and its cause", () => {
  const cause = new Error("disk full");
  const error = new CodedError("StoreUnavailable", "The log cannot be written.", {
    status: 503,
    cause,
  });
  assert.deepEqual([error.code, error.status, error.cause], ["StoreUnavailable", 503, cause]);
  assert.equal(messageOf(error), "The log cannot be written.");
  assert.equal(messageOf("text"), "text");
});

test("bugs stop with what they met", () => {
  assert.throws(() => hold(false, "one is two"), /one is two/);
  assert.throws(() => assertNever("left over" as never), /left over/);
});

test("every limit is a positive number", () => {
  for (const [name, limit] of Object.entries(limits)) assert.ok(Number(limit) > 0, name);
});
