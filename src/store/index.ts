/** Metrics and logs on disk and in memory, behind their seams. */
export { storeErrors } from "./errors.ts";
export type {
  BoundValue,
  LogAnswer,
  LogAppend,
  LogBatch,
  LogQuerier,
  LogQuestion,
  LogSink,
  LogsStats,
  LogsStore,
  LogTransformer,
  WorkspaceLogs,
  WorkspaceLogsSettings,
} from "./logs/seams.ts";
export type { EngineChannel, FromEngine, ToEngine } from "./logs/engine-messages.ts";
export { serveLogEngine } from "./logs/engine/serve-engine.ts";
export type { ServedEngine } from "./logs/engine/serve-engine.ts";
export type { LogsLimits } from "./logs/logs-limits.ts";
export type { LogsNote } from "./logs/logs-note.ts";
export { openLogsStore } from "./logs/logs-store.ts";
export type { LogsStoreOptions, OpenedLogsStore } from "./logs/logs-store.ts";
export { openMetricsStore } from "./metrics-store.ts";
export type { MetricsStoreOptions } from "./metrics-store.ts";
export type {
  Appendable,
  AppendResult,
  MetricsStore,
  Querier,
  RejectCode,
  StoreStats,
  WorkspaceMetrics,
} from "./seams.ts";
export { matcherTest } from "./selection.ts";
export { StoreBusyError } from "./store-busy-error.ts";
export type { StoreLimits } from "./store-limits.ts";
export type { StoreNote } from "./store-note.ts";
