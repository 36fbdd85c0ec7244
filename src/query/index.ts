/** Queries of metrics: PromQL and the Prometheus HTTP API. */
export { queryErrors } from "./errors.ts";
export { answerPrometheusApi, PROMETHEUS_API_SOURCE } from "./prometheus-api.ts";
export type { PrometheusApiContext } from "./prometheus-api.ts";
export {
  drawProblem,
  evaluateInstant,
  evaluateRange,
  formatProblem,
  parseExpr,
  printExpr,
} from "./promql/index.ts";
export type { Parsed, PromqlProblem, QueryEnvironment, QueryResult } from "./promql/index.ts";
export { queryGate } from "./query-gate.ts";
export type { QueryGate } from "./query-gate.ts";
