/** Changes of the scope, the endpoints and rule, their links, and the associations. */
import { sameId, stringAt } from "../arm/index.ts";
import type { Graph, JsonObject, ResourceId } from "../arm/index.ts";
import { dceOf, dcrOf, scopedResourcesIn, types } from "../rules/index.ts";
import type { WorkspaceView } from "../rules/index.ts";
import { hostKey } from "../azure/index.ts";
import { apiVersions } from "./arm-access.ts";
import { change, ensure, keep } from "./change.ts";
import { nameOf, prometheusStream } from "./desired-collection.ts";
import type { ClusterView, Collection } from "./desired-collection.ts";
import { scopedResourceName } from "./names.ts";
import type { Blocker, Change } from "./plan-types.ts";
import type { MetricsRequest } from "./request.ts";

/** What the planning functions share: the facts and the choices. */
export interface PlanContext {
  readonly graph: Graph;
  readonly request: MetricsRequest;
  readonly cluster: ClusterView;
  readonly workspace: WorkspaceView;
  readonly collection: Collection;
}

/** The tag that says for which cluster a scope was made: only such a scope's modes change unasked. */
export const madeForTag = "linkscope-made-for";

const tagCharsMax = 256; // learn.microsoft.com/azure/azure-resource-manager/management/tag-resources

const tagOf = (clusterId: ResourceId): string => clusterId.toLowerCase().slice(0, tagCharsMax);

/** Whether the scope is to be made, or was made for this cluster. */
export function scopeIsOurs({
  graph,
  request,
}: {
  readonly graph: Graph;
  readonly request: Pick<MetricsRequest, "scopeId" | "clusterId">;
}): boolean {
  const scope = graph.get(request.scopeId);
  return scope === undefined || stringAt(scope.tags, madeForTag) === tagOf(request.clusterId);
}

/** The body of a scope that is open both ways, as it is made: nothing that shares the network's DNS breaks. */
export const openScopeBody = (madeForId: ResourceId): JsonObject => ({
  location: "global",
  tags: { [madeForTag]: tagOf(madeForId) },
  properties: {
    accessModeSettings: { ingestionAccessMode: "Open", queryAccessMode: "Open", exclusions: [] },
  },
});

/** The scope: made open, or left as it is. Its modes are changed last. */
export function planScope({ graph, request }: PlanContext): readonly Change[] {
  const { scopeId, clusterId } = request;
  return planOpenScope(graph, { scopeId, madeForId: clusterId, until: "until data has come" });
}

/** A scope that is made open both ways, for a cluster or a network; one that stands is left as it is. */
export function planOpenScope(
  graph: Graph,
  asked: {
    readonly scopeId: ResourceId;
    readonly madeForId: ResourceId;
    readonly until: string;
  },
): readonly Change[] {
  const { scopeId: id, madeForId, until } = asked;
  const at = { id, step: "scope", apiVersion: apiVersions.scope } as const;
  if (graph.get(id) !== undefined) {
    return [keep(at, "asWanted", `The scope ${nameOf(id)} is there.`)];
  }
  const says = `Make the scope ${nameOf(id)}, open both ways ${until}.`;
  return [ensure({ ...at, current: undefined, body: openScopeBody(madeForId), says })];
}

/** The body of an endpoint as it is made: open, so that nothing stops before the private way works. */
export const openDceBody = (region: string): JsonObject => ({
  location: region,
  kind: "Linux",
  properties: { networkAcls: { publicNetworkAccess: "Enabled" } },
});

/** The region of an endpoint that stands or is to be made. */
export function dceRegion(
  { graph, collection, cluster, workspace }: PlanContext,
  dceId: ResourceId,
): string {
  const standing = dceOf(graph, dceId)?.region;
  return standing ?? (sameId(dceId, collection.ingestionDceId) ? workspace.region : cluster.region);
}

/** The endpoint for ingestion, the rule, and the endpoint for configuration where it is another. */
export function planCollection(context: PlanContext): readonly Change[] {
  const { collection } = context;
  const { ingestionDceId, configurationDceId, keptRule } = collection;
  const changes = [planDce(context, ingestionDceId, "metrics come in"), planRule(context)];
  if (keptRule !== undefined) {
    const at = {
      id: keptRule.rule.id,
      step: "collection",
      apiVersion: apiVersions.dataCollection,
    } as const;
    changes[1] = keep(at, "kept", `The cluster's Prometheus rule ${keptRule.rule.name} is kept.`);
  }
  if (!sameId(ingestionDceId, configurationDceId)) {
    changes.push(planDce(context, configurationDceId, "agents get their configuration"));
  }
  return changes;
}

function planDce(context: PlanContext, id: ResourceId, purpose: string): Change {
  const at = { id, step: "collection", apiVersion: apiVersions.dataCollection } as const;
  const region = dceRegion(context, id);
  if (context.graph.get(id) !== undefined) {
    return keep(
      at,
      "asWanted",
      `The endpoint ${nameOf(id)} in ${region} is there; ${purpose} by it.`,
    );
  }
  const says = `Make the endpoint ${nameOf(id)} in ${region}, by which ${purpose}.`;
  return ensure({ ...at, current: undefined, body: openDceBody(region), says });
}

function planRule({ graph, collection, workspace }: PlanContext): Change {
  const { ruleId, ingestionDceId } = collection;
  const streams = [prometheusStream];
  const destination = "MonitoringAccount1";
  return ensure({
    id: ruleId,
    step: "collection",
    apiVersion: apiVersions.dataCollection,
    current: graph.get(ruleId),
    body: {
      location: workspace.region,
      kind: "Linux",
      properties: {
        dataCollectionEndpointId: ingestionDceId,
        dataSources: {
          prometheusForwarder: [{ name: "PrometheusDataSource", streams, labelIncludeFilter: {} }],
        },
        destinations: {
          monitoringAccounts: [{ accountResourceId: workspace.id, name: destination }],
        },
        dataFlows: [{ streams, destinations: [destination] }],
      },
    },
    says: `Make the rule ${nameOf(ruleId)}: Prometheus metrics to ${workspace.name}, by ${nameOf(ingestionDceId)}.`,
    standsSays: `The rule ${nameOf(ruleId)} sends Prometheus metrics to ${workspace.name}.`,
    dependsOn: [ingestionDceId],
  });
}

/** Every endpoint that serves the cluster becomes part of the scope; a scope takes one write at a time. */
export function planLinks({
  graph,
  request: { scopeId },
  collection,
}: {
  readonly graph: Graph;
  readonly request: { readonly scopeId: ResourceId };
  readonly collection: Pick<Collection, "linkedIds">;
}): readonly Change[] {
  const standing = scopedResourcesIn(graph, scopeId);
  const taken = new Set(standing.map(({ name }) => name.toLowerCase()));
  return collection.linkedIds.map((linkedId) => {
    const link = standing.find((one) => sameId(one.linkedId, linkedId));
    const at = { step: "links", apiVersion: apiVersions.scope, lock: scopeId } as const;
    if (link !== undefined) {
      return keep({ ...at, id: link.id }, "asWanted", `The scope links ${nameOf(linkedId)}.`);
    }
    const id =
      failedLink(graph, { scopeId, linkedId }) ??
      `${scopeId}/scopedResources/${freeName(scopedResourceName(nameOf(linkedId)), linkedId, taken)}`;
    return ensure({
      ...at,
      id,
      current: graph.get(id),
      body: { properties: { linkedResourceId: linkedId } },
      says: `Link ${nameOf(linkedId)} to the scope.`,
      dependsOn: [scopeId, linkedId],
    });
  });
}

/** A link whose write failed links nothing, and stands in the way of another: it is written again. */
const failedLink = (
  graph: Graph,
  { scopeId, linkedId }: { readonly scopeId: ResourceId; readonly linkedId: ResourceId },
): ResourceId | undefined =>
  graph
    .under(scopeId, types.scopedResource)
    .find(({ properties }) => sameId(stringAt(properties, "linkedResourceId"), linkedId))?.id;

/** Two resources of one name would want the same link: the second gets a key. */
function freeName(name: string, linkedId: ResourceId, taken: Set<string>): string {
  const free = taken.has(name.toLowerCase()) ? `${name}-${hostKey(linkedId, 4)}` : name;
  taken.add(free.toLowerCase());
  return free;
}

/** The association with the rule, and the one that says where the configuration comes from. */
export function planAssociations(context: PlanContext): readonly Change[] {
  const { graph, collection, cluster } = context;
  const at = { step: "associations", apiVersion: apiVersions.dataCollection } as const;
  const { ruleAssociationId, ruleId, keptRule } = collection;
  const rule =
    keptRule === undefined
      ? ensure({
          ...at,
          id: ruleAssociationId,
          current: graph.get(ruleAssociationId),
          body: {
            properties: {
              dataCollectionRuleId: ruleId,
              description: "Sends the cluster's Prometheus metrics by the rule.",
            },
          },
          says: `Associate ${cluster.name} with the rule ${nameOf(ruleId)}.`,
          standsSays: `${cluster.name} is associated with the rule ${nameOf(ruleId)}.`,
          dependsOn: [cluster.id, ruleId],
        })
      : keep(
          { ...at, id: ruleAssociationId },
          "kept",
          `${cluster.name} is associated with ${keptRule.rule.name}.`,
        );
  return [rule, planConfiguration(context)];
}

/** The association by which a cluster's agents get their configuration, of metrics and of logs: a standing one is kept. */
export function planConfiguration({
  graph,
  collection,
  cluster,
}: {
  readonly graph: Graph;
  readonly cluster: ClusterView;
  readonly collection: Pick<
    Collection,
    "configuration" | "configurationAssociationId" | "configurationDceId"
  >;
}): Change {
  const { configurationAssociationId: id, configurationDceId } = collection;
  if (collection.configuration === "kept") {
    const at = { id, step: "associations", apiVersion: apiVersions.dataCollection } as const;
    const says = `${cluster.name} gets its configuration from ${nameOf(configurationDceId)} already.`;
    return keep(at, "kept", says);
  }
  const wanted = {
    id,
    step: "associations",
    apiVersion: apiVersions.dataCollection,
    says: `Have ${cluster.name} get its configuration from ${nameOf(configurationDceId)}: over a private link it gets none otherwise.`,
    dependsOn: [cluster.id, configurationDceId],
  } as const;
  const body = {
    properties: {
      dataCollectionEndpointId: configurationDceId,
      description:
        "Association of data collection rule endpoint. Deleting this association will break the data collection endpoint for this AKS Cluster.",
    },
  };
  const current = graph.get(id);
  if (current === undefined) return ensure({ ...wanted, current, body });
  const before = { properties: current.properties };
  return change(wanted, { action: "update", because: "broken", before, after: body });
}

/** What in the collection cannot be planned around. */
export function collectionBlockers({
  graph,
  collection,
  workspace,
}: PlanContext): readonly Blocker[] {
  const blockers: Blocker[] = [];
  const { keptRule, ruleId } = collection;
  if (keptRule !== undefined && keptRule.rule.dceId === undefined) {
    const says = `The cluster's Prometheus rule ${keptRule.rule.name} has no data collection endpoint. Set its dataCollectionEndpointId to one in ${workspace.region}.`;
    blockers.push({ code: "RuleWithoutEndpoint", id: keptRule.rule.id, says });
  }
  const standing = keptRule === undefined ? dcrOf(graph, ruleId) : undefined;
  if (standing !== undefined && !standing.workspaceIds.some((id) => sameId(id, workspace.id))) {
    const says = `The rule ${standing.name} stands, and sends to ${standing.workspaceIds.join(", ") || "no workspace"}, not to ${workspace.id}.`;
    blockers.push({ code: "RuleOfOtherWorkspace", id: ruleId, says });
  }
  return [...blockers, ...perimeterBlockers(graph, collection.linkedIds)];
}

/** Endpoints that a network security perimeter secures cannot be planned around. */
export const perimeterBlockers = (
  graph: Graph,
  dceIds: readonly ResourceId[],
): readonly Blocker[] =>
  dceIds
    .filter((id) => dceOf(graph, id)?.publicNetworkAccess === "SecuredByPerimeter")
    .map((id) => ({
      code: "PerimeterUnsupported",
      id,
      says: `${id} is SecuredByPerimeter; network security perimeters are not supported.`,
    }));
