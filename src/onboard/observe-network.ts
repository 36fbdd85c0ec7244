/** Observation of the network: the cluster's virtual network, private endpoints, and private zones. */
import { idKey, listAt, parseId, sameId, stringAt } from "../arm/index.ts";
import type { ArmResource, Graph, ResourceId } from "../arm/index.ts";
import { isScopeZone, workspaceZone } from "../azure/index.ts";
import { connectionsTo, endpointsOf, networkTypes, types, workspaceOf } from "../rules/index.ts";
import { apiVersions, subscriptionOf } from "./arm-access.ts";
import type { Reading } from "./reading.ts";

/** The subnet that a cluster's nodes are in: its first pool's that says so. */
export function nodeSubnetOf(graph: Graph, clusterId: ResourceId): ResourceId | undefined {
  const pools = listAt(graph.get(clusterId)?.properties, "agentPoolProfiles");
  return pools.flatMap((pool) => stringAt(pool, "vnetSubnetID") ?? [])[0];
}

/** The virtual network that a cluster's nodes are in. */
export function vnetOf(graph: Graph, clusterId: ResourceId): ResourceId | undefined {
  const subnetId = nodeSubnetOf(graph, clusterId);
  return subnetId === undefined ? undefined : parseId(subnetId)?.parentId;
}

/** What is asked of a network: who stands in it, and the workspaces in question. */
export interface NetworkAsked {
  /** The cluster in the network, or what else the subscription is known by. */
  readonly besideId: ResourceId;
  readonly vnetId: ResourceId | undefined;
  readonly workspaceIds: readonly ResourceId[];
}

/** Reads a network, the endpoints in it and to the scopes and workspaces, and the zones of both kinds. */
export async function observeNetwork(reading: Reading, asked: NetworkAsked): Promise<void> {
  const { vnetId } = asked;
  const vnet = await reading.get(vnetId, apiVersions.network);
  for (const subnet of listAt(vnet?.properties, "subnets")) {
    await reading.get(stringAt(subnet, "id"), apiVersions.network);
  }
  const subscriptions = new Set(
    [asked.besideId, vnetId ?? asked.besideId].map((id) => subscriptionOf(id)),
  );
  for (const subscription of subscriptions) {
    await reading.list(`${subscription}/providers/${networkTypes.endpoint}`, apiVersions.network);
  }
  await readConnectedEndpoints(reading);
  await readInterfaces(reading, asked, vnetId);
  for (const subscription of subscriptions) await readZones(reading, asked, subscription);
}

/** Endpoints in other subscriptions are known only to their targets. */
async function readConnectedEndpoints(reading: Reading): Promise<void> {
  const graph = reading.graph();
  const targets = [...graph.ofType(types.scope), ...graph.ofType(types.workspace)];
  for (const target of targets) {
    for (const { endpointId } of connectionsTo(graph, target.id)) {
      await reading.get(endpointId, apiVersions.network);
    }
  }
}

async function readInterfaces(
  reading: Reading,
  { workspaceIds }: { readonly workspaceIds: readonly ResourceId[] },
  vnetId: ResourceId | undefined,
): Promise<void> {
  const graph = reading.graph();
  const targets = new Set(
    [...graph.ofType(types.scope).map(({ id }) => id), ...workspaceIds].map(idKey),
  );
  for (const endpoint of endpointsOf(graph)) {
    const here = sameId(endpoint.vnetId, vnetId);
    if (!here && !targets.has(idKey(endpoint.targetId ?? ""))) continue;
    const resource = graph.get(endpoint.id);
    for (const reference of listAt(resource?.properties, "networkInterfaces")) {
      await reading.get(stringAt(reference, "id"), apiVersions.network);
    }
    if (here) await reading.list(`${endpoint.id}/privateDnsZoneGroups`, apiVersions.network);
  }
}

async function readZones(
  reading: Reading,
  { workspaceIds }: { readonly workspaceIds: readonly ResourceId[] },
  subscription: ResourceId,
): Promise<void> {
  const wanted = new Set(
    workspaceIds.flatMap((id) => {
      const region = workspaceOf(reading.graph(), id)?.region;
      return region === undefined ? [] : [workspaceZone(region)];
    }),
  );
  const isWanted = ({ name }: ArmResource): boolean =>
    isScopeZone(name) || wanted.has(name.toLowerCase());
  const zones = await reading.list(
    `${subscription}/providers/${networkTypes.zone}`,
    apiVersions.privateDns,
  );
  for (const zone of zones.filter(isWanted)) {
    await reading.list(`${zone.id}/virtualNetworkLinks`, apiVersions.zoneLink);
    await reading.list(`${zone.id}/A`, apiVersions.privateDns);
  }
}
