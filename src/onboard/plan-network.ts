/** Changes of the network: subnet, private endpoints, zones, their links, and the zone groups. */
import { idKey, listAt, sameId, stringAt } from "../arm/index.ts";
import type { Graph, Json, ResourceId } from "../arm/index.ts";
import {
  connectionOf,
  endpointOf,
  interfacesAt,
  networkTypes,
  recordsIn,
  subnetPrefix,
  zoneLinksOf,
} from "../rules/index.ts";
import { endpointsOf, isScope } from "../rules/index.ts";
import type { EndpointView } from "../rules/index.ts";
import { apiVersions } from "./arm-access.ts";
import { ensure, keep } from "./change.ts";
import { nameOf } from "./desired-collection.ts";
import { endpointToOtherScope, freeIn } from "./desired-network.ts";
import type { DesiredEndpoint, DesiredPlace, DesiredZone } from "./desired-network.ts";
import { zoneConfigName } from "./names.ts";
import type { PlanContext } from "./plan-collection.ts";
import type { Blocker, Change, Note, Step } from "./plan-types.ts";

type OfGraph = Pick<PlanContext, "graph">;

/** The subnet for private endpoints, where one is needed. */
export function planSubnet({ graph }: OfGraph, network: DesiredPlace): readonly Change[] {
  const { subnetId: id, newSubnetPrefix, vnetId } = network;
  const at = { id, step: "network", apiVersion: apiVersions.network } as const;
  if (network.addressesNeeded === 0) return [];
  if (newSubnetPrefix === undefined) {
    return [keep(at, "asWanted", `The subnet ${nameOf(id)} is there.`)];
  }
  const says = `Make the subnet ${nameOf(id)} (${newSubnetPrefix}) in ${nameOf(vnetId)}, for private endpoints.`;
  const body = { properties: { addressPrefix: newSubnetPrefix } };
  return [ensure({ ...at, current: graph.get(id), body, says, dependsOn: [vnetId] })];
}

/** A private endpoint with its zones, their links to the network, and its zone group. */
export function planEndpoint(
  { graph }: OfGraph,
  network: DesiredPlace,
  {
    endpoint,
    step,
    dependsOn,
  }: {
    readonly endpoint: DesiredEndpoint;
    readonly step: Step;
    readonly dependsOn: readonly ResourceId[];
  },
): readonly Change[] {
  const { id, targetId, groupId, standing, zones } = endpoint;
  const at = { id, step, apiVersion: apiVersions.network } as const;
  const made =
    standing === undefined
      ? ensure({
          ...at,
          current: graph.get(id),
          body: {
            location: network.vnetRegion,
            properties: {
              subnet: { id: network.subnetId },
              privateLinkServiceConnections: [
                {
                  name: nameOf(id),
                  properties: { privateLinkServiceId: targetId, groupIds: [groupId] },
                },
              ],
            },
          },
          says: `Make the private endpoint ${nameOf(id)} (${groupId}) in ${nameOf(network.vnetId)}, to ${nameOf(targetId)}.`,
          dependsOn: [network.subnetId, targetId, ...dependsOn],
        })
      : keep(at, "asWanted", `The private endpoint ${standing.name} leads to ${nameOf(targetId)}.`);
  return [
    made,
    ...zones.flatMap((zone) => planZone(graph, { zone, vnetId: network.vnetId, step })),
    planZoneGroup(graph, { endpoint, step }),
  ];
}

/** A private zone, and its link to a network. */
export function planZone(
  graph: Graph,
  {
    zone,
    vnetId,
    step,
  }: { readonly zone: DesiredZone; readonly vnetId: ResourceId; readonly step: Step },
): readonly Change[] {
  const made = ensure({
    id: zone.id,
    step,
    apiVersion: apiVersions.privateDns,
    current: graph.get(zone.id),
    body: { location: "global" },
    says: `Make the private zone ${zone.name}.`,
    standsSays: `The private zone ${zone.name} is there.`,
  });
  const linked = zoneLinksOf(graph, vnetId).some(({ id }) => sameId(id, zone.linkId));
  const at = { id: zone.linkId, step, apiVersion: apiVersions.zoneLink } as const;
  if (linked) return [made, keep(at, "asWanted", `${zone.name} is linked to ${nameOf(vnetId)}.`)];
  const link = ensure({
    ...at,
    current: undefined,
    body: {
      location: "global",
      properties: { virtualNetwork: { id: vnetId }, registrationEnabled: false },
    },
    says: `Put ${zone.name} in force in ${nameOf(vnetId)}.`,
    dependsOn: [zone.id, vnetId],
  });
  return [made, link];
}

/** The group that writes the endpoint's records: a standing one gets the zones it lacks. */
function planZoneGroup(
  graph: Graph,
  { endpoint, step }: { readonly endpoint: DesiredEndpoint; readonly step: Step },
): Change {
  const standing = graph.under(endpoint.id, networkTypes.zoneGroup)[0];
  const configs = listAt(standing?.properties, "privateDnsZoneConfigs");
  const held = (zone: DesiredZone): boolean =>
    configs.some((config) => sameId(stringAt(config, "properties", "privateDnsZoneId"), zone.id));
  const missing = endpoint.zones.filter((zone) => !held(zone));
  return ensure({
    id: standing?.id ?? `${endpoint.id}/privateDnsZoneGroups/default`,
    step,
    apiVersion: apiVersions.network,
    current: standing,
    body: {
      properties: {
        privateDnsZoneConfigs: [
          ...configs.map(writableConfig),
          ...missing.map(({ name, id }) => ({
            name: zoneConfigName(name),
            properties: { privateDnsZoneId: id },
          })),
        ],
      },
    },
    says: `Write the names of ${nameOf(endpoint.id)} into ${zonesOf(endpoint)}.`,
    standsSays: `The names of ${nameOf(endpoint.id)} are written into ${zonesOf(endpoint)}.`,
    dependsOn: [endpoint.id, ...endpoint.zones.map(({ id }) => id)],
  });
}

const zonesOf = ({ zones }: DesiredEndpoint): string =>
  zones.length === 1 ? "its zone" : `its ${zones.length} zones`;

const writableConfig = (config: Json): Json => ({
  name: stringAt(config, "name") ?? "",
  properties: { privateDnsZoneId: stringAt(config, "properties", "privateDnsZoneId") ?? "" },
});

/** What in the network cannot be planned around. */
export function networkBlockers({ graph }: OfGraph, network: DesiredPlace): readonly Blocker[] {
  const { vnetId, scopeEndpoint, endpoints } = network;
  const blockers: Blocker[] = [];
  const other = endpointToOtherScope(graph, { vnetId, scopeId: scopeEndpoint.targetId });
  if (other !== undefined) {
    const says = `${nameOf(vnetId)} has the private endpoint ${other.id} to another scope, ${other.targetId}. A network can have one. Use that scope, or delete that endpoint.`;
    blockers.push({ code: "NetworkHasOtherScope", id: other.id, says });
  }
  for (const { standing } of endpoints) {
    if (standing === undefined) continue;
    const status = connectionOf(graph, standing)?.status ?? "Disconnected";
    if (status === "Approved" || status === "Pending") continue;
    const says = `The connection of ${standing.id} is ${status}. Delete the endpoint, or have its owner approve it.`;
    blockers.push({ code: "ConnectionRefused", id: standing.id, says });
  }
  return [...blockers, ...addressBlockers(graph, network), ...zoneBlockers(graph, network)];
}

function addressBlockers(graph: Graph, network: DesiredPlace): readonly Blocker[] {
  const blockers: Blocker[] = [];
  const { subnetId, newSubnetPrefix, addressesNeeded, addressesMore, scopeEndpoint } = network;
  const tooSmall = (id: ResourceId, needed: number): void => {
    const free = freeIn(graph, id);
    if (free === undefined || free >= needed) return;
    const says = `The subnet ${nameOf(id)} (${subnetPrefix(graph, id)}) has ${free} free addresses; ${needed} are needed. Use a larger one.`;
    blockers.push({ code: "SubnetTooSmall", id, says });
  };
  if (addressesNeeded > 0 && newSubnetPrefix === undefined) {
    if (subnetPrefix(graph, subnetId) === undefined) {
      const says = `${nameOf(network.vnetId)} has no free prefix for a subnet with ${addressesNeeded} addresses. Add an address prefix, or name a subnet with --subnet.`;
      blockers.push({ code: "NetworkFull", id: network.vnetId, says });
    } else tooSmall(subnetId, addressesNeeded);
  }
  const standingSubnet = scopeEndpoint.standing?.subnetId;
  if (standingSubnet !== undefined && addressesMore > 0) tooSmall(standingSubnet, addressesMore);
  return blockers;
}

/** A zone whose names lead to another endpoint would have them taken over: the last writer wins. */
function zoneBlockers(graph: Graph, { endpoints }: DesiredPlace): readonly Blocker[] {
  const found = new Map<string, Blocker>();
  for (const endpoint of endpoints) {
    for (const zone of endpoint.zones) {
      const holder = otherHolder(graph, zone, endpoint);
      if (holder === undefined || found.has(idKey(holder.id))) continue;
      const says = `The zone ${zone.name} (${zone.id}) leads to the private endpoint ${holder.id}. A second endpoint would take over its names. Use that endpoint's network, or a zone in another resource group.`;
      found.set(idKey(holder.id), { code: "ZoneLeadsElsewhere", id: zone.id, says });
    }
  }
  return [...found.values()];
}

function otherHolder(
  graph: Graph,
  zone: DesiredZone,
  { targetId, standing }: DesiredEndpoint,
): EndpointView | undefined {
  for (const { addresses } of recordsIn(graph, zone.id).values()) {
    for (const { interfaceId } of addresses.flatMap((address) => interfacesAt(graph, address))) {
      const holder = endpointsOf(graph).find((one) =>
        one.addresses.some((address) => sameId(address.interfaceId, interfaceId)),
      );
      if (holder?.targetId === undefined || sameId(holder.id, standing?.id)) continue;
      // In a scope's zones any scope's names clash; in a workspace's zone, only those of the same workspace.
      const clashes = isScope(targetId)
        ? isScope(holder.targetId)
        : sameId(holder.targetId, targetId);
      if (clashes) return holder;
    }
  }
  return undefined;
}

/** What a reader of the plan should know about the network. */
export function networkNotes({ graph }: OfGraph, network: DesiredPlace): readonly Note[] {
  const links = zoneLinksOf(graph, network.vnetId).filter(({ redirects }) => redirects);
  const zoneNames = new Set(network.scopeEndpoint.zones.map(({ name }) => name));
  const hijack =
    "From now on every client of this network's DNS takes the shared names (api, live, global.handler.control and others) by the private endpoint, also for resources that the scope does not link; names of storage accounts with a private link are looked up in the blob zone.";
  return [
    {
      id: network.vnetId,
      says: hijack,
      source: "learn.microsoft.com/azure/azure-monitor/fundamentals/private-link-design",
    },
    ...links
      .filter(({ zoneName }) => zoneNames.has(zoneName))
      .map(({ id, zoneName }) => ({
        id,
        says: `The link of ${zoneName} redirects unknown names to public DNS: what is not linked goes out publicly instead of failing.`,
        source: "learn.microsoft.com/azure/dns/private-dns-fallback",
      })),
  ];
}

/** Whether an endpoint that stands waits for its owner's approval, or is to be made and may have to. */
export const awaitsApproval = (graph: Graph, endpoint: DesiredEndpoint): boolean => {
  const standing = endpointOf(graph, endpoint.id);
  if (standing === undefined) return true;
  return connectionOf(graph, standing)?.status !== "Approved";
};
