/** What is known of an error text: what it looks like, what it means, and which check finds its cause. */

/**
 * - `cause`: the text speaks of the fault itself. `symptom`: it comes of another fault, which the checks find.
 * - `refusal`: a tool or service refused a request; no state of the estate is at fault. `passing`: it is no fault.
 */
export type TextKind = "cause" | "symptom" | "refusal" | "passing";

export interface KnownText {
  /** Stable: people search for it. */
  readonly id: string;
  readonly kind: TextKind;
  /** What the text is known by: each stands in it, in this order; lower case, single spaces. */
  readonly fragments: readonly string[];
  /** A line as it is seen. */
  readonly example: string;
  readonly means: string;
  /** What to do. */
  readonly remedy: string;
  /** The checks that find its cause, the likeliest first; none for a refusal that no state of the estate explains. */
  readonly checks: readonly string[];
  /** The rows of docs/failures.md that it is seen in. */
  readonly failures: readonly string[];
  /** Where the text is documented or seen. */
  readonly source: string;
}
