/** Durations at evaluation: `5m`, `step()*2`, `min_of(range(), 1h)` in milliseconds. */
import { queryError } from "../errors.ts";
import type { AtModifier, DurationExpr, DurationOp } from "./ast.ts";
import type { QueryTimes } from "./eval-context.ts";
import { DURATION_MS_MAX, formatNumber } from "./numbers.ts";

/** The milliseconds of a duration in this query. @throws CodedError QueryFailed (422) where it is no duration. */
export function durationMs(duration: DurationExpr, query: QueryTimes): number {
  const ms = Math.round(secondsOf(duration, query) * 1000);
  if (Math.abs(ms) <= DURATION_MS_MAX) return ms;
  throw queryError("QueryFailed", `duration is out of range: ${formatNumber(ms / 1000)} s`);
}

/** The same, above zero: for ranges and steps. @throws CodedError QueryFailed (422) */
export function positiveDurationMs(duration: DurationExpr, query: QueryTimes): number {
  const ms = durationMs(duration, query);
  if (ms > 0) return ms;
  throw queryError("QueryFailed", "duration must be greater than 0");
}

function secondsOf(duration: DurationExpr, query: QueryTimes): number {
  switch (duration.kind) {
    case "number":
      return duration.value;
    case "durationCall":
      return (duration.name === "step" ? query.stepMs : query.endMs - query.startMs) / 1000;
    case "durationBound": {
      const bound = duration.name === "min_of" ? Math.min : Math.max;
      return bound(secondsOf(duration.lhs, query), secondsOf(duration.rhs, query));
    }
    case "durationUnary": {
      const seconds = secondsOf(duration.expr, query);
      return duration.op === "-" ? -seconds : seconds;
    }
    case "durationBinary":
      return combine(duration.op, secondsOf(duration.lhs, query), secondsOf(duration.rhs, query));
    case "durationParen":
      return secondsOf(duration.expr, query);
  }
}

function combine(op: DurationOp, left: number, right: number): number {
  switch (op) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    case "%":
      return left % right;
    case "^":
      return left ** right;
  }
}

/** The fixed time of an `@`, or undefined where each step is its own time. */
export function atTimeMs(at: AtModifier | undefined, query: QueryTimes): number | undefined {
  switch (at?.kind) {
    case undefined:
      return undefined;
    case "timestamp":
      return at.timeMs;
    case "start":
      return query.startMs;
    case "end":
      return query.endMs;
  }
}
