/** The text format 0.0.4: what is read, and each mistake with its line and column. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatLabels, seededRandom } from "../core/index.ts";
import { parseExposition } from "./index.ts";

function read(text: string): readonly (readonly [string, number, number | undefined])[] {
  const { samples, errors } = parseExposition(text);
  assert.deepEqual(errors, []);
  return samples.map(({ labels, value, timestampMs }) => [
    formatLabels(labels),
    value,
    timestampMs,
  ]);
}

test("the documentation's own example is read", () => {
  const text = String.raw`# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1.458255915e9

# Minimalistic line:
metric_without_timestamp_and_labels 12.47

# A weird metric from before the epoch:
something_weird{problem="division by zero"} +Inf -3982045

# TYPE rpc_duration_seconds summary
rpc_duration_seconds{quantile="0.01"} 3102
`;
  assert.deepEqual(read(text), [
    ['http_requests_total{code="200", method="post"}', 1027, 1395066363000],
    ['http_requests_total{code="400", method="post"}', 3, 1395066363000],
    [
      `msdos_file_access_time_seconds{error=${JSON.stringify('Cannot find file:\n"FILE.TXT"')}, path=${JSON.stringify("C:\\DIR\\FILE.TXT")}}`,
      1.458255915e9,
      undefined,
    ],
    ["metric_without_timestamp_and_labels", 12.47, undefined],
    ['something_weird{problem="division by zero"}', Infinity, -3982045],
    ['rpc_duration_seconds{quantile="0.01"}', 3102, undefined],
  ]);
});

test("help and type are kept by metric name, with help's escapes undone", () => {
  const { metadata } = parseExposition(
    "# HELP a one\\ntwo \\\\ three \\x\n# TYPE a gauge\n#HELP b  spaced  \n# TYPE __proto__ histogram\n# EOF\n# HELPX c\n",
  );
  assert.deepEqual(
    [...metadata],
    [
      ["a", { type: "gauge", help: "one\ntwo \\ three \\x" }],
      ["b", { type: "untyped", help: "spaced  " }],
      ["__proto__", { type: "histogram", help: "" }],
    ],
  );
});

test("every spelling of a number is read", () => {
  const values = "1 -1 +1 1. .5 1e3 1E-3 Inf +inf -Infinity NaN nan 0".split(" ");
  const { samples, errors } = parseExposition(values.map((value) => `m ${value}\n`).join(""));
  assert.deepEqual(errors, []);
  assert.deepEqual(
    samples.map(({ value }) => value),
    [1, -1, 1, 1, 0.5, 1000, 0.001, Infinity, Infinity, -Infinity, NaN, NaN, 0],
  );
});

test("blanks, tabs, trailing commas, empty braces, empty values and a missing last newline are taken", () => {
  assert.deepEqual(read('\t a:b { x = "1" , }\t2\t3 \n\nc{} 4\n\t\nd{e=""} 5'), [
    ['a:b{x="1"}', 2, 3],
    ["c", 4, undefined],
    ["d", 5, undefined],
  ]);
  assert.deepEqual(read(""), []);
});

test("each mistake is told with its line and column, and the other lines are read", () => {
  const cases: readonly (readonly [string, number, RegExp])[] = [
    ["1abc 1", 1, /a metric name, found '1'/],
    ["a", 2, /a number, found ''/],
    ["a{b 1", 5, /'=', found '1'/],
    ["a{b=c} 1", 5, /'"', found 'c'/],
    ['a{b="c} 1', 10, /closing quote, found the line's end/],
    ['a{b="\\t"} 1', 6, /after a backslash/],
    ['a{b="\\', 6, /after a backslash/],
    ['a{b="c" d="e"} 1', 9, /'}', found 'd'/],
    ['a{b="c",b="d"} 1', 9, /'b' is given twice/],
    ['a{__name__="c"} 1', 3, /'__name__' is given twice/],
    ['a{b:c="d"} 1', 4, /'=', found ':'/],
    ['a{1="d"} 1', 3, /a label name/],
    ["a 0x1p3", 3, /a number, found '0x1p3'/],
    ["a 1_000", 3, /a number/],
    ["a 1 2.5", 5, /a timestamp/],
    ["a 1 99999999999999999", 5, /a timestamp/],
    ["a 1 2 3", 7, /the line's end, found '3'/],
    ["a 1\r", 3, /a number/],
    ["# TYPE a info", 10, /no metric type/],
    ["# TYPE a gauge x", 16, /the line's end/],
    ["# HELP 1 x", 8, /a metric name/],
    ["é 1", 1, /a metric name/],
  ];
  for (const [line, column, says] of cases) {
    const { samples, errors } = parseExposition(`before 1\n${line}\nafter 2\n`);
    assert.equal(errors.length, 1, line);
    assert.deepEqual([errors[0]?.line, errors[0]?.column], [2, column], line);
    assert.match(errors[0]?.says ?? "", says);
    assert.equal(samples.length, 2, line);
  }
});

test("as many samples as the limit are taken; one more is an error and ends the reading", () => {
  assert.equal(parseExposition("a 1\nb 2\n", { samplesMax: 2 }).errors.length, 0);
  const { samples, errors } = parseExposition("a 1\nb 2\nc 3\nd 4\n", { samplesMax: 2 });
  assert.equal(samples.length, 2);
  assert.deepEqual(errors, [
    { line: 3, column: 1, says: "There are more than 2 samples; the rest is unread." },
  ]);
});

test("no more than twenty mistakes are kept", () => {
  assert.equal(parseExposition("!\n".repeat(1000)).errors.length, 20);
});

test("random text is read without failing", () => {
  const random = seededRandom(0x7e47);
  const alphabet = 'ab:_{}="\\,n #\n\t1.e+-NaHELPTYPE é';
  for (let round = 0; round < 2000; round++) {
    const text = [...random.bytes(60)].map((byte) => alphabet[byte % alphabet.length]).join("");
    const { errors } = parseExposition(text);
    const lines = text.split("\n");
    for (const { line, column } of errors) {
      assert.ok(column >= 1 && column <= (lines[line - 1]?.length ?? 0) + 1);
    }
  }
});
