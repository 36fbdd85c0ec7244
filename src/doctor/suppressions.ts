/** Suppressions: findings that somebody has answered for, with a reason and an end. */
import { idKey } from "../arm/index.ts";
import type { ResourceId } from "../arm/index.ts";
import type { CheckId, Finding } from "./check.ts";

export interface Suppression {
  readonly check: CheckId;
  /** The finding's subject; absent for all subjects of the check. */
  readonly resource?: ResourceId;
  readonly reason: string;
  /** Until when it holds, milliseconds since the epoch. */
  readonly expiresMs: number;
}

export interface SuppressionQuestion {
  readonly check: CheckId;
  readonly finding: Finding;
  readonly nowMs: number;
}

/** The suppression in force that covers a finding, and whether one that would have covered it has expired. */
export function suppressionOf(
  suppressions: readonly Suppression[],
  { check, finding, nowMs }: SuppressionQuestion,
): { readonly inForce: Suppression | undefined; readonly expired: Suppression | undefined } {
  const covering = suppressions.filter(
    (one) =>
      one.check === check &&
      (one.resource === undefined || idKey(one.resource) === idKey(finding.subject)),
  );
  return {
    inForce: covering.find(({ expiresMs }) => nowMs < expiresMs),
    expired: covering.find(({ expiresMs }) => nowMs >= expiresMs),
  };
}
