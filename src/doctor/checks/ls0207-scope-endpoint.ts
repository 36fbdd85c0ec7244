/** LS0207: the scope has a private endpoint; that of a metrics workspace is for queries and does not stand in for it. */
import { connectionsTo } from "../../rules/index.ts";
import { fail, pass, unknown } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import { listing } from "../facts.ts";
import type { CheckFacts } from "../facts.ts";
import { step } from "../fix.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { az, chainOf, eachPrivateCluster, nameOf, placeOf } from "../way/words.ts";

const connectionType = "Microsoft.Insights/privateLinkScopes/privateEndpointConnections";

function look(facts: CheckFacts, way: ClusterWay): readonly Finding[] {
  const { scope } = way;
  if (scope === undefined) return [withoutScope(way)];
  if (scope.connections.length > 0 || scope.endpoint !== undefined) {
    const says = `${nameOf(scope.id)} has ${scope.connections.length} private endpoint connections.`;
    return [pass(scope.id, says, { chain: [way.id] })];
  }
  const why = listing(facts, scope.id, connectionType);
  if (why !== undefined) return [unknown(scope.id, why, { chain: [way.id] })];
  const query = way.workspaceIds.find((id) => connectionsTo(facts.graph, id).length > 0);
  const tail =
    query === undefined
      ? ""
      : ` The private endpoint of ${nameOf(query)} is for queries (group prometheusMetrics); nothing is ingested through it.`;
  const says = `No private endpoint leads to the scope ${nameOf(scope.id)}.${tail}`;
  return [
    fail(scope.id, says, { chain: chainOf(way, query), fixes: [endpointFix(way, scope.id)] }),
  ];
}

function withoutScope(way: ClusterWay): Finding {
  const says = `No scope links what ${way.name} sends through, and no private endpoint of a scope stands in its network; yet ${way.wants ?? ""}.`;
  return fail(way.id, says, {
    chain: chainOf(way),
    fixes: [
      step(
        "`./linkscope enable metrics --cluster … --ampls …` makes the scope, its endpoint, its zones and its links.",
      ),
    ],
  });
}

/** @see learn.microsoft.com/azure/azure-monitor/fundamentals/private-link-configure */
const endpointFix = (way: ClusterWay, scopeId: string) =>
  az(
    `Make a private endpoint of ${nameOf(scopeId)} in the cluster's network; then its zone group with all five zones.`,
    "network private-endpoint create",
    {
      "--name": `${nameOf(scopeId)}-pe`,
      "--connection-name": `${nameOf(scopeId)}-pe`,
      "--private-connection-resource-id": scopeId,
      "--group-id": "azuremonitor",
      "--subnet": way.subnetIds[0] ?? "SUBNET_ID",
      ...placeOf(way.vnetIds[0] ?? way.id),
    },
  );

export const scopeEndpoint: Check = {
  id: "LS0207",
  title: "the scope has a private endpoint for the cluster's network",
  severity: "error",
  phase: "control",
  dependsOn: ["LS0101"],
  failureModes: ["F11"],
  run: (facts) => eachPrivateCluster(facts, (way) => look(facts, way)),
};
