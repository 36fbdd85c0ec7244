/** The protobuf exposition: what each kind of metric becomes, and bytes that are none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatLabels, seededRandom } from "../core/index.ts";
import { parseMetricsProtobuf } from "./metrics-protobuf.ts";

const varint = (value: number): readonly number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(Math.floor(value / 128))];
const bytes = (field: number, content: readonly number[]): number[] => [
  ...varint(field * 8 + 2),
  ...varint(content.length),
  ...content,
];
const text = (field: number, value: string): number[] => bytes(field, [...Buffer.from(value)]);
const double = (field: number, value: number): number[] => {
  const buffer = Buffer.alloc(8);
  buffer.writeDoubleLE(value);
  return [...varint(field * 8 + 1), ...buffer];
};
const count = (field: number, value: number): number[] => [...varint(field * 8), ...varint(value)];
const label = (name: string, value: string): number[] =>
  bytes(1, [...text(1, name), ...text(2, value)]);
const family = (name: string, type: number, ...metrics: readonly number[][]): number[] => {
  const message = [
    ...text(1, name),
    ...text(2, "help"),
    ...count(3, type),
    ...metrics.flatMap((metric) => bytes(4, metric)),
  ];
  return [...varint(message.length), ...message];
};
const parse = (...families: readonly number[][]) => {
  const { samples, errors, metadata } = parseMetricsProtobuf(Uint8Array.from(families.flat()));
  const lines = samples.map(
    ({ labels, value, timestampMs, exemplar }) =>
      `${formatLabels(labels)} ${value} @${timestampMs ?? "-"}` +
      (exemplar === undefined
        ? ""
        : ` # ${formatLabels(exemplar.labels)} ${exemplar.value} @${exemplar.timestampMs ?? "-"}`),
  );
  return { lines, errors, metadata };
};

test("counters, gauges, untyped, summaries and histograms become the series of the text format", () => {
  const exemplar = [
    ...label("trace", "t"),
    ...double(2, 0.5),
    ...bytes(3, [...count(1, 10), ...count(2, 5e8)]),
  ];
  const { lines, errors, metadata } = parse(
    family("c_total", 0, [
      ...label("a", "1"),
      ...bytes(3, [...double(1, 7), ...bytes(2, exemplar)]),
    ]),
    family("g", 1, [...bytes(2, double(1, -2)), ...count(6, 1_000)]),
    family("u", 3, bytes(5, double(1, 3))),
    family(
      "s",
      2,
      bytes(4, [
        ...count(1, 4),
        ...double(2, 9),
        ...bytes(3, [...double(1, 0.5), ...double(2, 2)]),
      ]),
    ),
    family(
      "h",
      4,
      bytes(7, [
        ...count(1, 300),
        ...double(2, 6),
        ...bytes(3, [...count(1, 2), ...double(2, 1), ...bytes(3, exemplar)]),
        ...count(5, 3),
      ]),
    ),
  );
  assert.deepEqual(errors, []);
  assert.deepEqual(lines, [
    'c_total{a="1"} 7 @- # {trace="t"} 0.5 @10500',
    "g -2 @1000",
    "u 3 @-",
    's{quantile="0.5"} 2 @-',
    "s_sum 9 @-",
    "s_count 4 @-",
    'h_bucket{le="1.0"} 2 @- # {trace="t"} 0.5 @10500',
    'h_bucket{le="+Inf"} 300 @-',
    "h_sum 6 @-",
    "h_count 300 @-",
  ]);
  assert.deepEqual(metadata.get("h"), { type: "histogram", help: "help" });
});

test("bytes that are no families are told with where they are, and nothing is thrown", () => {
  const good = family("a", 1, bytes(2, double(1, 1)));
  const cases: readonly (readonly [readonly number[], RegExp])[] = [
    [[5], /a message passes its end/],
    [[0x80], /passes its end/],
    [[...Array<number>(11).fill(0x80)], /more than ten bytes/],
    [family("0a", 1), /is no metric name/],
    [family("a", 1, label("a-b", "x")), /is no label name/],
    [family("a", 1, [...label("a", "x"), ...label("a", "y")]), /given twice/],
    [[3, ...varint(1 * 8 + 0), 1, 1], /Expected a string, found wire type 0/],
    [[1, 0], /has no number/],
    [[1, 0x0b], /Expected a string, found wire type 3/],
    [[1, 0x4b], /Wire type 3 is none of this format/],
  ];
  for (const [broken, says] of cases) {
    const { lines, errors } = parse(good, [...broken]);
    assert.equal(lines.length, 1, JSON.stringify(broken));
    assert.match(errors[0]?.says ?? "", says, JSON.stringify(broken));
  }
  const random = seededRandom(7);
  for (let round = 0; round < 300; round += 1) {
    const noisy = Uint8Array.from([...good, ...good]);
    for (const at of random.bytes(3)) noisy[at % noisy.length] = random.bytes(1)[0] ?? 0;
    parseMetricsProtobuf(noisy);
  }
});

test("a body has at most so many samples", () => {
  const two = Uint8Array.from([
    ...family("a", 1, bytes(2, double(1, 1))),
    ...family("b", 1, bytes(2, double(1, 1))),
  ]);
  assert.deepEqual(parseMetricsProtobuf(two, { samplesMax: 2 }).errors, []);
  const one = parseMetricsProtobuf(two, { samplesMax: 1 });
  assert.equal(one.samples.length, 1);
  assert.match(one.errors[0]?.says ?? "", /more than 1 samples/);
});
