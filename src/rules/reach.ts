/** Reach: what a connection from a network arrives at, hop by hop, with the rule that let it pass or stopped it. */
import { idKey, sameId } from "../arm/index.ts";
import type { Graph, ResourceId } from "../arm/index.ts";
import { publicServiceOf } from "../azure/index.ts";
import type { Reason } from "../core/index.ts";
import { because } from "./because.ts";
import type { RuleId } from "./because.ts";
import { firewallDecision } from "./firewall-decision.ts";
import { firewallsOf } from "./firewall-view.ts";
import type { FirewallView } from "./firewall-view.ts";
import { endpointWithInterface, interfacesAt } from "./network-view.ts";
import { networkOf, routeOf, sourcePrefixes } from "./route-of.ts";
import type { Route, RouteOrigin } from "./route-of.ts";
import { inboundEndpointsOf, peeringBetween } from "./routing-view.ts";
import {
  groupOnArriving,
  groupsOnLeaving,
  questionOnLeaving,
  securityDecision,
} from "./security-groups.ts";
import type { SecurityDecision } from "./security-groups.ts";
import type { PeeringView } from "./routing-view.ts";

/** One station of a way, and whether it was passed. */
export interface Hop {
  readonly kind:
    "name" | "route" | "peering" | "security-group" | "firewall" | "endpoint" | "public" | "access";
  /** Whose station it is: a resource's id, or a name. */
  readonly at: string;
  readonly passes: boolean;
  readonly reasons: readonly Reason[];
}

export interface ReachQuestion {
  readonly from: RouteOrigin;
  readonly address: string;
  /** 443 where absent. */
  readonly port?: number;
  /** `TCP` where absent. */
  readonly protocol?: "TCP" | "UDP";
  /** The name in the TLS greeting, once it is known. */
  readonly fqdn?: string | undefined;
}

interface Way {
  readonly hops: readonly Hop[];
  /** The reasons of all hops, without those of Azure's own routes where nothing else was to decide. */
  readonly reasons: readonly Reason[];
}

export type Reach = Way &
  (
    | {
        readonly kind: "endpoint";
        readonly endpointId: ResourceId;
        readonly memberName: string | undefined;
        readonly fqdns: readonly string[];
      }
    | { readonly kind: "public" }
    /** A firewall's or a resolver's own address. */
    | { readonly kind: "server"; readonly serverId: ResourceId }
    /** A firewall accepts the connection, and decides by the name in its greeting: ask again with `fqdn`. */
    | { readonly kind: "inspected"; readonly firewallId: ResourceId }
    | { readonly kind: "none" }
  );

/** Routes that Azure makes for every network: they stand in the hops, and not in the reasons of a decision. */
const quiet: ReadonlySet<string> = new Set<RuleId>([
  "route.local",
  "route.internet",
  "route.endpoint",
]);

interface Walk {
  readonly graph: Graph;
  readonly asked: ReachQuestion;
  readonly hops: Hop[];
  readonly passed: Set<string>;
}

/**
 * Follows a connection from a network to an address: routes, peerings (which are not transitive), firewalls.
 *
 * @returns never throws. A way through the same firewall twice is a loop, and is named.
 */
export function reachAddress(graph: Graph, asked: ReachQuestion): Reach {
  const walk: Walk = { graph, asked, hops: [], passed: new Set() };
  if (!leaves(walk)) return { kind: "none", ...way(walk) };
  let from: RouteOrigin = asked.from;
  for (;;) {
    const vnetId = networkOf(from);
    if (graph.get(vnetId) === undefined) {
      return stopped(
        walk,
        vnetId,
        "reach.unknown-network",
        `There is no virtual network ${vnetId}.`,
      );
    }
    const route = routeOf(graph, { from, address: asked.address });
    const { hop } = route;
    if (hop.kind !== "appliance") return follow(walk, vnetId, route);
    add(walk, { kind: "route", at: vnetId, passes: true, reasons: route.reasons });
    const through = passAppliance(walk, vnetId, hop.address);
    if (through.kind === "ended") return through.reach;
    from = { subnetId: through.firewall.subnetId };
  }
}

/** Passes the security groups of the client's subnet; they are silent where Azure's own rules decide. */
function leaves(walk: Walk): boolean {
  const { graph, asked } = walk;
  const { from, address, port = 443, protocol = "TCP" } = asked;
  for (const groupId of groupsOnLeaving(graph, from)) {
    const question = questionOnLeaving(graph, from, { address, port, protocol });
    if (!passGroup(walk, groupId, securityDecision(graph, groupId, question))) return false;
  }
  return true;
}

function passGroup(walk: Walk, at: string, { passes, reasons }: SecurityDecision): boolean {
  if (reasons.some(({ rule }) => rule !== "group.default")) {
    add(walk, { kind: "security-group", at, passes, reasons });
  }
  return passes;
}

/** Passes the security group of a private endpoint's subnet, where it speaks for endpoints. */
function enters(walk: Walk, vnetId: ResourceId, subnetId: ResourceId | undefined): boolean {
  const { graph, asked } = walk;
  const groupId = subnetId === undefined ? undefined : groupOnArriving(graph, subnetId);
  if (groupId === undefined) return true;
  const decision = securityDecision(graph, groupId, {
    direction: "Inbound",
    vnetId,
    sources: sourcePrefixes(graph, asked.from),
    address: asked.address,
    port: asked.port ?? 443,
    protocol: asked.protocol ?? "TCP",
  });
  return passGroup(walk, groupId, decision);
}

const add = ({ hops }: Walk, hop: Hop): void => void hops.push(hop);

const way = ({ hops }: Walk): Way => ({
  hops,
  reasons: hops.flatMap(({ reasons }) => reasons).filter(({ rule }) => !quiet.has(rule)),
});

function stopped(walk: Walk, at: string, rule: RuleId, says: string): Reach {
  add(walk, { kind: "route", at, passes: false, reasons: [because(rule, says)] });
  return { kind: "none", ...way(walk) };
}

/** The last route of a way: into a network, or out. */
function follow(walk: Walk, vnetId: ResourceId, route: Route): Reach {
  const { hop, reasons } = route;
  switch (hop.kind) {
    case "local":
      add(walk, { kind: "route", at: vnetId, passes: true, reasons });
      return arrive(walk, hop.vnetId);
    case "peering":
      add(walk, { kind: "route", at: vnetId, passes: true, reasons });
      return passPeering(walk, hop.peering, walk.passed.size > 0)
        ? arrive(walk, hop.peering.remoteVnetId)
        : { kind: "none", ...way(walk) };
    case "internet":
      return leave(walk, vnetId, reasons);
    default: {
      // Azure's own routes drop what nobody has; who has it elsewhere says more.
      const why =
        hop.kind === "none" && hop.by === "unrouted"
          ? [nobodyHas(walk, vnetId)]
          : [...reasons, because("route.dropped", `${walk.asked.address} is dropped.`)];
      add(walk, { kind: "route", at: vnetId, passes: false, reasons: why });
      return { kind: "none", ...way(walk) };
    }
  }
}

function leave(walk: Walk, vnetId: ResourceId, reasons: readonly Reason[]): Reach {
  const { address } = walk.asked;
  const service = publicServiceOf(address);
  if (service === undefined) {
    add(walk, { kind: "route", at: vnetId, passes: false, reasons: [nobodyHas(walk, vnetId)] });
    return { kind: "none", ...way(walk) };
  }
  add(walk, { kind: "route", at: vnetId, passes: true, reasons });
  add(walk, { kind: "public", at: `${address} (${service.service})`, passes: true, reasons: [] });
  return { kind: "public", ...way(walk) };
}

function nobodyHas({ graph, asked }: Walk, vnetId: ResourceId): Reason {
  const { address } = asked;
  const elsewhere = interfacesAt(graph, address).find(({ interfaceId }) =>
    endpointWithInterface(graph, interfaceId),
  );
  return elsewhere === undefined
    ? because("reach.no-interface", `No interface of a private endpoint has ${address}.`)
    : because(
        "reach.other-network",
        `${address} is in ${elsewhere.vnetId}, which ${vnetId} does not reach.`,
      );
}

/** What stands at the address in a network. */
function arrive(walk: Walk, vnetId: ResourceId): Reach {
  const { graph, asked } = walk;
  const { address } = asked;
  const held = interfacesAt(graph, address).find((one) => sameId(one.vnetId, vnetId));
  const endpoint = held === undefined ? undefined : endpointWithInterface(graph, held.interfaceId);
  if (held !== undefined && endpoint !== undefined) {
    if (!enters(walk, vnetId, held.subnetId)) return { kind: "none", ...way(walk) };
    const says = `${address} is an address of ${endpoint.id}, in ${vnetId}.`;
    const reasons = [because("reach.endpoint", says)];
    add(walk, { kind: "endpoint", at: endpoint.id, passes: true, reasons });
    const { memberName, fqdns } = held;
    return { kind: "endpoint", endpointId: endpoint.id, memberName, fqdns, ...way(walk) };
  }
  const server = serverAt(graph, vnetId, address);
  if (server !== undefined) return { kind: "server", serverId: server, ...way(walk) };
  add(walk, { kind: "route", at: vnetId, passes: false, reasons: [nobodyHas(walk, vnetId)] });
  return { kind: "none", ...way(walk) };
}

const firewallAt = (graph: Graph, vnetId: ResourceId, address: string): FirewallView | undefined =>
  firewallsOf(graph).find((one) => one.address === address && sameId(one.vnetId, vnetId));

function serverAt(graph: Graph, vnetId: ResourceId, address: string): ResourceId | undefined {
  const inbound = inboundEndpointsOf(graph).find(
    (one) => one.address === address && sameId(one.vnetId, vnetId),
  );
  return firewallAt(graph, vnetId, address)?.id ?? inbound?.id;
}

/**
 * Whether traffic passes a peering. The sender's side must allow access; what is only forwarded must be allowed by the
 * receiver's side.
 * @see learn.microsoft.com/azure/virtual-network/virtual-network-manage-peering
 */
function passPeering(walk: Walk, peering: PeeringView, forwarded: boolean): boolean {
  const { graph } = walk;
  const { vnetId, remoteVnetId } = peering;
  const back = peeringBetween(graph, { vnetId: remoteVnetId, remoteVnetId: vnetId });
  const [passes, reason] = !peering.allowsAccess
    ? [
        false,
        because("peering.no-access", `${peering.id} does not allow access to ${remoteVnetId}.`),
      ]
    : forwarded && back?.allowsForwarded !== true
      ? [
          false,
          because(
            "peering.no-forwarded",
            `${remoteVnetId} does not take traffic that ${vnetId} only forwards: allowForwardedTraffic is false in ${back?.id ?? "its peering"}.`,
          ),
        ]
      : [true, because("peering.allows", `${peering.id} leads to ${remoteVnetId}.`)];
  add(walk, { kind: "peering", at: peering.id, passes, reasons: [reason] });
  return passes;
}

type Passed =
  | { readonly kind: "passed"; readonly firewall: FirewallView }
  | { readonly kind: "ended"; readonly reach: Reach };

/** Takes the way through an appliance: it must be a firewall in the network or directly peered with it, and let it pass. */
function passAppliance(walk: Walk, vnetId: ResourceId, address: string): Passed {
  const { graph, asked, passed } = walk;
  const ended = (reach: Reach): Passed => ({ kind: "ended", reach });
  const found = findAppliance(walk, vnetId, address);
  if (found.kind === "ended") return found;
  const { firewall } = found;
  if (passed.has(idKey(firewall.id))) {
    const says = `The way to ${asked.address} leads through ${firewall.id} twice: its routes send it back.`;
    return ended(stopped(walk, firewall.id, "route.loop", says));
  }
  passed.add(idKey(firewall.id));
  const decision = firewallDecision(firewall, {
    sources: sourcePrefixes(graph, asked.from),
    address: asked.address,
    port: asked.port ?? 443,
    protocol: asked.protocol ?? "TCP",
    fqdn: asked.fqdn,
  });
  const { kind, reasons } = decision;
  add(walk, { kind: "firewall", at: firewall.id, passes: kind !== "deny", reasons });
  if (kind === "allow") return { kind: "passed", firewall };
  const rest = way(walk);
  return ended(
    kind === "deny"
      ? { kind: "none", ...rest }
      : { kind: "inspected", firewallId: firewall.id, ...rest },
  );
}

function findAppliance(walk: Walk, vnetId: ResourceId, address: string): Passed {
  const { graph } = walk;
  const ended = (reach: Reach): Passed => ({ kind: "ended", reach });
  const here = firewallAt(graph, vnetId, address);
  if (here !== undefined) return { kind: "passed", firewall: here };
  // An appliance is found by Azure's own routes: a route to a route's next hop is not looked up again.
  const firewall = firewallsOf(graph).find((one) => one.address === address);
  const peering =
    firewall === undefined
      ? undefined
      : peeringBetween(graph, { vnetId, remoteVnetId: firewall.vnetId });
  if (firewall === undefined || peering?.state !== "Connected") {
    const says = `The next hop ${address} is no firewall in ${vnetId} or in a network peered with it; other appliances are not emulated.`;
    return ended(stopped(walk, address, "route.unknown-appliance", says));
  }
  return passPeering(walk, peering, walk.passed.size > 0)
    ? { kind: "passed", firewall }
    : ended({ kind: "none", ...way(walk) });
}
