/** What a rule may read of Azure Monitor's resources: typed readers over the graph, and no other field. */
import { idKey, listAt, parseId, regionKey, stringAt } from "../arm/index.ts";
import type { ArmResource, Graph, ResourceId } from "../arm/index.ts";
import { hostOfEndpoint } from "../azure/index.ts";
import { byIdInGraph, groupBy, oncePerGraph } from "./memo.ts";

/** The resource types that rules read, in the providers' spelling. */
export const types = {
  scope: "Microsoft.Insights/privateLinkScopes",
  scopedResource: "Microsoft.Insights/privateLinkScopes/scopedResources",
  dce: "Microsoft.Insights/dataCollectionEndpoints",
  dcr: "Microsoft.Insights/dataCollectionRules",
  association: "Microsoft.Insights/dataCollectionRuleAssociations",
  workspace: "Microsoft.Monitor/accounts",
  law: "Microsoft.OperationalInsights/workspaces",
  lawTable: "Microsoft.OperationalInsights/workspaces/tables",
  cluster: "Microsoft.ContainerService/managedClusters",
  roleAssignment: "Microsoft.Authorization/roleAssignments",
} as const;

/** The association's name by which a resource gets its configuration from one endpoint; Azure fixes it. */
export const configurationAssociationName = "configurationAccessEndpoint";

export type PublicNetworkAccess = "Enabled" | "Disabled" | "SecuredByPerimeter";

export interface DceView {
  readonly id: ResourceId;
  readonly name: string;
  readonly region: string;
  readonly configurationHost: string | undefined;
  readonly logsHost: string | undefined;
  readonly metricsHost: string | undefined;
  /** Enabled where it is not set: first-party templates make endpoints with `properties: {}` and use them publicly. */
  readonly publicNetworkAccess: PublicNetworkAccess;
}

export interface WorkspaceView {
  readonly id: ResourceId;
  readonly name: string;
  readonly region: string;
  readonly queryHost: string | undefined;
  readonly publicNetworkAccess: PublicNetworkAccess;
  readonly defaultDceId: ResourceId | undefined;
  readonly defaultDcrId: ResourceId | undefined;
}

export interface DcrView {
  readonly id: ResourceId;
  readonly name: string;
  readonly region: string;
  readonly immutableId: string | undefined;
  readonly dceId: ResourceId | undefined;
  /** Azure Monitor workspaces that it sends metrics to. */
  readonly workspaceIds: readonly ResourceId[];
  readonly streams: readonly string[];
}

export interface AssociationView {
  readonly id: ResourceId;
  readonly name: string;
  /** The resource that is associated: a cluster. */
  readonly resourceId: ResourceId;
  readonly dcrId: ResourceId | undefined;
  readonly dceId: ResourceId | undefined;
}

export interface ScopeView {
  readonly id: ResourceId;
  readonly name: string;
  readonly ingestionAccessMode: string;
  readonly queryAccessMode: string;
  /** Connections with modes of their own. A mode that one lacks is the scope's. */
  readonly exclusions: readonly ScopeExclusion[];
}

export interface ScopeExclusion {
  readonly connectionName: string;
  readonly ingestionAccessMode: string | undefined;
  readonly queryAccessMode: string | undefined;
}

export interface ScopedResourceView {
  readonly id: ResourceId;
  readonly name: string;
  readonly scopeId: ResourceId;
  readonly linkedId: ResourceId;
}

/** Reads a public network access flag: `Enabled` where it is absent, as Azure's default is. */
export const publicAccessOf = (value: string | undefined): PublicNetworkAccess =>
  value === "Disabled" || value === "SecuredByPerimeter" ? value : "Enabled";

const region = (resource: ArmResource): string => regionKey(resource.location ?? "");

const hostAt = (resource: ArmResource, ...path: readonly string[]): string | undefined => {
  const endpoint = stringAt(resource.properties, ...path);
  return endpoint === undefined ? undefined : hostOfEndpoint(endpoint);
};

const dceView = (resource: ArmResource): DceView => ({
  id: resource.id,
  name: resource.name,
  region: region(resource),
  configurationHost: hostAt(resource, "configurationAccess", "endpoint"),
  logsHost: hostAt(resource, "logsIngestion", "endpoint"),
  metricsHost: hostAt(resource, "metricsIngestion", "endpoint"),
  publicNetworkAccess: publicAccessOf(
    stringAt(resource.properties, "networkAcls", "publicNetworkAccess"),
  ),
});

const workspaceView = (resource: ArmResource): WorkspaceView => ({
  id: resource.id,
  name: resource.name,
  region: region(resource),
  queryHost: hostAt(resource, "metrics", "prometheusQueryEndpoint"),
  publicNetworkAccess: publicAccessOf(stringAt(resource.properties, "publicNetworkAccess")),
  defaultDceId: stringAt(
    resource.properties,
    "defaultIngestionSettings",
    "dataCollectionEndpointResourceId",
  ),
  defaultDcrId: stringAt(
    resource.properties,
    "defaultIngestionSettings",
    "dataCollectionRuleResourceId",
  ),
});

const dcrView = (resource: ArmResource): DcrView => ({
  id: resource.id,
  name: resource.name,
  region: region(resource),
  immutableId: stringAt(resource.properties, "immutableId"),
  dceId: stringAt(resource.properties, "dataCollectionEndpointId"),
  workspaceIds: listAt(resource.properties, "destinations", "monitoringAccounts").flatMap(
    (destination) => stringAt(destination, "accountResourceId") ?? [],
  ),
  streams: listAt(resource.properties, "dataFlows").flatMap((flow) =>
    listAt(flow, "streams").filter((stream) => typeof stream === "string"),
  ),
});

/** All data collection endpoints, oldest first. */
export const dcesOf = oncePerGraph((graph) => graph.ofType(types.dce).map(dceView));
/** All data collection rules, oldest first. */
export const dcrsOf = oncePerGraph((graph) => graph.ofType(types.dcr).map(dcrView));
/** All Azure Monitor workspaces, oldest first. */
export const workspacesOf = oncePerGraph((graph) =>
  graph.ofType(types.workspace).map(workspaceView),
);

/** Views are kept per resource: versions of a graph share the resources that did not change. */
function viewOf<View extends object>(
  type: string,
  view: (resource: ArmResource) => View,
): (graph: Graph, id: ResourceId) => View | undefined {
  const kept = new WeakMap<ArmResource, View>();
  const wanted = type.toLowerCase();
  return (graph, id) => {
    const resource = graph.get(id);
    if (resource === undefined) return undefined;
    let known = kept.get(resource);
    if (known === undefined) {
      if (resource.type.toLowerCase() !== wanted) return undefined;
      known = view(resource);
      kept.set(resource, known);
    }
    return known;
  };
}

export const dceOf = byIdInGraph(dcesOf);
export const workspaceOf = byIdInGraph(workspacesOf);
export const dcrOf = byIdInGraph(dcrsOf);
export const scopeOf = viewOf(types.scope, (resource): ScopeView => ({
  id: resource.id,
  name: resource.name,
  ingestionAccessMode:
    stringAt(resource.properties, "accessModeSettings", "ingestionAccessMode") ?? "Open",
  queryAccessMode: stringAt(resource.properties, "accessModeSettings", "queryAccessMode") ?? "Open",
  exclusions: listAt(resource.properties, "accessModeSettings", "exclusions").map((exclusion) => ({
    connectionName: stringAt(exclusion, "privateEndpointConnectionName") ?? "",
    ingestionAccessMode: stringAt(exclusion, "ingestionAccessMode"),
    queryAccessMode: stringAt(exclusion, "queryAccessMode"),
  })),
}));

const gone: ReadonlySet<string> = new Set(["Failed", "Canceled", "Deleting"]);

/** Every link between a scope and a resource that is in force: a failed or canceled one links nothing. */
export const scopedResourcesOf = oncePerGraph((graph): readonly ScopedResourceView[] =>
  graph.ofType(types.scopedResource).flatMap((resource) => {
    const linkedId = stringAt(resource.properties, "linkedResourceId");
    const scopeId = parseId(resource.id)?.parentId;
    if (linkedId === undefined || scopeId === undefined) return [];
    if (gone.has(stringAt(resource.properties, "provisioningState") ?? "")) return [];
    return [{ id: resource.id, name: resource.name, scopeId, linkedId }];
  }),
);

const linksByScope = oncePerGraph((graph) =>
  groupBy(scopedResourcesOf(graph), ({ scopeId }) => idKey(scopeId)),
);

/** The links of one scope, oldest first. */
export const scopedResourcesIn = (
  graph: Graph,
  scopeId: ResourceId,
): readonly ScopedResourceView[] => linksByScope(graph).get(idKey(scopeId)) ?? [];

/** What each scope links, as the graph spells it; by the scope's id, and by its key for other spellings. */
const linked = oncePerGraph((graph) => {
  const byKey = new Map<string, Set<ResourceId>>();
  const byId = new Map<ResourceId, ReadonlySet<ResourceId>>();
  for (const { scopeId, linkedId } of scopedResourcesOf(graph)) {
    const ids = byKey.get(idKey(scopeId)) ?? new Set();
    byKey.set(idKey(scopeId), ids.add(graph.get(linkedId)?.id ?? linkedId));
    byId.set(scopeId, ids);
  }
  return { byId, byKey };
});

/** Whether a scope links a resource. */
export const scopeLinks = (
  graph: Graph,
  link: { readonly scopeId: ResourceId; readonly resourceId: ResourceId },
): boolean => {
  const resource = graph.get(link.resourceId);
  if (resource !== undefined) return scopeLinksOwn(graph, link.scopeId, resource.id);
  // A link to what is gone is a link still.
  const key = idKey(link.resourceId);
  return scopedResourcesIn(graph, link.scopeId).some(({ linkedId }) => idKey(linkedId) === key);
};

/** As `scopeLinks`, for a resource of the graph, whose id is spelled as the graph does. */
export function scopeLinksOwn(graph: Graph, scopeId: ResourceId, ownId: ResourceId): boolean {
  const { byId, byKey } = linked(graph);
  return (byId.get(scopeId) ?? byKey.get(idKey(scopeId)))?.has(ownId) === true;
}

/** All associations, oldest first. */
export const associationsOf = oncePerGraph((graph): readonly AssociationView[] =>
  graph.ofType(types.association).flatMap((resource) => {
    const parsed = parseId(resource.id);
    if (parsed?.extendedId === undefined) return [];
    return [
      {
        id: resource.id,
        name: resource.name,
        resourceId: parsed.extendedId,
        dcrId: stringAt(resource.properties, "dataCollectionRuleId"),
        dceId: stringAt(resource.properties, "dataCollectionEndpointId"),
      },
    ];
  }),
);

const associationsByResource = oncePerGraph((graph) =>
  groupBy(associationsOf(graph), ({ resourceId }) => idKey(resourceId)),
);

/** The associations of one resource, oldest first. */
export const associationsWith = (
  graph: Graph,
  resourceId: ResourceId,
): readonly AssociationView[] => associationsByResource(graph).get(idKey(resourceId)) ?? [];

const configurationsByResource = oncePerGraph((graph) =>
  groupBy(
    associationsOf(graph).filter(
      ({ name }) => name.toLowerCase() === configurationAssociationName.toLowerCase(),
    ),
    ({ resourceId }) => idKey(resourceId),
  ),
);

/** The association that says from which endpoint a resource gets its configuration, if it has one. */
export const configurationAssociation = (
  graph: Graph,
  resourceId: ResourceId,
): AssociationView | undefined => configurationsByResource(graph).get(idKey(resourceId))?.[0];
