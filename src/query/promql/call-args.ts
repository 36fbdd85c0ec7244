/** Arguments of a call, evaluated to the type that the function takes. */
import { assert } from "../../core/index.ts";
import { unwrapParens } from "./ast.ts";
import type { Call, Expr } from "./ast.ts";
import type { EvalContext } from "./eval-context.ts";
import type { Evaluate } from "./evaluate-expr.ts";
import type { ScalarColumn, VectorBlock } from "./values.ts";

/** What an implementation is given: its call, and a way to evaluate its arguments. */
export interface CallInput {
  readonly call: Call;
  readonly context: EvalContext;
  readonly evaluate: Evaluate;
}

/** The argument as written. The type check has seen to its being there. */
export function argAt({ call }: CallInput, index: number): Expr {
  const arg = call.args[index];
  assert(arg !== undefined, `${call.func.name} has an argument ${index}`);
  return arg;
}

/** The argument as a vector, which the caller may change in place. */
export async function vectorArg(input: CallInput, index: number): Promise<VectorBlock> {
  const value = await input.evaluate(argAt(input, index), input.context);
  assert(value.kind === "vector", `argument ${index} is a vector`);
  return value;
}

/** The argument's numbers, one a step. */
export async function scalarArg(input: CallInput, index: number): Promise<ScalarColumn> {
  const value = await input.evaluate(argAt(input, index), input.context);
  assert(value.kind === "scalar", `argument ${index} is a scalar`);
  return value;
}

/** The text of a string argument. */
export function stringArg(input: CallInput, index: number): string {
  const arg = unwrapParens(argAt(input, index));
  assert(arg.kind === "string", `argument ${index} is a string`);
  return arg.value;
}
