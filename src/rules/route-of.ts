/** Routing: where a network sends an address, by its route table, its peerings and Azure's own routes, and why. */
import { sameId } from "../arm/index.ts";
import type { Graph, ResourceId } from "../arm/index.ts";
import type { Reason } from "../core/index.ts";
import { because } from "./because.ts";
import type { RuleId } from "./because.ts";
import { endpointWithInterface, interfacesAt } from "./network-view.ts";
import {
  addressSpaceOf,
  networkOfSubnet,
  peeringsOf,
  routesIn,
  subnetOf,
  subnetsIn,
} from "./routing-view.ts";
import type { PeeringView, UserRoute } from "./routing-view.ts";
import { parseIpv4, parseIpv4Prefix } from "./subnet-addresses.ts";
import type { Ipv4Prefix } from "./subnet-addresses.ts";

/** Where traffic leaves from: a subnet, or a network, for a client that stands in its routed subnet. */
export type RouteOrigin = { readonly vnetId: ResourceId } | { readonly subnetId: ResourceId };

export type NextHop =
  | { readonly kind: "local"; readonly vnetId: ResourceId }
  | { readonly kind: "peering"; readonly peering: PeeringView }
  | { readonly kind: "internet" }
  | { readonly kind: "appliance"; readonly address: string }
  /** Dropped. `unrouted` by Azure's own routes, which drop private ranges that nobody has; `dropped` by a user's. */
  | { readonly kind: "none"; readonly by: "unrouted" | "dropped" };

export interface Route {
  readonly hop: NextHop;
  /** The prefix that won. */
  readonly prefix: string;
  readonly reasons: readonly Reason[];
}

/** The network in which a route begins. */
export const networkOf = (origin: RouteOrigin): ResourceId =>
  "vnetId" in origin ? origin.vnetId : networkOfSubnet(origin.subnetId);

/** Subnets of Azure's own services: no client stands in them. */
const serviceSubnets: ReadonlySet<string> = new Set(
  [
    "AzureFirewallSubnet",
    "AzureFirewallManagementSubnet",
    "AzureBastionSubnet",
    "GatewaySubnet",
    "RouteServerSubnet",
  ].map((name) => name.toLowerCase()),
);

/** Whether a subnet belongs to one of Azure's services, and holds nothing of the user's. */
export const isServiceSubnet = (name: string): boolean => serviceSubnets.has(name.toLowerCase());

/** Ranges that Azure drops unless a network's address space or a route has them. @see learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview */
const droppedPrefixes = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];

interface Candidate extends Route {
  readonly length: number;
  /** Of two routes with one prefix, the user's wins. */
  readonly rank: "system" | "user";
}

/**
 * Decides where an address is sent next: the longest prefix wins, and of equal ones the user's.
 *
 * A client of a network without a named subnet stands in the subnet that has a route table; where subnets have
 * different ones, the answer is that a subnet must be named (inferred: Azure has no client without a subnet).
 *
 * @param address a dotted quad; what is none is dropped.
 * @see learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview
 */
export function routeOf(
  graph: Graph,
  { from, address }: { readonly from: RouteOrigin; readonly address: string },
): Route {
  const value = parseIpv4(address);
  const vnetId = networkOf(from);
  if (value === undefined || graph.get(vnetId) === undefined) {
    return dropped("route.none", `${address} is no IPv4 address that ${vnetId} can send to.`);
  }
  const tables = tablesOf(graph, from);
  if (tables.length > 1) {
    const says = `The subnets of ${vnetId} have ${tables.length} route tables (${tables.join(", ")}). Say from which subnet.`;
    return dropped("route.ambiguous", says);
  }
  const own = tables[0] === undefined ? [] : routesIn(graph, tables[0]);
  const users = own.filter(({ prefix }) => holds(prefix, value)).map(userCandidate(vnetId));
  const candidates = [
    ...users,
    ...endpointCandidates(graph, { vnetId, address, users: users.map(({ length }) => length) }),
    ...systemCandidates(graph, vnetId, value),
  ];
  const [first, ...rest] = candidates;
  if (first === undefined) return dropped("route.none", `${vnetId} has no route to ${address}.`);
  const { hop, prefix, reasons } = rest.reduce(
    (best, next) => (beats(next, best) ? next : best),
    first,
  );
  return { hop, prefix, reasons };
}

const beats = (a: Candidate, b: Candidate): boolean =>
  a.length > b.length || (a.length === b.length && a.rank === "user" && b.rank === "system");

const holds = (prefix: Ipv4Prefix, value: number): boolean =>
  value >= prefix.first && value < prefix.first + prefix.size;

const dropped = (rule: RuleId, says: string): Route => ({
  hop: { kind: "none", by: "dropped" },
  prefix: "",
  reasons: [because(rule, says)],
});

/** The route tables that speak for an origin, each once. */
function tablesOf(graph: Graph, from: RouteOrigin): readonly ResourceId[] {
  const subnets =
    "subnetId" in from
      ? [subnetOf(graph, from.subnetId)]
      : subnetsIn(graph, from.vnetId).filter(({ name }) => !isServiceSubnet(name));
  const tables: ResourceId[] = [];
  for (const subnet of subnets) {
    const id = subnet?.tableId;
    if (id !== undefined && !tables.some((known) => sameId(known, id))) tables.push(id);
  }
  return tables;
}

/** The prefixes that a client's address is in: of its subnet, or of the subnets with a route table, or of its network. */
export function sourcePrefixes(graph: Graph, from: RouteOrigin): readonly Ipv4Prefix[] {
  if ("subnetId" in from) return subnetOf(graph, from.subnetId)?.prefixes ?? [];
  const routed = subnetsIn(graph, from.vnetId).filter(
    ({ name, tableId }) => tableId !== undefined && !isServiceSubnet(name),
  );
  return routed.length === 0
    ? addressSpaceOf(graph, from.vnetId)
    : routed.flatMap(({ prefixes }) => prefixes);
}

const userCandidate =
  (vnetId: ResourceId) =>
  (route: UserRoute): Candidate => ({
    hop: hopOfUser(route, vnetId),
    prefix: route.prefixText,
    length: route.prefix.length,
    rank: "user",
    reasons: [
      because(
        "route.user",
        `${route.tableId} sends ${route.prefixText} to ${route.nextHopType}${route.nextHopAddress === undefined ? "" : ` ${route.nextHopAddress}`} (${route.name}).`,
      ),
    ],
  });

function hopOfUser({ nextHopType, nextHopAddress }: UserRoute, vnetId: ResourceId): NextHop {
  switch (nextHopType) {
    case "VirtualAppliance":
      return { kind: "appliance", address: nextHopAddress ?? "" };
    case "Internet":
      return { kind: "internet" };
    case "VnetLocal":
      return { kind: "local", vnetId };
    default:
      return { kind: "none", by: "dropped" };
  }
}

/**
 * The routes of private endpoints, one address long, in their network and in those peered with it. Where the endpoint's
 * subnet takes route tables, a user's route replaces one when it is at least as long as the network's own prefix.
 * @see learn.microsoft.com/azure/private-link/disable-private-endpoint-network-policy
 */
function endpointCandidates(
  graph: Graph,
  asked: {
    readonly vnetId: ResourceId;
    readonly address: string;
    readonly users: readonly number[];
  },
): readonly Candidate[] {
  const { vnetId, address, users } = asked;
  return interfacesAt(graph, address).flatMap((held): readonly Candidate[] => {
    const endpoint = endpointWithInterface(graph, held.interfaceId);
    if (endpoint === undefined || held.vnetId === undefined) return [];
    const hop = hopToNetwork(graph, { vnetId, to: held.vnetId });
    if (hop === undefined || isReplaced(graph, { ...held, users })) return [];
    const says = `${address} is an address of the private endpoint ${endpoint.id}, which has a route of its own.`;
    return [
      {
        hop,
        prefix: `${address}/32`,
        length: 32,
        rank: "system",
        reasons: [because("route.endpoint", says)],
      },
    ];
  });
}

function hopToNetwork(
  graph: Graph,
  { vnetId, to }: { readonly vnetId: ResourceId; readonly to: ResourceId },
): NextHop | undefined {
  if (sameId(to, vnetId)) return { kind: "local", vnetId };
  const peering = peeringsOf(graph, vnetId).find(
    ({ remoteVnetId, state }) => sameId(remoteVnetId, to) && state === "Connected",
  );
  return peering === undefined ? undefined : { kind: "peering", peering };
}

function isReplaced(
  graph: Graph,
  held: {
    readonly address: string;
    readonly subnetId: ResourceId | undefined;
    readonly vnetId: ResourceId | undefined;
    readonly users: readonly number[];
  },
): boolean {
  const subnet = held.subnetId === undefined ? undefined : subnetOf(graph, held.subnetId);
  if (subnet?.routesEndpoints !== true) return false;
  const value = parseIpv4(held.address) ?? 0;
  const space = addressSpaceOf(graph, held.vnetId ?? "").find((prefix) => holds(prefix, value));
  return held.users.some((length) => length >= (space?.length ?? 33));
}

function systemCandidates(graph: Graph, vnetId: ResourceId, value: number): readonly Candidate[] {
  const candidates: Candidate[] = [];
  const add = (length: number, route: Route): void =>
    void candidates.push({ ...route, length, rank: "system" });
  for (const prefix of addressSpaceOf(graph, vnetId)) {
    if (!holds(prefix, value)) continue;
    const reasons = [because("route.local", `The address is in ${vnetId} itself.`)];
    add(prefix.length, { hop: { kind: "local", vnetId }, prefix: spelled(prefix), reasons });
  }
  for (const peering of peeringsOf(graph, vnetId)) {
    if (peering.state !== "Connected") continue;
    for (const prefix of addressSpaceOf(graph, peering.remoteVnetId)) {
      if (!holds(prefix, value)) continue;
      const says = `${spelled(prefix)} is in ${peering.remoteVnetId}, peered by ${peering.name}.`;
      add(prefix.length, {
        hop: { kind: "peering", peering },
        prefix: spelled(prefix),
        reasons: [because("route.peering", says)],
      });
    }
  }
  for (const text of droppedPrefixes) {
    const prefix = parseIpv4Prefix(text);
    if (prefix === undefined || !holds(prefix, value)) continue;
    const says = `Azure drops ${text}: no network that ${vnetId} reaches has the address.`;
    const reasons = [because("route.none", says)];
    add(prefix.length, { hop: { kind: "none", by: "unrouted" }, prefix: text, reasons });
  }
  const reasons = [because("route.internet", `No route table of ${vnetId} says otherwise.`)];
  add(0, { hop: { kind: "internet" }, prefix: "0.0.0.0/0", reasons });
  return candidates;
}

const spelled = ({ first, length }: Ipv4Prefix): string =>
  `${[24, 16, 8, 0].map((bits) => Math.floor(first / 2 ** bits) % 256).join(".")}/${length}`;
