/** The resource types of Microsoft.Monitor. */
import type { ResourceType } from "../../arm/index.ts";
import { groupIds } from "../../azure/index.ts";
import { connectionTypeOf } from "../private-link/connection-type.ts";
import { linkTargets } from "../private-link/connection.ts";
import { workspaces, workspaceVersions } from "./accounts.ts";

const workspaceConnections = linkTargets
  .filter(({ groupId }) => groupId === groupIds.prometheusMetrics)
  .map((target) => connectionTypeOf(target, workspaceVersions, workspaces.source));

export const monitorTypes: readonly ResourceType[] = [workspaces, ...workspaceConnections];
