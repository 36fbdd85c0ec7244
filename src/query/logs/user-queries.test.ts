/** What one principal may ask at once, and how long it waits. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeClock, limits } from "../../core/index.ts";
import { userQueries } from "./user-queries.ts";

const nowMs = Date.UTC(2026, 0, 2);

test("as many queries run at once as may, others wait for their turn and no longer than their time", async () => {
  const clock = fakeClock(nowMs);
  const users = userQueries(clock);
  const signal = new AbortController().signal;
  const running = await Promise.all(
    Array.from({ length: limits.logsQueriesAtOnceMax }, () => users.admit("one", signal)),
  );
  const next = users.admit("one", signal);
  const late = users.admit("one", signal);
  const [first] = running;
  assert.ok(first?.kind === "admitted");
  first.done();
  first.done();
  const admitted = await next;
  assert.equal(admitted.kind, "admitted");
  clock.advance(limits.logsQueryQueueMs);
  const throttled = await late;
  assert.match(throttled.kind === "throttled" ? throttled.says : "", /waited 180 seconds/);
  const gone = new AbortController();
  const left = users.admit("one", gone.signal);
  gone.abort();
  assert.equal((await left).kind, "throttled");
});

test("as many queries wait as may, and one more is throttled at once", async () => {
  const clock = fakeClock(nowMs);
  const users = userQueries(clock);
  const signal = new AbortController().signal;
  const admit = () => users.admit("one", signal);
  // The window takes 200, so that they come in two of them.
  const first = Array.from({ length: 100 }, admit);
  clock.advance(limits.logsQueryWindowMs);
  const all = [
    ...first,
    ...Array.from(
      { length: limits.logsQueriesAtOnceMax + limits.logsQueriesWaitingMax - 100 },
      admit,
    ),
  ];
  const refused = await admit();
  assert.match(
    refused.kind === "throttled" ? refused.says : "",
    /200 queries wait; the limit is 200/,
  );
  clock.advance(limits.logsQueryQueueMs);
  const ended = await Promise.all(all);
  assert.equal(ended.filter(({ kind }) => kind === "admitted").length, limits.logsQueriesAtOnceMax);
});
