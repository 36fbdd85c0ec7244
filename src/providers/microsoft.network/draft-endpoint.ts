/** A private endpoint as a request would leave it: its interface, its connection on the target's side, addresses and names. */
import { guid } from "../../core/index.ts";
import { at, listAt, sameId, stringAt } from "../../arm/index.ts";
import type {
  ArmResource,
  Json,
  JsonObject,
  RequestBody,
  ResourceId,
  TypeContext,
} from "../../arm/index.ts";
import { reference, resourceOf } from "../declared.ts";
import { draftOf } from "../draft.ts";
import type { Draft } from "../draft.ts";
import {
  connectionState,
  endpointOf,
  linkTargetOf,
  targetConnection,
} from "../private-link/connection.ts";
import type { ConnectionStatus } from "../private-link/connection.ts";
import { reconcileOn } from "../private-link/reconcile.ts";
import type { Shortage } from "../private-link/reconcile.ts";
import { typeNames } from "../type-names.ts";
import { showEndpoints } from "./subnet-list.ts";

const automatic = "privateLinkServiceConnections";
const manual = "manualPrivateLinkServiceConnections";

/** What a request asks to be connected. */
export interface WantedConnection {
  readonly name: string;
  readonly targetId: ResourceId;
  readonly groupId: string;
  readonly requestMessage: string;
  /** Whether the target's owner is to approve it later. */
  readonly isManual: boolean;
}

/** The connections of a request's body, automatic ones first. */
export const wantedConnections = (properties: JsonObject): readonly WantedConnection[] =>
  [automatic, manual].flatMap((list) =>
    listAt(properties, list).map((connection) => ({
      name: stringAt(connection, "name") ?? "",
      targetId: stringAt(connection, "properties", "privateLinkServiceId") ?? "",
      groupId: stringAt(connection, "properties", "groupIds", 0) ?? "",
      requestMessage: stringAt(connection, "properties", "requestMessage") ?? "",
      isManual: list === manual,
    })),
  );

/** Whether the caller may have its connections to the target approved at once. */
export function mayApprove(context: TypeContext, targetId: ResourceId): boolean {
  const action = linkTargetOf(targetId)?.approvalAction;
  return action !== undefined && context.may(action, targetId).outcome === "allow";
}

/**
 * Drafts the endpoint and all that follows from it. The body must have passed the checks on its references.
 *
 * @returns `shortages`: endpoints whose subnet is too small, this one or others of the same target.
 */
export function draftEndpoint(
  body: RequestBody,
  context: TypeContext,
): {
  readonly draft: Draft;
  readonly resource: ArmResource;
  readonly shortages: readonly Shortage[];
} {
  const { graph, previous } = context;
  const [wanted] = wantedConnections(body.properties);
  const draft = draftOf(graph);
  const subnetId = stringAt(body.properties, "subnet", "id") ?? "";
  const resource = resourceOf(
    typeNames.privateEndpoints,
    { body, context },
    {
      ...placed(body, context),
      subnet: reference(graph.get(subnetId)?.id ?? subnetId),
    },
  );
  draft.put(resource);
  putInterface(draft, resource);
  if (wanted !== undefined && previous === undefined)
    putConnection(draft, resource, { wanted, context });
  const shortages = reconcileOn(draft, wanted === undefined ? [] : [wanted.targetId]);
  showEndpoints(draft, subnetId);
  return { draft, resource, shortages };
}

/** The properties without what reconciling adds. */
function placed(body: RequestBody, context: TypeContext): JsonObject {
  const { previous, id, random } = context;
  const before = previous?.properties;
  const custom = stringAt(body.properties, "customNetworkInterfaceName") ?? "";
  const nicName = custom === "" ? `${context.parsed.name}.nic.${guid(random)}` : custom;
  const groupId = id.slice(0, id.toLowerCase().lastIndexOf("/providers/"));
  const nicId = `${groupId}/providers/${typeNames.networkInterfaces}/${nicName}`;
  return {
    provisioningState: "Succeeded",
    resourceGuid: stringAt(before, "resourceGuid") ?? guid(random),
    [automatic]: connectionsOf(body, context, automatic),
    [manual]: connectionsOf(body, context, manual),
    customNetworkInterfaceName: custom,
    ipConfigurations: listAt(body.properties, "ipConfigurations").map((config): Json => ({
      ...(config as JsonObject),
      id: `${id}/ipConfigurations/${stringAt(config, "name")}`,
    })),
    networkInterfaces: at(before, "networkInterfaces") ?? [reference(nicId)],
    customDnsConfigs: at(before, "customDnsConfigs") ?? [],
  };
}

function connectionsOf(body: RequestBody, context: TypeContext, list: string): Json {
  const { id, graph } = context;
  return wantedConnections(body.properties)
    .filter(({ isManual }) => isManual === (list === manual))
    .map(({ name, targetId, groupId, requestMessage }): Json => ({
      name,
      id: `${id}/${list}/${name}`,
      type: `${typeNames.privateEndpoints}/${list}`,
      properties: {
        provisioningState: "Succeeded",
        privateLinkServiceId: graph.get(targetId)?.id ?? targetId,
        groupIds: [linkTargetOf(targetId)?.groupId ?? groupId],
        ...(requestMessage === "" ? {} : { requestMessage }),
        privateLinkServiceConnectionState: connectionState("Pending", "Awaiting approval"),
      },
    }));
}

function putInterface(draft: Draft, endpoint: ArmResource): void {
  const nicId = stringAt(endpoint.properties, "networkInterfaces", 0, "id") ?? "";
  if (draft.get(nicId) !== undefined) return;
  draft.put({
    id: nicId,
    name: nicId.slice(nicId.lastIndexOf("/") + 1),
    type: typeNames.networkInterfaces,
    ...(endpoint.location === undefined ? {} : { location: endpoint.location }),
    properties: {
      provisioningState: "Succeeded",
      ipConfigurations: [],
      privateEndpoint: reference(endpoint.id),
      enableAcceleratedNetworking: false,
      enableIPForwarding: false,
      nicType: "Standard",
    },
  });
}

function putConnection(
  draft: Draft,
  endpoint: ArmResource,
  { wanted, context }: { readonly wanted: WantedConnection; readonly context: TypeContext },
): void {
  const target = linkTargetOf(wanted.targetId);
  if (target === undefined) return;
  const targetId = draft.get(wanted.targetId)?.id ?? wanted.targetId;
  const approved = !wanted.isManual && mayApprove(context, targetId);
  const status: ConnectionStatus = approved ? "Approved" : "Pending";
  const name = `${endpoint.name}.${guid(context.random)}`;
  draft.put({
    id: `${targetId}/privateEndpointConnections/${name}`,
    name,
    type: target.connectionType,
    properties: {
      privateEndpoint: reference(endpoint.id),
      groupIds: [target.groupId],
      privateLinkServiceConnectionState: connectionState(
        status,
        approved ? "Auto-approved" : wanted.requestMessage,
      ),
      provisioningState: "Succeeded",
    },
  });
}

/** Whether an existing endpoint is connected as `wanted` says; its connection cannot be changed to another resource. */
export function isSameConnection(previous: ArmResource, wanted: WantedConnection): boolean {
  const [before] = wantedConnections(previous.properties);
  return (
    before !== undefined &&
    sameId(before.targetId, wanted.targetId) &&
    before.groupId.toLowerCase() === wanted.groupId.toLowerCase() &&
    before.isManual === wanted.isManual
  );
}

/** The state of an endpoint's connection as its target keeps it; undefined where there is none. */
export function standingOf(graph: TypeContext["graph"], resource: ArmResource): string | undefined {
  const endpoint = endpointOf(resource);
  const connection = endpoint === undefined ? undefined : targetConnection(graph, endpoint);
  return stringAt(connection?.properties, "privateLinkServiceConnectionState", "status");
}
