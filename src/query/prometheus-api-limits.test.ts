/** The Prometheus API's limits and failures: each limit at it and one past it, the gate, the deadline, the store. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CodedError, limits } from "../core/index.ts";
import { answerPrometheusApi } from "./prometheus-api.ts";
import { encodeValue, refuseTooLarge } from "./prometheus-json.ts";
import type { QueryValue } from "./promql/index.ts";
import { queryGate } from "./query-gate.ts";
import { querierOf, regular, requestOf, rigOf, seriesOf } from "./testing/query-rig.ts";

const two = ["a", "b"].map((instance) =>
  seriesOf({ __name__: "up", job: "node", instance }, regular([1, 1, 0, 1], 60_000)),
);

const { ask, read } = rigOf(two);

const range = (startMs: number, endMs: number, step: string): string =>
  `/api/v1/query_range?query=up&start=${startMs / 1000}&end=${endMs / 1000}&step=${step}`;

test("a range query has queryPointsPerSeriesMax steps, not one more", async () => {
  const most = limits.queryPointsPerSeriesMax * 1000;
  assert.equal((await ask(range(0, most, "1"))).status, 200);
  const { error } = await read(range(0, most + 1000, "1"));
  assert.equal(
    error,
    "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
  );
});

test("a range query spans queryRangeMs, not a millisecond more", async () => {
  assert.equal((await ask(range(0, limits.queryRangeMs, "1h"))).status, 200);
  const { error } = await read(range(0, limits.queryRangeMs + 1, "1h"));
  assert.match(error ?? "", /the time range is 768.0 hours; the limit is 32 days/);
});

test("ranges of queryLongRangeMs take steps of queryLongRangeStepMs, not shorter ones", async () => {
  const long = limits.queryLongRangeMs;
  assert.equal((await ask(range(0, long, "60"))).status, 200);
  assert.equal((await ask(range(0, long - 1, "59"))).status, 200);
  const { error } = await read(range(0, long, "59.999"));
  assert.match(error ?? "", /the step is 59.999 s; ranges of 48 hours and more take at least 60 s/);
});

test("an answer has queryResultSamplesMax samples, not one more", () => {
  // Claims its samples: their number is looked at before the first is written.
  const claiming = (samples: number): QueryValue => ({
    kind: "matrix",
    series: [{ ...seriesOf({}, []), length: samples }],
  });
  assert.throws(
    () => refuseTooLarge(claiming(limits.queryResultSamplesMax + 1)),
    /the result has 10000001 samples; the limit is 10000000/,
  );
  assert.doesNotThrow(() => refuseTooLarge(claiming(limits.queryResultSamplesMax)));
  assert.throws(() => encodeValue(claiming(limits.queryResultSamplesMax + 1)));
});

test("/series looks back seriesLookbackMs, not a millisecond more", async () => {
  const series = (startMs: number): string =>
    `/api/v1/series?match[]=up&start=${startMs / 1000}&end=${limits.seriesLookbackMs / 1000}`;
  assert.equal((await ask(series(0))).status, 200);
  const { error } = await read(series(-1));
  assert.match(error ?? "", /\/series looks back 12 hours at most/);
});

test("a form has queryFormBytesMax bytes at most: the body is asked for with that limit", async () => {
  const asked: number[] = [];
  const request = {
    ...requestOf("/api/v1/query", { form: "" }),
    body: async (bytesMax: number): Promise<Buffer> => {
      asked.push(bytesMax);
      throw new CodedError("BodyTooLarge", "too large", { status: 413 });
    },
  };
  const { clock } = rigOf([]);
  const response = await answerPrometheusApi(request, { clock, querier: querierOf([]) });
  assert.deepEqual(asked, [limits.queryFormBytesMax]);
  assert.equal(response.status, 413);
});

test("queriesAtOnceMax queries run at once; one more is refused, and taken when one has ended", async () => {
  const gate = queryGate();
  const release: (() => void)[] = [];
  const waiting = Array.from({ length: limits.queriesAtOnceMax }, () =>
    gate.run(() => new Promise<void>((resolve) => release.push(resolve))),
  );
  const crowded = rigOf(two, { gate });
  const response = await crowded.ask("/api/v1/query?query=up");
  assert.equal(response.status, 503);
  assert.equal(response.headers?.["retry-after"], "1");
  assert.match(
    String(response.body),
    /"errorType":"unavailable","error":"too many queries: 20 are running/,
  );
  release[0]?.();
  await waiting[0];
  assert.equal((await crowded.ask("/api/v1/query?query=up")).status, 200);
  for (const end of release) end();
  await Promise.all(waiting);
});

test("TooManyQueries: a gate of none lets nothing through", async () => {
  const refused = queryGate(0).run(() => Promise.resolve());
  await assert.rejects(refused, { code: "TooManyQueries", status: 503 });
});

test("a query that fails gives its place at the gate back", async () => {
  const gate = queryGate(1);
  const narrow = rigOf(two, { gate });
  assert.equal((await narrow.ask("/api/v1/query?query=sin(up)")).status, 422);
  assert.equal((await narrow.ask("/api/v1/query?query=up")).status, 200);
});

test("timeout shortens the deadline, and never lengthens it past queryTimeoutMs", async () => {
  const slow = (spentMs: number): ReturnType<typeof rigOf> => {
    const rig = rigOf([], {
      querier: {
        ...querierOf([]),
        async select() {
          rig.clock.advance(spentMs);
          return [];
        },
      },
    });
    return rig;
  };
  assert.equal((await slow(5000).ask("/api/v1/query?query=up&timeout=5s")).status, 200);
  const late = await slow(5001).read("/api/v1/query?query=up&timeout=5s");
  assert.deepEqual(
    [late.errorType, late.error],
    ["timeout", "query timed out in expression evaluation"],
  );
  const { queryTimeoutMs } = limits;
  assert.equal((await slow(queryTimeoutMs).ask("/api/v1/query?query=up&timeout=1h")).status, 200);
  assert.equal(
    (await slow(queryTimeoutMs + 1).ask("/api/v1/query?query=up&timeout=1h")).status,
    503,
  );
});

test("a query whose client is gone ends as canceled", async () => {
  const gone = rigOf(two, { signal: AbortSignal.abort() });
  const response = await gone.ask("/api/v1/query?query=up");
  assert.equal(response.status, 499);
  assert.match(String(response.body), /"errorType":"canceled"/);
});

test("what the store refuses travels with its status", async () => {
  const refusing = (status: number): ReturnType<typeof rigOf> =>
    rigOf([], {
      querier: {
        ...querierOf([]),
        select: () => Promise.reject(new CodedError("StoreSays", "no", { status })),
      },
    });
  const answer = async (status: number): Promise<unknown> => {
    const { errorType, error } = await refusing(status).read("/api/v1/query?query=up");
    return [errorType, error];
  };
  assert.deepEqual(await answer(422), ["execution", "no"]);
  assert.deepEqual(await answer(503), ["unavailable", "no"]);
  assert.deepEqual(await answer(500), ["internal", "no"]);
});

test("a bug in the store answers 500 and does not throw", async () => {
  const broken = rigOf([], {
    querier: { ...querierOf([]), select: () => Promise.reject(new Error("broken")) },
  });
  const response = await broken.ask("/api/v1/query?query=up");
  assert.equal(response.status, 500);
  assert.match(String(response.body), /"errorType":"internal","error":"broken"/);
});
