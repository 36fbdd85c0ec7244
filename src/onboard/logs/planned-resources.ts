/** What the plan for logs makes before all else, a new cluster and the default workspace, and the graph as if they stood. */
import { parseId, withChanges } from "../../arm/index.ts";
import type { ArmResource, Graph, JsonObject, ResourceId } from "../../arm/index.ts";
import { defaultWorkspace } from "../../azure/index.ts";
import { apiVersions, asResource, groupOf } from "../arm-access.ts";
import { ensure, keep } from "../change.ts";
import type { Change } from "../plan-types.ts";
import { logWorkspaceType } from "./log-workspace.ts";
import type { LogsRequest } from "./logs-request.ts";

/** The default workspace of a cluster, and the group that it stands in. */
export interface DefaultWorkspaceIds {
  readonly groupId: ResourceId;
  readonly workspaceId: ResourceId;
  readonly region: string;
}

/**
 * The default workspace: by the region of the cluster's resource group, not of the cluster. Undefined while that group
 * is not known.
 * @see Azure/azure-cli acs/addonconfiguration.py, ensure_default_log_analytics_workspace_for_monitoring
 */
export function defaultWorkspaceIds(
  graph: Graph,
  clusterId: ResourceId,
): DefaultWorkspaceIds | undefined {
  const location = graph.get(groupOf(clusterId))?.location;
  const subscriptionId = parseId(clusterId)?.subscriptionId;
  if (location === undefined || subscriptionId === undefined) return undefined;
  const { resourceGroup, name, region } = defaultWorkspace({ subscriptionId, location });
  const groupId = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;
  return { groupId, workspaceId: `${groupId}/providers/${logWorkspaceType}/${name}`, region };
}

/** What is made first, and the graph in which it stands already. */
export interface PlannedResources {
  readonly graph: Graph;
  readonly changes: readonly Change[];
  readonly workspaceId: ResourceId | undefined;
}

/** Plans the resources that are not there: a new cluster where it is asked for, the default workspace where none is named. */
export function planResources(graph: Graph, request: LogsRequest): PlannedResources {
  const found = request.workspaceId === undefined ? planDefaultWorkspace(graph, request) : [];
  const changes = [...planNewCluster(graph, request), ...found];
  const made = changes.flatMap(({ action, id, after }) =>
    action === "create" ? (asResource({ ...after, id }) ?? []) : [],
  );
  const workspaceId =
    request.workspaceId ?? defaultWorkspaceIds(graph, request.clusterId)?.workspaceId;
  return {
    graph: withChanges(
      graph,
      made.map((resource: ArmResource) => ({ kind: "put", resource })),
    ),
    changes,
    workspaceId,
  };
}

function planDefaultWorkspace(graph: Graph, { clusterId }: LogsRequest): readonly Change[] {
  const ids = defaultWorkspaceIds(graph, clusterId);
  if (ids === undefined) return [];
  const { groupId, workspaceId, region } = ids;
  const name = parseId(workspaceId)?.name ?? "";
  const at = { step: "resources", apiVersion: apiVersions.logWorkspace } as const;
  if (graph.get(workspaceId) !== undefined) {
    return [
      keep({ ...at, id: workspaceId }, "asWanted", `The default workspace ${name} is there.`),
    ];
  }
  return [
    ensure({
      id: groupId,
      step: "resources",
      apiVersion: apiVersions.resourceGroup,
      current: graph.get(groupId),
      body: { location: region },
      says: `Make the group ${parseId(groupId)?.name}, for the default workspace.`,
      standsSays: `The group ${parseId(groupId)?.name} is there.`,
    }),
    ensure({
      ...at,
      id: workspaceId,
      current: undefined,
      body: { location: region, properties: { sku: { name: "PerGB2018" } } },
      says: `Make the default workspace ${name} in ${region}.`,
      dependsOn: [groupId],
    }),
  ];
}

/**
 * A new private cluster, without the addon: that is enabled last, so that no crash leaves a cluster whose agent has no
 * configuration. az enables it first, and associates afterwards.
 */
function planNewCluster(graph: Graph, { clusterId, nodeSubnetId }: LogsRequest): readonly Change[] {
  const vnetId = parseId(nodeSubnetId ?? "")?.parentId;
  const region = vnetId === undefined ? undefined : graph.get(vnetId)?.location;
  if (nodeSubnetId === undefined || region === undefined) return [];
  const name = parseId(clusterId)?.name ?? "";
  const at = { id: clusterId, step: "resources", apiVersion: apiVersions.cluster } as const;
  if (graph.get(clusterId) !== undefined) {
    return [keep(at, "asWanted", `The cluster ${name} is there.`)];
  }
  const says = `Make the private cluster ${name} in ${region}, its nodes in ${parseId(nodeSubnetId)?.name}.`;
  const body = newClusterBody({ clusterId, nodeSubnetId, region });
  return [ensure({ ...at, current: undefined, body, says, dependsOn: [nodeSubnetId] })];
}

/** As `az aks create --enable-private-cluster --vnet-subnet-id` makes one. */
function newClusterBody(of: {
  readonly clusterId: ResourceId;
  readonly nodeSubnetId: ResourceId;
  readonly region: string;
}): JsonObject {
  const { name = "", resourceGroup = "", subscriptionId = "" } = parseId(of.clusterId) ?? {};
  // <name>-<group>-<first six of the subscription>, each part cut, and only what a DNS label may hold.
  const prefix = [name.slice(0, 10), resourceGroup.slice(0, 16), subscriptionId.slice(0, 6)];
  return {
    location: of.region,
    identity: { type: "SystemAssigned" },
    properties: {
      dnsPrefix: prefix.map((part) => part.replaceAll(/[^A-Za-z0-9-]/g, "")).join("-"),
      agentPoolProfiles: [
        {
          name: "nodepool1",
          mode: "System",
          count: 3,
          vmSize: "Standard_DS2_v2",
          vnetSubnetID: of.nodeSubnetId,
        },
      ],
      apiServerAccessProfile: { enablePrivateCluster: true },
    },
  };
}
