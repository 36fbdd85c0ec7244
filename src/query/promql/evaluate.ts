/** Queries from outside: an instant or a range of steps, under limits, with results as columns. */
import { limits } from "../../core/index.ts";
import type { Clock, Labels, SeriesColumns } from "../../core/index.ts";
import type { Querier } from "../../store/index.ts";
import { queryError } from "../errors.ts";
import { typeOf, unwrapParens } from "./ast.ts";
import type { Expr } from "./ast.ts";
import { budgetOf, paceOf, stepTimeMs } from "./eval-context.ts";
import type { EvalContext, Note, QueryTimes, Steps } from "./eval-context.ts";
import { evaluateExpr } from "./evaluate-expr.ts";
import { compareLabels } from "./label-sets.ts";
import { formatProblem, place } from "./problems.ts";
import { parseExpr } from "./parser.ts";
import { selectRange, windowSamples } from "./ranges.ts";
import { refusalOf } from "./refusals.ts";
import { dropMarkedNames } from "./values.ts";
import type { VectorBlock } from "./values.ts";

/** What both kinds of query need. */
export interface QueryEnvironment {
  readonly querier: Querier;
  readonly clock: Clock;
  /** Past this time of the clock the query ends with QueryTimedOut. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
  /** How far back an instant selector looks for a sample; five minutes unless said otherwise. */
  readonly lookbackMs?: number;
  /** At most `limits.querySamplesMax`. */
  readonly samplesMax?: number;
  /** Prometheus's feature flag promql-delayed-name-removal: names go when the query ends. Off, as there. */
  readonly delayedNameRemoval?: boolean;
}

export type QueryValue =
  | { readonly kind: "scalar"; readonly timeMs: number; readonly value: number }
  | { readonly kind: "string"; readonly timeMs: number; readonly value: string }
  | {
      readonly kind: "vector";
      readonly timeMs: number;
      /** One value a label set, in the order of the result. */
      readonly labels: readonly Labels[];
      readonly values: Float64Array;
    }
  /** Sorted by labels; no series is empty. */
  | { readonly kind: "matrix"; readonly series: readonly SeriesColumns[] };

export interface QueryResult {
  readonly value: QueryValue;
  /** Sentences with the place in the query: `… (1:5)`. */
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}

export const LOOKBACK_MS = 5 * 60 * 1000;

/**
 * Evaluates a query at one time.
 *
 * @throws CodedError PromqlInvalid (400), PromqlNotSupported (422), QueryFailed (422), QueryTooManySamples (422),
 *   QueryTimedOut (503), QueryCanceled (499), and what the querier throws.
 */
export async function evaluateInstant(
  text: string,
  { timeMs, ...environment }: QueryEnvironment & { readonly timeMs: number },
): Promise<QueryResult> {
  const expr = parsed(text);
  const steps: Steps = { startMs: timeMs, stepMs: 0, count: 1 };
  const context = contextOf(environment, { startMs: timeMs, endMs: timeMs, stepMs: 0 }, steps);
  if (typeOf(expr) === "matrix") {
    const range = await selectRange(expr, context, evaluateExpr);
    const series = windowSamples(range).toSorted((a, b) => compareLabels(a.labels, b.labels));
    return resultOf({ kind: "matrix", series }, context, text);
  }
  const value = await evaluateExpr(expr, context);
  if (value.kind === "string") return resultOf({ ...value, timeMs }, context, text);
  if (value.kind === "scalar") {
    return resultOf({ kind: "scalar", timeMs, value: value.values[0] ?? NaN }, context, text);
  }
  return resultOf(instantVector(dropMarkedNames(value), timeMs), context, text);
}

/**
 * Evaluates a query at `startMs`, and every `stepMs` after it up to `endMs`.
 *
 * @throws CodedError as `evaluateInstant`; QueryParameterInvalid (400) past `limits.queryPointsPerSeriesMax` steps.
 */
export async function evaluateRange(
  text: string,
  { startMs, endMs, stepMs, ...environment }: QueryEnvironment & QueryTimes,
): Promise<QueryResult> {
  const expr = parsed(text);
  const steps = stepsOf({ startMs, endMs, stepMs });
  const type = typeOf(expr);
  if (type === "matrix" || type === "string") {
    const got = type === "matrix" ? "range vector" : type;
    throw queryError(
      "PromqlInvalid",
      `invalid expression type "${got}" for range query, must be Scalar or instant Vector`,
    );
  }
  const context = contextOf(environment, { startMs, endMs, stepMs }, steps);
  const value = await evaluateExpr(unwrapParens(expr), context);
  if (value.kind === "scalar") {
    const series = [{ ...columnsAt(steps), labels: [], values: value.values }];
    return resultOf({ kind: "matrix", series }, context, text);
  }
  if (value.kind === "string") throw new Error("a range query has no string value");
  return resultOf(matrixOf(dropMarkedNames(value), steps), context, text);
}

function parsed(text: string): Expr {
  const result = parseExpr(text);
  if (result.kind === "refused") {
    const [problem] = result.problems;
    const says = problem === undefined ? "" : formatProblem(text, problem);
    throw queryError("PromqlInvalid", says);
  }
  const refusal = refusalOf(result.expr, text);
  if (refusal !== undefined) throw refusal;
  return result.expr;
}

function stepsOf({ startMs, endMs, stepMs }: QueryTimes): Steps {
  if (!(endMs >= startMs && stepMs > 0)) {
    throw queryError(
      "QueryParameterInvalid",
      "a range needs an end after its start and a step above 0",
    );
  }
  const count = Math.floor((endMs - startMs) / stepMs) + 1;
  // As Prometheus: the limit is on the steps between the points.
  if (count - 1 <= limits.queryPointsPerSeriesMax) return { startMs, stepMs, count };
  throw queryError(
    "QueryParameterInvalid",
    `exceeded maximum resolution of ${limits.queryPointsPerSeriesMax.toLocaleString("en-US")} points per timeseries. Try decreasing the query resolution (?step=XX)`,
  );
}

function contextOf(environment: QueryEnvironment, query: QueryTimes, steps: Steps): EvalContext {
  const { querier, clock, deadlineMs, signal, lookbackMs = LOOKBACK_MS } = environment;
  return {
    querier,
    steps,
    query,
    lookbackMs,
    budget: budgetOf(environment.samplesMax ?? limits.querySamplesMax),
    pace: paceOf({ clock, deadlineMs, signal }),
    notes: new Map(),
    delayedNameRemoval: environment.delayedNameRemoval ?? false,
  };
}

function resultOf(value: QueryValue, { notes }: EvalContext, text: string): QueryResult {
  const sentences = (level: Note["level"]): string[] =>
    [...notes.values()]
      .filter((note) => note.level === level)
      .map(({ message, span }) => `${message} (${place(text, span)})`);
  return { value, warnings: sentences("warning"), infos: sentences("info") };
}

function instantVector({ labels, values, present }: VectorBlock, timeMs: number): QueryValue {
  const rows = labels.map((_labels, row) => row).filter((row) => present[row] === 1);
  return {
    kind: "vector",
    timeMs,
    labels: rows.map((row) => labels[row] ?? []),
    values: Float64Array.from(rows, (row) => values[row] ?? NaN),
  };
}

function columnsAt(steps: Steps): { readonly timestampsMs: Float64Array; readonly length: number } {
  const timestampsMs = new Float64Array(steps.count);
  for (let step = 0; step < steps.count; step++) timestampsMs[step] = stepTimeMs(steps, step);
  return { timestampsMs, length: steps.count };
}

function matrixOf({ labels, values, present }: VectorBlock, steps: Steps): QueryValue {
  const { count } = steps;
  const series: SeriesColumns[] = [];
  for (const [row, set] of labels.entries()) {
    const from = row * count;
    let length = 0;
    for (let step = 0; step < count; step++) length += present[from + step] ?? 0;
    if (length === 0) continue;
    const columns = { timestampsMs: new Float64Array(length), values: new Float64Array(length) };
    let at = 0;
    for (let step = 0; step < count; step++) {
      if (present[from + step] === 0) continue;
      columns.timestampsMs[at] = stepTimeMs(steps, step);
      columns.values[at] = values[from + step] ?? NaN;
      at++;
    }
    series.push({ labels: set, length, ...columns });
  }
  return { kind: "matrix", series: series.toSorted((a, b) => compareLabels(a.labels, b.labels)) };
}
