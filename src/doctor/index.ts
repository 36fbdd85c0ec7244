/** The doctor: checks over a snapshot, their order of cause, and what they say. */
export { fail, pass, phases, skipped, unknown, waiting, warn } from "./check.ts";
export type { Check, CheckId, Finding, FindingStatus, Phase } from "./check.ts";
export { checks } from "./checks/index.ts";
export { explainLine, knownTexts } from "./explain/explain-line.ts";
export type { KnownText, TextKind } from "./explain/known-text.ts";
export {
  completeFacts,
  listing,
  presence,
  probesInside,
  probesOutside,
  whyUnread,
} from "./facts.ts";
export type { CheckFacts, Presence } from "./facts.ts";
export { doctorErrors } from "./errors.ts";
export type { DoctorCode } from "./errors.ts";
export { clustersNamed, factsOf } from "./facts-of.ts";
export { command, shellLine, step } from "./fix.ts";
export type { Fix } from "./fix.ts";
export { reportJson } from "./output/json.ts";
export { reportJunit } from "./output/junit.ts";
export { reportMarkdown } from "./output/markdown.ts";
export { reportSarif } from "./output/sarif.ts";
export { countsOf, exitOf, rootsOf, shownIn } from "./output/report-view.ts";
export type { Counts, ReportHead, Root } from "./output/report-view.ts";
export { reportLines, shortLines } from "./output/table.ts";
export type { PlannedRequest, ProbePlan } from "./probe/probe-plan.ts";
export { readSuppressions } from "./read-suppressions.ts";
export { impactOf } from "./impact/impact.ts";
export type { Impact, ImpactAnswer, Loss } from "./impact/impact.ts";
export type { AccessMode, PlannedChange } from "./impact/planned-change.ts";
export { runChecks } from "./run-checks.ts";
export type { CheckReport, CheckResult, Cause } from "./run-checks.ts";
export { inPhases, usualPhases } from "./select-phases.ts";
export type { Suppression } from "./suppressions.ts";
export { patienceMs, withWaiting } from "./waiting.ts";

/** Plans and scripts of probes, and proofs over fragments: with what proofs need, loaded only where it is asked for. */
export const loadProbing = () => import("./probe/probing.ts");
/** Reports of proofs, with their picture. */
export const loadReporting = () => import("./report/reporting.ts");
/** What is known of error texts. */
export const loadExplanations = () => import("./explain/explain-line.ts");
