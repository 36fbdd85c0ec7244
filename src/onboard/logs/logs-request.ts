/** What the user asks for: a cluster's Container insights on the private link of a scope, into a Log Analytics workspace. */
import { idProblem, parseId } from "../../arm/index.ts";
import type { ResourceId } from "../../arm/index.ts";
import { networkTypes, types } from "../../rules/index.ts";
import { logWorkspaceType } from "./log-workspace.ts";
import type { Blocker } from "../plan-types.ts";
import { requestDefaults } from "../request.ts";
import type { AccessMode } from "../request.ts";

/** How the agent signs in: by the cluster's managed identity and a data collection rule, or by the workspace's key. */
export type LogsAuth = "managed-identity" | "legacy";

export const logsAuths: readonly LogsAuth[] = ["managed-identity", "legacy"];

/** The day after which Azure takes nothing from legacy agents. @see learn.microsoft.com/azure/azure-monitor/containers/container-insights-authentication */
export const legacyEnded = "2026-09-30";

export interface LogsRequest {
  readonly clusterId: ResourceId;
  /** Absent: the default workspace of the subscription and region, found or made. */
  readonly workspaceId?: ResourceId;
  /** Need not exist. */
  readonly scopeId: ResourceId;
  readonly auth: LogsAuth;
  /** Container logs go by an ingestion endpoint rather than by the workspace's own host. */
  readonly highLogScale: boolean;
  readonly syslog: boolean;
  /** The subnet for private endpoints, in the cluster's network; made if missing. */
  readonly subnetName: string;
  readonly ingestionAccessMode: AccessMode;
  readonly queryAccessMode: AccessMode;
  /** Close what others use as well: public ingestion of the workspace, shared endpoints, an existing scope's modes. */
  readonly closeShared: boolean;
  /** Close public queries of the workspace, those by ARM among them. */
  readonly closeQuery: boolean;
  /** The cluster is made, private, with its nodes in this subnet; one that stands is taken as it is. */
  readonly nodeSubnetId?: ResourceId;
}

/** The values of the article and of Azure's own tooling. */
export const logsDefaults = {
  ...requestDefaults,
  auth: "managed-identity",
  highLogScale: false,
  syslog: false,
} as const;

/** A request with the usual values where none are given. */
export const logsRequest = (
  given: Pick<LogsRequest, "clusterId" | "scopeId"> & Partial<LogsRequest>,
): LogsRequest => ({ ...logsDefaults, ...given });

/** What is wrong with a request; all of it. */
export function logsRequestProblems(request: LogsRequest): readonly Blocker[] {
  const { clusterId, workspaceId, scopeId, nodeSubnetId } = request;
  const wanted = [
    [clusterId, types.cluster, "cluster"],
    [workspaceId, logWorkspaceType, "workspace"],
    [scopeId, types.scope, "scope"],
    [nodeSubnetId, networkTypes.subnet, "node subnet"],
  ] as const;
  const ids = wanted.flatMap(([id, type, what]) =>
    id === undefined ? [] : idProblems({ id, type, what }),
  );
  return [...ids, ...optionProblems(request)];
}

function idProblems({
  id,
  type,
  what,
}: {
  readonly id: ResourceId;
  readonly type: string;
  readonly what: string;
}): readonly Blocker[] {
  const problem = idProblem(id);
  if (problem !== undefined) {
    return [{ code: "InvalidId", id, says: `The ${what}'s id: ${problem}.` }];
  }
  const found = parseId(id)?.type ?? "";
  if (found.toLowerCase() === type.toLowerCase()) return [];
  return [{ code: "InvalidId", id, says: `The ${what}'s id names a ${found}, not a ${type}.` }];
}

/** As az refuses them. @see Azure/azure-cli acs/addonconfiguration.py */
function optionProblems({
  clusterId,
  auth,
  highLogScale,
  syslog,
}: LogsRequest): readonly Blocker[] {
  if (auth === "managed-identity") return [];
  const asked = [highLogScale ? "High log scale" : [], syslog ? "Syslog" : []].flat();
  return asked.map((what) => ({
    code: "NeedsManagedIdentity",
    id: clusterId,
    says: `${what} is collected by a data collection rule, which a legacy agent does not have. Use --auth managed-identity.`,
  }));
}
