/** A small estate as plain data, for the tests of the planner and the proof. Nothing of the product imports it. */
import { graphFrom, parseId } from "../../arm/index.ts";
import type { ArmResource, Json, JsonObject, ResourceId } from "../../arm/index.ts";
import { dceHosts, workspaceQueryHost } from "../../azure/index.ts";
import type { Observed } from "../observe.ts";
import { metricsRequest } from "../request.ts";
import type { MetricsRequest } from "../request.ts";

export const group = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/rg";
const insights = `${group}/providers/Microsoft.Insights`;
const network = `${group}/providers/Microsoft.Network`;

export const ids = {
  cluster: `${group}/providers/Microsoft.ContainerService/managedClusters/aks`,
  workspace: `${group}/providers/Microsoft.Monitor/accounts/amw`,
  scope: `${insights}/privateLinkScopes/ampls`,
  otherScope: `${insights}/privateLinkScopes/other`,
  vnet: `${network}/virtualNetworks/vnet`,
  subnet: `${network}/virtualNetworks/vnet/subnets/snet-private-endpoints`,
  endpoint: `${network}/privateEndpoints/pe`,
  nic: `${network}/networkInterfaces/pe.nic`,
  zone: `${network}/privateDnsZones/privatelink.monitor.azure.com`,
  dce: `${insights}/dataCollectionEndpoints/MSProm-westeurope-aks`,
  dcr: `${insights}/dataCollectionRules/MSProm-westeurope-aks`,
  association: (name: string): ResourceId =>
    `${group}/providers/Microsoft.ContainerService/managedClusters/aks/providers/Microsoft.Insights/dataCollectionRuleAssociations/${name}`,
};

export const request: MetricsRequest = metricsRequest({
  clusterId: ids.cluster,
  workspaceId: ids.workspace,
  scopeId: ids.scope,
});

export type Plain = Readonly<Record<ResourceId, JsonObject & { readonly location?: string }>>;

const https = (host: string): JsonObject => ({ endpoint: `https://${host}` });

/** The properties of a data collection endpoint. */
export function dce(name: string, publicNetworkAccess = "Enabled"): Plain[string] {
  const hosts = dceHosts({ name, key: "k", region: "westeurope" });
  return {
    location: "westeurope",
    configurationAccess: https(hosts.configuration),
    logsIngestion: https(hosts.logs),
    metricsIngestion: https(hosts.metrics),
    networkAcls: { publicNetworkAccess },
  };
}

/** A rule that sends Prometheus metrics to a workspace. */
export const dcr = (workspaceId: ResourceId, dceId?: ResourceId): Plain[string] => ({
  location: "westeurope",
  immutableId: "dcr-0123",
  ...(dceId === undefined ? {} : { dataCollectionEndpointId: dceId }),
  destinations: {
    monitoringAccounts: [{ accountResourceId: workspaceId, name: "MonitoringAccount1" }],
  },
  dataFlows: [{ streams: ["Microsoft-PrometheusMetrics"], destinations: ["MonitoringAccount1"] }],
});

/** A private endpoint in the network, with its interface and its connection. */
export const endpointTo = (
  targetId: ResourceId,
  {
    status = "Approved",
    addresses = ["10.1.9.4"],
  }: { readonly status?: string; readonly addresses?: readonly string[] } = {},
): Plain => ({
  [ids.endpoint]: {
    location: "westeurope",
    subnet: { id: ids.subnet },
    networkInterfaces: [{ id: ids.nic }],
    privateLinkServiceConnections: [
      { name: "pe", properties: { privateLinkServiceId: targetId, groupIds: ["azuremonitor"] } },
    ],
  },
  [ids.nic]: {
    location: "westeurope",
    ipConfigurations: addresses.map((privateIPAddress): Json => ({
      properties: { privateIPAddress, subnet: { id: ids.subnet } },
    })),
  },
  ...(status === "Disconnected"
    ? {}
    : {
        [`${targetId}/privateEndpointConnections/pe.1`]: {
          privateEndpoint: { id: ids.endpoint },
          privateLinkServiceConnectionState: { status },
        },
      }),
});

/** Cluster, network and workspace, as they stand before onboarding. */
export const plainEstate: Plain = {
  [ids.cluster]: {
    location: "westeurope",
    agentPoolProfiles: [{ name: "system", vnetSubnetID: `${ids.vnet}/subnets/nodes` }],
    apiServerAccessProfile: { enablePrivateCluster: true },
  },
  [ids.vnet]: {
    location: "westeurope",
    addressSpace: { addressPrefixes: ["10.1.0.0/16"] },
    subnets: [{ id: `${ids.vnet}/subnets/nodes`, properties: { addressPrefix: "10.1.0.0/24" } }],
  },
  [ids.workspace]: {
    location: "westeurope",
    publicNetworkAccess: "Enabled",
    metrics: {
      prometheusQueryEndpoint: `https://${workspaceQueryHost({ name: "amw", key: "k", region: "westeurope" })}`,
    },
  },
};

/** An observation of plain resources; an entry that is undefined takes one away. */
export function observedOf(
  more: Readonly<Record<ResourceId, Plain[string] | undefined>> = {},
  unreadable: Observed["unreadable"] = [],
): Observed {
  const resources = Object.entries({ ...plainEstate, ...more }).flatMap(
    ([id, plain]): ArmResource[] => {
      const parsed = parseId(id);
      if (plain === undefined || parsed === undefined) return [];
      const { location, ...properties } = plain;
      const top = location === undefined ? {} : { location };
      return [{ id, name: parsed.name, type: parsed.type, properties, ...top }];
    },
  );
  return { graph: graphFrom(resources), unreadable };
}
