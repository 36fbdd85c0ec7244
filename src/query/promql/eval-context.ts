/** What an evaluation carries along: the steps, the store, the budget of samples, the deadline and the notes. */
import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../core/index.ts";
import type { Querier } from "../../store/index.ts";
import { queryError } from "../errors.ts";
import type { Span } from "./ast.ts";
import { formatNumber } from "./numbers.ts";

/** The times at which an expression is evaluated: `count` of them, `stepMs` apart. */
export interface Steps {
  readonly startMs: number;
  readonly stepMs: number;
  readonly count: number;
}

export const stepTimeMs = ({ startMs, stepMs }: Steps, index: number): number =>
  startMs + index * stepMs;

/** The whole query's times: `@ start()`, `step()` and `range()` speak of these, also inside a subquery. */
export interface QueryTimes {
  readonly startMs: number;
  /** As asked for: the last step may come before it. */
  readonly endMs: number;
  /** 0 in an instant query. */
  readonly stepMs: number;
}

/** A warning or a hint about the data, at a place in the query. */
export interface Note {
  readonly level: "warning" | "info";
  readonly message: string;
  readonly span: Span;
}

export interface EvalContext {
  readonly querier: Querier;
  readonly steps: Steps;
  readonly query: QueryTimes;
  readonly lookbackMs: number;
  readonly budget: Budget;
  readonly pace: Pace;
  /** Notes by their text, so that a note per series stays one. */
  readonly notes: Map<string, Note>;
  readonly delayedNameRemoval: boolean;
}

export function addNote(context: EvalContext, note: Note): void {
  context.notes.set(`${note.message} ${note.span.start}`, note);
}

/** Counts samples: those that selectors load and those that each step makes. */
export interface Budget {
  /** @throws CodedError QueryTooManySamples (422) past the limit. */
  charge(samples: number): void;
}

/** A budget of `samplesMax` samples over the whole query: memory at any moment is below it. */
export function budgetOf(samplesMax: number): Budget {
  let charged = 0;
  return {
    charge(samples) {
      charged += samples;
      if (charged <= samplesMax) return;
      throw queryError(
        "QueryTooManySamples",
        `query processing would load too many samples into memory in query execution: more than ${samplesMax}; select fewer series, a shorter range or larger steps`,
      );
    },
  };
}

/** The deadline, and the turns that a long evaluation leaves to other work of the process. */
export interface Pace {
  /** Counts work; looks at the clock and the signal now and then. Says whether a breath is due. */
  spend(points: number): boolean;
  /**
   * Lets the process do other work if this evaluation had it for long.
   *
   * @throws CodedError QueryTimedOut (503) past the deadline, QueryCanceled (499) when aborted.
   */
  breathe(): Promise<void>;
}

const POINTS_BETWEEN_CHECKS = 65_536;
const TURN_MS_MAX = 20;

export function paceOf({
  clock,
  deadlineMs,
  signal,
}: {
  readonly clock: Clock;
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
}): Pace {
  let points = 0;
  let turnStartMs = clock.nowMs();
  const check = (): number => {
    if (signal?.aborted === true) {
      throw queryError("QueryCanceled", "query was canceled in expression evaluation");
    }
    const nowMs = clock.nowMs();
    if (nowMs > deadlineMs) {
      throw queryError("QueryTimedOut", "query timed out in expression evaluation");
    }
    return nowMs;
  };
  return {
    spend(more) {
      points += more;
      if (points < POINTS_BETWEEN_CHECKS) return false;
      points = 0;
      return check() - turnStartMs > TURN_MS_MAX;
    },
    async breathe() {
      if (check() - turnStartMs <= TURN_MS_MAX) return;
      await setImmediate();
      turnStartMs = check();
    },
  };
}

/** The sentence for a parameter that should be a quantile. */
export function noteQuantile(context: EvalContext, quantile: number, span: Span): void {
  if (quantile >= 0 && quantile <= 1) return;
  const message = `PromQL warning: quantile value should be between 0 and 1, got ${formatNumber(quantile)}`;
  addNote(context, { level: "warning", message, span });
}
