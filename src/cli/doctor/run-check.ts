/** `check`: gathers the facts, runs the checks, prints the report. */
import { CodedError } from "../../core/index.ts";
import {
  checks,
  clustersNamed,
  exitOf,
  factsOf,
  reportJson,
  reportLines,
  runChecks,
  shortLines,
} from "../../doctor/index.ts";
import type { CheckFacts, CheckReport, ReportHead } from "../../doctor/index.ts";
import type { Snapshot } from "../../snapshot/index.ts";
import type { CliContext, CommandInput } from "../command.ts";
import { snapshotOf } from "./sources.ts";

/** Runs `check` and answers with its exit code. */
export async function runCheck(input: CommandInput, context: CliContext): Promise<number> {
  const { snapshot, source } = await snapshotOf(input, context);
  const facts = clusterFacts(snapshot, input, context);
  const report = runChecks(checks, facts);
  const exit = exitOf(report, {
    failOnWarning: input.text("fail-on") === "warning",
    strict: input.flag("strict"),
  });
  context.out(printed(report, headOf(facts, source), { input, exit }));
  return exit;
}

function clusterFacts(snapshot: Snapshot, input: CommandInput, { clock }: CliContext): CheckFacts {
  const facts = factsOf(snapshot, { nowMs: clock.nowMs() });
  const named = input.text("cluster");
  if (named === undefined) return facts;
  const clusters = clustersNamed(facts, named);
  if (clusters.length > 0) return { ...facts, clusters };
  throw new CodedError("NameNotFound", `There is no cluster '${named}' in the facts.`);
}

const headOf = (facts: CheckFacts, source: string): ReportHead => ({
  cloud: facts.cloud,
  clusters: facts.clusters,
  source,
  takenAtMs: facts.takenAtMs,
  nowMs: facts.nowMs,
  probes: facts.probes,
  unread: facts.coverage.unread.map(
    ({ path, status, code, says }) => `${path}: ${status} ${code}: ${says}`,
  ),
  version: "0.1.0",
});

function printed(
  report: CheckReport,
  head: ReportHead,
  { input, exit }: { readonly input: CommandInput; readonly exit: number },
): string {
  switch (input.text("output")) {
    case "json":
      return reportJson(report, head, exit);
    case "short":
      return `${shortLines(report, head).join("\n")}\n`;
    default:
      return `${reportLines(report, head, { all: input.flag("all") }).join("\n")}\n`;
  }
}
