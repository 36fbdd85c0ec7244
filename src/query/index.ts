/** Queries: PromQL with the Prometheus HTTP API, and KQL with the Log Analytics query API. */
export { queryErrors } from "./errors.ts";
export { answerLogsQuery, LOGS_QUERY_API_SOURCE } from "./logs/answer-logs-query.ts";
export type { LogsQueryContext } from "./logs/answer-logs-query.ts";
export { logsQueryErrors } from "./logs/errors.ts";
export type { LogsQueryErrorCode } from "./logs/errors.ts";
export { parseTimespan } from "./logs/iso-timespan.ts";
export { badArgument, logsQueryRefusal } from "./logs/logs-query-answers.ts";
export { userQueries } from "./logs/user-queries.ts";
export type { UserQueries } from "./logs/user-queries.ts";
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
