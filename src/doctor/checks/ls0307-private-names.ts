/** LS0307: every name that a cluster's telemetry needs leads to a private endpoint. Names that are public by design are not asked. */
import type { ResourceId } from "../../arm/index.ts";
import { cloud } from "../../azure/index.ts";
import { resolveName } from "../../rules/index.ts";
import type { NameResolution } from "../../rules/index.ts";
import { fail, pass, unknown } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import type { CheckFacts } from "../facts.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { untold } from "../way/untold.ts";
import { chainOf, eachPrivateCluster, nameOf, restartAgents } from "../way/words.ts";

interface Asked {
  readonly subject: ResourceId;
  readonly name: string;
  readonly hosts: readonly string[];
}

function look(facts: CheckFacts, way: ClusterWay): readonly Finding[] {
  return way.vnetIds.flatMap((vnetId) => {
    const asked: readonly Asked[] = [
      { subject: vnetId, name: "the configuration service", hosts: [cloud.globalHandlerHost] },
      ...way.stations.map(({ id, name, hosts }) => ({ subject: id, name, hosts })),
    ];
    return asked.map((one) => {
      const answers = one.hosts.map((host) => resolveName(facts.graph, { name: host, vnetId }));
      return judge(facts, way, { ...one, answers, vnetId });
    });
  });
}

function judge(
  facts: CheckFacts,
  way: ClusterWay,
  {
    subject,
    name,
    answers,
    vnetId,
  }: Asked & { readonly answers: readonly NameResolution[]; readonly vnetId: ResourceId },
): Finding {
  const astray = answers.find(({ outcome }) => outcome !== "private");
  const chain = chainOf(way, vnetId, ...answers.flatMap(({ zone }) => zone?.id ?? []));
  if (astray === undefined) {
    return pass(subject, `The names of ${name} lead to a private endpoint in ${nameOf(vnetId)}.`, {
      chain,
    });
  }
  const { outcome, addresses, reasons, finalName } = astray;
  const why = untold(facts, way, astray);
  if (why !== undefined) {
    const says = `What ${finalName} leads to in ${nameOf(vnetId)} is not known: ${why}`;
    return unknown(subject, says, { chain, reasons });
  }
  const where =
    outcome === "public" ? `the public address ${addresses.join(", ")}` : outcome.toUpperCase();
  const says = `In ${nameOf(vnetId)} ${finalName} (${name}) leads to ${where}, not to a private endpoint.`;
  return fail(subject, says, { chain, reasons, fixes: [restartAgents] });
}

export const privateNames: Check = {
  id: "LS0307",
  title: "every name that the cluster's telemetry needs leads to a private endpoint",
  severity: "error",
  phase: "dns",
  dependsOn: [
    "LS0102",
    "LS0205",
    "LS0206",
    "LS0207",
    "LS0210",
    "LS0301",
    "LS0302",
    "LS0303",
    "LS0304",
    "LS0305",
    "LS0306",
  ],
  failureModes: ["F02", "F06", "F12", "F14"],
  retryMs: 3 * 60 * 1000,
  run: (facts) => eachPrivateCluster(facts, (way) => look(facts, way)),
};
