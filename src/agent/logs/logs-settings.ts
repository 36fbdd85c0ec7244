/** The agent's settings of logs, as Azure's ConfigMap `container-azm-ms-agentconfig` has them. */
import type { LogStream } from "./cri-line.ts";
import type { TraceLanguage } from "./stack-traces.ts";

export const logsConfigMap = "container-azm-ms-agentconfig";

export interface StreamSettings {
  readonly enabled: boolean;
  readonly excludedNamespaces: ReadonlySet<string>;
  /** Pods of excluded namespaces that are collected all the same: `kube-system:coredns`. */
  readonly includedSystemPods: readonly {
    readonly namespace: string;
    readonly controller: string;
  }[];
}

export type MetadataField =
  "podLabels" | "podAnnotations" | "podUid" | "image" | "imageID" | "imageRepo" | "imageTag";

export const metadataFields: readonly MetadataField[] = [
  "podLabels",
  "podAnnotations",
  "podUid",
  "image",
  "imageID",
  "imageRepo",
  "imageTag",
];

export interface LogsAgentSettings extends Readonly<Record<LogStream, StreamSettings>> {
  /** Undefined: as the rule says. */
  readonly schemaVersion: "v1" | "v2" | undefined;
  /** Languages whose stack traces are joined; none where multi-line is off. */
  readonly traceLanguages: ReadonlySet<TraceLanguage>;
  /** Undefined: no metadata is collected. */
  readonly metadataFields: ReadonlySet<MetadataField> | undefined;
  /** Image and name on each record of ContainerLog. */
  readonly enrich: boolean;
  /** Environment variables of containers in the inventory. */
  readonly environment: boolean;
  /** Events of the type Normal too. */
  readonly normalEvents: boolean;
  /** Pods with the annotation `fluentbit.io/exclude: "true"` are left out. */
  readonly filterByAnnotation: boolean;
}

const byDefault: StreamSettings = {
  enabled: true,
  excludedNamespaces: new Set(["kube-system", "gatekeeper-system"]),
  includedSystemPods: [],
};

/** What Azure has without the ConfigMap. @see learn.microsoft.com/azure/azure-monitor/containers/kubernetes-data-collection-configure */
export const defaultLogsSettings: LogsAgentSettings = {
  stdout: byDefault,
  stderr: byDefault,
  schemaVersion: undefined,
  traceLanguages: new Set(),
  metadataFields: undefined,
  enrich: false,
  environment: true,
  normalEvents: false,
  filterByAnnotation: false,
};
