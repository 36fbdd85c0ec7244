/** Prints a report in the format that was asked for. */
import {
  checks,
  reportJson,
  reportJunit,
  reportLines,
  reportMarkdown,
  reportSarif,
  shortLines,
  whyUnread,
} from "../../doctor/index.ts";
import type { CheckFacts, CheckReport, ReportHead } from "../../doctor/index.ts";
import type { CommandInput } from "../command.ts";
import { toolVersion } from "./tool-version.ts";

/** The report as text. */
export function printed(
  { facts, report }: { readonly facts: CheckFacts; readonly report: CheckReport },
  asked: { readonly input: CommandInput; readonly exit: number; readonly source: string },
): string {
  const { input, exit, source } = asked;
  const head = headOf(facts, source);
  switch (input.text("output")) {
    case "json":
      return reportJson(report, head, exit);
    case "short":
      return `${shortLines(report, head).join("\n")}\n`;
    case "junit":
      return reportJunit(report, head);
    case "sarif":
      return reportSarif(report, head, { checks, file: input.text("snapshot") });
    case "markdown":
      return reportMarkdown(report, head);
    default:
      return `${reportLines(report, head, { all: input.flag("all") }).join("\n")}\n`;
  }
}

const headOf = (facts: CheckFacts, source: string): ReportHead => ({
  cloud: facts.cloud,
  clusters: facts.clusters,
  source,
  takenAtMs: facts.takenAtMs,
  nowMs: facts.nowMs,
  probes: facts.probes,
  unread: facts.coverage.unread.map(whyUnread),
  version: toolVersion(),
});
