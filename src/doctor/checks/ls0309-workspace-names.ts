/** LS0309: the metrics workspaces of a cluster are not hidden by a zone in its network. */
import { idKey } from "../../arm/index.ts";
import type { ResourceId } from "../../arm/index.ts";
import { resolveName, workspaceOf } from "../../rules/index.ts";
import { fail, pass, unknown } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import { listing } from "../facts.ts";
import type { CheckFacts } from "../facts.ts";
import { step } from "../fix.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { az, eachCluster, nameOf, placeOf } from "../way/words.ts";

function look(facts: CheckFacts, way: ClusterWay, vnetId: ResourceId): readonly Finding[] {
  const { graph } = facts;
  return way.workspaceIds.flatMap((id) => {
    const host = workspaceOf(graph, id)?.queryHost;
    if (host === undefined) return [];
    const { outcome, zone, reasons } = resolveName(graph, { name: host, vnetId });
    const chain = [way.id, vnetId];
    if (outcome !== "nxdomain" || zone === undefined) {
      return [pass(id, `${nameOf(id)} is not hidden in ${nameOf(vnetId)}.`, { chain })];
    }
    const why = listing(facts, zone.id, "Microsoft.Network/privateDnsZones/A");
    if (why !== undefined) return [unknown(id, why, { chain })];
    const says = `${nameOf(id)} has a private endpoint in another network, so that ${host} leads into ${zone.name}; the one that is in force in ${nameOf(vnetId)} has no record of it, and queries from there find nothing.`;
    const fixes = [
      az(
        `Give the workspace an endpoint whose record stands in that zone.`,
        "network private-endpoint create",
        {
          "--name": `${nameOf(id)}-query`,
          "--connection-name": `${nameOf(id)}-query`,
          "--private-connection-resource-id": id,
          "--group-id": "prometheusMetrics",
          "--subnet": way.subnetIds[0] ?? "SUBNET_ID",
          ...placeOf(vnetId),
        },
      ),
      step(
        `Or write the record into ${nameOf(zone.id)} with the address of its endpoint in a network that is peered.`,
      ),
    ];
    return [fail(id, says, { chain: [...chain, zone.id], reasons, fixes })];
  });
}

export const workspaceNames: Check = {
  id: "LS0309",
  title: "the metrics workspace is not hidden in the cluster's network",
  severity: "error",
  phase: "dns",
  dependsOn: ["LS0301"],
  failureModes: ["F17"],
  run: (facts) =>
    eachCluster(facts, (way) => distinctNetworks(way).flatMap((id) => look(facts, way, id))),
};

const distinctNetworks = ({ vnetIds }: ClusterWay): readonly ResourceId[] => [
  ...new Map(vnetIds.map((id) => [idKey(id), id])).values(),
];
