/** A Log Analytics workspace as onboarding reads it, and which ones a cluster's rules and addon name. */
import { at, isObject, listAt, parseId, regionKey, sameId, stringAt } from "../../arm/index.ts";
import type { ArmResource, Graph, ResourceId } from "../../arm/index.ts";
import { associationsWith, types } from "../../rules/index.ts";

export const logWorkspaceType = types.law;

export interface LogWorkspaceView {
  readonly id: ResourceId;
  readonly name: string;
  readonly region: string;
  /** The GUID in its host names; undefined where it is not made yet. */
  readonly customerId: string | undefined;
  /** `Enabled` where it is not set. @see azure-rest-api-specs operationalinsights Workspaces.json */
  readonly publicIngestion: string;
  readonly publicQuery: string;
}

/** The workspace of an id; undefined when there is none. */
export function logWorkspaceOf(graph: Graph, id: ResourceId): LogWorkspaceView | undefined {
  const resource = graph.get(id);
  if (parseId(id)?.type.toLowerCase() !== logWorkspaceType.toLowerCase()) return undefined;
  if (resource === undefined) return undefined;
  const { properties } = resource;
  return {
    id: resource.id,
    name: resource.name,
    region: regionKey(resource.location ?? ""),
    customerId: stringAt(properties, "customerId"),
    publicIngestion: stringAt(properties, "publicNetworkAccessForIngestion") ?? "Enabled",
    publicQuery: stringAt(properties, "publicNetworkAccessForQuery") ?? "Enabled",
  };
}

/** The monitoring addon of a cluster; its config's keys and values are spelled in any case. */
export interface LogsAddon {
  readonly enabled: boolean;
  readonly workspaceId: ResourceId | undefined;
  readonly usesIdentity: boolean;
}

/** @see az-cli and templates write `logAnalyticsWorkspaceResourceID` and `useAADAuth` in several spellings. */
export function logsAddonOf(cluster: ArmResource | undefined): LogsAddon | undefined {
  const profiles = at(cluster?.properties, "addonProfiles");
  const addon = isObject(profiles) ? valueOf(profiles, "omsagent") : undefined;
  if (!isObject(addon)) return undefined;
  const text = (key: string): string | undefined => {
    const value = isObject(addon["config"]) ? valueOf(addon["config"], key) : undefined;
    return typeof value === "string" ? value : undefined;
  };
  return {
    enabled: addon["enabled"] === true,
    workspaceId: text("logAnalyticsWorkspaceResourceID"),
    usesIdentity: text("useAADAuth")?.toLowerCase() === "true",
  };
}

const valueOf = (object: object, key: string): unknown =>
  Object.entries(object).find(([name]) => name.toLowerCase() === key.toLowerCase())?.[1];

/** The Log Analytics workspaces that a rule sends to. */
export const ruleLogWorkspaces = (rule: ArmResource | undefined): readonly ResourceId[] =>
  listAt(rule?.properties, "destinations", "logAnalytics").flatMap(
    (destination) => stringAt(destination, "workspaceResourceId") ?? [],
  );

/** Whether a rule runs the extension ContainerInsights. */
export const collectsContainerInsights = (rule: ArmResource | undefined): boolean =>
  listAt(rule?.properties, "dataSources", "extensions").some(
    (extension) => stringAt(extension, "extensionName")?.toLowerCase() === "containerinsights",
  );

/** A cluster's association with a rule that runs ContainerInsights, the one into `workspaceId` where that is given. */
export interface LogsRule {
  readonly associationId: ResourceId;
  readonly rule: ArmResource;
  readonly workspaceIds: readonly ResourceId[];
}

export function logsRuleOf(
  graph: Graph,
  asked: { readonly clusterId: ResourceId; readonly workspaceId?: ResourceId | undefined },
): LogsRule | undefined {
  for (const { id, dcrId } of associationsWith(graph, asked.clusterId)) {
    const rule = dcrId === undefined ? undefined : graph.get(dcrId);
    if (rule === undefined || !collectsContainerInsights(rule)) continue;
    const workspaceIds = ruleLogWorkspaces(rule);
    const { workspaceId } = asked;
    if (workspaceId === undefined || workspaceIds.some((one) => sameId(one, workspaceId))) {
      return { associationId: id, rule, workspaceIds };
    }
  }
  return undefined;
}

/** Whether an id is of a Log Analytics workspace. */
export const isLogWorkspace = (id: ResourceId): boolean =>
  parseId(id)?.type.toLowerCase() === logWorkspaceType.toLowerCase();

/** Whether a cluster has a private API server. */
export const isPrivateCluster = (graph: Graph, clusterId: ResourceId): boolean =>
  at(graph.get(clusterId)?.properties, "apiServerAccessProfile", "enablePrivateCluster") === true;

/** The client id of a cluster's service principal; undefined where it has a managed identity. */
export function servicePrincipalOf(graph: Graph, clusterId: ResourceId): string | undefined {
  const clientId = stringAt(
    graph.get(clusterId)?.properties,
    "servicePrincipalProfile",
    "clientId",
  );
  return clientId === undefined || clientId.toLowerCase() === "msi" ? undefined : clientId;
}
