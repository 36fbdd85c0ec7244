/** The tables of a Log Analytics workspace that Container insights fills, with their columns, and the records' way to them. */
import type { LogColumn, LogColumnType, LogTable } from "../core/index.ts";

/** A table as Azure documents it. */
export interface CatalogueTable extends LogTable {
  /** The solution that brings it; a record at ODS names it as `IPName`. */
  readonly solution: "Containers" | "ContainerInsights" | "LogManagement";
  /** Whether the table takes the Basic plan. */
  readonly basicPlan: boolean;
  readonly source: string;
}

const reference = "MicrosoftDocs/azure-reference-other azure-monitor-ref/tables/includes";

/** `Name:type, …`; a name without a type is a string. */
const columnsOf = (text: string): readonly LogColumn[] =>
  text
    .split(/[\s,]+/)
    .filter((word) => word !== "")
    .map((word) => {
      const [name = "", type = "string"] = word.split(":");
      return { name, type: type as LogColumnType };
    });

const leading = columnsOf("TenantId TimeGenerated:datetime");
const trailing = columnsOf("SourceSystem Type _ResourceId _SubscriptionId _TimeReceived:datetime");

/**
 * The columns of every table. `_BilledSize`, `_IsBillable` and `_ItemId` are Azure's too and are not kept here: a query
 * that names them is told that there is no such column.
 *
 * @see learn.microsoft.com/azure/azure-monitor/logs/log-standard-columns
 */
export const standardLogColumns: readonly LogColumn[] = [...leading, ...trailing];

const standardNames: ReadonlySet<string> = new Set(standardLogColumns.map(({ name }) => name));

/** A table's columns in their order: `TenantId` and `TimeGenerated`, its own, and the other standard ones. */
export const withStandardColumns = (own: readonly LogColumn[]): readonly LogColumn[] => [
  ...leading,
  ...own.filter(({ name }) => !standardNames.has(name)),
  ...trailing,
];

const table = (
  name: string,
  columns: string,
  rest: Partial<Pick<CatalogueTable, "solution" | "basicPlan">> = {},
): CatalogueTable => ({
  name,
  columns: withStandardColumns(columnsOf(columns)),
  solution: rest.solution ?? "ContainerInsights",
  basicPlan: rest.basicPlan ?? false,
  source: `${reference}/${name.toLowerCase()}-include.md`,
});

const logManagement = { solution: "LogManagement" } as const;

/** Every built-in table that a workspace has here. */
export const logTables: readonly CatalogueTable[] = [
  table(
    "ContainerLogV2",
    "Computer ContainerId ContainerName KubernetesMetadata:dynamic LogLevel LogMessage:dynamic LogSource PodName PodNamespace",
    { basicPlan: true },
  ),
  table(
    "ContainerLog",
    "Computer ContainerID Image ImageTag LogEntry LogEntrySource Name Repository TimeOfCommand:datetime",
    { solution: "Containers" },
  ),
  table(
    "ContainerInventory",
    `Command ComposeGroup Computer ContainerHostname ContainerID ContainerState CreatedTime:datetime EnvironmentVar
     ExitCode:int FinishedTime:datetime Image ImageID ImageTag Links Name Ports Repository StartedTime:datetime`,
  ),
  table("ContainerNodeInventory", "Computer DockerVersion OperatingSystem"),
  table(
    "KubePodInventory",
    `ClusterId ClusterName Computer ContainerCreationTimeStamp:datetime ContainerID ContainerLastStatus ContainerName
     ContainerRestartCount:int ContainerStartTime:datetime ContainerStatus ContainerStatusReason ControllerKind
     ControllerName InstanceName Name Namespace PodCreationTimeStamp:datetime PodIp PodLabel PodRestartCount:int
     PodStartTime:datetime PodStatus PodUid ServiceName`,
  ),
  table(
    "KubeNodeInventory",
    `ClusterId ClusterName Computer CreationTimeStamp:datetime DockerVersion KubeletVersion KubeProxyVersion
     KubernetesProviderID Labels LastTransitionTimeReady:datetime OperatingSystem Status`,
  ),
  table(
    "KubeServices",
    "ClusterId ClusterIp ClusterName Namespace SelectorLabels ServiceName ServiceType",
  ),
  table(
    "KubeEvents",
    `ClusterId ClusterName Computer Count:real FirstSeen:datetime KubeEventType LastSeen:datetime Message Name Namespace
     ObjectKind Reason SourceComponent`,
  ),
  table(
    "KubePVInventory",
    `ClusterId ClusterName PVAccessModes PVCapacityBytes:real PVCName PVCNamespace PVCreationTimeStamp:datetime PVName
     PVStatus PVStorageClassName PVType PVTypeInfo:dynamic`,
  ),
  table("KubeMonAgentEvents", "Category ClusterId ClusterName Computer Level Message Tags"),
  // `Value` stands beside `Val` in the reference; agents fill `Val`.
  table("InsightsMetrics", "AgentId Computer Name Namespace Origin Tags Val:real Value"),
  table(
    "Perf",
    `BucketEndTime:datetime BucketStartTime:datetime Computer CounterName CounterPath CounterValue:real InstanceName
     Max:real Min:real ObjectName SampleCount:int StandardDeviation:real`,
    logManagement,
  ),
  table(
    "Heartbeat",
    `Category Computer ComputerEnvironment ComputerIP ComputerPrivateIPs:dynamic IsGatewayInstalled:bool
     ManagementGroupName OSMajorVersion OSMinorVersion OSName OSType RemoteIPCountry RemoteIPLatitude:real
     RemoteIPLongitude:real Resource ResourceGroup ResourceId ResourceProvider ResourceType SCAgentChannel Solutions
     SubscriptionId Version VMUUID`,
    logManagement,
  ),
  table(
    "Syslog",
    `CollectorHostName Computer EventTime:datetime Facility HostIP HostName ProcessID:int ProcessName SeverityLevel
     SyslogMessage`,
    logManagement,
  ),
  table(
    "Operation",
    `Computer CorrelationId Detail ErrorId HelpLink ManagementGroupName OperationCategory OperationKey OperationStatus
     Solution SourceComputerId`,
    logManagement,
  ),
  table(
    "Usage",
    `AvgLatencyInSeconds:real BatchesCapped:long BatchesOutsideSla:long BatchesWithinSla:long Computer DataType
     EndTime:datetime IsBillable:bool LinkedMeterId LinkedResourceUri MeterId Quantity:real QuantityUnit ResourceUri
     Solution StartTime:datetime TotalBatches:long`,
    logManagement,
  ),
];

const byName = new Map(logTables.map((one) => [one.name, one]));

/** The built-in table of that name; KQL tells names apart by case, and so does this. */
export const logTableOf = (name: string): CatalogueTable | undefined => byName.get(name);

/**
 * The tables whose data costs nothing, as far as they are here. It counts toward no daily cap, and none stops it.
 *
 * @see learn.microsoft.com/azure/azure-monitor/logs/cost-logs and daily-cap
 */
export const freeLogTables: ReadonlySet<string> = new Set(["Heartbeat", "Operation", "Usage"]);
