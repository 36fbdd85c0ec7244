/** DNS servers: which resolver answers a query of a network, and where forwarding rules send it. */
import { idKey, sameId } from "../arm/index.ts";
import type { Graph, ResourceId } from "../arm/index.ts";
import { fixedAddresses } from "../azure/index.ts";
import type { Reason } from "../core/index.ts";
import { because } from "./because.ts";
import { firewallsOf } from "./firewall-view.ts";
import { networkTypes } from "./network-view.ts";
import { reachAddress } from "./reach.ts";
import { dnsServersOf, forwardingRulesOf, inboundEndpointsOf } from "./routing-view.ts";
import type { ForwardingRule } from "./routing-view.ts";

/** Who answers: Azure DNS as it stands in a network, or nobody. */
export type Resolver =
  | {
      readonly kind: "azure";
      readonly vnetId: ResourceId;
      readonly reasons: readonly Reason[];
    }
  | { readonly kind: "none"; readonly reasons: readonly Reason[] };

/** The port of DNS; a server at another is not emulated. */
const DNS_PORT = 53;

/** Who answers the queries of a network's machines: Azure DNS there, or where its own DNS servers lead. */
export function resolverOf(graph: Graph, vnetId: ResourceId): Resolver {
  const servers = dnsServersOf(graph, vnetId);
  if (servers.length === 0) return { kind: "azure", vnetId, reasons: [] };
  return firstAnswering(graph, servers, { vnetId, passed: [] });
}

interface Asking {
  readonly vnetId: ResourceId;
  /** The servers that the query has passed. */
  readonly passed: readonly ResourceId[];
}

/** The first server that answers; one that is not reached is passed over, one that is not emulated ends the search. */
function firstAnswering(graph: Graph, servers: readonly string[], asking: Asking): Resolver {
  const before: Reason[] = [];
  for (const address of servers) {
    const found = serverAt(graph, address, asking);
    if (found.kind === "azure") return { ...found, reasons: [...before, ...found.reasons] };
    before.push(...found.reasons);
    if (found.ends) break;
  }
  return { kind: "none", reasons: before };
}

type Found =
  | Extract<Resolver, { kind: "azure" }>
  | { readonly kind: "none"; readonly ends: boolean; readonly reasons: readonly Reason[] };

function serverAt(graph: Graph, address: string, { vnetId, passed }: Asking): Found {
  if (address === fixedAddresses.dns) {
    const says = `${address} is Azure DNS, as it stands in ${vnetId}.`;
    return { kind: "azure", vnetId, reasons: [because("dns.azure", says)] };
  }
  if (!isKnownServer(graph, address)) {
    const says = `The DNS server ${address} of ${vnetId} is no firewall and no inbound endpoint of a resolver; what it would answer is not emulated.`;
    return { kind: "none", ends: true, reasons: [because("dns.server-unknown", says)] };
  }
  const reach = reachAddress(graph, {
    from: { vnetId },
    address,
    port: DNS_PORT,
    protocol: "UDP",
  });
  if (reach.kind !== "server") {
    const says = `${vnetId} does not reach its DNS server ${address}.`;
    const reasons = [...reach.reasons, because("dns.server-unreachable", says)];
    return { kind: "none", ends: false, reasons };
  }
  const { serverId } = reach;
  if (passed.some((id) => idKey(id) === idKey(serverId))) {
    const says = `The query comes back to ${serverId}, which has forwarded it: ${passed.join(", ")}.`;
    return { kind: "none", ends: true, reasons: [because("dns.forwarding-loop", says)] };
  }
  return answerOf(graph, serverId, { vnetId, passed });
}

const isKnownServer = (graph: Graph, address: string): boolean =>
  firewallsOf(graph).some((one) => one.address === address) ||
  inboundEndpointsOf(graph).some((one) => one.address === address);

function answerOf(graph: Graph, serverId: ResourceId, { vnetId, passed }: Asking): Found {
  const inbound = inboundEndpointsOf(graph).find(({ id }) => sameId(id, serverId));
  if (inbound !== undefined) {
    const says = `${inbound.address} is the inbound endpoint ${serverId}: Azure DNS answers, as in ${inbound.vnetId}.`;
    return { kind: "azure", vnetId: inbound.vnetId, reasons: [because("dns.inbound", says)] };
  }
  const firewall = firewallsOf(graph).find(({ id }) => sameId(id, serverId));
  if (firewall?.dnsProxy !== true) {
    const says = `${serverId} answers no DNS query of ${vnetId}: its DNS proxy is off.`;
    return { kind: "none", ends: false, reasons: [because("dns.proxy-off", says)] };
  }
  const says = `${firewall.address} is the DNS proxy of ${serverId}.`;
  const reason = because("dns.proxy", says);
  if (firewall.dnsServers.length === 0) {
    return { kind: "azure", vnetId: firewall.vnetId, reasons: [reason] };
  }
  const asking = { vnetId: firewall.vnetId, passed: [...passed, serverId] };
  const next = firstAnswering(graph, firewall.dnsServers, asking);
  const reasons = [reason, ...next.reasons];
  return next.kind === "azure" ? { ...next, reasons } : { kind: "none", ends: true, reasons };
}

/** The forwarding rule for a name: of those in force in a network, the one with the longest domain. */
export function forwardingRuleFor(
  graph: Graph,
  { vnetId, name }: { readonly vnetId: ResourceId; readonly name: string },
): ForwardingRule | undefined {
  let longest: ForwardingRule | undefined;
  for (const rule of forwardingRulesOf(graph, vnetId)) {
    const { domain } = rule;
    if (domain !== "" && name !== domain && !name.endsWith(`.${domain}`)) continue;
    if (longest === undefined || domain.length > longest.domain.length) longest = rule;
  }
  return longest;
}

/** Who answers a query that a forwarding rule sends on. */
export function resolverBehind(graph: Graph, rule: ForwardingRule): Resolver {
  const { id, domain, servers, outboundVnetId } = rule;
  const targets = servers.map(({ address, port }) => `${address}:${port}`).join(", ");
  const says = `The forwarding rule ${id} sends ${domain === "" ? "every name" : domain} to ${targets}.`;
  const reason = because("dns.forwarded", says);
  const strange = servers.find(({ port }) => port !== DNS_PORT);
  if (outboundVnetId === undefined || strange !== undefined) {
    const why =
      strange === undefined
        ? `${rule.rulesetId} has no outbound endpoint to send queries from.`
        : `${strange.address}:${strange.port} is not at port ${DNS_PORT}; DNS servers at other ports are not emulated.`;
    return { kind: "none", reasons: [reason, because("dns.server-unknown", why)] };
  }
  const next = firstAnswering(
    graph,
    servers.map(({ address }) => address),
    { vnetId: outboundVnetId, passed: [] },
  );
  return { ...next, reasons: [reason, ...next.reasons] };
}

/** Every forwarding of DNS that comes back to where it was: rules of resolvers, and firewalls' proxies. */
export function forwardingLoops(graph: Graph): readonly Reason[] {
  const loops = new Map<string, Reason>();
  const note = (reasons: readonly Reason[]): void => {
    for (const reason of reasons) {
      if (reason.rule === "dns.forwarding-loop") loops.set(reason.says, reason);
    }
  };
  for (const vnet of graph.ofType(networkTypes.vnet)) {
    note(resolverOf(graph, vnet.id).reasons);
    for (const rule of forwardingRulesOf(graph, vnet.id)) note(followRule(graph, vnet.id, rule));
  }
  for (const firewall of firewallsOf(graph)) {
    if (firewall.dnsServers.length === 0) continue;
    const asking = { vnetId: firewall.vnetId, passed: [firewall.id] };
    note(firstAnswering(graph, firewall.dnsServers, asking).reasons);
  }
  return [...loops.values()];
}

/** Follows the rule's own domain from network to network until it is answered, or comes back. */
function followRule(graph: Graph, vnetId: ResourceId, first: ForwardingRule): readonly Reason[] {
  const seen = new Set([idKey(vnetId)]);
  for (let rule: ForwardingRule | undefined = first; rule !== undefined;) {
    const next: Resolver = resolverBehind(graph, rule);
    if (next.kind === "none") return next.reasons;
    if (seen.has(idKey(next.vnetId))) return [loopBackTo(next.vnetId, rule)];
    seen.add(idKey(next.vnetId));
    rule = forwardingRuleFor(graph, { vnetId: next.vnetId, name: rule.domain });
  }
  return [];
}

/** The reason that a forwarded query is back in a network where it has been. */
export const loopBackTo = (vnetId: ResourceId, rule: ForwardingRule): Reason =>
  because(
    "dns.forwarding-loop",
    `The forwarding rule ${rule.id} sends the query back to ${vnetId}, which has forwarded it: a resolver that forwards to itself.`,
  );
