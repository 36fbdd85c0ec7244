/** The blast radius: who else uses what a change would close. */
import { idKey, parseId, sameId } from "../arm/index.ts";
import type { Graph, ResourceId } from "../arm/index.ts";
import {
  associationsOf,
  connectionsTo,
  dcrsOf,
  scopedResourcesIn,
  workspacesOf,
} from "../rules/index.ts";
import type { Affected } from "./plan-types.ts";

const nameOf = (id: ResourceId): string => parseId(id)?.name ?? id;

const unique = (affected: readonly Affected[]): readonly Affected[] => [
  ...new Map(affected.map((one) => [`${idKey(one.id)} ${one.says}`, one])).values(),
];

/**
 * Who else than `clusterId` sends data or takes configuration by an endpoint. A workspace's default endpoint always has
 * users: whoever was told nothing else uses it.
 */
export function usersOfDce(
  graph: Graph,
  { dceId, clusterId }: { readonly dceId: ResourceId; readonly clusterId: ResourceId },
): readonly Affected[] {
  const users: Affected[] = [];
  for (const { id, name, defaultDceId } of workspacesOf(graph)) {
    if (!sameId(defaultDceId, dceId)) continue;
    users.push({
      id,
      says: `${name}: it is this workspace's default endpoint, for remote write and all rules that name it`,
    });
  }
  const rules = dcrsOf(graph).filter((rule) => sameId(rule.dceId, dceId));
  for (const association of associationsOf(graph)) {
    if (sameId(association.resourceId, clusterId)) continue;
    const { resourceId } = association;
    if (sameId(association.dceId, dceId)) {
      users.push({ id: resourceId, says: `${nameOf(resourceId)} takes its configuration there` });
    }
    const rule = rules.find(({ id }) => sameId(id, association.dcrId));
    if (rule === undefined) continue;
    users.push({
      id: resourceId,
      says: `${nameOf(resourceId)} sends data there, by the rule ${rule.name}`,
    });
  }
  for (const rule of rules) {
    if (associationsOf(graph).some(({ dcrId }) => sameId(dcrId, rule.id))) continue;
    if (workspacesOf(graph).some(({ defaultDcrId }) => sameId(defaultDcrId, rule.id))) continue;
    users.push({
      id: rule.id,
      says: `the rule ${rule.name} takes data there, from senders that are not associated`,
    });
  }
  return unique(users);
}

/** Who else than the network `vnetId` and the linked endpoints `ours` stands under a scope's modes. */
export function usersOfScope(
  graph: Graph,
  asked: {
    readonly scopeId: ResourceId;
    readonly endpointId: ResourceId;
    readonly ours: readonly ResourceId[];
  },
): readonly Affected[] {
  const { scopeId, endpointId, ours } = asked;
  return unique([
    ...connectionsTo(graph, scopeId)
      .filter((connection) => !sameId(connection.endpointId, endpointId))
      .map(({ endpointId: id }) => ({
        id,
        says: `the network of the private endpoint ${nameOf(id)} stands under its modes`,
      })),
    ...scopedResourcesIn(graph, scopeId)
      .filter(({ linkedId }) => !ours.some((id) => sameId(id, linkedId)))
      .map(({ linkedId: id }) => ({ id, says: `${nameOf(id)} is reached through it` })),
  ]);
}

/** Who else queries a workspace, as far as resources tell: the clusters whose metrics it keeps. */
export function usersOfWorkspace(
  graph: Graph,
  { workspaceId, clusterId }: { readonly workspaceId: ResourceId; readonly clusterId: ResourceId },
): readonly Affected[] {
  const rules = dcrsOf(graph).filter(({ workspaceIds }) =>
    workspaceIds.some((id) => sameId(id, workspaceId)),
  );
  const senders = associationsOf(graph).filter(
    ({ resourceId, dcrId }) =>
      !sameId(resourceId, clusterId) && rules.some(({ id }) => sameId(id, dcrId)),
  );
  return unique([
    {
      id: workspaceId,
      says: "everyone who queries it from a public network: the portal outside the network, and Grafana without a managed private endpoint",
    },
    ...senders.map(({ resourceId: id }) => ({
      id,
      says: `${nameOf(id)} keeps its metrics there, so its dashboards query it`,
    })),
  ]);
}
