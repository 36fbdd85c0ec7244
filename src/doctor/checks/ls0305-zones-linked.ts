/** LS0305: the scope's zones are linked to the network that answers the cluster's DNS. */
import { idKey } from "../../arm/index.ts";
import type { ResourceId } from "../../arm/index.ts";
import { cloud, privateAlias } from "../../azure/index.ts";
import { networkTypes, resolveName, resolverOf } from "../../rules/index.ts";
import { fail, pass, unknown } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import { listing } from "../facts.ts";
import type { CheckFacts } from "../facts.ts";
import { step } from "../fix.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { chainOf, eachPrivateCluster, linkZone, nameOf, restartAgents } from "../way/words.ts";
import { groupZones } from "./ls0302-zone-group.ts";

/** The zones whose names the cluster needs, each with one of the names. */
export function neededZones(way: ClusterWay): ReadonlyMap<string, string> {
  const hosts = [cloud.globalHandlerHost, ...way.stations.flatMap((station) => station.hosts)];
  return new Map(
    hosts.flatMap((host) => {
      const zone = privateAlias(host)?.zone;
      return zone === undefined ? [] : [[zone, host] as const];
    }),
  );
}

function look(facts: CheckFacts, way: ClusterWay, vnetId: ResourceId): readonly Finding[] {
  const { graph } = facts;
  const resolver = resolverOf(graph, vnetId);
  if (way.scope?.endpoint === undefined || resolver.kind !== "azure") return [];
  const missing = [...neededZones(way)].filter(([zone, host]) => {
    const { reasons, outcome } = resolveName(graph, { name: host, vnetId });
    return (
      outcome !== "servfail" &&
      !reasons.some(({ rule, says }) => rule === "dns.zone" && says.includes(zone))
    );
  });
  const zones = groupZones(graph, way.scope.endpoint.id) ?? [];
  const chain = chainOf(way, vnetId, ...zones);
  const where =
    idKey(resolver.vnetId) === idKey(vnetId)
      ? nameOf(vnetId)
      : `${nameOf(resolver.vnetId)}, which answers the DNS of ${nameOf(vnetId)}`;
  if (missing.length === 0) {
    return [
      pass(resolver.vnetId, `The zones that ${way.name} needs are in force in ${where}.`, {
        chain,
      }),
    ];
  }
  const why = zones.map((id) => listing(facts, id, networkTypes.zoneLink)).find(Boolean);
  if (why !== undefined) return [unknown(resolver.vnetId, why, { chain })];
  const names = missing.map(([zone]) => zone);
  const says = `${names.join(", ")} ${names.length === 1 ? "is" : "are"} not linked to ${where}: the names of ${way.name}'s telemetry lead to public addresses there.`;
  const fixes = names.map((zone) => {
    const zoneId = zones.find((id) => nameOf(id).toLowerCase() === zone);
    return zoneId === undefined
      ? step(`Link the zone ${zone} of the scope's private endpoint to ${nameOf(resolver.vnetId)}.`)
      : linkZone(zoneId, resolver.vnetId);
  });
  return [fail(resolver.vnetId, says, { chain, fixes: [...fixes, restartAgents] })];
}

export const zonesLinked: Check = {
  id: "LS0305",
  title: "the scope's zones are linked to the network that answers the cluster's DNS",
  severity: "error",
  phase: "dns",
  dependsOn: ["LS0207", "LS0301", "LS0302"],
  failureModes: ["F06", "F12", "F14"],
  retryMs: 3 * 60 * 1000,
  run: (facts) =>
    eachPrivateCluster(facts, (way) => way.vnetIds.flatMap((id) => look(facts, way, id))),
};
