/** What logs add to the plain estate: a Log Analytics workspace, and what is asked for. Nothing of the product imports it. */
import type { ResourceId } from "../../arm/index.ts";
import { logsRequest } from "../index.ts";
import type { LogsRequest } from "../index.ts";
import { group, ids, plainEstate } from "./plain-estate.ts";
import type { Plain } from "./plain-estate.ts";

const insights = `${group}/providers/Microsoft.Insights`;

export const logIds = {
  workspace: `${group}/providers/Microsoft.OperationalInsights/workspaces/law`,
  rule: `${insights}/dataCollectionRules/MSCI-westeurope-aks`,
  configurationDce: `${insights}/dataCollectionEndpoints/MSCI-config-westeurope-aks`,
  ingestionDce: `${insights}/dataCollectionEndpoints/MSCI-ingest-westeurope-aks`,
};

export const customerId = "11111111-2222-4333-8444-555555555555";

export const askedLogs: LogsRequest = logsRequest({
  clusterId: ids.cluster,
  workspaceId: logIds.workspace,
  scopeId: ids.scope,
});

/** A Log Analytics workspace, open both ways where nothing else is said. */
export const logWorkspace = (flags: Plain[string] = {}): Plain => ({
  [logIds.workspace]: {
    location: "westeurope",
    customerId,
    sku: { name: "PerGB2018" },
    publicNetworkAccessForIngestion: "Enabled",
    publicNetworkAccessForQuery: "Enabled",
    ...flags,
  },
});

/** A rule that runs ContainerInsights into workspaces. */
export const logsRule = (
  workspaceIds: readonly ResourceId[],
  streams: readonly string[] = ["Microsoft-ContainerInsights-Group-Default"],
): Plain[string] => ({
  location: "westeurope",
  immutableId: "dcr-4567",
  dataSources: {
    extensions: [
      {
        name: "ContainerInsightsExtension",
        extensionName: "ContainerInsights",
        streams,
        extensionSettings: { dataCollectionSettings: { interval: "5m" } },
      },
    ],
  },
  destinations: {
    logAnalytics: workspaceIds.map((workspaceResourceId, index) => ({
      workspaceResourceId,
      name: `workspace-${index}`,
    })),
  },
  dataFlows: [{ streams, destinations: workspaceIds.map((_, index) => `workspace-${index}`) }],
});

/** The plain cluster with more properties. */
export const clusterWith = (more: Plain[string]): Plain => ({
  [ids.cluster]: { ...plainEstate[ids.cluster], ...more },
});
