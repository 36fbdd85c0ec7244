/** LS0306: no zone is in force that hides the host which every agent asks first. */
import { cloud, privateAlias } from "../../azure/index.ts";
import { resolveName } from "../../rules/index.ts";
import { fail, pass, unknown } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import { listing } from "../facts.ts";
import type { CheckFacts } from "../facts.ts";
import { step } from "../fix.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { az, chainOf, eachCluster, nameOf, placeOf, restartAgents } from "../way/words.ts";

const host = cloud.globalHandlerHost;
const record = privateAlias(host)?.recordName ?? "";

function look(facts: CheckFacts, way: ClusterWay): readonly Finding[] {
  return way.vnetIds.flatMap((vnetId) => {
    const { outcome, zone, link, reasons } = resolveName(facts.graph, { name: host, vnetId });
    const chain = chainOf(way, vnetId);
    if (outcome !== "nxdomain" || zone === undefined) {
      return [pass(vnetId, `${host} is not hidden in ${nameOf(vnetId)}.`, { chain })];
    }
    const why = listing(facts, zone.id, "Microsoft.Network/privateDnsZones/A");
    if (why !== undefined) return [unknown(zone.id, why, { chain })];
    const says = `The zone ${zone.name} is in force in ${nameOf(vnetId)} and holds no ${record}: ${host} does not exist there, nor do log queries and Application Insights. Public DNS always leads these names into that zone, whether or not a private link exists.`;
    const fixes = [
      az(
        "Unlink the zone, if no private link is wanted.",
        "network private-dns link vnet delete --yes",
        {
          "--name": nameOf(link?.id ?? ""),
          "--zone-name": zone.name,
          ...placeOf(zone.id),
        },
      ),
      step(
        "Or finish the private link: `./linkscope enable metrics`. Letting the link fall back to public DNS (NxDomainRedirect) hides the fault, and a strict private link with it.",
      ),
      restartAgents,
    ];
    return [fail(zone.id, says, { chain, reasons, fixes })];
  });
}

export const emptyZone: Check = {
  id: "LS0306",
  title: "no zone hides the host that every agent asks first",
  severity: "error",
  phase: "dns",
  dependsOn: ["LS0302", "LS0303", "LS0304", "LS0210"],
  failureModes: ["F04"],
  run: (facts) => eachCluster(facts, (way) => look(facts, way)),
};
