/** Runs a PromQL test script against the evaluator and tells what passed, what is refused by name, what is wrong. */
import { CodedError, compareStrings, fakeClock, formatLabels } from "../../../src/core/index.ts";
import type { Labels, SeriesColumns } from "../../../src/core/index.ts";
import { evaluateInstant, evaluateRange, parseExpr } from "../../../src/query/index.ts";
import type { QueryResult } from "../../../src/query/index.ts";
import type { Querier } from "../../../src/store/index.ts";
import { matches, querierOf } from "../../../src/query/testing/query-rig.ts";
import type { Command, Eval, Expectation, ExpectedSeries } from "./promqltest-script.ts";
import { isTimed, printAt, speaksOfRange } from "./promqltest-variants.ts";

export interface Report {
  readonly passed: number;
  /** Cases refused by name, by name. */
  readonly refused: ReadonlyMap<string, number>;
  readonly failures: readonly string[];
}

/** A case that the evaluator or this runner does not take. */
class Refused extends Error {}

interface Storage {
  readonly series: Map<string, SeriesColumns>;
  histograms: readonly Labels[];
  startTimestamps: boolean;
}

export async function runScript(commands: readonly Command[]): Promise<Report> {
  const storage: Storage = { series: new Map(), histograms: [], startTimestamps: false };
  const refused = new Map<string, number>();
  const failures: string[] = [];
  let passed = 0;
  for (const command of commands) {
    if (command.kind !== "eval") {
      change(storage, command);
      continue;
    }
    try {
      await check(command, storage);
      passed++;
    } catch (error) {
      if (!(error instanceof Refused))
        failures.push(`line ${command.line}: ${command.query}: ${String(error)}`);
      else refused.set(error.message, (refused.get(error.message) ?? 0) + 1);
    }
  }
  return { passed, refused: new Map([...refused].sort()), failures };
}

function change(storage: Storage, command: Exclude<Command, Eval>): void {
  if (command.kind === "clear") {
    storage.series.clear();
    storage.histograms = [];
    storage.startTimestamps = false;
    return;
  }
  for (const series of command.series)
    storage.series.set(formatLabels(series.labels), joined(storage, series));
  storage.histograms = [...storage.histograms, ...command.histograms];
  storage.startTimestamps ||= command.startTimestamps;
}

/** A later load of the same series adds samples to it. */
function joined(storage: Storage, series: SeriesColumns): SeriesColumns {
  const before = storage.series.get(formatLabels(series.labels));
  if (before === undefined) return series;
  const lastMs = before.timestampsMs.at(-1) ?? -Infinity;
  const from = series.timestampsMs.findIndex((timeMs) => timeMs > lastMs);
  if (from < 0) return before;
  const length = before.length + series.length - from;
  const columns = { timestampsMs: new Float64Array(length), values: new Float64Array(length) };
  for (const column of ["timestampsMs", "values"] as const) {
    columns[column].set(before[column]);
    columns[column].set(series[column].subarray(from), before.length);
  }
  return { labels: series.labels, ...columns, length };
}

async function check(command: Eval, storage: Storage): Promise<void> {
  if (storage.startTimestamps) throw new Refused("start timestamps");
  if (command.expect.histogram) throw new Refused("native histograms");
  const environment = {
    querier: guarded(storage),
    clock: fakeClock(0),
    deadlineMs: Infinity,
    delayedNameRemoval: true,
  };
  const { times, query, expect } = command;
  if (times.kind === "range") {
    await expectOutcome(
      expect,
      () => evaluateRange(query, { ...times, ...environment }),
      (result) => {
        compareNotes(expect, result);
        compareRange(expect, result, times);
      },
    );
    return;
  }
  const instant = (text: string, timeMs: number) => (): Promise<QueryResult> =>
    evaluateInstant(text, { timeMs, ...environment });
  await expectOutcome(expect, instant(query, times.timeMs), (result) => {
    compareNotes(expect, result);
    compareInstant(expect, result);
  });
  if (expect.matrix !== undefined || expect.text !== undefined) return;
  for (const variant of variantsOf(query, times.timeMs)) {
    await within(`${variant.text} at ${variant.timeMs}`, () =>
      expectOutcome(expect, instant(variant.text, variant.timeMs), (result) =>
        compareInstant(expect, result),
      ),
    );
    if (expect.ordered || speaksOfRange(query)) continue;
    const { timeMs } = variant;
    const range = { startMs: timeMs - 60_000, endMs: timeMs + 60_000, stepMs: 60_000 };
    const wide = (): Promise<QueryResult> =>
      evaluateRange(variant.text, { ...range, ...environment });
    await within(`${variant.text} around ${timeMs}`, () =>
      expectOutcome(expect, wide, (result) => compareInstant(expect, stepOf(result, timeMs))),
    );
  }
}

async function within(place: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw new Error(`as ${place}: ${String(error)}`, { cause: error });
  }
}

function variantsOf(
  query: string,
  timeMs: number,
): readonly { readonly text: string; readonly timeMs: number }[] {
  const same = { text: query, timeMs };
  const parsed = parseExpr(query);
  if (parsed.kind === "refused" || isTimed(parsed.expr)) return [same];
  const text = printAt(parsed.expr, timeMs);
  const times =
    timeMs === 0 ? [-1000, 0, 1000] : [-10 * timeMs, 0, timeMs / 5, timeMs, 10 * timeMs];
  return [same, ...times.map((at) => ({ text, timeMs: Math.round(at) }))];
}

/** Series of histograms are in no column: a query that meets one is refused, not answered without it. */
function guarded({ series, histograms }: Storage): Querier {
  const querier = querierOf([...series.values()]);
  return {
    ...querier,
    async select(matchers, range) {
      const meets = histograms.some((labels) =>
        matchers.every((matcher) => matches(labels, matcher)),
      );
      if (meets) throw new Refused("native histograms");
      return querier.select(matchers, range);
    },
  };
}

async function expectOutcome(
  { fail }: Expectation,
  run: () => Promise<QueryResult>,
  compare: (result: QueryResult) => void,
): Promise<void> {
  let result: QueryResult;
  try {
    result = await run();
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    if (error.code === "PromqlNotSupported")
      throw new Refused(error.message.replace(/ is not evaluated yet.*/, ""));
    if (fail === undefined) throw error;
    expectText(error.message, fail);
    return;
  }
  if (fail !== undefined) throw new Error("succeeds, but should fail");
  compare(result);
}

function expectText(
  actual: string,
  { message, pattern }: { readonly message?: string; readonly pattern?: string },
): void {
  if (message !== undefined && actual !== message)
    throw new Error(`says "${actual}", not "${message}"`);
  if (pattern !== undefined && !new RegExp(pattern).test(actual))
    throw new Error(`says "${actual}", not /${pattern}/`);
}

function compareNotes(
  { notes, noWarnings, noInfos }: Expectation,
  { warnings, infos }: QueryResult,
): void {
  if (noWarnings && warnings.length > 0) throw new Error(`warns: ${warnings.join("; ")}`);
  if (noInfos && infos.length > 0) throw new Error(`informs: ${infos.join("; ")}`);
  for (const level of ["warn", "info"] as const) {
    const wanted = notes.filter((note) => note.level === level);
    const actual = level === "warn" ? warnings : infos;
    if (wanted.length === 0) continue;
    for (const note of wanted) {
      if (!actual.some((text) => fits(text, note)))
        throw new Error(`no ${level} like ${JSON.stringify(note)} in ${JSON.stringify(actual)}`);
    }
    for (const text of actual) {
      if (!wanted.some((note) => fits(text, note))) throw new Error(`unexpected ${level}: ${text}`);
    }
  }
}

const fits = (
  text: string,
  { message, pattern }: { readonly message?: string; readonly pattern?: string },
): boolean =>
  (message === undefined || text === message) &&
  (pattern === undefined || new RegExp(pattern).test(text));

interface Found {
  readonly labels: Labels;
  readonly points: ReadonlyMap<number, number>;
}

function foundIn({ value }: QueryResult): readonly Found[] {
  if (value.kind === "vector") {
    return value.labels.map((labels, row) => ({
      labels,
      points: new Map([[value.timeMs, value.values[row] ?? NaN]]),
    }));
  }
  if (value.kind !== "matrix") throw new Error(`a ${value.kind} has no series`);
  return value.series.map(({ labels, timestampsMs, values, length }) => ({
    labels,
    points: new Map(Array.from({ length }, (_, at) => [timestampsMs[at] ?? 0, values[at] ?? NaN])),
  }));
}

/** A range query's values at one time, as the instant query would answer. */
function stepOf(result: QueryResult, timeMs: number): QueryResult {
  const series = foundIn(result).filter(({ points }) => points.has(timeMs));
  const values = Float64Array.from(series, ({ points }) => points.get(timeMs) ?? NaN);
  return {
    ...result,
    value: { kind: "vector", timeMs, labels: series.map(({ labels }) => labels), values },
  };
}

function compareInstant(expect: Expectation, result: QueryResult): void {
  const { value } = result;
  if (expect.text !== undefined) {
    if (value.kind !== "string" || value.value !== expect.text)
      throw new Error(`answers ${JSON.stringify(value)}`);
    return;
  }
  if (expect.scalar !== undefined) {
    const actual =
      value.kind === "scalar" ? value.value : value.kind === "vector" ? value.values[0] : undefined;
    if (actual === undefined || !almostEqual(expect.scalar, actual))
      throw new Error(`answers ${JSON.stringify(value)}`);
    return;
  }
  if (value.kind === "string") throw new Error("answers a string");
  const found = value.kind === "scalar" ? [] : foundIn(result);
  if (value.kind === "matrix") return compareSeries(expect.series, found, timesOf(expect.matrix));
  compareSeries(expect.series, found, () => (value.kind === "vector" ? value.timeMs : 0));
  if (expect.ordered) compareOrder(expect.series, found);
}

const timesOf =
  (times: { readonly startMs: number; readonly stepMs: number } | undefined) =>
  (index: number): number =>
    times === undefined ? 0 : times.startMs + index * times.stepMs;

function compareRange(
  expect: Expectation,
  result: QueryResult,
  { startMs, stepMs }: { readonly startMs: number; readonly stepMs: number },
): void {
  const found = foundIn(result);
  if (expect.scalar !== undefined) throw new Error("a range query answers no scalar");
  compareSeries(expect.series, found, timesOf({ startMs, stepMs }));
  const texts = found.map(({ labels }) =>
    labels.map(({ name, value }) => `${name}\u0001${value}`).join("\u0000"),
  );
  if (texts.some((text, at) => at > 0 && compareStrings(texts[at - 1] ?? "", text) > 0)) {
    throw new Error("series are not sorted by labels");
  }
}

function compareSeries(
  expected: readonly ExpectedSeries[],
  found: readonly Found[],
  timeAt: (index: number) => number,
): void {
  const remaining = new Map(found.map((series) => [formatLabels(series.labels), series]));
  for (const { labels, values } of expected) {
    const name = formatLabels(labels);
    const series = remaining.get(name);
    if (series === undefined) {
      if (values.every((value) => value === undefined)) continue;
      throw new Error(`no series ${name} among ${[...remaining.keys()].join(", ")}`);
    }
    remaining.delete(name);
    const points = new Map(series.points);
    for (const [index, value] of values.entries()) {
      const actual = points.get(timeAt(index));
      points.delete(timeAt(index));
      const equal =
        value === undefined || actual === undefined ? value === actual : almostEqual(value, actual);
      if (!equal) throw new Error(`${name}[${index}] is ${actual}, not ${value}`);
    }
    if (points.size > 0)
      throw new Error(`${name} has more points than expected: ${JSON.stringify([...points])}`);
  }
  if (remaining.size > 0) throw new Error(`unexpected series: ${[...remaining.keys()].join(", ")}`);
}

function compareOrder(expected: readonly ExpectedSeries[], found: readonly Found[]): void {
  const wanted = expected.map(({ labels }) => formatLabels(labels));
  const actual = found.map(({ labels }) => formatLabels(labels));
  if (wanted.some((name, at) => name !== actual[at]))
    throw new Error(`in the order ${actual.join(", ")}`);
}

const MIN_NORMAL = 2 ** -1022;
const EPSILON = 1e-6;

/** @see prometheus/util/almost */
function almostEqual(a: number, b: number): boolean {
  if (Number.isNaN(a) && Number.isNaN(b)) return true;
  if (a === b) return true;
  const sum = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || sum < MIN_NORMAL) return difference < EPSILON * MIN_NORMAL;
  return difference / Math.min(sum, Number.MAX_VALUE) < EPSILON;
}
