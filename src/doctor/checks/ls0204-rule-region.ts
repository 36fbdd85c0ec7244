/** LS0204: a rule, its endpoint and its workspace are in one region. */
import { dceOf, lawOf, workspaceOf } from "../../rules/index.ts";
import { fail, pass } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import type { CheckFacts } from "../facts.ts";
import { step } from "../fix.ts";
import type { ClusterWay, RuleInUse } from "../way/cluster-way.ts";
import { eachCluster } from "../way/words.ts";

/** @see learn.microsoft.com/azure/azure-monitor/data-collection/data-collection-endpoint-overview */
function look({ graph }: CheckFacts, way: ClusterWay, { rule, lawIds }: RuleInUse): Finding {
  const workspaces = [
    ...rule.workspaceIds.flatMap((id) => workspaceOf(graph, id) ?? []),
    ...lawIds.flatMap((id) => lawOf(graph, id) ?? []),
  ];
  const dce = rule.dceId === undefined ? undefined : dceOf(graph, rule.dceId);
  const parts = [...workspaces, ...(dce === undefined ? [] : [dce])];
  const away = parts.filter(({ region }) => region !== rule.region);
  const chain = [way.id, ...parts.map(({ id }) => id)];
  if (away.length === 0) {
    return pass(rule.id, `${rule.name} and all that it leads to are in ${rule.region}.`, { chain });
  }
  const list = away.map(({ name, region }) => `${name} in ${region}`).join(", ");
  const says = `${rule.name} is in ${rule.region}, and ${list}: a rule, its endpoint and its workspace must be in one region, the workspace's.`;
  const fixes = [
    step(
      "Make the rule and its endpoint in the workspace's region, and associate the cluster with that rule.",
    ),
  ];
  return fail(rule.id, says, { chain, fixes });
}

export const ruleRegion: Check = {
  id: "LS0204",
  title: "a rule, its endpoint and its workspace are in one region",
  severity: "error",
  phase: "control",
  dependsOn: ["LS0201"],
  failureModes: ["F03"],
  run: (facts) => eachCluster(facts, (way) => way.rules.map((rule) => look(facts, way, rule))),
};
