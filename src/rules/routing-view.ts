/** What a rule may read of routing and DNS servers: peerings, route tables, resolvers; typed readers over the graph, and no other field. */
import { at, idKey, listAt, parseId, sameId, stringAt } from "../arm/index.ts";
import type { ArmResource, Graph, Json, ResourceId } from "../arm/index.ts";
import { oncePerGraph } from "./memo.ts";
import { networkTypes } from "./network-view.ts";
import { parseIpv4Prefix } from "./subnet-addresses.ts";
import type { Ipv4Prefix } from "./subnet-addresses.ts";

/** One side of a peering, as its own network keeps it. */
export interface PeeringView {
  readonly id: ResourceId;
  readonly name: string;
  readonly vnetId: ResourceId;
  readonly remoteVnetId: ResourceId;
  /** `Initiated`, `Connected` or `Disconnected`. */
  readonly state: string;
  readonly allowsAccess: boolean;
  /** Whether this network takes traffic that the remote one only forwards. */
  readonly allowsForwarded: boolean;
  readonly allowsGatewayTransit: boolean;
  readonly usesRemoteGateways: boolean;
}

export interface UserRoute {
  readonly name: string;
  readonly tableId: ResourceId;
  readonly prefixText: string;
  readonly prefix: Ipv4Prefix;
  /** `VirtualAppliance`, `Internet`, `None`, `VnetLocal` or another of Azure's. */
  readonly nextHopType: string;
  readonly nextHopAddress: string | undefined;
}

export interface SubnetView {
  readonly id: ResourceId;
  readonly name: string;
  readonly prefixes: readonly Ipv4Prefix[];
  readonly tableId: ResourceId | undefined;
  /** Whether routes of users may replace those to private endpoints in it. */
  readonly routesEndpoints: boolean;
  /** Whether its network security group speaks for private endpoints in it. */
  readonly filtersEndpoints: boolean;
}

/** An inbound endpoint of a DNS resolver: an address at which Azure DNS answers as in the resolver's network. */
export interface InboundEndpointView {
  readonly id: ResourceId;
  readonly address: string;
  readonly subnetId: ResourceId;
  readonly vnetId: ResourceId;
}

export interface ForwardingRule {
  readonly id: ResourceId;
  readonly rulesetId: ResourceId;
  /** Lower case, without the final dot; empty for the root, which matches every name. */
  readonly domain: string;
  readonly servers: readonly { readonly address: string; readonly port: number }[];
  /** The network that forwarded queries leave from; undefined where the ruleset's outbound endpoint is gone. */
  readonly outboundVnetId: ResourceId | undefined;
}

const texts = (values: readonly Json[]): readonly string[] =>
  values.filter((value) => typeof value === "string");

const prefixes = (values: readonly string[]): readonly Ipv4Prefix[] =>
  values.flatMap((value) => parseIpv4Prefix(value) ?? []);

/** Keeps what is read of a network: versions of a graph share the resources that did not change. */
function perNetwork<Value>(read: (vnet: ArmResource) => readonly Value[]) {
  const kept = new WeakMap<ArmResource, readonly Value[]>();
  return (graph: Graph, vnetId: ResourceId): readonly Value[] => {
    const vnet = graph.get(vnetId);
    if (vnet === undefined) return [];
    let values = kept.get(vnet);
    if (values === undefined) {
      values = read(vnet);
      kept.set(vnet, values);
    }
    return values;
  };
}

/** The IPv4 prefixes of a network's address space. */
export const addressSpaceOf: (graph: Graph, vnetId: ResourceId) => readonly Ipv4Prefix[] =
  perNetwork(({ properties }) =>
    prefixes(texts(listAt(properties, "addressSpace", "addressPrefixes"))),
  );

/** The DNS servers that a network's machines are given; none is Azure's own. */
export const dnsServersOf: (graph: Graph, vnetId: ResourceId) => readonly string[] = perNetwork(
  ({ properties }) => texts(listAt(properties, "dhcpOptions", "dnsServers")),
);

/** The peerings that a network keeps, in its own order. */
export const peeringsOf: (graph: Graph, vnetId: ResourceId) => readonly PeeringView[] = perNetwork(
  ({ id: vnetId, properties }) =>
    listAt(properties, "virtualNetworkPeerings").flatMap((peering) => {
      const remoteVnetId = stringAt(peering, "properties", "remoteVirtualNetwork", "id");
      const name = stringAt(peering, "name") ?? "";
      if (remoteVnetId === undefined) return [];
      const flag = (key: string): boolean => at(peering, "properties", key) === true;
      return [
        {
          id: stringAt(peering, "id") ?? `${vnetId}/virtualNetworkPeerings/${name}`,
          name,
          vnetId,
          remoteVnetId,
          state: stringAt(peering, "properties", "peeringState") ?? "Initiated",
          allowsAccess: at(peering, "properties", "allowVirtualNetworkAccess") !== false,
          allowsForwarded: flag("allowForwardedTraffic"),
          allowsGatewayTransit: flag("allowGatewayTransit"),
          usesRemoteGateways: flag("useRemoteGateways"),
        },
      ];
    }),
);

/** The peering by which one network knows another, if it has one. */
export const peeringBetween = (
  graph: Graph,
  { vnetId, remoteVnetId }: { readonly vnetId: ResourceId; readonly remoteVnetId: ResourceId },
): PeeringView | undefined =>
  peeringsOf(graph, vnetId).find((peering) => sameId(peering.remoteVnetId, remoteVnetId));

function subnetView(id: ResourceId, name: string, properties: Json | undefined): SubnetView {
  const single = stringAt(properties, "addressPrefix");
  const policies = stringAt(properties, "privateEndpointNetworkPolicies");
  return {
    id,
    name,
    prefixes: prefixes(
      single === undefined ? texts(listAt(properties, "addressPrefixes")) : [single],
    ),
    tableId: stringAt(properties, "routeTable", "id"),
    routesEndpoints: policies === "Enabled" || policies === "RouteTableEnabled",
    filtersEndpoints: policies === "Enabled" || policies === "NetworkSecurityGroupEnabled",
  };
}

/** The subnets of a network, in its own order. */
export const subnetsIn: (graph: Graph, vnetId: ResourceId) => readonly SubnetView[] = perNetwork(
  ({ id: vnetId, properties }) =>
    listAt(properties, "subnets").map((subnet) => {
      const name = stringAt(subnet, "name") ?? "";
      const id = stringAt(subnet, "id") ?? `${vnetId}/subnets/${name}`;
      return subnetView(id, name, at(subnet, "properties"));
    }),
);

/** One subnet, as its network lists it. */
export const subnetOf = (graph: Graph, subnetId: ResourceId): SubnetView | undefined =>
  subnetsIn(graph, parseId(subnetId)?.parentId ?? "").find(({ id }) => sameId(id, subnetId));

/** The routes of a route table; a prefix that is no IPv4 prefix routes nothing. */
export const routesIn = (graph: Graph, tableId: ResourceId): readonly UserRoute[] =>
  listAt(graph.get(tableId)?.properties, "routes").flatMap((route) => {
    const prefixText = stringAt(route, "properties", "addressPrefix") ?? "";
    const prefix = parseIpv4Prefix(prefixText);
    if (prefix === undefined) return [];
    return [
      {
        name: stringAt(route, "name") ?? "",
        tableId,
        prefixText,
        prefix,
        nextHopType: stringAt(route, "properties", "nextHopType") ?? "None",
        nextHopAddress: stringAt(route, "properties", "nextHopIpAddress"),
      },
    ];
  });

/** The network of a subnet's id. */
export const networkOfSubnet = (subnetId: ResourceId): ResourceId =>
  parseId(subnetId)?.parentId ?? "";

/** Every inbound endpoint of every DNS resolver. */
export const inboundEndpointsOf = oncePerGraph((graph): readonly InboundEndpointView[] =>
  graph.ofType(networkTypes.inboundEndpoint).flatMap((resource) =>
    listAt(resource.properties, "ipConfigurations").flatMap((configuration) => {
      const address = stringAt(configuration, "privateIpAddress");
      const subnetId = stringAt(configuration, "subnet", "id");
      if (address === undefined || subnetId === undefined) return [];
      return [{ id: resource.id, address, subnetId, vnetId: networkOfSubnet(subnetId) }];
    }),
  ),
);

const rulesets = oncePerGraph((graph) => {
  const byVnet = new Map<string, ForwardingRule[]>();
  for (const link of graph.ofType(networkTypes.rulesetLink)) {
    const rulesetId = parseId(link.id)?.parentId ?? "";
    const vnetId = stringAt(link.properties, "virtualNetwork", "id");
    if (vnetId === undefined) continue;
    const known = byVnet.get(idKey(vnetId)) ?? [];
    byVnet.set(idKey(vnetId), [...known, ...forwardingRulesIn(graph, rulesetId)]);
  }
  return byVnet;
});

function forwardingRulesIn(graph: Graph, rulesetId: ResourceId): readonly ForwardingRule[] {
  const outbound = listAt(graph.get(rulesetId)?.properties, "dnsResolverOutboundEndpoints")
    .map((reference) => graph.get(stringAt(reference, "id") ?? ""))
    .find((endpoint) => endpoint !== undefined);
  const subnetId = stringAt(outbound?.properties, "subnet", "id");
  const outboundVnetId = subnetId === undefined ? undefined : networkOfSubnet(subnetId);
  return graph
    .under(rulesetId, networkTypes.forwardingRule)
    .filter(({ properties }) => stringAt(properties, "forwardingRuleState") !== "Disabled")
    .map((rule) => forwardingRule(rule, rulesetId, outboundVnetId));
}

const forwardingRule = (
  rule: ArmResource,
  rulesetId: ResourceId,
  outboundVnetId: ResourceId | undefined,
): ForwardingRule => ({
  id: rule.id,
  rulesetId,
  domain: (stringAt(rule.properties, "domainName") ?? "").toLowerCase().replace(/\.$/, ""),
  servers: listAt(rule.properties, "targetDnsServers").flatMap((server) => {
    const address = stringAt(server, "ipAddress");
    const port = at(server, "port");
    if (address === undefined) return [];
    return [{ address, port: typeof port === "number" ? port : 53 }];
  }),
  outboundVnetId,
});

/** The enabled forwarding rules in force in a network, by its rulesets' links. */
export const forwardingRulesOf = (graph: Graph, vnetId: ResourceId): readonly ForwardingRule[] =>
  rulesets(graph).get(idKey(vnetId)) ?? [];
