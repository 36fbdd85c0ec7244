/** On-premises networks: what one is, which virtual networks it reaches, and how names and addresses look from there. */
import { idKey, parseId, sameId, stringAt } from "../arm/index.ts";
import type { ArmResource, Graph, ResourceId } from "../arm/index.ts";
import { cloud, publicServiceOf } from "../azure/index.ts";
import type { Reason } from "../core/index.ts";
import { because } from "./because.ts";
import { oncePerGraph } from "./memo.ts";
import { resolveName } from "./name-resolution.ts";
import type { NameQuestion, NameResolution } from "./name-resolution.ts";
import { interfacesAt } from "./network-view.ts";
import { reachAddress } from "./reach.ts";
import type { Hop, Reach, ReachQuestion } from "./reach.ts";
import { inboundEndpointsOf, peeringBetween, peeringsOf } from "./routing-view.ts";

/** Where a client stands: in a virtual network, in an on-premises network, or outside of all. */
export type Standpoint =
  | { readonly kind: "vnet"; readonly vnetId: ResourceId }
  | { readonly kind: "on-premises"; readonly networkId: ResourceId }
  | { readonly kind: "public" };

/** The resource types that tell of on-premises networks, in the provider's spelling. */
export const onPremisesTypes = {
  local: "Microsoft.Network/localNetworkGateways",
  circuit: "Microsoft.Network/expressRouteCircuits",
  gateway: "Microsoft.Network/virtualNetworkGateways",
  connection: "Microsoft.Network/connections",
} as const;

/**
 * The tag by which a local network gateway or a circuit says which server its on-premises resolver forwards Azure's public
 * suffixes to. Azure has no resource for that setting: the tag is the platform's own word.
 */
export const forwarderTag = "linkscope-dns-forwarder";

/**
 * The public suffixes that an on-premises resolver forwards; never the privatelink names.
 * @see learn.microsoft.com/azure/private-link/private-endpoint-dns-integration
 */
export const forwardedSuffixes: readonly string[] = [
  cloud.monitorSuffix,
  cloud.omsSuffix,
  cloud.odsSuffix,
  cloud.agentServiceSuffix,
  cloud.blobSuffix,
];

/** A tie between an on-premises network and the virtual network of a gateway. */
export interface GatewayConnection {
  readonly id: ResourceId;
  readonly gatewayId: ResourceId;
  readonly gatewaySubnetId: ResourceId;
  readonly vnetId: ResourceId;
}

export interface OnPremisesNetwork {
  /** The id of the local network gateway, or of the circuit, that describes it. */
  readonly id: ResourceId;
  readonly name: string;
  readonly kind: "vpn" | "express-route";
  /** The server that its resolver forwards Azure's public suffixes to; undefined where it forwards nothing. */
  readonly forwarder: string | undefined;
  readonly connections: readonly GatewayConnection[];
}

/** A virtual network that an on-premises network reaches. */
export interface ReachedNetwork {
  readonly vnetId: ResourceId;
  readonly connection: GatewayConnection;
  /** The hub, where the network is reached by gateway transit. */
  readonly throughVnetId: ResourceId | undefined;
}

/** Every on-premises network of the graph, oldest first. */
export const onPremisesNetworks = oncePerGraph((graph): readonly OnPremisesNetwork[] => {
  const connections = graph
    .ofType(onPremisesTypes.connection)
    .map((resource) => connectionEnds(graph, resource));
  const networks = [
    ...graph.ofType(onPremisesTypes.local).map((resource) => ({ resource, kind: "vpn" as const })),
    ...graph
      .ofType(onPremisesTypes.circuit)
      .map((resource) => ({ resource, kind: "express-route" as const })),
  ];
  return networks.map(({ resource: { id, name, tags }, kind }) => ({
    id,
    name,
    kind,
    forwarder: stringAt(tags, forwarderTag),
    connections: connections.flatMap(({ networkId, connection }) =>
      connection !== undefined && sameId(networkId, id) ? [connection] : [],
    ),
  }));
});

/** An on-premises network by the id of the resource that describes it. */
export const onPremisesNetwork = (graph: Graph, id: ResourceId): OnPremisesNetwork | undefined =>
  onPremisesNetworks(graph).find((network) => sameId(network.id, id));

function connectionEnds(
  graph: Graph,
  { id, properties }: ArmResource,
): {
  readonly networkId: ResourceId | undefined;
  readonly connection: GatewayConnection | undefined;
} {
  const networkId =
    stringAt(properties, "localNetworkGateway2", "id") ?? stringAt(properties, "peer", "id");
  const gatewayId = stringAt(properties, "virtualNetworkGateway1", "id") ?? "";
  const gateway = graph.get(gatewayId);
  const gatewaySubnetId = stringAt(
    gateway?.properties,
    "ipConfigurations",
    0,
    "properties",
    "subnet",
    "id",
  );
  const vnetId = gatewaySubnetId === undefined ? undefined : parseId(gatewaySubnetId)?.parentId;
  if (gatewaySubnetId === undefined || vnetId === undefined || graph.get(vnetId) === undefined) {
    return { networkId, connection: undefined };
  }
  return { networkId, connection: { id, gatewayId, gatewaySubnetId, vnetId } };
}

/**
 * The virtual networks that an on-premises network reaches: those of the gateways it is connected to, and those peered
 * with them by gateway transit.
 * @see learn.microsoft.com/azure/vpn-gateway/vpn-gateway-peering-gateway-transit
 */
export function reachedNetworks(graph: Graph, networkId: ResourceId): readonly ReachedNetwork[] {
  const reached = new Map<string, ReachedNetwork>();
  const connections = onPremisesNetwork(graph, networkId)?.connections ?? [];
  for (const connection of connections) {
    const { vnetId } = connection;
    reached.set(idKey(vnetId), { vnetId, connection, throughVnetId: undefined });
  }
  for (const connection of connections) {
    for (const peering of peeringsOf(graph, connection.vnetId)) {
      const { remoteVnetId } = peering;
      const back = peeringBetween(graph, {
        vnetId: remoteVnetId,
        remoteVnetId: connection.vnetId,
      });
      const passes =
        peering.state === "Connected" &&
        peering.allowsGatewayTransit &&
        back?.usesRemoteGateways === true;
      if (!passes || reached.has(idKey(remoteVnetId))) continue;
      const throughVnetId = connection.vnetId;
      reached.set(idKey(remoteVnetId), { vnetId: remoteVnetId, connection, throughVnetId });
    }
  }
  return [...reached.values()];
}

/**
 * Resolves a name from where a client stands. An on-premises network has no private zones: its resolver asks the server
 * that it forwards Azure's public suffixes to, and public DNS for everything else.
 *
 * @returns never throws; `servfail` where the server is no inbound endpoint that the network reaches.
 */
export function resolveFrom(
  graph: Graph,
  standpoint: Standpoint,
  question: Omit<NameQuestion, "vnetId">,
): NameResolution {
  if (standpoint.kind === "public") return resolveName(graph, { ...question, vnetId: undefined });
  if (standpoint.kind === "vnet") {
    return resolveName(graph, { ...question, vnetId: standpoint.vnetId });
  }
  const decision = forwardingOf(graph, standpoint.networkId, question.name);
  if (decision.kind === "none") return unanswered(question.name, decision.reason);
  const resolution = resolveName(graph, {
    ...question,
    ...(decision.vnetId === undefined
      ? { vnetId: undefined }
      : { vnetId: decision.vnetId, server: "azure" as const }),
  });
  return { ...resolution, reasons: [decision.reason, ...resolution.reasons] };
}

type Forwarding =
  /** Answered as in a network, or with no network by public DNS. */
  | {
      readonly kind: "asks";
      readonly vnetId: ResourceId | undefined;
      readonly reason: Reason;
    }
  | { readonly kind: "none"; readonly reason: Reason };

function forwardingOf(graph: Graph, networkId: ResourceId, name: string): Forwarding {
  const network = onPremisesNetwork(graph, networkId);
  if (network === undefined) {
    const says = `There is no on-premises network ${networkId}.`;
    return { kind: "none", reason: because("dns.unknown-network", says) };
  }
  const host = name.toLowerCase().replace(/\.$/, "");
  const suffix = forwardedSuffixes.find((one) => host === one || host.endsWith(`.${one}`));
  const publicly = (says: string): Forwarding => ({
    kind: "asks",
    vnetId: undefined,
    reason: because("dns.on-premises", says),
  });
  if (network.forwarder === undefined) {
    return publicly(
      `${network.name} is on-premises and has no private zones; its resolver forwards nothing (it has no tag ${forwarderTag}), so public DNS is asked.`,
    );
  }
  if (suffix === undefined) {
    return publicly(
      `${network.name} is on-premises and has no private zones; its resolver forwards ${forwardedSuffixes.join(", ")}, not ${host}, so public DNS is asked.`,
    );
  }
  return atForwarder(graph, { network, address: network.forwarder, suffix });
}

function atForwarder(
  graph: Graph,
  asked: {
    readonly network: OnPremisesNetwork;
    readonly address: string;
    readonly suffix: string;
  },
): Forwarding {
  const { network, address, suffix } = asked;
  const reached = reachedNetworks(graph, network.id);
  const endpoints = inboundEndpointsOf(graph).filter((one) => one.address === address);
  const found = endpoints.find((one) => reached.some(({ vnetId }) => sameId(vnetId, one.vnetId)));
  if (found !== undefined) {
    const says = `${network.name} is on-premises; its resolver forwards ${suffix} to ${address}, the inbound endpoint ${found.id}, which answers as in ${found.vnetId}.`;
    return {
      kind: "asks",
      vnetId: found.vnetId,
      reason: because("dns.on-premises-forwarded", says),
    };
  }
  const [other] = endpoints;
  const why =
    other === undefined
      ? "which is no inbound endpoint of a DNS resolver; what else would answer there is not emulated"
      : `the inbound endpoint ${other.id}, in ${other.vnetId}, which ${network.name} does not reach`;
  const says = `${network.name} is on-premises; its resolver forwards ${suffix} to ${address}, ${why}. Nobody answers.`;
  return { kind: "none", reason: because("dns.on-premises-unanswered", says) };
}

const unanswered = (name: string, reason: Reason): NameResolution => ({
  outcome: "servfail",
  chain: [],
  finalName: name.toLowerCase().replace(/\.$/, ""),
  addresses: [],
  ttlSeconds: 0,
  answeredBy: "public-dns",
  reasons: [reason],
});

/**
 * What a connection from an on-premises network arrives at: public addresses by its own way out, and the private endpoints
 * of the virtual networks that it reaches, by the routes of the gateway's subnet.
 */
export function reachFromOnPremises(
  graph: Graph,
  asked: Pick<ReachQuestion, "address" | "fqdn"> & { readonly networkId: ResourceId },
): Reach {
  const { networkId, address, fqdn } = asked;
  const network = onPremisesNetwork(graph, networkId);
  if (network === undefined) {
    const says = `There is no on-premises network ${networkId}.`;
    return stopped(networkId, because("reach.unknown-network", says));
  }
  if (publicServiceOf(address) !== undefined) {
    const says = `${address} is public: ${network.name} goes out to it by its own line.`;
    const reasons = [because("reach.on-premises-public", says)];
    return { kind: "public", reasons, hops: [hopTo(network.id, reasons, true)] };
  }
  const reached = reachedNetworks(graph, networkId);
  const holders = interfacesAt(graph, address).map(({ vnetId }) => vnetId);
  const found = reached.find(({ vnetId }) => holders.some((holder) => sameId(holder, vnetId)));
  if (found === undefined) {
    const says =
      reached.length === 0
        ? `${network.name} is connected to no virtual network, so it reaches no private address.`
        : `${address} is no private endpoint's in ${reached.map(({ vnetId }) => vnetId).join(", ")}, which ${network.name} reaches.`;
    return stopped(network.id, because("reach.on-premises-none", says));
  }
  const { connection, throughVnetId } = found;
  const transit =
    throughVnetId === undefined ? "" : `, and on by gateway transit to ${found.vnetId}`;
  const says = `${network.name} is connected to ${connection.vnetId} by ${connection.id}${transit}.`;
  const reasons = [because("reach.on-premises", says)];
  const from = { subnetId: connection.gatewaySubnetId };
  const reach = reachAddress(graph, { from, address, fqdn });
  return {
    ...reach,
    reasons: [...reasons, ...reach.reasons],
    hops: [hopTo(connection.id, reasons, true), ...reach.hops],
  };
}

const hopTo = (at: string, reasons: readonly Reason[], passes: boolean): Hop => ({
  kind: "route",
  at,
  passes,
  reasons,
});

const stopped = (at: string, reason: Reason): Reach => ({
  kind: "none",
  reasons: [reason],
  hops: [hopTo(at, [reason], false)],
});
