/** LS0406: connections from inside a cluster arrive where routes and rules say they do. */
import { cloud } from "../../azure/index.ts";
import { fail, pass, skipped } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import { probesInside } from "../facts.ts";
import type { CheckFacts } from "../facts.ts";
import { step } from "../fix.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { chainOf, eachPrivateCluster } from "../way/words.ts";

const failed: ReadonlySet<string> = new Set(["refused", "reset", "timeout", "error"]);

function look(facts: CheckFacts, way: ClusterWay): readonly Finding[] {
  const needed = new Set([
    cloud.globalHandlerHost,
    ...way.stations.flatMap((station) => station.hosts),
  ]);
  const seen = probesInside(facts, { clusterId: way.id, vnetId: way.vnetIds[0] })
    .flatMap(({ connections }) => connections)
    .filter(({ host }) => needed.has(host.toLowerCase()));
  if (seen.length === 0) {
    return [
      skipped(
        way.id,
        `Nobody has tried connections inside ${way.name}: ./linkscope probe --emit sh.`,
      ),
    ];
  }
  const broken = seen.find(({ outcome }) => failed.has(outcome));
  if (broken === undefined) {
    return [pass(way.id, `${seen.length} connections inside ${way.name} arrived.`)];
  }
  const what = broken.outcome === "timeout" ? "gets no answer" : `fails (${broken.outcome})`;
  const says = `Inside ${way.name} a connection to ${broken.host} (${broken.address}) ${what}${broken.says === "" ? "" : `: ${broken.says}`}.`;
  const fixes = [
    step(
      "Look for what cannot be read in Azure: network policies of the cluster, appliances of others, rules of the machine that was probed from.",
    ),
  ];
  return [fail(way.id, says, { chain: chainOf(way), fixes })];
}

export const connectionsSeen: Check = {
  id: "LS0406",
  title: "connections from inside the cluster arrive",
  severity: "error",
  phase: "network",
  dependsOn: ["LS0310", "LS0401", "LS0402", "LS0404", "LS0405", "LS0403"],
  failureModes: ["F10"],
  run: (facts) => eachPrivateCluster(facts, (way) => look(facts, way)),
};
