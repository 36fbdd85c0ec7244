/** What parses but is not evaluated yet: refused by name before anything is read. */
import type { CodedError } from "../../core/index.ts";
import { queryError } from "../errors.ts";
import { trimOps } from "./ast.ts";
import type { Expr } from "./ast.ts";
import { calledFunctions } from "./call-function.ts";
import { place } from "./problems.ts";
import { rangeFunctions } from "./range-functions.ts";
import { everyExpr } from "./walk.ts";

/** The construct that is not evaluated yet, as an error names it; undefined where the expression is evaluated whole. */
export function unsupportedIn(
  expr: Expr,
): { readonly name: string; readonly at: Expr } | undefined {
  for (const at of everyExpr(expr)) {
    const name = unsupportedAt(at);
    if (name !== undefined) return { name, at };
  }
  return undefined;
}

function unsupportedAt(expr: Expr): string | undefined {
  switch (expr.kind) {
    case "call": {
      const { name } = expr.func;
      return calledFunctions.has(name) || rangeFunctions.has(name) ? undefined : `function ${name}`;
    }
    case "aggregate":
      return expr.op === "limitk" || expr.op === "limit_ratio"
        ? `aggregation ${expr.op}`
        : undefined;
    case "binary": {
      if ((trimOps as readonly string[]).includes(expr.op)) return `operator ${expr.op}`;
      const { fillLeft, fillRight } = expr.matching;
      return fillLeft === undefined && fillRight === undefined ? undefined : "modifier fill";
    }
    case "vectorSelector":
      return expr.extended === undefined ? undefined : `modifier ${expr.extended}`;
    default:
      return undefined;
  }
}

/** PromqlNotSupported (422) for the first such construct; undefined where there is none. */
export function refusalOf(expr: Expr, text: string): CodedError | undefined {
  const unsupported = unsupportedIn(expr);
  if (unsupported === undefined) return undefined;
  const { name, at } = unsupported;
  return queryError(
    "PromqlNotSupported",
    `${name} is not evaluated yet (${place(text, at.span)}); write the query without it`,
  );
}
