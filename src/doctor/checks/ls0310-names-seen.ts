/** LS0310: a pod's own resolver answers as the zones say. */
import { idKey } from "../../arm/index.ts";
import { resolveName } from "../../rules/index.ts";
import type { NameSeen } from "../../snapshot/index.ts";
import { fail, pass, skipped, unknown } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import { probesInside } from "../facts.ts";
import type { CheckFacts } from "../facts.ts";
import { step } from "../fix.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { chainOf, eachPrivateCluster, nameOf, restartAgents } from "../way/words.ts";
import { cloud } from "../../azure/index.ts";

function look(facts: CheckFacts, way: ClusterWay): readonly Finding[] {
  const [vnetId] = way.vnetIds;
  const fragments = probesInside(facts, { clusterId: way.id, vnetId });
  if (fragments.length === 0 || vnetId === undefined) {
    return [
      skipped(
        way.id,
        `Nobody has looked up names inside ${way.name}: ./linkscope probe --emit sh.`,
      ),
    ];
  }
  const needed = new Set([
    cloud.globalHandlerHost,
    ...way.stations.flatMap((station) => station.hosts),
  ]);
  const seen = Map.groupBy(
    fragments.flatMap(({ names }) => names).filter(({ name }) => needed.has(name.toLowerCase())),
    ({ name }) => name.toLowerCase(),
  );
  return [...seen].map(([name, answers]) => judge(facts, way, { name, answers, vnetId }));
}

function judge(
  { graph }: CheckFacts,
  way: ClusterWay,
  of: { readonly name: string; readonly answers: readonly NameSeen[]; readonly vnetId: string },
): Finding {
  const { name, answers, vnetId } = of;
  const model = resolveName(graph, { name, vnetId });
  const chain = chainOf(way, vnetId);
  const told = answers.filter(({ outcome }) => outcome !== "error");
  if (told.length === 0) {
    return unknown(
      way.id,
      `${name} could not be looked up inside ${way.name}: ${answers[0]?.says ?? ""}`,
      { chain },
    );
  }
  // A resolver can fail once and answer the next time: one answer as it should be is enough.
  const good = told.some(
    ({ addresses }) =>
      addresses.length > 0 && addresses.every((one) => model.addresses.includes(one)),
  );
  if (good || model.outcome !== "private") {
    const says = good
      ? `${name} leads to ${model.addresses.join(", ")} inside ${way.name}, as the zones say.`
      : `The zones lead ${name} to no private endpoint themselves.`;
    return good ? pass(way.id, says, { chain }) : skipped(way.id, says, { chain });
  }
  const [first] = told;
  const answer = first?.addresses.join(", ") || first?.outcome.toUpperCase() || "nothing";
  const says = `${name} leads to ${answer} inside ${way.name}, and the zones in force in ${nameOf(vnetId)} say ${model.addresses.join(", ")}: something between the pod and Azure's DNS answers otherwise.`;
  const fixes = [
    step(
      "Look at CoreDNS: kubectl -n kube-system get configmap coredns-custom -o yaml; then at the nodes' resolvers and the network's DNS servers.",
    ),
    restartAgents,
  ];
  return fail(way.id, says, { chain, reasons: model.reasons, fixes });
}

export const namesSeen: Check = {
  id: "LS0310",
  title: "names lead inside the cluster to where the zones say",
  severity: "error",
  phase: "dns",
  dependsOn: ["LS0301", "LS0305", "LS0307"],
  failureModes: ["F06"],
  retryMs: 3 * 60 * 1000,
  run: (facts) => onceEach(eachPrivateCluster(facts, (way) => look(facts, way))),
};

/** The first failure of a cluster speaks for its other names, which fail alike. */
function onceEach(findings: readonly Finding[]): readonly Finding[] {
  const failed = new Set<string>();
  return findings.filter(({ status, subject }) => {
    if (status !== "fail") return true;
    if (failed.has(idKey(subject))) return false;
    failed.add(idKey(subject));
    return true;
  });
}
