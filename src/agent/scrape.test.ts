/** Scraping one source: what is asked, what is refused, and which series come of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { scriptedTransport } from "../client/testing/servers.ts";
import type { Scripted } from "../client/testing/servers.ts";
import type { TransportRequest } from "../client/index.ts";
import { CodedError, fakeClock, formatLabels, labelsOf, limits } from "../core/index.ts";
import type { Labels } from "../core/index.ts";
import { targetSource } from "./scrape.ts";
import { seriesLabels } from "./series-labels.ts";
import type { ScrapeTarget } from "./scrape.ts";
import { startTargetLoop } from "./target-loop.ts";
import { decodeRawLabels } from "../wire/index.ts";
import type { WrittenSample } from "../wire/index.ts";

const target: ScrapeTarget = { job: "node", url: "http://127.0.0.1:9100/metrics" };
const text = (body: string, type = "text/plain; version=0.0.4"): Scripted => ({
  headers: { "content-type": type },
  body,
});
function bench(answer: (request: TransportRequest, count: number) => Scripted, more = {}) {
  const transport = scriptedTransport(answer);
  const clock = fakeClock();
  return { source: targetSource({ ...target, ...more }, { transport, clock }), transport, clock };
}

test("a target is asked for OpenMetrics, then for text 0.0.4, within its time and bytes", async () => {
  const { source, transport } = bench(() => text('a{x="1"} 5 7\nb 2\n'));
  const outcome = await source.read();
  assert.ok(outcome.kind === "scraped");
  assert.deepEqual(
    outcome.samples.map(({ labels, ...rest }) => ({ series: formatLabels(labels), ...rest })),
    [
      { series: 'a{x="1"}', value: 5, timestampMs: 7 },
      { series: "b", value: 2, timestampMs: undefined },
    ],
  );
  const [sent] = transport.sent;
  assert.match(
    sent?.headers?.["accept"] ?? "",
    /^application\/openmetrics-text;version=1\.0\.0;.*text\/plain;version=0\.0\.4/,
  );
  assert.deepEqual([sent?.timeoutMs, sent?.answerBytesMax], [10_000, limits.scrapeBytesMax]);
  assert.equal(source.instance, "127.0.0.1:9100");
  assert.equal(bench(() => ({}), { url: "https://a.example/m" }).source.instance, "a.example:443");
});

test("redirects within the target's origin are followed, up to their limit; to another host never", async () => {
  const moved = (location: string): Scripted => ({ status: 302, headers: { location } });
  const within = bench((_, count) =>
    count <= limits.scrapeRedirectsMax ? moved(`/m${count}`) : text("a 1\n"),
  );
  assert.equal((await within.source.read()).kind, "scraped");
  const more = bench((_, count) => (count <= limits.scrapeRedirectsMax + 1 ? moved("/m") : {}));
  assert.deepEqual(await more.source.read(), { kind: "failed", says: "more than 3 redirects" });
  for (const location of ["http://127.0.0.1:9101/", "//evil.example/", "https://127.0.0.1:9100/"]) {
    const away = bench(() => moved(location));
    const says = "a redirect to another host is not followed";
    assert.deepEqual(await away.source.read(), { kind: "failed", says });
    assert.equal(away.transport.sent.length, 1);
  }
});

test("ScrapeFailed: a body with a mistake, another format, coding or status gives nothing but its reason", async () => {
  const cases: readonly (readonly [Scripted, RegExp])[] = [
    [text("a 1\nb{ 2\n"), /^line 2, column /],
    [text("a 1\n", "application/openmetrics-text; version=1.0.0"), /does not end with "# EOF"/],
    [text("a 1\n", "application/json"), /content type application\/json is not supported/],
    [text("a 1\n", "text/plain; version=1.0.0"), /text\/plain of version 1.0.0 is not supported/],
    [text("", "application/vnd.google.protobuf"), /in the delimited encoding alone/],
    [{ headers: { "content-encoding": "br" }, body: "x" }, /br was not asked for/],
    [{ headers: { "content-encoding": "gzip" }, body: "x" }, /the body is not gzip/],
    [{ status: 500 }, /the target answered 500/],
    [{ status: 301 }, /the target answered 301/],
  ];
  for (const [scripted, says] of cases) {
    const outcome = await bench(() => scripted).source.read();
    assert.ok(outcome.kind === "failed");
    assert.match(outcome.says, says);
  }
  const broken = bench(() => {
    throw new CodedError("ConnectionFailed", "refused");
  });
  assert.deepEqual(await broken.source.read(), { kind: "failed", says: "refused" });
  assert.equal((await bench(() => ({ body: "a 1\n" })).source.read()).kind, "scraped");
});

test("TargetInvalid: a target that cannot be scraped as it says is refused", () => {
  const bad: readonly Partial<ScrapeTarget>[] = [
    { url: "ftp://x/" },
    { url: "nonsense" },
    { url: "http://user:secret@x/" },
    { job: "" },
    { labels: { "a-b": "1" } },
    { labels: { __address__: "1" } },
    { labels: { job: "1" } },
    { intervalMs: 999 },
    { intervalMs: Number.NaN },
    { intervalMs: 5_000, timeoutMs: 5_001 },
    { timeoutMs: 0 },
  ];
  for (const more of bad) {
    assert.throws(
      () => bench(() => ({}), more),
      (error) => error instanceof CodedError && error.code === "TargetInvalid",
      JSON.stringify(more),
    );
  }
  bench(() => ({}), { intervalMs: 1_000, timeoutMs: 1_000 });
});

test("labels of the target win and push the series' own aside; external labels never do", () => {
  const scraped = labelsOf({ __name__: "a", job: "own", exported_job: "taken", cluster: "mine" });
  const labels = seriesLabels(
    scraped,
    { job: "node", instance: "i", empty: "" },
    { cluster: "c", zone: "z" },
  );
  assert.equal(
    formatLabels(labels),
    'a{cluster="mine", exported_exported_job="own", exported_job="taken", instance="i", job="node", zone="z"}',
  );
});

function decodedLabels(encoded: string): Labels {
  const raw = decodeRawLabels(Buffer.from(encoded, "latin1"), 100) ?? [];
  return raw.map(({ name, value }) => ({
    name: Buffer.from(name).toString(),
    value: Buffer.from(value).toString(),
  }));
}

/** A loop over scripted outcomes, and the series that it queued at each scrape. */
function loopOver(outcomes: readonly (string | undefined)[]) {
  const { source, clock } = bench((_, count) => {
    const body = outcomes[count - 1];
    return body === undefined ? { status: 500 } : text(body);
  });
  const queued: string[][] = [];
  const loop = startTargetLoop({
    source,
    externalLabels: { cluster: "c" },
    clock,
    queue: (series: readonly WrittenSample[]) =>
      void queued.push(
        series.map(({ encodedLabels, value, timestampMs }) => {
          const short = formatLabels(decodedLabels(encodedLabels)).replace(
            '{cluster="c", instance="127.0.0.1:9100", job="node"}',
            "",
          );
          return `${short} ${value}@${(timestampMs - start) / 1000}`;
        }),
      ),
  });
  const start = clock.nowMs();
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  const next = async (byMs: number = limits.scrapeIntervalMs): Promise<void> => {
    clock.advance(byMs);
    await settle();
  };
  return { loop, queued, settle, next };
}
const report = (
  at: number,
  up: number,
  [samples, kept = samples, added = 0]: readonly number[],
): string[] => [
  `up ${up}@${at}`,
  `scrape_duration_seconds 0@${at}`,
  `scrape_samples_scraped ${samples}@${at}`,
  `scrape_samples_post_metric_relabeling ${kept}@${at}`,
  `scrape_series_added ${added}@${at}`,
];

test("a series that vanishes gets a staleness marker once; one that fails to be scraped, all at once", async () => {
  const { loop, queued, settle, next } = loopOver([
    "a 1\nb 2\n",
    "a 3\n",
    undefined,
    undefined,
    "a 4\n",
  ]);
  await settle();
  for (let scrape = 0; scrape < 4; scrape += 1) await next();
  assert.deepEqual(queued, [
    ["a 1@0", "b 2@0", ...report(0, 1, [2, 2, 2])],
    ["a 3@15", "b stale@15", ...report(15, 1, [1])],
    ["a stale@30", ...report(30, 0, [0])],
    report(45, 0, [0]),
    ["a 4@60", ...report(60, 1, [1, 1, 1])],
  ]);
  const { up, scrapes, failures, lastFailure } = loop.state();
  assert.deepEqual(
    { up, scrapes, failures, lastFailure },
    {
      up: true,
      scrapes: 5,
      failures: 2,
      lastFailure: undefined,
    },
  );
});

test("a target that goes ends all its series, its report's too; one that is stopped ends none", async () => {
  const gone = loopOver(["a 1\n"]);
  await gone.settle();
  gone.loop.stop({ gone: true });
  assert.deepEqual(gone.queued[1], [
    "a stale@0",
    "up stale@0",
    "scrape_duration_seconds stale@0",
    "scrape_samples_scraped stale@0",
    "scrape_samples_post_metric_relabeling stale@0",
    "scrape_series_added stale@0",
  ]);
  const stopped = loopOver(["a 1\n"]);
  await stopped.settle();
  stopped.loop.stop({ gone: false });
  await stopped.next();
  assert.equal(stopped.queued.length, 1);
});

test("a series with times of its own keeps them and gets no marker; of two alike the first counts", async () => {
  const { queued, settle, next } = loopOver([
    `a 1 ${Date.UTC(2026, 0, 1) - 5_000}\nb 1\nb 2\n`,
    "b 3\n",
  ]);
  await settle();
  await next();
  assert.deepEqual(queued[0], ["a 1@-5", "b 1@0", ...report(0, 1, [3, 2, 2])]);
  assert.deepEqual(queued[1], ["b 3@15", ...report(15, 1, [1])]);
});
