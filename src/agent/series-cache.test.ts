/** What is kept of a target's series never changes what a body says, in whatever order its series come. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../core/index.ts";
import { parseExposition } from "../wire/index.ts";
import { SeriesCache, seriesBudget } from "./series-cache.ts";

const cache = (): SeriesCache =>
  new SeriesCache({ make: (labels) => labels, budget: seriesBudget(Infinity) });

/** Reads a body with and without what was kept before; takes its series, as a scrape does. */
function sameBothWays(series: SeriesCache, body: string): void {
  const kept = parseExposition(body, { series });
  assert.deepEqual(kept, parseExposition(body), body);
  series.begin();
  for (const { labels } of kept.samples) series.take(labels);
  series.end();
}

test("a body in another order, with lines between and lines gone, reads as without what was kept", () => {
  const series = cache();
  const bodies = [
    'a 1\nb{x="1"} 2\nb{x="2"} 3\n',
    'b{x="2"} 3\na 1\nc 4\nb{x="1"} 2\n',
    "a 5\n",
    'a{y="1"} 6\na 7\na {y="1"} 8\n',
    'a 9 1700000000000\nb{x="}"} 1\nb{x="1"}2\n',
    'ab 1\na\t2\nb{x="1"} 3 \n',
  ];
  for (const body of [...bodies, ...bodies.toReversed()]) sameBothWays(series, body);
});

test("a mistake in a line that begins as the expected series is told as without what was kept", () => {
  const series = cache();
  sameBothWays(series, 'a{x="1"} 1\nb 2\n');
  for (const body of ['a{x="1"}} 1\nb 2\n', 'a{x="1"} one\n', "b2 3\nb\n", 'a{x="1"'])
    sameBothWays(series, body);
});

test("bodies of any order over many scrapes read as without what was kept", () => {
  const random = seededRandom(11);
  const series = cache();
  const lines = Array.from({ length: 30 }, (_, index) =>
    index % 3 === 0 ? `m${index}` : `m${index % 4}{i="${index}"}`,
  );
  for (let scrape = 0; scrape < 200; scrape += 1) {
    const order = random.bytes(24);
    const body = [...order].map((byte, at) => `${lines[byte % lines.length] ?? ""} ${at}`);
    sameBothWays(series, `${body.join("\n")}\n`);
  }
});
