/**
 * The data types by which records travel to a workspace, and the streams of rules that ask for them.
 * @see github.com/microsoft/Docker-Provider source/plugins/ruby/constants.rb, source/plugins/go/src/oms.go
 */

export const recordTypes = {
  containerLogV2: "CONTAINERINSIGHTS_CONTAINERLOGV2",
  containerLog: "CONTAINER_LOG_BLOB",
  containerInventory: "CONTAINER_INVENTORY_BLOB",
  containerNodeInventory: "CONTAINER_NODE_INVENTORY_BLOB",
  podInventory: "KUBE_POD_INVENTORY_BLOB",
  nodeInventory: "KUBE_NODE_INVENTORY_BLOB",
  services: "KUBE_SERVICES_BLOB",
  persistentVolumes: "KUBE_PV_INVENTORY_BLOB",
  events: "KUBE_EVENTS_BLOB",
  agentEvents: "KUBE_MON_AGENT_EVENTS_BLOB",
  insightsMetrics: "INSIGHTS_METRICS_BLOB",
  perf: "LINUX_PERF_BLOB",
  heartbeat: "HEALTH_ASSESSMENT_BLOB",
  syslog: "LINUX_SYSLOGS_BLOB",
} as const;

export type RecordType = (typeof recordTypes)[keyof typeof recordTypes];

/** The stream of container logs in high log scale mode, which goes through a data collection endpoint. */
export const highScaleStream = "Microsoft-ContainerLogV2-HighScale";

/** Rules name streams; a configuration may name either. */
const streamOfType: ReadonlyMap<RecordType, string> = new Map([
  [recordTypes.containerLogV2, "Microsoft-ContainerLogV2"],
  [recordTypes.containerLog, "Microsoft-ContainerLog"],
  [recordTypes.containerInventory, "Microsoft-ContainerInventory"],
  [recordTypes.containerNodeInventory, "Microsoft-ContainerNodeInventory"],
  [recordTypes.podInventory, "Microsoft-KubePodInventory"],
  [recordTypes.nodeInventory, "Microsoft-KubeNodeInventory"],
  [recordTypes.services, "Microsoft-KubeServices"],
  [recordTypes.persistentVolumes, "Microsoft-KubePVInventory"],
  [recordTypes.events, "Microsoft-KubeEvents"],
  [recordTypes.agentEvents, "Microsoft-KubeMonAgentEvents"],
  [recordTypes.insightsMetrics, "Microsoft-InsightsMetrics"],
  [recordTypes.perf, "Microsoft-Perf"],
  [recordTypes.syslog, "Microsoft-Syslog"],
]);

/** Whether a configuration's streams ask for records of a type. `Microsoft-ContainerInsights-Group-Default` asks for all. */
export function isCollected(streams: ReadonlySet<string>, type: RecordType): boolean {
  const stream = streamOfType.get(type);
  return (
    streams.has(type) ||
    (stream !== undefined && streams.has(stream)) ||
    (type !== recordTypes.syslog && streams.has("Microsoft-ContainerInsights-Group-Default"))
  );
}

/** `LogManagement` for what is the platform's of old, else `ContainerInsights`. */
export const ipNameOf = (type: string): string =>
  type === recordTypes.heartbeat || type === recordTypes.perf || type === recordTypes.syslog
    ? "LogManagement"
    : "ContainerInsights";
