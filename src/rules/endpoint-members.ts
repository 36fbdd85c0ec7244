/** The members of a private link target: what each address of its private endpoints stands for. */
import { sameId } from "../arm/index.ts";
import type { Graph, ResourceId } from "../arm/index.ts";
import { groupIds, privateAlias, sharedScopeHosts } from "../azure/index.ts";
import { lawOf } from "./law-view.ts";
import { oncePerGraph } from "./memo.ts";
import { dceOf, scopedResourcesIn, scopeOf, workspaceOf } from "./view.ts";

export interface EndpointMember {
  /** `requiredMemberName` of the interface's address. Azure's own names are not documented for endpoints; inferred. */
  readonly memberName: string;
  /** The public name that leads to it. */
  readonly fqdn: string;
  /** The private zone that holds its record. */
  readonly zone: string;
  /** Its name in that zone. */
  readonly recordName: string;
  /** Whether every resource behind the scope uses it, and so does every client of the network's DNS. */
  readonly shared: boolean;
}

/**
 * The members that a private endpoint of `targetId` has, in a stable order: the eight shared ones of a scope, then
 * three per linked data collection endpoint and three per linked Log Analytics workspace in the order of their links;
 * one for an Azure Monitor workspace. The Log Analytics workspaces of a region share one name, and so one address, per
 * zone (endpoint compression, for endpoints since December 2021).
 * Empty when the target does not exist or has no such group.
 * @see learn.microsoft.com/azure/azure-monitor/fundamentals/private-link-configure
 */
export function endpointMembers(
  graph: Graph,
  targetId: ResourceId,
  groupId: string,
): readonly EndpointMember[] {
  const kept = keptMembers(graph);
  const key = `${targetId}\n${groupId}`;
  let members = kept.get(key);
  if (members === undefined) {
    members = findMembers(graph, targetId, groupId);
    // Only targets that are there have members, so that there are no more keys than they have spellings in use.
    if (members.length > 0) kept.set(key, members);
  }
  return members;
}

const keptMembers = oncePerGraph((): Map<string, readonly EndpointMember[]> => new Map());

function findMembers(
  graph: Graph,
  targetId: ResourceId,
  groupId: string,
): readonly EndpointMember[] {
  const scope = scopeOf(graph, targetId);
  if (scope !== undefined) {
    if (groupId.toLowerCase() !== groupIds.azureMonitor) return [];
    return [
      ...sharedScopeHosts.flatMap((host) => memberOf(host, true)),
      ...scopedResourcesIn(graph, targetId).flatMap(({ linkedId }) => [
        ...dceMembers(graph, linkedId),
        ...lawMembers(graph, linkedId),
      ]),
    ];
  }
  const workspace = workspaceOf(graph, targetId);
  if (workspace?.queryHost === undefined) return [];
  if (groupId.toLowerCase() !== groupIds.prometheusMetrics.toLowerCase()) return [];
  return memberOf(workspace.queryHost, false).map((member) => ({
    ...member,
    memberName: groupIds.prometheusMetrics,
  }));
}

/** The group ids that a private link target offers; empty when it offers none. */
export function groupIdsOf(graph: Graph, targetId: ResourceId): readonly string[] {
  if (scopeOf(graph, targetId) !== undefined) return [groupIds.azureMonitor];
  return workspaceOf(graph, targetId) === undefined ? [] : [groupIds.prometheusMetrics];
}

function dceMembers(graph: Graph, linkedId: ResourceId): readonly EndpointMember[] {
  const dce = dceOf(graph, linkedId);
  if (dce === undefined || !sameId(dce.id, linkedId)) return [];
  return [dce.configurationHost, dce.logsHost, dce.metricsHost].flatMap((host) =>
    host === undefined ? [] : memberOf(host, false),
  );
}

/** @see learn.microsoft.com/azure/azure-monitor/fundamentals/private-link-configure, "Endpoint compression"; the names are inferred */
function lawMembers(graph: Graph, linkedId: ResourceId): readonly EndpointMember[] {
  const law = lawOf(graph, linkedId);
  if (law === undefined) return [];
  const { ods, oms, agentService } = law.hosts;
  const zones = [
    [oms, "oms"],
    [ods, "ods"],
    [agentService, "agentsvc"],
  ] as const;
  return zones.flatMap(([host, zone]) =>
    memberOf(host, false).map((member) => ({ ...member, memberName: `${zone}.${law.region}` })),
  );
}

function memberOf(host: string, shared: boolean): readonly EndpointMember[] {
  const alias = privateAlias(host);
  if (alias === undefined) return [];
  const { zone, recordName } = alias;
  return [{ memberName: recordName, fqdn: host, zone, recordName, shared }];
}
