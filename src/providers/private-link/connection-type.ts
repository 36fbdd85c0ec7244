/** `privateEndpointConnections` of a scope or a workspace: the owner's side, where a connection is approved, rejected or removed. */
import {
  object,
  oneOf,
  readOnly,
  required,
  sameId,
  stored,
  string,
  stringAt,
} from "../../arm/index.ts";
import type {
  ArmResource,
  Change,
  Derived,
  JsonObject,
  Problem,
  RequestBody,
  ResourceType,
  TypeContext,
} from "../../arm/index.ts";
import { derivedFrom } from "../declared.ts";
import { draftOf } from "../draft.ts";
import { linkedAccess, problem } from "../problems.ts";
import { linkTargetOf } from "./connection.ts";
import type { LinkTarget } from "./connection.ts";
import { reconcileOn } from "./reconcile.ts";

const statePath = "properties.privateLinkServiceConnectionState";

/** Declares the connections of one kind of target. */
export function connectionTypeOf(
  target: LinkTarget,
  apiVersions: readonly string[],
  source: string,
): ResourceType {
  return {
    type: target.connectionType,
    apiVersions,
    scope: "parent",
    source,
    location: "none",
    properties: object({
      privateEndpoint: stored(),
      privateLinkServiceConnectionState: required(
        object({
          status: required(oneOf(["Approved", "Rejected", "Pending", "Disconnected"])),
          description: string({ charsMax: 1024 }),
          actionsRequired: string({ charsMax: 1024 }),
        }),
      ),
      groupIds: readOnly(),
      provisioningState: readOnly(),
    }),
    putIs: "replace",
    methods: ["GET", "PUT", "DELETE", "LIST"],
    writes: "async",
    lock: ({ parsed }) => parsed.parentId,
    validate,
    derive,
    deleteEffects: disconnect,
  };
}

function validate(body: RequestBody, context: TypeContext): readonly Problem[] {
  const { previous, parsed } = context;
  if (previous === undefined) {
    // @see GitHub Azure/ResourceModules#4392: a connection is made by its private endpoint, never by a PUT.
    const message = `There is no private endpoint connection '${parsed.name}'; a connection comes into being with its private endpoint. List the connections for their names.`;
    return [problem("PrivateEndpointConnectionNotFound", message, { status: 404 })];
  }
  const given = stringAt(body.properties, "privateEndpoint", "id");
  if (
    given !== undefined &&
    !sameId(given, stringAt(previous.properties, "privateEndpoint", "id"))
  ) {
    const message = `The connection '${parsed.name}' belongs to another private endpoint than '${given}'. Leave privateEndpoint out.`;
    return [problem("InvalidRequestContent", message, { target: "properties.privateEndpoint" })];
  }
  return [...stateProblems(body, previous), ...approvalProblems(body, context)];
}

const statusOf = (properties: JsonObject): string =>
  stringAt(properties, "privateLinkServiceConnectionState", "status") ?? "";

function stateProblems(body: RequestBody, previous: ArmResource): readonly Problem[] {
  const wanted = statusOf(body.properties);
  const target = `${statePath}.status`;
  if (wanted === statusOf(previous.properties)) return [];
  if (wanted === "Approved" || wanted === "Rejected") return [];
  const message = `A connection cannot be set to '${wanted}'; its owner can set it to 'Approved' or 'Rejected', or delete it.`;
  return [problem("InvalidRequestContent", message, { target })];
}

/** Approving asks for the approval action as well, as for an endpoint that is approved at once (inferred). */
function approvalProblems(body: RequestBody, context: TypeContext): readonly Problem[] {
  const { parsed } = context;
  const linkTarget = linkTargetOf(parsed.parentId ?? "");
  if (statusOf(body.properties) !== "Approved" || linkTarget === undefined) return [];
  const action = linkTarget.approvalAction;
  return linkedAccess(context, { action, scope: parsed.parentId ?? "", target: statePath });
}

/** Keeps the stored private endpoint: az sends the state alone. */
function derive(body: RequestBody, context: TypeContext): Derived {
  const { previous, graph } = context;
  if (previous === undefined) return { properties: body.properties };
  const state = body.properties["privateLinkServiceConnectionState"] as JsonObject;
  const resource: ArmResource = {
    ...previous,
    properties: {
      ...previous.properties,
      privateLinkServiceConnectionState: {
        status: statusOf(body.properties),
        description: stringAt(state, "description") ?? "",
        actionsRequired: "None",
      },
      provisioningState: "Succeeded",
    },
  };
  const draft = draftOf(graph);
  draft.put(resource);
  reconcileOn(draft, [context.parsed.parentId ?? ""]);
  return derivedFrom(draft, resource);
}

/** The private endpoint learns that it is disconnected. */
function disconnect(connection: ArmResource, { graph, parsed }: TypeContext): readonly Change[] {
  const draft = draftOf(graph);
  draft.delete(connection.id);
  reconcileOn(draft, [parsed.parentId ?? ""]);
  return draft.changes(connection.id);
}
