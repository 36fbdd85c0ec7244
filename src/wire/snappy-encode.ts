/** Snappy's block format, written: greedy matching in blocks of 64 KiB, as the reference encoder does. */

const BLOCK_BYTES = 1 << 16;
const HASH_BITS = 14;
/** Near a block's end nothing is matched, so that the four-byte reads stay inside it. */
const MARGIN_BYTES = 15;

/**
 * Encodes `content`, of less than 2^32 bytes, as one snappy block.
 *
 * @see https://github.com/google/snappy/blob/main/format_description.txt
 */
export function snappyEncode(content: Uint8Array): Buffer {
  const output = Buffer.allocUnsafe(lengthMax(content.length));
  const table = new Uint16Array(1 << HASH_BITS);
  let to = writeVarint(output, 0, content.length);
  for (let at = 0; at < content.length; at += BLOCK_BYTES) {
    to = encodeBlock(content.subarray(at, at + BLOCK_BYTES), table, { output, to });
  }
  return output.subarray(0, to);
}

/** The reference's bound: 32 bytes and a sixth more than the content. */
const lengthMax = (length: number): number => 32 + length + Math.ceil(length / 6);

interface Sink {
  readonly output: Buffer;
  to: number;
}

function encodeBlock(block: Uint8Array, table: Uint16Array, sink: Sink): number {
  table.fill(0);
  const view = new DataView(block.buffer, block.byteOffset, block.length);
  const limit = block.length - MARGIN_BYTES;
  let literalStart = 0;
  let at = 1;
  let misses = 32;
  while (at < limit) {
    const word = view.getUint32(at, true);
    const slot = Math.imul(word, 0x1e35a7bd) >>> (32 - HASH_BITS);
    const candidate = table[slot] ?? 0;
    table[slot] = at;
    if (candidate >= at || view.getUint32(candidate, true) !== word) {
      // Where nothing matches, the steps grow: random bytes are passed over quickly.
      at += misses++ >> 5;
      continue;
    }
    misses = 32;
    let length = 4;
    while (at + length < block.length && block[candidate + length] === block[at + length]) length++;
    writeLiteral(block.subarray(literalStart, at), sink);
    writeCopies(at - candidate, length, sink);
    at += length;
    literalStart = at;
  }
  writeLiteral(block.subarray(literalStart), sink);
  return sink.to;
}

function writeLiteral(bytes: Uint8Array, sink: Sink): void {
  const { output } = sink;
  const length = bytes.length;
  if (length === 0) return;
  if (length <= 60) output[sink.to++] = (length - 1) << 2;
  else if (length <= 256) {
    output[sink.to++] = 60 << 2;
    output[sink.to++] = length - 1;
  } else {
    output[sink.to++] = 61 << 2;
    sink.to = output.writeUInt16LE(length - 1, sink.to);
  }
  output.set(bytes, sink.to);
  sink.to += length;
}

/** Copies of at most 64 bytes; no rest shorter than 4, which the short form could not say. */
function writeCopies(offset: number, length: number, sink: Sink): void {
  let left = length;
  while (left >= 68) {
    writeCopy(offset, 64, sink);
    left -= 64;
  }
  if (left > 64) {
    writeCopy(offset, 60, sink);
    left -= 60;
  }
  writeCopy(offset, left, sink);
}

function writeCopy(offset: number, length: number, sink: Sink): void {
  const { output } = sink;
  if (length < 12 && offset < 2048) {
    output[sink.to++] = ((offset >> 8) << 5) | ((length - 4) << 2) | 1;
    output[sink.to++] = offset & 0xff;
    return;
  }
  output[sink.to++] = ((length - 1) << 2) | 2;
  sink.to = output.writeUInt16LE(offset, sink.to);
}

function writeVarint(output: Buffer, at: number, value: number): number {
  let rest = value;
  let to = at;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) output[to++] = (rest % 128) | 0x80;
  output[to++] = rest;
  return to;
}
