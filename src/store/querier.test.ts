/** Reads: every kind of matcher against a naive reader, names and values, and series that come and go. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatLabels, labelsOf, labelValue, limits, seededRandom } from "../core/index.ts";
import type { Labels, Matcher } from "../core/index.ts";
import { matcherTest } from "./index.ts";
import { ALL_TIME, message, metric, readable, storeFixture } from "./testing/fixture.ts";
import type { SeriesText } from "./testing/fixture.ts";

const matcher = (name: string, kind: Matcher["kind"], value: string): Matcher => ({
  name,
  kind,
  value,
});

test("every kind of matcher takes what Prometheus takes, absent labels counting as empty", async (t) => {
  const { workspace, clock } = await storeFixture(t);
  await workspace.appendWriteRequest(
    message(
      clock.nowMs(),
      [{ __name__: "m", n: "1" }, [[0, 1]]],
      [{ __name__: "m", n: "1", i: "a" }, [[0, 1]]],
      [{ __name__: "m", n: "1", i: "b" }, [[0, 1]]],
      [{ __name__: "m", n: "2", i: "a\nb" }, [[0, 1]]],
      [{ __name__: "m", n: "2.5" }, [[0, 1]]],
    ),
  );
  const cases: readonly (readonly [readonly Matcher[], readonly string[]])[] = [
    [[matcher("n", "=", "1")], ["n1", "n1 ia", "n1 ib"]],
    [[matcher("n", "=", "1"), matcher("i", "=", "a")], ["n1 ia"]],
    [[matcher("n", "=", "1"), matcher("i", "=", "missing")], []],
    [[matcher("missing", "=", "")], ["n1", "n1 ia", "n1 ib", "n2 ia\nb", "n2.5"]],
    [[matcher("i", "=", "")], ["n1", "n2.5"]],
    [[matcher("i", "!=", "")], ["n1 ia", "n1 ib", "n2 ia\nb"]],
    [[matcher("i", "!=", "a")], ["n1", "n1 ib", "n2 ia\nb", "n2.5"]],
    [[matcher("missing", "!=", "")], []],
    [[matcher("n", "=~", "^1$")], ["n1", "n1 ia", "n1 ib"]],
    [[matcher("n", "=~", "2.*")], ["n2 ia\nb", "n2.5"]],
    [[matcher("n", "=~", "1|2.5")], ["n1", "n1 ia", "n1 ib", "n2.5"]],
    [[matcher("n", "=~", "2")], ["n2 ia\nb"]],
    [[matcher("i", "=~", "")], ["n1", "n2.5"]],
    [[matcher("i", "=~", "a|")], ["n1", "n1 ia", "n2.5"]],
    [[matcher("i", "=~", ".*")], ["n1", "n1 ia", "n1 ib", "n2 ia\nb", "n2.5"]],
    [[matcher("i", "=~", ".+")], ["n1 ia", "n1 ib", "n2 ia\nb"]],
    [[matcher("i", "=~", "a.b")], ["n2 ia\nb"]],
    [[matcher("i", "!~", "a|b")], ["n1", "n2 ia\nb", "n2.5"]],
    [[matcher("i", "!~", ".+")], ["n1", "n2.5"]],
    [[matcher("i", "!~", "")], ["n1 ia", "n1 ib", "n2 ia\nb"]],
    [[matcher("i", "!~", "a|")], ["n1 ib", "n2 ia\nb"]],
    [[matcher("n", "=~", "1"), matcher("i", "!~", "b"), matcher("i", "!=", "")], ["n1 ia"]],
    [[matcher("n", "=~", "(?i)M")], []],
    [[matcher("__name__", "=~", "(?i)M")], ["n1", "n1 ia", "n1 ib", "n2 ia\nb", "n2.5"]],
  ];
  for (const [matchers, expected] of cases) {
    const found = await workspace.series(matchers, ALL_TIME);
    const texts = found.map((labels) => {
      const i = labelValue(labels, "i");
      return `n${labelValue(labels, "n")}${i === "" ? "" : ` i${i}`}`;
    });
    assert.deepEqual(texts.sort(), [...expected].sort(), JSON.stringify(matchers));
  }
});

test("random selections agree with a reader that tests every label set", async (t) => {
  const { workspace, clock } = await storeFixture(t);
  const random = seededRandom(99);
  const pick = <T>(all: readonly T[]): T => all[(random.bytes(1)[0] ?? 0) % all.length] as T;
  const values = ["", "", "a", "b", "ab", "ba"];
  const series = new Map<string, Labels>();
  const texts: SeriesText[] = [];
  for (let index = 0; index < 60; index++) {
    const record = {
      __name__: pick(["m", "n"]),
      x: pick(values),
      y: pick(values),
      z: pick(values),
    };
    const labels = labelsOf(record);
    if (!series.has(formatLabels(labels))) texts.push([record, [[0, index]]]);
    series.set(formatLabels(labels), labels);
  }
  await workspace.appendWriteRequest(message(clock.nowMs(), ...texts));
  for (let round = 0; round < 400; round++) {
    const matchers = Array.from({ length: 1 + (round % 3) }, () =>
      matcher(
        pick(["__name__", "x", "y", "absent"]),
        pick(["=", "!=", "=~", "!~"] as const),
        pick(["", "a", "m", "a|b", "a*", ".*", ".+", "[ab]+", "|b", "m|n"]),
      ),
    );
    const tests = matchers.map((one) => ({ name: one.name, test: matcherTest(one) }));
    const expected = [...series]
      .filter(([, labels]) => tests.every(({ name, test }) => test(labelValue(labels, name))))
      .map(([text]) => text)
      .sort();
    const found = (await workspace.select(matchers, ALL_TIME)).map(({ labels }) => labels);
    assert.deepEqual(found.map(formatLabels).sort(), expected, JSON.stringify(matchers));
  }
});

test("names and values are those of series with a sample in the range", async (t) => {
  const { workspace, clock } = await storeFixture(t);
  const start = clock.nowMs();
  await workspace.appendWriteRequest(
    message(
      start,
      [{ __name__: "early", only_early: "1" }, [[0, 1]]],
      [
        { __name__: "both", job: "b" },
        [
          [0, 1],
          [1000, 1],
          [3000, 1],
        ],
      ],
      [{ __name__: "late", job: "a", only_late: "1" }, [[2000, 1]]],
    ),
  );
  const early = { mintMs: start, maxtMs: start + 999 };
  const late = { mintMs: start + 1001, maxtMs: start + 2999 };
  assert.deepEqual(await workspace.labelNames([], early), ["__name__", "job", "only_early"]);
  assert.deepEqual(await workspace.labelNames([], late), ["__name__", "job", "only_late"]);
  assert.deepEqual(await workspace.labelNames([metric("both")], ALL_TIME), ["__name__", "job"]);
  assert.deepEqual(await workspace.labelValues("__name__", [], early), ["both", "early"]);
  assert.deepEqual(await workspace.labelValues("job", [], ALL_TIME), ["a", "b"]);
  assert.deepEqual(await workspace.labelValues("job", [metric("late")], ALL_TIME), ["a"]);
  assert.deepEqual(await workspace.labelValues("none", [], ALL_TIME), []);
  assert.deepEqual((await workspace.series([], late)).map(formatLabels), [
    'late{job="a", only_late="1"}',
  ]);
});

test("a series of many samples over many pages is read in order", async (t) => {
  const { workspace, clock } = await storeFixture(t);
  const start = clock.nowMs();
  const width = 1500;
  for (let round = 0; round < 100; round++) {
    const series = Array.from(
      { length: width },
      (_, index) => [{ __name__: "m", i: String(index) }, [[round * 15, round + index]]] as const,
    );
    await workspace.appendWriteRequest(message(start, ...series));
  }
  const [found] = await workspace.select([matcher("i", "=", "77")], ALL_TIME);
  assert.equal(found?.length, 100);
  for (let round = 0; round < 100; round++) {
    assert.equal(found?.timestampsMs[round], start + round * 15);
    assert.equal(found?.values[round], round + 77);
  }
  assert.equal((await workspace.select([metric("m")], ALL_TIME)).length, width);
  assert.equal(workspace.stats().samples, width * 100);
});

test("series that are gone leave the tables, their numbers are used again, and nothing is mixed up", async (t) => {
  const { workspace, clock } = await storeFixture(t, { headSeriesMax: 3000 });
  const generation = (number: number, count: number): SeriesText[] =>
    Array.from({ length: count }, (_, index) => [
      { __name__: "m", generation: String(number), i: String(index), stays: "" },
      [[0, number * 10_000 + index]],
    ]);
  for (let number = 0; number < 4; number++) {
    await workspace.appendWriteRequest(
      message(clock.nowMs(), ...generation(number, 2500), [{ __name__: "stays" }, [[0, number]]]),
    );
    assert.equal(workspace.stats().series, 2501);
    const found = await workspace.select([matcher("i", "=", "2499")], ALL_TIME);
    assert.deepEqual(readable(found, clock.nowMs()), [
      [`m{generation="${number}", i="2499"}`, [[0, number * 10_000 + 2499]]],
    ]);
    assert.deepEqual(await workspace.labelValues("generation", [], ALL_TIME), [String(number)]);
    clock.advance(limits.headMs + 60_000);
  }
  assert.deepEqual(await workspace.select([], ALL_TIME), []);
});

test("a head that is full of series takes new ones in the place of those that are gone", async (t) => {
  const { workspace, clock } = await storeFixture(t, { headSeriesMax: 100 });
  const named = (from: number, count: number): Buffer =>
    message(
      clock.nowMs(),
      ...Array.from(
        { length: count },
        (_, index) => [{ __name__: `m${from + index}` }, [[0, 1]]] as const,
      ),
    );
  assert.equal((await workspace.appendWriteRequest(named(0, 100))).refused.size, 0);
  assert.equal((await workspace.appendWriteRequest(named(100, 1))).refused.get("TooManySeries"), 1);
  clock.advance(limits.headMs + 60_000);
  assert.equal((await workspace.appendWriteRequest(named(200, 100))).refused.size, 0);
  assert.equal((await workspace.appendWriteRequest(named(300, 1))).refused.get("TooManySeries"), 1);
  assert.equal(workspace.stats().series, 100);
});
