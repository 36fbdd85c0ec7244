/** Where a request entered: from the internet, or through an approved private endpoint. */
import type { Graph, ResourceId } from "../arm/index.ts";
import { allow, deny } from "../core/index.ts";
import type { Verdict } from "../core/index.ts";
import { because } from "./because.ts";
import { connectionOf, endpointOf } from "./network-view.ts";

/** Told by the listener that took the connection, never by a header that a client can set. */
export type Origin =
  | { readonly kind: "public" }
  | {
      readonly kind: "private";
      readonly endpointId: ResourceId;
      /** The scope or workspace that the endpoint leads to. */
      readonly targetId: ResourceId;
      readonly connectionName: string;
    };

export const publicOrigin: Origin = { kind: "public" };

/**
 * The origin that a private endpoint gives its traffic. Only an approved connection gives one: a pending, rejected or
 * removed connection carries nothing, whatever the endpoint's own copy of the state says.
 */
export function originOfEndpoint(
  graph: Graph,
  endpointId: ResourceId,
): { readonly verdict: Verdict; readonly origin?: Origin } {
  const endpoint = endpointOf(graph, endpointId);
  if (endpoint?.targetId === undefined) {
    return {
      verdict: deny(because("endpoint.unknown", `There is no private endpoint ${endpointId}.`)),
    };
  }
  const connection = connectionOf(graph, endpoint);
  if (connection === undefined) {
    const says = `${endpoint.targetId} has no connection to ${endpoint.id}: it was removed, or never made.`;
    return { verdict: deny(because("endpoint.disconnected", says)) };
  }
  if (connection.status !== "Approved") {
    const says = `The connection ${connection.name} of ${endpoint.id} is ${connection.status}, not Approved.`;
    return { verdict: deny(because("endpoint.not-approved", says)) };
  }
  const says = `${endpoint.id} leads to ${connection.targetId}, by the approved connection ${connection.name}.`;
  return {
    verdict: allow(because("endpoint.approved", says)),
    origin: {
      kind: "private",
      endpointId: endpoint.id,
      targetId: connection.targetId,
      connectionName: connection.name,
    },
  };
}
