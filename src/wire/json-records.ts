/** Records as a JSON array of objects: checked, cut to size and given their columns' names, without an object of any of them. */
import { isUtf8 } from "node:buffer";
import { CodedError } from "../core/index.ts";
import { FlatRecords } from "./flat-record.ts";
import { JsonScan } from "./json-scan.ts";
import type { JsonEdit } from "./json-scan.ts";

export interface JsonRecordsOptions {
  readonly depthMax: number;
  readonly recordsMax: number;
  /** Fields of one record. */
  readonly fieldsMax: number;
  /** A longer value is cut to so many bytes of UTF-8, at a character's end. */
  readonly fieldBytesMax: number;
  /** Names on the wire, and the columns' names that they become. */
  readonly renames?: ReadonlyMap<string, string>;
}

export interface JsonRecords {
  /** The array: the bytes that were given, where nothing had to be changed. */
  readonly json: Uint8Array;
  readonly records: number;
  /** Values that were cut. */
  readonly fieldsCut: number;
}

export interface JsonEnvelope extends JsonRecords {
  /** The envelope's other members that are strings. */
  readonly texts: ReadonlyMap<string, string>;
}

/**
 * Reads a body that is an array of objects. Of two members of a record with one name the last one stays.
 *
 * @throws CodedError JsonMalformed, JsonTooDeep, JsonNotRecords, JsonTooManyRecords (all 400).
 */
export function readJsonRecords(bytes: Uint8Array, options: JsonRecordsOptions): JsonRecords {
  const scan = opened(bytes, options.depthMax);
  const records = recordsAt(scan, options);
  scan.end();
  return records;
}

/**
 * Reads a body that is an object with an array of records as its member `recordsName`. The records are read once where
 * `decidedBy` stands before them, as senders write it, and twice where it comes later.
 *
 * @param options.decidedBy - the envelope's string that says what the records are.
 * @param options.recordsOptions - asked with the envelope's strings so far.
 * @returns undefined where the object has no such member.
 * @throws as `readJsonRecords`.
 */
export function readJsonEnvelope(
  bytes: Uint8Array,
  options: {
    readonly depthMax: number;
    readonly recordsName: string;
    readonly decidedBy: string;
    readonly recordsOptions: (texts: ReadonlyMap<string, string>) => JsonRecordsOptions;
  },
): JsonEnvelope | undefined {
  const scan = opened(bytes, options.depthMax);
  const texts = new Map<string, string>();
  let records: JsonRecords | undefined;
  let undecidedAt = -1;
  scan.object(1, (nameStart, nameEnd) => {
    const name = textOf(bytes, nameStart - 1, nameEnd + 1);
    const isText = scan.peek() === 0x22;
    const valueStart = scan.at;
    if (name === options.recordsName) {
      const isDecided = texts.has(options.decidedBy);
      records = isDecided ? recordsAt(scan, options.recordsOptions(texts)) : undefined;
      undecidedAt = isDecided ? -1 : valueStart;
      if (isDecided) return;
    }
    scan.value(1);
    if (isText) texts.set(name, textOf(bytes, valueStart, scan.at));
  });
  scan.end();
  if (records === undefined && undecidedAt >= 0) {
    const again = new JsonScan(bytes, options.depthMax);
    again.at = undecidedAt;
    records = recordsAt(again, options.recordsOptions(texts));
  }
  return records && { ...records, texts };
}

function opened(bytes: Uint8Array, depthMax: number): JsonScan {
  const scan = new JsonScan(bytes, depthMax);
  if (isUtf8(bytes)) return scan;
  throw new CodedError("JsonMalformed", "The body is not UTF-8.", { status: 400 });
}

/** A string between its quotes, with its escapes read. */
const textOf = (bytes: Uint8Array, start: number, end: number): string =>
  JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString()) as string;

/** Reads the array that begins where the scan stands. */
function recordsAt(scan: JsonScan, options: JsonRecordsOptions): JsonRecords {
  if (scan.peek() !== 0x5b) throw notRecords(scan, "an array of objects");
  const start = scan.at;
  const fields = new RecordFields(scan, options);
  const flat = (options.renames?.size ?? 0) === 0 ? new FlatRecords(scan, options) : undefined;
  let records = 0;
  scan.array(1, () => {
    if (scan.peek() !== 0x7b) throw notRecords(scan, "an object");
    records++;
    if (records > options.recordsMax) throw tooMany("records", options.recordsMax);
    if (flat?.pass() !== true) fields.record();
  });
  const array = scan.bytes.subarray(start, scan.at);
  const json =
    scan.edits.length === 0 ? array : edited(scan.bytes, scan.edits, { start, end: scan.at });
  return { json, records, fieldsCut: fields.cut };
}

/** What stands here is no record; it is refused as that where it is JSON at all. */
function notRecords(scan: JsonScan, wanted: string): CodedError {
  const { at } = scan;
  scan.value(1);
  return new CodedError("JsonNotRecords", `At byte ${at} there must be ${wanted}.`, {
    status: 400,
  });
}

const tooMany = (what: string, max: number): CodedError =>
  new CodedError("JsonTooManyRecords", `The body has more than ${max} ${what}. Send fewer.`, {
    status: 400,
  });

interface Rename {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

const SLOTS = 1024;
const nothing = new Uint8Array(0);

/** The fields of one record after the other: their names, their lengths, and which of them come twice. */
class RecordFields {
  cut = 0;
  private readonly scan: JsonScan;
  private readonly options: JsonRecordsOptions;
  private readonly renames: readonly Rename[];
  /** By a name's hash: the record (counted) that last had such a name. */
  private readonly seenIn = new Uint32Array(SLOTS);
  /** Of the record's fields: where their names stand, the names' hashes, and names that are written otherwise. */
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];
  private readonly hashes: number[] = [];
  private readonly others: (Uint8Array | undefined)[] = [];
  private recordsBegun = 0;
  private count = 0;

  constructor(scan: JsonScan, options: JsonRecordsOptions) {
    this.scan = scan;
    this.options = options;
    this.renames = [...(options.renames ?? [])].map(([from, to]) => ({
      from: Buffer.from(from),
      to: Buffer.from(to),
    }));
  }

  record(): void {
    this.recordsBegun++;
    this.count = 0;
    this.scan.object(2, this.field);
  }

  private readonly field = (start: number, end: number): void => {
    const { scan, options } = this;
    if (this.count >= options.fieldsMax) throw tooMany("fields in one record", options.fieldsMax);
    const other = this.otherName(start, end);
    if (other !== undefined) scan.edits.push({ start, end, bytes: other });
    this.keep(start, end, other);
    scan.peek();
    const valueStart = scan.at;
    scan.value(2);
    if (scan.at - valueStart > options.fieldBytesMax + 2) this.cutValue(valueStart);
  };

  /** The name as it is written where that is not as it came: without escapes, or its column's. */
  private otherName(start: number, end: number): Uint8Array | undefined {
    const { bytes, escaped } = this.scan;
    let plain: Uint8Array | undefined;
    if (escaped) {
      const text = textOf(bytes, start - 1, end + 1).toWellFormed();
      plain = Buffer.from(JSON.stringify(text).slice(1, -1));
    }
    for (const { from, to } of this.renames) {
      if (
        plain === undefined ? isAt(bytes, start, end, from) : isAt(plain, 0, plain.length, from)
      ) {
        return to;
      }
    }
    return plain;
  }

  /** Remembers the field; where the record has one of its name already, that one is taken away. */
  private keep(start: number, end: number, other: Uint8Array | undefined): void {
    const { bytes } = this.scan;
    const hash = other === undefined ? hashOf(bytes, start, end) : hashOf(other, 0, other.length);
    const slot = (hash ^ (hash >>> 10)) & (SLOTS - 1);
    this.starts[this.count] = start;
    this.ends[this.count] = end;
    this.hashes[this.count] = hash;
    this.others[this.count] = other;
    this.count++;
    if (this.seenIn[slot] === this.recordsBegun) {
      this.dropEarlier(other ?? bytes.subarray(start, end), hash);
    }
    this.seenIn[slot] = this.recordsBegun;
  }

  private dropEarlier(name: Uint8Array, hash: number): void {
    const { bytes, edits } = this.scan;
    for (let index = 0; index < this.count - 1; index++) {
      if (this.hashes[index] !== hash) continue;
      const start = this.starts[index] as number;
      const other = this.others[index];
      const isName =
        other === undefined
          ? isAt(bytes, start, this.ends[index] as number, name)
          : isAt(other, 0, other.length, name);
      if (!isName) continue;
      // With its comma, up to the quote of the name that follows.
      edits.push({ start: start - 1, end: (this.starts[index + 1] as number) - 1, bytes: nothing });
      this.hashes[index] = NaN;
      return;
    }
  }

  private cutValue(start: number): void {
    const { scan, options } = this;
    const isText = scan.bytes[start] === 0x22;
    const raw = Buffer.from(scan.bytes.buffer, scan.bytes.byteOffset + start, scan.at - start);
    const text = isText ? (JSON.parse(raw.toString()) as string) : raw.toString();
    const whole = Buffer.from(text);
    if (whole.length <= options.fieldBytesMax) return;
    const cut = whole.subarray(0, characterEnd(whole, options.fieldBytesMax)).toString();
    this.cut++;
    scan.edits.push({ start, end: scan.at, bytes: Buffer.from(JSON.stringify(cut)) });
  }
}

function isAt(bytes: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  if (end - start !== name.length) return false;
  for (let index = 0; index < name.length; index++) {
    if (bytes[start + index] !== name[index]) return false;
  }
  return true;
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + (bytes[at] as number)) | 0;
  return hash;
}

/** The last end of a character at or before `at`. */
function characterEnd(utf8: Uint8Array, at: number): number {
  let end = at;
  while (end > 0 && ((utf8[end] ?? 0) & 0xc0) === 0x80) end--;
  return end;
}

/** The bytes with the edits in them. An edit inside an earlier one is gone with it. */
function edited(
  bytes: Uint8Array,
  edits: readonly JsonEdit[],
  range: { readonly start: number; readonly end: number },
): Uint8Array {
  const parts: Uint8Array[] = [];
  let at = range.start;
  for (const edit of edits.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    if (edit.start < at) continue;
    parts.push(bytes.subarray(at, edit.start), edit.bytes);
    at = edit.end;
  }
  parts.push(bytes.subarray(at, range.end));
  return Buffer.concat(parts);
}
