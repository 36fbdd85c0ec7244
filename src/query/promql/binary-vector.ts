/** Binary operations between two vectors: series meet by their labels. @see prometheus/promql/engine.go, VectorBinop */
import { assert, labelValue } from "../../core/index.ts";
import type { Labels } from "../../core/index.ts";
import { queryError } from "../errors.ts";
import { isArithmeticOp, isComparisonOp, isSetOp } from "./ast.ts";
import type { Binary, SetOp, VectorMatching } from "./ast.ts";
import type { EvalContext } from "./eval-context.ts";
import {
  braced,
  chooseLabels,
  choiceKey,
  compareLabels,
  withLabel,
  withoutName,
} from "./label-sets.ts";
import type { LabelChoice } from "./label-sets.ts";
import { arithmetic, comparison } from "./operators.ts";
import { blockOfRows, mergeRows, rowOf, SAME_LABELS } from "./values.ts";
import type { Row, VectorBlock } from "./values.ts";

interface Sides {
  readonly lhs: VectorBlock;
  readonly rhs: VectorBlock;
}

/** @throws CodedError QueryFailed (422) where series of one side cannot be told apart. */
export function evaluateVectors(binary: Binary, sides: Sides, context: EvalContext): VectorBlock {
  if (isSetOp(binary.op)) return evaluateSets(binary.op, choiceOf(binary.matching), sides);
  return evaluateMeeting(binary, sides, context);
}

const choiceOf = ({ on, labels }: VectorMatching): LabelChoice => ({
  keep: on,
  names: new Set(labels),
});

/** Rows by the key of their matching labels. */
function rowsByKey({ labels }: VectorBlock, choice: LabelChoice): ReadonlyMap<string, number[]> {
  const rows = new Map<string, number[]>();
  for (const [row, set] of labels.entries()) {
    const key = choiceKey(set, choice);
    const known = rows.get(key);
    if (known === undefined) rows.set(key, [row]);
    else known.push(row);
  }
  return rows;
}

/** Step by step, whether any of the rows is present. */
function presenceOfRows({ present, steps }: VectorBlock, rows: readonly number[]): Uint8Array {
  const any = new Uint8Array(steps);
  for (const row of rows) {
    for (let step = 0; step < steps; step++) {
      if (present[row * steps + step] === 1) any[step] = 1;
    }
  }
  return any;
}

function evaluateSets(op: SetOp, choice: LabelChoice, { lhs, rhs }: Sides): VectorBlock {
  // `or` keeps all of its left side and hides matches on its right; `and` and `unless` filter their left side.
  const [kept, other] = op === "or" ? [rhs, lhs] : [lhs, rhs];
  const otherRows = rowsByKey(other, choice);
  const presence = new Map<string, Uint8Array>();
  for (const [row, labels] of kept.labels.entries()) {
    const key = choiceKey(labels, choice);
    let matched = presence.get(key);
    if (matched === undefined) {
      matched = presenceOfRows(other, otherRows.get(key) ?? []);
      presence.set(key, matched);
    }
    const staysWhen = op === "and" ? 1 : 0;
    for (let step = 0; step < kept.steps; step++) {
      if (matched[step] !== staysWhen) kept.present[row * kept.steps + step] = 0;
    }
  }
  return op === "or" ? mergeRows(concat(lhs, rhs)) : kept;
}

function concat(first: VectorBlock, second: VectorBlock): VectorBlock {
  const values = new Float64Array(first.values.length + second.values.length);
  const present = new Uint8Array(values.length);
  values.set(first.values);
  values.set(second.values, first.values.length);
  present.set(first.present);
  present.set(second.present, first.present.length);
  const labels = [...first.labels, ...second.labels];
  return { ...first, labels, dropName: [...first.dropName, ...second.dropName], values, present };
}

/** One operation between two vectors: both sides, and the rows made so far. */
interface Meeting {
  readonly binary: Binary;
  readonly context: EvalContext;
  readonly choice: LabelChoice;
  /** The side of which several series may meet one of the other. */
  readonly many: VectorBlock;
  readonly one: VectorBlock;
  readonly rows: Row[];
}

function evaluateMeeting(binary: Binary, { lhs, rhs }: Sides, context: EvalContext): VectorBlock {
  const { card } = binary.matching;
  const [many, one] = card === "one-to-many" ? [rhs, lhs] : [lhs, rhs];
  const choice = choiceOf(binary.matching);
  const meeting: Meeting = { binary, context, choice, many, one, rows: [] };
  const ones = rowsByKey(one, choice);
  for (const rows of ones.values()) refuseOverlaps(meeting, rows);
  for (const [key, rows] of rowsByKey(many, choice)) {
    const partners = ones.get(key);
    if (partners === undefined) continue;
    // At which steps a series of the many side has met its partner; only where it must be alone.
    const alone = card === "one-to-one" && rows.length > 1;
    const met = alone ? new Uint8Array(many.steps) : undefined;
    for (const row of rows) {
      for (const partner of partners) combine(meeting, { many: row, one: partner, met });
    }
  }
  const problem =
    card === "one-to-one"
      ? SAME_LABELS
      : "multiple matches for labels: grouping labels must ensure unique matches";
  return mergeRows(blockOfRows(meeting.rows, many.steps), problem);
}

/** Two series of the one side with the same matching labels may not be present at the same step. */
function refuseOverlaps(meeting: Meeting, rows: readonly number[]): void {
  const { present, steps, labels } = meeting.one;
  if (rows.length < 2) return;
  const owner = new Int32Array(steps).fill(-1);
  for (const row of rows) {
    for (let step = 0; step < steps; step++) {
      if (present[row * steps + step] === 0) continue;
      const other = owner[step] ?? -1;
      if (other >= 0) throw duplicates(meeting, labels[other] ?? [], labels[row] ?? []);
      owner[step] = row;
    }
  }
}

function duplicates({ binary, choice }: Meeting, first: Labels, second: Labels): Error {
  const side = binary.matching.card === "one-to-many" ? "left" : "right";
  // Sorted, so that the message does not depend on the order of the store.
  const pair = [first, second].toSorted(compareLabels).map(braced);
  const group = braced(chooseLabels(first, choice));
  return queryError(
    "QueryFailed",
    `found duplicate series for the match group ${group} on the ${side} hand-side of the operation: [${pair.join(", ")}];many-to-many matching not allowed: matching labels must be unique on one side`,
  );
}

interface Pair {
  readonly many: number;
  readonly one: number;
  readonly met: Uint8Array | undefined;
}

function combine(meeting: Meeting, pair: Pair): void {
  const { many, one, binary, context } = meeting;
  const { steps } = many;
  const run = operationOf(binary);
  let row: Row | undefined;
  for (let step = 0; step < steps; step++) {
    const manyAt = pair.many * steps + step;
    const oneAt = pair.one * steps + step;
    if (many.present[manyAt] === 0 || one.present[oneAt] === 0) continue;
    if (pair.met !== undefined) {
      if (pair.met[step] === 1) throw manyToOne();
      pair.met[step] = 1;
    }
    const value = run(many.values[manyAt] ?? NaN, one.values[oneAt] ?? NaN);
    if (value === undefined) continue;
    row ??= newRow(meeting, pair);
    row.values[step] = value;
    row.present[step] = 1;
  }
  context.pace.spend(steps);
}

/** The operation on a value of the many and one of the one side; undefined where a comparison filters it away. */
function operationOf({
  op,
  returnBool,
  matching,
}: Binary): (many: number, one: number) => number | undefined {
  const swapped = matching.card === "one-to-many";
  if (isArithmeticOp(op)) {
    const run = arithmetic[op];
    return swapped ? (many, one) => run(one, many) : run;
  }
  assert(isComparisonOp(op), `${op} is refused before evaluation`);
  const holds = comparison[op];
  return (many, one) => {
    const left = swapped ? one : many;
    const right = swapped ? many : one;
    if (returnBool) return holds(left, right) ? 1 : 0;
    return holds(left, right) ? left : undefined;
  };
}

function newRow(meeting: Meeting, pair: Pair): Row {
  const { binary, many, context, rows } = meeting;
  const { delayedNameRemoval, budget } = context;
  const marked = binary.returnBool || many.dropName[pair.many] === true;
  const dropName = delayedNameRemoval && marked;
  const row = rowOf(resultLabels(meeting, pair), { steps: many.steps, dropName, budget });
  rows.push(row);
  return row;
}

function resultLabels({ binary, choice, context, many, one }: Meeting, pair: Pair): Labels {
  const { op, returnBool, matching } = binary;
  const dropsName = isArithmeticOp(op) || (returnBool && !context.delayedNameRemoval);
  const all = many.labels[pair.many] ?? [];
  let labels = dropsName ? withoutName(all) : all;
  if (matching.card === "one-to-one") {
    labels = labels.filter(({ name }) => choice.names.has(name) === matching.on);
  }
  for (const name of matching.include) {
    labels = withLabel(labels, name, labelValue(one.labels[pair.one] ?? [], name));
  }
  return labels;
}

const manyToOne = (): Error =>
  queryError(
    "QueryFailed",
    "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)",
  );
