/** What a cluster must reach so that it is monitored: the names for a firewall's application rules, by cloud. All at TCP 443. */
import { cloud } from "./cloud.ts";

/** A cloud as `az cloud` tells them apart. */
export type FirewallCloud = "public" | "usgovernment" | "china";

export const firewallClouds: readonly FirewallCloud[] = ["public", "usgovernment", "china"];

/**
 * - `metrics`: Managed Prometheus. `logs`: Container insights. `cluster`: AKS itself, whatever is monitored.
 */
export type FirewallPurpose = "metrics" | "logs" | "cluster";

export interface FirewallName {
  /** A name, or `*.` and a suffix. */
  readonly fqdn: string;
  readonly purpose: FirewallPurpose;
  readonly use: string;
  readonly optional: boolean;
  readonly source: string;
}

const article =
  "learn.microsoft.com/azure/azure-monitor/containers/kubernetes-monitoring-private-link";
const list = "learn.microsoft.com/azure/azure-monitor/containers/kubernetes-monitoring-firewall";
const aks = "learn.microsoft.com/azure/aks/outbound-rules-control-egress";

const suffixes: Readonly<
  Record<FirewallCloud, { readonly azure: string; readonly login: string }>
> = {
  public: { azure: "azure.com", login: cloud.loginHost },
  usgovernment: { azure: "azure.us", login: "login.microsoftonline.us" },
  china: { azure: "azure.cn", login: "login.chinacloudapi.cn" },
};

/**
 * The names that a cluster of a region needs without a private link: the article's two patterns for metrics, the whole
 * list of the firewall page for logs, and those of AKS itself, which are known for the public cloud.
 *
 * @param region as in resource locations: `westeurope`.
 */
export function firewallNames(of: {
  readonly cloud: FirewallCloud;
  readonly region: string;
}): readonly FirewallName[] {
  const { azure, login } = suffixes[of.cloud];
  const monitor = `monitor.${azure}`;
  const isPublic = of.cloud === "public";
  const metrics = [
    name(`*.handler.control.${monitor}`, "agent configuration", article),
    name(`*.ingest.${monitor}`, "ingestion, metrics among it", article),
  ];
  const logs = [
    name(`*.ods.opinsights.${azure}`, "ingestion of Container insights", list),
    name(`*.oms.opinsights.${azure}`, "onboarding of Container insights", list),
    {
      ...name("dc.services.visualstudio.com", "the agents' own telemetry", list),
      optional: true,
    },
    // The list has no row of this name for the other clouds.
    ...(isPublic ? [name("*.monitoring.azure.com", "metrics of Container insights", list)] : []),
    name(
      login,
      "tokens",
      isPublic ? list : "inferred: the cloud's sign-in host; the list has none",
    ),
    name(`global.handler.control.${monitor}`, "agent configuration, first", list),
    name(`${of.region}.handler.control.${monitor}`, "data collection rules of the cluster", list),
    name(`*.ingest.${monitor}`, "ingestion of logs by endpoints", list),
    name(`*.metrics.ingest.${monitor}`, "ingestion of metrics", list),
  ];
  const cluster = isPublic
    ? [
        name(`*.hcp.${of.region}.azmk8s.io`, "the cluster's API server", aks),
        name("mcr.microsoft.com", "images", aks),
        name("*.data.mcr.microsoft.com", "images", aks),
        name(cloud.armHost, "Azure Resource Manager", aks),
        name(cloud.loginHost, "tokens", aks),
        name("packages.microsoft.com", "packages", aks),
        name("acs-mirror.azureedge.net", "binaries of the network plugin", aks),
      ]
    : [];
  return [
    ...metrics.map(forPurpose("metrics")),
    ...logs.map(forPurpose("logs")),
    ...cluster.map(forPurpose("cluster")),
  ];
}

type Unassigned = Omit<FirewallName, "purpose">;

const name = (fqdn: string, use: string, source: string): Unassigned => ({
  fqdn,
  use,
  source,
  optional: false,
});

const forPurpose =
  (purpose: FirewallPurpose) =>
  (entry: Unassigned): FirewallName => ({ ...entry, purpose });

/**
 * The names that are left with a private link: none for monitoring, for what it needs is behind private endpoints;
 * AKS's own stay.
 * @see learn.microsoft.com/azure/azure-monitor/containers/kubernetes-monitoring-firewall
 */
export const firewallNamesWithPrivateLink = (of: {
  readonly cloud: FirewallCloud;
  readonly region: string;
}): readonly FirewallName[] => firewallNames(of).filter(({ purpose }) => purpose === "cluster");
