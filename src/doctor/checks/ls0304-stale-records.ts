/** LS0304: no record in a linked zone points to an address that nothing has any more. */
import { idKey } from "../../arm/index.ts";
import type { Graph, ResourceId } from "../../arm/index.ts";
import { isScopeZone, privateAlias, cloud } from "../../azure/index.ts";
import { interfacesAt, recordsIn, resolverOf, zoneLinksOf } from "../../rules/index.ts";
import type { ZoneLinkView } from "../../rules/index.ts";
import { fail, pass, unknown } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import type { CheckFacts } from "../facts.ts";
import { waysOf } from "../way/cluster-way.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { unknownHolder } from "../way/untold.ts";
import { az, chainOf, nameOf, placeOf, restartAgents } from "../way/words.ts";

interface Stale {
  readonly record: string;
  readonly address: string;
}

const blob = privateAlias(cloud.solutionPackHost);

/** The records of a zone that are Azure Monitor's and whose address no interface has. */
function staleIn(graph: Graph, { zoneId, zoneName }: ZoneLinkView): readonly Stale[] {
  return [...recordsIn(graph, zoneId)].flatMap(([record, { addresses }]) =>
    zoneName === blob?.zone && record !== blob.recordName
      ? []
      : addresses
          .filter((address) => interfacesAt(graph, address).length === 0)
          .map((address) => ({ record, address })),
  );
}

function linkedZones(graph: Graph, ways: readonly ClusterWay[]) {
  const zones = new Map<
    string,
    { link: ZoneLinkView; ways: ClusterWay[]; vnetIds: ResourceId[] }
  >();
  for (const way of ways) {
    for (const vnetId of way.vnetIds) {
      const resolver = resolverOf(graph, vnetId);
      if (resolver.kind !== "azure") continue;
      for (const link of zoneLinksOf(graph, resolver.vnetId)) {
        if (!isScopeZone(link.zoneName) && !link.zoneName.endsWith(cloud.prometheusSuffix))
          continue;
        const entry = zones.get(idKey(link.zoneId)) ?? { link, ways: [], vnetIds: [] };
        zones.set(idKey(link.zoneId), entry);
        entry.ways.push(way);
        entry.vnetIds.push(vnetId);
      }
    }
  }
  return [...zones.values()];
}

export const staleRecords: Check = {
  id: "LS0304",
  title: "no record in a linked zone points to an address that nothing has",
  severity: "error",
  phase: "dns",
  dependsOn: ["LS0210", "LS0303"],
  failureModes: ["F05"],
  run: (facts) => linkedZones(facts.graph, waysOf(facts)).map((zone) => look(facts, zone)),
};

const shown = 3;

function look(
  facts: CheckFacts,
  { link, ways, vnetIds }: ReturnType<typeof linkedZones>[number],
): Finding {
  const chain = [...vnetIds, ...ways.flatMap((way) => chainOf(way))];
  const stale = staleIn(facts.graph, link);
  if (stale.length === 0) {
    return pass(link.zoneId, `Every record of ${link.zoneName} is an interface's address.`, {
      chain,
    });
  }
  const list = stale.slice(0, shown).map(({ record, address }) => `${record} (${address})`);
  const more = stale.length > shown ? ` and ${stale.length - shown} more` : "";
  const unread = stale.map(({ address }) => unknownHolder(facts, address)).find(Boolean);
  if (unread !== undefined) {
    const says = `Whether anything has the addresses of ${list.join(", ")}${more} in ${nameOf(link.zoneId)} is not known: ${unread}`;
    return unknown(link.zoneId, says, { chain });
  }
  const says = `${nameOf(link.zoneId)} points ${list.join(", ")}${more} to addresses that no interface has: what is left of a private endpoint that is gone.`;
  const fixes = stale.slice(0, shown).map(({ record }) =>
    az(`Delete the record ${record}.`, "network private-dns record-set a delete --yes", {
      "--zone-name": nameOf(link.zoneId),
      "--name": record,
      ...placeOf(link.zoneId),
    }),
  );
  return fail(link.zoneId, says, { chain, fixes: [...fixes, restartAgents] });
}
