/** LS0301: the DNS servers of a cluster's network answer. */
import type { ResourceId } from "../../arm/index.ts";
import { cloud } from "../../azure/index.ts";
import { dnsServersOf, interfacesAt, resolveName } from "../../rules/index.ts";
import { fail, pass, unknown } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import { probesInside } from "../facts.ts";
import type { CheckFacts } from "../facts.ts";
import { step } from "../fix.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { unreadPeer } from "../way/untold.ts";
import { chainOf, eachCluster, nameOf } from "../way/words.ts";

const forwarders = step(
  `Let the DNS servers forward the public suffixes (${cloud.monitorSuffix}, ${cloud.odsSuffix}, ${cloud.omsSuffix}, ${cloud.agentServiceSuffix}, ${cloud.blobSuffix}) and never the privatelink names: to a resolver's inbound endpoint or a firewall's DNS proxy in a network to which the zones are linked.`,
);

function look(facts: CheckFacts, way: ClusterWay, vnetId: ResourceId): readonly Finding[] {
  const { graph } = facts;
  if (graph.get(vnetId) === undefined) return [];
  const servers = dnsServersOf(graph, vnetId);
  const { outcome, reasons } = resolveName(graph, { name: cloud.globalHandlerHost, vnetId });
  const chain = chainOf(way);
  if (outcome !== "servfail") {
    const by = servers.length === 0 ? "Azure DNS" : servers.join(", ");
    return [pass(vnetId, `${by} answers in ${nameOf(vnetId)}.`, { chain })];
  }
  const why = reasons.at(-1);
  const peer = unreadPeer(facts, vnetId);
  if (peer !== undefined)
    return [
      unknown(vnetId, `Whether the DNS servers of ${nameOf(vnetId)} answer is not known: ${peer}`, {
        chain,
        reasons,
      }),
    ];
  if (why?.rule !== "dns.server-unknown") {
    const says = `No DNS server answers in ${nameOf(vnetId)}: ${why?.says ?? ""}`;
    return [fail(vnetId, says, { chain, reasons, fixes: [forwarders] })];
  }
  return [bySight(facts, way, { vnetId, servers: servers.join(", "), reasons })];
}

/** What a server of one's own answers is seen only from inside. */
function bySight(
  facts: CheckFacts,
  way: ClusterWay,
  of: {
    readonly vnetId: ResourceId;
    readonly servers: string;
    readonly reasons: Finding["reasons"];
  },
): Finding {
  const { vnetId, servers, reasons } = of;
  const chain = chainOf(way);
  const seen = probesInside(facts, { clusterId: way.id, vnetId })
    .flatMap(({ names }) => names)
    .find(({ name, outcome }) => name === cloud.globalHandlerHost && outcome !== "error");
  if (seen === undefined) {
    const says = `What the DNS servers of ${nameOf(vnetId)} (${servers}) answer is not to be read in Azure. Probe from inside: ./linkscope probe --emit sh.`;
    return unknown(vnetId, says, { chain, reasons });
  }
  const known =
    seen.addresses.length > 0 && seen.addresses.every((address) => isOurs(facts, address));
  const answer = seen.addresses.join(", ") || seen.outcome;
  if (known || way.wants === undefined) {
    return pass(vnetId, `${servers} answers ${seen.name} with ${answer}.`, { chain });
  }
  const says = `The DNS servers of ${nameOf(vnetId)} (${servers}) answer ${seen.name} with ${answer}, which is no private endpoint's address: they do not forward to where the zones are.`;
  return fail(vnetId, says, { chain, reasons, fixes: [forwarders] });
}

/** Private means an address of an interface that was read, never a range of addresses. */
const isOurs = ({ graph }: CheckFacts, address: string): boolean =>
  interfacesAt(graph, address).length > 0;

export const resolver: Check = {
  id: "LS0301",
  title: "the DNS servers of the cluster's network answer",
  severity: "error",
  phase: "dns",
  dependsOn: ["LS0101"],
  failureModes: ["F06"],
  run: (facts) => eachCluster(facts, (way) => way.vnetIds.flatMap((id) => look(facts, way, id))),
};
