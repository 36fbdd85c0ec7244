/** Functions of a range: one number of the samples in a window. */
import { kahanAdd, overflows } from "./kahan.ts";
import { quantileOf } from "./quantile.ts";

/** The samples of one series at one step: indexes `from` to `to - 1` of the columns. Reused from step to step. */
export interface Window {
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
  from: number;
  to: number;
  /** The window is (startMs, endMs]. */
  startMs: number;
  endMs: number;
  /** The function's scalar argument at this step; NaN where it has none. */
  param: number;
}

/** The value of a window that has at least one sample; undefined where the function has none for it. */
export type RangeFunction = (window: Window) => number | undefined;

const first = ({ values, from }: Window): number => values[from] ?? NaN;
const last = ({ values, to }: Window): number => values[to - 1] ?? NaN;
const count = ({ from, to }: Window): number => to - from;

/**
 * The change over the window, extrapolated to its edges where samples come close to them.
 *
 * @see prometheus/promql/functions.go, extrapolatedRate
 */
function extrapolated(
  window: Window,
  { counter, perSecond }: { readonly counter: boolean; readonly perSecond: boolean },
): number | undefined {
  const { timestampsMs, from, to, startMs, endMs } = window;
  if (count(window) < 2) return undefined;
  const firstMs = timestampsMs[from] ?? 0;
  const lastMs = timestampsMs[to - 1] ?? 0;
  const change = last(window) - first(window) + (counter ? lostAtResets(window) : 0);
  const sampledSeconds = (lastMs - firstMs) / 1000;
  const averageSeconds = sampledSeconds / (count(window) - 1);
  // A gap wider than this means that the series begins or ends inside the window.
  const thresholdSeconds = averageSeconds * 1.1;
  let toStart = (firstMs - startMs) / 1000;
  if (toStart >= thresholdSeconds) toStart = averageSeconds / 2;
  if (counter && change > 0 && first(window) >= 0) {
    // A counter is never below zero: it cannot have begun before it would have been zero.
    toStart = Math.min(toStart, sampledSeconds * (first(window) / change));
  }
  let toEnd = (endMs - lastMs) / 1000;
  if (toEnd >= thresholdSeconds) toEnd = averageSeconds / 2;
  const factor = (sampledSeconds + toStart + toEnd) / sampledSeconds;
  return change * (perSecond ? factor / ((endMs - startMs) / 1000) : factor);
}

/** What a counter had reached each time before it fell. */
function lostAtResets({ values, from, to }: Window): number {
  let lost = 0;
  for (let index = from + 1; index < to; index++) {
    const previous = values[index - 1] ?? NaN;
    if ((values[index] ?? NaN) < previous) lost += previous;
  }
  return lost;
}

/** The change between the last two samples. @see prometheus/promql/functions.go, instantValue */
function instantChange(window: Window, perSecond: boolean): number | undefined {
  const { timestampsMs, values, to } = window;
  if (count(window) < 2) return undefined;
  const previous = values[to - 2] ?? NaN;
  const seconds = ((timestampsMs[to - 1] ?? 0) - (timestampsMs[to - 2] ?? 0)) / 1000;
  if (seconds === 0) return undefined;
  if (!perSecond) return last(window) - previous;
  const change = last(window) < previous ? last(window) : last(window) - previous;
  return change / seconds;
}

// Shared by the sums below: each fills it anew, and none runs while another does.
const sums = new Float64Array(2);
const errors = new Float64Array(2);

function reset(): void {
  sums.fill(0);
  errors.fill(0);
}

function sum({ values, from, to }: Window): number {
  reset();
  for (let index = from; index < to; index++) kahanAdd(sums, errors, 0, values[index] ?? NaN);
  const total = sums[0] ?? NaN;
  return Number.isFinite(total) ? total + (errors[0] ?? 0) : total;
}

/** The mean: of the sum, or running where the sum would be infinite. */
function average({ values, from, to }: Window): number {
  reset();
  let running = false;
  for (let index = from; index < to; index++) {
    const value = values[index] ?? NaN;
    const seen = index - from;
    if (!running && seen > 0 && overflows(sums[0] ?? 0, value)) {
      running = true;
      divide(seen);
    }
    if (running) scale(seen / (seen + 1));
    kahanAdd(sums, errors, 0, running ? value / (seen + 1) : value);
  }
  if (!running) divide(to - from);
  return (sums[0] ?? NaN) + (errors[0] ?? 0);
}

function divide(divisor: number): void {
  sums[0] = (sums[0] ?? 0) / divisor;
  errors[0] = (errors[0] ?? 0) / divisor;
}

function scale(factor: number): void {
  sums[0] = (sums[0] ?? 0) * factor;
  errors[0] = (errors[0] ?? 0) * factor;
}

/** The population variance, by Welford's method with carried errors. */
function variance({ values, from, to }: Window): number {
  reset();
  const MEAN = 0;
  const SQUARES = 1;
  for (let index = from; index < to; index++) {
    const value = values[index] ?? NaN;
    const delta = value - ((sums[MEAN] ?? 0) + (errors[MEAN] ?? 0));
    kahanAdd(sums, errors, MEAN, delta / (index - from + 1));
    const rest = value - ((sums[MEAN] ?? 0) + (errors[MEAN] ?? 0));
    kahanAdd(sums, errors, SQUARES, delta * rest);
  }
  return ((sums[SQUARES] ?? 0) + (errors[SQUARES] ?? 0)) / (to - from);
}

function extreme({ values, from, to }: Window, sign: 1 | -1): number {
  let found = values[from] ?? NaN;
  for (let index = from + 1; index < to; index++) {
    const value = values[index] ?? NaN;
    // Any number is better than NaN.
    if (value * sign > found * sign || Number.isNaN(found)) found = value;
  }
  return found;
}

function changes({ values, from, to }: Window): number {
  let changed = 0;
  for (let index = from + 1; index < to; index++) {
    const value = values[index] ?? NaN;
    const previous = values[index - 1] ?? NaN;
    if (value !== previous && !(Number.isNaN(value) && Number.isNaN(previous))) changed++;
  }
  return changed;
}

function resets({ values, from, to }: Window): number {
  let fell = 0;
  for (let index = from + 1; index < to; index++) {
    if ((values[index] ?? NaN) < (values[index - 1] ?? NaN)) fell++;
  }
  return fell;
}

let scratch = new Float64Array(1024);

function windowQuantile(window: Window): number {
  const { values, from, to, param } = window;
  if (scratch.length < to - from) scratch = new Float64Array(2 * (to - from));
  scratch.set(values.subarray(from, to));
  return quantileOf(param, scratch, to - from);
}

/** The range functions that are evaluated, by name. */
export const rangeFunctions: ReadonlyMap<string, RangeFunction> = new Map<string, RangeFunction>([
  ["rate", (window) => extrapolated(window, { counter: true, perSecond: true })],
  ["increase", (window) => extrapolated(window, { counter: true, perSecond: false })],
  ["delta", (window) => extrapolated(window, { counter: false, perSecond: false })],
  ["irate", (window) => instantChange(window, true)],
  ["idelta", (window) => instantChange(window, false)],
  ["resets", resets],
  ["changes", changes],
  ["sum_over_time", sum],
  ["avg_over_time", average],
  ["min_over_time", (window) => extreme(window, -1)],
  ["max_over_time", (window) => extreme(window, 1)],
  ["count_over_time", count],
  ["last_over_time", last],
  ["present_over_time", () => 1],
  ["stddev_over_time", (window) => Math.sqrt(variance(window))],
  ["stdvar_over_time", variance],
  ["quantile_over_time", windowQuantile],
]);

/** Range functions whose result still is the series: it keeps its name. */
export const keepsName = (name: string): boolean => name === "last_over_time";
