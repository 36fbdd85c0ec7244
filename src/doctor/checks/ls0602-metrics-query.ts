/** LS0602: somebody can query the metrics workspaces. */
import type { ResourceId } from "../../arm/index.ts";
import { connectionsTo, publicOrigin, workspaceQueryAccess } from "../../rules/index.ts";
import { fail, pass, unknown } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import { listing } from "../facts.ts";
import type { CheckFacts } from "../facts.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { az, eachCluster, nameOf, placeOf } from "../way/words.ts";

const connectionType = "Microsoft.Monitor/accounts/privateEndpointConnections";

function look(facts: CheckFacts, way: ClusterWay, id: ResourceId): readonly Finding[] {
  const chain = [way.id];
  if (facts.graph.get(id) === undefined) return [];
  const { outcome, reasons } = workspaceQueryAccess(facts.graph, {
    origin: publicOrigin,
    workspaceId: id,
  });
  if (outcome === "allow") {
    return [pass(id, `${nameOf(id)} answers queries from public networks.`, { chain, reasons })];
  }
  const connections = connectionsTo(facts.graph, id);
  const approved = connections.filter(({ status }) => status === "Approved");
  if (approved.length > 0) {
    return [
      pass(id, `${nameOf(id)} is queried through ${approved.length} private endpoints.`, {
        chain,
        reasons,
      }),
    ];
  }
  const why = listing(facts, id, connectionType);
  if (why !== undefined) return [unknown(id, why, { chain })];
  const pending = connections.map(({ name, status }) => `${name} is ${status}`).join(", ");
  const says = `Nobody can query ${nameOf(id)}: it refuses public networks, and ${pending === "" ? "no private endpoint leads to it; a scope does not stand in for one" : pending}.`;
  const fixes = [
    az(`Make a private endpoint of the workspace.`, "network private-endpoint create", {
      "--name": `${nameOf(id)}-query`,
      "--connection-name": `${nameOf(id)}-query`,
      "--private-connection-resource-id": id,
      "--group-id": "prometheusMetrics",
      "--subnet": way.subnetIds[0] ?? "SUBNET_ID",
      ...placeOf(way.vnetIds[0] ?? id),
    }),
  ];
  return [
    fail(id, says, { chain: [...chain, ...connections.map((one) => one.id)], reasons, fixes }),
  ];
}

export const metricsQuery: Check = {
  id: "LS0602",
  title: "somebody can query the metrics workspace",
  severity: "error",
  phase: "data",
  dependsOn: ["LS0101", "LS0201", "LS0605"],
  failureModes: ["F16", "F17"],
  run: (facts) =>
    eachCluster(facts, (way) => way.workspaceIds.flatMap((id) => look(facts, way, id))),
};
