/** Observation for remote write: the network that sends, the workspace with its endpoint and rule, the scope, and who may write. */
import { idKey, listAt, parseId, sameId, stringAt } from "../arm/index.ts";
import type { Graph, ResourceId } from "../arm/index.ts";
import {
  endpointsOf,
  networkTypes,
  onPremisesTypes,
  peeringsOf,
  reachedNetworks,
  types,
  workspaceOf,
} from "../rules/index.ts";
import { apiVersions, subscriptionOf } from "./arm-access.ts";
import type { ArmReader } from "./arm-access.ts";
import { observeNetwork } from "./observe-network.ts";
import type { Observed } from "./observe.ts";
import { openReading } from "./reading.ts";
import type { Reading, Unreadable } from "./reading.ts";
import type { RemoteWriteRequest } from "./remote-write-request.ts";

/** What remote write needs to be known: the sender may be left out where only a proof is asked for. */
export type RemoteWriteAsked = Pick<RemoteWriteRequest, "networkId" | "workspaceId"> &
  Partial<Pick<RemoteWriteRequest, "scopeId">>;

/**
 * Reads what planning and proving remote write ask.
 *
 * @throws never for ARM's refusals (see `unreadable`); whatever else the reader throws.
 */
export async function observeRemoteWrite(
  arm: ArmReader,
  request: RemoteWriteAsked,
): Promise<Observed> {
  const unreadable: Unreadable[] = [];
  const reading = openReading(arm, unreadable);
  const { networkId, workspaceId, scopeId } = request;
  await reading.get(scopeId, apiVersions.scope);
  await readWorkspace(reading, workspaceId);
  await readScopes(reading, scopeId);
  await readSender(reading, networkId);
  for (const vnetId of sendingVnets(reading.graph(), networkId)) {
    // Peered networks may be in subscriptions that nobody here may list: what they refuse is noted.
    await observeNetwork(reading, { besideId: vnetId, vnetId, workspaceIds: [workspaceId] });
  }
  return { graph: reading.graph(), unreadable };
}

/** The workspace with its default endpoint and rule, who may write by it, and who else sends by the endpoint. */
async function readWorkspace(reading: Reading, workspaceId: ResourceId): Promise<void> {
  const { dataCollection } = apiVersions;
  await reading.get(workspaceId, apiVersions.workspace);
  const workspace = workspaceOf(reading.graph(), workspaceId);
  await reading.get(workspace?.defaultDceId, dataCollection);
  const rule = await reading.get(workspace?.defaultDcrId, dataCollection);
  if (rule === undefined) return;
  await reading.list(`${rule.id}/providers/${types.roleAssignment}`, apiVersions.roleAssignment);
}

/** The scope asked for, and those that link the endpoint, by the endpoint's own word. */
async function readScopes(reading: Reading, scopeId: ResourceId | undefined): Promise<void> {
  const ids = new Map<string, ResourceId>();
  if (scopeId !== undefined) ids.set(idKey(scopeId), scopeId);
  for (const dce of reading.graph().ofType(types.dce)) {
    for (const link of listAt(dce.properties, "privateLinkScopedResources")) {
      const linking = parseId(stringAt(link, "resourceId") ?? "")?.parentId;
      if (linking !== undefined) ids.set(idKey(linking), linking);
    }
  }
  for (const id of ids.values()) {
    await reading.get(id, apiVersions.scope);
    await reading.list(`${id}/scopedResources`, apiVersions.scope);
    await reading.list(`${id}/privateEndpointConnections`, apiVersions.scope);
  }
}

/** The network that sends; for an on-premises one the gateways and virtual networks that it is connected to, and resolvers. */
async function readSender(reading: Reading, networkId: ResourceId): Promise<void> {
  const { network } = apiVersions;
  await reading.get(networkId, network);
  if (isVnet(networkId)) return readPeers(reading, networkId);
  const at = (type: string): string => `${subscriptionOf(networkId)}/providers/${type}`;
  const connections = await reading.list(at(onPremisesTypes.connection), network);
  for (const { properties } of connections) {
    const ends = ["localNetworkGateway2", "peer"].map((end) => stringAt(properties, end, "id"));
    if (!ends.some((end) => sameId(end, networkId))) continue;
    await reading.get(stringAt(properties, "virtualNetworkGateway1", "id"), network);
  }
  for (const gateway of reading.graph().ofType(onPremisesTypes.gateway)) {
    const subnetId = stringAt(
      gateway.properties,
      "ipConfigurations",
      0,
      "properties",
      "subnet",
      "id",
    );
    await readPeers(reading, parseId(subnetId ?? "")?.parentId);
  }
  const resolvers = await reading.list(at(networkTypes.dnsResolver), apiVersions.dnsResolver);
  for (const { id } of resolvers) {
    await reading.list(`${id}/inboundEndpoints`, apiVersions.dnsResolver);
  }
}

/** A virtual network and those that it is peered with. */
async function readPeers(reading: Reading, vnetId: ResourceId | undefined): Promise<void> {
  const vnet = await reading.get(vnetId, apiVersions.network);
  for (const peering of listAt(vnet?.properties, "virtualNetworkPeerings")) {
    const remoteId = stringAt(peering, "properties", "remoteVirtualNetwork", "id");
    await reading.get(remoteId, apiVersions.network);
  }
}

/** Whether a network is a virtual one, and none on-premises. */
export const isVnet = (networkId: ResourceId): boolean =>
  parseId(networkId)?.type.toLowerCase() === networkTypes.vnet.toLowerCase();

/** The virtual networks in which a sender's private endpoint can stand: its own and those peered with it, or those that it reaches. */
export function sendingVnets(graph: Graph, networkId: ResourceId): readonly ResourceId[] {
  if (isVnet(networkId)) {
    const peers = peeringsOf(graph, networkId).filter(
      ({ state, allowsAccess }) => state === "Connected" && allowsAccess,
    );
    return [networkId, ...peers.map(({ remoteVnetId }) => remoteVnetId)];
  }
  return reachedNetworks(graph, networkId).map(({ vnetId }) => vnetId);
}

/** The one of them where the scope's endpoint stands, else the first; undefined where the network is connected to none. */
export function endpointVnet(
  graph: Graph,
  { networkId, scopeId }: Pick<RemoteWriteRequest, "networkId" | "scopeId">,
): ResourceId | undefined {
  const vnetIds = sendingVnets(graph, networkId);
  const standing = vnetIds.find((vnetId) =>
    endpointsOf(graph).some(
      (endpoint) => sameId(endpoint.vnetId, vnetId) && sameId(endpoint.targetId, scopeId),
    ),
  );
  return standing ?? vnetIds[0];
}
