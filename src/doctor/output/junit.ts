/** The report as JUnit XML: a suite for each phase, a case for each finding. */
import { phases } from "../check.ts";
import type { CheckReport, CheckResult } from "../run-checks.ts";
import { shellLine } from "../fix.ts";
import { nameOf, shownIn } from "./report-view.ts";
import type { ReportHead } from "./report-view.ts";

/**
 * Failures and waits fail; what is unknown, skipped, suppressed or explained by another finding is skipped, with why.
 * @see github.com/testmoapp/junitxml
 */
export function reportJunit(report: CheckReport, head: ReportHead): string {
  const shown = shownIn(head.cloud);
  const suites = phases.flatMap((phase) => {
    const own = report.results.filter(({ check }) => check.phase === phase);
    return own.length === 0 ? [] : suite(phase, own, { head, shown });
  });
  const all = countOf(report.results);
  const root = `<testsuites name="linkscope check" tests="${all.tests}" failures="${all.failures}" errors="0" skipped="${all.skipped}" time="0">`;
  return [`<?xml version="1.0" encoding="UTF-8"?>`, root, ...suites, "</testsuites>", ""].join(
    "\n",
  );
}

interface Writing {
  readonly head: ReportHead;
  readonly shown: (text: string) => string;
}

function suite(
  phase: string,
  results: readonly CheckResult[],
  writing: Writing,
): readonly string[] {
  const { tests, failures, skipped } = countOf(results);
  const time = new Date(writing.head.nowMs).toISOString().slice(0, 19);
  return [
    `  <testsuite name="${phase}" tests="${tests}" failures="${failures}" errors="0" skipped="${skipped}" time="0" timestamp="${time}">`,
    ...results.flatMap((result) => testCase(result, writing.shown)),
    "  </testsuite>",
  ];
}

type Fate = "failure" | "skipped" | "passed";

function fateOf({ finding, explainedBy, suppressedBy }: CheckResult): Fate {
  const fails = finding.status === "fail" || finding.status === "waiting";
  if (finding.status === "pass") return "passed";
  if (explainedBy !== undefined || suppressedBy !== undefined) return "skipped";
  if (finding.status === "warn") return "passed";
  return fails ? "failure" : "skipped";
}

function countOf(results: readonly CheckResult[]) {
  const fates = results.map(fateOf);
  const count = (fate: Fate): number => fates.filter((one) => one === fate).length;
  return { tests: results.length, failures: count("failure"), skipped: count("skipped") };
}

function testCase(result: CheckResult, shown: (text: string) => string): readonly string[] {
  const { check, finding } = result;
  const attribute = (text: string): string => escapeXml(shown(text));
  const open = `    <testcase classname="linkscope.${check.id}" name="${attribute(`${check.title}: ${nameOf(finding.subject)}`)}" time="0"`;
  const message = attribute(`${prefixOf(result)}${finding.says}`);
  switch (fateOf(result)) {
    case "failure":
      return [
        `${open}>`,
        `      <failure type="${check.id}" message="${message}">${attribute(detail(result))}</failure>`,
        "    </testcase>",
      ];
    case "skipped":
      return [`${open}>`, `      <skipped message="${message}"/>`, "    </testcase>"];
    default:
      return finding.status === "warn"
        ? [`${open}>`, `      <system-out>${message}</system-out>`, "    </testcase>"]
        : [`${open}/>`];
  }
}

function prefixOf({ finding, explainedBy, suppressedBy }: CheckResult): string {
  if (suppressedBy !== undefined) return `suppressed (${suppressedBy.reason}): `;
  if (explainedBy !== undefined) {
    return `explained by ${explainedBy.check} of ${nameOf(explainedBy.subject)}: `;
  }
  return finding.status === "fail" ? "" : `${finding.status}: `;
}

const detail = ({ finding }: CheckResult): string =>
  [
    finding.subject,
    ...finding.reasons.map(({ says, source }) => `because: ${says} (${source})`),
    ...finding.fixes.map(({ says, argv }) =>
      argv === undefined ? `fix: ${says}` : `fix: ${says}: ${shellLine(argv)}`,
    ),
  ].join(" | ");

/** Text as XML: the five that XML acts on; what it has no place for is taken out. */
export const escapeXml = (text: string): string =>
  text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "")
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&apos;");
