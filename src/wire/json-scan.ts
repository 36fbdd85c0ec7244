/** A cursor over JSON's bytes: it checks the grammar of RFC 8259 and makes no value of what it passes. */
import { CodedError } from "../core/index.ts";

/** A stretch of the bytes that is written as something else. */
export interface JsonEdit {
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const escapes = new Set([...'"\\/bfnrt'].map((char) => char.charCodeAt(0)));
const replacement = Buffer.from("\\ufffd");

/**
 * Where a reader stands in JSON that is UTF-8 (its caller sees to that). Each method throws the CodedError JsonMalformed or
 * JsonTooDeep at what is no JSON.
 *
 * Half a surrogate pair (`"\ud800"`) is grammatical and no character: it becomes an edit, since no store can keep it.
 *
 * @see RFC 8259
 */
export class JsonScan {
  readonly bytes: Uint8Array;
  readonly depthMax: number;
  readonly edits: JsonEdit[] = [];
  at = 0;
  /** Whether the string that was passed last had an escape. */
  escaped = false;

  constructor(bytes: Uint8Array, depthMax: number) {
    this.bytes = bytes;
    this.depthMax = depthMax;
    // A byte order mark, as .NET's writers send it.
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.at = 3;
  }

  /** Passes white space; answers the byte that comes next, or -1. */
  peek(): number {
    const { bytes } = this;
    let { at } = this;
    for (;;) {
      const byte = bytes[at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
      at++;
    }
    this.at = at;
    return at < bytes.length ? (bytes[at] as number) : -1;
  }

  /** Whether an object or array goes on: passes `opening` at its begin, then a comma between members. */
  private more(closing: number, first: boolean): boolean {
    const next = this.peek();
    if (next === closing) {
      this.at++;
      return false;
    }
    if (first) return true;
    if (next !== COMMA) throw this.malformed("a comma or the end");
    this.at++;
    if (this.peek() === closing) throw this.malformed("a member after the comma");
    return true;
  }

  /** Passes an array, each member by `member`. */
  array(depth: number, member: () => void): void {
    this.open(OPEN_ARRAY, "an array", depth);
    for (let first = true; this.more(CLOSE_ARRAY, first); first = false) member();
  }

  /** Passes an object; `member` is told where the name stands between its quotes, and passes the value. */
  object(depth: number, member: (nameStart: number, nameEnd: number) => void): void {
    this.open(OPEN_OBJECT, "an object", depth);
    for (let first = true; this.more(CLOSE_OBJECT, first); first = false) {
      const nameStart = this.at + 1;
      this.string();
      const nameEnd = this.at - 1;
      if (this.peek() !== COLON) throw this.malformed("a colon");
      this.at++;
      member(nameStart, nameEnd);
    }
  }

  private open(opening: number, what: string, depth: number): void {
    if (this.peek() !== opening) throw this.malformed(what);
    if (depth > this.depthMax) {
      throw new CodedError(
        "JsonTooDeep",
        `The JSON nests deeper than ${this.depthMax} at byte ${this.at}. Send flatter records.`,
        { status: 400 },
      );
    }
    this.at++;
  }

  /** Passes any value. `depth` counts the arrays and objects around it. */
  value(depth: number): void {
    switch (this.peek()) {
      case QUOTE:
        return this.string();
      case OPEN_OBJECT:
        return this.object(depth + 1, () => this.value(depth + 1));
      case OPEN_ARRAY:
        return this.array(depth + 1, () => this.value(depth + 1));
      case 0x74:
        return this.word("true");
      case 0x66:
        return this.word("false");
      case 0x6e:
        return this.word("null");
      default:
        return this.number();
    }
  }

  /** Passes a string with its quotes. */
  string(): void {
    const { bytes } = this;
    if (this.peek() !== QUOTE) throw this.malformed("a string");
    let at = this.at + 1;
    this.escaped = false;
    for (;;) {
      // Most bytes of a string end nothing: they are passed by one or two comparisons each.
      let byte = bytes[at] as number;
      while (byte > QUOTE ? byte !== BACKSLASH : byte === 0x20 || byte === 0x21) {
        byte = bytes[++at] as number;
      }
      if (byte === QUOTE) {
        this.at = at + 1;
        return;
      }
      this.at = at;
      if (byte !== BACKSLASH) throw this.malformed("a whole string");
      this.escaped = true;
      at = this.escape(at);
    }
  }

  /** Passes an escape that begins at `at`; answers where it ends. */
  private escape(at: number): number {
    const byte = this.bytes[at + 1] ?? -1;
    if (byte !== 0x75) {
      if (!escapes.has(byte)) throw this.malformed("an escape");
      return at + 2;
    }
    const unit = this.hex(at + 2);
    const high = unit >= 0xd800 && unit < 0xdc00;
    if (high && this.bytes[at + 6] === BACKSLASH && this.bytes[at + 7] === 0x75) {
      const low = this.hex(at + 8);
      if (low >= 0xdc00 && low < 0xe000) return at + 12;
    }
    if (unit >= 0xd800 && unit < 0xe000) {
      this.edits.push({ start: at, end: at + 6, bytes: replacement });
    }
    return at + 6;
  }

  private hex(at: number): number {
    let unit = 0;
    for (let index = at; index < at + 4; index++) {
      const digit = hexDigit(this.bytes[index] ?? -1);
      if (digit < 0) throw this.malformed("four hexadecimal digits");
      unit = unit * 16 + digit;
    }
    return unit;
  }

  private number(): void {
    const { bytes } = this;
    if (bytes[this.at] === MINUS) this.at++;
    if (bytes[this.at] === 0x30) this.at++;
    else this.digits("a value");
    if (bytes[this.at] === DOT) {
      this.at++;
      this.digits("a digit");
    }
    if (((bytes[this.at] ?? 0) | 0x20) === 0x65) {
      this.at++;
      if (bytes[this.at] === MINUS || bytes[this.at] === 0x2b) this.at++;
      this.digits("a digit");
    }
  }

  private digits(what: string): void {
    const start = this.at;
    while (isDigit(this.bytes[this.at] ?? 0)) this.at++;
    if (this.at === start) throw this.malformed(what);
  }

  private word(word: string): void {
    for (let index = 0; index < word.length; index++) {
      if (this.bytes[this.at + index] !== word.charCodeAt(index)) throw this.malformed(word);
    }
    this.at += word.length;
  }

  /** Nothing but white space may follow. */
  end(): void {
    if (this.peek() !== -1) throw this.malformed("the end");
  }

  /** The error for what stands here. */
  malformed(wanted: string): CodedError {
    const found = this.at < this.bytes.length ? "something else" : "the body's end";
    return new CodedError(
      "JsonMalformed",
      `At byte ${this.at} there must be ${wanted}, and there is ${found}.`,
      { status: 400 },
    );
  }
}

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;

function hexDigit(byte: number): number {
  if (isDigit(byte)) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
