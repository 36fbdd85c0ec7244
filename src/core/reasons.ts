/** Verdicts and the chains of reasons behind them: the one shape in which every rule answers. */

/** One rule that spoke. `rule` is a stable id, `says` a sentence, `source` where the behaviour is documented. */
export interface Reason {
  readonly rule: string;
  readonly says: string;
  /** A document or specification; `inferred: …` where Azure's behaviour is not documented. */
  readonly source: string;
}

export type Outcome = "allow" | "deny" | "unknown";

/** What a rule decided, with each rule that spoke, first to last. */
export interface Verdict {
  readonly outcome: Outcome;
  readonly reasons: readonly Reason[];
}

export const allow = (...reasons: readonly Reason[]): Verdict => ({ outcome: "allow", reasons });
export const deny = (...reasons: readonly Reason[]): Verdict => ({ outcome: "deny", reasons });
export const unknown = (...reasons: readonly Reason[]): Verdict => ({
  outcome: "unknown",
  reasons,
});

/** The verdict as text: the outcome, then a line for each reason. */
export function explain(verdict: Verdict): string {
  return [verdict.outcome, ...verdict.reasons.map(({ rule, says }) => `  ${rule}: ${says}`)].join(
    "\n",
  );
}
