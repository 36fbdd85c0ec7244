/** Evaluation beyond Prometheus's own cases: limits, one fetch a selector, names dropped at once, refusals by name. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CodedError, fakeClock, formatLabels } from "../../core/index.ts";
import type { SeriesColumns } from "../../core/index.ts";
import { querierOf, regular, seriesOf } from "../testing/query-rig.ts";
import { evaluateInstant, evaluateRange } from "./evaluate.ts";
import type { QueryEnvironment, QueryResult } from "./evaluate.ts";
import { functions } from "./functions.ts";

const counter = (name: string, job: string): SeriesColumns =>
  seriesOf({ __name__: name, job }, regular([0, 60, 120, 180, 240], 60_000));

const environmentOf = (
  series: readonly SeriesColumns[],
  more: Partial<QueryEnvironment> = {},
): QueryEnvironment => ({
  querier: querierOf(series),
  clock: fakeClock(0),
  deadlineMs: Infinity,
  ...more,
});

const store = [counter("a_total", "x"), counter("a_total", "y"), counter("b_total", "x")];

const instant = (query: string, more: Partial<QueryEnvironment> = {}): Promise<QueryResult> =>
  evaluateInstant(query, { ...environmentOf(store, more), timeMs: 240_000 });

async function shown(result: Promise<QueryResult>): Promise<readonly string[]> {
  const { value } = await result;
  assert.equal(value.kind, "vector");
  return value.labels.map((labels, row) => `${formatLabels(labels)} ${value.values[row]}`);
}

const coded = (code: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof CodedError);
  assert.equal(error.code, code);
  assert.match(error.message, message);
  return true;
};

test("a function drops the metric's name at once, so that two metrics with equal labels collide", async () => {
  assert.deepEqual(await shown(instant('count_over_time(a_total{job="x"}[4m])')), ['{job="x"} 4']);
  const both = instant('count_over_time({__name__=~"._total",job="x"}[4m])');
  await assert.rejects(
    both,
    coded("QueryFailed", /vector cannot contain metrics with the same labelset/),
  );
});

test("names that go late can still be taken over by label_replace", async () => {
  const query =
    'label_replace(count_over_time(a_total{job="x"}[4m]), "__name__", "$1:count", "__name__", "(.*)")';
  assert.deepEqual(await shown(instant(query, { delayedNameRemoval: true })), [
    'a_total:count{job="x"} 4',
  ]);
  assert.deepEqual(await shown(instant(query)), [':count{job="x"} 4']);
});

test("each selector is fetched once a query, whatever the number of steps", async () => {
  const querier = querierOf(store);
  await evaluateRange("rate(a_total[1m]) / ignoring(job) group_left sum(b_total)", {
    ...environmentOf([], { querier }),
    startMs: 0,
    endMs: 240_000,
    stepMs: 1000,
  });
  assert.equal(querier.selects.count, 2);
});

test("a subquery's expression is evaluated once over all the steps that it needs", async () => {
  const querier = querierOf(store);
  const { value } = await evaluateRange("max_over_time(rate(a_total[2m])[2m:30s])", {
    ...environmentOf([], { querier }),
    startMs: 120_000,
    endMs: 240_000,
    stepMs: 60_000,
  });
  assert.equal(querier.selects.count, 1);
  assert.equal(value.kind === "matrix" ? value.series.length : 0, 2);
});

test("a selector fixed by @ is evaluated once and is the same at each step", async () => {
  const { value } = await evaluateRange("sum(a_total @ 120)", {
    ...environmentOf(store),
    startMs: 0,
    endMs: 600_000,
    stepMs: 300_000,
  });
  assert.ok(value.kind === "matrix");
  assert.deepEqual([...(value.series[0]?.values ?? [])], [240, 240, 240]);
});

test("a query may load samplesMax samples, not one more", async () => {
  // One series of five samples, and one value a step.
  const query = "sum_over_time(b_total[5m])";
  assert.deepEqual(await shown(instant(query, { samplesMax: 6 })), ['{job="x"} 600']);
  await assert.rejects(
    instant(query, { samplesMax: 5 }),
    coded(
      "QueryTooManySamples",
      /would load too many samples into memory in query execution: more than 5/,
    ),
  );
});

test("a subquery with too many steps is refused before memory is taken for them", async () => {
  await assert.rejects(
    instant("max_over_time(vector(1)[100y:1ms])"),
    coded("QueryTooManySamples", /too many samples/),
  );
});

test("the deadline is looked at between series, in the middle of a selector", async () => {
  let asked = 0;
  // Time passes each time that the clock is asked.
  const clock = { ...fakeClock(0), nowMs: () => asked++ };
  const many = Array.from({ length: 50 }, (_, index) => counter("a_total", `job-${index}`));
  const slow = evaluateRange("a_total", {
    ...environmentOf(many, { clock, deadlineMs: 8 }),
    startMs: 0,
    endMs: 10_000_000,
    stepMs: 1000,
  });
  await assert.rejects(slow, coded("QueryTimedOut", /query timed out in expression evaluation/));
});

test("a range that ends before it starts, or has no step, is refused", async () => {
  for (const times of [
    { startMs: 1, endMs: 0, stepMs: 1 },
    { startMs: 0, endMs: 1, stepMs: 0 },
    { startMs: 0, endMs: NaN, stepMs: 1 },
  ]) {
    const range = evaluateRange("vector(1)", { ...environmentOf(store), ...times });
    await assert.rejects(
      range,
      coded("QueryParameterInvalid", /an end after its start and a step above 0/),
    );
  }
});

test("an aborted query ends at its next breath", async () => {
  const controller = new AbortController();
  const querier = querierOf(store);
  const aborting = {
    ...querier,
    select: (...args: Parameters<typeof querier.select>) => {
      controller.abort();
      return querier.select(...args);
    },
  };
  await assert.rejects(
    instant("a_total + b_total", { querier: aborting, signal: controller.signal }),
    coded("QueryCanceled", /canceled/),
  );
});

test("a query that does not parse is refused with the place", async () => {
  await assert.rejects(
    instant("sum(a"),
    coded("PromqlInvalid", /^1:6: parse error: unclosed left parenthesis$/),
  );
});

const evaluated = new Set(
  (
    "abs absent absent_over_time avg_over_time ceil changes clamp clamp_max clamp_min count_over_time delta exp floor " +
    "histogram_quantile idelta increase irate label_join label_replace last_over_time ln log10 log2 max_over_time " +
    "min_over_time present_over_time quantile_over_time rate resets round scalar sgn sort sort_desc sqrt " +
    "stddev_over_time stdvar_over_time sum_over_time time timestamp vector"
  ).split(" "),
);

const argument: Readonly<Record<string, string>> = {
  vector: "a_total",
  matrix: "a_total[5m]",
  scalar: "1",
  string: '"x"',
};

for (const { name, args } of functions.values()) {
  const call = `${name}(${args.map((type) => argument[type]).join(", ")})`;
  const query = name === "info" ? "info(a_total)" : call;
  if (evaluated.has(name)) {
    test(`${name} is evaluated`, () => instant(query).then(() => undefined));
    continue;
  }
  test(`${name} is refused by name`, async () => {
    const says = new RegExp(`^function ${name} is not evaluated yet \\(1:1\\)`);
    await assert.rejects(instant(query), coded("PromqlNotSupported", says));
  });
}

const refused: Readonly<Record<string, string>> = {
  "limitk(1, a_total)": "aggregation limitk",
  "limit_ratio(0.5, a_total)": "aggregation limit_ratio",
  "a_total + fill(0) b_total": "modifier fill",
  "rate(a_total[5m] anchored)": "modifier anchored",
  "rate(a_total[5m] smoothed)": "modifier smoothed",
  "a_total </ 1": "operator </",
  "a_total >/ 1": "operator >/",
};

for (const [query, name] of Object.entries(refused)) {
  test(`${query} is refused by name, before anything is read`, async () => {
    const querier = querierOf(store);
    const says = new RegExp(`^${name} is not evaluated yet`);
    await assert.rejects(instant(query, { querier }), coded("PromqlNotSupported", says));
    assert.equal(querier.selects.count, 0);
  });
}

test("sums carry their rounding errors", async () => {
  const parts = [1e100, 1, -1e100, 1].map((value, index) =>
    seriesOf({ __name__: "part", n: String(index) }, [{ timeMs: 0, value }]),
  );
  const environment = { ...environmentOf(parts), timeMs: 0 };
  assert.deepEqual(await shown(evaluateInstant("sum(part)", environment)), ["{} 2"]);
  assert.deepEqual(await shown(evaluateInstant("avg(part)", environment)), ["{} 0.5"]);
});

test("averages of the largest numbers do not overflow", async () => {
  const big = [1, 2, 3].map((n) =>
    seriesOf({ __name__: "big", n: String(n) }, regular([1.6e308, 1.6e308], 1000)),
  );
  const environment = { ...environmentOf(big), timeMs: 1000 };
  for (const query of ["avg(big)", 'avg_over_time(big{n="1"}[5s])']) {
    const { value } = await evaluateInstant(query, environment);
    assert.ok(value.kind === "vector");
    assert.ok(Math.abs((value.values[0] ?? NaN) / 1.6e308 - 1) < 1e-12, query);
  }
});

test("label_replace expands Go's templates", async () => {
  const replaced = async (template: string): Promise<string | undefined> => {
    const query = `label_replace(b_total, "out", ${JSON.stringify(template)}, "job", "(?P<first>.)(.*)")`;
    const { value } = await instant(query);
    assert.ok(value.kind === "vector");
    return value.labels[0]?.find(({ name }) => name === "out")?.value;
  };
  assert.equal(await replaced("[$1]"), "[x]");
  assert.equal(await replaced("[$1x]"), "[]");
  assert.equal(await replaced("[${1}x]"), "[xx]");
  assert.equal(await replaced("[$first$2$9]"), "[x]");
  assert.equal(await replaced("$$1"), "$1");
  assert.equal(await replaced("$__proto__$constructor"), undefined);
});
