/** The paths of a cluster's telemetry that a proof speaks of; their ids are stable. */
export const pathIds = [
  "configuration",
  "metrics-ingestion",
  "metrics-query",
  "logs-ingestion",
  "logs-ingestion-dce",
  "logs-query",
  "logs-query-arm",
] as const;
export type PathId = (typeof pathIds)[number];

/** Paths of later widenings; a table shows them with blanks. */
export const laterPathIds = ["grafana"] as const;

export const isPathId = (text: string): text is PathId =>
  (pathIds as readonly string[]).includes(text);
