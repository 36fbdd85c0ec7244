/** The facts that planning for logs stands on, and what is missing of them. */
import { parseId, regionKey, sameId } from "../../arm/index.ts";
import type { Graph, ResourceId } from "../../arm/index.ts";
import { associationsWith, types } from "../../rules/index.ts";
import type { ClusterView } from "../desired-collection.ts";
import type { Observed } from "../observe.ts";
import type { Blocker } from "../plan-types.ts";
import { desiredLogs, linkedByLogs } from "./desired-logs.ts";
import type { LogsCollection } from "./desired-logs.ts";
import { logWorkspaceOf } from "./log-workspace.ts";
import type { LogWorkspaceView } from "./log-workspace.ts";
import type { LogsRequest } from "./logs-request.ts";
import type { PlannedResources } from "./planned-resources.ts";

/** What the planning functions share: the facts, as if what is made first stood already, and the choices. */
export interface LogsContext {
  readonly graph: Graph;
  /** What was there before: without what is made first. */
  readonly found: Graph;
  readonly request: LogsRequest;
  readonly cluster: ClusterView;
  readonly workspace: LogWorkspaceView;
  /** Undefined with legacy authentication, which has no rule and no endpoints. */
  readonly logs: LogsCollection | undefined;
  readonly collection: { readonly linkedIds: readonly ResourceId[] };
}

/** The facts, or what is missing of them: all of it. */
export function logsContext(
  request: LogsRequest,
  observed: Observed,
  { graph, workspaceId }: Pick<PlannedResources, "graph" | "workspaceId">,
): LogsContext | { readonly blockers: readonly Blocker[] } {
  const blockers = missing(request, observed, { graph, workspaceId });
  const resource = graph.get(request.clusterId);
  const workspace = logWorkspaceOf(graph, workspaceId ?? "");
  if (resource === undefined || workspace === undefined || blockers.length > 0) return { blockers };
  const cluster = {
    id: resource.id,
    name: resource.name,
    region: regionKey(resource.location ?? ""),
  };
  const usesRule = request.auth === "managed-identity";
  const logs = usesRule ? desiredLogs(graph, { request, cluster, workspace }) : undefined;
  const collection = { linkedIds: linkedByLogs(workspace.id, logs) };
  return { graph, found: observed.graph, request, cluster, workspace, logs, collection };
}

/** What is not there or cannot be read, and must be. */
function missing(
  request: LogsRequest,
  { unreadable }: Observed,
  { graph, workspaceId }: Pick<PlannedResources, "graph" | "workspaceId">,
): readonly Blocker[] {
  const { clusterId, nodeSubnetId } = request;
  const without = (id: ResourceId, what: string): readonly Blocker[] => {
    if (graph.get(id) !== undefined) return [];
    const refused = unreadable.find(({ path }) => sameId(path, id));
    if (refused === undefined) {
      return [{ code: "ResourceMissing", id, says: `There is no ${what} ${id}.` }];
    }
    const says = `The ${what} ${id} cannot be read: ${refused.code}: ${refused.message}`;
    return [{ code: "ResourceUnreadable", id, says }];
  };
  const vnetId = parseId(nodeSubnetId ?? "")?.parentId;
  const place = [
    ...(vnetId === undefined ? [] : without(vnetId, "virtual network")),
    ...(nodeSubnetId === undefined ? [] : without(nodeSubnetId, "node subnet")),
  ];
  const group = parseId(clusterId)?.parentId ?? clusterId;
  return [
    ...place,
    // Without its network a new cluster is not planned, which is said already.
    ...(place.length > 0 ? [] : without(clusterId, "cluster")),
    ...(workspaceId === undefined
      ? without(group, "resource group")
      : without(workspaceId, "workspace")),
    ...decisive(request, graph)
      .filter((id) => unreadable.some(({ path }) => sameId(path, id)))
      .flatMap((id) => without(id, "resource")),
  ];
}

/** What must be readable where it is there: what is kept or overwritten depends on it. */
function decisive({ clusterId, scopeId }: LogsRequest, graph: Graph): readonly ResourceId[] {
  return [
    scopeId,
    `${scopeId}/scopedResources`,
    `${clusterId}/providers/${types.association}`,
    ...associationsWith(graph, clusterId).flatMap(({ dcrId, dceId }) =>
      [dcrId ?? [], dceId ?? []].flat(),
    ),
  ];
}
