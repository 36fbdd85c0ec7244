/** An estate on a running platform, made through ARM: a hub with gateways and a resolver, two on-premises networks, and a workspace. */
import { readFileSync } from "node:fs";
import { stringAt } from "../../src/arm/index.ts";
import type { JsonObject, ResourceId } from "../../src/arm/index.ts";
import { roleDefinitions } from "../../src/azure/index.ts";
import { armClient, openTransport, tokenClient } from "../../src/client/index.ts";
import type { ArmClient, TokenSource } from "../../src/client/index.ts";
import { systemClock } from "../../src/core/index.ts";
import { forwarderTag } from "../../src/rules/index.ts";
import type { ReadyLine } from "./command.ts";
import { credentialOf } from "./private-estate.ts";

const location = "eastus";
export const inboundAddress = "10.50.2.4";

export interface OnPremisesEstate {
  readonly clientId: string;
  readonly clientSecret: string;
  /** The workspace's default data collection endpoint: host, and its resource. */
  readonly metricsHost: string;
  readonly dceId: ResourceId;
  readonly queryUrl: string;
  readonly arm: ArmClient;
  readonly group: ResourceId;
  readonly token: TokenSource;
  /** Closes the default endpoint to the public. */
  readonly closePublic: () => Promise<void>;
  readonly close: () => void;
}

/**
 * Makes `vnet-hub` with a VPN gateway and an ExpressRoute gateway, `hq` (VPN, forwards to the resolver), `plant`
 * (ExpressRoute, forwards nothing), `vnet-aks` for a cluster, peered with the hub, and the workspace `amw-remote`.
 */
export async function makeOnPremisesEstate(ready: ReadyLine): Promise<OnPremisesEstate> {
  const credential = credentialOf(ready);
  const clock = systemClock();
  const transport = openTransport({ clock, caPem: readFileSync(ready.ca, "utf8") });
  const token = tokenClient({ transport, clock, endpoint: ready.arm, ...credential });
  const arm = armClient({ transport, clock, token, endpoint: ready.arm });
  const group = `/subscriptions/${credential.subscriptionId}/resourceGroups/remote`;
  const put = putter(arm);
  await put(group, "2021-04-01", { location });
  await makeNetworks(put, group);
  const workspaceId = `${group}/providers/Microsoft.Monitor/accounts/amw-remote`;
  const workspace = await put(workspaceId, "2023-04-03", { location });
  const settings = ["properties", "defaultIngestionSettings"];
  const dceId = stringAt(workspace, ...settings, "dataCollectionEndpointResourceId") ?? "";
  const dce = (await arm.get(dceId, "2022-06-01")) ?? {};
  await grantReader(put, workspaceId, credential);
  const metricsUrl = stringAt(dce, "properties", "metricsIngestion", "endpoint") ?? "";
  return {
    clientId: credential.clientId,
    clientSecret: credential.clientSecret,
    metricsHost: new URL(metricsUrl).hostname,
    dceId,
    queryUrl: stringAt(workspace, "properties", "metrics", "prometheusQueryEndpoint") ?? "",
    arm,
    group,
    token,
    closePublic: async () => {
      const networkAcls = { publicNetworkAccess: "Disabled" };
      await put(dceId, "2022-06-01", { location, kind: "Linux", properties: { networkAcls } });
    },
    close: () => transport.close(),
  };
}

type Put = (id: ResourceId, apiVersion: string, body: JsonObject) => Promise<JsonObject>;

const putter =
  (arm: ArmClient): Put =>
  (id, apiVersion, body) =>
    arm.put(id, { apiVersion, body });

const version = "2023-05-01";

async function makeNetworks(put: Put, group: ResourceId): Promise<void> {
  const network = `${group}/providers/Microsoft.Network`;
  const hub = `${network}/virtualNetworks/vnet-hub`;
  const aks = `${network}/virtualNetworks/vnet-aks`;
  const subnets = { GatewaySubnet: "10.50.1.0/27", "snet-dns": "10.50.2.0/28" };
  await put(hub, version, vnet("10.50.0.0/16", subnets));
  await put(aks, version, vnet("10.60.0.0/16", { nodes: "10.60.1.0/24" }));
  await peer(put, [hub, aks]);
  // Each of these is provisioned for a while, and none waits for another.
  const circuit = makeCircuit(put, network);
  await Promise.all([
    makeResolver(put, network),
    makeGateway(put, network, { name: "vpn", gatewayType: "Vpn" }),
    makeGateway(put, network, { name: "er", gatewayType: "ExpressRoute" }),
    makeLocal(put, network),
    circuit,
  ]);
  await Promise.all([
    connect(put, network, {
      name: "to-hq",
      gateway: "vpn",
      ends: {
        connectionType: "IPsec",
        localNetworkGateway2: { id: `${network}/localNetworkGateways/hq` },
      },
    }),
    connect(put, network, {
      name: "to-plant",
      gateway: "er",
      ends: { connectionType: "ExpressRoute", peer: { id: await circuit } },
    }),
  ]);
}

async function makeResolver(put: Put, network: ResourceId): Promise<void> {
  const hub = `${network}/virtualNetworks/vnet-hub`;
  const resolver = `${network}/dnsResolvers/resolver`;
  await put(resolver, "2022-07-01", { location, properties: { virtualNetwork: { id: hub } } });
  const subnet = { id: `${hub}/subnets/snet-dns` };
  const inbound = { subnet, privateIpAllocationMethod: "Static", privateIpAddress: inboundAddress };
  await put(`${resolver}/inboundEndpoints/in`, "2022-07-01", {
    location,
    properties: { ipConfigurations: [inbound] },
  });
}

async function makeGateway(
  put: Put,
  network: ResourceId,
  { name, gatewayType }: { readonly name: string; readonly gatewayType: string },
): Promise<void> {
  const subnet = { id: `${network}/virtualNetworks/vnet-hub/subnets/GatewaySubnet` };
  const ipConfigurations = [{ name: "default", properties: { subnet } }];
  await put(`${network}/virtualNetworkGateways/${name}`, version, {
    location,
    properties: { gatewayType, ipConfigurations },
  });
}

async function makeLocal(put: Put, network: ResourceId): Promise<void> {
  await put(`${network}/localNetworkGateways/hq`, version, {
    location,
    tags: { [forwarderTag]: inboundAddress },
    properties: {
      localNetworkAddressSpace: { addressPrefixes: ["192.168.0.0/24"] },
      gatewayIpAddress: "198.51.100.7",
    },
  });
}

async function makeCircuit(put: Put, network: ResourceId): Promise<ResourceId> {
  const circuit = `${network}/expressRouteCircuits/plant`;
  await put(circuit, version, { location, properties: {} });
  await put(`${circuit}/peerings/AzurePrivatePeering`, version, {
    properties: { peeringType: "AzurePrivatePeering", peerASN: 65001, vlanId: 100 },
  });
  return circuit;
}

async function connect(
  put: Put,
  network: ResourceId,
  to: { readonly name: string; readonly gateway: string; readonly ends: JsonObject },
): Promise<void> {
  const virtualNetworkGateway1 = { id: `${network}/virtualNetworkGateways/${to.gateway}` };
  await put(`${network}/connections/${to.name}`, version, {
    location,
    properties: { virtualNetworkGateway1, ...to.ends },
  });
}

/** Peers two networks, both sides. */
async function peer(put: Put, [one, other]: readonly [ResourceId, ResourceId]): Promise<void> {
  for (const [id, remote] of [
    [one, other],
    [other, one],
  ] as const) {
    await put(`${id}/virtualNetworkPeerings/${remote.split("/").at(-1)}`, version, {
      properties: { remoteVirtualNetwork: { id: remote }, allowVirtualNetworkAccess: true },
    });
  }
}

const vnet = (prefix: string, subnets: Readonly<Record<string, string>>): JsonObject => ({
  location,
  properties: {
    addressSpace: { addressPrefixes: [prefix] },
    subnets: Object.entries(subnets).map(([name, addressPrefix]) => ({
      name,
      properties: { addressPrefix },
    })),
  },
});

/** The tests' own reader asks the workspace for the samples that came. */
async function grantReader(
  put: Put,
  workspaceId: ResourceId,
  { objectId, subscriptionId }: { readonly objectId: string; readonly subscriptionId: string },
): Promise<void> {
  const role = roleDefinitions.find(({ roleName }) => roleName === "Monitoring Data Reader");
  const authorization = "providers/Microsoft.Authorization";
  const name = "00000000-0000-4000-8000-0000000000d2";
  await put(`${workspaceId}/${authorization}/roleAssignments/${name}`, "2022-04-01", {
    properties: {
      principalId: objectId,
      principalType: "ServicePrincipal",
      roleDefinitionId: `/subscriptions/${subscriptionId}/${authorization}/roleDefinitions/${role?.id}`,
    },
  });
}
