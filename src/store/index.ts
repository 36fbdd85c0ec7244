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
} from "./logs/seams.ts";
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
