/** LS0302: the zone group of the scope's private endpoint has every zone that its members have records in. */
import { listAt, parseId, stringAt } from "../../arm/index.ts";
import type { Graph, ResourceId } from "../../arm/index.ts";
import { groupIds, scopeZones } from "../../azure/index.ts";
import { endpointMembers, networkTypes } from "../../rules/index.ts";
import { fail, pass, skipped, unknown } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import { listing } from "../facts.ts";
import type { CheckFacts } from "../facts.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { addToZoneGroup, chainOf, eachPrivateCluster, restartAgents } from "../way/words.ts";

/** The zones that the zone group of an endpoint writes into; undefined where it has no group. */
export function groupZones(
  graph: Graph,
  endpointId: ResourceId,
): readonly ResourceId[] | undefined {
  const groups = graph.under(endpointId, networkTypes.zoneGroup);
  if (groups.length === 0) return undefined;
  return groups.flatMap(({ properties }) =>
    listAt(properties, "privateDnsZoneConfigs").flatMap(
      (config) => stringAt(config, "properties", "privateDnsZoneId") ?? [],
    ),
  );
}

function look(facts: CheckFacts, way: ClusterWay): readonly Finding[] {
  const endpoint = way.scope?.endpoint;
  if (endpoint === undefined) return [];
  const why = listing(facts, endpoint.id, networkTypes.zoneGroup);
  const zones = groupZones(facts.graph, endpoint.id);
  if (zones === undefined) {
    if (why !== undefined) return [unknown(endpoint.id, why, { chain: [way.id] })];
    const says = `${endpoint.name} has no zone group: its records are kept by hand or by a policy, and LS0303 compares them.`;
    return [skipped(endpoint.id, says, { chain: [way.id] })];
  }
  const has = new Set(zones.map((id) => (parseId(id)?.name ?? "").toLowerCase()));
  const members = endpointMembers(facts.graph, way.scope?.id ?? "", groupIds.azureMonitor);
  const missing = scopeZones.filter(
    (zone) => !has.has(zone) && members.some((member) => member.zone === zone),
  );
  const chain = chainOf(way, ...zones);
  if (missing.length === 0) {
    return [pass(endpoint.id, `The zone group of ${endpoint.name} has all zones.`, { chain })];
  }
  const says = `The zone group of ${endpoint.name} lacks ${missing.join(", ")}: the names in ${missing.length === 1 ? "it" : "them"} get no private record.`;
  const near = zones[0] ?? "";
  const fixes = missing.map((zone) =>
    addToZoneGroup(
      endpoint.id,
      zone,
      near.replace(/[^/]+$/, () => zone),
    ),
  );
  return [fail(endpoint.id, says, { chain, fixes: [...fixes, restartAgents] })];
}

export const zoneGroup: Check = {
  id: "LS0302",
  title: "the zone group of the scope's private endpoint has all five zones",
  severity: "error",
  phase: "dns",
  dependsOn: ["LS0207"],
  failureModes: ["F24", "F14"],
  retryMs: 3 * 60 * 1000,
  run: (facts) => eachPrivateCluster(facts, (way) => look(facts, way)),
};
