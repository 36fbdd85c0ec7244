/** Prometheus's text exposition format 0.0.4, read: samples, types and help, and each mistake with its line and column. */
import { compareStrings, limits } from "../core/index.ts";
import type { Label, Labels } from "../core/index.ts";

export interface ExpositionSample {
  /** With `__name__`; sorted; labels with an empty value are left out, as they mean none. */
  readonly labels: Labels;
  readonly value: number;
  /** Milliseconds since the Unix epoch; undefined where the target leaves the time to its scraper. */
  readonly timestampMs: number | undefined;
}

export type MetricType = "counter" | "gauge" | "histogram" | "summary" | "untyped";

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

const ERRORS_MAX = 20;
const TYPES: ReadonlySet<string> = new Set(["counter", "gauge", "histogram", "summary", "untyped"]);

/**
 * Parses one scrape's body. It never throws; a line with a mistake gives an error and no sample.
 *
 * @param samplesMax - past it, the rest is not read and an error says so.
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
export function parseExposition(
  text: string,
  { samplesMax = limits.scrapeSeriesMax }: { readonly samplesMax?: number } = {},
): Exposition {
  const samples: ExpositionSample[] = [];
  const metadata = new Map<string, MetricMetadata>();
  const errors: ExpositionError[] = [];
  let line = 1;
  for (let start = 0; start < text.length && errors.length < ERRORS_MAX; line++) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    const reader = new LineReader(text, start, end);
    try {
      readLine(reader, samples, metadata);
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

function readLine(
  reader: LineReader,
  samples: ExpositionSample[],
  metadata: Map<string, MetricMetadata>,
): void {
  reader.skipBlanks();
  if (reader.atEnd()) return;
  if (reader.take("#")) readComment(reader, metadata);
  else samples.push(readSample(reader));
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

function readSample(reader: LineReader): ExpositionSample {
  const labels: Label[] = [{ name: "__name__", value: reader.metricName() }];
  reader.skipBlanks();
  if (reader.take("{")) readLabels(reader, labels);
  reader.skipBlanks();
  const value = reader.value();
  reader.skipBlanks();
  const timestampMs = reader.atEnd() ? undefined : reader.timestampMs();
  reader.expectEnd();
  labels.sort((a, b) => compareStrings(a.name, b.name));
  return { labels: labels.filter((label) => label.value !== ""), value, timestampMs };
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

/** A mistake, at an index into the whole text. */
class LineError extends Error {
  readonly at: number;

  constructor(at: number, says: string) {
    super(says);
    this.at = at;
  }
}

/** A position in one line. Each method moves past what it read, or throws a LineError. */
class LineReader {
  readonly #text: string;
  readonly #end: number;
  at: number;

  constructor(text: string, start: number, end: number) {
    this.#text = text;
    this.#end = end;
    this.at = start;
  }

  atEnd(): boolean {
    return this.at >= this.#end;
  }

  skipBlanks(): void {
    while (this.at < this.#end && isBlank(this.#text.charCodeAt(this.at))) this.at++;
  }

  take(character: string): boolean {
    if (this.at >= this.#end || this.#text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  expect(character: string): void {
    if (!this.take(character)) throw this.#expected(`'${character}'`);
  }

  expectEnd(): void {
    this.skipBlanks();
    if (!this.atEnd()) throw this.#expected("the line's end");
  }

  /** Everything up to the next blank. */
  word(): string {
    const start = this.at;
    while (this.at < this.#end && !isBlank(this.#text.charCodeAt(this.at))) this.at++;
    return this.#text.slice(start, this.at);
  }

  metricName(): string {
    return this.#name("a metric name", true);
  }

  labelName(): string {
    return this.#name("a label name", false);
  }

  /** The rest of the line, with `\\` and `\n` undone. */
  helpText(): string {
    const raw = this.#text.slice(this.at, this.#end);
    this.at = this.#end;
    return raw.replaceAll(/\\[\\n]/g, (escape) => (escape === "\\n" ? "\n" : "\\"));
  }

  quoted(): string {
    this.expect('"');
    let result = "";
    let from = this.at;
    for (; this.at < this.#end; this.at++) {
      const character = this.#text[this.at];
      if (character === '"') {
        result += this.#text.slice(from, this.at);
        this.at++;
        return result;
      }
      if (character !== "\\") continue;
      const escape = escapes.get(this.at + 1 < this.#end ? (this.#text[this.at + 1] ?? "") : "");
      if (escape === undefined) throw this.#expected('\\\\, \\" or \\n after a backslash');
      result += this.#text.slice(from, this.at) + escape;
      this.at++;
      from = this.at + 1;
    }
    throw this.#expected("a closing quote");
  }

  value(): number {
    const start = this.at;
    const word = this.word();
    const value = parseValue(word);
    if (value === undefined) {
      throw new LineError(start, `Expected a number, found '${clip(word)}'.`);
    }
    return value;
  }

  timestampMs(): number {
    const start = this.at;
    const word = this.word();
    const value = Number(word);
    if (!/^[+-]?\d{1,16}$/.test(word) || !Number.isSafeInteger(value)) {
      throw new LineError(start, `Expected a timestamp in milliseconds, found '${clip(word)}'.`);
    }
    return value;
  }

  #name(says: string, colons: boolean): string {
    const start = this.at;
    while (this.at < this.#end) {
      const code = this.#text.charCodeAt(this.at);
      const letter = isLetter(code) || (colons && code === 0x3a);
      if (!letter && (this.at === start || !isDigit(code))) break;
      this.at++;
    }
    if (this.at === start) throw this.#expected(says);
    return this.#text.slice(start, this.at);
  }

  #expected(says: string): LineError {
    const found = this.atEnd() ? "the line's end" : `'${this.#text[this.at]}'`;
    return new LineError(this.at, `Expected ${says}, found ${found}.`);
  }
}

const escapes: ReadonlyMap<string, string> = new Map([
  ["\\", "\\"],
  ['"', '"'],
  ["n", "\n"],
]);

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;
const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
const isLetter = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f;
const clip = (text: string): string => (text.length > 64 ? `${text.slice(0, 64)}…` : text);

/** As Go's strconv.ParseFloat, but for hexadecimal floats, which no exporter writes. */
function parseValue(word: string): number | undefined {
  if (/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(word)) return Number(word);
  const sign = word.startsWith("-") ? -1 : 1;
  const name = word.replace(/^[+-]/, "").toLowerCase();
  if (name === "inf" || name === "infinity") return sign * Infinity;
  return word.toLowerCase() === "nan" ? Number.NaN : undefined;
}
