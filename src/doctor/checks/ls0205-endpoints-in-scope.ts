/** LS0205: every data collection endpoint on a cluster's way is in the scope. */
import { scopeLinks, types } from "../../rules/index.ts";
import { fail, pass, unknown } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import { listing } from "../facts.ts";
import type { CheckFacts } from "../facts.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { eachPrivateCluster, linkToScope, nameOf, restartAgents } from "../way/words.ts";

function look(facts: CheckFacts, way: ClusterWay): readonly Finding[] {
  const { scope } = way;
  if (scope === undefined) return [];
  const why = listing(facts, scope.id, types.scopedResource);
  return way.stations
    .filter(({ kind }) => kind === "dce")
    .map((station) => {
      const { id, name, uses } = station;
      const chain = [way.id, scope.id];
      if (scopeLinks(facts.graph, { scopeId: scope.id, resourceId: id })) {
        return pass(id, `${nameOf(scope.id)} links ${name}.`, { chain });
      }
      if (why !== undefined) return unknown(id, why, { chain });
      const says = `${name}, which ${way.name} uses for ${uses.join(" and ")}, is not in the scope ${nameOf(scope.id)}: its names do not lead to the private endpoint, and the service refuses it there.`;
      return fail(id, says, { chain, fixes: [linkToScope(scope.id, id), restartAgents] });
    });
}

export const endpointsInScope: Check = {
  id: "LS0205",
  title: "every data collection endpoint that the cluster uses is in the scope",
  severity: "error",
  phase: "control",
  dependsOn: ["LS0101", "LS0207", "LS0210"],
  failureModes: ["F02", "F20"],
  retryMs: 5 * 60 * 1000,
  run: (facts) => eachPrivateCluster(facts, (way) => look(facts, way)),
};
