/** `privateLinkResources`: what a private endpoint of a resource may connect to, and the members that it then has. */
import { linkTargetOf } from "./connection.ts";
import { endpointMembers } from "../../rules/index.ts";
import type { ArmResource, Graph, Json, TypeAction } from "../../arm/index.ts";
import { groupIds } from "../../azure/index.ts";

/** The one private link resource of a scope or a workspace. Member names of data collection endpoints are inferred: Azure's own are opaque. */
function linkResource(graph: Graph, resource: ArmResource): Json {
  const groupId = linkTargetOf(resource.id)?.groupId ?? "";
  const members = endpointMembers(graph, resource.id, groupId);
  return {
    id: `${resource.id}/privateLinkResources/${groupId}`,
    name: groupId,
    type: `${resource.type}/privateLinkResources`,
    properties: {
      groupId,
      requiredMembers: [...new Set(members.map(({ memberName }) => memberName))],
      requiredZoneNames: [...new Set(members.map(({ zone }) => zone))],
    },
  };
}

const byName = (groupId: string): TypeAction => ({
  method: "GET",
  path: `privatelinkresources/${groupId.toLowerCase()}`,
  action: "privateLinkResources/read",
  answer: ({ graph, resource }) => ({ status: 200, body: linkResource(graph, resource) }),
});

const listed: TypeAction = {
  method: "GET",
  path: "privatelinkresources",
  action: "privateLinkResources/read",
  answer: ({ graph, resource }) => ({
    status: 200,
    body: { value: [linkResource(graph, resource)] },
  }),
};

/** For private link scopes. */
export const privateLinkResourceActions: readonly TypeAction[] = [
  listed,
  byName(groupIds.azureMonitor),
];

/** For Azure Monitor workspaces. */
export const workspaceLinkResourceActions: readonly TypeAction[] = [
  listed,
  byName(groupIds.prometheusMetrics),
];
