/** Range vectors: windows over a selector's columns or over a subquery's steps, and the functions of them. */
import { assert } from "../../core/index.ts";
import type { Labels, SeriesColumns } from "../../core/index.ts";
import { queryError } from "../errors.ts";
import { unwrapParens } from "./ast.ts";
import type { Call, Expr, MatrixSelector, Subquery } from "./ast.ts";
import { positiveDurationMs } from "./durations.ts";
import { noteQuantile, stepTimeMs } from "./eval-context.ts";
import type { EvalContext, Steps } from "./eval-context.ts";
import type { Evaluate } from "./evaluate-expr.ts";
import { keepsName, rangeFunctions } from "./range-functions.ts";
import type { RangeFunction, Window } from "./range-functions.ts";
import { fetchColumns, gazeOf, withoutStale } from "./select.ts";
import type { Gaze } from "./select.ts";
import { blockOf, dropNames } from "./values.ts";
import type { VectorBlock } from "./values.ts";

/** A range vector before any function: all samples that any window needs, and where the windows lie. */
export interface RangeVector {
  readonly series: readonly SeriesColumns[];
  /** Series whose name goes when the query ends. */
  readonly dropName: readonly boolean[];
  readonly gaze: Gaze;
  readonly rangeMs: number;
}

/** Prometheus's evaluation interval, which a subquery without a step takes. */
const SUBQUERY_STEP_MS = 60_000;

export async function selectRange(
  expr: Expr,
  context: EvalContext,
  evaluate: Evaluate,
): Promise<RangeVector> {
  const inner = unwrapParens(expr);
  if (inner.kind === "matrixSelector") return selectMatrix(inner, context);
  assert(inner.kind === "subquery", `a ${inner.kind} is no range vector`);
  return selectSubquery(inner, context, evaluate);
}

async function selectMatrix(
  { selector, range }: MatrixSelector,
  context: EvalContext,
): Promise<RangeVector> {
  const gaze = gazeOf(selector, context);
  const rangeMs = positiveDurationMs(range, context.query);
  const fetched = await fetchColumns(selector, gaze, { reachMs: rangeMs, context });
  const series = fetched.map(withoutStale);
  return { series, dropName: series.map(() => false), gaze, rangeMs };
}

async function selectSubquery(
  subquery: Subquery,
  context: EvalContext,
  evaluate: Evaluate,
): Promise<RangeVector> {
  const { query, budget } = context;
  const gaze = gazeOf(subquery, context);
  const rangeMs = positiveDurationMs(subquery.range, query);
  const stepMs =
    subquery.step === undefined ? SUBQUERY_STEP_MS : positiveDurationMs(subquery.step, query);
  const steps = alignedSteps(gaze, rangeMs, stepMs);
  if (steps.count <= 0) return { series: [], dropName: [], gaze, rangeMs };
  // Bounds the columns before any is made: a year at a millisecond has thirty thousand million steps.
  budget.charge(steps.count);
  const value = await evaluate(subquery.expr, { ...context, steps });
  assert(value.kind === "vector", "a subquery's expression is a vector");
  const series = value.labels.map((labels, row) => columnsOf(value, { row, labels, steps }));
  return { series, dropName: value.dropName, gaze, rangeMs };
}

/** A subquery's steps are multiples of its step, so that they do not move with the query's own. */
function alignedSteps(gaze: Gaze, rangeMs: number, stepMs: number): Steps {
  const afterMs = gaze.firstMs - rangeMs;
  const startMs = (Math.floor(afterMs / stepMs) + 1) * stepMs;
  return { startMs, stepMs, count: Math.floor((gaze.lastMs - startMs) / stepMs) + 1 };
}

function columnsOf(
  { values, present, steps: width }: VectorBlock,
  { row, labels, steps }: { readonly row: number; readonly labels: Labels; readonly steps: Steps },
): SeriesColumns {
  const times = new Float64Array(width);
  const kept = new Float64Array(width);
  let length = 0;
  for (let step = 0; step < width; step++) {
    if (present[row * width + step] === 0) continue;
    times[length] = stepTimeMs(steps, step);
    kept[length] = values[row * width + step] ?? NaN;
    length++;
  }
  return { labels, timestampsMs: times, values: kept, length };
}

/** A call whose function takes a range: `rate(x[5m])`, `quantile_over_time(0.9, x[5m])`. */
export async function callRangeFunction(
  call: Call,
  context: EvalContext,
  evaluate: Evaluate,
): Promise<VectorBlock> {
  const { name } = call.func;
  const matrix = call.args.at(-1);
  const run = rangeFunctions.get(name);
  assert(matrix !== undefined && run !== undefined, `${name} is no range function`);
  const params = call.args.length > 1 ? await paramsOf(call, context, evaluate) : undefined;
  const range = await selectRange(matrix, context, evaluate);
  const { steps, budget, pace } = context;
  const block = blockOf(
    range.series.map(({ labels }) => labels),
    { steps: steps.count, budget },
  );
  for (const [row, columns] of range.series.entries()) {
    runOverSteps(columns, row, { run, range, block, params });
    if (pace.spend(columns.length + steps.count)) await pace.breathe();
  }
  for (const [row, dropped] of range.dropName.entries()) block.dropName[row] = dropped;
  return keepsName(name) ? block : dropNames(block, context);
}

async function paramsOf(
  call: Call,
  context: EvalContext,
  evaluate: Evaluate,
): Promise<Float64Array> {
  const arg = call.args[0];
  assert(arg !== undefined, `${call.func.name} has a first argument`);
  const value = await evaluate(arg, context);
  assert(value.kind === "scalar", `${call.func.name} takes a scalar first`);
  for (const quantile of value.values) noteQuantile(context, quantile, arg.span);
  return value.values;
}

interface Run {
  readonly run: RangeFunction;
  readonly range: RangeVector;
  readonly block: VectorBlock;
  readonly params: Float64Array | undefined;
}

/** Moves a window over the columns: both its ends only ever go forward. */
function runOverSteps(
  { timestampsMs, values, length }: SeriesColumns,
  row: number,
  { run, range, block, params }: Run,
): void {
  const { gaze, rangeMs } = range;
  const window: Window = { timestampsMs, values, from: 0, to: 0, startMs: 0, endMs: 0, param: NaN };
  for (let step = 0; step < block.steps; step++) {
    window.endMs = gaze.firstMs + step * gaze.stepMs;
    window.startMs = window.endMs - rangeMs;
    while (window.to < length && (timestampsMs[window.to] ?? Infinity) <= window.endMs) window.to++;
    while (window.from < window.to && (timestampsMs[window.from] ?? 0) <= window.startMs) {
      window.from++;
    }
    if (window.from === window.to) continue;
    if (params !== undefined) window.param = params[step] ?? NaN;
    const value = run(window);
    if (value === undefined) continue;
    block.values[row * block.steps + step] = value;
    block.present[row * block.steps + step] = 1;
  }
}

/** Whether any series has a sample in each step's window, for `absent_over_time`. */
export function presenceOf(range: RangeVector, steps: number): Uint8Array {
  const block: VectorBlock = {
    kind: "vector",
    steps,
    labels: [],
    dropName: [],
    values: new Float64Array(steps),
    present: new Uint8Array(steps),
  };
  for (const columns of range.series) {
    runOverSteps(columns, 0, { run: () => 1, range, block, params: undefined });
  }
  return block.present;
}

/** The samples of each series in the one window of an instant query: what a bare `foo[5m]` answers. */
export function windowSamples({ series, gaze, rangeMs }: RangeVector): readonly SeriesColumns[] {
  if (gaze.firstMs !== gaze.lastMs) {
    throw queryError("QueryFailed", "a range vector has samples at one time only");
  }
  return series
    .map(({ labels, timestampsMs, values, length }) => {
      let from = 0;
      while (from < length && (timestampsMs[from] ?? 0) <= gaze.firstMs - rangeMs) from++;
      return {
        labels,
        timestampsMs: timestampsMs.subarray(from, length),
        values: values.subarray(from, length),
        length: length - from,
      };
    })
    .filter(({ length }) => length > 0);
}
