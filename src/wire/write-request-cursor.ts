/** Remote write 1.0's WriteRequest, read in place: a cursor over its bytes that makes no object per series or sample. */
import { CodedError } from "../core/index.ts";
import { wireErrors } from "./errors.ts";

const LENGTH_DELIMITED = 2;
/** Tags as bytes: the field's number and wire type. */
const TAG_TIME_SERIES = 0x0a;
const TAG_LABEL = 0x0a;
const TAG_SAMPLE = 0x12;
const TAG_VALUE = 0x09;
const TAG_TIMESTAMP = 0x10;
const FIELD_METADATA = 3;
const FIELD_LABELS = 1;
const FIELD_SAMPLES = 2;
const FIELD_EXEMPLARS = 3;
const FIELD_HISTOGRAMS = 4;

/**
 * Walks one message: `nextSeries`, then `readLabels` or `takeLabels`, then `nextSample` until it answers false.
 * Each method throws CodedError InvalidProtobuf (400) where the bytes are not a WriteRequest; no read leaves the message.
 *
 * A series whose labels come after its samples is refused by name: no known sender writes it, and its labels would
 * not be one run of bytes.
 *
 * @see https://prometheus.io/docs/specs/prw/remote_write_spec/ and prometheus/prompb/remote.proto, types.proto
 */
export class WriteRequestCursor {
  readonly bytes: Buffer;
  readonly view: DataView;

  /** The series' labels as protobuf wrote them: repeated field 1, tags and all. `labelsEnd` is set once they are read. */
  labelsStart = 0;
  labelsEnd = 0;
  /** Where the current series ends; labels and samples lie before it. */
  seriesEnd = 0;

  /** The current sample's time, in milliseconds since the Unix epoch. */
  timestampMs = 0;
  /** The current sample's value, as the two halves of its bits: a number would lose the staleness marker's. */
  valueLow = 0;
  valueHigh = 0;

  /** What the message carried besides series of samples, and the store does not take. */
  metadataCount = 0;
  exemplarCount = 0;
  histogramCount = 0;

  #position = 0;

  constructor(message: Uint8Array) {
    this.bytes = Buffer.from(message.buffer, message.byteOffset, message.length);
    this.view = new DataView(message.buffer, message.byteOffset, message.length);
  }

  /** Moves to the next series, past what is left of this one; false at the message's end. */
  nextSeries(): boolean {
    const end = this.bytes.length;
    this.#position = this.seriesEnd;
    while (this.#position < end) {
      if (this.bytes[this.#position] === TAG_TIME_SERIES) {
        this.#position++;
        const length = this.#length(end);
        this.labelsStart = this.#position;
        this.labelsEnd = this.#position;
        this.seriesEnd = this.#position + length;
        return true;
      }
      const tag = this.#tag(end);
      if (tag >>> 3 === FIELD_METADATA) this.metadataCount++;
      this.#skip(tag & 7, end);
    }
    this.seriesEnd = end;
    return false;
  }

  /** Finds where the current series' labels end, by walking them. */
  readLabels(): void {
    const { bytes, seriesEnd } = this;
    let position = this.labelsStart;
    while (position < seriesEnd && bytes[position] === TAG_LABEL) {
      this.#position = position + 1;
      position = this.#length(seriesEnd) + this.#position;
    }
    this.#position = position;
    this.labelsEnd = position;
  }

  /**
   * Takes the first `length` bytes of the series as its labels without a walk. Only for a caller that compared these
   * bytes with labels that were read before.
   *
   * @returns false, and takes nothing, when another label follows them.
   */
  takeLabels(length: number): boolean {
    const end = this.labelsStart + length;
    if (end > this.seriesEnd || (end < this.seriesEnd && this.bytes[end] === TAG_LABEL)) {
      return false;
    }
    this.#position = end;
    this.labelsEnd = end;
    return true;
  }

  /** Moves to the current series' next sample; false when it has no more. Call it after the labels were read. */
  nextSample(): boolean {
    const { bytes, seriesEnd } = this;
    while (this.#position < seriesEnd) {
      if (bytes[this.#position] === TAG_SAMPLE) {
        this.#position++;
        this.#readSample(this.#length(seriesEnd));
        return true;
      }
      const tag = this.#tag(seriesEnd);
      const field = tag >>> 3;
      if (field === FIELD_EXEMPLARS) this.exemplarCount++;
      else if (field === FIELD_HISTOGRAMS) this.histogramCount++;
      else if (field === FIELD_LABELS) throw this.#invalid("has labels after samples");
      else if (field === FIELD_SAMPLES) throw this.#invalid("has a sample that is no message");
      this.#skip(tag & 7, seriesEnd);
    }
    return false;
  }

  #readSample(length: number): void {
    const { bytes, view } = this;
    const start = this.#position;
    const end = start + length;
    this.timestampMs = 0;
    this.valueLow = 0;
    this.valueHigh = 0;
    while (this.#position < end) {
      const tag = bytes[this.#position];
      if (tag === TAG_VALUE) {
        const at = this.#position + 1;
        if (end - at < 8) throw this.#invalid("ends inside a value");
        this.valueLow = view.getInt32(at, true);
        this.valueHigh = view.getInt32(at + 4, true);
        this.#position = at + 8;
      } else if (tag === TAG_TIMESTAMP) {
        this.#position++;
        this.timestampMs = this.#int64(end);
      } else {
        const other = this.#tag(end);
        if (other >>> 3 <= 2) throw this.#invalid("has a sample's field in another wire type");
        this.#skip(other & 7, end);
      }
    }
  }

  /** A 64-bit integer in two's complement; inexact past 2^53, where no timestamp is taken anyway. */
  #int64(end: number): number {
    const { bytes } = this;
    let position = this.#position;
    let first = 0; // Bits 0 to 27.
    let second = 0; // Bits 28 to 55.
    let third = 0; // Bits 56 to 63.
    for (let shift = 0; shift < 70; shift += 7) {
      if (position >= end) throw this.#invalid("ends inside a number");
      const byte = bytes[position++] as number;
      const bits = byte & 0x7f;
      if (shift < 28) first |= bits << shift;
      else if (shift < 56) second |= bits << (shift - 28);
      else third |= bits << (shift - 56);
      if (byte < 0x80) {
        this.#position = position;
        const low = (first | (second << 28)) >>> 0;
        const high = (second >>> 4) | (third << 24);
        return high * 0x1_0000_0000 + low;
      }
    }
    throw this.#invalid("has a number of more than ten bytes");
  }

  /** A length that ends at `end` or before. */
  #length(end: number): number {
    const position = this.#position;
    const byte = this.bytes[position];
    if (position < end && byte !== undefined && byte < 0x80) {
      this.#position = position + 1;
      if (byte > end - position - 1) throw this.#invalid("has a field that passes its end");
      return byte;
    }
    const length = this.#int64(end);
    if (length < 0 || length > end - this.#position) {
      throw this.#invalid("has a field that passes its end");
    }
    return length;
  }

  #tag(end: number): number {
    const tag = this.#int64(end);
    if (tag < 8 || tag > 0xffff_ffff) throw this.#invalid("has a field without a number");
    return tag;
  }

  #skip(wireType: number, end: number): void {
    if (wireType === 0) this.#int64(end);
    else if (wireType === 1) this.#position += 8;
    else if (wireType === LENGTH_DELIMITED) {
      const length = this.#length(end);
      this.#position += length;
    } else if (wireType === 5) this.#position += 4;
    else throw this.#invalid(`has wire type ${wireType}, which proto3 does not write`);
    if (this.#position > end) throw this.#invalid("has a field that passes its end");
  }

  #invalid(says: string): CodedError {
    return new CodedError(
      "InvalidProtobuf",
      `The message ${says}, near byte ${this.#position} of ${this.bytes.length}. Send a remote write 1.0 WriteRequest.`,
      { status: wireErrors.InvalidProtobuf.status },
    );
  }
}
