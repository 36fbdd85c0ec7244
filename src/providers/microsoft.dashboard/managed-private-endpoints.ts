/**
 * Microsoft.Dashboard/grafana/managedPrivateEndpoints: Grafana's own private endpoint to a workspace or a scope, which
 * waits until the target's owner has approved it. No traffic takes it here.
 */
import { id, list, object, readOnly, required, sameId, string, stringAt } from "../../arm/index.ts";
import type {
  ArmResource,
  Change,
  Derived,
  Problem,
  RequestBody,
  ResourceId,
  ResourceType,
  TypeContext,
} from "../../arm/index.ts";
import { derivedFrom, resourceOf, stableGuid } from "../declared.ts";
import { draftOf } from "../draft.ts";
import { connectionState, linkTargetOf } from "../private-link/connection.ts";
import { reconcileOn } from "../private-link/reconcile.ts";
import { problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";
import { grafanaSource, grafanaVersions } from "./grafana.ts";

const target = "properties.privateLinkResourceId";

export const managedPrivateEndpoints: ResourceType = {
  type: typeNames.managedPrivateEndpoints,
  apiVersions: grafanaVersions.filter((version) => version !== "2022-08-01"),
  scope: "parent",
  source: grafanaSource,
  location: "regional",
  name: {
    pattern: /^[A-Za-z](?:[A-Za-z0-9-]{0,18}[A-Za-z0-9])?$/,
    says: "it has 1 to 20 letters, digits and '-', begins with a letter, and ends with a letter or digit.",
  },
  properties: object({
    privateLinkResourceId: required(id()),
    privateLinkResourceRegion: string({ charsMax: 64 }),
    groupIds: list(string({ charsMax: 80 }), { countMin: 1, countMax: 1 }),
    requestMessage: string({ charsMax: 140 }),
    privateLinkServiceUrl: string({ charsMax: 1024 }),
    privateLinkServicePrivateIP: readOnly(),
    connectionState: readOnly(),
    provisioningState: readOnly(),
  }),
  putIs: "replace",
  methods: ["GET", "PUT", "PATCH", "DELETE", "LIST"],
  writes: "sync",
  patch: "tags",
  validate,
  derive,
  deleteEffects: (endpoint, { graph }): readonly Change[] => {
    const draft = draftOf(graph);
    draft.delete(endpoint.id);
    const connection = connectionOf(endpoint);
    if (connection !== undefined) {
      draft.delete(connection.id);
      reconcileOn(draft, [connection.targetId]);
    }
    return draft.changes(endpoint.id);
  },
};

const targetIdOf = (properties: ArmResource["properties"]): ResourceId =>
  stringAt(properties, "privateLinkResourceId") ?? "";

function validate(body: RequestBody, { graph, previous }: TypeContext): readonly Problem[] {
  const targetId = targetIdOf(body.properties);
  const link = linkTargetOf(targetId);
  if (link === undefined) {
    const message = `'${targetId}' is nothing that a managed private endpoint leads to here; Azure Monitor workspaces and private link scopes are.`;
    return [problem("FeatureNotEmulated", message, { target })];
  }
  const before = previous === undefined ? targetId : targetIdOf(previous.properties);
  if (!sameId(before, targetId)) {
    const message = `A managed private endpoint stays with the resource that it was made for, '${before}'. Delete it and make another.`;
    return [problem("InvalidRequestContent", message, { target })];
  }
  if (graph.get(targetId) === undefined) {
    const message = `The resource '${targetId}' was not found. Create it first.`;
    return [problem("InvalidResourceReference", message, { target })];
  }
  const groupId = stringAt(body.properties, "groupIds", 0) ?? link.groupId;
  if (groupId.toLowerCase() === link.groupId.toLowerCase()) return [];
  const message = `'${groupId}' is no group of '${targetId}'; its group is '${link.groupId}'.`;
  return [problem("InvalidRequestContent", message, { target: "properties.groupIds" })];
}

/** The connection that the target keeps of an endpoint; the endpoint itself stands in a subscription of the service. */
function connectionOf(
  endpoint: Pick<ArmResource, "id" | "name" | "properties">,
):
  | { readonly id: ResourceId; readonly targetId: ResourceId; readonly endpointId: ResourceId }
  | undefined {
  const targetId = targetIdOf(endpoint.properties);
  if (linkTargetOf(targetId) === undefined) return undefined;
  const service = stableGuid("managed endpoints", endpoint.id);
  return {
    id: `${targetId}/privateEndpointConnections/${endpoint.name}.${stableGuid("connection", endpoint.id)}`,
    targetId,
    endpointId: `/subscriptions/${service}/resourceGroups/managed/providers/${typeNames.privateEndpoints}/${endpoint.name}`,
  };
}

function derive(body: RequestBody, context: TypeContext): Derived {
  const { graph, previous } = context;
  const link = linkTargetOf(targetIdOf(body.properties));
  const endpoint = resourceOf(
    typeNames.managedPrivateEndpoints,
    { body, context },
    {
      ...body.properties,
      groupIds: [link?.groupId ?? ""],
      connectionState: previous?.properties["connectionState"] ?? pending,
      provisioningState: "Succeeded",
    },
  );
  const draft = draftOf(graph);
  draft.put(endpoint);
  const connection = connectionOf(endpoint);
  if (connection !== undefined && link !== undefined && previous === undefined) {
    draft.put({
      id: connection.id,
      name: connection.id.slice(connection.id.lastIndexOf("/") + 1),
      type: link.connectionType,
      properties: {
        privateEndpoint: { id: connection.endpointId },
        privateLinkServiceConnectionState: connectionState(
          "Pending",
          stringAt(body.properties, "requestMessage") ?? "",
        ),
        groupIds: [link.groupId],
        provisioningState: "Succeeded",
      },
    });
    reconcileOn(draft, [connection.targetId]);
  }
  return derivedFrom(draft, endpoint);
}

const pending = { status: "Pending", description: "" };
