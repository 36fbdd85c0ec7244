/** The report for people: each root with its reasons, its fix and what it explains; then one line of counts. */
import type { FindingStatus } from "../check.ts";
import { shellLine } from "../fix.ts";
import type { CheckReport, CheckResult } from "../run-checks.ts";
import { countsOf, nameOf, rootsOf, shownIn, statusOrder } from "./report-view.ts";
import type { Counts, ReportHead, Root } from "./report-view.ts";

export const marks: Readonly<Record<FindingStatus, string>> = {
  fail: "✘",
  warn: "!",
  waiting: "…",
  unknown: "?",
  skipped: "-",
  pass: "✔",
};

/** Lines for people. `all` shows what passed and was skipped as well. */
export function reportLines(
  report: CheckReport,
  head: ReportHead,
  options: { readonly all: boolean },
): readonly string[] {
  const shown = shownIn(head.cloud);
  const roots = rootsOf(report);
  const wanted = statusOrder
    .filter((status) => options.all || (status !== "pass" && status !== "skipped"))
    .flatMap((status) => roots.filter(({ result }) => result.finding.status === status))
    .filter(({ result }) => options.all || result.suppressedBy === undefined);
  return [
    ...headLines(head).map(shown),
    "",
    ...blocks(wanted).flatMap((block) => [...block.map(shown), ""]),
    ...unusedLines(report).map(shown),
    summaryLine(countsOf(report)),
  ];
}

/** Only the problems, a line each: to be pasted. */
export const shortLines = (report: CheckReport, head: ReportHead): readonly string[] => {
  const shown = shownIn(head.cloud);
  const problems = rootsOf(report).filter(
    ({ result }) =>
      result.suppressedBy === undefined &&
      ["fail", "warn", "waiting", "unknown"].includes(result.finding.status),
  );
  const lines = problems.map(({ result: { check, finding }, explains }) => {
    const more = explains.length === 0 ? "" : ` (explains ${explains.length} more)`;
    return `${marks[finding.status]} ${check.id} ${nameOf(finding.subject)}: ${finding.says}${more}`;
  });
  return [...lines.map(shown), summaryLine(countsOf(report))];
};

function headLines(head: ReportHead): readonly string[] {
  const { clusters, source, takenAtMs, nowMs, probes, unread } = head;
  const age = nowMs - takenAtMs;
  const names =
    clusters.length > 3 ? `${clusters.length} clusters` : clusters.map(nameOf).join(", ");
  const seen = probes.map(({ place, takenAtMs: at }) => `${place}, ${ageText(nowMs - at)}`);
  return [
    `check of ${names || "no cluster"} in ${source}${age > 60_000 ? `, ${ageText(age)}` : ""}`,
    ...(seen.length === 0 ? [] : [`probes: ${seen.join("; ")}`]),
    ...(unread.length === 0
      ? []
      : [
          unread.length === 1
            ? "1 read was refused; what it would tell is unknown:"
            : `${unread.length} reads were refused; what they would tell is unknown:`,
          ...unread.slice(0, UNREAD_SHOWN).map((line) => `  ${line}`),
          ...(unread.length > UNREAD_SHOWN ? [`  and ${unread.length - UNREAD_SHOWN} more`] : []),
        ]),
  ];
}

const UNREAD_SHOWN = 5;

/** `3 min old`. */
export function ageText(ageMs: number): string {
  const seconds = Math.max(0, Math.round(ageMs / 1000));
  if (seconds < 120) return `${seconds} s old`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min old`;
  return seconds < 172_800
    ? `${Math.round(seconds / 3_600)} h old`
    : `${Math.round(seconds / 86_400)} days old`;
}

/** The findings of one check and status under one head. */
function blocks(roots: readonly Root[]): readonly (readonly string[])[] {
  const groups = Map.groupBy(
    roots,
    ({ result: { check, finding } }) => `${finding.status} ${check.id}`,
  );
  return [...groups.values()].map((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { check, finding } = first.result;
    const troubled = finding.status !== "pass" && finding.status !== "skipped";
    return [
      `${marks[finding.status]} ${check.id} ${check.title}`,
      ...group.flatMap(rootLines),
      ...(troubled ? [`    more: ./linkscope explain ${check.id}`] : []),
    ];
  });
}

/** Ids within a sentence, by the names of their resources: people know them so. */
const shortIds = (text: string): string =>
  text.replace(/\/subscriptions\/[^\s,;:()']*\/([^\s,;:()'/]+?)(?=\.?(?:[\s,;:()']|$))/g, "$1");

function rootLines({ result, explains }: Root): readonly string[] {
  const { finding, suppressedBy, expiredSuppression } = result;
  const lines = [
    `    ${nameOf(finding.subject)}: ${finding.says}`,
    ...finding.reasons.map(({ says, source }) => `      because: ${shortIds(says)} (${source})`),
    ...fixLines(result),
  ];
  if (explains.length > 0) lines.push(`      explains: ${explains.map(explainedText).join("; ")}`);
  if (suppressedBy !== undefined) {
    lines.push(`      suppressed until ${day(suppressedBy.expiresMs)}: ${suppressedBy.reason}`);
  }
  if (expiredSuppression !== undefined) {
    lines.push(
      `      was suppressed until ${day(expiredSuppression.expiresMs)} (${expiredSuppression.reason}); that has expired`,
    );
  }
  return lines;
}

const explainedText = ({ check, finding }: CheckResult): string =>
  `${marks[finding.status]} ${check.id} ${nameOf(finding.subject)}`;

const fixLines = ({ finding }: CheckResult): readonly string[] =>
  finding.fixes.flatMap(({ says, argv }) => [
    `      fix: ${says}`,
    ...(argv === undefined ? [] : [`        ${shellLine(argv)}`]),
  ]);

const unusedLines = ({ unused }: CheckReport): readonly string[] =>
  unused.map(
    ({ check, resource }) =>
      `The suppression of ${check}${resource === undefined ? "" : ` of ${nameOf(resource)}`} covers nothing; it can go.`,
  );

const day = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10);

/** `12 passed, 1 failed (4 explained by others), 0 unknown`. */
export function summaryLine(counts: Counts): string {
  const parts = [
    `${counts.pass} passed`,
    `${counts.fail} failed`,
    ...(counts.explained > 0 ? [`${counts.explained} explained by others`] : []),
    ...(counts.warn > 0 ? [`${counts.warn} ${counts.warn === 1 ? "warning" : "warnings"}`] : []),
    ...(counts.waiting > 0 ? [`${counts.waiting} waiting`] : []),
    `${counts.unknown} unknown`,
    `${counts.skipped} skipped`,
    ...(counts.suppressed > 0 ? [`${counts.suppressed} suppressed`] : []),
  ];
  return `${parts.join(", ")}.`;
}
