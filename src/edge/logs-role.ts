/** Who may query logs, by role: of a workspace whole, or of one resource alone. */
import { at, sameId } from "../arm/index.ts";
import type { Graph, ResourceId } from "../arm/index.ts";
import { allow } from "../core/index.ts";
import type { Verdict } from "../core/index.ts";
import type { HttpResponse } from "../http/index.ts";
import { logsQueryRefusal } from "../query/index.ts";
import { roleAccess } from "../rules/index.ts";
import type { LawView } from "../rules/index.ts";

/** What a role must grant to query a workspace. @see learn.microsoft.com/azure/azure-monitor/logs/manage-access */
const QUERY_ACTION = "Microsoft.OperationalInsights/workspaces/query/read";
/** The right to a resource's logs, of all tables. @see learn.microsoft.com/azure/azure-monitor/logs/api/azure-resource-queries */
const READ_LOGS = "Microsoft.Insights/logs/read";

/**
 * Decides by role. A resource's logs need the right to that resource; where the workspace's access mode demands it, the
 * right to the workspace too.
 *
 * @see learn.microsoft.com/azure/azure-monitor/logs/manage-access, "Access control mode"
 */
export function logsRole(
  graph: Graph,
  {
    principalId,
    law,
    resourceId,
  }: {
    readonly principalId: string;
    readonly law: LawView;
    readonly resourceId: ResourceId | undefined;
  },
): Verdict {
  const ofWorkspace = (): Verdict =>
    roleAccess(graph, { principalId, action: QUERY_ACTION, scope: law.id });
  if (resourceId === undefined) return ofWorkspace();
  const ofResource = roleAccess(graph, { principalId, action: READ_LOGS, scope: resourceId });
  if (ofResource.outcome !== "allow" || sameId(resourceId, law.id)) return ofResource;
  const features = at(graph.get(law.id)?.properties, "features");
  if (at(features, "enableLogAccessUsingOnlyResourcePermissions") !== false) return ofResource;
  const both = ofWorkspace();
  return both.outcome === "allow" ? allow(...ofResource.reasons, ...both.reasons) : both;
}

/** The words of the service for any 403 of its query API. */
export const INSUFFICIENT =
  "The provided credentials have insufficient access to perform the requested operation";

/** The 403 of the role. The code of the inner error is the service's, its words are ours. */
export const insufficientAccess = (
  principalId: string,
  { law, resourceId }: { readonly law: LawView; readonly resourceId: ResourceId | undefined },
): HttpResponse => {
  const asked = resourceId ?? law.id;
  const both = sameId(asked, law.id) ? "" : `, or of its workspace ${law.id}, which demands it`;
  return logsQueryRefusal("InsufficientAccessError", {
    message: INSUFFICIENT,
    innererror: {
      code: "UnauthorizedClient",
      message: `The principal ${principalId} has no permission to query ${asked}${both}; assign it a role that reads it.`,
    },
  });
};
