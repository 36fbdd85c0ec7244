/** What of a cluster's logs cannot be planned around. */
import { sameId } from "../../arm/index.ts";
import { perimeterBlockers } from "../plan-collection.ts";
import type { Blocker } from "../plan-types.ts";
import {
  isLogWorkspace,
  isPrivateCluster,
  logsAddonOf,
  ruleLogWorkspaces,
  servicePrincipalOf,
} from "./log-workspace.ts";
import { streamsOf, askedStreams } from "./logs-rule.ts";
import type { LogsContext } from "./logs-context.ts";

/** All blockers at once. */
export const logsBlockers = (context: LogsContext): readonly Blocker[] => [
  ...clusterBlockers(context),
  ...workspaceBlockers(context),
  ...ruleBlockers(context),
  ...perimeterBlockers(
    context.graph,
    context.collection.linkedIds.filter((id) => !isLogWorkspace(id)),
  ),
];

/** As az refuses them: "can only be used with private cluster in MSI mode". @see Azure/azure-cli acs/addonconfiguration.py */
function clusterBlockers({ graph, cluster, request }: LogsContext): readonly Blocker[] {
  const blockers: Blocker[] = [];
  const { id, name } = cluster;
  if (!isPrivateCluster(graph, id)) {
    const says = `${name} is not a private cluster (apiServerAccessProfile.enablePrivateCluster), as Container insights over a private link asks.`;
    blockers.push({ code: "ClusterNotPrivate", id, says });
  }
  const principal = servicePrincipalOf(graph, id);
  if (principal !== undefined && request.auth === "managed-identity") {
    const says = `${name} has the service principal ${principal}, and no managed identity that its agent could sign in with.`;
    blockers.push({ code: "ClusterWithoutIdentity", id, says });
  }
  return blockers;
}

function workspaceBlockers({ graph, cluster, workspace }: LogsContext): readonly Blocker[] {
  const blockers: Blocker[] = [];
  const { id } = workspace;
  if ([workspace.publicIngestion, workspace.publicQuery].includes("SecuredByPerimeter")) {
    const says = `${id} is SecuredByPerimeter; network security perimeters are not supported.`;
    blockers.push({ code: "PerimeterUnsupported", id, says });
  }
  const addon = logsAddonOf(graph.get(cluster.id));
  const other = addon?.enabled === true ? addon.workspaceId : undefined;
  if (other !== undefined && !sameId(other, id)) {
    const says = `Container insights of ${cluster.name} is enabled already, into ${other}. Name that workspace, or disable the addon (omsagent) first.`;
    blockers.push({ code: "LogsOfOtherWorkspace", id: cluster.id, says });
  }
  return blockers;
}

function ruleBlockers({ graph, request, workspace, logs }: LogsContext): readonly Blocker[] {
  if (logs === undefined) return [];
  const { ruleId, ownRuleId } = logs;
  const standing = graph.get(ruleId);
  if (standing === undefined) return [];
  const targets = ruleLogWorkspaces(standing);
  if (!targets.some((id) => sameId(id, workspace.id))) {
    const says = `The rule ${standing.name} stands, and sends to ${targets.join(", ") || "no workspace"}, not to ${workspace.id}.`;
    return [{ code: "RuleOfOtherWorkspace", id: ruleId, says }];
  }
  const missing = askedStreams(request).filter((stream) => !streamsOf(standing).includes(stream));
  if (sameId(ruleId, ownRuleId) || missing.length === 0) return [];
  const says = `The cluster's Container insights rule ${standing.name} lacks ${missing.join(", ")}, and another made it. Add them to the rule.`;
  return [{ code: "RuleLacksStreams", id: ruleId, says }];
}
