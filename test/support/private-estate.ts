/** An estate on a running platform, made through ARM as a user makes it: metrics ingestion that only a private endpoint reaches. */
import { readFileSync } from "node:fs";
import { stringAt } from "../../src/arm/index.ts";
import type { JsonObject, ResourceId } from "../../src/arm/index.ts";
import { groupIds, roleDefinitions, scopeZones } from "../../src/azure/index.ts";
import { armClient, openTransport, tokenClient } from "../../src/client/index.ts";
import type { ArmClient, TokenSource } from "../../src/client/index.ts";
import { systemClock } from "../../src/core/index.ts";
import type { ReadyLine } from "./command.ts";

const region = "eastus";

export interface PrivateEstate {
  readonly vnetName: string;
  readonly subscriptionId: string;
  readonly workspaceId: ResourceId;
  readonly workspaceName: string;
  readonly dceId: ResourceId;
  /** The hosts of the data collection endpoint, which is closed to the public. */
  readonly hosts: { readonly metrics: string; readonly configuration: string };
  /** Where Prometheus writes: the remote write URL of the rule. */
  readonly writeUrl: string;
  /** The workspace's query endpoint, open to the public. */
  readonly queryUrl: string;
  /** The prefix of the subnet in which the private endpoint has its addresses. */
  readonly addressPrefix: string;
  /** Tokens of the bootstrap credential, which may write to the rule and read the workspace. */
  readonly token: TokenSource;
  readonly close: () => void;
}

interface Credential {
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly clientId: string;
  readonly objectId: string;
  readonly clientSecret: string;
}

/** Reads the credential of a platform's ready line. */
export const credentialOf = (ready: ReadyLine): Credential =>
  JSON.parse(readFileSync(ready.credential, "utf8")) as Credential;

/** Makes the estate on a platform that has none. */
export async function makePrivateEstate(
  ready: ReadyLine,
  { publicAccess }: { readonly publicAccess: "Enabled" | "Disabled" } = {
    publicAccess: "Disabled",
  },
): Promise<PrivateEstate> {
  const credential = credentialOf(ready);
  const { subscriptionId, objectId } = credential;
  const clock = systemClock();
  const transport = openTransport({ clock, caPem: readFileSync(ready.ca, "utf8") });
  const token = tokenClient({ transport, clock, endpoint: ready.arm, ...credential });
  const arm = armClient({ transport, clock, token, endpoint: ready.arm });
  const group = `/subscriptions/${subscriptionId}/resourceGroups/clients`;
  const made = await makeResources({ arm, group, objectId, publicAccess });
  return { ...made, subscriptionId, token, close: () => transport.close() };
}

interface Making {
  readonly arm: ArmClient;
  readonly group: ResourceId;
  readonly objectId: string;
  /** Of the data collection endpoint. */
  readonly publicAccess: "Enabled" | "Disabled";
}

async function makeResources(making: Making) {
  const { group } = making;
  const put = putter(making.arm);
  await put(group, "2021-04-01", { location: region });
  const { vnet, subnet } = await makeNetwork(making);
  const workspaceId = `${group}/providers/Microsoft.Monitor/accounts/amw-clients`;
  const workspace = await put(workspaceId, "2023-04-03", { location: region });
  const { dce, dcr } = await makeCollection(making, workspaceId);
  const dceId = stringAt(dce, "id") ?? "";
  await makeScope(making, { vnet, subnet, dceId });
  await grant(making, stringAt(dcr, "id") ?? "", "Monitoring Metrics Publisher");
  await grant(making, workspaceId, "Monitoring Data Reader");
  const metricsUrl = stringAt(dce, "properties", "metricsIngestion", "endpoint") ?? "";
  const configurationUrl = stringAt(dce, "properties", "configurationAccess", "endpoint") ?? "";
  const immutableId = stringAt(dcr, "properties", "immutableId");
  return {
    vnetName: "vnet-clients",
    workspaceId,
    workspaceName: "amw-clients",
    dceId,
    hosts: {
      metrics: new URL(metricsUrl).hostname,
      configuration: new URL(configurationUrl).hostname,
    },
    writeUrl: `${metricsUrl}/dataCollectionRules/${immutableId}/streams/Microsoft-PrometheusMetrics/api/v1/write?api-version=2023-04-24`,
    queryUrl: stringAt(workspace, "properties", "metrics", "prometheusQueryEndpoint") ?? "",
    addressPrefix: "10.20.1.",
  };
}

const putter =
  (arm: ArmClient) =>
  (id: ResourceId, apiVersion: string, body: JsonObject): Promise<JsonObject> =>
    arm.put(id, { apiVersion, body });

async function makeNetwork({ arm, group }: Making) {
  const vnet = `${group}/providers/Microsoft.Network/virtualNetworks/vnet-clients`;
  await putter(arm)(vnet, "2022-01-01", {
    location: region,
    properties: {
      addressSpace: { addressPrefixes: ["10.20.0.0/16"] },
      subnets: [{ name: "snet-private-endpoints", properties: { addressPrefix: "10.20.1.0/26" } }],
    },
  });
  return { vnet, subnet: `${vnet}/subnets/snet-private-endpoints` };
}

async function makeCollection({ arm, group, publicAccess }: Making, workspaceId: ResourceId) {
  const put = putter(arm);
  const insights = `${group}/providers/Microsoft.Insights`;
  const dceId = `${insights}/dataCollectionEndpoints/dce-clients`;
  const dce = await put(dceId, "2022-06-01", {
    location: region,
    kind: "Linux",
    properties: { networkAcls: { publicNetworkAccess: publicAccess } },
  });
  const streams = ["Microsoft-PrometheusMetrics"];
  const dcr = await put(`${insights}/dataCollectionRules/dcr-clients`, "2022-06-01", {
    location: region,
    kind: "Linux",
    properties: {
      dataCollectionEndpointId: dceId,
      dataSources: {
        prometheusForwarder: [{ name: "PrometheusDataSource", streams, labelIncludeFilter: {} }],
      },
      destinations: {
        monitoringAccounts: [{ accountResourceId: workspaceId, name: "MonitoringAccount1" }],
      },
      dataFlows: [{ streams, destinations: ["MonitoringAccount1"] }],
    },
  });
  return { dce, dcr };
}

async function makeScope(
  { arm, group }: Making,
  to: { readonly vnet: ResourceId; readonly subnet: ResourceId; readonly dceId: ResourceId },
): Promise<void> {
  const put = putter(arm);
  const scope = `${group}/providers/Microsoft.Insights/privateLinkScopes/ampls-clients`;
  const accessModeSettings = { ingestionAccessMode: "PrivateOnly", queryAccessMode: "Open" };
  await put(scope, "2021-07-01-preview", {
    location: "global",
    properties: { accessModeSettings },
  });
  await put(`${scope}/scopedResources/dce-clients`, "2021-07-01-preview", {
    properties: { linkedResourceId: to.dceId },
  });
  const endpoint = `${group}/providers/Microsoft.Network/privateEndpoints/pe-clients`;
  const properties = { privateLinkServiceId: scope, groupIds: [groupIds.azureMonitor] };
  await put(endpoint, "2022-01-01", {
    location: region,
    properties: {
      subnet: { id: to.subnet },
      privateLinkServiceConnections: [{ name: "pe-clients", properties }],
    },
  });
  const zoneId = (zone: string): ResourceId =>
    `${group}/providers/Microsoft.Network/privateDnsZones/${zone}`;
  for (const zone of scopeZones) {
    await put(zoneId(zone), "2020-06-01", { location: "global" });
    await put(`${zoneId(zone)}/virtualNetworkLinks/vnet-clients`, "2020-06-01", {
      location: "global",
      properties: { virtualNetwork: { id: to.vnet }, registrationEnabled: false },
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

/** Assigns a built-in role to the bootstrap principal at a scope. */
async function grant(
  { arm, objectId }: Making,
  scope: ResourceId,
  roleName: string,
): Promise<void> {
  const role = roleDefinitions.find((one) => one.roleName === roleName);
  const name = "00000000-0000-4000-8000-0000000000d1";
  const subscription = scope.split("/resourceGroups/")[0] ?? "";
  const id = `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;
  await putter(arm)(id, "2022-04-01", {
    properties: {
      principalId: objectId,
      principalType: "ServicePrincipal",
      roleDefinitionId: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${role?.id}`,
    },
  });
}
