/** A scrape job: which targets, how they are asked, and what becomes of their labels. As Prometheus's scrape_config. */
import type { RelabelRule } from "./relabel.ts";

export const scrapeProtocols = [
  "PrometheusProto",
  "OpenMetricsText1.0.0",
  "OpenMetricsText0.0.1",
  "PrometheusText0.0.4",
] as const;

export type ScrapeProtocol = (typeof scrapeProtocols)[number];

/** What is asked for where a job does not say. @see prometheus config/config.go, DefaultScrapeProtocols */
export const defaultProtocols: readonly ScrapeProtocol[] = [
  "OpenMetricsText1.0.0",
  "OpenMetricsText0.0.1",
  "PrometheusText0.0.4",
];

export const kubernetesRoles = ["node", "pod", "service", "endpoints", "endpointslice"] as const;

export type KubernetesRole = (typeof kubernetesRoles)[number];

/** One of a job's `kubernetes_sd_configs`. */
export interface KubernetesDiscovery {
  readonly role: KubernetesRole;
  /** All where empty. */
  readonly namespaces: readonly string[];
  /** Also the namespace that the agent stands in. */
  readonly ownNamespace: boolean;
  readonly selectors: readonly {
    readonly role: KubernetesRole;
    readonly label: string;
    readonly field: string;
  }[];
  /** Whether what is known of a pod's node becomes labels, too. */
  readonly attachNode: boolean;
}

export interface StaticTargets {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** How a target's server is met. Files are read at each scrape that needs them, as they are renewed. */
export interface JobTls {
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly serverName: string | undefined;
  readonly insecureSkipVerify: boolean;
}

export type JobAuthorization =
  | { readonly kind: "file"; readonly type: string; readonly credentialsFile: string }
  /** The bearer token by which the agent itself asks the cluster's API server. */
  | { readonly kind: "own" };

/** 0 is no limit of the job's own; those of the agent hold all the same. */
export interface JobLimits {
  readonly samples: number;
  readonly labels: number;
  readonly labelNameBytes: number;
  readonly labelValueBytes: number;
  readonly bodyBytes: number;
  readonly targets: number;
}

export interface ScrapeJob {
  readonly name: string;
  readonly scheme: "http" | "https";
  readonly metricsPath: string;
  readonly params: readonly (readonly [name: string, values: readonly string[]])[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly honorLabels: boolean;
  readonly honorTimestamps: boolean;
  readonly followRedirects: boolean;
  readonly compression: boolean;
  readonly protocols: readonly ScrapeProtocol[];
  /** What a target without a content type speaks. */
  readonly fallbackProtocol: ScrapeProtocol;
  readonly tls: JobTls;
  readonly authorization: JobAuthorization | undefined;
  readonly relabel: readonly RelabelRule[];
  readonly metricRelabel: readonly RelabelRule[];
  readonly limits: JobLimits;
  readonly static: readonly StaticTargets[];
  readonly kubernetes: readonly KubernetesDiscovery[];
}

export const noTls: JobTls = {
  caFile: undefined,
  certFile: undefined,
  keyFile: undefined,
  serverName: undefined,
  insecureSkipVerify: false,
};

export const noLimits: JobLimits = {
  samples: 0,
  labels: 0,
  labelNameBytes: 0,
  labelValueBytes: 0,
  bodyBytes: 0,
  targets: 0,
};

/** A problem of a file, at a line and column that count from 1. */
export interface FileProblem {
  readonly line: number;
  readonly column: number;
  readonly says: string;
}

/** Problems as text, in the file's order: `FILE:LINE:COLUMN: what`. */
export const sayProblems = (path: string, problems: readonly FileProblem[]): string =>
  [...problems]
    .sort((a, b) => a.line - b.line || a.column - b.column)
    .map(({ line, column, says }) => `${path}:${line}:${column}: ${says}`)
    .join("\n");
