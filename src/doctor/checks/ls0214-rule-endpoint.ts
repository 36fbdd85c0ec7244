/** LS0214: a rule whose data goes by a data collection endpoint names one. */
import { highScaleStream } from "../../azure/index.ts";
import { presence } from "../facts.ts";
import type { CheckFacts } from "../facts.ts";
import { fail, pass, unknown } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import type { ClusterWay, RuleInUse } from "../way/cluster-way.ts";
import { az, eachPrivateCluster, nameOf, placeOf } from "../way/words.ts";

/** Metrics always go by an endpoint; logs go to the workspace itself, but for the high-scale stream. */
const needsEndpoint = ({ rule, sends }: RuleInUse): boolean =>
  sends === "metrics" ||
  sends === "both" ||
  rule.streams.some((stream) => stream.toLowerCase() === highScaleStream.toLowerCase());

function look(facts: CheckFacts, way: ClusterWay, use: RuleInUse): readonly Finding[] {
  if (!needsEndpoint(use)) return [];
  const { id, name, dceId, region } = use.rule;
  const chain = [way.id];
  const found = dceId === undefined ? undefined : presence(facts, dceId);
  if (found?.kind === "there")
    return [pass(id, `${name} sends through ${nameOf(dceId ?? "")}.`, { chain })];
  if (found?.kind === "unknown") return [unknown(id, found.why, { chain })];
  const fault =
    dceId === undefined
      ? "names no data collection endpoint"
      : `names ${dceId}, which does not exist`;
  const says = `${name}, by which ${way.name} sends, ${fault}: its data has no way that a private link can take.`;
  const fixes = [
    az(`Give the rule an endpoint in ${region}.`, "monitor data-collection rule update", {
      "--name": name,
      "--data-collection-endpoint-id": "DCE_ID",
      ...placeOf(id),
    }),
  ];
  return [fail(id, says, { chain, fixes })];
}

export const ruleEndpoint: Check = {
  id: "LS0214",
  title: "a rule whose data goes by a data collection endpoint names one",
  severity: "error",
  phase: "control",
  dependsOn: ["LS0201"],
  failureModes: ["F37"],
  run: (facts) =>
    eachPrivateCluster(facts, (way) => way.rules.flatMap((rule) => look(facts, way, rule))),
};
