/** Type checks on a parsed tree, with Prometheus's own messages. Reports every problem; throws none. */
import { isComparisonOp, isSetOp, typeOf, unwrapParens } from "./ast.ts";
import type { Aggregate, Binary, Call, Expr, Span, ValueType, VectorSelector } from "./ast.ts";
import { matchesEmpty } from "./parse-selector.ts";
import type { PromqlProblem } from "./problems.ts";
import { quote } from "./strings.ts";
import { childrenOf } from "./walk.ts";

const documented: Readonly<Record<ValueType, string>> = {
  scalar: "scalar",
  string: "string",
  vector: "instant vector",
  matrix: "range vector",
};

type Report = (span: Span, message: string) => void;

/** What is wrong with the types of the tree. @see prometheus/promql/parser/parse.go, checkAST */
export function checkTypes(root: Expr): readonly PromqlProblem[] {
  const problems: PromqlProblem[] = [];
  const report: Report = (span, message) => problems.push({ message, span });
  const visit = (expr: Expr, selectsAll: boolean): void => {
    for (const [index, child] of childrenOf(expr).entries()) {
      // info() takes label matchers alone as its second argument: they may match everything.
      visit(child, expr.kind === "call" && expr.func.name === "info" && index === 1);
    }
    checkOne(expr, selectsAll, report);
  };
  visit(root, false);
  return problems;
}

function checkOne(expr: Expr, selectsAll: boolean, report: Report): void {
  switch (expr.kind) {
    case "aggregate":
      return checkAggregate(expr, report);
    case "binary":
      return checkBinary(expr, report);
    case "call":
      return checkCall(expr, report);
    case "unary": {
      const type = typeOf(expr.expr);
      if (type === "scalar" || type === "vector") return;
      return report(
        expr.span,
        `unary expression only allowed on expressions of type scalar or instant vector, got ${quote(documented[type])}`,
      );
    }
    case "subquery": {
      const type = typeOf(expr.expr);
      if (type === "vector") return;
      return report(expr.span, `subquery is only allowed on instant vector, got ${type} instead`);
    }
    case "vectorSelector":
      return checkSelector(expr, selectsAll, report);
    case "matrixSelector":
    case "paren":
    case "number":
    case "string":
      return;
  }
}

function expectType(
  expr: Expr,
  want: ValueType,
  { context, report }: { readonly context: string; readonly report: Report },
): void {
  const got = typeOf(expr);
  if (got === want) return;
  report(expr.span, `expected type ${documented[want]} in ${context}, got ${documented[got]}`);
}

function checkAggregate({ op, expr, param }: Aggregate, report: Report): void {
  expectType(expr, "vector", { context: "aggregation expression", report });
  if (param === undefined) return;
  const want = op === "count_values" ? "string" : "scalar";
  expectType(param, want, { context: "aggregation parameter", report });
}

function checkBinary(binary: Binary, report: Report): void {
  const { op, lhs, rhs, matching, opSpan, span } = binary;
  const left = typeOf(lhs);
  const right = typeOf(rhs);
  checkComparison(binary, report);
  for (const label of matching.on ? matching.labels : []) {
    if (matching.include.includes(label)) {
      report(opSpan, `label ${quote(label)} must not occur in ON and GROUP clause at once`);
    }
  }
  for (const [side, type] of [
    [lhs, left],
    [rhs, right],
  ] as const) {
    if (type === "scalar" || type === "vector") continue;
    report(side.span, "binary expression must contain only scalar and instant vector types");
  }
  if (left === "vector" && right === "vector") checkSetOperation(binary, report);
  else checkScalarSides(binary, report);
  if ((left === "scalar" || right === "scalar") && isSetOp(op)) {
    report(span, `set operator ${quote(op)} not allowed in binary scalar expression`);
  }
}

function checkComparison({ op, lhs, rhs, returnBool, opSpan }: Binary, report: Report): void {
  if (!isComparisonOp(op)) {
    if (returnBool) report(opSpan, "bool modifier can only be used on comparison operators");
    return;
  }
  if (returnBool || typeOf(lhs) !== "scalar" || typeOf(rhs) !== "scalar") return;
  report(opSpan, "comparisons between scalars must use BOOL modifier");
}

const fills = ({ matching }: Binary): boolean =>
  matching.fillLeft !== undefined || matching.fillRight !== undefined;

function checkSetOperation(binary: Binary, report: Report): void {
  const { op, matching, span } = binary;
  if (!isSetOp(op)) return;
  if (matching.card !== "one-to-one") {
    report(span, `no grouping allowed for ${quote(op)} operation`);
    report(span, "set operations must always be many-to-many");
  }
  if (fills(binary)) report(span, "filling in missing series not allowed for set operators");
}

function checkScalarSides(binary: Binary, report: Report): void {
  if (binary.matching.labels.length > 0) {
    report(binary.span, "vector matching only allowed between instant vectors");
  }
  if (fills(binary)) {
    report(binary.span, "filling in missing series only allowed between instant vectors");
  }
}

function checkCall(call: Call, report: Report): void {
  const { func, args, span } = call;
  const problem = checkArity(call);
  if (problem !== undefined) report(span, problem);
  if (func.name === "info") checkInfo(call, report);
  for (const [index, arg] of args.entries()) {
    const want = func.args[index] ?? (func.variadic === 0 ? undefined : func.args.at(-1));
    if (want === undefined) return;
    expectType(arg, want, { context: `call to function ${quote(func.name)}`, report });
  }
}

function checkArity({ func, args }: Call): string | undefined {
  const count = func.args.length;
  const got = `in call to ${quote(func.name)}, got ${args.length}`;
  if (func.variadic === 0) {
    return args.length === count ? undefined : `expected ${count} argument(s) ${got}`;
  }
  const least = count - 1;
  if (args.length < least) return `expected at least ${least} argument(s) ${got}`;
  const most = least + func.variadic;
  if (func.variadic > 0 && args.length > most) return `expected at most ${most} argument(s) ${got}`;
  return undefined;
}

function checkInfo({ args }: Call, report: Report): void {
  const second = args[1];
  if (second === undefined) return;
  const selector = unwrapParens(second);
  if (selector.kind !== "vectorSelector") report(second.span, "expected label selectors only");
  else if (selector.name !== undefined) {
    report(second.span, "expected label selectors only, got vector selector instead");
  }
}

function checkSelector(selector: VectorSelector, selectsAll: boolean, report: Report): void {
  const { name, matchers, span } = selector;
  if (name !== undefined) {
    for (const matcher of matchers.slice(0, -1)) {
      if (matcher.name !== "__name__") continue;
      const names = `${quote(name)} or ${quote(matcher.value)}`;
      report(span, `metric name must not be set twice: ${names}`);
    }
    return;
  }
  if (selectsAll || matchers.some((matcher) => !matchesEmpty(matcher))) return;
  report(span, "vector selector must contain at least one non-empty matcher");
}
