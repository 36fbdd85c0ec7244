/** Where private endpoints and zones are to stand: those that stand already, or those to be made. */
import { listAt, sameId, stringAt } from "../arm/index.ts";
import type { Graph, ResourceId } from "../arm/index.ts";
import { groupIds, scopeZones, workspaceZone } from "../azure/index.ts";
import {
  addressesIn,
  connectionOf,
  endpointMembers,
  endpointsOf,
  formatIpv4,
  isScope,
  networkTypes,
  parseIpv4Prefix,
  prefixContains,
  scopeLinks,
  subnetPrefix,
  usableAddresses,
  zoneLinksOf,
} from "../rules/index.ts";
import type { EndpointView, Ipv4Prefix } from "../rules/index.ts";
import { groupOf } from "./arm-access.ts";
import { networkName } from "./names.ts";
import { nameOf } from "./desired-collection.ts";
import { vnetOf } from "./observe-network.ts";
import type { PlanContext } from "./plan-collection.ts";

export interface DesiredZone {
  /** Lower case. */
  readonly name: string;
  readonly id: ResourceId;
  /** The link to the cluster's network: one that stands, or one to be made. */
  readonly linkId: ResourceId;
}

export interface DesiredEndpoint {
  readonly id: ResourceId;
  readonly targetId: ResourceId;
  readonly groupId: string;
  readonly standing: EndpointView | undefined;
  readonly zones: readonly DesiredZone[];
}

/** Private endpoints in one network. */
export interface DesiredPlace {
  readonly vnetId: ResourceId;
  readonly vnetRegion: string;
  readonly subnetId: ResourceId;
  /** The prefix of the subnet to be made; undefined where it stands, or where there is no room for it. */
  readonly newSubnetPrefix: string | undefined;
  /** Addresses that new endpoints take in the subnet. */
  readonly addressesNeeded: number;
  /** Addresses that the scope's standing endpoint needs more in its own subnet, for new links. */
  readonly addressesMore: number;
  readonly scopeEndpoint: DesiredEndpoint;
  /** Every endpoint, the scope's first. */
  readonly endpoints: readonly DesiredEndpoint[];
}

export interface DesiredNetwork extends DesiredPlace {
  readonly queryEndpoint: DesiredEndpoint;
}

export interface PlaceWanted {
  readonly vnetId: ResourceId;
  /** What is made stands in this resource's group. */
  readonly besideId: ResourceId;
  readonly subnetName: string;
  readonly scopeId: ResourceId;
  /** What the scope is to link. */
  readonly linkedIds: readonly ResourceId[];
  /** An endpoint to the workspace, where one is wanted for queries. */
  readonly workspace?: { readonly id: ResourceId; readonly region: string };
}

/** Length of the prefixes tried for a new subnet, the roomiest first. A /27 has 27 usable addresses. */
const newSubnetLengths = [26, 27] as const;

/** The network to be; undefined when the cluster's network is not known. */
export function desiredNetwork(context: PlanContext): DesiredNetwork | undefined {
  const { graph, request, cluster, workspace, collection } = context;
  const vnetId = vnetOf(graph, cluster.id);
  if (vnetId === undefined) return undefined;
  const place = desiredPlace(graph, {
    vnetId,
    besideId: cluster.id,
    subnetName: request.subnetName,
    scopeId: request.scopeId,
    linkedIds: collection.linkedIds,
    workspace,
  });
  const queryEndpoint = place?.endpoints.at(-1);
  return place === undefined || queryEndpoint === undefined
    ? undefined
    : { ...place, queryEndpoint };
}

/** Where the scope's endpoint, and the workspace's if one is wanted, are to stand in a network; undefined when it is not known. */
export function desiredPlace(graph: Graph, wanted: PlaceWanted): DesiredPlace | undefined {
  const { vnetId, besideId, scopeId, linkedIds, workspace } = wanted;
  const vnet = graph.get(vnetId);
  if (vnet === undefined) return undefined;
  const zonesOf = (names: readonly string[]): readonly DesiredZone[] =>
    names.map((name) => desiredZone(graph, { name, vnetId, besideId }));
  const endpointTo = (
    targetId: ResourceId,
    groupId: string,
    zones: readonly string[],
  ): DesiredEndpoint => {
    const standing = endpointIn(graph, { vnetId, targetId });
    const name = networkName("pe", nameOf(targetId), nameOf(vnetId));
    const id = standing?.id ?? `${groupOf(besideId)}/providers/${networkTypes.endpoint}/${name}`;
    return { id, targetId, groupId, standing, zones: zonesOf(zones) };
  };
  const scopeEndpoint = endpointTo(scopeId, groupIds.azureMonitor, scopeZones);
  const others =
    workspace === undefined
      ? []
      : [endpointTo(workspace.id, groupIds.prometheusMetrics, [workspaceZone(workspace.region)])];
  const newLinks = linkedIds.filter(
    (resourceId) => !scopeLinks(graph, { scopeId, resourceId }),
  ).length;
  const members = endpointMembers(graph, scopeId, groupIds.azureMonitor).length || sharedMembers;
  const subnetId = `${vnetId}/subnets/${wanted.subnetName}`;
  const needed =
    (scopeEndpoint.standing === undefined ? members + membersPerDce * newLinks : 0) +
    others.filter(({ standing }) => standing === undefined).length;
  return {
    vnetId,
    vnetRegion: (vnet.location ?? "").replaceAll(" ", "").toLowerCase(),
    subnetId,
    newSubnetPrefix:
      needed === 0 || subnetPrefix(graph, subnetId) !== undefined
        ? undefined
        : roomFor(graph, vnetId, needed),
    addressesNeeded: needed,
    addressesMore: scopeEndpoint.standing === undefined ? 0 : membersPerDce * newLinks,
    scopeEndpoint,
    endpoints: [scopeEndpoint, ...others],
  };
}

/** @see learn.microsoft.com/azure/azure-monitor/fundamentals/private-link-configure: eight shared names, three a DCE */
const sharedMembers = 8;
const membersPerDce = 3;

function endpointIn(
  graph: Graph,
  { vnetId, targetId }: { readonly vnetId: ResourceId; readonly targetId: ResourceId },
): EndpointView | undefined {
  return endpointsOf(graph).find(
    (endpoint) => sameId(endpoint.vnetId, vnetId) && sameId(endpoint.targetId, targetId),
  );
}

/** An endpoint in the network to another scope, which the one-endpoint rule excludes; undefined when there is none. */
export function endpointToOtherScope(
  graph: Graph,
  { vnetId, scopeId }: { readonly vnetId: ResourceId; readonly scopeId: ResourceId },
): EndpointView | undefined {
  return endpointsOf(graph).find((endpoint) => {
    if (!sameId(endpoint.vnetId, vnetId) || endpoint.targetId === undefined) return false;
    if (!isScope(endpoint.targetId) || sameId(endpoint.targetId, scopeId)) return false;
    const status = connectionOf(graph, endpoint)?.status ?? "Pending";
    return status === "Approved" || status === "Pending";
  });
}

/** A zone that is linked to the network already, whatever its group; else the one beside what it is for. */
function desiredZone(
  graph: Graph,
  asked: { readonly name: string; readonly vnetId: ResourceId; readonly besideId: ResourceId },
): DesiredZone {
  const link = zoneLinksOf(graph, asked.vnetId).find(({ zoneName }) => zoneName === asked.name);
  if (link !== undefined) return { name: asked.name, id: link.zoneId, linkId: link.id };
  const id = `${groupOf(asked.besideId)}/providers/${networkTypes.zone}/${asked.name}`;
  const linkName = networkName("link", nameOf(asked.vnetId));
  return { name: asked.name, id, linkId: `${id}/virtualNetworkLinks/${linkName}` };
}

/** Addresses that a subnet has left. Nodes and others take some that only the subnet itself counts. */
export function freeIn(graph: Graph, subnetId: ResourceId): number | undefined {
  const prefix = parseIpv4Prefix(subnetPrefix(graph, subnetId) ?? "");
  if (prefix === undefined) return undefined;
  const counted = listAt(graph.get(subnetId)?.properties, "ipConfigurations").length;
  const used = Math.max(counted, addressesIn(graph, subnetId).length);
  return Math.max(0, usableAddresses(prefix) - used);
}

/** The first free prefix of the network that has room for `needed` addresses; undefined when there is none. */
function roomFor(graph: Graph, vnetId: ResourceId, needed: number): string | undefined {
  const vnet = graph.get(vnetId)?.properties;
  const spaces = prefixes(listAt(vnet, "addressSpace", "addressPrefixes"));
  const taken = listAt(vnet, "subnets").flatMap((subnet) => {
    const id = stringAt(subnet, "id");
    return id === undefined ? [] : prefixes([subnetPrefix(graph, id) ?? ""]);
  });
  for (const length of newSubnetLengths) {
    const size = 2 ** (32 - length);
    if (usableAddresses({ first: 0, length, size }) < needed) continue;
    for (const space of spaces) {
      const found = firstFree(space, size, taken);
      if (found !== undefined) return `${formatIpv4(found)}/${length}`;
    }
  }
  return undefined;
}

const prefixes = (texts: readonly unknown[]): readonly Ipv4Prefix[] =>
  texts.flatMap((text) => (typeof text === "string" ? (parseIpv4Prefix(text) ?? []) : []));

/** Steps over what is taken instead of trying each block: an address space can be a /8. */
function firstFree(
  space: Ipv4Prefix,
  size: number,
  taken: readonly Ipv4Prefix[],
): number | undefined {
  const length = 32 - Math.log2(size);
  let first = space.first;
  while (prefixContains(space, { first, length, size })) {
    const at = first;
    const clash = taken.find((one) => one.first < at + size && at < one.first + one.size);
    if (clash === undefined) return first;
    first = Math.ceil((clash.first + clash.size) / size) * size;
  }
  return undefined;
}
