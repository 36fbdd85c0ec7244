/** Network security groups: whether one lets a connection pass, by its rules in the order of their priority. */
import { at, idKey, listAt, parseId, sameId, stringAt } from "../arm/index.ts";
import type { ArmResource, Graph, Json, ResourceId } from "../arm/index.ts";
import { serviceTagCovers } from "../azure/index.ts";
import type { Reason } from "../core/index.ts";
import { because } from "./because.ts";
import { groupBy, oncePerGraph } from "./memo.ts";
import { networkTypes } from "./network-view.ts";
import { sourcePrefixes, isServiceSubnet, networkOf } from "./route-of.ts";
import type { RouteOrigin } from "./route-of.ts";
import { addressSpaceOf, peeringsOf, subnetOf, subnetsIn } from "./routing-view.ts";
import { parseIpv4, parseIpv4Prefix, prefixContains } from "./subnet-addresses.ts";
import type { Ipv4Prefix } from "./subnet-addresses.ts";

export interface SecurityRuleView {
  readonly name: string;
  readonly priority: number;
  readonly direction: "Inbound" | "Outbound";
  readonly allows: boolean;
  readonly protocol: string;
  readonly sources: readonly string[];
  readonly destinations: readonly string[];
  readonly ports: readonly string[];
}

export interface SecurityGroupView {
  readonly id: ResourceId;
  /** By priority; Azure's own six rules come after all of them. */
  readonly rules: readonly SecurityRuleView[];
}

/** A connection, as a group of one of its two subnets sees it. */
export interface SecurityQuestion {
  readonly direction: "Inbound" | "Outbound";
  /** The network of the subnet that the group is of. */
  readonly vnetId: ResourceId;
  readonly sources: readonly Ipv4Prefix[];
  readonly address: string;
  readonly port: number;
  readonly protocol: "TCP" | "UDP";
}

const texts = (properties: Json | undefined, one: string, many: string): readonly string[] => {
  const single = stringAt(properties, one);
  const list = listAt(properties, many).filter((value) => typeof value === "string");
  return single === undefined || single === "" ? list : [single, ...list];
};

function ruleView(rule: Json): readonly SecurityRuleView[] {
  const properties = at(rule, "properties");
  const priority = at(properties, "priority");
  const direction = stringAt(properties, "direction");
  if (direction !== "Inbound" && direction !== "Outbound") return [];
  return [
    {
      name: stringAt(rule, "name") ?? "",
      priority: typeof priority === "number" ? priority : 4096,
      direction,
      allows: stringAt(properties, "access") === "Allow",
      protocol: (stringAt(properties, "protocol") ?? "*").toUpperCase(),
      sources: texts(properties, "sourceAddressPrefix", "sourceAddressPrefixes"),
      destinations: texts(properties, "destinationAddressPrefix", "destinationAddressPrefixes"),
      ports: texts(properties, "destinationPortRange", "destinationPortRanges"),
    },
  ];
}

const groups = oncePerGraph(
  (graph) =>
    new Map(
      graph.ofType(networkTypes.securityGroup).map((group: ArmResource) => {
        const rules = listAt(group.properties, "securityRules").flatMap(ruleView);
        const view = { id: group.id, rules: rules.toSorted((a, b) => a.priority - b.priority) };
        return [idKey(group.id), view] as const;
      }),
    ),
);

/** A network security group by its id. */
export const securityGroupOf = (graph: Graph, id: ResourceId): SecurityGroupView | undefined =>
  groups(graph).get(idKey(id));

const subnetGroups = oncePerGraph((graph) =>
  groupBy(
    graph
      .ofType(networkTypes.subnet)
      .filter(({ properties }) => at(properties, "networkSecurityGroup") !== undefined),
    ({ id }) => idKey(parseId(id)?.parentId ?? ""),
  ),
);

const groupOfSubnet = (graph: Graph, subnetId: ResourceId): ResourceId | undefined =>
  stringAt(graph.get(subnetId)?.properties, "networkSecurityGroup", "id");

/**
 * The groups through which a connection leaves: its subnet's; of a client whose subnet is not named, those of all
 * subnets of its network that are no service's (inferred: in Azure every client has a subnet).
 */
export function groupsOnLeaving(graph: Graph, from: RouteOrigin): readonly ResourceId[] {
  if ("subnetId" in from) {
    const id = groupOfSubnet(graph, from.subnetId);
    return id === undefined ? [] : [id];
  }
  const named = subnetGroups(graph).get(idKey(networkOf(from))) ?? [];
  if (named.length === 0) return [];
  const listed = subnetsIn(graph, from.vnetId).filter(({ name }) => !isServiceSubnet(name));
  const ids = listed.flatMap(({ id }) => groupOfSubnet(graph, id) ?? []);
  return ids.filter((id, index) => ids.findIndex((other) => sameId(other, id)) === index);
}

/**
 * The group through which a connection reaches a private endpoint, if its subnet lets groups speak for endpoints.
 * @see learn.microsoft.com/azure/private-link/disable-private-endpoint-network-policy
 */
export function groupOnArriving(graph: Graph, subnetId: ResourceId): ResourceId | undefined {
  const id = groupOfSubnet(graph, subnetId);
  if (id === undefined) return undefined;
  return subnetOf(graph, subnetId)?.filtersEndpoints === true ? id : undefined;
}

export interface SecurityDecision {
  readonly passes: boolean;
  readonly reasons: readonly Reason[];
}

/**
 * Decides by the first rule that matches. What no rule matches goes by Azure's own rules: traffic within the network and
 * those peered with it passes, and so does what leaves for the internet; the rest is denied.
 * @see learn.microsoft.com/azure/virtual-network/network-security-groups-overview
 */
export function securityDecision(
  graph: Graph,
  groupId: ResourceId,
  question: SecurityQuestion,
): SecurityDecision {
  const group = securityGroupOf(graph, groupId);
  const what = `${question.address}:${question.port}`;
  if (group === undefined) {
    const says = `The network security group ${groupId} is not there; its rules are not known.`;
    return { passes: true, reasons: [because("group.unknown", says)] };
  }
  const found = group.rules.find((rule) => speaks(graph, rule, question));
  if (found === undefined) {
    const says = `No rule of ${group.id} speaks of ${what}; Azure's own rules let it pass.`;
    return { passes: true, reasons: [because("group.default", says)] };
  }
  const verb = found.allows ? "lets" : "stops";
  const tail = found.allows ? " pass" : "";
  const says = `The rule ${found.name} of ${group.id} (${found.direction}, priority ${found.priority}) ${verb} ${what}${tail}.`;
  const rule = found.allows ? "group.allows" : "group.denies";
  return { passes: found.allows, reasons: [because(rule, says)] };
}

function speaks(graph: Graph, rule: SecurityRuleView, question: SecurityQuestion): boolean {
  const { direction, protocol, port, sources, address } = question;
  if (rule.direction !== direction) return false;
  if (rule.protocol !== "*" && rule.protocol !== protocol) return false;
  if (!rule.ports.some((range) => portIn(range, port))) return false;
  const value = parseIpv4(address) ?? -1;
  const target = { first: value, length: 32, size: 1 };
  const inside = isInside(graph, question.vnetId, value);
  return (
    rule.destinations.some((prefix) => covers(prefix, { prefix: target, address, inside })) &&
    sources.every((source) =>
      rule.sources.some((prefix) => covers(prefix, { prefix: source, address: "", inside: true })),
    )
  );
}

interface Covered {
  readonly prefix: Ipv4Prefix;
  /** Empty for a source, whose service is not asked. */
  readonly address: string;
  /** Whether it lies in the network or in one that is peered with it: what `VirtualNetwork` stands for. */
  readonly inside: boolean;
}

function covers(text: string, { prefix, address, inside }: Covered): boolean {
  const word = text.toLowerCase();
  if (word === "*" || word === "0.0.0.0/0") return true;
  if (word === "virtualnetwork") return inside;
  if (word === "internet") return !inside;
  const own = parseIpv4Prefix(text.includes("/") ? text : `${text}/32`);
  if (own !== undefined) return prefixContains(own, prefix);
  return address !== "" && serviceTagCovers(text.split(".")[0] ?? "", address);
}

function isInside(graph: Graph, vnetId: ResourceId, value: number): boolean {
  const networks = [
    vnetId,
    ...peeringsOf(graph, vnetId).flatMap(({ state, remoteVnetId }) =>
      state === "Connected" ? [remoteVnetId] : [],
    ),
  ];
  return networks.some((id) =>
    addressSpaceOf(graph, id).some(({ first, size }) => value >= first && value < first + size),
  );
}

function portIn(range: string, port: number): boolean {
  if (range === "*") return true;
  const [from = "", to = from] = range.split("-");
  return port >= Number(from) && port <= Number(to);
}

/** The question that a group at the beginning of a way is asked. */
export const questionOnLeaving = (
  graph: Graph,
  from: RouteOrigin,
  asked: Pick<SecurityQuestion, "address" | "port" | "protocol">,
): SecurityQuestion => ({
  ...asked,
  direction: "Outbound",
  vnetId: networkOf(from),
  sources: sourcePrefixes(graph, from),
});
