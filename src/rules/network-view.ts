/** What a rule may read of networks: endpoints, interfaces, private DNS; typed readers over the graph, and no other field. */
import { at, idKey, listAt, parseId, stringAt } from "../arm/index.ts";
import type { ArmResource, Graph, Json, ResourceId } from "../arm/index.ts";
import { byIdInGraph, groupBy, oncePerGraph } from "./memo.ts";

/** The network resource types that rules read, in the provider's spelling. */
export const networkTypes = {
  vnet: "Microsoft.Network/virtualNetworks",
  subnet: "Microsoft.Network/virtualNetworks/subnets",
  endpoint: "Microsoft.Network/privateEndpoints",
  zoneGroup: "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
  interface: "Microsoft.Network/networkInterfaces",
  zone: "Microsoft.Network/privateDnsZones",
  zoneLink: "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
  peering: "Microsoft.Network/virtualNetworks/virtualNetworkPeerings",
  routeTable: "Microsoft.Network/routeTables",
  securityGroup: "Microsoft.Network/networkSecurityGroups",
  firewall: "Microsoft.Network/azureFirewalls",
  dnsResolver: "Microsoft.Network/dnsResolvers",
  inboundEndpoint: "Microsoft.Network/dnsResolvers/inboundEndpoints",
  outboundEndpoint: "Microsoft.Network/dnsResolvers/outboundEndpoints",
  ruleset: "Microsoft.Network/dnsForwardingRulesets",
  forwardingRule: "Microsoft.Network/dnsForwardingRulesets/forwardingRules",
  rulesetLink: "Microsoft.Network/dnsForwardingRulesets/virtualNetworkLinks",
} as const;

/** A connection as its target keeps it; the target's side is the one that decides. */
export interface ConnectionView {
  readonly id: ResourceId;
  readonly name: string;
  readonly targetId: ResourceId;
  readonly endpointId: ResourceId;
  /** `Pending`, `Approved`, `Rejected` or `Disconnected`. */
  readonly status: string;
}

export interface EndpointView {
  readonly id: ResourceId;
  readonly name: string;
  readonly subnetId: ResourceId | undefined;
  readonly vnetId: ResourceId | undefined;
  readonly targetId: ResourceId | undefined;
  readonly groupIds: readonly string[];
  readonly addresses: readonly InterfaceAddress[];
}

/** One address of a network interface. */
export interface InterfaceAddress {
  readonly address: string;
  readonly interfaceId: ResourceId;
  readonly subnetId: ResourceId | undefined;
  readonly vnetId: ResourceId | undefined;
  /** The member of the private link target that it stands for. */
  readonly memberName: string | undefined;
  readonly fqdns: readonly string[];
}

export interface ZoneLinkView {
  readonly id: ResourceId;
  readonly zoneId: ResourceId;
  /** Lower case. */
  readonly zoneName: string;
  readonly vnetId: ResourceId;
  /** Whether a name that the zone lacks is asked of public DNS. */
  readonly redirects: boolean;
}

/** What a private zone holds at one name. */
export interface RecordNode {
  readonly addresses: readonly string[];
  readonly addresses6: readonly string[];
  readonly cname: string | undefined;
  readonly ttlSeconds: number;
}

const vnetOfSubnet = (subnetId: ResourceId | undefined): ResourceId | undefined =>
  subnetId === undefined ? undefined : parseId(subnetId)?.parentId;

const strings = (values: readonly Json[]): readonly string[] =>
  values.filter((value) => typeof value === "string");

function interfaceAddresses(resource: ArmResource): readonly InterfaceAddress[] {
  return listAt(resource.properties, "ipConfigurations").flatMap((configuration) => {
    const address = stringAt(configuration, "properties", "privateIPAddress");
    if (address === undefined) return [];
    const subnetId = stringAt(configuration, "properties", "subnet", "id");
    const link = at(configuration, "properties", "privateLinkConnectionProperties");
    return [
      {
        address,
        interfaceId: resource.id,
        subnetId,
        vnetId: vnetOfSubnet(subnetId),
        memberName: stringAt(link, "requiredMemberName"),
        fqdns: strings(listAt(link, "fqdns")),
      },
    ];
  });
}

const addressesByInterface = oncePerGraph(
  (graph) =>
    new Map(
      graph
        .ofType(networkTypes.interface)
        .map((resource) => [idKey(resource.id), interfaceAddresses(resource)] as const),
    ),
);

const interfacesByAddress = oncePerGraph((graph) =>
  groupBy([...addressesByInterface(graph).values()].flat(), ({ address }) => address),
);

/** Every interface that has an address; networks may overlap, so that there can be several. */
export const interfacesAt = (graph: Graph, address: string): readonly InterfaceAddress[] =>
  interfacesByAddress(graph).get(address) ?? [];

/** Addresses of firewalls and of resolvers' inbound endpoints, which have no network interface of their own in ARM. */
const serviceAddresses = (graph: Graph): readonly InterfaceAddress[] =>
  [...graph.ofType(networkTypes.firewall), ...graph.ofType(networkTypes.inboundEndpoint)].flatMap(
    (resource) =>
      listAt(resource.properties, "ipConfigurations").flatMap((configuration) => {
        const inner = at(configuration, "properties") ?? configuration;
        const address = stringAt(inner, "privateIPAddress") ?? stringAt(inner, "privateIpAddress");
        const subnetId = stringAt(inner, "subnet", "id");
        if (address === undefined) return [];
        const vnetId = vnetOfSubnet(subnetId);
        const bare = { memberName: undefined, fqdns: [] };
        return [{ address, interfaceId: resource.id, subnetId, vnetId, ...bare }];
      }),
  );

const addressesBySubnet = oncePerGraph((graph) =>
  groupBy(
    [...[...addressesByInterface(graph).values()].flat(), ...serviceAddresses(graph)],
    ({ subnetId }) => (subnetId === undefined ? undefined : idKey(subnetId)),
  ),
);

/** The addresses that interfaces, firewalls and resolvers take in a subnet. */
export const addressesIn = (graph: Graph, subnetId: ResourceId): readonly InterfaceAddress[] =>
  addressesBySubnet(graph).get(idKey(subnetId)) ?? [];

function endpointView(graph: Graph, resource: ArmResource): EndpointView {
  const subnetId = stringAt(resource.properties, "subnet", "id");
  const connection =
    at(resource.properties, "privateLinkServiceConnections", 0) ??
    at(resource.properties, "manualPrivateLinkServiceConnections", 0);
  return {
    id: resource.id,
    name: resource.name,
    subnetId,
    vnetId: vnetOfSubnet(subnetId),
    targetId: stringAt(connection, "properties", "privateLinkServiceId"),
    groupIds: strings(listAt(connection, "properties", "groupIds")),
    addresses: listAt(resource.properties, "networkInterfaces").flatMap((reference) => {
      const id = stringAt(reference, "id");
      return id === undefined ? [] : (addressesByInterface(graph).get(idKey(id)) ?? []);
    }),
  };
}

/** All private endpoints, oldest first. */
export const endpointsOf = oncePerGraph((graph) =>
  graph.ofType(networkTypes.endpoint).map((resource) => endpointView(graph, resource)),
);

const endpointsByInterface = oncePerGraph(
  (graph) =>
    new Map(
      endpointsOf(graph).flatMap((endpoint) =>
        endpoint.addresses.map(({ interfaceId }) => [idKey(interfaceId), endpoint] as const),
      ),
    ),
);

export const endpointOf = byIdInGraph(endpointsOf);

/** The private endpoint that an interface belongs to. */
export const endpointWithInterface = (
  graph: Graph,
  interfaceId: ResourceId,
): EndpointView | undefined => endpointsByInterface(graph).get(idKey(interfaceId));

/** The types that private endpoints can lead to. */
export const connectionTypes: readonly string[] = [
  "Microsoft.Insights/privateLinkScopes/privateEndpointConnections",
  "Microsoft.Monitor/accounts/privateEndpointConnections",
];

const connections = oncePerGraph((graph): readonly ConnectionView[] =>
  connectionTypes.flatMap((type) =>
    graph.ofType(type).flatMap((resource) => {
      const targetId = parseId(resource.id)?.parentId;
      const endpointId = stringAt(resource.properties, "privateEndpoint", "id");
      if (targetId === undefined || endpointId === undefined) return [];
      const status =
        stringAt(resource.properties, "privateLinkServiceConnectionState", "status") ?? "Pending";
      return [{ id: resource.id, name: resource.name, targetId, endpointId, status }];
    }),
  ),
);

const connectionsByEndpoint = oncePerGraph((graph) =>
  groupBy(connections(graph), ({ endpointId }) => idKey(endpointId)),
);
const connectionsByTarget = oncePerGraph((graph) =>
  groupBy(connections(graph), ({ targetId }) => idKey(targetId)),
);

/** The connection by which an endpoint is known to its target, or undefined once the target removed it. */
export function connectionOf(graph: Graph, endpoint: EndpointView): ConnectionView | undefined {
  const key = idKey(endpoint.targetId ?? "");
  return connectionsByEndpoint(graph)
    .get(idKey(endpoint.id))
    ?.find(({ targetId }) => idKey(targetId) === key);
}

/** The connections that a target keeps, oldest first. */
export const connectionsTo = (graph: Graph, targetId: ResourceId): readonly ConnectionView[] =>
  connectionsByTarget(graph).get(idKey(targetId)) ?? [];

const zoneLinks = oncePerGraph((graph): readonly ZoneLinkView[] =>
  graph.ofType(networkTypes.zoneLink).flatMap((resource) => {
    const zoneId = parseId(resource.id)?.parentId;
    const vnetId = stringAt(resource.properties, "virtualNetwork", "id");
    if (zoneId === undefined || vnetId === undefined) return [];
    const zoneName = (parseId(zoneId)?.name ?? "").toLowerCase();
    const redirects = stringAt(resource.properties, "resolutionPolicy") === "NxDomainRedirect";
    return [{ id: resource.id, zoneId, zoneName, vnetId, redirects }];
  }),
);

const zoneLinksByVnet = oncePerGraph((graph) =>
  groupBy(zoneLinks(graph), ({ vnetId }) => idKey(vnetId)),
);

/** The private zones linked to a network. */
export const zoneLinksOf = (graph: Graph, vnetId: ResourceId): readonly ZoneLinkView[] =>
  zoneLinksByVnet(graph).get(idKey(vnetId)) ?? [];

/** The networks that a private zone is linked to. */
export const zoneLinksTo = (graph: Graph, zoneId: ResourceId): readonly ZoneLinkView[] =>
  zoneLinks(graph).filter((link) => idKey(link.zoneId) === idKey(zoneId));

const recordTypes: readonly string[] = ["A", "AAAA", "CNAME", "MX", "PTR", "SOA", "SRV", "TXT"];

const recordsByZone = oncePerGraph((graph) => {
  const zones = new Map<string, Map<string, RecordNode>>();
  for (const recordType of recordTypes) {
    for (const resource of graph.ofType(`${networkTypes.zone}/${recordType}`)) {
      const zoneKey = idKey(parseId(resource.id)?.parentId ?? "");
      const nodes = zones.get(zoneKey) ?? new Map<string, RecordNode>();
      zones.set(zoneKey, nodes);
      const name = resource.name.toLowerCase();
      nodes.set(name, withRecord(nodes.get(name), resource));
    }
  }
  return zones;
});

function withRecord(node: RecordNode | undefined, resource: ArmResource): RecordNode {
  const { properties } = resource;
  const ttl = at(properties, "ttl");
  return {
    addresses: [
      ...(node?.addresses ?? []),
      ...listAt(properties, "aRecords").flatMap((record) => stringAt(record, "ipv4Address") ?? []),
    ],
    addresses6: [
      ...(node?.addresses6 ?? []),
      ...listAt(properties, "aaaaRecords").flatMap(
        (record) => stringAt(record, "ipv6Address") ?? [],
      ),
    ],
    cname: node?.cname ?? stringAt(properties, "cnameRecord", "cname")?.toLowerCase(),
    ttlSeconds: typeof ttl === "number" ? ttl : (node?.ttlSeconds ?? 3600),
  };
}

/** What a private zone holds, by names relative to it in lower case; `@` is its apex. */
export const recordsIn = (graph: Graph, zoneId: ResourceId): ReadonlyMap<string, RecordNode> =>
  recordsByZone(graph).get(idKey(zoneId)) ?? noRecords;

const noRecords: ReadonlyMap<string, RecordNode> = new Map();
