/** OpenMetrics text: what a body means, and every mistake of the format's rules with its line. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatLabels, limits } from "../core/index.ts";
import { parseOpenMetrics } from "./openmetrics.ts";
import { ERRORS_MAX } from "./exposition.ts";

const lines = (text: string): readonly string[] =>
  parseOpenMetrics(text).samples.map(({ labels, value, timestampMs, exemplar }) => {
    const example =
      exemplar === undefined
        ? ""
        : ` # ${formatLabels(exemplar.labels)} ${exemplar.value} @${exemplar.timestampMs ?? "-"}`;
    return `${formatLabels(labels)} ${value} @${timestampMs ?? "-"}${example}`;
  });

test("a body of every type is read, with its times in seconds, exemplars and escapes", () => {
  const body = `# TYPE a counter
# HELP a Counts \\"things\\", \\\\ and\\nlines.
a_total{path="/\\"x\\"\\\\\\n\\d"} 5 1520879607.789 # {trace_id="KOO5"} 0.67 1520879607.5
a_created{path="/\\"x\\"\\\\\\n\\d"} 1520872607.123 1520879607.789
# TYPE g_seconds gauge
# UNIT g_seconds seconds
g_seconds{} -1.5e3
g_seconds{a="1"} NaN
g_seconds{a="2"} +Inf
# TYPE h histogram
h_bucket{le="0.5"} 1 # {} 0.4
h_bucket{le="+Inf"} 3
h_count 3
h_sum 4.5
h_created 1.0
# TYPE gh gaugehistogram
gh_bucket{le="-1"} 1
gh_bucket{le="+Inf"} 2
gh_gcount 2
gh_gsum -4
# TYPE s summary
s{quantile="0.5"} 1
s_count 2
s_sum 3
# TYPE i info
i_info{version="1"} 1
# TYPE e stateset
e{e="on"} 1
e{e="off"} 0
# TYPE u unknown
u 7
plain 8
# EOF
`;
  const parsed = parseOpenMetrics(body);
  assert.deepEqual(parsed.errors, []);
  assert.deepEqual(lines(body).slice(0, 6), [
    'a_total{path="/\\"x\\"\\\\\\n\\\\d"} 5 @1520879607789 # {trace_id="KOO5"} 0.67 @1520879607500',
    'a_created{path="/\\"x\\"\\\\\\n\\\\d"} 1520872607.123 @1520879607789',
    "g_seconds -1500 @-",
    'g_seconds{a="1"} NaN @-',
    'g_seconds{a="2"} Infinity @-',
    'h_bucket{le="0.5"} 1 @- # {} 0.4 @-',
  ]);
  assert.equal(parsed.samples.length, 22);
  assert.deepEqual(parsed.metadata.get("a"), {
    type: "counter",
    help: 'Counts "things", \\ and\nlines.',
  });
  assert.equal(parsed.metadata.get("u")?.type, "untyped");
  assert.deepEqual(parseOpenMetrics("# EOF").errors, []);
});

/** The body without its end, and what its first mistake says. */
const mistakes: readonly (readonly [string, number, RegExp])[] = [
  ["\n", 1, /A blank line/],
  [" a 1\n", 1, /a metric name, found ' '/],
  ["#a\n", 1, /Expected ' '/],
  ["# a comment\n", 1, /'a' is none of HELP, TYPE, UNIT and EOF/],
  ["# EOF \na 1\n", 1, /the line's end/],
  ["# EOF\na 1\n", 2, /Something follows/],
  ["a\n", 1, /Expected ' '/],
  ["a  1\n", 1, /a number, found ''/],
  ["a 1 \n", 1, /a timestamp in seconds, found ''/],
  ["a\t1\n", 1, /Expected ' '/],
  ["a 1\r\n", 1, /a number, found '1\r'/],
  ["0a 1\n", 1, /a metric name/],
  ["a-b 1\n", 1, /Expected ' ', found '-'/],
  ["a{a=1} 1\n", 1, /'"', found '1'/],
  ["a{a='1'} 1\n", 1, /'"'/],
  ['a{a="1} 1\n', 1, /a closing quote/],
  ["a{a} 1\n", 1, /'=', found '}'/],
  ['a{a="1",} 1\n', 1, /a label name, found '}'/],
  ['a{,a="1"} 1\n', 1, /a label name/],
  ['a{a="1" b="2"} 1\n', 1, /'}', found ' '/],
  ['a{a="1",a="2"} 1\n', 1, /'a' is given twice/],
  ['a{1="1"} 1\n', 1, /a label name/],
  ["a {} 1\n", 1, /a number/],
  ["a 0x1\n", 1, /a number/],
  ["a 1_000\n", 1, /a number/],
  ["a 1 z\n", 1, /a timestamp in seconds, found 'z'/],
  ["a 1 NaN\n", 1, /a timestamp/],
  ["a 1 Inf\n", 1, /a timestamp/],
  ["a 1 0x1p3\n", 1, /a timestamp/],
  ["# HELP\n", 1, /Expected ' '/],
  ["# HELP a\n", 1, /Expected ' '/],
  ["# TYPE a \n", 1, /'' is no metric type/],
  ["# TYPE a gauge \n", 1, /'gauge ' is no metric type/],
  ["# TYPE a untyped\n", 1, /'untyped' is no metric type: counter, gauge, unknown/],
  ["# UNIT a seconds\n", 2, /does not end with its unit 'seconds'/],
  ["# UNIT a_s s \n", 1, /'s ' is no unit/],
  ["# TYPE a_s info\n# UNIT a_s s\n", 3, /A family of type info has no unit/],
  ["# HELP a x\n# HELP a x\n", 2, /HELP of 'a' is given twice/],
  ["# TYPE a gauge\n# TYPE a gauge\n", 2, /TYPE of 'a' is given twice/],
  ["# UNIT a_s s\n# UNIT a_s s\n", 2, /UNIT of 'a_s' is given twice/],
  ["# TYPE a gauge\na 1\n# HELP a x\n", 3, /HELP of 'a' follows its samples/],
  ["a 1\nb 1\n# TYPE a gauge\n", 3, /The name 'a' was used by a family before/],
  ['a{x="1"} 1\nb 1\na{x="2"} 1\n', 3, /The name 'a' was used/],
  ["# TYPE a counter\na 1\n", 2, /The name 'a' was used|must end/],
  [
    "# TYPE a counter\na_total 1\n# TYPE a_total gauge\na_total 2\n",
    3,
    /The name 'a_total' was used/,
  ],
  ["a 1\na 2\n", 2, /'a' is given twice/],
  ["a 1 2\na 2 1\n", 2, /does not come after the one before/],
  ["a 1 1\na 2\n", 2, /is given twice/],
  ["# TYPE a counter\na_total NaN\n", 2, /'a_total' must not be NaN/],
  ["# TYPE a counter\na_total -1\n", 2, /must not be negative, found -1/],
  ["# TYPE a info\na_info 0\n", 2, /must be 1/],
  ['# TYPE a stateset\na{a="x"} 2\n', 2, /must be 0 or 1/],
  ["# TYPE a stateset\na 1\n", 2, /must have a label of the name 'a'/],
  ["# TYPE a summary\na 1\n", 2, /must have a label quantile from 0 to 1/],
  ['# TYPE a summary\na{quantile="1.1"} 1\n', 2, /quantile from 0 to 1/],
  ['# TYPE a summary\na{quantile="NaN"} 1\n', 2, /quantile from 0 to 1/],
  ["# TYPE a summary\na_count 1.5\n", 2, /must be a whole number/],
  ["# TYPE a summary\na_sum NaN\n", 2, /must not be NaN/],
  [
    '# TYPE a summary\na_count{x="1"} 1\na_count{x="2"} 1\na_sum{x="1"} 1\n',
    4,
    /The lines of one metric of 'a' do not stand together/,
  ],
  ["# TYPE a histogram\na_bucket 1\n", 2, /a label le with a number/],
  ['# TYPE a histogram\na_bucket{le="x"} 1\n', 2, /a label le with a number/],
  ['# TYPE a histogram\na_bucket{le="1"} 1\n', 3, /has no bucket \+Inf/],
  ['# TYPE a histogram\na_bucket{le="2"} 1\na_bucket{le="1"} 1\n', 3, /does not come after 2/],
  ['# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\n', 3, /counts less than/],
  ['# TYPE a histogram\na_bucket{le="+Inf"} 1\na_count 2\na_sum 1\n', 5, /another number than its/],
  ['# TYPE a histogram\na_bucket{le="+Inf"} 1\na_sum 1\n', 4, /has a sum and no count/],
  ['# TYPE a histogram\na_bucket{le="+Inf"} 1\na_count 1\n', 4, /has a count and no sum/],
  ["# TYPE a histogram\na_count 1\na_sum 1\n", 4, /has no bucket/],
  [
    '# TYPE a histogram\na_bucket{le="-1"} 1\na_bucket{le="+Inf"} 1\na_count 1\na_sum -1\n',
    6,
    /has a sum and a negative bucket/,
  ],
  [
    '# TYPE a gaugehistogram\na_bucket{le="+Inf"} 1\na_gcount 1\na_gsum -1\n',
    5,
    /a negative sum and no negative bucket/,
  ],
  ["# TYPE a gauge\na 1 # {} 1\n", 2, /must have no exemplar/],
  ["# TYPE a counter\na_total 1 # {}\n", 2, /Expected ' '/],
  ["# TYPE a counter\na_total 1 # {} x\n", 2, /the exemplar's value/],
  ["# TYPE a counter\na_total 1 # {} 1 x\n", 2, /a timestamp/],
  ["# TYPE a counter\na_total 1 # {} 1 1 1\n", 2, /the line's end/],
  ["# TYPE a counter\na_total 1 #{} 1\n", 2, /a timestamp/],
];

test("each mistake of the format is told with its line", () => {
  for (const [body, line, says] of mistakes) {
    const [error] = parseOpenMetrics(body.includes("# EOF") ? body : `${body}# EOF\n`).errors;
    assert.equal(error?.line, line, JSON.stringify([body, error]));
    assert.match(error?.says ?? "", says, body);
  }
  assert.match(parseOpenMetrics("a 1\n").errors[0]?.says ?? "", /does not end with "# EOF"/);
  assert.match(parseOpenMetrics("a 1").errors[0]?.says ?? "", /no line feed/);
  assert.match(parseOpenMetrics("").errors[0]?.says ?? "", /does not end with "# EOF"/);
});

test("an exemplar's labels have at most so many characters, a body so many samples and told mistakes", () => {
  const exemplar = (count: number): readonly unknown[] =>
    parseOpenMetrics(`# TYPE a counter\na_total 1 # {a="${"é".repeat(count)}"} 1\n# EOF\n`).errors;
  assert.deepEqual(exemplar(limits.scrapeExemplarCharsMax - 1), []);
  assert.equal(exemplar(limits.scrapeExemplarCharsMax).length, 1);
  const three = parseOpenMetrics("a 1\nb 2\nc 3\n# EOF\n", { samplesMax: 2 });
  assert.equal(three.samples.length, 2);
  assert.match(three.errors[0]?.says ?? "", /more than 2 samples/);
  assert.deepEqual(parseOpenMetrics("a 1\nb 2\n# EOF\n", { samplesMax: 2 }).errors, []);
  assert.equal(parseOpenMetrics("-\n".repeat(ERRORS_MAX + 5)).errors.length, ERRORS_MAX);
});
