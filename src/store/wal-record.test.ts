/** Records and the key hash: round trips, and payloads that lie. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import { labelsOf, limits, seededRandom } from "../core/index.ts";
import { encodeWriteRequest } from "../wire/index.ts";
import { halfSipHash } from "./half-sip-hash.ts";
import { Head } from "./head.ts";
import { decodeRecord, encodeRecord, RECORD_HEAD_BYTES, RecordBuffer } from "./wal-record.ts";

const NOW_MS = 1_767_225_600_000;

function decodeAll(
  payload: Buffer,
  known = 0,
): { series: number; samples: unknown[]; says: string | undefined } {
  const samples: unknown[] = [];
  let series = 0;
  const says = decodeRecord(payload, known, {
    series: () => void series++,
    sample: (reference, timestampMs, { low, high }) =>
      void samples.push([reference, timestampMs, low, high]),
  });
  return { series, samples, says };
}

test("samples come back with their series, times and bits", () => {
  const head = new Head(limits, { k0: 1, k1: 2 });
  const values = [
    0,
    -0,
    1,
    255,
    256,
    65_536,
    0.1,
    -1e300,
    Infinity,
    Number.MIN_VALUE,
    "stale",
  ] as const;
  const series = values.map((value, index) => ({
    labels: labelsOf({ __name__: "m", index: String(index) }),
    samples: [
      { timestampMs: NOW_MS - index, value },
      { timestampMs: NOW_MS + index * 1000, value },
    ],
  }));
  head.append(encodeWriteRequest(series), NOW_MS);
  const buffer = new RecordBuffer(16);
  encodeRecord(buffer, head, head.rows.since(0), { segment: 1, seriesCount: 0 });
  const { bytes } = buffer;
  const payload = bytes.subarray(RECORD_HEAD_BYTES, buffer.length);
  assert.equal(bytes.readUInt32LE(0), payload.length);
  assert.equal(bytes.readUInt32LE(4), crc32(payload));
  assert.equal(bytes.readUInt32LE(8), crc32(bytes.subarray(0, 8)));
  const decoded = decodeAll(payload);
  assert.equal(decoded.says, undefined);
  assert.equal(decoded.series, values.length);
  const bits = (value: number | "stale"): number[] => {
    const raw = Buffer.alloc(8);
    if (value === "stale") raw.writeBigUInt64LE(0x7ff0000000000002n);
    else raw.writeDoubleLE(value);
    return [raw.readInt32LE(0), raw.readInt32LE(4)];
  };
  const expected = values.flatMap((value, index) =>
    // The first series' second sample has the time of its first: it is a repetition.
    (index === 0 ? [0] : [-index, index * 1000]).map((afterMs) => [
      index,
      NOW_MS + afterMs,
      ...bits(value),
    ]),
  );
  assert.deepEqual(decoded.samples, expected);
});

test("a payload that ends early, goes on, or names a series that is not there is told as damage", () => {
  const samples = (...bytes: readonly number[]): Buffer => Buffer.from([0, ...bytes]);
  assert.equal(decodeAll(samples(1, 0x80), 1).says, undefined);
  assert.match(decodeAll(samples(1, 0x80), 0).says ?? "", /series 0 of 0/);
  assert.match(decodeAll(samples(1, 0x81, 0x01), 1).says ?? "", /series -1 of 1/);
  assert.match(decodeAll(samples(1, 0x90), 1).says ?? "", /do not fit/);
  assert.match(decodeAll(samples(1, 0x00), 1).says ?? "", /do not fit/);
  assert.match(decodeAll(samples(2, 0x80), 2).says ?? "", /do not fit/);
  assert.match(decodeAll(samples(1, 0x80, 0), 1).says ?? "", /do not fit/);
  assert.match(decodeAll(Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f])).says ?? "", /do not fit/);
  assert.match(decodeAll(Buffer.from([1, 5, 1])).says ?? "", /do not fit/);
  assert.match(decodeAll(Buffer.alloc(0)).says ?? "", /do not fit/);
});

test("random payloads are decoded or told as damage, in bounded time", () => {
  const random = seededRandom(31);
  for (let round = 0; round < 3000; round++) {
    const { samples } = decodeAll(random.bytes(40), 10);
    assert.ok(samples.length <= 40);
  }
});

/** HalfSipHash-1-3 as its paper writes it, word by word. */
function reference(bytes: Uint8Array, k0: number, k1: number): number {
  let [v0, v1, v2, v3] = [k0, k1, 0x6c796765 ^ k0, 0x74656462 ^ k1];
  const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by));
  const round = (): void => {
    v0 = (v0 + v1) | 0;
    v1 = rotate(v1, 5) ^ v0;
    v0 = rotate(v0, 16);
    v2 = (v2 + v3) | 0;
    v3 = rotate(v3, 8) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = rotate(v3, 7) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = rotate(v1, 13) ^ v2;
    v2 = rotate(v2, 16);
  };
  const padded = Buffer.alloc((bytes.length & ~3) + 4);
  padded.set(bytes);
  padded[padded.length - 1] = bytes.length;
  for (let at = 0; at < padded.length; at += 4) {
    const word = padded.readInt32LE(at);
    v3 ^= word;
    round();
    v0 ^= word;
  }
  v2 ^= 0xff;
  for (let index = 0; index < 3; index++) round();
  return (v1 ^ v3) >>> 0;
}

test("the key hash is HalfSipHash-1-3, at every length and place", () => {
  const random = seededRandom(5);
  const bytes = random.bytes(400);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let length = 0; length < 300; length++) {
    const start = length % 7;
    const key = { k0: random.bytes(4).readInt32LE(), k1: random.bytes(4).readInt32LE() };
    assert.equal(
      halfSipHash(view, { start, end: start + length }, key),
      reference(bytes.subarray(start, start + length), key.k0, key.k1),
    );
  }
});
