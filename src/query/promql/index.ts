/** PromQL: parse, print, evaluate. */
export { evaluateInstant, evaluateRange, LOOKBACK_MS } from "./evaluate.ts";
export type { QueryEnvironment, QueryResult, QueryValue } from "./evaluate.ts";
export type { Expr } from "./ast.ts";
export { formatDurationMs, formatNumber, parseDurationMs } from "./numbers.ts";
export { parseExpr } from "./parser.ts";
export type { Parsed } from "./parser.ts";
export { printExpr } from "./print.ts";
export { drawProblem, formatProblem, lineAndColumn } from "./problems.ts";
export type { PromqlProblem } from "./problems.ts";
