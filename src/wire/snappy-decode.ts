/** Snappy's block format, read: into memory that is bounded before it is taken. */
import { CodedError } from "../core/index.ts";
import { wireErrors } from "./errors.ts";

export interface SnappyDecodeOptions {
  /** The most bytes that the decoded block may have. */
  readonly bytesMax: number;
  /** Memory to decode into, when it is large enough: at least the decoded length and `SNAPPY_SLACK_BYTES`. */
  readonly output?: Uint8Array | undefined;
}

/** Copies go in steps of eight bytes, so the output's memory ends this much after its content. */
export const SNAPPY_SLACK_BYTES = 8;

/** Up to here a loop is faster than the engine's copy of a range. */
const SHORT_LITERAL_BYTES = 64;

/** The longest copy, 64 bytes, takes three bytes: no block decodes to more than this many times its size. */
const BYTES_OUT_PER_3_IN = 64;

/**
 * Decodes one snappy block.
 *
 * @returns the content: a view of `output` where it was large enough, else of memory of its own.
 * @throws CodedError InvalidSnappy (400) when the block is cut off, points before its start, or lies about its length;
 *   DecodedBodyTooLarge (413) when its declared length passes `bytesMax`. Nothing is allocated for either.
 * @see https://github.com/google/snappy/blob/main/format_description.txt
 */
export function snappyDecode(
  compressed: Uint8Array,
  { bytesMax, output }: SnappyDecodeOptions,
): Uint8Array {
  const { length, headBytes } = readLength(compressed);
  if (length > bytesMax) {
    throw new CodedError(
      "DecodedBodyTooLarge",
      `The body has ${length} bytes once decompressed; the limit is ${bytesMax}. Send fewer samples in one request.`,
      { status: wireErrors.DecodedBodyTooLarge.status },
    );
  }
  const lengthMax = Math.ceil(((compressed.length - headBytes) * BYTES_OUT_PER_3_IN) / 3);
  if (length > lengthMax) {
    throw invalid(`declares ${length} bytes, and its ${compressed.length} bytes cannot hold them`);
  }
  const needed = length + SNAPPY_SLACK_BYTES;
  const target = output !== undefined && output.length >= needed ? output : new Uint8Array(needed);
  const decoded = decodeElements(compressed, headBytes, target.subarray(0, needed));
  if (decoded !== length) throw invalid(`declares ${length} bytes and holds ${decoded}`);
  return target.subarray(0, length);
}

/** The declared length: a varint of at most 32 bits. */
function readLength(compressed: Uint8Array): { length: number; headBytes: number } {
  let length = 0;
  for (let at = 0; at < 5; at++) {
    const byte = compressed[at];
    if (byte === undefined) throw invalid("ends inside its length");
    length += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) {
      if (length > 0xffff_ffff) break;
      return { length, headBytes: at + 1 };
    }
  }
  throw invalid("declares a length of more than 32 bits");
}

/** One loop over literals and copies; answers the bytes written. `output` has the content's bytes and the slack, no more. */
function decodeElements(input: Uint8Array, start: number, output: Uint8Array): number {
  const inputEnd = input.length;
  const outputEnd = output.length - SNAPPY_SLACK_BYTES;
  const source = new DataView(input.buffer, input.byteOffset, inputEnd);
  const target = new DataView(output.buffer, output.byteOffset, output.length);
  let from = start;
  let to = 0;
  while (from < inputEnd) {
    const tag = source.getUint8(from++);
    const kind = tag & 3;
    if (kind === 0) {
      const extraBytes = Math.max(0, (tag >> 2) - 59);
      if (extraBytes > inputEnd - from) throw invalid("ends inside a literal's length");
      const length = 1 + (extraBytes === 0 ? tag >> 2 : readLittleEndian(source, from, extraBytes));
      from += extraBytes;
      if (length > inputEnd - from) throw invalid("ends inside a literal");
      if (length > outputEnd - to) throw invalid("holds more bytes than it declares");
      if (length <= SHORT_LITERAL_BYTES && inputEnd - from >= SHORT_LITERAL_BYTES) {
        copyShortLiteral(source, from, target, { to, end: to + length });
      } else output.set(input.subarray(from, from + length), to);
      from += length;
      to += length;
      continue;
    }
    const offsetBytes = kind === 3 ? 4 : kind;
    if (offsetBytes > inputEnd - from) throw invalid("ends inside a copy");
    const length = copyLength(tag);
    const offset = readOffset(source, from, tag);
    from += offsetBytes;
    if (offset === 0 || offset > to) throw invalid("copies from before its start");
    if (length > outputEnd - to) throw invalid("holds more bytes than it declares");
    copyBack(target, { to, offset, length });
    to += length;
  }
  return to;
}

/** Whole steps of eight bytes: the last may pass the literal, inside the input and the output's slack. */
function copyShortLiteral(
  source: DataView,
  from: number,
  target: DataView,
  { to, end }: { readonly to: number; readonly end: number },
): void {
  for (let at = to; at < end; at += 8) {
    target.setBigUint64(at, source.getBigUint64(from + at - to));
  }
}

interface Copy {
  readonly to: number;
  readonly offset: number;
  readonly length: number;
}

function copyBack(view: DataView, { to, offset, length }: Copy): void {
  const end = to + length;
  if (offset >= 8) {
    // Whole steps of eight bytes: the last may write past the copy, into what comes next or the slack.
    for (let at = to; at < end; at += 8) view.setBigUint64(at, view.getBigUint64(at - offset));
  } else {
    for (let at = to; at < end; at++) view.setUint8(at, view.getUint8(at - offset));
  }
}

const copyLength = (tag: number): number =>
  (tag & 3) === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;

function readOffset(view: DataView, at: number, tag: number): number {
  const kind = tag & 3;
  if (kind === 1) return ((tag >> 5) << 8) | view.getUint8(at);
  return kind === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
}

function readLittleEndian(view: DataView, at: number, count: number): number {
  let value = 0;
  for (let index = count - 1; index >= 0; index--) value = value * 256 + view.getUint8(at + index);
  return value;
}

const invalid = (says: string): CodedError =>
  new CodedError("InvalidSnappy", `The snappy block ${says}. Send one whole block.`, {
    status: wireErrors.InvalidSnappy.status,
  });
