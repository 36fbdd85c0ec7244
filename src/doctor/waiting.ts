/** Waiting: a failure that a change explains which is younger than its effect takes. */
import { stringAt } from "../arm/index.ts";
import type { ResourceId } from "../arm/index.ts";
import type { CheckFacts } from "./facts.ts";
import type { CheckReport, CheckResult } from "./run-checks.ts";
import type { Phase } from "./check.ts";

/** Effects that follow a change late. What is set in the control plane itself is there at once. */
const latePhases: ReadonlySet<Phase> = new Set(["dns", "network", "agent", "data", "outside"]);

/** The report in which failures after a young change wait, until the time that their check gives has passed. */
export function withWaiting(report: CheckReport, facts: CheckFacts): CheckReport {
  const changed = changeTimes(facts);
  return {
    ...report,
    results: report.results.map((result) => {
      const { check, finding } = result;
      if (finding.status !== "fail" || check.retryMs === undefined) return result;
      if (!latePhases.has(check.phase)) return result;
      const times = [finding.subject, ...finding.chain].map((id) => changed(id));
      const youngestMs = facts.takenAtMs - Math.max(...times);
      if (youngestMs >= check.retryMs) return result;
      return waits(result, youngestMs, check.retryMs);
    }),
  };
}

function waits(result: CheckResult, ageMs: number, retryMs: number): CheckResult {
  const { finding } = result;
  const says = `${finding.says} A change is ${Math.round(ageMs / 1000)} s old; its effect takes up to ${Math.round(retryMs / 60_000)} min.`;
  return { ...result, finding: { ...finding, status: "waiting", says } };
}

const changeTimes =
  ({ graph }: CheckFacts) =>
  (id: ResourceId): number => {
    const text = stringAt(graph.get(id)?.systemData, "lastModifiedAt");
    const atMs = text === undefined ? Number.NaN : Date.parse(text);
    return Number.isNaN(atMs) ? Number.NEGATIVE_INFINITY : atMs;
  };

/** How long `--wait` tries again, milliseconds: what the failing check that takes longest needs; 0 where waiting cannot help. */
export const patienceMs = ({ results }: CheckReport): number =>
  Math.max(
    0,
    ...results
      .filter(({ finding }) => finding.status === "fail" || finding.status === "waiting")
      .map(({ check }) => check.retryMs ?? 0),
  );
