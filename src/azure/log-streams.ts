/** How records reach their tables: the data types of ODS and the streams of data collection rules. */

/** A data type of ODS: the table that it fills, and what its fields are called on the wire. */
export interface OdsDataType {
  readonly dataType: string;
  /** The `IPName` that agents send with it. */
  readonly solution:
    "Containers" | "ContainerInsights" | "LogManagement" | "InfrastructureInsights";
  readonly table: string;
  /** The stream of a data collection rule that it is. */
  readonly stream: string;
  /** Wire name to column, where they differ. All other fields carry their column's name. */
  readonly columns: Readonly<Record<string, string>>;
  /** `perf`: a record holds a list of counters in `json_Collections`, each of which becomes a row. */
  readonly unfold?: "perf";
  readonly source: string;
}

const plugins = "microsoft/Docker-Provider source/plugins";
const time = { CollectionTime: "TimeGenerated" };

const insights = (
  dataType: string,
  table: string,
  rest: { readonly columns?: Readonly<Record<string, string>>; readonly source: string },
): OdsDataType => ({
  dataType,
  solution: "ContainerInsights",
  table,
  stream: `Microsoft-${table}`,
  columns: rest.columns ?? time,
  source: rest.source,
});

/** Every data type that ODS takes, by its name in capitals. */
export const odsDataTypes: ReadonlyMap<string, OdsDataType> = new Map(
  [
    insights("CONTAINERINSIGHTS_CONTAINERLOGV2", "ContainerLogV2", {
      columns: {},
      source: `${plugins}/go/src/oms.go, DataItemLAv2`,
    }),
    {
      ...insights("CONTAINER_LOG_BLOB", "ContainerLog", {
        columns: { LogEntryTimeStamp: "TimeGenerated", Id: "ContainerID" },
        source: `${plugins}/go/src/oms.go, DataItemLAv1`,
      }),
      solution: "Containers",
    } satisfies OdsDataType,
    insights("CONTAINER_INVENTORY_BLOB", "ContainerInventory", {
      columns: {
        ...time,
        InstanceID: "ContainerID",
        ElementName: "Name",
        State: "ContainerState",
        ImageId: "ImageID",
      },
      source: `${plugins}/ruby/kubernetes_container_inventory.rb`,
    }),
    insights("CONTAINER_NODE_INVENTORY_BLOB", "ContainerNodeInventory", {
      source: `${plugins}/ruby/in_kube_nodes.rb`,
    }),
    insights("KUBE_POD_INVENTORY_BLOB", "KubePodInventory", {
      source: `${plugins}/ruby/in_kube_podinventory.rb`,
    }),
    insights("KUBE_NODE_INVENTORY_BLOB", "KubeNodeInventory", {
      source: `${plugins}/ruby/in_kube_nodes.rb`,
    }),
    insights("KUBE_PV_INVENTORY_BLOB", "KubePVInventory", {
      source: `${plugins}/ruby/in_kube_pvinventory.rb`,
    }),
    insights("KUBE_EVENTS_BLOB", "KubeEvents", { source: `${plugins}/ruby/in_kube_events.rb` }),
    insights("KUBE_SERVICES_BLOB", "KubeServices", {
      columns: { ...time, ClusterIP: "ClusterIp" },
      source: `${plugins}/ruby/in_kube_podinventory.rb`,
    }),
    insights("KUBE_MON_AGENT_EVENTS_BLOB", "KubeMonAgentEvents", {
      source: `${plugins}/go/src/oms.go, laKubeMonAgentEvents`,
    }),
    insights("INSIGHTS_METRICS_BLOB", "InsightsMetrics", {
      columns: { ...time, Value: "Val" },
      source: `${plugins}/go/src/oms.go, laTelegrafMetric`,
    }),
    {
      dataType: "LINUX_PERF_BLOB",
      solution: "LogManagement",
      table: "Perf",
      stream: "Microsoft-Perf",
      columns: {
        Timestamp: "TimeGenerated",
        Host: "Computer",
        Value: "CounterValue",
      },
      unfold: "perf",
      source: `${plugins}/ruby/KubernetesApiClient.rb, getContainerResourceRequestsAndLimits`,
    },
    {
      dataType: "HEALTH_ASSESSMENT_BLOB",
      solution: "LogManagement",
      table: "Heartbeat",
      stream: "Microsoft-Heartbeat",
      columns: {
        ...time,
        Timestamp: "TimeGenerated",
        ComputerPrivateIps: "ComputerPrivateIPs",
      },
      source:
        "inferred: the data type of a heartbeat is in the agent's mdsd configuration, the spelling of its fields is the table's",
    },
    {
      dataType: "LINUX_SYSLOGS_BLOB",
      solution: "LogManagement",
      table: "Syslog",
      stream: "Microsoft-Syslog",
      columns: {
        Timestamp: "TimeGenerated",
        Host: "HostName",
        Severity: "SeverityLevel",
        Message: "SyslogMessage",
        ProcessId: "ProcessID",
        ident: "ProcessName",
      },
      source:
        "inferred: field names of microsoft/OMS-Agent-for-Linux filter_syslog, which the Azure Monitor agent follows",
    },
  ].map((one): [string, OdsDataType] => [one.dataType, one as OdsDataType]),
);

/** A stream that a data collection rule may name. */
export interface LogStream {
  readonly name: string;
  readonly table: string;
  /** The data type that agents send it as to ODS; absent where it goes through a data collection endpoint only. */
  readonly dataType?: string;
  /** Its records go to the endpoint's logs host rather than to ODS. @see microsoft/Docker-Provider, ingestion through `gig` channels */
  readonly highScale: boolean;
}

const highScaleSuffix = "-HighScale";
const containerLogV2 = "Microsoft-ContainerLogV2";

/** The streams of Container insights, Syslog and Perf, by name. @see microsoft/Docker-Provider scripts/dcr-onboarding/ci-extension-dcr-streams.md */
export const logStreams: ReadonlyMap<string, LogStream> = new Map([
  ...[...odsDataTypes.values()]
    // The heartbeat is the agent's own: no rule names it.
    .filter(({ table }) => table !== "Heartbeat")
    .map(({ stream, table, dataType }): [string, LogStream] => [
      stream,
      { name: stream, table, dataType, highScale: false },
    ]),
  [
    `${containerLogV2}${highScaleSuffix}`,
    { name: `${containerLogV2}${highScaleSuffix}`, table: "ContainerLogV2", highScale: true },
  ] satisfies [string, LogStream],
]);

/** The streams that the extension ContainerInsights collects, in the order of Azure's list. */
export const containerInsightsStreams: readonly string[] = [
  "ContainerLog",
  "ContainerLogV2",
  "KubeEvents",
  "KubePodInventory",
  "KubeNodeInventory",
  "KubePVInventory",
  "KubeServices",
  "KubeMonAgentEvents",
  "InsightsMetrics",
  "ContainerInventory",
  "ContainerNodeInventory",
  "Perf",
].map((name) => `Microsoft-${name}`);

/** One name for all of `containerInsightsStreams`. */
export const containerInsightsGroup = "Microsoft-ContainerInsights-Group-Default";

/** The high-scale twin of the container log's stream; it takes the place of the plain one. */
export const highScaleStream = `${containerLogV2}${highScaleSuffix}`;

/**
 * The streams that a name of a rule stands for: a group's members, the stream itself, or none when it is unknown.
 * Names are told apart by case, as the service does (inferred).
 */
export function streamsNamed(name: string): readonly LogStream[] {
  const names = name === containerInsightsGroup ? containerInsightsStreams : [name];
  return names.flatMap((one) => logStreams.get(one) ?? []);
}
