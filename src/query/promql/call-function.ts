/** Calls of functions that take instant vectors, scalars or nothing. */
import { assert } from "../../core/index.ts";
import type { Labels, Matcher } from "../../core/index.ts";
import { unwrapParens } from "./ast.ts";
import type { Call, Expr } from "./ast.ts";
import { reordered } from "./aggregate-ranked.ts";
import { addNote, stepTimeMs } from "./eval-context.ts";
import type { EvalContext } from "./eval-context.ts";
import type { Evaluate } from "./evaluate-expr.ts";
import { argAt, scalarArg, vectorArg } from "./call-args.ts";
import type { CallInput } from "./call-args.ts";
import { callHistogramQuantile } from "./histogram-quantile.ts";
import { callLabelJoin, callLabelReplace } from "./label-functions.ts";
import { withLabel, withoutLabel } from "./label-sets.ts";
import { presenceOf, selectRange } from "./ranges.ts";
import { selectVector } from "./select.ts";
import { blockOf, dropNames } from "./values.ts";
import type { ScalarColumn, Value, VectorBlock } from "./values.ts";

type Implementation = (input: CallInput) => Promise<Value>;

/** One number to one number; the metric's name goes. */
const elementwise: ReadonlyMap<string, (value: number) => number> = new Map([
  ["abs", Math.abs],
  ["ceil", Math.ceil],
  ["floor", Math.floor],
  ["exp", Math.exp],
  ["ln", Math.log],
  ["log2", Math.log2],
  ["log10", Math.log10],
  ["sqrt", Math.sqrt],
  // Zeroes keep their sign, and NaN stays.
  ["sgn", Math.sign],
]);

const implementations: ReadonlyMap<string, Implementation> = new Map<string, Implementation>([
  ["absent", absent],
  ["absent_over_time", absentOverTime],
  ["clamp", (input) => clamp(input, { min: 1, max: 2 })],
  ["clamp_max", (input) => clamp(input, { max: 1 })],
  ["clamp_min", (input) => clamp(input, { min: 1 })],
  ["histogram_quantile", callHistogramQuantile],
  ["label_join", callLabelJoin],
  ["label_replace", callLabelReplace],
  ["round", round],
  ["scalar", scalar],
  ["sort", (input) => sort(input, 1)],
  ["sort_desc", (input) => sort(input, -1)],
  ["time", async ({ context }) => timeColumn(context)],
  ["timestamp", timestamp],
  ["vector", vector],
]);

/** The functions that `callFunction` evaluates. */
export const calledFunctions: ReadonlySet<string> = new Set([
  ...elementwise.keys(),
  ...implementations.keys(),
]);

export async function callFunction(
  call: Call,
  context: EvalContext,
  evaluate: Evaluate,
): Promise<Value> {
  const { name } = call.func;
  const input = { call, context, evaluate };
  const run = elementwise.get(name);
  if (run !== undefined) return mapValues(await vectorArg(input, 0), run, context);
  const implementation = implementations.get(name);
  assert(implementation !== undefined, `${name} is refused before evaluation`);
  return implementation(input);
}

function mapValues(
  block: VectorBlock,
  run: (value: number, step: number) => number,
  context: EvalContext,
): VectorBlock {
  const { values, steps } = block;
  for (let at = 0; at < values.length; at++) values[at] = run(values[at] ?? NaN, at % steps);
  return dropNames(block, context);
}

async function round(input: CallInput): Promise<VectorBlock> {
  const block = await vectorArg(input, 0);
  const nearest = input.call.args.length > 1 ? await scalarArg(input, 1) : undefined;
  const rounded = (value: number, step: number): number => {
    // Dividing by the inverse keeps results such as 0.1 exact.
    const inverse = 1 / (nearest?.values[step] ?? 1);
    return Math.floor(value * inverse + 0.5) / inverse;
  };
  return mapValues(block, rounded, input.context);
}

async function clamp(
  input: CallInput,
  { min, max }: { readonly min?: number; readonly max?: number },
): Promise<VectorBlock> {
  const block = await vectorArg(input, 0);
  const least = min === undefined ? undefined : (await scalarArg(input, min)).values;
  const most = max === undefined ? undefined : (await scalarArg(input, max)).values;
  const { present, steps } = block;
  if (least !== undefined && most !== undefined) {
    // Bounds that leave no room leave no samples.
    for (let at = 0; at < present.length; at++) {
      if ((most[at % steps] ?? NaN) < (least[at % steps] ?? NaN)) present[at] = 0;
    }
  }
  const clamped = (value: number, step: number): number =>
    Math.max(least?.[step] ?? -Infinity, Math.min(most?.[step] ?? Infinity, value));
  return mapValues(block, clamped, input.context);
}

function timeColumn({ steps }: EvalContext): ScalarColumn {
  const values = new Float64Array(steps.count);
  for (let step = 0; step < steps.count; step++) values[step] = stepTimeMs(steps, step) / 1000;
  return { kind: "scalar", values };
}

async function timestamp(input: CallInput): Promise<VectorBlock> {
  const { context } = input;
  const arg = unwrapParens(argAt(input, 0));
  if (arg.kind === "vectorSelector") {
    return dropNames(await selectVector(arg, context, "timestamp"), context);
  }
  const { values } = timeColumn(context);
  return mapValues(await vectorArg(input, 0), (_value, step) => values[step] ?? NaN, context);
}

async function vector(input: CallInput): Promise<VectorBlock> {
  const { values } = await scalarArg(input, 0);
  const { steps, budget } = input.context;
  const block = blockOf([[]], { steps: steps.count, budget });
  block.values.set(values);
  block.present.fill(1);
  return block;
}

/** The value of the only series; NaN where there is none or more than one. */
async function scalar(input: CallInput): Promise<ScalarColumn> {
  const { values, present, steps } = await vectorArg(input, 0);
  const found = new Float64Array(steps).fill(NaN);
  const counts = new Uint32Array(steps);
  for (let at = 0; at < values.length; at++) {
    if (present[at] === 0) continue;
    const step = at % steps;
    counts[step] = (counts[step] ?? 0) + 1;
    found[step] = counts[step] === 1 ? (values[at] ?? NaN) : NaN;
  }
  return { kind: "scalar", values: found };
}

/** Orders the rows of an instant query by value, NaN last. A range query's series are ordered by labels whatever it does. */
async function sort(input: CallInput, sign: 1 | -1): Promise<VectorBlock> {
  const block = await vectorArg(input, 0);
  const { context, call } = input;
  if (context.query.stepMs > 0) {
    const message =
      "PromQL warning: sort is ineffective for range queries since results are always ordered by labels";
    addNote(context, { level: "warning", message, span: call.span });
  }
  if (block.steps !== 1) return block;
  const { values } = block;
  const order = block.labels.map((_labels, row) => row);
  order.sort((a, b) => {
    const left = values[a] ?? NaN;
    const right = values[b] ?? NaN;
    if (Number.isNaN(left) || Number.isNaN(right)) {
      return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
    }
    return left === right ? 0 : (left < right ? -1 : 1) * sign;
  });
  return reordered(block, order);
}

async function absent(input: CallInput): Promise<VectorBlock> {
  const { present, steps } = await vectorArg(input, 0);
  const any = new Uint8Array(steps);
  for (let at = 0; at < present.length; at++) if (present[at] === 1) any[at % steps] = 1;
  return absence(any, input);
}

async function absentOverTime(input: CallInput): Promise<VectorBlock> {
  const range = await selectRange(argAt(input, 0), input.context, input.evaluate);
  return absence(presenceOf(range, input.context.steps.count), input);
}

/** 1 at each step that has nothing, with the labels that the selector's equality matchers name. */
function absence(any: Uint8Array, input: CallInput): VectorBlock {
  const labels = absentLabels(unwrapParens(argAt(input, 0)));
  const block = blockOf([labels], { steps: any.length, budget: input.context.budget });
  for (const [step, has] of any.entries()) {
    block.values[step] = 1;
    block.present[step] = 1 - has;
  }
  return block;
}

/** A label is named where exactly one equality matcher, and nothing after it, speaks of it. */
function absentLabels(arg: Expr): Labels {
  const matchers: readonly Matcher[] =
    arg.kind === "vectorSelector"
      ? arg.matchers
      : arg.kind === "matrixSelector"
        ? arg.selector.matchers
        : [];
  let labels: Labels = [];
  const named = new Set<string>();
  for (const { name, kind, value } of matchers) {
    if (name === "__name__") continue;
    if (kind === "=" && !named.has(name)) {
      labels = withLabel(labels, name, value);
      named.add(name);
    } else labels = withoutLabel(labels, name);
  }
  return labels;
}
