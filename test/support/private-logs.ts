/** An estate for logs on a running platform, made through ARM: a workspace, an endpoint and a private cluster, all closed but to one private endpoint. */
import { stringAt } from "../../src/arm/index.ts";
import type { JsonObject, ResourceId } from "../../src/arm/index.ts";
import { groupIds, roleDefinitions, scopeZones } from "../../src/azure/index.ts";
import type { ArmClient } from "../../src/client/index.ts";

const region = "eastus";

export interface PrivateLogs {
  readonly group: ResourceId;
  readonly vnetName: string;
  readonly clusterId: ResourceId;
  readonly lawId: ResourceId;
  readonly customerId: string;
  readonly odsHost: string;
  readonly logsHost: string;
  /** The rule of the custom stream `Custom-Orders`, into the table `Orders_CL`. */
  readonly orders: { readonly id: ResourceId; readonly immutableId: string };
  /** The rule of Container insights, which the cluster follows. */
  readonly insights: { readonly id: ResourceId; readonly immutableId: string };
  readonly put: (id: ResourceId, apiVersion: string, body: JsonObject) => Promise<JsonObject>;
  /** Puts the orders' rule anew, with what is given in its flow. */
  readonly changeOrders: (flow: JsonObject) => Promise<JsonObject>;
  /** Puts the rule of Container insights anew, with these flows for its streams. */
  readonly changeInsights: (flows: readonly InsightsFlow[]) => Promise<JsonObject>;
}

export interface InsightsFlow {
  readonly streams: readonly string[];
  readonly transformKql?: string;
}

export interface LogsOwner {
  readonly arm: ArmClient;
  readonly subscriptionId: string;
  /** Becomes the publisher of the orders' rule. */
  readonly objectId: string;
}

/** Makes the estate on a platform that has none. */
export async function makePrivateLogs(owner: LogsOwner): Promise<PrivateLogs> {
  const { arm, objectId } = owner;
  const subscription = `/subscriptions/${owner.subscriptionId}`;
  const group = `${subscription}/resourceGroups/logs`;
  const id = (type: string, name: string): ResourceId => `${group}/providers/${type}/${name}`;
  const put: PrivateLogs["put"] = (at, apiVersion, body) => arm.put(at, { apiVersion, body });
  await put(group, "2021-04-01", { location: region });
  const vnet = id("Microsoft.Network/virtualNetworks", "vnet-logs");
  await put(vnet, "2023-05-01", {
    location: region,
    properties: {
      addressSpace: { addressPrefixes: ["10.30.0.0/16"] },
      subnets: [
        { name: "nodes", properties: { addressPrefix: "10.30.0.0/22" } },
        { name: "endpoints", properties: { addressPrefix: "10.30.8.0/26" } },
      ],
    },
  });
  const making = { put, id, vnet };
  const clusterId = await makeCluster(making);
  const { law, dce } = await makeTargets(making);
  const lawId = stringAt(law, "id") ?? "";
  const dceId = stringAt(dce, "id") ?? "";
  const rules = await makeRules(making, { clusterId, lawId, dceId });
  await makeLink(making, [lawId, dceId]);
  const role = roleDefinitions.find((one) => one.roleName === "Monitoring Metrics Publisher");
  const assignment = "providers/Microsoft.Authorization/roleAssignments";
  await put(`${rules.orders.id}/${assignment}/00000000-0000-4000-8000-0000000000d2`, "2022-04-01", {
    properties: {
      principalId: objectId,
      principalType: "ServicePrincipal",
      roleDefinitionId: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${role?.id}`,
    },
  });
  const customerId = stringAt(law, "properties", "customerId") ?? "";
  const logsUrl = stringAt(dce, "properties", "logsIngestion", "endpoint") ?? "";
  return {
    group,
    vnetName: "vnet-logs",
    clusterId,
    lawId,
    customerId,
    odsHost: `${customerId}.ods.opinsights.azure.com`,
    logsHost: new URL(logsUrl).hostname,
    ...rules,
    put,
    changeInsights: (flows) => put(rules.insights.id, "2022-06-01", insightsRule(lawId, flows)),
    changeOrders: (flow) => put(rules.orders.id, "2022-06-01", ordersRule({ lawId, dceId }, flow)),
  };
}

interface Making {
  readonly put: PrivateLogs["put"];
  readonly id: (type: string, name: string) => ResourceId;
  readonly vnet: ResourceId;
}

async function makeCluster({ put, id, vnet }: Making): Promise<ResourceId> {
  const clusterId = id("Microsoft.ContainerService/managedClusters", "aks-logs");
  const pool = { name: "system", mode: "System", count: 1, vmSize: "Standard_D4s_v5" };
  await put(clusterId, "2023-01-01", {
    location: region,
    identity: { type: "SystemAssigned" },
    properties: {
      dnsPrefix: "logs",
      agentPoolProfiles: [{ ...pool, vnetSubnetID: `${vnet}/subnets/nodes` }],
      apiServerAccessProfile: { enablePrivateCluster: true },
    },
  });
  return clusterId;
}

async function makeTargets({ put, id }: Making) {
  const lawId = id("Microsoft.OperationalInsights/workspaces", "law-logs");
  const law = await put(lawId, "2023-09-01", {
    location: region,
    properties: {
      sku: { name: "PerGB2018" },
      retentionInDays: 30,
      publicNetworkAccessForIngestion: "Disabled",
      publicNetworkAccessForQuery: "Disabled",
    },
  });
  await put(`${lawId}/tables/Orders_CL`, "2023-09-01", {
    properties: {
      schema: {
        name: "Orders_CL",
        columns: [
          { name: "TimeGenerated", type: "datetime" },
          { name: "Number", type: "long" },
          { name: "Name", type: "string" },
          { name: "Price", type: "real" },
          { name: "Paid", type: "boolean" },
          { name: "Detail", type: "dynamic" },
          { name: "Undeclared", type: "string" },
        ],
      },
    },
  });
  const dce = await put(
    id("Microsoft.Insights/dataCollectionEndpoints", "dce-logs"),
    "2022-06-01",
    {
      location: region,
      kind: "Linux",
      properties: { networkAcls: { publicNetworkAccess: "Disabled" } },
    },
  );
  return { law, dce };
}

const destinations = (lawId: ResourceId): JsonObject => ({
  logAnalytics: [{ workspaceResourceId: lawId, name: "law" }],
});

const ordersRule = (
  { lawId, dceId }: { readonly lawId: ResourceId; readonly dceId: ResourceId },
  flow: JsonObject,
): JsonObject => ({
  location: region,
  kind: "Linux",
  properties: {
    dataCollectionEndpointId: dceId,
    streamDeclarations: {
      "Custom-Orders": {
        columns: [
          { name: "TimeGenerated", type: "datetime" },
          { name: "Number", type: "long" },
          { name: "Name", type: "string" },
          { name: "Price", type: "real" },
          { name: "Paid", type: "boolean" },
          { name: "Detail", type: "dynamic" },
        ],
      },
    },
    destinations: destinations(lawId),
    dataFlows: [
      {
        streams: ["Custom-Orders"],
        destinations: ["law"],
        outputStream: "Custom-Orders_CL",
        ...flow,
      },
    ],
  },
});

function insightsRule(lawId: ResourceId, flows: readonly InsightsFlow[]): JsonObject {
  const extension = {
    name: "ContainerInsightsExtension",
    extensionName: "ContainerInsights",
    streams: flows.flatMap(({ streams }) => streams),
    extensionSettings: { dataCollectionSettings: { interval: "1m", enableContainerLogV2: true } },
  };
  return {
    location: region,
    kind: "Linux",
    properties: {
      dataSources: { extensions: [extension] },
      destinations: destinations(lawId),
      dataFlows: flows.map((flow) => ({ ...flow, destinations: ["law"] })),
    },
  };
}

async function makeRules(
  { put, id }: Making,
  to: { readonly clusterId: ResourceId; readonly lawId: ResourceId; readonly dceId: ResourceId },
) {
  const ordersId = id("Microsoft.Insights/dataCollectionRules", "orders");
  const orders = await put(ordersId, "2022-06-01", ordersRule(to, {}));
  const insightsId = id("Microsoft.Insights/dataCollectionRules", "MSCI-eastus-aks-logs");
  const streams = ["Microsoft-ContainerInsights-Group-Default"];
  const insights = await put(insightsId, "2022-06-01", insightsRule(to.lawId, [{ streams }]));
  const associations = `${to.clusterId}/providers/Microsoft.Insights/dataCollectionRuleAssociations`;
  await put(`${associations}/ContainerInsightsExtension`, "2022-06-01", {
    properties: { dataCollectionRuleId: insightsId },
  });
  await put(`${associations}/configurationAccessEndpoint`, "2022-06-01", {
    properties: { dataCollectionEndpointId: to.dceId },
  });
  const immutableId = (rule: JsonObject): string =>
    stringAt(rule, "properties", "immutableId") ?? "";
  return {
    orders: { id: ordersId, immutableId: immutableId(orders) },
    insights: { id: insightsId, immutableId: immutableId(insights) },
  };
}

async function makeLink({ put, id, vnet }: Making, linked: readonly ResourceId[]): Promise<void> {
  const scope = id("Microsoft.Insights/privateLinkScopes", "ampls-logs");
  const accessModeSettings = { ingestionAccessMode: "PrivateOnly", queryAccessMode: "PrivateOnly" };
  const version = "2021-07-01-preview";
  await put(scope, version, { location: "global", properties: { accessModeSettings } });
  for (const [index, linkedResourceId] of linked.entries()) {
    await put(`${scope}/scopedResources/link-${index}`, version, {
      properties: { linkedResourceId },
    });
  }
  const endpoint = id("Microsoft.Network/privateEndpoints", "pe-logs");
  const properties = { privateLinkServiceId: scope, groupIds: [groupIds.azureMonitor] };
  await put(endpoint, "2022-01-01", {
    location: region,
    properties: {
      subnet: { id: `${vnet}/subnets/endpoints` },
      privateLinkServiceConnections: [{ name: "pe-logs", properties }],
    },
  });
  const zoneId = (zone: string): ResourceId => id("Microsoft.Network/privateDnsZones", zone);
  for (const zone of scopeZones) {
    await put(zoneId(zone), "2020-06-01", { location: "global" });
    await put(`${zoneId(zone)}/virtualNetworkLinks/vnet-logs`, "2020-06-01", {
      location: "global",
      properties: { virtualNetwork: { id: vnet }, registrationEnabled: false },
    });
  }
  await put(`${endpoint}/privateDnsZoneGroups/default`, "2022-01-01", {
    properties: {
      privateDnsZoneConfigs: scopeZones.map((zone) => ({
        name: zone.replaceAll(".", "-"),
        properties: { privateDnsZoneId: zoneId(zone) },
      })),
    },
  });
}
