/** Selectors: the store's columns, and the newest sample of each series at each step. */
import { isStaleAt } from "../../core/index.ts";
import type { SeriesColumns } from "../../core/index.ts";
import type { TimeModifiers, VectorSelector } from "./ast.ts";
import { atTimeMs, durationMs } from "./durations.ts";
import { stepTimeMs } from "./eval-context.ts";
import type { EvalContext } from "./eval-context.ts";
import { blockOf } from "./values.ts";
import type { VectorBlock } from "./values.ts";

/** Where each step looks: `firstMs + i * stepMs`; `stepMs` is 0 where `@` fixes the time. */
export interface Gaze {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly stepMs: number;
}

/** The times that the steps look at, moved by `@` and `offset`. */
export function gazeOf(modifiers: TimeModifiers, context: EvalContext): Gaze {
  const { steps, query } = context;
  const offsetMs = modifiers.offset === undefined ? 0 : durationMs(modifiers.offset, query);
  const fixedMs = atTimeMs(modifiers.at, query);
  if (fixedMs !== undefined) {
    return { firstMs: fixedMs - offsetMs, lastMs: fixedMs - offsetMs, stepMs: 0 };
  }
  return {
    firstMs: steps.startMs - offsetMs,
    lastMs: stepTimeMs(steps, steps.count - 1) - offsetMs,
    stepMs: steps.stepMs,
  };
}

/** The store's series for a selector, each once, with the samples that any step may need: (first - reach, last]. */
export async function fetchColumns(
  selector: VectorSelector,
  gaze: Gaze,
  { reachMs, context }: { readonly reachMs: number; readonly context: EvalContext },
): Promise<readonly SeriesColumns[]> {
  const range = { mintMs: gaze.firstMs - reachMs + 1, maxtMs: gaze.lastMs };
  const series = await context.querier.select(selector.matchers, range);
  for (const { length } of series) context.budget.charge(length);
  await context.pace.breathe();
  return series;
}

/**
 * The newest sample at each step, no older than the lookback, none behind a staleness marker.
 *
 * @param yields - the sample's value, or its timestamp in seconds (for `timestamp()`).
 */
export async function selectVector(
  selector: VectorSelector,
  context: EvalContext,
  yields: "value" | "timestamp" = "value",
): Promise<VectorBlock> {
  const gaze = gazeOf(selector, context);
  const { lookbackMs, steps, budget, pace } = context;
  const series = await fetchColumns(selector, gaze, { reachMs: lookbackMs, context });
  const block = blockOf(
    series.map(({ labels }) => labels),
    { steps: steps.count, budget },
  );
  for (const [row, columns] of series.entries()) {
    sweep(columns, row, { block, gaze, lookbackMs, yields });
    if (pace.spend(columns.length + steps.count)) await pace.breathe();
  }
  return block;
}

interface Sweep {
  readonly block: VectorBlock;
  readonly gaze: Gaze;
  readonly lookbackMs: number;
  readonly yields: "value" | "timestamp";
}

function sweep(
  columns: SeriesColumns,
  row: number,
  { block, gaze, lookbackMs, yields }: Sweep,
): void {
  const { timestampsMs, values, length } = columns;
  const { steps } = block;
  let newest = -1;
  for (let step = 0; step < steps; step++) {
    const timeMs = gaze.firstMs + step * gaze.stepMs;
    while (newest + 1 < length && (timestampsMs[newest + 1] ?? Infinity) <= timeMs) newest++;
    if (newest < 0) continue;
    const sampleMs = timestampsMs[newest] ?? 0;
    // The lookback window is open to the left, as in Prometheus 3.
    if (sampleMs <= timeMs - lookbackMs || isStale(values, newest)) continue;
    const at = row * steps + step;
    block.values[at] = yields === "value" ? (values[newest] ?? NaN) : sampleMs / 1000;
    block.present[at] = 1;
  }
}

/** Reads the bits only of values that are NaN at all. */
const isStale = (values: Float64Array, index: number): boolean =>
  Number.isNaN(values[index]) && isStaleAt(values, index);

/** The columns without staleness markers: the same object where there are none. */
export function withoutStale(columns: SeriesColumns): SeriesColumns {
  const { values, timestampsMs, length, labels } = columns;
  let stale = 0;
  for (let index = 0; index < length; index++) if (isStale(values, index)) stale++;
  if (stale === 0) return columns;
  const kept = {
    values: new Float64Array(length - stale),
    times: new Float64Array(length - stale),
  };
  let at = 0;
  for (let index = 0; index < length; index++) {
    if (isStale(values, index)) continue;
    kept.values[at] = values[index] ?? NaN;
    kept.times[at] = timestampsMs[index] ?? 0;
    at++;
  }
  return { labels, timestampsMs: kept.times, values: kept.values, length: at };
}
