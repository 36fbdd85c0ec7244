/** Why a way cannot be judged: something on it could not be read, so that its silence means nothing. */
import { listAt, stringAt } from "../../arm/index.ts";
import type { ResourceId } from "../../arm/index.ts";
import type { Reason } from "../../core/index.ts";
import {
  addressSpaceOf,
  connectionsTo,
  endpointsOf,
  networkTypes,
  parseIpv4,
  peeringsOf,
  types,
} from "../../rules/index.ts";
import { listing, presence } from "../facts.ts";
import type { CheckFacts } from "../facts.ts";
import type { ClusterWay } from "./cluster-way.ts";

const connectionType = "Microsoft.Insights/privateLinkScopes/privateEndpointConnections";

/**
 * Undefined where the reasons stand on what was read.
 *
 * @param addresses those that the way's name leads to.
 */
export function untold(
  facts: CheckFacts,
  way: ClusterWay,
  {
    reasons,
    addresses,
  }: { readonly reasons: readonly Reason[]; readonly addresses: readonly string[] },
): string | undefined {
  const strange = reasons.find(({ rule }) => rule === "dns.server-unknown");
  if (strange !== undefined) return strange.says;
  if (reasons.some(({ rule }) => rule === "dns.not-an-interface")) {
    const why = addresses.map((address) => unknownHolder(facts, address)).find(Boolean);
    if (why !== undefined) return why;
  }
  const stops = reasons.some(({ rule }) => ends.has(rule));
  const end = stops
    ? (way.vnetIds.map((id) => unreadPeer(facts, id)).find(Boolean) ?? unreadEndpoint(facts, way))
    : undefined;
  if (end !== undefined) return end;
  const hidden = unreadZone(facts, reasons);
  if (hidden !== undefined) return hidden;
  const gone = reasons.some(({ rule }) => rule === "endpoint.disconnected");
  if (!gone || way.scope === undefined) return undefined;
  return listing(facts, way.scope.id, connectionType);
}

/** Why a zone's records or links, which a name was not found by, were not read; undefined when all were. */
function unreadZone(facts: CheckFacts, reasons: readonly Reason[]): string | undefined {
  const lacking = reasons.flatMap(({ rule }) => lacks.get(rule) ?? []);
  return facts.graph
    .ofType(networkTypes.zone)
    .flatMap(({ id }) => lacking.map((type) => listing(facts, id, type)))
    .find((why) => why !== undefined);
}

/** What there is none of, by the rule that says so. */
const lacks: ReadonlyMap<string, string> = new Map([
  ["dns.no-record", "Microsoft.Network/privateDnsZones/A"],
  ["dns.no-zone", "Microsoft.Network/privateDnsZones/virtualNetworkLinks"],
]);

/** Rules by which a way ends at the border of what a network reaches. */
const ends: ReadonlySet<string> = new Set([
  "dns.server-unreachable",
  "reach.other-network",
  "reach.no-interface",
  "reach.unknown-network",
  "route.unknown-appliance",
]);

/** Why a network that is peered with this one was not read; undefined when all were. */
export function unreadPeer(facts: CheckFacts, vnetId: ResourceId): string | undefined {
  const found = peeringsOf(facts.graph, vnetId)
    .map(({ remoteVnetId }) => presence(facts, remoteVnetId))
    .find(({ kind }) => kind === "unknown");
  return found?.kind === "unknown" ? found.why : undefined;
}

/** Why the resources that some scope links were not read; undefined when all were. A refusal then means nothing. */
export function unreadLinks(facts: CheckFacts): string | undefined {
  return facts.graph
    .ofType(types.scope)
    .map(({ id }) => listing(facts, id, types.scopedResource))
    .find((why) => why !== undefined);
}

/** Why a private endpoint that is connected to the scope was not read; undefined when all were. */
export function unreadEndpoint(facts: CheckFacts, { scope }: ClusterWay): string | undefined {
  const found = connectionsTo(facts.graph, scope?.id ?? "")
    .map(({ endpointId }) => presence(facts, endpointId))
    .find(({ kind }) => kind === "unknown");
  return found?.kind === "unknown" ? found.why : undefined;
}

/** Why it is not known whether anything has an address: its network was not read, or interfaces were not. */
export function unknownHolder(facts: CheckFacts, address: string): string | undefined {
  const hidden = unreadInterface(facts);
  if (hidden !== undefined) return hidden;
  if (isInKnownNetwork(facts, address)) return undefined;
  return `No network that was read holds ${address}, so that it is not known what has it.`;
}

const made = new WeakMap<CheckFacts, { readonly why: string | undefined }>();

/** Why the interface of some private endpoint was not read; undefined when all were. */
function unreadInterface(facts: CheckFacts): string | undefined {
  let known = made.get(facts);
  if (known === undefined) {
    const ids = endpointsOf(facts.graph)
      .filter(({ addresses }) => addresses.length === 0)
      .flatMap(({ id }): readonly ResourceId[] =>
        listAt(facts.graph.get(id)?.properties, "networkInterfaces").flatMap(
          (one) => stringAt(one, "id") ?? [],
        ),
      );
    const found = ids.map((id) => presence(facts, id)).find(({ kind }) => kind === "unknown");
    known = { why: found?.kind === "unknown" ? found.why : undefined };
    made.set(facts, known);
  }
  return known.why;
}

/** Whether an address lies in a network that was read: then its interfaces were read with it. */
function isInKnownNetwork({ graph }: CheckFacts, address: string): boolean {
  const value = parseIpv4(address) ?? -1;
  return graph
    .ofType(networkTypes.vnet)
    .some(({ id }) =>
      addressSpaceOf(graph, id).some(({ first, size }) => value >= first && value < first + size),
    );
}
