/** Metrics on disk and in memory, behind the `Appendable` and `Querier` seams. */
export type {
  Appendable,
  AppendResult,
  MetricsStore,
  Querier,
  RejectCode,
  StoreStats,
  WorkspaceMetrics,
} from "./seams.ts";
