/** Phases: which findings of a report are asked for, and the roots that explain them. */
import { idKey } from "../arm/index.ts";
import { phases } from "./check.ts";
import type { Phase } from "./check.ts";
import type { CheckReport, CheckResult } from "./run-checks.ts";

/** What is checked when nothing is said: all but what is asked before anything is there. */
export const usualPhases: readonly Phase[] = phases.filter((phase) => phase !== "pre");

/** The report of some phases; a root in another phase stays where it explains what is in these. */
export function inPhases(report: CheckReport, wanted: readonly Phase[]): CheckReport {
  const keyOf = (check: string, subject: string): string => `${check} ${idKey(subject)}`;
  const kept = new Set<CheckResult>();
  const roots = new Set<string>();
  for (const result of report.results) {
    if (!wanted.includes(result.check.phase)) continue;
    kept.add(result);
    const { explainedBy } = result;
    if (explainedBy !== undefined) roots.add(keyOf(explainedBy.check, explainedBy.subject));
  }
  for (const result of report.results) {
    const { check, finding, explainedBy } = result;
    if (explainedBy === undefined && roots.has(keyOf(check.id, finding.subject))) {
      if (finding.status !== "pass" && finding.status !== "skipped") kept.add(result);
    }
  }
  return { ...report, results: report.results.filter((result) => kept.has(result)) };
}
