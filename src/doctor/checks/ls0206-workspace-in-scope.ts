/** LS0206: the Log Analytics workspace of a cluster's logs is in the scope. */
import { scopeLinks, types } from "../../rules/index.ts";
import { fail, pass, unknown } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import { listing } from "../facts.ts";
import type { CheckFacts } from "../facts.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { eachPrivateCluster, linkToScope, nameOf, restartAgents } from "../way/words.ts";

function look(facts: CheckFacts, way: ClusterWay): readonly Finding[] {
  const { scope } = way;
  if (scope === undefined || !way.logsOn) return [];
  const why = listing(facts, scope.id, types.scopedResource);
  return way.stations
    .filter(({ kind }) => kind === "law")
    .map(({ id, name }) => {
      const chain = [way.id, scope.id];
      if (scopeLinks(facts.graph, { scopeId: scope.id, resourceId: id })) {
        return pass(id, `${nameOf(scope.id)} links ${name}.`, { chain });
      }
      if (why !== undefined) return unknown(id, why, { chain });
      const says = `The workspace ${name}, which takes the logs of ${way.name}, is not in the scope ${nameOf(scope.id)}.`;
      return fail(id, says, { chain, fixes: [linkToScope(scope.id, id), restartAgents] });
    });
}

export const workspaceInScope: Check = {
  id: "LS0206",
  title: "the Log Analytics workspace of the cluster's logs is in the scope",
  severity: "error",
  phase: "control",
  dependsOn: ["LS0101", "LS0207", "LS0210"],
  failureModes: ["F13", "F14"],
  retryMs: 5 * 60 * 1000,
  run: (facts) => eachPrivateCluster(facts, (way) => look(facts, way)),
};
