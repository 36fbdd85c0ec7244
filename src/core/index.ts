/** Reasons and verdicts, errors, limits, clock, labels and samples; no sockets, no files. */
export { assert, assertNever } from "./assert.ts";
export { sleep, systemClock } from "./clock.ts";
export type { Clock, Timer } from "./clock.ts";
export { CodedError, messageOf } from "./errors.ts";
export type { ErrorCatalogue, ErrorEntry } from "./errors.ts";
export { fakeClock } from "./fake-clock.ts";
export type { FakeClock } from "./fake-clock.ts";
export {
  compareStrings,
  formatLabels,
  isStaleAt,
  labelsOf,
  labelValue,
  STALE_NAN_BITS,
} from "./labels.ts";
export type { Label, Labels, Matcher, MatchKind, SeriesColumns } from "./labels.ts";
export { limits } from "./limits.ts";
export { logSqlTypes, sqlColumnNames } from "./log-table.ts";
export type { LogColumn, LogColumnType, LogTable } from "./log-table.ts";
export { guid, seededRandom, systemRandom } from "./random.ts";
export type { Random } from "./random.ts";
export { allow, deny, explain, unknown } from "./reasons.ts";
export type { Outcome, Reason, Verdict } from "./reasons.ts";
