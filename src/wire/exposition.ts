/** Prometheus's text exposition format 0.0.4, read: samples, types and help, and each mistake with its line and column. */
import { compareStrings, limits } from "../core/index.ts";
import type { Label, Labels } from "../core/index.ts";
import { clip, LineError, LineReader } from "./line-reader.ts";

export interface ExpositionSample {
  /** With `__name__`; sorted; labels with an empty value are left out, as they mean none. */
  readonly labels: Labels;
  readonly value: number;
  /** Milliseconds since the Unix epoch; undefined where the target leaves the time to its scraper. */
  readonly timestampMs: number | undefined;
  readonly exemplar?: Exemplar;
}

/** An example of what was counted: most often the trace that a histogram's bucket saw last. */
export interface Exemplar {
  /** Sorted; there may be none. */
  readonly labels: Labels;
  readonly value: number;
  readonly timestampMs: number | undefined;
}

/**
 * The labels of series by the text that stands for them, kept by the caller from one scrape of a target to the next: the
 * same text gives the same object, and is not read again.
 */
export interface SeriesTexts {
  /** A body is read from its first line. */
  restart(): void;
  /** The series that followed last time the one that was read last: exporters keep their order. */
  expected(): KnownSeries | undefined;
  /** Says that the expected series was read. */
  pass(known: KnownSeries): void;
  get(text: string): Labels | undefined;
  /** @returns what to use for these labels: a copy, where the given ones would keep the whole body alive. */
  set(text: string, labels: Labels): Labels;
}

/** A series by the text that stands for it. */
export interface KnownSeries {
  readonly text: string;
  readonly labels: Labels;
}

export interface ExpositionOptions {
  /** Past it, the rest is not read and an error says so. `limits.scrapeSeriesMax` where absent. */
  readonly samplesMax?: number;
  readonly series?: SeriesTexts;
}

export type MetricType =
  | "counter"
  | "gauge"
  | "histogram"
  | "summary"
  | "untyped"
  // OpenMetrics alone has these; its `unknown` is `untyped` here.
  | "gaugehistogram"
  | "stateset"
  | "info";

export interface MetricMetadata {
  readonly type: MetricType;
  readonly help: string;
}

/** A mistake of the target. Lines and columns count from 1; columns count UTF-16 code units. */
export interface ExpositionError {
  readonly line: number;
  readonly column: number;
  readonly says: string;
}

export interface Exposition {
  readonly samples: readonly ExpositionSample[];
  /** By metric name, as HELP and TYPE lines gave it. */
  readonly metadata: ReadonlyMap<string, MetricMetadata>;
  /** The first `ERRORS_MAX` mistakes. A scraper that follows Prometheus takes no sample when there is one. */
  readonly errors: readonly ExpositionError[];
}

export const ERRORS_MAX = 20;
const TYPES: ReadonlySet<string> = new Set(["counter", "gauge", "histogram", "summary", "untyped"]);

/**
 * Parses one scrape's body. It never throws; a line with a mistake gives an error and no sample.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
export function parseExposition(
  text: string,
  { samplesMax = limits.scrapeSeriesMax, series }: ExpositionOptions = {},
): Exposition {
  const samples: ExpositionSample[] = [];
  const metadata = new Map<string, MetricMetadata>();
  const errors: ExpositionError[] = [];
  const reader = new LineReader(text, 0, 0);
  const target: Target = { samples, metadata, series };
  series?.restart();
  let line = 1;
  for (let start = 0; start < text.length && errors.length < ERRORS_MAX; line++) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    reader.begin(start, end);
    try {
      readLine(reader, target);
      if (samples.length > samplesMax) {
        samples.pop();
        throw new LineError(
          start,
          `There are more than ${samplesMax} samples; the rest is unread.`,
        );
      }
    } catch (error) {
      if (!(error instanceof LineError)) throw error;
      errors.push({ line, column: error.at - start + 1, says: error.message });
      if (samples.length === samplesMax) break;
    }
    start = end + 1;
  }
  return { samples, metadata, errors };
}

interface Target {
  readonly samples: ExpositionSample[];
  readonly metadata: Map<string, MetricMetadata>;
  readonly series: SeriesTexts | undefined;
}

function readLine(reader: LineReader, { samples, metadata, series }: Target): void {
  reader.skipBlanks();
  if (reader.atEnd()) return;
  if (reader.take("#")) readComment(reader, metadata);
  else samples.push(readSample(reader, series));
}

function readComment(reader: LineReader, metadata: Map<string, MetricMetadata>): void {
  reader.skipBlanks();
  const keyword = reader.word();
  if (keyword !== "HELP" && keyword !== "TYPE") return;
  reader.skipBlanks();
  const name = reader.metricName();
  reader.skipBlanks();
  const known = metadata.get(name) ?? { type: "untyped", help: "" };
  if (keyword === "HELP") {
    metadata.set(name, { ...known, help: reader.helpText() });
    return;
  }
  const at = reader.at;
  const type = reader.word();
  if (!isMetricType(type)) {
    throw new LineError(at, `'${clip(type)}' is no metric type: ${[...TYPES].join(", ")}.`);
  }
  reader.expectEnd();
  metadata.set(name, { ...known, type });
}

const isMetricType = (word: string): word is MetricType => TYPES.has(word);

function readSample(reader: LineReader, series: SeriesTexts | undefined): ExpositionSample {
  const labels = readSeries(reader, series);
  reader.skipBlanks();
  const value = reader.value();
  reader.skipBlanks();
  const timestampMs = reader.atEnd() ? undefined : reader.timestampMs();
  reader.expectEnd();
  return { labels, value, timestampMs };
}

function readSeries(reader: LineReader, series: SeriesTexts | undefined): Labels {
  const start = reader.at;
  if (series !== undefined) {
    const expected = series.expected();
    if (expected !== undefined && reader.takeSeries(expected.text)) {
      series.pass(expected);
      return expected.labels;
    }
    const end = reader.seriesEnd();
    const known = series.get(reader.text(start, end));
    // `a {b="c"}` has a blank where the key of `a` ends.
    if (known !== undefined && !reader.opensBraceAfter(end)) {
      reader.at = end;
      return known;
    }
  }
  const labels: Label[] = [{ name: "__name__", value: reader.metricName() }];
  const nameEnd = reader.at;
  reader.skipBlanks();
  if (reader.take("{")) readLabels(reader, labels);
  else reader.at = nameEnd;
  const sorted = sortedLabels(labels);
  if (series === undefined || !seriesEndIs(reader, start)) return sorted;
  return series.set(reader.text(start, reader.at), sorted);
}

/** Whether the text just read is the key by which it will be looked for. */
function seriesEndIs(reader: LineReader, start: number): boolean {
  const end = reader.at;
  reader.at = start;
  const found = reader.seriesEnd();
  reader.at = end;
  return found === end;
}

/** Sorted, without those whose value is empty. */
export function sortedLabels(labels: Label[]): Labels {
  labels.sort((a, b) => compareStrings(a.name, b.name));
  return labels.filter((label) => label.value !== "");
}

function readLabels(reader: LineReader, labels: Label[]): void {
  for (;;) {
    reader.skipBlanks();
    if (reader.take("}")) return;
    const at = reader.at;
    const name = reader.labelName();
    if (labels.some((label) => label.name === name)) {
      throw new LineError(at, `Label '${clip(name)}' is given twice.`);
    }
    reader.skipBlanks();
    reader.expect("=");
    reader.skipBlanks();
    labels.push({ name, value: reader.quoted() });
    reader.skipBlanks();
    if (!reader.take(",")) {
      reader.expect("}");
      return;
    }
  }
}
