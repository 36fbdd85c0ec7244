/** LS0401: routes, peerings and firewalls let a cluster reach the addresses of its private endpoint. */
import { sameId } from "../../arm/index.ts";
import { endpointOf } from "../../rules/index.ts";
import { fail, pass, unknown } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import type { CheckFacts } from "../facts.ts";
import { step } from "../fix.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { waysToHosts } from "../way/to-endpoint.ts";
import type { WayToHost } from "../way/to-endpoint.ts";
import { unreadEndpoint, unreadPeer } from "../way/untold.ts";
import { chainOf, eachPrivateCluster, nameOf } from "../way/words.ts";

const fixes = [
  step(
    "Peer the cluster's network with the endpoint's, or route the endpoint's addresses to it (a route of the endpoint's own prefix, or private endpoint network policies off on its subnet); a firewall between them must let them pass.",
  ),
];

function look(facts: CheckFacts, way: ClusterWay): readonly Finding[] {
  const { graph } = facts;
  const ways = waysToHosts(graph, way);
  const [first] = ways;
  if (first === undefined) return [];
  // What a security group stops is LS0402's to say.
  const stopped = ways.find(({ reach }) => reach.kind !== "endpoint" && !byGroup(reach));
  const why =
    stopped === undefined
      ? undefined
      : (unreadPeer(facts, stopped.vnetId) ?? unreadEndpoint(facts, way));
  if (stopped !== undefined && why !== undefined) {
    const says = `Whether ${nameOf(stopped.vnetId)} reaches ${stopped.host} is not known: ${why}`;
    return [unknown(stopped.vnetId, says, { chain: chainOf(way) })];
  }
  if (stopped !== undefined) return [failing(way, stopped)];
  const elsewhere = ways.find(
    ({ reach }) =>
      reach.kind === "endpoint" &&
      !sameId(endpointOf(graph, reach.endpointId)?.targetId, way.scope?.id),
  );
  if (elsewhere !== undefined && elsewhere.reach.kind === "endpoint") {
    const { endpointId } = elsewhere.reach;
    const target = endpointOf(graph, endpointId)?.targetId ?? "";
    const says = `${elsewhere.host} leads to ${elsewhere.address}, which is ${nameOf(endpointId)}'s and leads to ${nameOf(target)}, not to ${nameOf(way.scope?.id ?? "")}.`;
    const chain = chainOf(way, endpointId, target);
    return [fail(first.vnetId, says, { chain, reasons: elsewhere.reach.reasons, fixes })];
  }
  const says = `${way.name} reaches the private endpoint for ${ways.length} names.`;
  return [pass(first.vnetId, says, { chain: chainOf(way) })];
}

/** Whether a security group has the last word. */
export const byGroup = ({ hops }: WayToHost["reach"]): boolean =>
  hops.at(-1)?.kind === "security-group" && hops.at(-1)?.passes === false;

function failing(way: ClusterWay, { vnetId, host, address, reach, stationId }: WayToHost): Finding {
  const last = reach.hops.findLast(({ passes }) => !passes);
  const why = last?.reasons.at(-1)?.says ?? "The way ends before the endpoint.";
  const says = `From ${nameOf(vnetId)} ${host} (${address}) is not reached: ${why}`;
  return fail(vnetId, says, { chain: chainOf(way, stationId), reasons: reach.reasons, fixes });
}

export const wayToEndpoint: Check = {
  id: "LS0401",
  title: "routes, peerings and firewalls let the cluster reach the private endpoint",
  severity: "error",
  phase: "network",
  dependsOn: ["LS0210", "LS0304", "LS0307"],
  failureModes: ["F09", "F10"],
  run: (facts) => eachPrivateCluster(facts, (way) => look(facts, way)),
};
