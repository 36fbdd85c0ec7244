/** What the user asks for: a cluster's metrics on the private link of a scope, into a workspace. */
import { idProblem, parseId } from "../arm/index.ts";
import type { ResourceId } from "../arm/index.ts";
import { types } from "../rules/index.ts";
import type { Blocker } from "./plan-types.ts";

export type AccessMode = "Open" | "PrivateOnly";

export interface MetricsRequest {
  readonly clusterId: ResourceId;
  readonly workspaceId: ResourceId;
  /** Need not exist. */
  readonly scopeId: ResourceId;
  /** The subnet for private endpoints, in the cluster's network; made if missing. */
  readonly subnetName: string;
  /** The modes to which a scope goes that this made, once data has come. */
  readonly ingestionAccessMode: AccessMode;
  readonly queryAccessMode: AccessMode;
  /** Close what others use as well: the workspace's default endpoint, shared endpoints, an existing scope's modes. */
  readonly closeShared: boolean;
  /** Close public queries of the workspace. */
  readonly closeQuery: boolean;
}

/** The article's values. @see learn.microsoft.com/azure/azure-monitor/containers/kubernetes-monitoring-private-link */
export const requestDefaults = {
  subnetName: "snet-private-endpoints",
  ingestionAccessMode: "PrivateOnly",
  queryAccessMode: "Open",
  closeShared: false,
  closeQuery: false,
} as const;

/** A request with the article's values where none are given. */
export const metricsRequest = (
  given: Pick<MetricsRequest, "clusterId" | "workspaceId" | "scopeId"> & Partial<MetricsRequest>,
): MetricsRequest => ({ ...requestDefaults, ...given });

/** What is wrong with a request's ids; all of it. */
export function requestProblems(request: MetricsRequest): readonly Blocker[] {
  const wanted = [
    [request.clusterId, types.cluster, "cluster"],
    [request.workspaceId, types.workspace, "workspace"],
    [request.scopeId, types.scope, "scope"],
  ] as const;
  return wanted.flatMap(([id, type, what]): Blocker[] => {
    const problem = idProblem(id);
    if (problem !== undefined)
      return [{ code: "InvalidId", id, says: `The ${what}'s id: ${problem}.` }];
    const found = parseId(id)?.type ?? "";
    if (found.toLowerCase() === type.toLowerCase()) return [];
    return [{ code: "InvalidId", id, says: `The ${what}'s id names a ${found}, not a ${type}.` }];
  });
}
