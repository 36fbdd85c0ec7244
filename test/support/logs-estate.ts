/** What the article's half of Container insights starts from, made through ARM: a network, a private cluster, a workspace, a scope. */
import type { JsonObject } from "../../src/arm/index.ts";
import type { TestArm } from "./arm.ts";

export type LogsEstate = Awaited<ReturnType<typeof logsEstate>>;

/** A resource group with them. The scope is open both ways, as one is that stands before. */
export async function logsEstate(
  { arm, subscription }: TestArm,
  options: { readonly name: string; readonly region: string; readonly prefix: string },
) {
  const { name, region, prefix } = options;
  const group = `${subscription}/resourceGroups/${name}`;
  const id = (type: string, resource: string): string => `${group}/providers/${type}/${resource}`;
  const put = (at: string, apiVersion: string, body: JsonObject): Promise<JsonObject> =>
    arm.put(at, { apiVersion, body });
  const vnet = id("Microsoft.Network/virtualNetworks", `vnet-${name}`);
  const scope = id("Microsoft.Insights/privateLinkScopes", `ampls-${name}`);
  const law = id("Microsoft.OperationalInsights/workspaces", `law-${name}`);
  const cluster = id("Microsoft.ContainerService/managedClusters", `aks-${name}`);
  await put(group, "2021-04-01", { location: region });
  await put(vnet, "2023-05-01", {
    location: region,
    properties: {
      addressSpace: { addressPrefixes: [`${prefix}.0.0/16`] },
      subnets: [{ name: "nodes", properties: { addressPrefix: `${prefix}.0.0/22` } }],
    },
  });
  const accessModeSettings = { ingestionAccessMode: "Open", queryAccessMode: "Open" };
  await put(scope, "2021-07-01-preview", {
    location: "global",
    properties: { accessModeSettings },
  });
  const makeWorkspace = (): Promise<JsonObject> =>
    put(law, "2023-09-01", { location: region, properties: { sku: { name: "PerGB2018" } } });
  const makeCluster = (): Promise<JsonObject> =>
    put(cluster, "2023-01-01", {
      location: region,
      identity: { type: "SystemAssigned" },
      properties: {
        dnsPrefix: name,
        agentPoolProfiles: [
          {
            name: "system",
            mode: "System",
            count: 1,
            vmSize: "Standard_D4s_v5",
            vnetSubnetID: `${vnet}/subnets/nodes`,
          },
        ],
        apiServerAccessProfile: { enablePrivateCluster: true },
      },
    });
  return { name, region, group, id, put, vnet, scope, law, cluster, makeWorkspace, makeCluster };
}
