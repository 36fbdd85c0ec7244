/** Queries of metrics: PromQL and the Prometheus HTTP API. */
export { queryErrors } from "./errors.ts";
export {
  drawProblem,
  evaluateInstant,
  evaluateRange,
  formatProblem,
  parseExpr,
  printExpr,
} from "./promql/index.ts";
export type { Parsed, PromqlProblem, QueryEnvironment, QueryResult } from "./promql/index.ts";
