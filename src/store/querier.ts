/** Reads of the head: selections of samples, series, label names and label values. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { CodedError, compareStrings } from "../core/index.ts";
import type { Labels, Matcher, SeriesColumns } from "../core/index.ts";
import type { Head } from "./head.ts";
import { selectSeries } from "./selection.ts";
import type { StoreLimits } from "./store-limits.ts";

export interface TimeRange {
  readonly mintMs: number;
  readonly maxtMs: number;
}

/** Samples copied before other work gets its turn. */
const SAMPLES_PER_TURN = 100_000;

export class HeadQuerier {
  readonly #head: Head;
  readonly #limits: StoreLimits;

  constructor(head: Head, limits: StoreLimits) {
    this.#head = head;
    this.#limits = limits;
  }

  /** @see Querier.select */
  async select(matchers: readonly Matcher[], range: TimeRange): Promise<SeriesColumns[]> {
    const head = this.#head;
    const { querySeriesMax, querySamplesMax } = this.#limits;
    const found: SeriesColumns[] = [];
    const candidates = this.#candidates(matchers);
    let samples = 0;
    let turn = 0;
    // Labels are read in the same turn as the numbers, which a later turn may give to other series.
    const labels = candidates.map((series) => head.labelsOf(series));
    const walks = candidates.map((series) => head.states.lastRows[series] as number);
    for (let index = 0; index < walks.length; index++) {
      const columns = this.#columns(labels[index] as Labels, walks[index] as number, range);
      if (columns === undefined) continue;
      samples += columns.length;
      if (samples > querySamplesMax) throw tooMany("TooManySamples", "samples", querySamplesMax);
      found.push(columns);
      if (found.length > querySeriesMax) throw tooMany("TooManySeries", "series", querySeriesMax);
      if (samples - turn < SAMPLES_PER_TURN) continue;
      turn = samples;
      await nextTurn();
    }
    return found.sort((a, b) => compareLabels(a.labels, b.labels));
  }

  /** @see Querier.series */
  series(matchers: readonly Matcher[], range: TimeRange): Labels[] {
    const found = this.#withSamples(matchers, range).map((series) => this.#head.labelsOf(series));
    return found.sort(compareLabels);
  }

  /** @see Querier.labelNames */
  labelNames(matchers: readonly Matcher[], range: TimeRange): string[] {
    const marked = this.#marked(matchers, range);
    const { postings } = this.#head;
    const names: string[] = [];
    for (const name of postings.names()) {
      for (const series of postings.valuesOf(name).values()) {
        if (!series.some((one) => marked[one] === 1)) continue;
        names.push(name);
        break;
      }
    }
    return names.sort(compareStrings);
  }

  /** @see Querier.labelValues */
  labelValues(name: string, matchers: readonly Matcher[], range: TimeRange): string[] {
    const marked = this.#marked(matchers, range);
    const values: string[] = [];
    for (const [value, series] of this.#head.postings.valuesOf(name)) {
      if (series.some((one) => marked[one] === 1)) values.push(value);
    }
    return values.sort(compareStrings);
  }

  /** Matching series with a row in the head, rising. */
  #candidates(matchers: readonly Matcher[]): number[] {
    const { postings, states, rows } = this.#head;
    const candidates: number[] = [];
    for (const series of selectSeries(postings, matchers, states.end)) {
      if ((states.lastRows[series] as number) >= rows.firstRow) candidates.push(series);
    }
    if (candidates.length > this.#limits.querySeriesMax) {
      throw tooMany("TooManySeries", "series", this.#limits.querySeriesMax);
    }
    return candidates;
  }

  #withSamples(matchers: readonly Matcher[], range: TimeRange): number[] {
    const { states } = this.#head;
    return this.#candidates(matchers).filter((series) =>
      this.#hasSample(states.lastRows[series] as number, range),
    );
  }

  #marked(matchers: readonly Matcher[], range: TimeRange): Uint8Array {
    const marked = new Uint8Array(this.#head.states.end);
    for (const series of this.#withSamples(matchers, range)) marked[series] = 1;
    return marked;
  }

  #hasSample(lastRow: number, { mintMs, maxtMs }: TimeRange): boolean {
    const { rows } = this.#head;
    for (let row = lastRow; row >= rows.firstRow;) {
      const page = rows.pageOf(row);
      const at = row - page.firstRow;
      const timestampMs = page.timestampsMs[at] as number;
      if (timestampMs < mintMs) return false;
      if (timestampMs <= maxtMs) return true;
      const distance = page.distances[at] as number;
      if (distance === 0) return false;
      row -= distance;
    }
    return false;
  }

  /** The samples in range of the series that ends at `lastRow`, oldest first; undefined when there are none. */
  #columns(
    labels: Labels,
    lastRow: number,
    { mintMs, maxtMs }: TimeRange,
  ): SeriesColumns | undefined {
    const { rows } = this.#head;
    const walked: number[] = [];
    for (let row = lastRow; row >= rows.firstRow;) {
      const page = rows.pageOf(row);
      const at = row - page.firstRow;
      const timestampMs = page.timestampsMs[at] as number;
      if (timestampMs < mintMs) break;
      if (timestampMs <= maxtMs) walked.push(row);
      const distance = page.distances[at] as number;
      if (distance === 0) break;
      row -= distance;
    }
    const length = walked.length;
    if (length === 0) return undefined;
    const timestampsMs = new Float64Array(length);
    const values = new Float64Array(length);
    const bits = new Int32Array(values.buffer);
    for (let index = 0; index < length; index++) {
      const row = walked[length - 1 - index] as number;
      const page = rows.pageOf(row);
      const at = row - page.firstRow;
      timestampsMs[index] = page.timestampsMs[at] as number;
      bits[2 * index] = page.valueBits[2 * at] as number;
      bits[2 * index + 1] = page.valueBits[2 * at + 1] as number;
    }
    return { labels, timestampsMs, values, length };
  }
}

/** Prometheus's order: label by label, name before value, the shorter set first. */
function compareLabels(a: Labels, b: Labels): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index++) {
    const left = a[index];
    const right = b[index];
    if (left === undefined || right === undefined) break;
    const order = compareStrings(left.name, right.name) || compareStrings(left.value, right.value);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

const tooMany = (code: "TooManySamples" | "TooManySeries", what: string, max: number): CodedError =>
  new CodedError(
    code,
    `The selection holds more than ${max} ${what}, the limit. Narrow the matchers or the time range.`,
    { status: 422 },
  );
