/** LS0201: monitoring that is on has a data collection rule that leads somewhere. */
import { listing, presence } from "../facts.ts";
import type { CheckFacts } from "../facts.ts";
import { fail, pass, skipped, unknown } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import { types } from "../../rules/index.ts";
import type { ClusterWay, RuleInUse } from "../way/cluster-way.ts";
import { az, eachCluster, nameOf, placeOf } from "../way/words.ts";

type Signal = "metrics" | "logs";

const sends = ({ sends: what }: RuleInUse, signal: Signal): boolean =>
  what === signal || what === "both";

function look(facts: CheckFacts, way: ClusterWay): readonly Finding[] {
  const on: readonly Signal[] = [
    ...(way.metricsOn ? (["metrics"] as const) : []),
    // Agents with the workspace's key need no rule.
    ...(way.logsOn && !way.isLegacy ? (["logs"] as const) : []),
  ];
  if (on.length === 0) return [skipped(way.id, `No agent of ${way.name} needs a rule.`)];
  const why = listing(facts, way.id, types.association);
  return on.flatMap((signal) => {
    const rules = way.rules.filter((rule) => sends(rule, signal));
    return rules.length > 0
      ? rules.flatMap((rule) => destinations(facts, way, rule, signal))
      : [missing(facts, way, { signal, why })];
  });
}

function missing(
  facts: CheckFacts,
  way: ClusterWay,
  { signal, why }: { readonly signal: Signal; readonly why: string | undefined },
): Finding {
  const broken = way.missingRules.map(({ dcrId }) => dcrId ?? "");
  const unread = broken.map((id) => presence(facts, id)).find((one) => one.kind === "unknown");
  const reason = why ?? (unread?.kind === "unknown" ? unread.why : undefined);
  if (reason !== undefined) return unknown(way.id, reason);
  const says =
    broken.length > 0
      ? `${signal} of ${way.name} are on, but its association names ${broken.join(", ")}, which does not exist.`
      : `${signal} of ${way.name} are on, but no association leads to a rule that takes ${signal}.`;
  const verb =
    signal === "metrics"
      ? "aks update --enable-azure-monitor-metrics"
      : "aks enable-addons --addons monitoring";
  const options = { "--name": way.name, ...placeOf(way.id) };
  return fail(way.id, says, {
    chain: broken,
    fixes: [az(`Let az make the rule and the association of ${signal}.`, verb, options)],
  });
}

function destinations(
  facts: CheckFacts,
  way: ClusterWay,
  { rule, lawIds }: RuleInUse,
  signal: Signal,
): readonly Finding[] {
  const chain = [way.id];
  return (signal === "metrics" ? rule.workspaceIds : lawIds).map((id) => {
    const found = presence(facts, id);
    if (found.kind === "unknown") return unknown(rule.id, found.why, { chain: [...chain, id] });
    if (found.kind === "there") {
      return pass(rule.id, `${rule.name} sends the ${signal} of ${way.name} to ${nameOf(id)}.`, {
        chain,
      });
    }
    const says = `${rule.name} sends the ${signal} of ${way.name} to ${id}, which does not exist.`;
    return fail(rule.id, says, { chain: [...chain, id] });
  });
}

export const collectionRule: Check = {
  id: "LS0201",
  title: "monitoring that is on has a data collection rule that leads somewhere",
  severity: "error",
  phase: "control",
  dependsOn: ["LS0101"],
  failureModes: ["F29", "F37"],
  run: (facts) => eachCluster(facts, (way) => look(facts, way)),
};
