/** Collection of networks: the clusters' own and their peers, private endpoints, zones, resolvers, routes and filters. */
import { idKey, listAt, parseId, stringAt } from "../arm/index.ts";
import type { ArmResource, Graph, ResourceId } from "../arm/index.ts";
import { cloud, cloudNames, isScopeZone, toPublicNames } from "../azure/index.ts";
import { connectionTypes, networkTypes } from "../rules/index.ts";
import { all } from "./collect.ts";
import type { Gathering } from "./gathering.ts";

/** Reads the networks of clusters and all that decides where a name leads and a packet goes there. */
export async function collectNetworks(
  gathering: Gathering,
  clusters: readonly ResourceId[],
): Promise<void> {
  await all(networksOf(gathering.graph(), clusters), (id) => readNetwork(gathering, id));
  const near = await readPeers(gathering, clusters);
  await readEndpoints(gathering, near);
  await readZones(gathering, near);
  await readResolvers(gathering);
}

/** The virtual networks of the clusters' pools. */
function networksOf(graph: Graph, clusters: readonly ResourceId[]): readonly ResourceId[] {
  const ids = new Map<string, ResourceId>();
  for (const clusterId of clusters) {
    for (const pool of listAt(graph.get(clusterId)?.properties, "agentPoolProfiles")) {
      for (const name of ["vnetSubnetID", "podSubnetID"]) {
        const vnetId = parseId(stringAt(pool, name) ?? "")?.parentId;
        if (vnetId !== undefined) ids.set(idKey(vnetId), vnetId);
      }
    }
  }
  return [...ids.values()];
}

/** A network with the route tables and security groups of its subnets. */
async function readNetwork(gathering: Gathering, vnetId: ResourceId): Promise<void> {
  const vnet = await gathering.get(vnetId);
  await all(listAt(vnet?.properties, "subnets"), async (subnet) => {
    await gathering.get(stringAt(subnet, "properties", "routeTable", "id"));
    await gathering.get(stringAt(subnet, "properties", "networkSecurityGroup", "id"));
  });
}

/** The networks that the clusters' are peered with, one step: packets go no further without a device. */
async function readPeers(
  gathering: Gathering,
  clusters: readonly ResourceId[],
): Promise<ReadonlySet<string>> {
  const near = new Map<string, ResourceId>();
  for (const vnetId of networksOf(gathering.graph(), clusters)) {
    near.set(idKey(vnetId), vnetId);
    const vnet = gathering.graph().get(vnetId);
    for (const peering of listAt(vnet?.properties, "virtualNetworkPeerings")) {
      const remote = stringAt(peering, "properties", "remoteVirtualNetwork", "id");
      if (remote !== undefined) near.set(idKey(remote), remote);
    }
  }
  await all([...near.values()], (id) => readNetwork(gathering, id));
  return new Set(near.keys());
}

/** Endpoints that connections name, then the interfaces and zone groups of those that are near or lead to what is on the way. */
async function readEndpoints(gathering: Gathering, near: ReadonlySet<string>): Promise<void> {
  const connections = connectionTypes.flatMap((type) => gathering.core(type));
  await all(connections, ({ properties }) =>
    gathering.get(stringAt(properties, "privateEndpoint", "id")),
  );
  const targets = new Set(gathering.core().map(({ id }) => idKey(id)));
  const endpoints = gathering.graph().ofType(networkTypes.endpoint);
  const wanted = endpoints.filter((one) => isNear(one, near) || leadsTo(one, targets));
  await all(wanted, async (endpoint) => {
    await gathering.get(endpoint.id);
    await all(listAt(endpoint.properties, "networkInterfaces"), (one) =>
      gathering.get(stringAt(one, "id")),
    );
    const groups = await gathering.list(
      `${endpoint.id}/privateDnsZoneGroups`,
      networkTypes.zoneGroup,
    );
    const configs = groups.flatMap(({ properties }) => listAt(properties, "privateDnsZoneConfigs"));
    await all(configs, (one) => gathering.get(stringAt(one, "properties", "privateDnsZoneId")));
    await gathering.get(parseId(stringAt(endpoint.properties, "subnet", "id") ?? "")?.parentId);
  });
}

const isNear = ({ properties }: ArmResource, near: ReadonlySet<string>): boolean =>
  near.has(idKey(parseId(stringAt(properties, "subnet", "id") ?? "")?.parentId ?? ""));

const leadsTo = ({ properties }: ArmResource, targets: ReadonlySet<string>): boolean =>
  ["privateLinkServiceConnections", "manualPrivateLinkServiceConnections"]
    .flatMap((name) => listAt(properties, name))
    .some((one) => targets.has(idKey(stringAt(one, "properties", "privateLinkServiceId") ?? "")));

/**
 * The zones of private links to Azure Monitor, of whatever cloud, with their networks and addresses: those in
 * subscriptions on the way, and of others those that Resource Graph knows to be linked to a near network.
 */
async function readZones(gathering: Gathering, near: ReadonlySet<string>): Promise<void> {
  const subscriptions = new Set(gathering.core().map(({ id }) => subscriptionKey(id)));
  const graph = gathering.graph();
  const linked = new Set(
    graph
      .ofType(networkTypes.zoneLink)
      .filter(({ properties }) =>
        near.has(idKey(stringAt(properties, "virtualNetwork", "id") ?? "")),
      )
      .map(({ id }) => idKey(parseId(id)?.parentId ?? "")),
  );
  const zones = graph
    .ofType(networkTypes.zone)
    .filter(isMonitorZone)
    .filter(({ id }) => subscriptions.has(subscriptionKey(id)) || linked.has(idKey(id)));
  await all(zones, async ({ id }) => {
    await gathering.list(`${id}/virtualNetworkLinks`, networkTypes.zoneLink, "beside");
    await gathering.list(`${id}/A`, `${networkTypes.zone}/A`, "beside");
    await gathering.list(`${id}/CNAME`, `${networkTypes.zone}/CNAME`, "beside");
  });
}

const subscriptionKey = (id: ResourceId): string => idKey(parseId(id)?.subscriptionId ?? "");

/** A scope's five zones, a workspace's zone, and the public zones themselves, which somebody may have made private. */
function isMonitorZone({ name }: ArmResource): boolean {
  return cloudNames.some((cloudName) => {
    const zone = toPublicNames(cloudName, name.toLowerCase());
    return (
      isScopeZone(zone) ||
      isScopeZone(`privatelink.${zone}`) ||
      `.${zone}`.endsWith(`.${cloud.prometheusSuffix}`)
    );
  });
}

/** Resolvers and forwarding rules, by which names of on-premises and hub networks are asked. */
async function readResolvers(gathering: Gathering): Promise<void> {
  const graph = gathering.graph();
  await all(graph.ofType(networkTypes.dnsResolver), async ({ id }) => {
    await gathering.list(`${id}/inboundEndpoints`, networkTypes.inboundEndpoint);
    await gathering.list(`${id}/outboundEndpoints`, networkTypes.outboundEndpoint);
  });
  await all(graph.ofType(networkTypes.ruleset), async ({ id }) => {
    await gathering.list(`${id}/forwardingRules`, networkTypes.forwardingRule);
    await gathering.list(`${id}/virtualNetworkLinks`, networkTypes.rulesetLink);
  });
}
