/** `histogram_quantile` over classic histograms: series of cumulative counts that differ in `le`. */
import { labelValue } from "../../core/index.ts";
import { scalarArg, vectorArg } from "./call-args.ts";
import type { CallInput } from "./call-args.ts";
import { addNote, noteQuantile } from "./eval-context.ts";
import { labelsKey, withoutLabel } from "./label-sets.ts";
import { parseNumber } from "./numbers.ts";
import { bucketQuantile } from "./quantile.ts";
import type { Buckets } from "./quantile.ts";
import { quote } from "./strings.ts";
import { blockOf, dropNames } from "./values.ts";
import type { VectorBlock } from "./values.ts";

interface Bound {
  readonly row: number;
  readonly upperBound: number;
}

export async function callHistogramQuantile(input: CallInput): Promise<VectorBlock> {
  const { call, context } = input;
  const qs = (await scalarArg(input, 0)).values;
  const block = await vectorArg(input, 1);
  for (const q of qs) noteQuantile(context, q, call.args[0]?.span ?? call.span);
  const histograms = [...histogramsOf(block, input).values()];
  const labels = histograms.map((bounds) =>
    withoutLabel(block.labels[bounds[0]?.row ?? 0] ?? [], "le"),
  );
  const out = blockOf(labels, { steps: block.steps, budget: context.budget });
  for (const [group, bounds] of histograms.entries()) {
    fillQuantiles({ block, bounds, out, group, qs }, input);
    out.dropName[group] = bounds.some(({ row }) => block.dropName[row] === true);
    context.pace.spend(bounds.length * block.steps);
  }
  return dropNames(out, context);
}

/** The rows of each histogram, sorted by their upper bounds. A row without a readable `le` is left out, with a note. */
function histogramsOf(block: VectorBlock, input: CallInput): ReadonlyMap<string, Bound[]> {
  const histograms = new Map<string, Bound[]>();
  for (const [row, labels] of block.labels.entries()) {
    const le = labelValue(labels, "le");
    const upperBound = parseBound(le);
    if (upperBound === undefined) {
      if (isPresent(block, row)) noteBadBound(input, le, labelValue(labels, "__name__"));
      continue;
    }
    const key = labelsKey(withoutLabel(labels, "le"));
    const bounds = histograms.get(key);
    if (bounds === undefined) histograms.set(key, [{ row, upperBound }]);
    else bounds.push({ row, upperBound });
  }
  for (const bounds of histograms.values()) bounds.sort((a, b) => order(a, b));
  return histograms;
}

// Subtracting two infinities answers NaN: equal bounds come first.
const order = (a: Bound, b: Bound): number =>
  a.upperBound === b.upperBound ? 0 : a.upperBound - b.upperBound;

const isPresent = ({ present, steps }: VectorBlock, row: number): boolean =>
  present.subarray(row * steps, (row + 1) * steps).includes(1);

function parseBound(le: string): number | undefined {
  const sign = le.startsWith("-") ? -1 : 1;
  const digits = /^[+-]/.test(le) ? le.slice(1) : le;
  if (/^inf(inity)?$/i.test(digits)) return sign * Infinity;
  if (!/^[0-9.]/.test(digits)) return undefined;
  const value = parseNumber(digits);
  return value === undefined ? undefined : sign * value;
}

function noteBadBound({ call, context }: CallInput, le: string, name: string): void {
  const message = `PromQL warning: bucket label "le" is missing or has a malformed value of ${quote(le)} for metric name ${quote(name)}`;
  addNote(context, { level: "warning", message, span: call.args[1]?.span ?? call.span });
}

interface Fill {
  readonly block: VectorBlock;
  readonly bounds: readonly Bound[];
  readonly out: VectorBlock;
  readonly group: number;
  readonly qs: Float64Array;
}

function fillQuantiles({ block, bounds, out, group, qs }: Fill, input: CallInput): void {
  const { steps, present, values } = block;
  const buckets: Buckets = {
    upperBounds: new Float64Array(bounds.length),
    counts: new Float64Array(bounds.length),
    length: 0,
  };
  let forced = false;
  for (let step = 0; step < steps; step++) {
    buckets.length = 0;
    for (const { row, upperBound } of bounds) {
      if (present[row * steps + step] === 0) continue;
      buckets.upperBounds[buckets.length] = upperBound;
      buckets.counts[buckets.length] = values[row * steps + step] ?? NaN;
      buckets.length++;
    }
    if (buckets.length === 0) continue;
    const { value, forcedMonotonic } = bucketQuantile(qs[step] ?? NaN, buckets);
    forced ||= forcedMonotonic;
    out.values[group * steps + step] = value;
    out.present[group * steps + step] = 1;
  }
  if (forced) noteForced(input, labelValue(block.labels[bounds[0]?.row ?? 0] ?? [], "__name__"));
}

function noteForced({ call, context }: CallInput, name: string): void {
  const message = `PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name ${quote(name)}`;
  addNote(context, { level: "info", message, span: call.args[1]?.span ?? call.span });
}
