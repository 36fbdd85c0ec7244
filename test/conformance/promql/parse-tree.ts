/** Writes a syntax tree as the case language of README.md does: every grouping shows. */
import { formatNumber } from "../../../src/query/promql/index.ts";
import type {
  Binary,
  DurationExpr,
  Expr,
  TimeModifiers,
  VectorSelector,
} from "../../../src/query/promql/ast.ts";
import { printDuration } from "../../../src/query/promql/print.ts";
import { place } from "../../../src/query/promql/problems.ts";
import { quote } from "../../../src/query/promql/strings.ts";

/** @param text - the query, where each node shall be followed by its place. */
export function treeOf(expr: Expr, text?: string): string {
  const tree = nodeOf(expr, (child) => treeOf(child, text));
  if (text === undefined) return tree;
  const end = { start: expr.span.end, end: expr.span.end };
  return `${tree}@${place(text, expr.span)}-${place(text, end)}`;
}

type Child = (expr: Expr) => string;

function nodeOf(expr: Expr, child: Child): string {
  switch (expr.kind) {
    case "number":
      return printDuration(expr);
    case "string":
      return quote(expr.value);
    case "vectorSelector":
      return list(selectorWords(expr));
    case "matrixSelector":
      return list(["range", durationTree(expr.range), child(expr.selector)]);
    case "subquery": {
      const step = expr.step === undefined ? "default" : durationTree(expr.step);
      return list(["subquery", durationTree(expr.range), step, child(expr.expr), ...times(expr)]);
    }
    case "call":
      return list(["call", expr.func.name, ...expr.args.map(child)]);
    case "aggregate": {
      const param = expr.param === undefined ? [] : [child(expr.param)];
      const by = `${expr.without ? "without" : "by"}=${labelList(expr.grouping)}`;
      return list([expr.op, by, ...param, child(expr.expr)]);
    }
    case "binary":
      return list([expr.op, child(expr.lhs), child(expr.rhs), ...matchingWords(expr)]);
    case "unary":
      return list([expr.op === "-" ? "neg" : "pos", child(expr.expr)]);
    case "paren":
      return list(["paren", child(expr.expr)]);
  }
}

const list = (words: readonly string[]): string => `(${words.join(" ")})`;
const labelList = (names: readonly string[]): string => `[${names.map(quote).join(" ")}]`;

function selectorWords(selector: VectorSelector): readonly string[] {
  const { name, matchers, extended } = selector;
  const named = name === undefined ? "select" : `select ${quote(name)}`;
  const shown = name === undefined ? matchers : matchers.slice(0, -1);
  return [
    named,
    ...shown.map((matcher) => `${quote(matcher.name)}${matcher.kind}${quote(matcher.value)}`),
    ...(extended === undefined ? [] : [extended]),
    ...times(selector),
  ];
}

function times({ at, offset }: TimeModifiers): readonly string[] {
  const fixed =
    at === undefined ? [] : [`at=${at.kind === "timestamp" ? `${at.timeMs}ms` : at.kind}`];
  return [...fixed, ...(offset === undefined ? [] : [`offset=${durationTree(offset)}`])];
}

function matchingWords({ returnBool, matching }: Binary): readonly string[] {
  const { card, on, labels, include, fillLeft, fillRight } = matching;
  const words: string[] = returnBool ? ["bool"] : [];
  if (on) words.push(`on=${labelList(labels)}`);
  else if (labels.length > 0) words.push(`ignoring=${labelList(labels)}`);
  if (card !== "one-to-one") words.push(`${card}=${labelList(include)}`);
  if (fillLeft !== undefined) words.push(`fill_left=${formatNumber(fillLeft)}`);
  if (fillRight !== undefined) words.push(`fill_right=${formatNumber(fillRight)}`);
  return words;
}

function durationTree(duration: DurationExpr): string {
  switch (duration.kind) {
    case "number":
      return printDuration(duration);
    case "durationCall":
      return list([duration.name]);
    case "durationUnary":
      return list([duration.op === "-" ? "neg" : "pos", durationTree(duration.expr)]);
    case "durationParen":
      return list(["paren", durationTree(duration.expr)]);
    case "durationBinary":
      return list([duration.op, durationTree(duration.lhs), durationTree(duration.rhs)]);
    case "durationBound":
      return list([duration.name, durationTree(duration.lhs), durationTree(duration.rhs)]);
  }
}
