/** The blast radius of a change: who would lose a way that works today, by name, and why. Pure: the same rules before and after. */
import { idKey, sameId } from "../../arm/index.ts";
import type { Graph, ResourceId } from "../../arm/index.ts";
import type { Reason } from "../../core/index.ts";
import {
  networkTypes,
  resolverOf,
  scopedResourcesIn,
  storageAccountsOf,
  zoneLinksOf,
  zoneLinksTo,
} from "../../rules/index.ts";
import { zoneWriters } from "../checks/ls0210-one-scope.ts";
import { completeFacts } from "../facts.ts";
import { waysOf } from "../way/cluster-way.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { afterChange } from "./planned-change.ts";
import type { PlannedChange } from "./planned-change.ts";
import {
  answerOf,
  configurationAnswer,
  hiddenAccounts,
  pathsFrom,
  waysToResources,
} from "./ways-used.ts";
import type { Paths, Use, WayAnswer, WayAsked } from "./ways-used.ts";

/** One way that works before the change and not after it. */
export interface Loss {
  readonly networkId: ResourceId;
  readonly resourceId: ResourceId;
  readonly use: Use;
  readonly host: string;
  /** By which way it worked. */
  readonly before: "private" | "public";
  /** The clusters in that network whose telemetry it is. Others may use it, of which Azure does not tell. */
  readonly users: readonly ResourceId[];
  /** The rule that ends the way, and its source. */
  readonly why: Reason;
}

export interface Impact {
  readonly scopeId: ResourceId;
  /** Networks that share the scope's DNS, and so its fate. */
  readonly networks: readonly ResourceId[];
  /** What the scope links. */
  readonly linked: readonly ResourceId[];
  readonly losses: readonly Loss[];
  readonly notes: readonly string[];
}

export type ImpactAnswer =
  { readonly ok: true; readonly impact: Impact } | { readonly ok: false; readonly says: string };

/** Who would lose what by a change. Compares every network that the change reaches with every resource, before and after. */
export function impactOf(graph: Graph, change: PlannedChange): ImpactAnswer {
  const after = afterChange(graph, change);
  if (!after.ok) return after;
  const networks = sharing(graph, change.scopeId);
  const reached =
    change.linkZone === undefined
      ? networks
      : distinct([
          ...(change.mode === undefined ? [] : networks),
          ...answeredBy(graph, change.linkZone.vnetId),
        ]);
  const ways = waysOf(completeFacts(graph, { nowMs: 0 }));
  const asked = waysToResources(graph);
  const losses = reached.flatMap((networkId) =>
    lossesIn({ before: graph, after: after.graph, networkId, asked, ways }),
  );
  return {
    ok: true,
    impact: {
      scopeId: change.scopeId,
      networks,
      linked: scopedResourcesIn(graph, change.scopeId).map(({ linkedId }) => linkedId),
      losses: losses.toSorted((a, b) => Number(b.users.length > 0) - Number(a.users.length > 0)),
      notes: after.notes,
    },
  };
}

const distinct = (ids: readonly ResourceId[]): readonly ResourceId[] => [
  ...new Map(ids.map((id) => [idKey(id), id])).values(),
];

/** The networks whose names a network's Azure DNS answers: its own, and those whose DNS servers lead to it. */
const answeredBy = (graph: Graph, vnetId: ResourceId): readonly ResourceId[] =>
  graph
    .ofType(networkTypes.vnet)
    .map(({ id }) => id)
    .filter((id) => {
      const resolver = resolverOf(graph, id);
      return resolver.kind === "azure" && sameId(resolver.vnetId, vnetId);
    });

/** The networks in which a zone is in force that an endpoint of the scope writes into. */
function sharing(graph: Graph, scopeId: ResourceId): readonly ResourceId[] {
  const zones = [...zoneWriters(graph).values()].filter(({ endpoints }) =>
    endpoints.some(({ targetId }) => sameId(targetId, scopeId)),
  );
  const linked = distinct(
    zones.flatMap(({ zoneId }) => zoneLinksTo(graph, zoneId).map(({ vnetId }) => vnetId)),
  );
  return distinct(linked.flatMap((id) => [id, ...answeredBy(graph, id)])).filter(
    (id) => graph.get(id) !== undefined && zonesReach(graph, id, linked),
  );
}

/** Whether the network's own answers come from one of those that have the zones. */
function zonesReach(graph: Graph, vnetId: ResourceId, linked: readonly ResourceId[]): boolean {
  const resolver = resolverOf(graph, vnetId);
  if (resolver.kind !== "azure") return false;
  return (
    linked.some((id) => sameId(id, resolver.vnetId)) &&
    zoneLinksOf(graph, resolver.vnetId).length > 0
  );
}

interface Compared {
  readonly before: Graph;
  readonly after: Graph;
  readonly networkId: ResourceId;
  readonly asked: readonly WayAsked[];
  readonly ways: readonly ClusterWay[];
}

function lossesIn(of: Compared): readonly Loss[] {
  const { before, after, networkId, asked } = of;
  const here = of.ways.filter(({ vnetIds }) => vnetIds.some((id) => sameId(id, networkId)));
  const paths = [pathsFrom(before, networkId), pathsFrom(after, networkId)] as const;
  const lost = (
    { resourceId, use, host }: Pick<WayAsked, "resourceId" | "use" | "host">,
    [was, is]: readonly [WayAnswer, WayAnswer],
  ): readonly Loss[] => {
    const why = is.reasons.at(-1);
    if (!was.works || is.works || was.way === "none" || why === undefined) return [];
    const users = usersOf(here, resourceId, use);
    return [{ networkId, resourceId, use, host, before: was.way, users, why }];
  };
  return [
    ...here.flatMap(({ id }) => lost(configurationOf(id), configurations(of, id, paths))),
    ...asked.flatMap((one) =>
      lost(one, [answerOf(before, one, paths[0]), answerOf(after, one, paths[1])]),
    ),
    ...storage(of),
  ];
}

const configurationOf = (clusterId: ResourceId): Pick<WayAsked, "resourceId" | "use" | "host"> => ({
  resourceId: clusterId,
  use: "configuration",
  host: "",
});

const configurations = (
  { before, after }: Compared,
  clusterId: ResourceId,
  [was, is]: readonly [Paths, Paths],
): readonly [WayAnswer, WayAnswer] => [
  configurationAnswer(before, clusterId, was),
  configurationAnswer(after, clusterId, is),
];

/** Storage accounts that a zone would hide, and does not hide now. */
function storage({ before, after, networkId }: Compared): readonly Loss[] {
  const was = hiddenAccounts(before, networkId);
  const is = hiddenAccounts(after, networkId);
  return storageAccountsOf(before).flatMap(({ id, blobHost }): readonly Loss[] => {
    const why = is.get(idKey(id))?.reasons.at(-1);
    if (was.has(idKey(id)) || why === undefined) return [];
    const common = { networkId, resourceId: id, use: "storage", host: blobHost } as const;
    return [{ ...common, before: "public", users: [], why }];
  });
}

/** The clusters of a network that a resource is on the way of. */
function usersOf(
  here: readonly ClusterWay[],
  resourceId: ResourceId,
  use: Use,
): readonly ResourceId[] {
  return here
    .filter(
      ({ id, stations, workspaceIds }) =>
        (use === "configuration" && sameId(id, resourceId)) ||
        stations.some((one) => sameId(one.id, resourceId) && one.uses.length > 0) ||
        (use === "metrics query" && workspaceIds.some((one) => sameId(one, resourceId))),
    )
    .map(({ id }) => id);
}
