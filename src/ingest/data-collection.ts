/** What the graph says about collecting data: a rule's endpoint and destinations, a cluster's rules and identities. */
import { at, isObject, listAt, parseId, sameId, stringAt } from "../arm/index.ts";
import type { ArmResource, Graph, Json, ResourceId } from "../arm/index.ts";
import { types } from "../rules/index.ts";

export const metricsStream = "Microsoft-PrometheusMetrics";

/** A data collection rule, as its data meets it. */
export interface CollectionRule {
  readonly rule: ArmResource;
  readonly immutableId: string;
  readonly endpointId: ResourceId | undefined;
}

const indexes = new WeakMap<Graph, ReadonlyMap<string, ArmResource>>();

/** The rule with an immutable id (`dcr-<32 hex>`), in any case; one index a graph. */
export function ruleByImmutableId(graph: Graph, immutableId: string): CollectionRule | undefined {
  let index = indexes.get(graph);
  if (index === undefined) {
    index = new Map(
      graph
        .ofType(types.dcr)
        .map((rule) => [stringAt(rule.properties, "immutableId")?.toLowerCase() ?? "", rule]),
    );
    indexes.set(graph, index);
  }
  const rule = immutableId === "" ? undefined : index.get(immutableId.toLowerCase());
  return rule === undefined ? undefined : collectionRule(rule);
}

export const collectionRule = (rule: ArmResource): CollectionRule => ({
  rule,
  immutableId: stringAt(rule.properties, "immutableId") ?? "",
  endpointId: stringAt(rule.properties, "dataCollectionEndpointId"),
});

/** Whether one of the rule's flows carries the stream. */
export const hasStream = ({ rule }: CollectionRule, stream: string): boolean =>
  listAt(rule.properties, "dataFlows").some((flow) => listAt(flow, "streams").includes(stream));

/** The Azure Monitor workspaces that the rule's flows of a stream name; those that are gone are left out. */
export function destinationAccounts(
  graph: Graph,
  { rule }: CollectionRule,
  stream: string,
): readonly ArmResource[] {
  const named = listAt(rule.properties, "dataFlows")
    .filter((flow) => listAt(flow, "streams").includes(stream))
    .flatMap((flow) => listAt(flow, "destinations"));
  return listAt(rule.properties, "destinations", "monitoringAccounts")
    .filter((destination) => named.includes(stringAt(destination, "name") ?? ""))
    .map((destination) => graph.get(stringAt(destination, "accountResourceId") ?? ""))
    .filter((account) => account !== undefined);
}

/** The cluster of an id, when it is one and exists. */
export function clusterOf(graph: Graph, id: string): ArmResource | undefined {
  return parseId(id)?.type.toLowerCase() === types.cluster.toLowerCase()
    ? graph.get(id)
    : undefined;
}

/** The endpoint that a rule names, when it exists. */
export const endpointOf = (
  graph: Graph,
  { endpointId }: CollectionRule,
): ArmResource | undefined => (endpointId === undefined ? undefined : graph.get(endpointId));

/** Whether the rule takes data through this endpoint: only through the one that it names. */
export const isBoundTo = (
  { endpointId }: CollectionRule,
  otherId: ResourceId | undefined,
): boolean => sameId(endpointId, otherId);

/**
 * The object ids of a cluster's own identities: the control plane's, the kubelet's and those of its add-ons.
 *
 * @see SPEC containerservice managedClusters: identity, identityProfile, addonProfiles.identity
 */
export function clusterIdentities(cluster: ArmResource): ReadonlySet<string> {
  const userAssigned = entriesOf(at(cluster.identity, "userAssignedIdentities"));
  const addons = entriesOf(at(cluster.properties, "addonProfiles"));
  const profile = entriesOf(at(cluster.properties, "identityProfile"));
  const ids = [
    stringAt(cluster.identity, "principalId"),
    ...userAssigned.map((identity) => stringAt(identity, "principalId")),
    ...profile.map((identity) => stringAt(identity, "objectId")),
    ...addons.map((addon) => stringAt(addon, "identity", "objectId")),
  ];
  return new Set(ids.filter((id) => id !== undefined).map((id) => id.toLowerCase()));
}

const entriesOf = (value: Json | undefined): readonly (Json | undefined)[] =>
  isObject(value) ? Object.values(value) : [];
