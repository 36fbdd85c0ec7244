/** LS0210: the networks that share DNS zones use one scope. */
import { idKey, listAt, parseId, sameId, stringAt } from "../../arm/index.ts";
import type { Graph, ResourceId } from "../../arm/index.ts";
import { endpointOf, isScope, networkTypes, zoneLinksTo } from "../../rules/index.ts";
import type { EndpointView } from "../../rules/index.ts";
import { fail, pass } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import type { CheckFacts } from "../facts.ts";
import { step } from "../fix.ts";
import { waysOf } from "../way/cluster-way.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { nameOf } from "../way/words.ts";

interface Writers {
  readonly zoneId: ResourceId;
  readonly endpoints: readonly EndpointView[];
}

const made = new WeakMap<Graph, ReadonlyMap<string, Writers>>();

/** The endpoints of scopes that write their records into each zone, by their zone groups. */
export function zoneWriters(graph: Graph): ReadonlyMap<string, Writers> {
  const known = made.get(graph);
  if (known !== undefined) return known;
  const writers = new Map<string, { zoneId: ResourceId; endpoints: EndpointView[] }>();
  for (const group of graph.ofType(networkTypes.zoneGroup)) {
    const endpoint = endpointOf(graph, parseId(group.id)?.parentId ?? "");
    if (endpoint?.targetId === undefined || !isScope(endpoint.targetId)) continue;
    for (const config of listAt(group.properties, "privateDnsZoneConfigs")) {
      const zoneId = stringAt(config, "properties", "privateDnsZoneId");
      if (zoneId === undefined) continue;
      const entry = writers.get(idKey(zoneId)) ?? { zoneId, endpoints: [] };
      writers.set(idKey(zoneId), entry);
      entry.endpoints.push(endpoint);
    }
  }
  made.set(graph, writers);
  return writers;
}

const fixes = [
  step(
    "Keep one scope for all networks that share the DNS: link the other's resources to it, put one private endpoint into the hub, and remove the other endpoint's zone group, then the endpoint. Isolated networks need zones of their own.",
  ),
];

function look(facts: CheckFacts): readonly Finding[] {
  const { graph } = facts;
  const ways = waysOf(facts);
  const clashes = [...zoneWriters(graph).values()].filter(({ endpoints }) =>
    endpoints.some(({ targetId }) => !sameId(targetId, endpoints[0]?.targetId)),
  );
  // One pair of scopes clashes in five zones: that is one finding, at the zone that all agents need.
  const byScopes = Map.groupBy(clashes, ({ endpoints }) =>
    endpoints
      .map(({ id }) => idKey(id))
      .toSorted()
      .join("\n"),
  );
  const found = [...byScopes.values()].map((same) => clash(graph, ways, same));
  if (found.length > 0) return found;
  return ways.flatMap(({ scope, id }) =>
    scope === undefined
      ? []
      : [
          pass(scope.id, `Only ${nameOf(scope.id)} writes into the zones of its networks.`, {
            chain: [id],
          }),
        ],
  );
}

function clash(graph: Graph, ways: readonly ClusterWay[], same: readonly Writers[]): Finding {
  const [first] = same;
  const endpoints = first?.endpoints ?? [];
  const scopes = [...new Set(endpoints.map(({ targetId }) => targetId ?? ""))];
  const networks = new Set(
    same.flatMap(({ zoneId }) => zoneLinksTo(graph, zoneId).map(({ vnetId }) => idKey(vnetId))),
  );
  const hit = ways.filter(
    ({ vnetIds, scope }) =>
      vnetIds.some((id) => networks.has(idKey(id))) || scopes.some((id) => sameId(id, scope?.id)),
  );
  const says = `The private endpoints ${endpoints.map(({ name }) => name).join(" and ")} lead to different scopes (${scopes.map(nameOf).join(", ")}) and write the same names into ${same.map(({ zoneId }) => nameOf(zoneId)).join(", ")}: the last one to write wins, and the others' networks lose Azure Monitor.`;
  return fail(first?.zoneId ?? "", says, {
    chain: [
      ...same.map(({ zoneId }) => zoneId),
      ...endpoints.map(({ id }) => id),
      ...scopes,
      ...hit.flatMap(({ id, vnetIds, stations }) => [
        id,
        ...vnetIds,
        ...stations.map((one) => one.id),
      ]),
    ],
    fixes,
  });
}

export const oneScope: Check = {
  id: "LS0210",
  title: "the networks that share DNS zones use one scope",
  severity: "error",
  phase: "control",
  dependsOn: [],
  failureModes: ["F09"],
  run: look,
};
