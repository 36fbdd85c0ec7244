/** The syntax tree of PromQL: immutable nodes, one shape per construct, each with its place in the text. */
import type { Matcher } from "../../core/index.ts";
import type { FunctionSignature } from "./functions.ts";

/** A half-open range of UTF-16 offsets in the query's text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What an expression evaluates to, in Prometheus's own words. */
export type ValueType = "scalar" | "string" | "vector" | "matrix";

export type Expr =
  | NumberLiteral
  | StringLiteral
  | VectorSelector
  | MatrixSelector
  | Subquery
  | Call
  | Aggregate
  | Binary
  | Unary
  | Paren;

export interface NumberLiteral {
  readonly kind: "number";
  /** Seconds, where the literal was written as a duration. */
  readonly value: number;
  readonly duration: boolean;
  readonly span: Span;
}

export interface StringLiteral {
  readonly kind: "string";
  /** Bytes that are not UTF-8 stand as lone surrogates U+DC80 to U+DCFF. */
  readonly value: string;
  readonly span: Span;
}

/** The `@` modifier: a fixed time in milliseconds, or the query's start or end. */
export type AtModifier =
  { readonly kind: "timestamp"; readonly timeMs: number } | { readonly kind: "start" | "end" };

/** What moves a selector or a subquery in time. */
export interface TimeModifiers {
  readonly offset: DurationExpr | undefined;
  readonly at: AtModifier | undefined;
}

export interface VectorSelector extends TimeModifiers {
  readonly kind: "vectorSelector";
  /** The metric's name where it stands before the braces. */
  readonly name: string | undefined;
  /** All matchers; the one that `name` stands for comes last. */
  readonly matchers: readonly Matcher[];
  readonly extended: "anchored" | "smoothed" | undefined;
  readonly span: Span;
}

export interface MatrixSelector {
  readonly kind: "matrixSelector";
  readonly selector: VectorSelector;
  readonly range: DurationExpr;
  readonly span: Span;
}

export interface Subquery extends TimeModifiers {
  readonly kind: "subquery";
  readonly expr: Expr;
  readonly range: DurationExpr;
  /** Undefined: the engine's default step. */
  readonly step: DurationExpr | undefined;
  readonly span: Span;
}

export interface Call {
  readonly kind: "call";
  readonly func: FunctionSignature;
  readonly args: readonly Expr[];
  readonly span: Span;
}

export interface Aggregate {
  readonly kind: "aggregate";
  readonly op: AggregateOp;
  readonly param: Expr | undefined;
  readonly expr: Expr;
  readonly grouping: readonly string[];
  readonly without: boolean;
  readonly span: Span;
}

export interface Binary {
  readonly kind: "binary";
  readonly op: BinaryOp;
  readonly lhs: Expr;
  readonly rhs: Expr;
  readonly returnBool: boolean;
  readonly matching: VectorMatching;
  /** Where the operator itself stands. */
  readonly opSpan: Span;
  readonly span: Span;
}

export type Cardinality = "one-to-one" | "many-to-one" | "one-to-many" | "many-to-many";

export interface VectorMatching {
  readonly card: Cardinality;
  /** `on` (true) or `ignoring`. */
  readonly on: boolean;
  readonly labels: readonly string[];
  /** Labels that group_left or group_right takes over from the "one" side. */
  readonly include: readonly string[];
  readonly fillLeft: number | undefined;
  readonly fillRight: number | undefined;
}

export interface Unary {
  readonly kind: "unary";
  readonly op: "+" | "-";
  readonly expr: Expr;
  readonly span: Span;
}

export interface Paren {
  readonly kind: "paren";
  readonly expr: Expr;
  readonly span: Span;
}

/** A duration: a literal (seconds), or arithmetic on literals and on the query's own step and range. */
export type DurationExpr =
  | NumberLiteral
  | { readonly kind: "durationCall"; readonly name: "step" | "range"; readonly span: Span }
  | {
      readonly kind: "durationBound";
      readonly name: "min_of" | "max_of";
      readonly lhs: DurationExpr;
      readonly rhs: DurationExpr;
      readonly span: Span;
    }
  | {
      readonly kind: "durationUnary";
      readonly op: "+" | "-";
      readonly expr: DurationExpr;
      readonly span: Span;
    }
  | {
      readonly kind: "durationBinary";
      readonly op: DurationOp;
      readonly lhs: DurationExpr;
      readonly rhs: DurationExpr;
      readonly span: Span;
    }
  | { readonly kind: "durationParen"; readonly expr: DurationExpr; readonly span: Span };

export type DurationOp = "+" | "-" | "*" | "/" | "%" | "^";

export const setOps = ["and", "or", "unless"] as const;
export const comparisonOps = ["==", "!=", "<", ">", "<=", ">="] as const;
export const arithmeticOps = ["+", "-", "*", "/", "%", "^", "atan2"] as const;
/** Native-histogram operators: trim the upper or the lower part. */
export const trimOps = ["</", ">/"] as const;

export type SetOp = (typeof setOps)[number];
export type ComparisonOp = (typeof comparisonOps)[number];
export type ArithmeticOp = (typeof arithmeticOps)[number];
export type TrimOp = (typeof trimOps)[number];
export type BinaryOp = SetOp | ComparisonOp | ArithmeticOp | TrimOp;

export const isSetOp = (op: BinaryOp): op is SetOp => (setOps as readonly string[]).includes(op);
export const isComparisonOp = (op: BinaryOp): op is ComparisonOp =>
  (comparisonOps as readonly string[]).includes(op);
export const isArithmeticOp = (op: BinaryOp): op is ArithmeticOp =>
  (arithmeticOps as readonly string[]).includes(op);

export const aggregateOps = [
  "avg",
  "bottomk",
  "count",
  "count_values",
  "group",
  "limit_ratio",
  "limitk",
  "max",
  "min",
  "quantile",
  "stddev",
  "stdvar",
  "sum",
  "topk",
] as const;

export type AggregateOp = (typeof aggregateOps)[number];

const opsWithParam: readonly AggregateOp[] = [
  "bottomk",
  "count_values",
  "limit_ratio",
  "limitk",
  "quantile",
  "topk",
];

/** Whether the aggregation takes a parameter before its vector: `topk(3, v)`. */
export const takesParam = (op: AggregateOp): boolean => opsWithParam.includes(op);

/** The type of a well-formed expression. */
export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case "number":
      return "scalar";
    case "string":
      return "string";
    case "vectorSelector":
    case "aggregate":
      return "vector";
    case "matrixSelector":
    case "subquery":
      return "matrix";
    case "call":
      return expr.func.returns;
    case "binary":
      return typeOf(expr.lhs) === "scalar" && typeOf(expr.rhs) === "scalar" ? "scalar" : "vector";
    case "unary":
    case "paren":
      return typeOf(expr.expr);
  }
}

/** The expression without the parentheses around it. */
export function unwrapParens(expr: Expr): Expr {
  let inner = expr;
  while (inner.kind === "paren") inner = inner.expr;
  return inner;
}
