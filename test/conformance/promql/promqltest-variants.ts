/** Other queries that must give an instant query's answer: with its time fixed by `@`, and as a step of a range. */
import type { Expr } from "../../../src/query/promql/ast.ts";
import { printExpr } from "../../../src/query/index.ts";
import { everyExpr } from "../../../src/query/promql/walk.ts";

const timed: ReadonlySet<string> = new Set(
  "days_in_month day_of_month day_of_week day_of_year hour minute month year predict_linear time timestamp start end range step".split(
    " ",
  ),
);

/** Whether the expression depends on the evaluation time beyond its selectors. */
export const isTimed = (expr: Expr): boolean =>
  [...everyExpr(expr)].some((at) => at.kind === "call" && timed.has(at.func.name));

/** Whether the expression speaks of the query's own range: it differs between instant and range. */
export const speaksOfRange = (text: string): boolean => /\b(start|end|range|step)\(\)/i.test(text);

/** The query with `@ timeMs` on every selector and subquery that has none and is not inside a fixed subquery. */
export const printAt = (expr: Expr, timeMs: number): string => printExpr(fixed(expr, timeMs));

function fixed(expr: Expr, timeMs: number): Expr {
  const at = { kind: "timestamp", timeMs } as const;
  const inside = (child: Expr): Expr => fixed(child, timeMs);
  switch (expr.kind) {
    case "number":
    case "string":
      return expr;
    case "vectorSelector":
      return { ...expr, at: expr.at ?? at };
    case "matrixSelector":
      return { ...expr, selector: { ...expr.selector, at: expr.selector.at ?? at } };
    case "subquery":
      return { ...expr, at: expr.at ?? at };
    case "call":
      return { ...expr, args: expr.args.map(inside) };
    case "aggregate": {
      const param = expr.param === undefined ? undefined : inside(expr.param);
      return { ...expr, param, expr: inside(expr.expr) };
    }
    case "binary":
      return { ...expr, lhs: inside(expr.lhs), rhs: inside(expr.rhs) };
    case "unary":
    case "paren":
      return { ...expr, expr: inside(expr.expr) };
  }
}
