/** The quick way over a record as most writers send it: no white space, plain names, each once. Anything else is left to the whole reader. */
import type { JsonScan } from "./json-scan.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const CLOSE_OBJECT = 0x7d;

/** The escapes that are one letter; `\u` may be half a character. */
const simpleEscapes = new Uint8Array(256);
for (const char of '"\\/bfnrt') simpleEscapes[char.charCodeAt(0)] = 1;

const SLOTS = 1024;

export class FlatRecords {
  readonly #scan: JsonScan;
  readonly #fieldsMax: number;
  readonly #fieldBytesMax: number;
  /** By a name's hash: the record (counted) that last had such a name. */
  readonly #seenIn = new Uint32Array(SLOTS);
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #recordsBegun = 0;
  #count = 0;

  constructor(
    scan: JsonScan,
    limits: { readonly fieldsMax: number; readonly fieldBytesMax: number },
  ) {
    this.#scan = scan;
    this.#fieldsMax = limits.fieldsMax;
    this.#fieldBytesMax = limits.fieldBytesMax;
  }

  /**
   * Passes the record that begins where the scan stands, if nothing of it has to be cut or refused and every name is plain.
   * Otherwise the scan is as before, and the answer is false. Throws as the scan does at a value that is no JSON.
   */
  pass(): boolean {
    const scan = this.#scan;
    const { bytes } = scan;
    const start = scan.at;
    const edits = scan.edits.length;
    this.#recordsBegun++;
    this.#count = 0;
    for (let at = start + 1; ;) {
      const valueStart = this.#name(at);
      if (valueStart < 0) break;
      at = this.#value(valueStart);
      if (at < 0 || at - valueStart > this.#fieldBytesMax) break;
      const byte = bytes[at];
      if (byte === CLOSE_OBJECT) {
        scan.at = at + 1;
        return true;
      }
      if (byte !== COMMA) break;
      at++;
    }
    scan.at = start;
    scan.edits.length = edits;
    return false;
  }

  /** Passes a name and its colon; answers where the value begins, or -1. */
  #name(open: number): number {
    const { bytes } = this.#scan;
    if (bytes[open] !== QUOTE || this.#count >= this.#fieldsMax) return -1;
    const start = open + 1;
    let at = start;
    let hash = 0;
    let byte = bytes[at] as number;
    while (byte > QUOTE ? byte !== BACKSLASH : byte === 0x20 || byte === 0x21) {
      hash = (Math.imul(hash, 31) + byte) | 0;
      byte = bytes[++at] as number;
    }
    if (byte !== QUOTE || bytes[at + 1] !== COLON) return -1;
    const slot = (hash ^ (hash >>> 10)) & (SLOTS - 1);
    if (this.#seenIn[slot] === this.#recordsBegun && this.#has(start, at)) return -1;
    this.#seenIn[slot] = this.#recordsBegun;
    this.#starts[this.#count] = start;
    this.#ends[this.#count] = at;
    this.#count++;
    return at + 2;
  }

  /** Whether the record has had the name that stands there. */
  #has(start: number, end: number): boolean {
    const { bytes } = this.#scan;
    for (let index = 0; index < this.#count; index++) {
      const other = this.#starts[index] as number;
      if ((this.#ends[index] as number) - other !== end - start) continue;
      let same = 0;
      while (same < end - start && bytes[start + same] === bytes[other + same]) same++;
      if (same === end - start) return true;
    }
    return false;
  }

  /** Passes a value; answers where it ends, or -1. */
  #value(start: number): number {
    const scan = this.#scan;
    const { bytes } = scan;
    if (bytes[start] !== QUOTE) {
      scan.at = start;
      scan.value(2);
      return scan.at;
    }
    for (let at = start + 1; ; at += 2) {
      let byte = bytes[at] as number;
      while (byte > QUOTE ? byte !== BACKSLASH : byte === 0x20 || byte === 0x21) {
        byte = bytes[++at] as number;
      }
      if (byte === QUOTE) return at + 1;
      if (byte !== BACKSLASH || simpleEscapes[bytes[at + 1] as number] !== 1) return -1;
    }
  }
}
