/** The way of a cluster's telemetry as the graph tells it: network, rules, endpoints, workspaces, scope; made once for all checks. */
import { at, idKey, listAt, parseId, regionKey, sameId, stringAt } from "../../arm/index.ts";
import type { ArmResource, Graph, ResourceId } from "../../arm/index.ts";
import { cloud } from "../../azure/index.ts";
import {
  associationsWith,
  configurationAssociation,
  dceOf,
  dcrOf,
  lawOf,
  logFlowsOf,
  resolveName,
  scopeLinks,
} from "../../rules/index.ts";
import type { AssociationView, DceView, DcrView, LawView } from "../../rules/index.ts";
import type { CheckFacts } from "../facts.ts";
import { findScope, hasOwnEndpoint } from "./find-scope.ts";
import type { FoundScope } from "./find-scope.ts";

/** A rule that the cluster is associated with, and where it sends. */
export interface RuleInUse {
  readonly association: AssociationView;
  readonly rule: DcrView;
  readonly sends: "metrics" | "logs" | "both" | "nothing";
  readonly lawIds: readonly ResourceId[];
}

/** A resource that the cluster's telemetry passes, and its hosts on the way. */
export interface Station {
  readonly id: ResourceId;
  readonly name: string;
  readonly kind: "dce" | "law";
  /** What it is for, in words: `configuration`, `metrics`, `logs`. */
  readonly uses: readonly string[];
  readonly hosts: readonly string[];
  /** Whether it refuses public networks. */
  readonly isClosed: boolean;
}

export interface ClusterWay {
  readonly cluster: ArmResource;
  readonly id: ResourceId;
  readonly name: string;
  readonly region: string;
  readonly isPrivate: boolean;
  /** The networks of its pools; none where Azure made the network in a group of its own. */
  readonly vnetIds: readonly ResourceId[];
  readonly subnetIds: readonly ResourceId[];
  readonly metricsOn: boolean;
  readonly logsOn: boolean;
  /** Whether the agents of logs sign in with the workspace's key. */
  readonly isLegacy: boolean;
  readonly configuration: AssociationView | undefined;
  readonly configurationDce: DceView | undefined;
  readonly rules: readonly RuleInUse[];
  /** Rules that an association names and that are not in the graph. */
  readonly missingRules: readonly AssociationView[];
  readonly workspaceIds: readonly ResourceId[];
  readonly lawIds: readonly ResourceId[];
  readonly stations: readonly Station[];
  readonly scope: FoundScope | undefined;
  /** Why its telemetry is meant to go by a private link; undefined where it is public by design. */
  readonly wants: string | undefined;
}

const made = new WeakMap<CheckFacts, readonly ClusterWay[]>();

/** The ways of the clusters under check that are in the graph, in their order. */
export function waysOf(facts: CheckFacts): readonly ClusterWay[] {
  let ways = made.get(facts);
  if (ways === undefined) {
    ways = facts.clusters.flatMap((id) => {
      const cluster = facts.graph.get(id);
      return cluster === undefined ? [] : [wayOf(facts.graph, cluster)];
    });
    made.set(facts, ways);
  }
  return ways;
}

function wayOf(graph: Graph, cluster: ArmResource): ClusterWay {
  const { id, name, properties } = cluster;
  const addon =
    at(properties, "addonProfiles", "omsagent") ?? at(properties, "addonProfiles", "omsAgent");
  const subnetIds = distinct(
    listAt(properties, "agentPoolProfiles").flatMap((pool) => stringAt(pool, "vnetSubnetID") ?? []),
  );
  const isLegacy = stringAt(addon, "config", "useAADAuth")?.toLowerCase() !== "true";
  const logsOn = at(addon, "enabled") === true;
  const associations = associationsWith(graph, id);
  const configuration = configurationAssociation(graph, id);
  const rules = associations.flatMap((association) => ruleInUse(graph, association));
  const legacyLaw = stringAt(addon, "config", "logAnalyticsWorkspaceResourceID");
  const lawIds = distinct([
    ...rules.flatMap((use) => use.lawIds),
    ...(logsOn && isLegacy && legacyLaw !== undefined ? [legacyLaw] : []),
  ]);
  const configurationDce =
    configuration?.dceId === undefined ? undefined : dceOf(graph, configuration.dceId);
  const stations = stationsOf(graph, { configurationDce, rules, lawIds });
  const base = {
    cluster,
    id,
    name,
    region: regionKey(cluster.location ?? ""),
    isPrivate: at(properties, "apiServerAccessProfile", "enablePrivateCluster") === true,
    vnetIds: distinct(subnetIds.flatMap((subnet) => parseId(subnet)?.parentId ?? [])),
    subnetIds,
    metricsOn: at(properties, "azureMonitorProfile", "metrics", "enabled") === true,
    logsOn,
    isLegacy: logsOn && isLegacy,
    configuration,
    configurationDce,
    rules,
    missingRules: associations.filter(
      ({ dcrId }) => dcrId !== undefined && dcrOf(graph, dcrId) === undefined,
    ),
    workspaceIds: distinct(rules.flatMap(({ rule }) => rule.workspaceIds)),
    lawIds,
    stations,
  };
  const scope = findScope(graph, base);
  return { ...base, scope, wants: wantsLink(graph, base, scope) };
}

const distinct = (ids: readonly ResourceId[]): readonly ResourceId[] => [
  ...new Map(ids.map((id) => [idKey(id), id])).values(),
];

function ruleInUse(graph: Graph, association: AssociationView): readonly RuleInUse[] {
  const rule = association.dcrId === undefined ? undefined : dcrOf(graph, association.dcrId);
  if (rule === undefined) return [];
  const lawIds = distinct(logFlowsOf(graph, rule.id).flatMap((flow) => flow.lawIds));
  const metrics = rule.workspaceIds.length > 0;
  const sends = metrics
    ? lawIds.length > 0
      ? "both"
      : "metrics"
    : lawIds.length > 0
      ? "logs"
      : "nothing";
  return [{ association, rule, sends, lawIds }];
}

interface Draft {
  readonly uses: string[];
  readonly hosts: string[];
}

function stationsOf(
  graph: Graph,
  of: {
    readonly configurationDce: DceView | undefined;
    readonly rules: readonly RuleInUse[];
    readonly lawIds: readonly ResourceId[];
  },
): readonly Station[] {
  const dces = new Map<string, Draft & { readonly dce: DceView }>();
  const note = (dce: DceView | undefined, use: string, host: string | undefined): void => {
    if (dce === undefined) return;
    const draft = dces.get(idKey(dce.id)) ?? { dce, uses: [], hosts: [] };
    dces.set(idKey(dce.id), draft);
    if (!draft.uses.includes(use)) draft.uses.push(use);
    if (host !== undefined && !draft.hosts.includes(host)) draft.hosts.push(host);
  };
  const { configurationDce } = of;
  note(configurationDce, "configuration", configurationDce?.configurationHost);
  for (const { rule, sends } of of.rules) {
    const dce = rule.dceId === undefined ? undefined : dceOf(graph, rule.dceId);
    if (sends === "metrics" || sends === "both") note(dce, "metrics", dce?.metricsHost);
    if (sends === "logs" || sends === "both") note(dce, "logs", dce?.logsHost);
  }
  return [
    ...[...dces.values()].map(({ dce, uses, hosts }): Station => {
      const isClosed = dce.publicNetworkAccess !== "Enabled";
      return { id: dce.id, name: dce.name, kind: "dce", uses, hosts, isClosed };
    }),
    ...of.lawIds.flatMap((lawId) => {
      const law = lawOf(graph, lawId);
      return law === undefined ? [] : [lawStation(law)];
    }),
  ];
}

const lawStation = (law: LawView): Station => ({
  id: law.id,
  name: law.name,
  kind: "law",
  uses: ["logs"],
  hosts: [law.hosts.ods, law.hosts.oms],
  isClosed: law.publicIngestion !== "Enabled",
});

type Base = Omit<ClusterWay, "scope" | "wants">;

/**
 * Whether the telemetry is meant to be private. One sign is enough: something on the way refuses public networks, the
 * first host resolves privately, an endpoint of a scope stands in the cluster's network, or its own endpoint (or, for a
 * private cluster, anything on its way) is in a scope. A cluster without any is public by design, and left in peace.
 */
function wantsLink(graph: Graph, way: Base, scope: FoundScope | undefined): string | undefined {
  if (!way.metricsOn && !way.logsOn) return undefined;
  const closed = way.stations.find(({ isClosed }) => isClosed);
  if (closed !== undefined) return `${closed.id} refuses public networks`;
  for (const vnetId of way.vnetIds) {
    if (resolveName(graph, { name: cloud.globalHandlerHost, vnetId }).outcome === "private") {
      return `${cloud.globalHandlerHost} leads to a private endpoint in ${vnetId}`;
    }
    if (hasOwnEndpoint(graph, vnetId)) return `a private endpoint of a scope stands in ${vnetId}`;
  }
  if (scope === undefined) return undefined;
  const linked = way.stations.find(({ id }) =>
    scopeLinks(graph, { scopeId: scope.id, resourceId: id }),
  );
  if (linked === undefined) return undefined;
  const own = sameId(linked.id, way.configurationDce?.id);
  if (own) return `its configuration endpoint ${linked.id} is in the scope ${scope.id}`;
  return way.isPrivate ? `it is private, and ${linked.id} is in the scope ${scope.id}` : undefined;
}
