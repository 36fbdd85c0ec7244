/** Metrics on disk and in memory, behind the `Appendable` and `Querier` seams. */
export { storeErrors } from "./errors.ts";
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
