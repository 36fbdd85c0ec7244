/** LS0212: agents that sign in with the workspace's key can use the private link. */
import { regionKey } from "../../arm/index.ts";
import { lawOf } from "../../rules/index.ts";
import { pass, skipped, warn } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import type { CheckFacts } from "../facts.ts";
import { az, chainOf, eachPrivateCluster, nameOf, placeOf } from "../way/words.ts";
import type { ClusterWay } from "../way/cluster-way.ts";

function look({ graph }: CheckFacts, way: ClusterWay): readonly Finding[] {
  if (!way.isLegacy) {
    return [
      way.logsOn
        ? pass(way.id, `The agents of ${way.name} sign in with a managed identity.`)
        : skipped(way.id, `${way.name} sends no logs.`),
    ];
  }
  const endpoint = way.scope?.endpoint;
  const location = regionKey(graph.get(endpoint?.id ?? "")?.location ?? "");
  const problems = [
    ...way.lawIds.flatMap((id) =>
      lawOf(graph, id)?.localAuthDisabled === true
        ? [`${nameOf(id)} refuses keys (disableLocalAuth), so that they cannot register`]
        : [],
    ),
    ...(endpoint !== undefined && location !== "" && location !== way.region
      ? [
          `their private endpoint is in ${location} and must be in the cluster's region, ${way.region}`,
        ]
      : []),
    "the workspace must take public ingestion until they have registered: first the endpoint, then closing, then the addon",
  ];
  const says = `The agents of ${way.name} sign in with the workspace's key: ${problems.join("; ")}.`;
  const fixes = [
    az(
      "Move them to a managed identity: turn the addon off and on again.",
      "aks disable-addons --addons monitoring",
      {
        "--name": way.name,
        ...placeOf(way.id),
      },
    ),
    az("Then:", "aks enable-addons --addons monitoring", {
      "--name": way.name,
      ...placeOf(way.id),
    }),
  ];
  return [warn(way.id, says, { chain: chainOf(way), fixes })];
}

export const legacyAgents: Check = {
  id: "LS0212",
  title: "the agents of logs sign in with a managed identity",
  severity: "warning",
  phase: "control",
  dependsOn: [],
  failureModes: ["F38"],
  run: (facts) => eachPrivateCluster(facts, (way) => look(facts, way)),
};
