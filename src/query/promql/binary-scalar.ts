/** Binary operations of which at least one side is a scalar: in place, value by value. */
import { assert } from "../../core/index.ts";
import { isArithmeticOp, isComparisonOp } from "./ast.ts";
import type { Binary } from "./ast.ts";
import type { EvalContext } from "./eval-context.ts";
import { arithmetic, comparison } from "./operators.ts";
import { dropNames } from "./values.ts";
import type { ScalarColumn, VectorBlock } from "./values.ts";

/** Two numbers to one; comparisons answer 0 or 1. */
function operation({ op }: Binary): (left: number, right: number) => number {
  if (isArithmeticOp(op)) return arithmetic[op];
  assert(isComparisonOp(op), `${op} takes no scalar`);
  const holds = comparison[op];
  return (left, right) => (holds(left, right) ? 1 : 0);
}

export function evaluateScalars(
  binary: Binary,
  lhs: ScalarColumn,
  rhs: ScalarColumn,
): ScalarColumn {
  const run = operation(binary);
  return {
    kind: "scalar",
    values: lhs.values.map((left, step) => run(left, rhs.values[step] ?? NaN)),
  };
}

/** A vector with a scalar. A comparison without `bool` filters the vector and leaves its values and names. */
export function evaluateScalarSide(
  binary: Binary,
  {
    lhs,
    rhs,
  }: { readonly lhs: ScalarColumn | VectorBlock; readonly rhs: ScalarColumn | VectorBlock },
  context: EvalContext,
): VectorBlock {
  const [block, column] = lhs.kind === "vector" ? [lhs, rhs] : [rhs, lhs];
  assert(block.kind === "vector" && column.kind === "scalar", "one side is a vector");
  const vectorIsLeft = lhs.kind === "vector";
  const run = operation(binary);
  const filters = isComparisonOp(binary.op) && !binary.returnBool;
  const { values, present, steps } = block;
  for (let at = 0; at < values.length; at++) {
    const sample = values[at] ?? NaN;
    const scalar = column.values[at % steps] ?? NaN;
    const result = vectorIsLeft ? run(sample, scalar) : run(scalar, sample);
    if (!filters) values[at] = result;
    else if (result === 0) present[at] = 0;
  }
  return filters ? block : dropNames(block, context);
}
