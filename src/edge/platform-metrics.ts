/** The edge's own counters and gauges, in Prometheus's text format. Labels have few values: no path, no principal. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { ResourceId } from "../arm/index.ts";
import type { RecordsTold } from "../ingest/index.ts";
import type { LogsStats, StoreStats, WorkspaceLogs } from "../store/index.ts";
import type { CloseReason } from "./errors.ts";

export interface AnsweredRequest {
  /** The kind of host, such as `metrics-ingestion`; `none` where the request was refused before it was routed. */
  readonly kind: string;
  readonly status: number;
  readonly origin: "public" | "private";
  readonly ms: number;
  /** The resource that the host belongs to; absent for the global handler, and where nothing was routed. */
  readonly resourceId?: ResourceId | undefined;
  /** The private endpoint that it came by. */
  readonly endpointId?: ResourceId | undefined;
}

export interface PlatformMetrics {
  answered(request: AnsweredRequest): void;
  /** A request was refused; `rule` is the last rule that spoke. */
  refused(rule: string): void;
  /** A connection was closed before a request of it was answered. */
  closed(reason: CloseReason): void;
  appended(workspaceId: ResourceId, samples: number): void;
  /** Records went into a table, or were left out. */
  recorded(told: RecordsTold): void;
  /** All of it in the text format 0.0.4. */
  text(): Promise<string>;
}

export interface PlatformMetricsSources {
  /** The stores that the edge has opened, by workspace. */
  readonly stores: () => Iterable<readonly [ResourceId, StoreStats]>;
  /** The Log Analytics workspaces that the edge has opened. */
  readonly logs: () => Iterable<readonly [ResourceId, Pick<WorkspaceLogs, "stats">]>;
  readonly connections: () => { readonly public: number; readonly private: number };
  readonly accessLogDropped: () => number;
  readonly graphVersion: () => number;
}

/** Makes the registry; nothing of it is global, so that many edges live in one process. */
export function platformMetrics(sources: PlatformMetricsSources): PlatformMetrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: "linkscope_edge_requests_total",
    help: "Requests answered, by kind of host, status and way in.",
    labelNames: ["kind", "status", "origin"],
    registers,
  });
  const ways = new Counter({
    name: "linkscope_edge_ways_total",
    help: "Requests answered, by kind of host, its resource, way in (a private endpoint or public) and outcome.",
    labelNames: ["kind", "resource", "way", "outcome"],
    registers,
  });
  const seconds = new Histogram({
    name: "linkscope_edge_request_seconds",
    help: "Time from a request's head to its answer.",
    labelNames: ["kind"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30],
    registers,
  });
  const refusals = new Counter({
    name: "linkscope_edge_refusals_total",
    help: "Requests refused with 401, 403 or 421, by the rule that spoke last.",
    labelNames: ["rule"],
    registers,
  });
  const closes = new Counter({
    name: "linkscope_edge_connections_closed_total",
    help: "Connections closed before a request of them was answered, by reason.",
    labelNames: ["reason"],
    registers,
  });
  const samples = new Counter({
    name: "linkscope_edge_samples_appended_total",
    help: "Samples acknowledged, by workspace.",
    labelNames: ["workspace"],
    registers,
  });
  const recorded = recordCounters(registers);
  addGauges(registry, sources);
  addLogsGauges(registry, sources);
  return {
    answered({ kind, status, origin, ms, resourceId, endpointId }) {
      requests.inc({ kind, status: String(status), origin });
      if (resourceId !== undefined) {
        const way = endpointId ?? "public";
        ways.inc({ kind, resource: resourceId, way, outcome: outcomeOf(status) });
      }
      seconds.observe({ kind }, ms / 1000);
    },
    refused: (rule) => refusals.inc({ rule }),
    closed: (reason) => closes.inc({ reason }),
    appended: (workspaceId, count) => samples.inc({ workspace: workspaceId }, count),
    recorded,
    text: () => registry.metrics(),
  };
}

/** What became of records: kept, or left out by a transformation or the daily cap. */
function recordCounters(registers: Registry[]): (told: RecordsTold) => void {
  const labelNames = ["workspace", "table"];
  const records = new Counter({
    name: "linkscope_edge_records_total",
    help: "Records acknowledged, by Log Analytics workspace, table and outcome: kept, dropped (by a transformation) or capped (past the daily cap).",
    labelNames: [...labelNames, "outcome"],
    registers,
  });
  const fieldsCut = new Counter({
    name: "linkscope_edge_record_fields_cut_total",
    help: "Values of records that were longer than a field may be, and were cut.",
    labelNames,
    registers,
  });
  return ({ workspaceId: workspace, table, ...told }) => {
    for (const outcome of ["kept", "dropped", "capped"] as const) {
      if (told[outcome] > 0) records.inc({ workspace, table, outcome }, told[outcome]);
    }
    if (told.fieldsCut > 0) fieldsCut.inc({ workspace, table }, told.fieldsCut);
  };
}

/** What became of a request, in the few words that a picture needs. */
function outcomeOf(status: number): "taken" | "refused" | "failed" {
  if (status < 400) return "taken";
  return status === 401 || status === 403 || status === 421 ? "refused" : "failed";
}

const storeGauges = [
  ["series", "Series in the head.", (stats: StoreStats) => stats.series],
  ["samples", "Samples in the head.", (stats: StoreStats) => stats.samples],
  ["samples_dropped_by_age", "Samples that left by age.", (s: StoreStats) => s.samplesDroppedByAge],
  ["head_bytes", "Bytes of the head in memory.", (stats: StoreStats) => stats.headBytes],
  ["wal_bytes", "Bytes of the log on disk.", (stats: StoreStats) => stats.walBytes],
  [
    "wal_segments_set_aside",
    "Segments of the log that could not be read.",
    (stats: StoreStats) => stats.walSegmentsSetAside,
  ],
] as const;

const logsGauges = [
  ["wal_bytes", "Bytes of the records' log on disk.", (stats: LogsStats) => stats.walBytes],
  ["segment_bytes", "Bytes of merged segments of records.", (s: LogsStats) => s.segmentBytes],
  ["segments", "Merged segments of records.", (stats: LogsStats) => stats.segments],
  [
    "billed_bytes_today",
    "Bytes that count toward today's cap.",
    (stats: LogsStats) => stats.billedBytesToday,
  ],
] as const;

function addLogsGauges(registry: Registry, sources: PlatformMetricsSources): void {
  for (const [name, help, read] of logsGauges) {
    const gauge = new Gauge({
      name: `linkscope_logs_${name}`,
      help,
      labelNames: ["workspace"],
      registers: [],
      collect() {
        this.reset();
        for (const [workspace, logs] of sources.logs()) this.set({ workspace }, read(logs.stats()));
      },
    });
    registry.registerMetric(gauge);
  }
}

function addGauges(registry: Registry, sources: PlatformMetricsSources): void {
  for (const [name, help, read] of storeGauges) {
    const gauge = new Gauge({
      name: `linkscope_store_${name}`,
      help,
      labelNames: ["workspace"],
      registers: [],
      collect() {
        this.reset();
        for (const [workspace, stats] of sources.stores()) this.set({ workspace }, read(stats));
      },
    });
    registry.registerMetric(gauge);
  }
  const connections = new Gauge({
    name: "linkscope_edge_connections",
    help: "Open connections, by way in.",
    labelNames: ["origin"],
    registers: [],
    collect() {
      const open = sources.connections();
      this.set({ origin: "public" }, open.public);
      this.set({ origin: "private" }, open.private);
    },
  });
  const dropped = new Gauge({
    name: "linkscope_edge_access_log_dropped",
    help: "Access log lines that never reached the file.",
    registers: [],
    collect() {
      this.set(sources.accessLogDropped());
    },
  });
  const version = new Gauge({
    name: "linkscope_edge_graph_version",
    help: "The version of the resource graph in use.",
    registers: [],
    collect() {
      this.set(sources.graphVersion());
    },
  });
  registry.registerMetric(connections);
  registry.registerMetric(dropped);
  registry.registerMetric(version);
}
