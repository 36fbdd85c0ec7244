/** What every output prints of a report: roots with what they explain, counts, and names in the cloud's spelling. */
import { idKey } from "../../arm/index.ts";
import { toCloudNames } from "../../azure/index.ts";
import type { CloudName } from "../../azure/index.ts";
import type { FindingStatus } from "../check.ts";
import type { CheckReport, CheckResult } from "../run-checks.ts";

/** What surrounds the findings. */
export interface ReportHead {
  readonly cloud: CloudName;
  readonly clusters: readonly string[];
  /** `a snapshot of aks.json`, `the platform`, `Azure`. */
  readonly source: string;
  readonly takenAtMs: number;
  readonly nowMs: number;
  /** Of probes the place and the time. */
  readonly probes: readonly { readonly place: string; readonly takenAtMs: number }[];
  /** What could not be read, one sentence each. */
  readonly unread: readonly string[];
  /** The tool's version. */
  readonly version: string;
}

/** A result that stands for itself, with those that follow of it. */
export interface Root {
  readonly result: CheckResult;
  readonly explains: readonly CheckResult[];
}

/** How loud a status is: the gravest first. */
export const statusOrder: readonly FindingStatus[] = [
  "fail",
  "warn",
  "waiting",
  "unknown",
  "skipped",
  "pass",
];

const keyOf = (check: string, subject: string): string => `${check} ${idKey(subject)}`;

/** The results that nothing else explains, in their order, each with those that it explains. */
export function rootsOf({ results }: CheckReport): readonly Root[] {
  const explained = new Map<string, CheckResult[]>();
  for (const result of results) {
    if (result.explainedBy === undefined) continue;
    const key = keyOf(result.explainedBy.check, result.explainedBy.subject);
    const known = explained.get(key);
    if (known === undefined) explained.set(key, [result]);
    else known.push(result);
  }
  const taken = new Set<string>();
  return results.flatMap((result) => {
    if (result.explainedBy !== undefined) return [];
    const key = keyOf(result.check.id, result.finding.subject);
    const trouble = result.finding.status !== "pass" && result.finding.status !== "skipped";
    const explains = trouble && !taken.has(key) ? (explained.get(key) ?? []) : [];
    if (trouble) taken.add(key);
    return [{ result, explains }];
  });
}

/** How many results have each status; explained and suppressed ones are counted apart. */
export interface Counts extends Readonly<Record<FindingStatus, number>> {
  readonly explained: number;
  readonly suppressed: number;
}

export function countsOf({ results }: CheckReport): Counts {
  const counts = {
    pass: 0,
    warn: 0,
    fail: 0,
    unknown: 0,
    skipped: 0,
    waiting: 0,
    explained: 0,
    suppressed: 0,
  };
  for (const { finding, explainedBy, suppressedBy } of results) {
    if (suppressedBy !== undefined) counts.suppressed += 1;
    else if (explainedBy !== undefined) counts.explained += 1;
    else counts[finding.status] += 1;
  }
  return counts;
}

/** What decides the exit code beside the report. */
export interface ExitOptions {
  readonly failOnWarning: boolean;
  readonly strict: boolean;
}

/** 0: nothing failed. 1: a check failed. 3: warnings, which were to fail. 4: unknowns, which were to fail. */
export function exitOf(report: CheckReport, { failOnWarning, strict }: ExitOptions): 0 | 1 | 3 | 4 {
  const counts = countsOf(report);
  if (counts.fail > 0 || counts.waiting > 0) return 1;
  if (failOnWarning && counts.warn > 0) return 3;
  return strict && counts.unknown > 0 ? 4 : 0;
}

/** A text in the spelling of the cloud, without what a terminal would act on. */
export const shownIn =
  (cloud: CloudName) =>
  (text: string): string =>
    toCloudNames(cloud, text).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, "·");

/** `…/privateLinkScopes/ampls-one` as `ampls-one`. */
export const nameOf = (id: string): string => id.split("/").at(-1) ?? id;
