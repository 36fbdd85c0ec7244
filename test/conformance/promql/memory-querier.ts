/** A querier over series that a test wrote down. Regular expressions are RE2's and match whole values. */
import { RE2JS } from "re2js";
import { labelValue } from "../../../src/core/index.ts";
import type { Labels, Matcher, SeriesColumns } from "../../../src/core/index.ts";
import type { Querier } from "../../../src/store/index.ts";

export interface MemorySeries {
  readonly labels: Labels;
  readonly timestampsMs: readonly number[];
  readonly values: Float64Array;
}

/** Sorted by label text; answers only series with a sample in the range, as the store does. */
export function memoryQuerier(all: readonly MemorySeries[]): Querier {
  const sorted = all.toSorted((a, b) => (textOf(a.labels) < textOf(b.labels) ? -1 : 1));
  const find = (
    matchers: readonly Matcher[],
    { mintMs, maxtMs }: { readonly mintMs: number; readonly maxtMs: number },
  ): readonly SeriesColumns[] =>
    sorted
      .filter(({ labels }) => matchers.every((matcher) => matches(labels, matcher)))
      .map((series) => cut(series, mintMs, maxtMs))
      .filter(({ length }) => length > 0);
  return {
    select: async (matchers, range) => find(matchers, range),
    series: async (matchers, range) => find(matchers, range).map(({ labels }) => labels),
    labelNames: async (matchers, range) =>
      [
        ...new Set(find(matchers, range).flatMap(({ labels }) => labels.map(({ name }) => name))),
      ].sort(),
    labelValues: async (name, matchers, range) =>
      [...new Set(find(matchers, range).map(({ labels }) => labelValue(labels, name)))]
        .filter((value) => value !== "")
        .sort(),
  };
}

const textOf = (labels: Labels): string =>
  labels.map(({ name, value }) => `${name}\u0001${value}`).join("\u0000");

export function matches(labels: Labels, { name, kind, value }: Matcher): boolean {
  const actual = labelValue(labels, name);
  if (kind === "=" || kind === "!=") return (actual === value) === (kind === "=");
  const matched = RE2JS.compile(value, RE2JS.DOTALL).matcher(actual).matches();
  return matched === (kind === "=~");
}

function cut(
  { labels, timestampsMs, values }: MemorySeries,
  mintMs: number,
  maxtMs: number,
): SeriesColumns {
  const kept = timestampsMs.flatMap((timeMs, index) =>
    timeMs >= mintMs && timeMs <= maxtMs ? [index] : [],
  );
  const from = kept[0] ?? 0;
  // A copy by bytes: a staleness marker's bits must survive.
  const copy = new Float64Array(values.slice(from, from + kept.length));
  return {
    labels,
    timestampsMs: Float64Array.from(kept, (index) => timestampsMs[index] ?? 0),
    values: copy,
    length: kept.length,
  };
}
