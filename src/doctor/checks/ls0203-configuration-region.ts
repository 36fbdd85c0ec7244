/** LS0203: the endpoint of a cluster's configuration is in the cluster's region. */
import { fail, pass } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import { step } from "../fix.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { eachCluster, restartAgents } from "../way/words.ts";

/** @see learn.microsoft.com/azure/azure-monitor/data-collection/data-collection-endpoint-overview */
function look(way: ClusterWay): readonly Finding[] {
  const dce = way.configurationDce;
  if (dce === undefined) return [];
  if (dce.region === way.region) {
    return [
      pass(dce.id, `${dce.name} is in ${way.region}, as ${way.name} is.`, { chain: [way.id] }),
    ];
  }
  const says = `${way.name} is in ${way.region} and gets its configuration at ${dce.name} in ${dce.region}; the endpoint must be in the cluster's region.`;
  const fixes = [
    step(
      `Make a data collection endpoint in ${way.region}, link it to the scope, and associate it with ${way.name} under the name configurationAccessEndpoint: that replaces the association.`,
    ),
    restartAgents,
  ];
  return [fail(dce.id, says, { chain: [way.id], fixes })];
}

export const configurationRegion: Check = {
  id: "LS0203",
  title: "the configuration access endpoint is in the cluster's region",
  severity: "error",
  phase: "control",
  dependsOn: ["LS0202"],
  failureModes: ["F03"],
  run: (facts) => eachCluster(facts, look),
};
