/** LS0303: the zones hold what the private endpoint says they should: each member's name with its address. */
import { idKey, listAt, parseId, stringAt } from "../../arm/index.ts";
import type { Graph, ResourceId } from "../../arm/index.ts";
import { groupIds } from "../../azure/index.ts";
import { endpointMembers, recordsIn, resolverOf, zoneLinksOf } from "../../rules/index.ts";
import type { EndpointMember, EndpointView } from "../../rules/index.ts";
import { fail, pass, unknown } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import { listing } from "../facts.ts";
import type { CheckFacts } from "../facts.ts";
import { step } from "../fix.ts";
import type { Fix } from "../fix.ts";
import { az, chainOf, eachPrivateCluster, nameOf, placeOf, restartAgents } from "../way/words.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { unknownHolder } from "../way/untold.ts";
import { groupZones } from "./ls0302-zone-group.ts";

/** The zones that should hold an endpoint's records: its group's; where it has none, those in force in the cluster's networks. */
function zonesOf(graph: Graph, endpoint: EndpointView, way: ClusterWay): readonly ResourceId[] {
  const grouped = groupZones(graph, endpoint.id);
  if (grouped !== undefined) return grouped;
  const zones = way.vnetIds.flatMap((vnetId) => {
    const resolver = resolverOf(graph, vnetId);
    return resolver.kind === "azure" ? zoneLinksOf(graph, resolver.vnetId) : [];
  });
  return [...new Map(zones.map(({ zoneId }) => [idKey(zoneId), zoneId])).values()];
}

interface Difference {
  readonly member: EndpointMember;
  readonly wanted: string;
  readonly holds: readonly string[];
}

function differences(
  graph: Graph,
  zoneId: ResourceId,
  of: {
    readonly members: readonly EndpointMember[];
    readonly addresses: ReadonlyMap<string, string>;
  },
): readonly Difference[] {
  const zone = (parseId(zoneId)?.name ?? "").toLowerCase();
  const records = recordsIn(graph, zoneId);
  return of.members.flatMap((member) => {
    const wanted = of.addresses.get(member.fqdn);
    if (member.zone !== zone || wanted === undefined) return [];
    const holds = records.get(member.recordName)?.addresses ?? [];
    if (holds.includes(wanted)) return [];
    return [{ member, wanted, holds }];
  });
}

/** The endpoint's names and addresses: of its interface, or as it tells them itself where that was not read. */
function addressesOf(graph: Graph, endpoint: EndpointView): ReadonlyMap<string, string> {
  const held = endpoint.addresses.flatMap(({ fqdns, address }) =>
    fqdns.map((fqdn) => [fqdn.toLowerCase(), address] as const),
  );
  const told = listAt(graph.get(endpoint.id)?.properties, "customDnsConfigs").flatMap((config) => {
    const fqdn = stringAt(config, "fqdn");
    const address = stringAt(config, "ipAddresses", 0);
    return fqdn === undefined || address === undefined
      ? []
      : [[fqdn.toLowerCase(), address] as const];
  });
  return new Map(held.length > 0 ? held : told);
}

const shown = 3;

function look(facts: CheckFacts, way: ClusterWay): readonly Finding[] {
  const { graph } = facts;
  const endpoint = way.scope?.endpoint;
  if (endpoint === undefined || way.scope === undefined) return [];
  const members = endpointMembers(graph, way.scope.id, groupIds.azureMonitor);
  const addresses = addressesOf(graph, endpoint);
  if (addresses.size === 0 && members.length > 0) {
    const why = unknownHolder(facts, "") ?? "";
    return [
      unknown(endpoint.id, `The addresses of ${endpoint.name} are not told. ${why}`, {
        chain: [way.id],
      }),
    ];
  }
  return zonesOf(graph, endpoint, way).flatMap((zoneId) => {
    const why = listing(facts, zoneId, "Microsoft.Network/privateDnsZones/A");
    const found = differences(graph, zoneId, { members, addresses });
    const chain = chainOf(way, endpoint.id);
    if (found.length === 0) {
      return [pass(zoneId, `${nameOf(zoneId)} holds what ${endpoint.name} says.`, { chain })];
    }
    if (why !== undefined) return [unknown(zoneId, why, { chain })];
    const list = found
      .slice(0, shown)
      .map(
        ({ member, wanted, holds }) =>
          `${member.recordName} should be ${wanted} and is ${holds.join(", ") || "nothing"}`,
      );
    const more = found.length > shown ? `, and ${found.length - shown} more` : "";
    const says = `${nameOf(zoneId)} and ${endpoint.name} differ: ${list.join("; ")}${more}.`;
    const fixes = found.slice(0, shown).flatMap((one) => mending(zoneId, one));
    if (found.length > shown) {
      fixes.push(
        step(`Check again after these: ${found.length - shown} more differ, and come next.`),
      );
    }
    return [fail(zoneId, says, { chain, fixes: [...fixes, restartAgents] })];
  });
}

/** The right address is written before the wrong ones go: the name is never without one. */
function mending(zoneId: ResourceId, { member, wanted, holds }: Difference): readonly Fix[] {
  const record = (address: string) => ({
    "--zone-name": nameOf(zoneId),
    "--record-set-name": member.recordName,
    "--ipv4-address": address,
    ...placeOf(zoneId),
  });
  const set = "network private-dns record-set a";
  return [
    az(`Write the record ${member.recordName}.`, `${set} add-record`, record(wanted)),
    ...holds.map((address) =>
      az(
        `Take ${address} out of it, or half of all connections go there.`,
        `${set} remove-record`,
        record(address),
      ),
    ),
  ];
}

export const zoneRecords: Check = {
  id: "LS0303",
  title: "the zones hold what the private endpoint says they should",
  severity: "error",
  phase: "dns",
  dependsOn: ["LS0102", "LS0205", "LS0206", "LS0207", "LS0210", "LS0302"],
  failureModes: ["F26", "F14"],
  retryMs: 3 * 60 * 1000,
  run: (facts) => eachPrivateCluster(facts, (way) => look(facts, way)),
};
