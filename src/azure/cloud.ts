/** The public cloud: its fixed host names, token audiences, group ids and addresses of note. No host literal stands anywhere else. */

/** The host names of the public cloud that do not depend on a resource. */
export const cloud = {
  name: "AzureCloud",
  armHost: "management.azure.com",
  loginHost: "login.microsoftonline.com",
  /** Where every agent asks for its configuration first. */
  globalHandlerHost: "global.handler.control.monitor.azure.com",
  /** The host that Log Analytics queries reach over a private link. */
  logsQueryHost: "api.monitor.azure.com",
  /** Where clients send Log Analytics queries. Public DNS gives it the alias `logsQueryHost`. */
  logAnalyticsHost: "api.loganalytics.azure.com",
  /** The older name of `logAnalyticsHost`; SDKs still use it. */
  logAnalyticsClassicHost: "api.loganalytics.io",
  monitorSuffix: "monitor.azure.com",
  prometheusSuffix: "prometheus.monitor.azure.com",
  odsSuffix: "ods.opinsights.azure.com",
  omsSuffix: "oms.opinsights.azure.com",
  agentServiceSuffix: "agentsvc.azure-automation.net",
  blobSuffix: "blob.core.windows.net",
  /** The storage account of solution packs, one of the eight shared members of a scope's private endpoint. */
  solutionPackHost: "scadvisorcontentpl.blob.core.windows.net",
  source:
    "learn.microsoft.com/azure/azure-monitor/fundamentals/private-link-configure; Azure/prometheus-collector otelcollector/shared/helpers.go",
} as const;

/** The resources that tokens are for. Services take them with and without the trailing slash. */
export const audiences = {
  arm: "https://management.azure.com/",
  /** The older name of ARM's audience; az still asks for it. */
  armClassic: "https://management.core.windows.net/",
  /** Agent configuration and ingestion. */
  monitor: "https://monitor.azure.com/",
  /** Queries of an Azure Monitor workspace. */
  prometheus: "https://prometheus.monitor.azure.com",
  /** Queries of a Log Analytics workspace: the documented name, and those that services take beside it. */
  logAnalytics: "https://api.loganalytics.io",
  logAnalyticsAzure: "https://api.loganalytics.azure.com",
} as const;

/**
 * The group ids (sub-resources) of private endpoints.
 * @see learn.microsoft.com/azure/private-link/private-endpoint-dns
 */
export const groupIds = {
  /** Of a private link scope: configuration and ingestion. */
  azureMonitor: "azuremonitor",
  /** Of an Azure Monitor workspace: queries. */
  prometheusMetrics: "prometheusMetrics",
} as const;

/** Fixed addresses: the resolver that every virtual network has, and the managed-identity endpoint. */
export const fixedAddresses = {
  dns: "168.63.129.16",
  instanceMetadata: "169.254.169.254",
  source: "learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16",
} as const;

/** The hosts that answer Log Analytics queries. @see learn.microsoft.com/azure/azure-monitor/logs/api/overview */
export const logsQueryHosts: readonly string[] = [
  cloud.logsQueryHost,
  cloud.logAnalyticsHost,
  cloud.logAnalyticsClassicHost,
];

/** The hosts that exist before any resource does. A certificate may be minted for them at any time. */
export const fixedHosts: readonly string[] = [
  cloud.armHost,
  cloud.loginHost,
  cloud.globalHandlerHost,
  ...logsQueryHosts,
];
