/** One record of the log, encoded and decoded. @see docs/formats/wal.md */
import { crc32 } from "node:zlib";
import type { Head } from "./head.ts";
import type { RowSlice } from "./row-log.ts";

export const RECORD_HEAD_BYTES = 12;

/** The most bytes of a sample: flags, two zigzag numbers, a value. */
const SAMPLE_BYTES_MAX = 1 + 10 + 10 + 8;
const HAS_SERIES = 1;
const HAS_TIME = 2;

/** The segment that records are encoded for: which series it defined, and how many. */
export interface SegmentReferences {
  readonly segment: number;
  seriesCount: number;
}

/** A buffer that records are encoded into, one after another. It grows by doubling. */
export class RecordBuffer {
  bytes: Buffer;
  length = 0;

  constructor(capacity: number) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
  }

  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }
}

/** Encodes the samples of `slices` as one record; defines the series that the segment does not know yet. */
export function encodeRecord(
  buffer: RecordBuffer,
  head: Head,
  slices: readonly RowSlice[],
  references: SegmentReferences,
): void {
  const start = buffer.length;
  buffer.reserve(RECORD_HEAD_BYTES);
  buffer.length += RECORD_HEAD_BYTES;
  defineSeries(buffer, head, slices, references);
  const count = slices.reduce((sum, slice) => sum + slice.end - slice.start, 0);
  buffer.reserve(10 + count * SAMPLE_BYTES_MAX);
  buffer.length = writeVarint(buffer.bytes, buffer.length, count);
  const previous = { reference: -1, timestampMs: 0 };
  for (const slice of slices) {
    buffer.length = encodeSamples(buffer, head.states.walReferences, slice, previous);
  }
  const payloadStart = start + RECORD_HEAD_BYTES;
  const { bytes } = buffer;
  bytes.writeUInt32LE(buffer.length - payloadStart, start);
  bytes.writeUInt32LE(crc32(bytes.subarray(payloadStart, buffer.length)), start + 4);
  bytes.writeUInt32LE(crc32(bytes.subarray(start, start + 8)), start + 8);
}

function defineSeries(
  buffer: RecordBuffer,
  head: Head,
  slices: readonly RowSlice[],
  references: SegmentReferences,
): void {
  const { walSegments, walReferences } = head.states;
  const added: number[] = [];
  for (const { page, start, end } of slices) {
    for (let at = start; at < end; at++) {
      const series = page.series[at] as number;
      if (walSegments[series] === references.segment) continue;
      walSegments[series] = references.segment;
      walReferences[series] = references.seriesCount++;
      added.push(series);
    }
  }
  buffer.reserve(10);
  buffer.length = writeVarint(buffer.bytes, buffer.length, added.length);
  for (const series of added) {
    const labels = head.labelBytesOf(series);
    buffer.reserve(10 + labels.length);
    const at = writeVarint(buffer.bytes, buffer.length, labels.length);
    buffer.bytes.set(labels, at);
    buffer.length = at + labels.length;
  }
}

/** Writes one part of a page's samples; answers where it ended. `previous` goes on from part to part. */
function encodeSamples(
  buffer: RecordBuffer,
  walReferences: Uint32Array,
  { page, start, end }: RowSlice,
  previous: { reference: number; timestampMs: number },
): number {
  const { bytes } = buffer;
  const { series, timestampsMs, valueBits } = page;
  let { reference, timestampMs } = previous;
  let to = buffer.length;
  for (let at = start; at < end; at++) {
    const flagsAt = to++;
    let flags = 0;
    const nextReference = walReferences[series[at] as number] as number;
    if (nextReference !== reference + 1) {
      flags = HAS_SERIES;
      to = writeZigzag(bytes, to, nextReference - (reference + 1));
    }
    reference = nextReference;
    const nextMs = timestampsMs[at] as number;
    if (nextMs !== timestampMs) {
      flags |= HAS_TIME;
      to = writeZigzag(bytes, to, nextMs - timestampMs);
      timestampMs = nextMs;
    }
    const low = valueBits[2 * at] as number;
    const high = valueBits[2 * at + 1] as number;
    const zeros = trailingZeroBytes(low, high);
    bytes[flagsAt] = flags | (zeros << 4);
    for (let index = zeros; index < 8; index++) {
      bytes[to++] = index < 4 ? low >>> (8 * index) : high >>> (8 * (index - 4));
    }
  }
  previous.reference = reference;
  previous.timestampMs = timestampMs;
  return to;
}

function trailingZeroBytes(low: number, high: number): number {
  if (low !== 0) return trailingZeroBits(low) >> 3;
  return high === 0 ? 8 : 4 + (trailingZeroBits(high) >> 3);
}

const trailingZeroBits = (word: number): number => 31 - Math.clz32(word & -word);

function writeVarint(bytes: Buffer, at: number, value: number): number {
  let rest = value;
  let to = at;
  for (; rest >= 0x1000_0000; rest = Math.floor(rest / 128)) bytes[to++] = (rest % 128) | 0x80;
  for (; rest >= 0x80; rest >>>= 7) bytes[to++] = (rest & 0x7f) | 0x80;
  bytes[to++] = rest;
  return to;
}

/** Exact for differences of timestamps that the head takes, which are well inside 2^52. */
const writeZigzag = (bytes: Buffer, at: number, value: number): number =>
  writeVarint(bytes, at, value < 0 ? -2 * value - 1 : 2 * value);

/** What a record holds, told one thing after another. */
export interface RecordVisitor {
  series(labelBytes: Uint8Array): void;
  /** @param reference - the series' number in the segment. */
  sample(reference: number, timestampMs: number, bits: { low: number; high: number }): void;
}

/**
 * Decodes one record's payload, whose CRC was right. `seriesCount` series are defined in the segment before it.
 *
 * @returns undefined, or what is wrong with it; the visitor may have been told a part by then.
 */
export function decodeRecord(
  payload: Buffer,
  seriesCount: number,
  visitor: RecordVisitor,
): string | undefined {
  const reader = new PayloadReader(payload);
  const defined = reader.varint();
  for (let index = 0; index < defined && !reader.failed; index++) {
    const labels = reader.bytes(reader.varint());
    if (labels !== undefined) visitor.series(labels);
  }
  const known = seriesCount + defined;
  const samples = reader.varint();
  const bits = { low: 0, high: 0 };
  let reference = -1;
  let timestampMs = 0;
  for (let index = 0; index < samples && !reader.failed; index++) {
    const flags = reader.byte();
    reference += 1 + ((flags & HAS_SERIES) === 0 ? 0 : reader.zigzag());
    if ((flags & HAS_TIME) !== 0) timestampMs += reader.zigzag();
    reader.value(flags >> 4, bits);
    if (reference < 0 || reference >= known) return `a sample of series ${reference} of ${known}`;
    if (!reader.failed) visitor.sample(reference, timestampMs, bits);
  }
  return reader.failed || reader.at !== payload.length ? "counts that do not fit" : undefined;
}

/** Reads a payload. Past its end it answers zeros and says that it failed. */
class PayloadReader {
  readonly #bytes: Buffer;
  at = 0;
  failed = false;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) this.failed = true;
    return byte ?? 0;
  }

  varint(): number {
    let value = 0;
    for (let index = 0; index < 8; index++) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) return value;
    }
    this.failed = true;
    return 0;
  }

  zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  bytes(length: number): Uint8Array | undefined {
    if (length > this.#bytes.length - this.at) {
      this.failed = true;
      return undefined;
    }
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  value(zeros: number, bits: { low: number; high: number }): void {
    bits.low = 0;
    bits.high = 0;
    if (zeros > 8) this.failed = true;
    for (let index = zeros; index < 8; index++) {
      const byte = this.byte();
      if (index < 4) bits.low |= byte << (8 * index);
      else bits.high |= byte << (8 * (index - 4));
    }
  }
}
