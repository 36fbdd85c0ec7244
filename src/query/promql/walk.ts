/** Walks over a tree without recursion, so that depth can be measured before anything recurses into it. */
import { limits } from "../../core/index.ts";
import type { DurationExpr, Expr, TimeModifiers } from "./ast.ts";
import { tooDeep } from "./cursor.ts";

/** The expressions directly below this one, in the order of the text. */
export function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "number":
    case "string":
    case "vectorSelector":
      return [];
    case "matrixSelector":
      return [expr.selector];
    case "subquery":
    case "unary":
    case "paren":
      return [expr.expr];
    case "call":
      return expr.args;
    case "aggregate":
      return expr.param === undefined ? [expr.expr] : [expr.param, expr.expr];
    case "binary":
      return [expr.lhs, expr.rhs];
  }
}

/** Every expression of the tree, parents first. */
export function* everyExpr(root: Expr): Generator<Expr> {
  const pending: Expr[] = [root];
  for (let expr = pending.pop(); expr !== undefined; expr = pending.pop()) {
    yield expr;
    pending.push(...childrenOf(expr).toReversed());
  }
}

const timesOf = ({ offset }: TimeModifiers): readonly DurationExpr[] =>
  offset === undefined ? [] : [offset];

/** The durations that stand at this expression itself. */
export function durationsOf(expr: Expr): readonly DurationExpr[] {
  switch (expr.kind) {
    case "vectorSelector":
      return timesOf(expr);
    case "matrixSelector":
      return [expr.range];
    case "subquery":
      return [expr.range, ...(expr.step === undefined ? [] : [expr.step]), ...timesOf(expr)];
    default:
      return [];
  }
}

function partsOf(duration: DurationExpr): readonly DurationExpr[] {
  switch (duration.kind) {
    case "number":
    case "durationCall":
      return [];
    case "durationUnary":
    case "durationParen":
      return [duration.expr];
    case "durationBinary":
    case "durationBound":
      return [duration.lhs, duration.rhs];
  }
}

/** @throws SyntaxProblem where the tree has more levels than `limits.queryDepthMax`: `a+a+a…` is deep without a bracket. */
export function refuseTooDeep(root: Expr): void {
  const pending: { readonly node: Expr | DurationExpr; readonly depth: number }[] = [
    { node: root, depth: 0 },
  ];
  for (let entry = pending.pop(); entry !== undefined; entry = pending.pop()) {
    const { node, depth } = entry;
    if (depth > limits.queryDepthMax) throw tooDeep(node.span);
    for (const child of belowOf(node)) pending.push({ node: child, depth: depth + 1 });
  }
}

function belowOf(node: Expr | DurationExpr): readonly (Expr | DurationExpr)[] {
  if (node.kind === "number") return [];
  if (node.kind.startsWith("duration")) return partsOf(node as DurationExpr);
  const expr = node as Expr;
  return [...childrenOf(expr), ...durationsOf(expr)];
}
