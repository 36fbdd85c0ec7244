/** Host names of resources: a function of identity alone, so that a restart or a restore never moves them. */
import { createHash } from "node:crypto";
import { cloud } from "./cloud.ts";

export interface NamedHost {
  readonly name: string;
  /** The suffix from `hostKey`. */
  readonly key: string;
  readonly region: string;
}

export interface DceHosts {
  readonly configuration: string;
  readonly logs: string;
  readonly metrics: string;
}

const regionLabel = (region: string): string => region.replaceAll(" ", "").toLowerCase();

/** A name as a DNS label: lower case, and only what a label may hold. */
const hostLabel = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9-]/g, "");

/**
 * The base-36 key in a resource's host names: `chars` characters hashed from the lower-cased resource id.
 * Azure's own keys are opaque (`fredendpoint-q7lu`, `ciprom-upgrade-bot-e4c4gvcgcqd7awhw`); the hash is inferred.
 *
 * @param chars 1 to 32; a DCE has 4, an Azure Monitor workspace 16.
 */
export function hostKey(id: string, chars: number): string {
  const digest = createHash("sha256").update(id.toLowerCase()).digest("hex");
  return BigInt(`0x${digest}`).toString(36).padStart(50, "0").slice(-chars);
}

/** The key lengths that current resources have. @see Azure/prometheus-collector .pipelines, internal/remotewrite/sidecar.yaml */
export const hostKeyChars = { dce: 4, workspace: 16 } as const;

/**
 * The three hosts of a data collection endpoint: `<name>-<key>.<region>-1.<service>.monitor.azure.com`.
 * @see Azure/prometheus-collector internal/remotewrite/sidecar.yaml
 */
export function dceHosts({ name, key, region }: NamedHost): DceHosts {
  const host = (service: string): string =>
    `${hostLabel(name)}-${key}.${regionLabel(region)}-1.${service}.${cloud.monitorSuffix}`;
  return {
    configuration: host("handler.control"),
    logs: host("ingest"),
    metrics: host("metrics.ingest"),
  };
}

/**
 * The query host of an Azure Monitor workspace: `<name>-<key>.<region>.prometheus.monitor.azure.com`.
 * @see learn.microsoft.com/azure/azure-monitor/metrics/azure-monitor-workspace-private-endpoint
 */
export const workspaceQueryHost = ({ name, key, region }: NamedHost): string =>
  `${hostLabel(name)}-${key}.${regionLabel(region)}.${cloud.prometheusSuffix}`;

export interface WorkspaceHosts {
  /** Takes records. */
  readonly ods: string;
  /** Registers agents, and serves them their management. */
  readonly oms: string;
  readonly agentService: string;
}

/**
 * The three hosts of a Log Analytics workspace, named after its `customerId`.
 * @see learn.microsoft.com/azure/azure-monitor/fundamentals/private-link-configure
 */
export function workspaceHosts(customerId: string): WorkspaceHosts {
  const label = customerId.toLowerCase();
  return {
    ods: `${label}.${cloud.odsSuffix}`,
    oms: `${label}.${cloud.omsSuffix}`,
    agentService: `${label}.${cloud.agentServiceSuffix}`,
  };
}

/** The host of an `https://host/…` endpoint in lower case, or undefined when it is no URL. */
export function hostOfEndpoint(endpoint: string): string | undefined {
  return URL.canParse(endpoint) ? new URL(endpoint).hostname : undefined;
}
