/** Reads Prometheus's PromQL test language: load, clear and eval commands with what they expect. */
import { formatLabels, labelsOf, STALE_NAN_BITS } from "../../../src/core/index.ts";
import type { Labels, SeriesColumns } from "../../../src/core/index.ts";
import { parseExpr } from "../../../src/query/index.ts";
import { parseDurationMs } from "../../../src/query/promql/index.ts";

export interface Load {
  readonly kind: "load";
  readonly series: readonly SeriesColumns[];
  /** Series of native histograms: a query that selects one is refused. */
  readonly histograms: readonly Labels[];
  readonly startTimestamps: boolean;
}

export interface ExpectedSeries {
  readonly labels: Labels;
  /** One value, or one a step; undefined where there is none. */
  readonly values: readonly (number | undefined)[];
}

export interface Expectation {
  readonly fail: { readonly message?: string; readonly pattern?: string } | undefined;
  readonly ordered: boolean;
  readonly notes: readonly NoteExpectation[];
  readonly noWarnings: boolean;
  readonly noInfos: boolean;
  readonly matrix: { readonly startMs: number; readonly stepMs: number } | undefined;
  readonly text: string | undefined;
  readonly scalar: number | undefined;
  readonly series: readonly ExpectedSeries[];
  readonly histogram: boolean;
}

export interface NoteExpectation {
  readonly level: "warn" | "info";
  readonly message?: string;
  readonly pattern?: string;
}

export interface Eval {
  readonly kind: "eval";
  readonly line: number;
  readonly query: string;
  readonly times:
    | { readonly kind: "instant"; readonly timeMs: number }
    | {
        readonly kind: "range";
        readonly startMs: number;
        readonly endMs: number;
        readonly stepMs: number;
      };
  readonly expect: Expectation;
}

export type Command = Load | Eval | { readonly kind: "clear" };

/** @throws Error at a line that is no command. */
export function readScript(text: string): readonly Command[] {
  const lines = text.split("\n").map((line) => (line.trim().startsWith("#") ? "" : line.trim()));
  const commands: Command[] = [];
  for (let at = 0; at < lines.length;) {
    const line = lines[at] ?? "";
    let end = at + 1;
    while (end < lines.length && lines[end] !== "") end++;
    const body = lines.slice(at + 1, end);
    if (line === "") at++;
    else if (line === "clear") {
      commands.push({ kind: "clear" });
      at++;
    } else {
      commands.push(line.startsWith("load") ? readLoad(line, body) : readEval(line, at + 1, body));
      at = end;
    }
  }
  return commands;
}

function durationMs(text: string): number {
  const negative = text.startsWith("-");
  const ms = parseDurationMs(negative ? text.slice(1) : text);
  const value = typeof ms === "number" ? ms : Number(text) * 1000;
  return negative && typeof ms === "number" ? -value : value;
}

function readLoad(line: string, body: readonly string[]): Load {
  const [verb = "", step = ""] = line.split(/\s+/);
  const stepMs = durationMs(step);
  const bySeries = new Map<string, SeriesColumns>();
  const histograms: Labels[] = [];
  let startTimestamps = false;
  for (const entry of body) {
    const { labels, rest } = splitSeries(entry);
    if (rest.startsWith("@st")) startTimestamps = true;
    else if (rest.includes("{{")) histograms.push(labels);
    else bySeries.set(formatLabels(labels), seriesOf(labels, expand(rest), stepMs));
    if (verb === "load_with_nhcb") histograms.push(...bucketBase(labels));
  }
  return { kind: "load", series: [...bySeries.values()], histograms, startTimestamps };
}

/** A classic histogram's series stands for a native one too, under the base name and without `le`. */
function bucketBase(labels: Labels): readonly Labels[] {
  const name = labels.find((label) => label.name === "__name__")?.value ?? "";
  const base = name.replace(/_(bucket|count|sum)$/, "");
  if (base === name) return [];
  const rest = labels.filter((label) => label.name !== "__name__" && label.name !== "le");
  return [labelsOf({ ...Object.fromEntries(rest.map((l) => [l.name, l.value])), __name__: base })];
}

/** `metric{a="b"} 1 2 3`: the labels and what follows them. */
function splitSeries(entry: string): { readonly labels: Labels; readonly rest: string } {
  let quote = "";
  let end = 0;
  for (let braces = false; end < entry.length; end++) {
    const char = entry[end] ?? "";
    if (quote !== "") {
      if (char === quote && entry[end - 1] !== "\\") quote = "";
    } else if (char === '"' || char === "'") quote = char;
    else if (char === "{" && !braces) braces = true;
    else if (char === "}") {
      end++;
      break;
    } else if (entry.startsWith("@st", end)) break;
    else if (/\s/.test(char) && !braces) {
      if (!/^\s*\{(?!\{)/.test(entry.slice(end))) break;
    }
  }
  return { labels: readLabels(entry.slice(0, end).trim()), rest: entry.slice(end).trim() };
}

function readLabels(text: string): Labels {
  if (text === "{}") return [];
  const parsed = parseExpr(text);
  // `{job=""}` and the like select everything, which a query may not; labels may be so.
  if (parsed.kind === "refused" || parsed.expr.kind !== "vectorSelector") {
    throw new Error(`not labels: ${text}`);
  }
  return labelsOf(Object.fromEntries(parsed.expr.matchers.map(({ name, value }) => [name, value])));
}

const STALE = new Float64Array(new BigUint64Array([STALE_NAN_BITS]).buffer);

type Sample = number | "stale" | undefined;

/** `1+2x3 _ stale NaN`: values, one a step. */
function expand(text: string): readonly Sample[] {
  return text.split(/\s+/).flatMap((item) => (item === "" ? [] : expandItem(item)));
}

function expandItem(item: string): readonly Sample[] {
  if (item === "stale") return ["stale"];
  const blank = /^_(?:x(\d+))?$/.exec(item);
  if (blank !== null) return Array.from({ length: Number(blank[1] ?? 1) }, () => undefined);
  const run = /^(stale|[^x]+?)(?:([+-][^x+-]+(?:e[+-]?\d+)?))?x(\d+)$/i.exec(item);
  if (run === null) return [number(item)];
  const times = Number(run[3]) + 1;
  if (run[1] === "stale") return Array.from({ length: times }, () => "stale" as const);
  const first = number(run[1] ?? "");
  const step = run[2] === undefined ? 0 : number(run[2]);
  const samples: number[] = [];
  // Added step by step, as Prometheus does: multiplying rounds differently.
  for (let index = 0, value = first; index < times; index++, value += step) samples.push(value);
  return samples;
}

function number(text: string): number {
  if (/^[+-]?inf$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return NaN;
  const value = Number(text);
  if (Number.isNaN(value)) throw new Error(`not a value: ${text}`);
  return value;
}

function seriesOf(labels: Labels, samples: readonly Sample[], stepMs: number): SeriesColumns {
  const kept = samples.flatMap((sample, index) =>
    sample === undefined ? [] : [{ sample, index }],
  );
  const values = new Float64Array(kept.length);
  for (const [at, { sample }] of kept.entries()) {
    if (sample === "stale") values.set(STALE, at);
    else values[at] = sample;
  }
  const timestampsMs = Float64Array.from(kept, ({ index }) => index * stepMs);
  return { labels, timestampsMs, values, length: kept.length };
}

const INSTANT = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(.+?))?\s+(.+)$/;
const RANGE =
  /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$/;

function readEval(line: string, number: number, body: readonly string[]): Eval {
  const instant = INSTANT.exec(line);
  if (instant !== null) {
    const timeMs = instant[2] === undefined ? 0 : durationMs(instant[2]);
    const times = { kind: "instant", timeMs } as const;
    const expect = readExpectation(body, instant[1]);
    return { kind: "eval", line: number, query: instant[3] ?? "", times, expect };
  }
  const range = RANGE.exec(line);
  if (range === null) throw new Error(`not a command: ${line}`);
  const times = {
    kind: "range",
    startMs: durationMs(range[2] ?? ""),
    endMs: durationMs(range[3] ?? ""),
    stepMs: durationMs(range[4] ?? ""),
  } as const;
  return {
    kind: "eval",
    line: number,
    query: range[5] ?? "",
    times,
    expect: readExpectation(body, range[1]),
  };
}

type Draft = { -readonly [Key in keyof Expectation]: Expectation[Key] };

function readExpectation(body: readonly string[], deprecated: string | undefined): Expectation {
  const draft: Draft = {
    fail: deprecated === "fail" ? {} : undefined,
    ordered: deprecated === "ordered",
    notes: [],
    noWarnings: false,
    noInfos: false,
    matrix: undefined,
    text: undefined,
    scalar: undefined,
    series: [],
    histogram: body.some((line) => line.includes("{{")),
  };
  for (const line of body) {
    if (/^expect\s/.test(line)) readExpect(draft, line.replace(/^expect\s+/, ""));
    else if (draft.histogram) continue;
    else if (/^[+-]?(inf|nan|[0-9.][^\s{]*)$/i.test(line)) draft.scalar = number(line);
    else draft.series = [...draft.series, expectedSeries(line)];
  }
  return draft;
}

function expectedSeries(line: string): ExpectedSeries {
  const { labels, rest } = splitSeries(line);
  return { labels, values: expand(rest).map((sample) => (sample === "stale" ? NaN : sample)) };
}

function readExpect(draft: Draft, line: string): void {
  const [, verb = "", detail = ""] = /^(\S+)\s*(.*)$/.exec(line) ?? [];
  if (verb === "no_warn") draft.noWarnings = true;
  else if (verb === "no_info") draft.noInfos = true;
  else if (verb === "ordered") draft.ordered = true;
  else if (verb === "string") draft.text = readString(detail);
  else if (verb === "fail") draft.fail = readText(detail);
  else if (verb === "warn" || verb === "info") {
    draft.notes = [...draft.notes, { level: verb, ...readText(detail) }];
  } else if (verb === "range") draft.matrix = readMatrixTimes(detail);
  else throw new Error(`not an expectation: ${line}`);
}

/** `msg: …` exactly, or `regex: …`, or anything. */
function readText(detail: string): { readonly message?: string; readonly pattern?: string } {
  const message = /^msg:\s*(.*)$/.exec(detail)?.[1];
  const pattern = /^regex:\s*(.*)$/.exec(detail)?.[1];
  return {
    ...(message === undefined ? {} : { message }),
    ...(pattern === undefined ? {} : { pattern }),
  };
}

function readMatrixTimes(detail: string): { readonly startMs: number; readonly stepMs: number } {
  const [, from = "", step = ""] = /^vector from (\S+) to \S+ step (\S+)$/.exec(detail) ?? [];
  return { startMs: durationMs(from), stepMs: durationMs(step) };
}

function readString(quoted: string): string {
  const parsed = parseExpr(quoted);
  if (parsed.kind === "parsed" && parsed.expr.kind === "string") return parsed.expr.value;
  throw new Error(`not a string: ${quoted}`);
}
