/** LS0601: samples and records of a cluster keep coming. */
import { limits } from "../../core/index.ts";
import { sameId } from "../../arm/index.ts";
import { fail, pass, skipped } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import type { CheckFacts } from "../facts.ts";
import { step } from "../fix.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { chainOf, eachCluster } from "../way/words.ts";

const fixes = [
  step(
    "Every check on the way holds, so look at the agents themselves: their pods, their logs (`./linkscope explain 'LINE'`), and whether the workspace throttles.",
  ),
];

function look(facts: CheckFacts, way: ClusterWay): readonly Finding[] {
  const seen = facts.probes.flatMap(({ samples, takenAtMs }) =>
    samples
      .filter(({ clusterId }) => sameId(clusterId, way.id))
      .map((sample) => ({ ...sample, takenAtMs })),
  );
  if (seen.length === 0) {
    return [
      skipped(way.id, `Nobody has asked for the newest data of ${way.name}: ./linkscope probe.`),
    ];
  }
  // The newest look at each path counts.
  const byPath = [...Map.groupBy(seen, ({ path }) => path).values()].flatMap(
    (all) => all.toSorted((a, b) => b.takenAtMs - a.takenAtMs)[0] ?? [],
  );
  return byPath.map(({ path, newestMs, takenAtMs }) => {
    const chain = chainOf(way);
    if (newestMs === null)
      return fail(way.id, `There is no data of ${way.name} by ${path}.`, { chain, fixes });
    const ageMs = takenAtMs - newestMs;
    const says = `The newest data of ${way.name} by ${path} was ${Math.round(ageMs / 1000)} s old; ${limits.proofFreshMs / 1000} s are allowed.`;
    return ageMs <= limits.proofFreshMs
      ? pass(way.id, says, { chain })
      : fail(way.id, says, { chain, fixes });
  });
}

export const dataFresh: Check = {
  id: "LS0601",
  title: "samples and records keep coming",
  severity: "error",
  phase: "data",
  dependsOn: ["LS0201", "LS0501", "LS0502", "LS0503", "LS0504"],
  failureModes: ["F07", "F33"],
  retryMs: 5 * 60 * 1000,
  run: (facts) => eachCluster(facts, (way) => look(facts, way)),
};
