/** LS0405: what stays public by design can be reached from a cluster whose way out is ruled. */
import type { ResourceId } from "../../arm/index.ts";
import { cloud } from "../../azure/index.ts";
import { reachAddress, resolveName } from "../../rules/index.ts";
import type { Reach } from "../../rules/index.ts";
import { fail, pass } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import type { CheckFacts } from "../facts.ts";
import { step } from "../fix.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { chainOf, eachPrivateCluster, nameOf } from "../way/words.ts";

/** Sign-in has no private link: every agent's token comes over a public way. */
const publicByDesign = [cloud.loginHost];

function look({ graph }: CheckFacts, way: ClusterWay, subnetId: ResourceId): readonly Finding[] {
  const vnetId = subnetId.slice(0, subnetId.toLowerCase().lastIndexOf("/subnets/"));
  if (graph.get(vnetId) === undefined) return [];
  return publicByDesign.flatMap((host): readonly Finding[] => {
    const { addresses } = resolveName(graph, { name: host, vnetId });
    const [address] = addresses;
    if (address === undefined) return [];
    const reach = reachAddress(graph, { from: { subnetId }, address, fqdn: host });
    if (reach.kind === "public") {
      return [
        pass(vnetId, `${nameOf(vnetId)} reaches ${host}, which stays public.`, { chain: [way.id] }),
      ];
    }
    return foreign(reach) ? [] : [failing(way, { host, vnetId, reach })];
  });
}

/** An appliance that is not Azure's own: what it lets pass cannot be read. */
const foreign = ({ reasons }: Reach): boolean =>
  reasons.some(({ rule }) => rule === "route.unknown-appliance");

function failing(
  way: ClusterWay,
  {
    host,
    vnetId,
    reach,
  }: { readonly host: string; readonly vnetId: ResourceId; readonly reach: Reach },
): Finding {
  const stop = reach.hops.findLast(({ passes }) => !passes);
  const why = stop?.reasons.at(-1)?.says ?? "";
  const says = `${way.name} does not reach ${host}, which has no private link and stays public: ${why}`;
  const fixes = [
    step(
      "`./linkscope export firewall --cluster …` gives the rules that a cluster needs beside a private link.",
    ),
  ];
  return fail(stop?.at ?? vnetId, says, { chain: chainOf(way), reasons: reach.reasons, fixes });
}

export const publicNames: Check = {
  id: "LS0405",
  title: "what stays public by design can be reached",
  severity: "error",
  phase: "network",
  dependsOn: [],
  failureModes: ["F10"],
  run: (facts) =>
    eachPrivateCluster(facts, (way) => way.subnetIds.flatMap((id) => look(facts, way, id))),
};
