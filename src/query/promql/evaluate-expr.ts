/** One expression at all steps of its context. Each node is evaluated once a query, whatever the number of steps. */
import { assert, assertNever } from "../../core/index.ts";
import { evaluateAggregate } from "./aggregate.ts";
import { unwrapParens } from "./ast.ts";
import type { Binary, Call, Expr, Unary } from "./ast.ts";
import { evaluateScalars, evaluateScalarSide } from "./binary-scalar.ts";
import { evaluateVectors } from "./binary-vector.ts";
import { callFunction } from "./call-function.ts";
import type { EvalContext } from "./eval-context.ts";
import { isStepInvariant } from "./invariance.ts";
import { callRangeFunction } from "./ranges.ts";
import { rangeFunctions } from "./range-functions.ts";
import { selectVector } from "./select.ts";
import { dropNames, repeatStep } from "./values.ts";
import type { ScalarColumn, Value, VectorBlock } from "./values.ts";

/** Evaluates a sub-expression: handed to the parts, so that none of them imports this file. */
export type Evaluate = (expr: Expr, context: EvalContext) => Promise<Value>;

/**
 * The expression's value at every step of the context. Range vectors have no value of their own: functions take them.
 *
 * @throws CodedError of the query layer's or the store's catalogue.
 */
export async function evaluateExpr(expr: Expr, context: EvalContext): Promise<Value> {
  await context.pace.breathe();
  const { steps, budget } = context;
  if (steps.count > 1 && isStepInvariant(expr)) {
    const once = await evaluateExpr(expr, { ...context, steps: { ...steps, count: 1 } });
    return repeatStep(once, steps.count, budget);
  }
  switch (expr.kind) {
    case "number":
      return { kind: "scalar", values: new Float64Array(steps.count).fill(expr.value) };
    case "string":
      return { kind: "string", value: expr.value };
    case "vectorSelector":
      return selectVector(expr, context);
    case "call":
      return evaluateCall(expr, context);
    case "aggregate":
      return evaluateAggregate(expr, context, evaluateExpr);
    case "binary":
      return evaluateBinary(expr, context);
    case "unary":
      return evaluateUnary(expr, context);
    case "paren":
      return evaluateExpr(unwrapParens(expr), context);
    case "matrixSelector":
    case "subquery":
      assert(false, `a ${expr.kind} is evaluated by the function around it`);
      break;
    default:
      return assertNever(expr);
  }
}

async function evaluateCall(call: Call, context: EvalContext): Promise<Value> {
  if (rangeFunctions.has(call.func.name)) return callRangeFunction(call, context, evaluateExpr);
  return callFunction(call, context, evaluateExpr);
}

async function evaluateUnary({ op, expr }: Unary, context: EvalContext): Promise<Value> {
  const value = await evaluateExpr(expr, context);
  assert(value.kind !== "string", "unary operators take no string");
  if (op === "+") return value;
  const { values } = value;
  for (let at = 0; at < values.length; at++) values[at] = -(values[at] ?? NaN);
  return value.kind === "vector" ? dropNames(value, context) : value;
}

async function evaluateBinary(binary: Binary, context: EvalContext): Promise<Value> {
  const lhs = (await evaluateExpr(binary.lhs, context)) as ScalarColumn | VectorBlock;
  const rhs = (await evaluateExpr(binary.rhs, context)) as ScalarColumn | VectorBlock;
  if (lhs.kind === "scalar" && rhs.kind === "scalar") return evaluateScalars(binary, lhs, rhs);
  if (lhs.kind === "vector" && rhs.kind === "vector") {
    return evaluateVectors(binary, { lhs, rhs }, context);
  }
  return evaluateScalarSide(binary, { lhs, rhs }, context);
}
