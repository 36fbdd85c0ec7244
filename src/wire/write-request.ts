/** Remote write 1.0's WriteRequest, written; and its labels, read: what a sender and a store's cold path need. */
import { CodedError, STALE_NAN_BITS } from "../core/index.ts";
import type { Label, Labels } from "../core/index.ts";
import { wireErrors } from "./errors.ts";

export interface WriteSample {
  readonly timestampMs: number;
  /** `stale` writes the staleness marker, whose bits a number could lose on its way. */
  readonly value: number | "stale";
}

export interface WriteExemplar {
  readonly labels: Labels;
  readonly value: number;
  readonly timestampMs: number;
}

export interface WriteSeries {
  /** Sorted by name, as the protocol demands. */
  readonly labels: Labels;
  /** What `encodeLabels` gave for these labels, where the caller keeps it: its bytes as Latin-1, which is how they take least room. */
  readonly encodedLabels?: string;
  readonly samples: readonly WriteSample[];
  readonly exemplars?: readonly WriteExemplar[];
}

/** One sample of a series whose labels are encoded already: what a scrape sends, without a list for each. */
export interface WrittenSample {
  readonly encodedLabels: string;
  readonly timestampMs: number;
  readonly value: number | "stale";
  readonly exemplars?: readonly WriteExemplar[];
}

/**
 * Encodes one remote-write 1.0 message. Compress it with `snappyEncode` to send it.
 *
 * @see prometheus/prompb/remote.proto, types.proto
 */
export function encodeWriteRequest(series: Iterable<WriteSeries | WrittenSample>): Buffer {
  const writer = new ProtobufWriter(Array.isArray(series) ? bytesOf(series) : undefined);
  for (const one of series) {
    const exemplars = one.exemplars?.map(encodeExemplar);
    if ("samples" in one) writeSeries(writer, one, exemplars);
    else writeSample(writer, one, exemplars);
    for (const exemplar of exemplars ?? []) {
      writer.tag(0x1a);
      writer.varint(exemplar.length);
      writer.bytes(exemplar);
    }
  }
  return writer.written();
}

function writeSeries(
  writer: ProtobufWriter,
  { labels, encodedLabels, samples }: WriteSeries,
  exemplars: readonly Buffer[] | undefined,
): void {
  const encoded = encodedLabels ?? encodeLabels(labels).toString("latin1");
  let length = encoded.length + exemplarBytes(exemplars);
  for (const { timestampMs } of samples) length += 12 + varintBytes(timestampMs);
  writer.tag(0x0a);
  writer.varint(length);
  writer.latin1(encoded);
  for (const { timestampMs, value } of samples) writer.sample(timestampMs, value);
}

function writeSample(
  writer: ProtobufWriter,
  { encodedLabels, timestampMs, value }: WrittenSample,
  exemplars: readonly Buffer[] | undefined,
): void {
  writer.tag(0x0a);
  writer.varint(encodedLabels.length + exemplarBytes(exemplars) + 12 + varintBytes(timestampMs));
  writer.latin1(encodedLabels);
  writer.sample(timestampMs, value);
}

const exemplarBytes = (exemplars: readonly Buffer[] | undefined): number =>
  exemplars?.reduce((sum, { length }) => sum + 1 + varintBytes(length) + length, 0) ?? 0;

/** About how many bytes series with labels that are encoded already will take, so that the buffer need not grow. */
function bytesOf(series: readonly (WriteSeries | WrittenSample)[]): number {
  let bytes = 256;
  for (const { encodedLabels = "" } of series) bytes += encodedLabels.length + 32;
  return bytes;
}

/** Its labels are field 1, as those of a series are. */
function encodeExemplar({ labels, value, timestampMs }: WriteExemplar): Buffer {
  const writer = new ProtobufWriter();
  writer.bytes(encodeLabels(labels));
  writer.tag(0x11);
  writer.double(value);
  writer.tag(0x18);
  writer.varint(timestampMs);
  return writer.written();
}

/** Encodes labels as the bytes that a TimeSeries carries for them: repeated field 1. */
export function encodeLabels(labels: Labels): Buffer {
  const writer = new ProtobufWriter();
  for (const label of labels) {
    const encoded = encodeLabel(label);
    writer.tag(0x0a);
    writer.varint(encoded.length);
    writer.bytes(encoded);
  }
  return writer.written();
}

/** One label's name and value as the ranges of bytes that hold them. */
export interface RawLabel {
  readonly name: Uint8Array;
  readonly value: Uint8Array;
}

/**
 * Reads the labels that `WriteRequestCursor` found in [labelsStart, labelsEnd): the path of a series not seen before.
 *
 * @returns undefined when there are more than `countMax`.
 * @throws CodedError InvalidProtobuf (400) where a label cannot be read. Text is not checked here.
 */
export function decodeRawLabels(
  bytes: Uint8Array,
  countMax: number,
): readonly RawLabel[] | undefined {
  const labels: RawLabel[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes[at] !== 0x0a) throw invalidLabel("is no message");
    const { value: length, next } = readVarint(bytes, at + 1);
    if (length > bytes.length - next) throw invalidLabel("passes its end");
    if (labels.length === countMax) return undefined;
    labels.push(decodeRawLabel(bytes.subarray(next, next + length)));
    at = next + length;
  }
  return labels;
}

function decodeRawLabel(bytes: Uint8Array): RawLabel {
  let name: Uint8Array = new Uint8Array(0);
  let value: Uint8Array = name;
  let at = 0;
  while (at < bytes.length) {
    const tag = bytes[at];
    if (tag !== 0x0a && tag !== 0x12) throw invalidLabel("has a field that is no name or value");
    const { value: length, next } = readVarint(bytes, at + 1);
    if (length > bytes.length - next) throw invalidLabel("passes its end");
    const text = bytes.subarray(next, next + length);
    if (tag === 0x0a) name = text;
    else value = text;
    at = next + length;
  }
  return { name, value };
}

function readVarint(bytes: Uint8Array, start: number): { value: number; next: number } {
  let value = 0;
  for (let index = 0; index < 10; index++) {
    const byte = bytes[start + index];
    if (byte === undefined) throw invalidLabel("ends inside a length");
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, next: start + index + 1 };
  }
  throw invalidLabel("has a length of more than ten bytes");
}

const invalidLabel = (says: string): CodedError =>
  new CodedError("InvalidProtobuf", `A label ${says}. Send a remote write 1.0 WriteRequest.`, {
    status: wireErrors.InvalidProtobuf.status,
  });

/** Both fields are written even when empty, so that a test can send what a sender should not. */
function encodeLabel({ name, value }: Label): Buffer {
  const writer = new ProtobufWriter();
  for (const [tag, text] of [
    [0x0a, name],
    [0x12, value],
  ] as const) {
    const bytes = Buffer.from(text);
    writer.tag(tag);
    writer.varint(bytes.length);
    writer.bytes(bytes);
  }
  return writer.written();
}

function varintBytes(value: number): number {
  if (value < 0) return 10; // Two's complement in 64 bits.
  if (value >= 2 ** 35 && value < 2 ** 42) return 6; // Times of today.
  let rest = Number(value);
  let count = 1;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) count++;
  return count;
}

/** A buffer that grows by doubling. */
class ProtobufWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(bytes = 256) {
    this.#buffer = Buffer.allocUnsafe(bytes);
  }

  tag(byte: number): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = byte;
  }

  varint(value: number): void {
    this.#reserve(10);
    if (value >= 0) {
      // In two parts, since the integer operations of JavaScript have 32 bits and a time in milliseconds has 41.
      const high = Math.floor(value / 2 ** 28);
      let rest = high === 0 ? value : value - high * 2 ** 28;
      if (high > 0) {
        for (let byte = 0; byte < 4; byte++, rest >>>= 7) {
          this.#buffer[this.#length++] = (rest & 0x7f) | 0x80;
        }
        rest = high;
      }
      for (; rest >= 0x80; rest >>>= 7) this.#buffer[this.#length++] = (rest & 0x7f) | 0x80;
      this.#buffer[this.#length++] = rest;
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest >= 0x80n; rest >>= 7n) this.#buffer[this.#length++] = Number(rest & 0x7fn) | 0x80;
    this.#buffer[this.#length++] = Number(rest);
  }

  sample(timestampMs: number, value: number | "stale"): void {
    this.tag(0x12);
    this.varint(10 + varintBytes(timestampMs));
    this.tag(0x09);
    this.double(value);
    this.tag(0x10);
    this.varint(timestampMs);
  }

  double(value: number | "stale"): void {
    this.#reserve(8);
    if (value === "stale") this.#buffer.writeBigUInt64LE(STALE_NAN_BITS, this.#length);
    else this.#buffer.writeDoubleLE(value, this.#length);
    this.#length += 8;
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  latin1(text: string): void {
    this.#reserve(text.length);
    this.#buffer.write(text, this.#length, "latin1");
    this.#length += text.length;
  }

  written(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}
