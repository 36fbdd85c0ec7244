/** Remote write messages: round trips through the cursor, what it passes over, what it refuses, and random bytes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CodedError, labelsOf, seededRandom, STALE_NAN_BITS } from "../core/index.ts";
import { decodeRawLabels, encodeLabels, encodeWriteRequest, WriteRequestCursor } from "./index.ts";
import type { WriteSeries } from "./index.ts";

interface ReadSeries {
  readonly labels: readonly (readonly [string, string])[];
  readonly samples: readonly (readonly [number, bigint])[];
}

function readAll(message: Uint8Array, cursor = new WriteRequestCursor(message)): ReadSeries[] {
  const all: ReadSeries[] = [];
  while (cursor.nextSeries()) {
    cursor.readLabels();
    const raw = decodeRawLabels(message.subarray(cursor.labelsStart, cursor.labelsEnd), 63) ?? [];
    const samples: (readonly [number, bigint])[] = [];
    while (cursor.nextSample()) {
      const bits = (BigInt(cursor.valueHigh >>> 0) << 32n) | BigInt(cursor.valueLow >>> 0);
      samples.push([cursor.timestampMs, bits]);
    }
    const labels = raw.map(
      ({ name, value }) => [Buffer.from(name).toString(), Buffer.from(value).toString()] as const,
    );
    all.push({ labels, samples });
  }
  return all;
}

function bitsOf(value: number | "stale"): bigint {
  if (value === "stale") return STALE_NAN_BITS;
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.readBigUInt64BE();
}

const expected = (series: readonly WriteSeries[]): ReadSeries[] =>
  series.map(({ labels, samples }) => ({
    labels: labels.map(({ name, value }) => [name, value] as const),
    samples: samples.map(({ timestampMs, value }) => [timestampMs, bitsOf(value)] as const),
  }));

function code(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof CodedError);
    assert.equal(error.status, 400);
    return error.code;
  }
  return "none";
}

const field = (tag: number, ...bytes: readonly number[]): number[] => [tag, bytes.length, ...bytes];
const label = field(0x0a, ...field(0x0a, 97), ...field(0x12, 98));
const sample = field(0x12, 0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x10, 5);
const series = (...bytes: readonly number[]): Uint8Array => Uint8Array.from(field(0x0a, ...bytes));

test("what is encoded is read again: timestamps of every size, special values, the staleness marker", () => {
  const labels = labelsOf({ __name__: "up", instance: "a:1", job: "ä€𝄞" });
  const timestamps = [0, 1, 127, 128, 2 ** 31, 2 ** 32 + 1, 1_767_225_600_000, 2 ** 53 - 1, -1];
  const values = [0, -0, 1.5, Infinity, -Infinity, Number.MIN_VALUE, "stale"] as const;
  const all: WriteSeries[] = [
    { labels, samples: timestamps.map((timestampMs) => ({ timestampMs, value: 1 })) },
    { labels, samples: values.map((value, timestampMs) => ({ timestampMs, value })) },
    { labels: [], samples: [] },
    {
      labels: labelsOf({ long: "x".repeat(1023) }),
      samples: [{ timestampMs: -(2 ** 40), value: 2 }],
    },
  ];
  assert.deepEqual(readAll(encodeWriteRequest(all)), expected(all));
});

test("an empty message has no series", () => {
  assert.deepEqual(readAll(new Uint8Array(0)), []);
});

test("takeLabels takes labels of a known length, and refuses when another label follows", () => {
  const labels = labelsOf({ __name__: "up", job: "a" });
  const message = encodeWriteRequest([{ labels, samples: [{ timestampMs: 5, value: 1 }] }]);
  const cursor = new WriteRequestCursor(message);
  assert.ok(cursor.nextSeries());
  assert.equal(cursor.takeLabels(encodeLabels(labels.slice(0, 1)).length), false);
  assert.equal(cursor.takeLabels(message.length), false);
  assert.ok(cursor.takeLabels(encodeLabels(labels).length));
  assert.ok(cursor.nextSample());
  assert.equal(cursor.timestampMs, 5);
  assert.equal(cursor.nextSample(), false);
});

test("metadata, exemplars and histograms are passed over and counted; unknown fields are passed over", () => {
  const message = Uint8Array.from([
    ...field(0x1a, 1, 2, 3),
    ...field(
      0x0a,
      ...label,
      ...sample,
      ...field(0x1a, 9),
      ...field(0x22, 9),
      ...field(0x22, 9),
      ...sample,
      0x78,
      0x96,
      0x01,
      0x7d,
      1,
      2,
      3,
      4,
      0x79,
      1,
      2,
      3,
      4,
      5,
      6,
      7,
      8,
    ),
    ...field(0x1a, 1),
    0x78,
    1,
  ]);
  const cursor = new WriteRequestCursor(message);
  const [only] = readAll(message, cursor);
  assert.equal(only?.samples.length, 2);
  assert.equal(cursor.metadataCount, 2);
  assert.equal(cursor.exemplarCount, 1);
  assert.equal(cursor.histogramCount, 2);
});

test("a sample's fields may come in any order, be absent, and stand beside unknown ones", () => {
  const turned = field(0x12, 0x10, 7, ...field(0x1a, 1), 0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f);
  assert.deepEqual(readAll(series(...label, ...turned, ...field(0x12)))[0]?.samples, [
    [7, 0x3ff0000000000000n],
    [0, 0n],
  ]);
});

test("each broken form is refused as InvalidProtobuf", () => {
  const cases: readonly Uint8Array[] = [
    Uint8Array.from([0x0a]),
    Uint8Array.from([0x0a, 5, 1]),
    Uint8Array.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
    Uint8Array.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
    Uint8Array.from([0x0b]),
    Uint8Array.from([0x00]),
    Uint8Array.from([0x19, 1, 2]),
    Uint8Array.from([0x1d, 1, 2]),
    Uint8Array.from([0x80]),
    series(0x0a, 9, 1),
    series(0x0a),
    series(...field(0x0a, 0x0a, 9)),
    series(...field(0x0a, 0x0a)),
    series(...field(0x0a, 0x1a, 0)),
    series(...field(0x0a, 0x0a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1)),
    series(...label, ...sample, ...label),
    series(...label, 0x10, 1),
    series(...label, ...field(0x12, 0x09, 1, 2)),
    series(...label, ...field(0x12, 0x10)),
    series(...label, ...field(0x12, 0x10, 0x80)),
    series(...label, ...field(0x12, 0x08, 1)),
    series(...label, ...field(0x12, 0x1b)),
    series(...label, 0x12, 200, 1),
  ];
  for (const message of cases) {
    assert.equal(
      code(() => readAll(message)),
      "InvalidProtobuf",
      Buffer.from(message).toString("hex"),
    );
  }
  assert.equal(
    code(() => decodeRawLabels(Uint8Array.from([0x12, 0]), 1)),
    "InvalidProtobuf",
  );
});

test("as many labels as asked for are decoded, and no more", () => {
  const bytes = encodeLabels(labelsOf({ a: "1", b: "2" }));
  assert.equal(decodeRawLabels(bytes, 2)?.length, 2);
  assert.equal(decodeRawLabels(bytes, 1), undefined);
});

test("each cut inside a message's last series is refused", () => {
  const message = encodeWriteRequest([
    { labels: labelsOf({ __name__: "up", job: "a" }), samples: [{ timestampMs: 1e12, value: 1 }] },
  ]);
  for (let length = 1; length < message.length; length++) {
    assert.equal(
      code(() => readAll(message.subarray(0, length))),
      "InvalidProtobuf",
    );
  }
});

test("damaged messages are read or refused with a code, and never fail otherwise", () => {
  const random = seededRandom(0xfeed);
  const message = encodeWriteRequest(
    Array.from({ length: 5 }, (_, index) => ({
      labels: labelsOf({ __name__: "metric", index: String(index) }),
      samples: [{ timestampMs: 1_700_000_000_000 + index, value: index }],
    })),
  );
  let refused = 0;
  for (let round = 0; round < 5000; round++) {
    const damaged = Buffer.from(message);
    const spots = random.bytes(4);
    damaged[(spots[0] ?? 0) % damaged.length] = spots[1] ?? 0;
    damaged[(spots[2] ?? 0) % damaged.length] = spots[3] ?? 0;
    if (code(() => readAll(damaged)) !== "none") refused++;
  }
  assert.ok(refused > 500);
});
