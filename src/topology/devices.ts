/** The boxes of what stands in and beside networks: firewalls, gateways, resolvers, on-premises networks; and what ties them. */
import { at, idKey, listAt, parseId, stringAt } from "../arm/index.ts";
import type { ArmResource, Graph, Json, ResourceId } from "../arm/index.ts";
import { peeringsOf, types } from "../rules/index.ts";
import { outsideId } from "./flow-of.ts";
import { subnetOfCluster } from "./flows.ts";
import type { Fact, NodeKind, TopologyNode } from "./topology.ts";

/** Types that the picture knows, in the provider's spelling; a graph without them has no such box. */
const deviceTypes = {
  firewall: "Microsoft.Network/azureFirewalls",
  gateway: "Microsoft.Network/virtualNetworkGateways",
  resolver: "Microsoft.Network/dnsResolvers",
  inboundEndpoint: "Microsoft.Network/dnsResolvers/inboundEndpoints",
  local: "Microsoft.Network/localNetworkGateways",
  circuit: "Microsoft.Network/expressRouteCircuits",
  connection: "Microsoft.Network/connections",
} as const;

/** Every such box, in the order of creation. */
export function deviceNodes(graph: Graph): readonly TopologyNode[] {
  return [
    ...graph.ofType(deviceTypes.firewall).map((firewall) =>
      device(graph, firewall, {
        kind: "firewall",
        networkId: networkOfConfiguration(firewall),
        lines: [firewallAddress(firewall) ?? "no address", rulesLine(firewall)],
      }),
    ),
    ...graph.ofType(deviceTypes.gateway).map((gateway) =>
      device(graph, gateway, {
        kind: "gateway",
        networkId: networkOfConfiguration(gateway),
        lines: [stringAt(gateway.properties, "gatewayType") ?? ""],
      }),
    ),
    ...graph.ofType(deviceTypes.resolver).map((resolver) =>
      device(graph, resolver, {
        kind: "resolver",
        networkId: stringAt(resolver.properties, "virtualNetwork", "id"),
        lines: inboundAddresses(graph, resolver),
      }),
    ),
    ...[deviceTypes.local, deviceTypes.circuit].flatMap((type) =>
      graph.ofType(type).map((network) =>
        device(graph, network, {
          kind: "on-premises",
          networkId: undefined,
          lines: [prefixesOf(network).join(", ")],
        }),
      ),
    ),
  ];
}

/** What ties two boxes. */
export interface Tie {
  readonly from: string;
  readonly to: string;
  readonly says: string;
}

/** Connections from on-premises, and clusters whose subnet is routed to a firewall. */
export function deviceTies(graph: Graph): readonly Tie[] {
  return [...connectionTies(graph), ...routeTies(graph)];
}

/** What a network's box says of its peerings: the other network, and whether its gateway is used. */
export const peeringFacts = (graph: Graph, networkId: ResourceId): readonly Fact[] =>
  peeringsOf(graph, networkId).map(({ remoteVnetId, state, usesRemoteGateways }) => {
    const name = parseId(remoteVnetId)?.name ?? remoteVnetId;
    const transit = usesRemoteGateways ? ", by its gateway" : "";
    return { label: "peered with", value: `${name} (${state}${transit})` };
  });

interface DeviceLook {
  readonly kind: NodeKind;
  readonly networkId: ResourceId | undefined;
  readonly lines: readonly string[];
}

function device(graph: Graph, resource: ArmResource, look: DeviceLook): TopologyNode {
  const { kind, networkId, lines } = look;
  const isThere = networkId !== undefined && graph.get(networkId) !== undefined;
  return {
    id: idKey(resource.id),
    kind,
    name: resource.name,
    ...(isThere ? { networkId: idKey(networkId) } : {}),
    lines: lines.filter((line) => line !== ""),
    facts: [
      { label: "id", value: resource.id },
      ...(resource.location === undefined ? [] : [{ label: "region", value: resource.location }]),
    ],
  };
}

/** Firewalls and gateways stand in the network of their first address's subnet. */
const networkOfConfiguration = (resource: ArmResource): ResourceId | undefined =>
  stringAt(resource.properties, "ipConfigurations", 0, "properties", "subnet", "id")
    ?.split("/")
    .slice(0, -2)
    .join("/");

const firewallAddress = (firewall: ArmResource): string | undefined =>
  stringAt(firewall.properties, "ipConfigurations", 0, "properties", "privateIPAddress");

function rulesLine(firewall: ArmResource): string {
  const count = (collections: string): number =>
    listAt(firewall.properties, collections)
      .map((collection: Json) => listAt(collection, "properties", "rules").length)
      .reduce((sum, rules) => sum + rules, 0);
  const rules = count("applicationRuleCollections") + count("networkRuleCollections");
  return rules === 1 ? "1 rule" : `${rules} rules`;
}

const inboundAddresses = (graph: Graph, resolver: ArmResource): readonly string[] =>
  graph
    .under(resolver.id, deviceTypes.inboundEndpoint)
    .flatMap(
      (endpoint) => stringAt(endpoint.properties, "ipConfigurations", 0, "privateIpAddress") ?? [],
    );

const prefixesOf = (network: ArmResource): readonly string[] =>
  listAt(network.properties, "localNetworkAddressSpace", "addressPrefixes").filter(
    (prefix) => typeof prefix === "string",
  );

const connectionTies = (graph: Graph): readonly Tie[] =>
  graph.ofType(deviceTypes.connection).flatMap(({ properties }) => {
    const from =
      stringAt(properties, "localNetworkGateway2", "id") ?? stringAt(properties, "peer", "id");
    const to = stringAt(properties, "virtualNetworkGateway1", "id");
    if (from === undefined || to === undefined) return [];
    const says = stringAt(properties, "connectionType") ?? "connection";
    return [{ from: idKey(from), to: idKey(to), says }];
  });

function routeTies(graph: Graph): readonly Tie[] {
  const firewalls = new Map(
    graph.ofType(deviceTypes.firewall).flatMap((firewall): [string, ResourceId][] => {
      const address = firewallAddress(firewall);
      return address === undefined ? [] : [[address, firewall.id]];
    }),
  );
  const ties = graph.ofType(types.cluster).flatMap((cluster): Tie[] => {
    const tableId = routeTableOf(graph, subnetOfCluster(cluster));
    const routes = listAt(graph.get(tableId ?? "")?.properties, "routes");
    return routes.flatMap((route): Tie[] => {
      const hop = stringAt(route, "properties", "nextHopIpAddress");
      const firewall = hop === undefined ? undefined : firewalls.get(hop);
      const says = `route ${stringAt(route, "properties", "addressPrefix") ?? ""}`;
      return firewall === undefined ? [] : [{ from: idKey(cluster.id), to: idKey(firewall), says }];
    });
  });
  const used = new Set(ties.map(({ to }) => to));
  return [...ties, ...[...used].map((from) => ({ from, to: outsideId, says: "egress" }))];
}

function routeTableOf(graph: Graph, subnetId: ResourceId | undefined): ResourceId | undefined {
  if (subnetId === undefined) return undefined;
  const parts = subnetId.split("/");
  const network = graph.get(parts.slice(0, -2).join("/"));
  const subnet =
    graph.get(subnetId) ??
    listAt(network?.properties, "subnets").find(
      (entry) => stringAt(entry, "name")?.toLowerCase() === parts.at(-1)?.toLowerCase(),
    );
  const properties = subnet === undefined ? undefined : at(subnet as Json, "properties");
  return stringAt(properties, "routeTable", "id");
}
