/** ARM of a test's platform, as any client meets it: over its local endpoint, with the bootstrap credential. */
import { readFileSync } from "node:fs";
import { armClient, openTransport, tokenClient } from "../../src/client/index.ts";
import type { ArmClient, TokenSource } from "../../src/client/index.ts";
import type { JsonObject } from "../../src/arm/index.ts";
import { systemClock } from "../../src/core/index.ts";
import type { ReadyLine } from "./command.ts";

export interface TestArm {
  readonly arm: ArmClient;
  readonly token: TokenSource;
  readonly subscription: string;
  readonly close: () => void;
}

export function armOf(ready: ReadyLine): TestArm {
  const clock = systemClock();
  const credential = JSON.parse(readFileSync(ready.credential, "utf8")) as Record<string, string>;
  const { tenantId = "", clientId = "", clientSecret = "", subscriptionId = "" } = credential;
  const transport = openTransport({ clock, caPem: readFileSync(ready.ca, "utf8") });
  const token = tokenClient({
    transport,
    clock,
    endpoint: ready.arm,
    tenantId,
    clientId,
    clientSecret,
  });
  return {
    arm: armClient({ transport, clock, token, endpoint: ready.arm }),
    token,
    subscription: `/subscriptions/${subscriptionId}`,
    close: () => transport.close(),
  };
}

/** A resource group with a network, a private cluster and a workspace: what the article starts from. */
export async function articleEstate(
  { arm, subscription }: TestArm,
  options: {
    readonly name: string;
    readonly region: string;
    readonly workspaceRegion: string;
    readonly prefix: string;
  },
) {
  const { name, region, workspaceRegion, prefix } = options;
  const group = `${subscription}/resourceGroups/${name}`;
  const id = (type: string, resource: string): string => `${group}/providers/${type}/${resource}`;
  const put = (at: string, apiVersion: string, body: JsonObject) =>
    arm.put(at, { apiVersion, body });
  const vnet = id("Microsoft.Network/virtualNetworks", `vnet-${name}`);
  const cluster = id("Microsoft.ContainerService/managedClusters", `aks-${name}`);
  const workspace = id("Microsoft.Monitor/accounts", `amw-${name}`);
  await put(group, "2021-04-01", { location: region });
  await put(vnet, "2023-05-01", {
    location: region,
    properties: {
      addressSpace: { addressPrefixes: [`${prefix}.0.0/16`] },
      subnets: [
        { name: "nodes", properties: { addressPrefix: `${prefix}.0.0/22` } },
        { name: "endpoints", properties: { addressPrefix: `${prefix}.8.0/26` } },
      ],
    },
  });
  const made = await put(workspace, "2023-04-03", { location: workspaceRegion });
  await put(cluster, "2023-01-01", {
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
  return { group, id, put, vnet, cluster, workspace, workspaceBody: made };
}
