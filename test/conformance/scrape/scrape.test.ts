/** Runs the cases of this folder: relabelling, scrape configurations and settings, by text. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  defaultJobs,
  parseScrapeConfig,
  parseSettings,
  relabel,
} from "../../../src/agent/index.ts";
import type { FileProblem, ScrapeJob } from "../../../src/agent/index.ts";
import { parseCases } from "./parse-cases.ts";
import type { ScrapeCase, Section } from "./parse-cases.ts";

const folder = import.meta.dirname;
const files = readdirSync(folder).filter((name) => name.endsWith(".case"));
const cases = files.flatMap((name) => parseCases(readFileSync(join(folder, name), "utf8"), name));

test("no two cases have one name", () => {
  assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length);
});

for (const one of cases) test(one.name, () => run(one));

function run({ given, sections }: ScrapeCase): void {
  let asked: string | undefined;
  for (const section of sections) {
    if (section.kind === "ask") {
      asked = section.text;
      continue;
    }
    assert.deepEqual(answer(given, section, asked), section.lines, section.text);
  }
}

function answer(given: Section, { text }: Section, asked: string | undefined): readonly string[] {
  if (given.text === "rules") return ofRules(given, text, asked);
  if (given.text === "config") return ofConfig(given, text);
  assert.equal(given.text, "settings");
  return ofSettings(given, text);
}

/** The rules stand in a job, whose two lines before them and whose indentation are taken off again. */
function ofRules(given: Section, expected: string, asked: string | undefined): readonly string[] {
  const rules = given.lines.map((line) => `      ${line}`).join("\n");
  const before = "scrape_configs:\n  - job_name: j\n    relabel_configs:\n";
  const parsed = parseScrapeConfig(`${before}${rules}\n`);
  if ("problems" in parsed) {
    assert.equal(expected, "refused", problemLines(parsed.problems).join("\n"));
    return problemLines(parsed.problems, { lines: 3, columns: 6 });
  }
  const labels = labelsOf(asked ?? "");
  const kept = relabel(labels, parsed.jobs[0]?.relabel ?? []);
  assert.equal(expected, kept ? "kept" : "dropped");
  if (!kept) return [];
  return [...labels]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`);
}

function ofConfig(given: Section, expected: string): readonly string[] {
  const parsed = parseScrapeConfig(`${given.lines.join("\n")}\n`);
  if ("problems" in parsed) {
    assert.equal(expected, "refused", problemLines(parsed.problems).join("\n"));
    return problemLines(parsed.problems);
  }
  assert.equal(expected, "jobs");
  return parsed.jobs.map(jobLine);
}

function ofSettings(given: Section, expected: string): readonly string[] {
  const parsed = parseSettings(`${given.lines.join("\n")}\n`);
  if ("problems" in parsed) {
    assert.equal(expected, "refused", problemLines(parsed.problems).join("\n"));
    return problemLines(parsed.problems);
  }
  const { settings } = parsed;
  if (expected === "jobs") return defaultJobs(settings).map(jobLine);
  assert.equal(expected, "settings");
  return [
    ...(settings.clusterAlias === "" ? [] : [`cluster-alias: ${settings.clusterAlias}`]),
    ...(settings.podAnnotationNamespaces === ""
      ? []
      : [`pods: ${settings.podAnnotationNamespaces}`]),
    ...(settings.notScraped.length === 0 ? [] : [`not-scraped: ${settings.notScraped.join(", ")}`]),
    ...[...settings.keepLists].map(([target, list]) => `keep ${target}: ${list}`),
  ];
}

function jobLine(job: ScrapeJob): string {
  const roles = [
    ...(job.static.length > 0 ? ["static"] : []),
    ...job.kubernetes.map(({ role }) => role),
  ];
  const times = `${job.intervalMs}/${job.timeoutMs}`;
  const rules = `rules=${job.relabel.length} metric-rules=${job.metricRelabel.length}`;
  return `${job.name} ${times} ${job.scheme} ${job.metricsPath} ${roles.join()} ${rules}`;
}

const problemLines = (
  problems: readonly FileProblem[],
  offset = { lines: 0, columns: 0 },
): readonly string[] =>
  [...problems]
    .sort((a, b) => a.line - b.line || a.column - b.column)
    .map(({ line, column, says }) => `${line - offset.lines}:${column - offset.columns}: ${says}`);

function labelsOf(text: string): Map<string, string> {
  const labels = new Map<string, string>();
  for (const [, name = "", value = ""] of text.matchAll(/(\w+)=("(?:[^"\\]|\\.)*")/g)) {
    labels.set(name, JSON.parse(value) as string);
  }
  return labels;
}
