/** A position in one line of an exposition, for the readers of both text formats. */
/** A mistake, at an index into the whole text. */
export class LineError extends Error {
  readonly at: number;

  constructor(at: number, says: string) {
    super(says);
    this.at = at;
  }
}

/** A position in one line. Each method moves past what it read, or throws a LineError. */
export class LineReader {
  readonly #text: string;
  #end: number;
  at: number;

  constructor(text: string, start: number, end: number) {
    this.#text = text;
    this.#end = end;
    this.at = start;
  }

  /** Goes on with another line of the same text. */
  begin(start: number, end: number): void {
    this.at = start;
    this.#end = end;
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

  text(start: number, end: number): string {
    return this.#text.slice(start, end);
  }

  /** @see seriesEnd */
  seriesEnd(): number {
    return seriesEnd(this.#text, this.at, this.#end);
  }

  /** Passes a series that is written as `text`, a key that `seriesEnd` found before; false where another stands here. */
  takeSeries(text: string): boolean {
    const after = this.at + text.length;
    if (after >= this.#end || !this.#text.startsWith(text, this.at)) return false;
    const named = text.charCodeAt(text.length - 1) !== 0x7d;
    if (named && (!isBlank(this.#text.charCodeAt(after)) || this.opensBraceAfter(after))) {
      return false;
    }
    this.at = after;
    return true;
  }

  /** Whether the next that is no blank, from `position` on, is an opening brace. */
  opensBraceAfter(position: number): boolean {
    let at = position;
    while (at < this.#end && isBlank(this.#text.charCodeAt(at))) at++;
    return at > position && this.#text[at] === "{";
  }

  /** As `expectEnd`, without passing blanks over. */
  expectEndHere(): void {
    if (!this.atEnd()) throw this.#expected("the line's end");
  }

  startsWith(text: string): boolean {
    return this.at + text.length <= this.#end && this.#text.startsWith(text, this.at);
  }

  /** The rest of the line as it is. */
  rest(): string {
    const raw = this.#text.slice(this.at, this.#end);
    this.at = this.#end;
    return raw;
  }

  /** The rest of the line, with OpenMetrics's escapes undone; a backslash before anything else stands for itself. */
  escapedText(): string {
    const raw = this.rest();
    return raw.replaceAll(/\\[\\"n]/g, (escape) => escapes.get(escape.charAt(1)) ?? escape);
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

  /** A string in quotes. `otherEscapes`: what a backslash before anything else is; OpenMetrics keeps both characters. */
  quoted(otherEscapes: "refuse" | "keep" = "refuse"): string {
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
      if (escape === undefined && otherEscapes === "keep" && this.at + 1 < this.#end) {
        this.at++;
        continue;
      }
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
export const clip = (text: string): string => (text.length > 64 ? `${text.slice(0, 64)}…` : text);

/** Whether a word begins as JavaScript's numbers of another base do: `0x`, `0b`, `0o`. */
const hasRadix = (word: string): boolean =>
  word.charCodeAt(0) === 0x30 &&
  word.length > 1 &&
  isLetter(word.charCodeAt(1)) &&
  word[1] !== "e" &&
  word[1] !== "E";

/** As Go's strconv.ParseFloat, but for hexadecimal floats, which no exporter writes. */
export function parseValue(word: string): number | undefined {
  // Nearly every value is plain digits: Number reads them, and only 0x, 0b and 0o are JavaScript's own.
  if (isDigit(word.charCodeAt(0)) && isDigit(word.charCodeAt(word.length - 1))) {
    const plain = Number(word);
    return Number.isNaN(plain) || hasRadix(word) ? undefined : plain;
  }
  if (/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(word)) return Number(word);
  const sign = word.startsWith("-") ? -1 : 1;
  const name = word.replace(/^[+-]/, "").toLowerCase();
  if (name === "inf" || name === "infinity") return sign * Infinity;
  return word.toLowerCase() === "nan" ? Number.NaN : undefined;
}

/**
 * Where the series at `at` ends: after its closing brace, or after its name. Blanks before a brace end it as well; what
 * is found is only a key to what was read before.
 */
function seriesEnd(text: string, at: number, end: number): number {
  let position = at;
  for (; position < end; position++) {
    const code = text.charCodeAt(position);
    if (isBlank(code)) return position;
    if (code === 0x7b) break;
  }
  for (let quoted = false; position < end; position++) {
    const code = text.charCodeAt(position);
    if (code === 0x5c) position++;
    else if (code === 0x22) quoted = !quoted;
    else if (code === 0x7d && !quoted) return position + 1;
  }
  return end;
}
