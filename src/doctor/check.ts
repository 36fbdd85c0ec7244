/** What a check is: one value in one file, pure, with a stable id; and what it finds. */
import type { ResourceId } from "../arm/index.ts";
import type { Reason } from "../core/index.ts";
import type { CheckFacts } from "./facts.ts";
import type { Fix } from "./fix.ts";

/** `LS0101`: the id that people search for, suppress by, and find the hint page of; never used again for another check. */
export type CheckId = `LS${string}`;

/** The phases, in the order in which the telemetry's way is walked. */
export const phases = ["pre", "control", "dns", "network", "agent", "data", "outside"] as const;
export type Phase = (typeof phases)[number];

export interface Check {
  readonly id: CheckId;
  /** The statement that should hold: "the cluster has a configuration access endpoint". */
  readonly title: string;
  /** A check of severity `warning` never fails: it warns. */
  readonly severity: "error" | "warning";
  readonly phase: Phase;
  /** Checks whose failure for the same subject explains a failure here. They run first; there is no cycle. */
  readonly dependsOn: readonly CheckId[];
  /** The failure modes of docs/failures.md that it finds. */
  readonly failureModes: readonly string[];
  /** How long after a change `--wait` tries again, milliseconds; absent where waiting cannot help. */
  readonly retryMs?: number;
  /** Pure: the same facts give the same findings, in the same order. Never throws for what the facts hold. */
  readonly run: (facts: CheckFacts) => readonly Finding[];
}

export type FindingStatus = "pass" | "warn" | "fail" | "unknown" | "skipped" | "waiting";

export interface Finding {
  readonly status: FindingStatus;
  /** The resource that it is about, and on which a fix would act. */
  readonly subject: ResourceId;
  /**
   * The resources whose way leads through the subject, or through which the subject's way leads: the cluster, its rule,
   * its endpoint, its scope. A failure explains those of dependent checks whose subject or chain has its subject, or
   * whose subject is in its chain.
   */
  readonly chain: readonly ResourceId[];
  /** One sentence: the fact with its values; for `unknown` and `skipped` why; for `waiting` what for. */
  readonly says: string;
  readonly reasons: readonly Reason[];
  /** Commands and steps that mend it, in order. */
  readonly fixes: readonly Fix[];
}

type Details = Partial<Pick<Finding, "chain" | "reasons" | "fixes">>;

const finding =
  (status: FindingStatus) =>
  (subject: ResourceId, says: string, details: Details = {}): Finding => ({
    status,
    subject,
    says,
    chain: details.chain ?? [],
    reasons: details.reasons ?? [],
    fixes: details.fixes ?? [],
  });

/** It holds. */
export const pass = finding("pass");
/** It works, and should not stay as it is. */
export const warn = finding("warn");
/** It does not hold. */
export const fail = finding("fail");
/** It could not be told; `says` is why. An unknown never becomes a failure of what depends on it. */
export const unknown = finding("unknown");
/** It does not apply here; `says` is why. */
export const skipped = finding("skipped");
/** It does not hold yet, and a change so young takes time; `says` is what for. */
export const waiting = finding("waiting");
