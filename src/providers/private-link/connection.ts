/** A private endpoint's one connection: to which resource, to which of its groups, and how it stands. */
import { groupIds } from "../../azure/index.ts";
import { listAt, parseId, sameId, stringAt } from "../../arm/index.ts";
import type { ArmResource, Graph, Json, JsonObject, ResourceId } from "../../arm/index.ts";
import { typeNames } from "../type-names.ts";

/** What a private endpoint can be connected to. */
export interface LinkTarget {
  readonly type: string;
  readonly connectionType: string;
  readonly groupId: string;
  /** Who may do this on the target has a connection approved at once. */
  readonly approvalAction: string;
  readonly source: string;
}

export const linkTargets: readonly LinkTarget[] = [
  {
    type: typeNames.privateLinkScopes,
    connectionType: typeNames.scopeConnections,
    groupId: groupIds.azureMonitor,
    approvalAction:
      "Microsoft.Insights/PrivateLinkScopes/PrivateEndpointConnectionsApproval/action",
    source:
      "learn.microsoft.com/azure/private-link/private-endpoint-dns; the provider's operations",
  },
  {
    type: typeNames.workspaces,
    connectionType: typeNames.workspaceConnections,
    groupId: groupIds.prometheusMetrics,
    approvalAction: "Microsoft.Monitor/accounts/privateEndpointConnectionsApproval/action",
    source:
      "inferred: the provider's approval action has the name that private link uses elsewhere",
  },
];

export const linkTargetOf = (targetId: ResourceId): LinkTarget | undefined => {
  const type = parseId(targetId)?.type.toLowerCase();
  return linkTargets.find((target) => target.type.toLowerCase() === type);
};

export type ConnectionStatus = "Pending" | "Approved" | "Rejected" | "Disconnected";

/** A private endpoint as the rest of this folder reads it. */
export interface Endpoint {
  readonly resource: ArmResource;
  readonly targetId: ResourceId;
  readonly groupId: string;
  readonly status: ConnectionStatus;
  readonly subnetId: ResourceId;
  readonly interfaceId: ResourceId;
}

const lists = ["privateLinkServiceConnections", "manualPrivateLinkServiceConnections"] as const;

/** Reads a private endpoint; undefined when it is not whole, which no PUT leaves behind. */
export function endpointOf(resource: ArmResource): Endpoint | undefined {
  const connection = connectionOf(resource.properties);
  const targetId = stringAt(connection, "properties", "privateLinkServiceId");
  const subnetId = stringAt(resource.properties, "subnet", "id");
  const interfaceId = stringAt(resource.properties, "networkInterfaces", 0, "id");
  if (targetId === undefined || subnetId === undefined || interfaceId === undefined) {
    return undefined;
  }
  const status = stringAt(connection, "properties", "privateLinkServiceConnectionState", "status");
  return {
    resource,
    targetId,
    groupId: stringAt(connection, "properties", "groupIds", 0) ?? "",
    status: (status ?? "Pending") as ConnectionStatus,
    subnetId,
    interfaceId,
  };
}

/** The one connection in a private endpoint's properties, automatic or manual. */
export const connectionOf = (properties: JsonObject): Json | undefined =>
  listAt(properties, lists[0])[0] ?? listAt(properties, lists[1])[0];

/** The properties with another connection state; both lists are kept in their places. */
export function withConnectionState(properties: JsonObject, state: JsonObject): JsonObject {
  const restate = (connection: Json): Json => ({
    ...(connection as JsonObject),
    properties: {
      ...((connection as JsonObject)["properties"] as JsonObject),
      provisioningState: "Succeeded",
      privateLinkServiceConnectionState: state,
    },
  });
  return {
    ...properties,
    [lists[0]]: listAt(properties, lists[0]).map(restate),
    [lists[1]]: listAt(properties, lists[1]).map(restate),
  };
}

/** The private endpoints that are connected, or ever were, to a resource. */
export const endpointsTo = (graph: Graph, targetId: ResourceId): readonly Endpoint[] =>
  graph
    .ofType(typeNames.privateEndpoints)
    .map(endpointOf)
    .filter((endpoint) => endpoint !== undefined)
    .filter((endpoint) => sameId(endpoint.targetId, targetId));

/** The connection resource on the target's side, or undefined once it was removed. */
export const targetConnection = (graph: Graph, endpoint: Endpoint): ArmResource | undefined => {
  const type = linkTargetOf(endpoint.targetId)?.connectionType;
  if (type === undefined) return undefined;
  return graph
    .under(endpoint.targetId, type)
    .find(({ properties }) =>
      sameId(stringAt(properties, "privateEndpoint", "id"), endpoint.resource.id),
    );
};

/** A state as both sides show it. */
export const connectionState = (status: ConnectionStatus, description: string): JsonObject => ({
  status,
  description,
  actionsRequired: "None",
});
