/** Which expressions are the same at every step: they are evaluated once and repeated. */
import type { Expr } from "./ast.ts";
import { childrenOf } from "./walk.ts";

/** Functions of the evaluation time itself. @see prometheus/promql/functions.go, AtModifierUnsafeFunctions */
const timed: ReadonlySet<string> = new Set(["time", "timestamp"]);

type Finding = "varies" | "fixed" | "constant";

const findings = new WeakMap<Expr, Finding>();

/** Whether every selector below has a fixed time. Constants without any selector are cheap as they are: false. */
export const isStepInvariant = (expr: Expr): boolean => find(expr) === "fixed";

function find(expr: Expr): Finding {
  const known = findings.get(expr);
  if (known !== undefined) return known;
  const finding = examine(expr);
  findings.set(expr, finding);
  return finding;
}

function examine(expr: Expr): Finding {
  if (expr.kind === "vectorSelector") return expr.at === undefined ? "varies" : "fixed";
  // A subquery's own `@` fixes all that is inside it.
  if (expr.kind === "subquery") return expr.at === undefined ? "varies" : "fixed";
  if (expr.kind === "call" && timed.has(expr.func.name)) return "varies";
  const below = childrenOf(expr).map(find);
  if (below.includes("varies")) return "varies";
  return below.includes("fixed") ? "fixed" : "constant";
}
