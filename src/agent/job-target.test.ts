/** From a discovered target to one that is scraped; what files may be; turns; and the series that a target keeps. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { labelsOf, limits } from "../core/index.ts";
import { parseDuration } from "./duration.ts";
import { jobTarget, offsetMs } from "./job-target.ts";
import { relabelRule } from "./relabel-rule.ts";
import { parseScrapeConfig } from "./scrape-config.ts";
import type { ScrapeJob } from "./scrape-job.ts";
import { SeriesCache, seriesBudget } from "./series-cache.ts";
import { parseSettings } from "./settings.ts";
import { turns } from "./turns.ts";

function jobOf(yaml: string): ScrapeJob {
  const parsed = parseScrapeConfig(`scrape_configs:\n- job_name: j\n${yaml}`);
  assert.ok("jobs" in parsed, JSON.stringify(parsed));
  const [job] = parsed.jobs;
  assert.ok(job !== undefined);
  return job;
}

test("a target has the job's defaults, its meta labels go, and relabelling makes the rest", () => {
  const job = jobOf(`  params: { module: [http, tcp], x: ["1"] }
  relabel_configs:
  - { source_labels: [__meta_kubernetes_namespace], target_label: namespace }
  - { source_labels: [__meta_path], regex: (.+), target_label: __metrics_path__ }
  - { source_labels: [__address__], target_label: __param_target }
`);
  const found = new Map([
    ["__address__", "10.0.0.1:80"],
    ["__meta_kubernetes_namespace", "shop"],
    ["__meta_path", "/m?a=b"],
  ]);
  const outcome = jobTarget(job, found);
  assert.ok(outcome.kind === "target", JSON.stringify(outcome));
  const { target } = outcome;
  assert.equal(target.url, "http://10.0.0.1/m?a=b&module=http&module=tcp&x=1&target=10.0.0.1%3A80");
  assert.deepEqual(target.labels, { instance: "10.0.0.1:80", job: "j", namespace: "shop" });
  assert.deepEqual([target.intervalMs, target.timeoutMs], [60_000, 10_000]);
  const offset = offsetMs(target);
  assert.ok(offset >= 0 && offset < target.intervalMs);
});

test("a target that cannot be one is told why, and a dropped one is no target", () => {
  const of = (rule: string, address = "h:1") =>
    jobTarget(jobOf(`  relabel_configs:\n  - ${rule}\n`), new Map([["__address__", address]]));
  const put = (label: string, value: string) =>
    `{ target_label: ${label}, replacement: "${value}" }`;
  assert.deepEqual(of("{ action: drop, source_labels: [job], regex: j }"), { kind: "dropped" });
  const invalid: readonly (readonly [string, RegExp])[] = [
    [put("__address__", ""), /no address/],
    [put("__address__", "a/b"), /"a\/b" is no host and port/],
    [put("__address__", "a@b"), /no host and port/],
    [put("__address__", ":80"), /no host and port/],
    [put("__scheme__", "file"), /"file" is no scheme/],
    [put("__scrape_interval__", "10ms"), /at least 1s/],
    [put("__scrape_timeout__", "2m"), /at most that/],
  ];
  for (const [rule, says] of invalid) {
    const outcome = of(rule);
    assert.ok(outcome.kind === "invalid", rule);
    assert.match(outcome.says, says);
  }
  const port = (outcome: ReturnType<typeof of>) =>
    outcome.kind === "target" && outcome.target.labels["instance"];
  assert.equal(port(of(put("x", "y"), "host")), "host:80");
  assert.equal(port(of(put("__scheme__", "https"), "host")), "host:443");
  assert.equal(port(of(put("__metrics_path__", "//evil.example/x"), "host:1")), "host:1");
});

test("durations are Prometheus's", () => {
  for (const [text, ms] of [
    ["0", 0],
    ["1h30m", 5_400_000],
    ["100ms", 100],
    ["1d", 86_400_000],
    ["1y", 31_536_000_000],
  ] as const) {
    assert.equal(parseDuration(text), ms);
  }
  for (const text of ["", "1", "s", "1m1h", "-1s", "1.5s", `${"9".repeat(15)}y`])
    assert.equal(parseDuration(text), undefined);
});

test("files, lists, jobs, expressions and told problems have a most, and one more is refused", () => {
  const problems = (text: string): readonly string[] => {
    const parsed = parseScrapeConfig(text);
    return "problems" in parsed ? parsed.problems.map(({ says }) => says) : [];
  };
  const sized = (bytes: number): string => {
    const text = "scrape_configs: []\n#";
    return text + "x".repeat(bytes - text.length);
  };
  assert.deepEqual(problems(sized(limits.scrapeConfigBytesMax)), []);
  assert.match(
    problems(sized(limits.scrapeConfigBytesMax + 1))[0] ?? "",
    /more than 1048576 bytes/,
  );
  const many = (count: number): string =>
    `scrape_configs:\n${Array.from({ length: count }, (_, index) => `- job_name: j${index}\n`).join("")}`;
  assert.deepEqual(problems(many(limits.scrapeJobsMax)), []);
  assert.match(
    problems(many(limits.scrapeJobsMax + 1))[0] ?? "",
    /has 501 entries; the limit is 500/,
  );
  const rules = (count: number): string =>
    `scrape_configs:\n- job_name: j\n  relabel_configs:\n${"  - target_label: a\n".repeat(count)}`;
  assert.deepEqual(problems(rules(limits.scrapeRulesPerListMax)), []);
  assert.equal(problems(rules(limits.scrapeRulesPerListMax + 1)).length, 1);
  assert.equal(
    problems(many(300).replaceAll("- job_name", "- jobname")).length,
    limits.scrapeProblemsMax,
  );
  const regex = (chars: number) => relabelRule({ regex: "a".repeat(chars), targetLabel: "b" });
  assert.ok("rule" in regex(limits.relabelRegexCharsMax));
  assert.ok("problems" in regex(limits.relabelRegexCharsMax + 1));
  assert.ok("problems" in parseSettings(sized(limits.scrapeConfigBytesMax + 1)));
});

test("so many turns at once are given, and the next to who asked first", async () => {
  const turn = turns(limits.scrapesAtOnceMax);
  const ends = await Promise.all(Array.from({ length: limits.scrapesAtOnceMax }, () => turn()));
  const order: string[] = [];
  const first = turn().then((end) => (order.push("first"), end));
  const second = turn().then((end) => (order.push("second"), end));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(order, []);
  ends[0]?.();
  ends[0]?.();
  (await first)();
  await second;
  assert.deepEqual(order, ["first", "second"]);
});

test("a cache makes a series once, knows what vanished, and keeps no more than its budget", () => {
  let made = 0;
  const budget = seriesBudget(2);
  const cache = new SeriesCache({
    budget,
    make: (labels) => {
      made += 1;
      return labels.some(({ value }) => value === "drop") ? undefined : labels;
    },
  });
  const read = (...names: readonly string[]) => {
    cache.begin();
    const taken = names.map((name) => {
      const labels = cache.get(name) ?? cache.set(name, labelsOf({ __name__: name }));
      const series = cache.take(labels);
      if (series !== undefined) series.tracked = true;
      return series;
    });
    return { taken, gone: cache.end().length };
  };
  assert.equal(read("a", "drop").taken.filter((one) => one !== undefined).length, 1);
  read("a", "drop");
  assert.deepEqual([made, budget.used], [2, 2]);
  assert.throws(() => read("a", "drop", "b"), /the agent keeps 2 series already/);
  assert.equal(cache.clear().length, 1);
  assert.equal(budget.used, 0);
  read("a", "b");
  assert.equal(read("a").gone, 1);
  assert.equal(budget.used, 1);
  assert.equal(read("a", "a").taken[1], undefined);
});
