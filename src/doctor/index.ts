/** The doctor: checks over a snapshot, their order of cause, and what they say. */
export { fail, pass, phases, skipped, unknown, waiting, warn } from "./check.ts";
export type { Check, CheckId, Finding, FindingStatus, Phase } from "./check.ts";
export { checks } from "./checks/index.ts";
export {
  completeFacts,
  listing,
  presence,
  probesInside,
  probesOutside,
  whyUnread,
} from "./facts.ts";
export type { CheckFacts, Presence } from "./facts.ts";
export { command, shellLine, step } from "./fix.ts";
export type { Fix } from "./fix.ts";
export { runChecks } from "./run-checks.ts";
export type { CheckReport, CheckResult, Cause } from "./run-checks.ts";
export type { Suppression } from "./suppressions.ts";
