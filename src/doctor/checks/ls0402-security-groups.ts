/** LS0402: network security groups let a cluster reach its private endpoint. */
import { fail, pass } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import type { CheckFacts } from "../facts.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { waysToHosts } from "../way/to-endpoint.ts";
import { az, chainOf, eachPrivateCluster, nameOf, placeOf } from "../way/words.ts";
import { byGroup } from "./ls0401-way-to-endpoint.ts";

function look({ graph }: CheckFacts, way: ClusterWay): readonly Finding[] {
  const ways = waysToHosts(graph, way);
  const [first] = ways;
  if (first === undefined) return [];
  const stopped = ways.find(({ reach }) => byGroup(reach));
  const hop = stopped?.reach.hops.at(-1);
  if (stopped === undefined || hop === undefined) {
    return [
      pass(
        first.vnetId,
        `No security group stops ${way.name} on its way to the private endpoint.`,
        { chain: chainOf(way) },
      ),
    ];
  }
  const why = hop.reasons.at(-1)?.says ?? "";
  const direction = why.includes("(Inbound") ? "Inbound" : "Outbound";
  const says = `${why} That is ${stopped.host}, which ${way.name} needs.`;
  const fixes = [
    az(`Let 443 to the endpoint's addresses pass, before that rule.`, "network nsg rule create", {
      "--nsg-name": nameOf(hop.at),
      "--name": "allow-azure-monitor-private-link",
      "--priority": "100",
      "--direction": direction,
      "--access": "Allow",
      "--protocol": "Tcp",
      "--destination-address-prefixes": stopped.address,
      "--destination-port-ranges": "443",
      ...placeOf(hop.at),
    }),
  ];
  return [fail(hop.at, says, { chain: chainOf(way, stopped.vnetId), reasons: hop.reasons, fixes })];
}

export const securityGroups: Check = {
  id: "LS0402",
  title: "security groups let the cluster reach the private endpoint",
  severity: "error",
  phase: "network",
  dependsOn: ["LS0307"],
  failureModes: ["F10"],
  run: (facts) => eachPrivateCluster(facts, (way) => look(facts, way)),
};
