/** Aggregations over series: `sum by (job) (…)`. Each walks the rows once and adds to its groups' columns. */
import { assert } from "../../core/index.ts";
import type { Labels } from "../../core/index.ts";
import { queryError } from "../errors.ts";
import type { Aggregate, AggregateOp } from "./ast.ts";
import { evaluateRanked } from "./aggregate-ranked.ts";
import { noteQuantile } from "./eval-context.ts";
import type { EvalContext } from "./eval-context.ts";
import type { Evaluate } from "./evaluate-expr.ts";
import { kahanAdd, overflows } from "./kahan.ts";
import { chooseLabels, choiceKey, labelsKey, withLabel } from "./label-sets.ts";
import { formatNumber } from "./numbers.ts";
import { quantileOf } from "./quantile.ts";
import { isValidName, quote } from "./strings.ts";
import { blockOf, blockOfRows, mergeRows, rowOf } from "./values.ts";
import type { Row, VectorBlock } from "./values.ts";

/** Which group each row belongs to. */
export interface Groups {
  readonly ofRow: Int32Array;
  readonly labels: readonly Labels[];
  /** A group's name goes if any of its rows loses it. */
  readonly dropName: readonly boolean[];
}

export function groupsOf(block: VectorBlock, { grouping, without }: Aggregate): Groups {
  const choice = { keep: !without, names: new Set(grouping) };
  const byKey = new Map<string, number>();
  const ofRow = new Int32Array(block.labels.length);
  const labels: Labels[] = [];
  const dropName: boolean[] = [];
  for (const [row, set] of block.labels.entries()) {
    const key = choiceKey(set, choice);
    let group = byKey.get(key);
    if (group === undefined) {
      group = labels.length;
      byKey.set(key, group);
      labels.push(chooseLabels(set, choice));
      dropName.push(false);
    }
    if (block.dropName[row] === true) dropName[group] = true;
    ofRow[row] = group;
  }
  return { ofRow, labels, dropName };
}

export async function evaluateAggregate(
  node: Aggregate,
  context: EvalContext,
  evaluate: Evaluate,
): Promise<VectorBlock> {
  const param = node.param === undefined ? undefined : await evaluate(node.param, context);
  const block = await evaluate(node.expr, context);
  assert(block.kind === "vector", "an aggregation takes a vector");
  if (param?.kind === "string") return countValues(node, { block, label: param.value }, context);
  const groups = groupsOf(block, node);
  if (param === undefined) return reduce(node.op, { block, groups }, context);
  assert(param.kind === "scalar", "an aggregation's parameter is a scalar or a string");
  if (node.op === "topk" || node.op === "bottomk") {
    return evaluateRanked(node.op, { block, groups, ks: param.values }, context);
  }
  assert(node.op === "quantile", `${node.op} is refused before evaluation`);
  const at = node.param?.span ?? node.span;
  for (const q of param.values) noteQuantile(context, q, at);
  return quantiles({ block, groups }, param.values, context);
}

interface Input {
  readonly block: VectorBlock;
  readonly groups: Groups;
}

/** Adds one value to a group's column; `seen` says how many values the column had before. */
type Add = (at: number, value: number, seen: number) => void;

interface Accumulator {
  readonly add: Add;
  /** The result of a column that has had `seen` values, at least one. */
  readonly finish: (at: number, seen: number) => number;
}

function reduce(op: AggregateOp, { block, groups }: Input, context: EvalContext): VectorBlock {
  const { steps } = block;
  const out = blockOf(groups.labels, { steps, budget: context.budget });
  const counts = new Float64Array(out.values.length);
  const { add, finish } = accumulatorOf(op, out.values);
  for (let row = 0; row < block.labels.length; row++) {
    const base = (groups.ofRow[row] ?? 0) * steps;
    for (let step = 0; step < steps; step++) {
      const from = row * steps + step;
      if (block.present[from] === 0) continue;
      const seen = counts[base + step] ?? 0;
      add(base + step, block.values[from] ?? NaN, seen);
      counts[base + step] = seen + 1;
    }
    context.pace.spend(steps);
  }
  for (let at = 0; at < counts.length; at++) {
    const seen = counts[at] ?? 0;
    if (seen === 0) continue;
    out.values[at] = finish(at, seen);
    out.present[at] = 1;
  }
  return { ...out, dropName: [...groups.dropName] };
}

function accumulatorOf(op: AggregateOp, values: Float64Array): Accumulator {
  switch (op) {
    case "count":
      return { add: () => undefined, finish: (_at, seen) => seen };
    case "group":
      return { add: () => undefined, finish: () => 1 };
    case "min":
    case "max":
      return extreme(values, op === "max" ? 1 : -1);
    case "sum":
      return sum(values);
    case "avg":
      return average(values);
    case "stdvar":
      return variance(values);
    case "stddev": {
      const { add, finish } = variance(values);
      return { add, finish: (at, seen) => Math.sqrt(finish(at, seen)) };
    }
    default:
      throw new Error(`${op} is no reduction of one column`);
  }
}

function extreme(values: Float64Array, sign: 1 | -1): Accumulator {
  return {
    add(at, value, seen) {
      const best = values[at] ?? NaN;
      // Any number is better than NaN.
      if (seen === 0 || value * sign > best * sign || Number.isNaN(best)) values[at] = value;
    },
    finish: (at) => values[at] ?? NaN,
  };
}

function sum(values: Float64Array): Accumulator {
  const errors = new Float64Array(values.length);
  return {
    add: (at, value) => kahanAdd(values, errors, at, value),
    finish: (at) => (values[at] ?? NaN) + (errors[at] ?? 0),
  };
}

/** The mean: of the sum, or running from where the sum would be infinite. */
function average(values: Float64Array): Accumulator {
  const errors = new Float64Array(values.length);
  const running = new Uint8Array(values.length);
  return {
    add(at, value, seen) {
      if (running[at] === 0 && seen > 0 && overflows(values[at] ?? 0, value)) {
        running[at] = 1;
        values[at] = (values[at] ?? 0) / seen;
        errors[at] = (errors[at] ?? 0) / seen;
      }
      if (running[at] === 0) return kahanAdd(values, errors, at, value);
      const weight = seen / (seen + 1);
      values[at] = (values[at] ?? 0) * weight;
      errors[at] = (errors[at] ?? 0) * weight;
      kahanAdd(values, errors, at, value / (seen + 1));
    },
    finish(at, seen) {
      const divisor = running[at] === 1 ? 1 : seen;
      return (values[at] ?? NaN) / divisor + (errors[at] ?? 0) / divisor;
    },
  };
}

/** The population variance, by Welford's method with carried errors. */
function variance(squares: Float64Array): Accumulator {
  const squareErrors = new Float64Array(squares.length);
  const means = new Float64Array(squares.length);
  const meanErrors = new Float64Array(squares.length);
  const meanAt = (at: number): number => (means[at] ?? 0) + (meanErrors[at] ?? 0);
  return {
    add(at, value, seen) {
      const delta = value - meanAt(at);
      kahanAdd(means, meanErrors, at, delta / (seen + 1));
      kahanAdd(squares, squareErrors, at, delta * (value - meanAt(at)));
    },
    finish: (at, seen) => ((squares[at] ?? 0) + (squareErrors[at] ?? 0)) / seen,
  };
}

/** Rows of each group, in the order of the block. */
export function rowsOfGroups({ ofRow, labels }: Groups): readonly (readonly number[])[] {
  const rows: number[][] = labels.map(() => []);
  for (let row = 0; row < ofRow.length; row++) rows[ofRow[row] ?? 0]?.push(row);
  return rows;
}

function quantiles(
  { block, groups }: Input,
  qs: Float64Array,
  { budget, pace }: EvalContext,
): VectorBlock {
  const { steps } = block;
  const out = blockOf(groups.labels, { steps, budget });
  const scratch = new Float64Array(block.labels.length);
  for (const [group, rows] of rowsOfGroups(groups).entries()) {
    for (let step = 0; step < steps; step++) {
      let length = 0;
      for (const row of rows) {
        if (block.present[row * steps + step] === 0) continue;
        scratch[length++] = block.values[row * steps + step] ?? NaN;
      }
      if (length === 0) continue;
      out.values[group * steps + step] = quantileOf(qs[step] ?? NaN, scratch, length);
      out.present[group * steps + step] = 1;
      pace.spend(length);
    }
  }
  return { ...out, dropName: [...groups.dropName] };
}

/** How many series of a group have each value: the value becomes a label. */
function countValues(
  node: Aggregate,
  { block, label }: { readonly block: VectorBlock; readonly label: string },
  { budget, pace }: EvalContext,
): VectorBlock {
  if (!isValidName(label)) {
    throw queryError("QueryFailed", `invalid label name ${quote(label)}`);
  }
  const { steps } = block;
  const groups = groupsOf(block, node);
  const rows = new Map<string, Row>();
  for (let row = 0; row < block.labels.length; row++) {
    const group = groups.ofRow[row] ?? 0;
    for (let step = 0; step < steps; step++) {
      if (block.present[row * steps + step] === 0) continue;
      const text = formatNumber(block.values[row * steps + step] ?? NaN);
      const key = `${group} ${text}`;
      let counted = rows.get(key);
      if (counted === undefined) {
        const labels = withLabel(groups.labels[group] ?? [], label, text);
        const dropName = groups.dropName[group] === true && label !== "__name__";
        counted = rowOf(labels, { steps, dropName, budget });
        rows.set(key, counted);
      }
      counted.values[step] = (counted.values[step] ?? 0) + 1;
      counted.present[step] = 1;
    }
    pace.spend(steps);
  }
  return addUp(blockOfRows([...rows.values()], steps));
}

/** Where the label was a grouping label too, groups have become equal: their counts add up. */
function addUp(block: VectorBlock): VectorBlock {
  const byKey = new Map<string, number>();
  const { steps } = block;
  for (const [row, labels] of block.labels.entries()) {
    const key = labelsKey(labels);
    const first = byKey.get(key);
    if (first === undefined) {
      byKey.set(key, row);
      continue;
    }
    for (let step = 0; step < steps; step++) {
      const from = row * steps + step;
      if (block.present[from] === 0) continue;
      const into = first * steps + step;
      block.values[into] = (block.values[into] ?? 0) + (block.values[from] ?? 0);
      block.present[into] = 1;
      block.present[from] = 0;
    }
  }
  return mergeRows(block);
}
