/** The report as Markdown: for pull requests and tickets. */
import { shellLine } from "../fix.ts";
import type { CheckReport } from "../run-checks.ts";
import { countsOf, nameOf, rootsOf, shownIn, statusOrder } from "./report-view.ts";
import type { ReportHead, Root } from "./report-view.ts";
import { marks, summaryLine } from "./table.ts";

/** A table of the problems, then each with its reasons and its fix. */
export function reportMarkdown(report: CheckReport, head: ReportHead): string {
  const shown = shownIn(head.cloud);
  const roots = rootsOf(report).filter(
    ({ result }) =>
      result.suppressedBy === undefined && !["pass", "skipped"].includes(result.finding.status),
  );
  const sorted = statusOrder.flatMap((status) =>
    roots.filter(({ result }) => result.finding.status === status),
  );
  const rows = sorted.map(({ result: { check, finding }, explains }) => {
    const more = explains.length === 0 ? "" : String(explains.length);
    return `| ${marks[finding.status]} | ${check.id} | ${cell(nameOf(finding.subject))} | ${cell(finding.says)} | ${more} |`;
  });
  const table = ["|  | check | resource | what | explains |", "| - | - | - | - | - |", ...rows];
  const lines = [
    `## Private link check: ${cell(head.clusters.map(nameOf).slice(0, 3).join(", "))}`,
    "",
    `${summaryLine(countsOf(report))} Facts of ${new Date(head.takenAtMs).toISOString()}.`,
    ...(rows.length === 0 ? [] : ["", ...table]),
    ...sorted.flatMap(details),
    "",
  ];
  return lines.map((line) => shown(line)).join("\n");
}

function details({ result: { check, finding } }: Root): readonly string[] {
  if (finding.fixes.length === 0 && finding.reasons.length === 0) return [];
  return [
    "",
    `### ${check.id} ${cell(check.title)}: ${cell(nameOf(finding.subject))}`,
    "",
    ...finding.reasons.map(({ says, source }) => `- ${cell(says)} (${cell(source)})`),
    ...finding.fixes.flatMap(({ says, argv }) => [
      `- ${cell(says)}`,
      ...(argv === undefined ? [] : ["", ...fenced(shellLine(argv)), ""]),
    ]),
  ];
}

/** A code block by indentation: nothing in the text can end it. */
const fenced = (text: string): readonly string[] => [`      ${text}`];

/** Text that Markdown and HTML act on nowhere. */
const cell = (text: string): string =>
  text.replace(/[\r\n]/g, " ").replace(/[\\`*_{}[\]<>()#|~!&@]/g, (mark) => `\\${mark}`);
