/** LS0604: the portal's own views of a cluster's logs work: their queries go through Resource Manager, and so publicly. */
import type { ResourceId } from "../../arm/index.ts";
import { logsQueryAccess, publicOrigin } from "../../rules/index.ts";
import { pass, warn } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import type { CheckFacts } from "../facts.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { az, eachCluster, nameOf, placeOf } from "../way/words.ts";

function look({ graph }: CheckFacts, way: ClusterWay, id: ResourceId): readonly Finding[] {
  if (graph.get(id) === undefined) return [];
  const ask = { origin: publicOrigin, workspaceId: id, way: "arm" } as const;
  const { outcome, reasons } = logsQueryAccess(graph, ask);
  const chain = [way.id];
  if (outcome !== "deny") {
    return [pass(id, `The portal's views of ${nameOf(id)} can ask it.`, { chain, reasons })];
  }
  const says = `${nameOf(id)} refuses queries from public networks, and with them all that ask through Resource Manager, private link or not: the portal's Container insights and VM insights, Logic Apps, Change Tracking, Update Management.`;
  const fixes = [
    az(
      "Open queries, if those views are wanted; ingestion stays closed.",
      "monitor log-analytics workspace update",
      {
        "--workspace-name": nameOf(id),
        "--query-access": "Enabled",
        ...placeOf(id),
      },
    ),
  ];
  return [warn(id, says, { chain, reasons, fixes })];
}

export const portalQueries: Check = {
  id: "LS0604",
  title: "the portal's views of the cluster's logs work",
  severity: "warning",
  phase: "data",
  dependsOn: ["LS0603"],
  failureModes: ["F15"],
  run: (facts) => eachCluster(facts, (way) => way.lawIds.flatMap((id) => look(facts, way, id))),
};
