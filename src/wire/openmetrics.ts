/** OpenMetrics text 1.0, read as strictly as it is written: its families, samples and exemplars, and each mistake with its place. */
import { limits } from "../core/index.ts";
import type { Label, Labels } from "../core/index.ts";
import { ERRORS_MAX, sortedLabels } from "./exposition.ts";
import type {
  Exemplar,
  Exposition,
  ExpositionError,
  ExpositionOptions,
  ExpositionSample,
  MetricMetadata,
  SeriesTexts,
} from "./exposition.ts";
import { clip, LineError, LineReader } from "./line-reader.ts";
import { openFamilies } from "./openmetrics-families.ts";
import type { Families } from "./openmetrics-families.ts";

/**
 * Parses one scrape's body. It never throws. After the first mistake nothing more is checked of the family it is in, but
 * the rest is read, so that all mistakes are told, up to `ERRORS_MAX`.
 *
 * `_created` samples are series like any other, as remote write 1.0 has no other place for them. Label values of `le` and
 * `quantile` are kept as they are written.
 *
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export function parseOpenMetrics(
  text: string,
  { samplesMax = limits.scrapeSeriesMax, series }: ExpositionOptions = {},
): Exposition {
  const samples: ExpositionSample[] = [];
  const metadata = new Map<string, MetricMetadata>();
  const errors: ExpositionError[] = [];
  const families = openFamilies(metadata);
  let line = 1;
  let start = 0;
  let ended = false;
  const tell = (error: unknown, lineStart: number): void => {
    if (!(error instanceof LineError)) throw error;
    errors.push({ line, column: error.at - lineStart + 1, says: error.message });
    families.forget();
  };
  for (; start < text.length && !ended && errors.length < ERRORS_MAX; line++) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    try {
      ended = readLine(new LineReader(text, start, end), { families, samples, series });
      if (ended) families.end(start);
      if (newline < 0 && !ended) throw new LineError(end, "The last line has no line feed.");
      if (samples.length > samplesMax) {
        samples.pop();
        ended = true;
        const says = `There are more than ${samplesMax} samples; the rest is unread.`;
        throw new LineError(start, says);
      }
    } catch (error) {
      tell(error, start);
    }
    start = newline < 0 ? text.length : end + 1;
  }
  finish({ text, start, ended, families, tell, full: errors.length >= ERRORS_MAX });
  return { samples, metadata, errors };
}

/** What can only be said at the end: that there is one, that nothing follows it, and that the last family is whole. */
function finish(state: {
  readonly text: string;
  readonly start: number;
  readonly ended: boolean;
  readonly families: Families;
  readonly tell: (error: unknown, lineStart: number) => void;
  readonly full: boolean;
}): void {
  const { text, start, ended, families, tell } = state;
  if (state.full) return;
  try {
    families.end(start);
    if (!ended) throw new LineError(start, 'The exposition does not end with "# EOF".');
    if (start < text.length) throw new LineError(start, 'Something follows "# EOF".');
  } catch (error) {
    tell(error, start);
  }
}

interface Target {
  readonly families: Families;
  readonly samples: ExpositionSample[];
  readonly series: SeriesTexts | undefined;
}

/** @returns true at the end mark. */
function readLine(reader: LineReader, { families, samples, series }: Target): boolean {
  if (reader.atEnd()) throw new LineError(reader.at, "A blank line is not allowed.");
  if (reader.take("#")) return readComment(reader, families);
  const start = reader.at;
  const { labels, text } = readSeries(reader, series);
  reader.expect(" ");
  const value = readNumber(reader, "a number");
  const timestampMs = readTimestamp(reader);
  const exemplar = readExemplar(reader);
  reader.expectEndHere();
  const sample = { labels, value, timestampMs };
  const whole = exemplar === undefined ? sample : { ...sample, exemplar };
  families.sample(whole, { at: start, text });
  samples.push(whole);
  return false;
}

function readComment(reader: LineReader, families: Families): boolean {
  reader.expect(" ");
  const at = reader.at;
  const keyword = reader.word();
  if (keyword === "EOF") {
    reader.expectEndHere();
    return true;
  }
  if (keyword !== "HELP" && keyword !== "TYPE" && keyword !== "UNIT") {
    throw new LineError(at, `'${clip(keyword)}' is none of HELP, TYPE, UNIT and EOF.`);
  }
  reader.expect(" ");
  const nameAt = reader.at;
  const name = reader.metricName();
  reader.expect(" ");
  const textAt = reader.at;
  const text = keyword === "HELP" ? reader.escapedText() : reader.rest();
  families.describe({ keyword, name, text, nameAt, textAt });
  return false;
}

function readSeries(
  reader: LineReader,
  series: SeriesTexts | undefined,
): { readonly labels: Labels; readonly text: string } {
  const start = reader.at;
  const end = reader.seriesEnd();
  const text = reader.text(start, end);
  const known = series?.get(text);
  if (known !== undefined) {
    reader.at = end;
    return { labels: known, text };
  }
  const labels: Label[] = [{ name: "__name__", value: reader.metricName() }];
  if (reader.take("{")) readLabels(reader, labels);
  const sorted = sortedLabels(labels);
  if (series === undefined || reader.at !== end) {
    return { labels: sorted, text: reader.text(start, reader.at) };
  }
  return { labels: series.set(text, sorted), text };
}

/** No blanks and no trailing comma, unlike in the older format. */
function readLabels(reader: LineReader, labels: Label[]): void {
  if (reader.take("}")) return;
  do {
    const at = reader.at;
    const name = reader.labelName();
    if (labels.some((label) => label.name === name)) {
      throw new LineError(at, `Label '${clip(name)}' is given twice.`);
    }
    reader.expect("=");
    labels.push({ name, value: reader.quoted("keep") });
  } while (reader.take(","));
  reader.expect("}");
}

const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

function readNumber(reader: LineReader, says: string): number {
  const at = reader.at;
  const word = reader.word();
  const value = numberOf(word);
  if (value === undefined) throw new LineError(at, `Expected ${says}, found '${clip(word)}'.`);
  return value;
}

function numberOf(word: string): number | undefined {
  if (NUMBER.test(word)) return Number(word);
  const lower = word.toLowerCase();
  if (lower === "nan") return Number.NaN;
  const name = lower.replace(/^[+-]/, "");
  if (name !== "inf" && name !== "infinity") return undefined;
  return lower.startsWith("-") ? -Infinity : Infinity;
}

/** Seconds, with fractions, after one blank; undefined where there is none. */
function readTimestamp(reader: LineReader): number | undefined {
  if (reader.atEnd() || reader.startsWith(" # ")) return undefined;
  reader.expect(" ");
  return readSeconds(reader);
}

function readSeconds(reader: LineReader): number {
  const at = reader.at;
  const word = reader.word();
  const milliseconds = Math.round(Number(word) * 1000);
  if (!NUMBER.test(word) || !Number.isSafeInteger(milliseconds)) {
    throw new LineError(at, `Expected a timestamp in seconds, found '${clip(word)}'.`);
  }
  return milliseconds;
}

function readExemplar(reader: LineReader): Exemplar | undefined {
  if (reader.atEnd() || !reader.startsWith(" # ")) return undefined;
  reader.at += 3;
  const at = reader.at;
  const labels: Label[] = [];
  reader.expect("{");
  readLabels(reader, labels);
  const characters = labels.reduce(
    (sum, { name, value }) => sum + [...name].length + [...value].length,
    0,
  );
  if (characters > limits.scrapeExemplarCharsMax) {
    throw new LineError(
      at,
      `The exemplar's labels have ${characters} characters; the limit is ${limits.scrapeExemplarCharsMax}.`,
    );
  }
  reader.expect(" ");
  const value = readNumber(reader, "the exemplar's value");
  if (reader.atEnd()) return { labels: sortedLabels(labels), value, timestampMs: undefined };
  reader.expect(" ");
  return { labels: sortedLabels(labels), value, timestampMs: readSeconds(reader) };
}
