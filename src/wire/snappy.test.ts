/** Snappy blocks: round trips, the format's own forms, every lie a block can tell, and random bytes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CodedError, seededRandom } from "../core/index.ts";
import { SNAPPY_SLACK_BYTES, snappyDecode, snappyEncode } from "./index.ts";

const decode = (bytes: Uint8Array | readonly number[], bytesMax = 1 << 20): Buffer =>
  Buffer.from(snappyDecode(Uint8Array.from(bytes), { bytesMax }));

function refusal(bytes: readonly number[], bytesMax?: number): CodedError {
  try {
    decode(bytes, bytesMax);
  } catch (error) {
    assert.ok(error instanceof CodedError);
    return error;
  }
  return assert.fail("The block was decoded.");
}

/** Bytes with repeats at many distances. */
function sample(seed: number, length: number): Buffer {
  const random = seededRandom(seed);
  const bytes = Buffer.alloc(length);
  let at = 0;
  while (at < length) {
    const [kind = 0, size = 0, back = 0] = random.bytes(3);
    const count = Math.min((size & 127) + 1, length - at);
    if (kind < 100 || at === 0) random.bytes(count).copy(bytes, at);
    else {
      const from = Math.max(0, at - 1 - back * (kind < 180 ? 1 : 97));
      for (let index = 0; index < count; index++) bytes[at + index] = bytes[from + index] ?? 0;
    }
    at += count;
  }
  return bytes;
}

test("what is encoded is decoded again, at every length around the forms' bounds", () => {
  for (const length of [0, 1, 2, 15, 16, 17, 59, 60, 61, 255, 256, 257, 65_535, 65_536, 65_537]) {
    for (const content of [Buffer.alloc(length, 7), sample(length + 1, length)]) {
      assert.deepEqual(decode(snappyEncode(content)), content);
    }
  }
});

test("random contents come back as they were", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const content = sample(seed, (seed * 7919) % 5000);
    assert.deepEqual(decode(snappyEncode(content)), content);
  }
});

test("repeats compress", () => {
  assert.ok(snappyEncode(Buffer.alloc(100_000, "abcdefgh")).length < 6_000);
});

test("all four element kinds are read, with overlapping copies", () => {
  assert.equal(decode([12, 0x08, 97, 98, 99, 0b000_101_01, 3]).toString(), "abcabcabcabc");
  assert.equal(decode([9, 0x08, 97, 98, 99, (5 << 2) | 2, 3, 0]).toString(), "abcabcabc");
  assert.equal(decode([9, 0x08, 97, 98, 99, (5 << 2) | 3, 1, 0, 0, 0]).toString(), "abccccccc");
  const long = Buffer.alloc(300, "x");
  for (const head of [
    [61 << 2, 43, 1],
    [62 << 2, 43, 1, 0],
    [63 << 2, 43, 1, 0, 0],
  ]) {
    assert.deepEqual(decode([0xac, 2, ...head, ...long]), long);
  }
});

test("each cut of a block is refused as InvalidSnappy", () => {
  const block = snappyEncode(sample(5, 3000));
  for (let length = 0; length < block.length; length++) {
    assert.equal(refusal([...block.subarray(0, length)]).code, "InvalidSnappy");
  }
});

test("lengths, offsets and trailing bytes that lie are refused as InvalidSnappy, status 400", () => {
  const cases: readonly (readonly [readonly number[], RegExp])[] = [
    [[], /inside its length/],
    [[0xff, 0xff, 0xff, 0xff, 0x1f], /32 bits/],
    [[0xff, 0xff, 0xff, 0xff, 0xff, 0x01], /32 bits/],
    [[5, 60 << 2], /literal's length/],
    [[5, 0x08, 97], /inside a literal/],
    [[5, 63 << 2, 0xff, 0xff, 0xff, 0xff], /inside a literal/],
    [[2, 0x08, 97, 98, 99], /more bytes than it declares/],
    [[8, 0x00, 97, 0b000_000_01], /inside a copy/],
    [[8, 0x00, 97, 2, 1], /inside a copy/],
    [[8, 0x00, 97, 3, 1, 0, 0], /inside a copy/],
    [[8, 0x00, 97, 0b000_001_01, 0], /before its start/],
    [[8, 0x00, 97, 0b000_001_01, 2], /before its start/],
    [[3, 0x00, 97, 0b000_001_01, 1], /more bytes than it declares/],
    [[9, 0x00, 97, 0b000_001_01, 1], /declares 9 bytes and holds 6/],
    [[2, 0x00, 97], /declares 2 bytes and holds 1/],
  ];
  for (const [bytes, says] of cases) {
    const error = refusal(bytes);
    assert.equal(error.code, "InvalidSnappy");
    assert.equal(error.status, 400);
    assert.match(error.message, says);
  }
});

test("a bomb is refused before memory is taken for it", () => {
  const bomb = [0x80, 0x80, 0x80, 0x10, 0x00, 97];
  assert.match(refusal(bomb, 1 << 30).message, /cannot hold them/);
});

test("a block at the decoded limit is taken and one byte past it is refused with 413", () => {
  const content = sample(9, 1000);
  assert.deepEqual(decode(snappyEncode(content), 1000), content);
  const error = refusal([...snappyEncode(Buffer.concat([content, Buffer.from("x")]))], 1000);
  assert.equal(error.code, "DecodedBodyTooLarge");
  assert.equal(error.status, 413);
});

test("a given output is used when it is large enough, and never written past the slack", () => {
  const content = sample(3, 500);
  const block = snappyEncode(content);
  const output = new Uint8Array(600).fill(0xaa);
  const decoded = snappyDecode(block, { bytesMax: 500, output });
  assert.equal(decoded.buffer, output.buffer);
  assert.deepEqual(Buffer.from(decoded), content);
  assert.ok(output.subarray(500 + SNAPPY_SLACK_BYTES).every((byte) => byte === 0xaa));
  const small = new Uint8Array(500 + SNAPPY_SLACK_BYTES - 1);
  assert.notEqual(snappyDecode(block, { bytesMax: 500, output: small }).buffer, small.buffer);
});

test("damaged blocks are decoded or refused with a code, and never fail otherwise", () => {
  const random = seededRandom(0xbad);
  const block = snappyEncode(sample(11, 2000));
  let refused = 0;
  for (let round = 0; round < 3000; round++) {
    const damaged = Buffer.from(block);
    const spots = random.bytes(9);
    for (let n = 0; n < 9; n += 3) {
      damaged[(((spots[n] ?? 0) << 8) | (spots[n + 1] ?? 0)) % damaged.length] = spots[n + 2] ?? 0;
    }
    try {
      snappyDecode(damaged, { bytesMax: 4000 });
    } catch (error) {
      assert.ok(error instanceof CodedError);
      refused++;
    }
  }
  assert.ok(refused > 100);
});
