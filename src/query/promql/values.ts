/**
 * What expressions evaluate to, as columns: a scalar is one number a step, a vector a row a series. Each value is
 * consumed once, by the expression around it, which may change it in place.
 */
import type { Labels } from "../../core/index.ts";
import { queryError } from "../errors.ts";
import type { Budget, EvalContext } from "./eval-context.ts";
import { labelsKey, withoutName } from "./label-sets.ts";

export type Value = ScalarColumn | VectorBlock | StringValue;

export interface ScalarColumn {
  readonly kind: "scalar";
  /** One value a step. */
  readonly values: Float64Array;
}

export interface StringValue {
  readonly kind: "string";
  readonly value: string;
}

/** Series over steps. Row `r` at step `s` is `values[r * steps + s]`, and exists where `present` is 1. */
export interface VectorBlock {
  readonly kind: "vector";
  readonly steps: number;
  readonly labels: Labels[];
  /** Rows whose metric name goes when the query ends; only with delayed name removal. */
  readonly dropName: boolean[];
  readonly values: Float64Array;
  readonly present: Uint8Array;
}

/** An empty block of `labels.length` rows. @throws CodedError QueryTooManySamples (422) */
export function blockOf(
  labels: readonly Labels[],
  { steps, budget }: { readonly steps: number; readonly budget: Budget },
): VectorBlock {
  budget.charge(labels.length * steps);
  return {
    kind: "vector",
    steps,
    labels: [...labels],
    dropName: labels.map(() => false),
    values: new Float64Array(labels.length * steps),
    present: new Uint8Array(labels.length * steps),
  };
}

/** One row under construction, where the number of rows shows only in the end. */
export interface Row {
  readonly labels: Labels;
  readonly dropName: boolean;
  readonly values: Float64Array;
  readonly present: Uint8Array;
}

/** @throws CodedError QueryTooManySamples (422) */
export function rowOf(
  labels: Labels,
  { steps, dropName, budget }: { steps: number; dropName: boolean; budget: Budget },
): Row {
  budget.charge(steps);
  return { labels, dropName, values: new Float64Array(steps), present: new Uint8Array(steps) };
}

export function blockOfRows(rows: readonly Row[], steps: number): VectorBlock {
  const values = new Float64Array(rows.length * steps);
  const present = new Uint8Array(rows.length * steps);
  for (const [index, row] of rows.entries()) {
    values.set(row.values, index * steps);
    present.set(row.present, index * steps);
  }
  const labels = rows.map((row) => row.labels);
  return {
    kind: "vector",
    steps,
    labels,
    dropName: rows.map((row) => row.dropName),
    values,
    present,
  };
}

/** Takes the metric names away: at once, or at the query's end where names are removed late. */
export function dropNames(block: VectorBlock, context: EvalContext): VectorBlock {
  if (context.delayedNameRemoval) {
    block.dropName.fill(true);
    return block;
  }
  return mergeRows({ ...block, labels: block.labels.map(withoutName) });
}

/** Takes away the names that were marked, when the query ends. */
export function dropMarkedNames(block: VectorBlock): VectorBlock {
  if (!block.dropName.includes(true)) return block;
  const labels = block.labels.map((set, row) =>
    block.dropName[row] === true ? withoutName(set) : set,
  );
  return mergeRows({ ...block, labels, dropName: labels.map(() => false) });
}

export const SAME_LABELS = "vector cannot contain metrics with the same labelset";

/**
 * Joins rows with equal labels that are never present at the same step, as series of a range query are.
 *
 * @throws CodedError QueryFailed (422) where two are.
 */
export function mergeRows(block: VectorBlock, problem = SAME_LABELS): VectorBlock {
  const rowOfKey = new Map<string, number>();
  const target = new Int32Array(block.labels.length);
  const kept: number[] = [];
  for (const [row, labels] of block.labels.entries()) {
    const key = labelsKey(labels);
    const known = rowOfKey.get(key);
    target[row] = known ?? kept.length;
    if (known !== undefined) continue;
    rowOfKey.set(key, kept.length);
    kept.push(row);
  }
  return kept.length === block.labels.length ? block : join(block, { target, kept, problem });
}

function join(
  block: VectorBlock,
  {
    target,
    kept,
    problem,
  }: { readonly target: Int32Array; readonly kept: readonly number[]; readonly problem: string },
): VectorBlock {
  const { steps } = block;
  const values = new Float64Array(kept.length * steps);
  const present = new Uint8Array(kept.length * steps);
  const dropName = kept.map(() => false);
  for (let row = 0; row < block.labels.length; row++) {
    const into = target[row] ?? 0;
    // The name goes if any of the joined rows loses it.
    if (block.dropName[row] === true) dropName[into] = true;
    for (let step = 0; step < steps; step++) {
      const from = row * steps + step;
      if (block.present[from] === 0) continue;
      const at = into * steps + step;
      if (present[at] === 1) throw queryError("QueryFailed", problem);
      present[at] = 1;
      values[at] = block.values[from] ?? NaN;
    }
  }
  const labels = kept.map((row) => block.labels[row] as Labels);
  return { kind: "vector", steps, labels, dropName, values, present };
}

/** One evaluated step as `count` equal ones. @throws CodedError QueryTooManySamples (422) */
export function repeatStep(value: Value, count: number, budget: Budget): Value {
  if (value.kind === "string") return value;
  if (value.kind === "scalar") {
    return { kind: "scalar", values: new Float64Array(count).fill(value.values[0] ?? NaN) };
  }
  const block = blockOf(value.labels, { steps: count, budget });
  for (let row = 0; row < value.labels.length; row++) {
    block.values.fill(value.values[row] ?? NaN, row * count, (row + 1) * count);
    block.present.fill(value.present[row] ?? 0, row * count, (row + 1) * count);
  }
  return { ...block, dropName: [...value.dropName] };
}
