/** Where a connection leads from a place: to a private endpoint, a public service, or nowhere. Pure. */
import type { Graph, ResourceId } from "../arm/index.ts";
import { publicServiceOf } from "../azure/index.ts";
import type { PublicService } from "../azure/index.ts";
import { addressInVnet } from "../rules/index.ts";
import type { NetworkErrorCode } from "./errors.ts";

/** Where a client stands: in a virtual network, or outside of all. */
export type Place =
  { readonly kind: "vnet"; readonly vnetId: ResourceId } | { readonly kind: "public" };

export interface Destination {
  /** An IPv4 address in dotted form. */
  readonly address: string;
  readonly port: number;
}

export type Route =
  | { readonly kind: "endpoint"; readonly endpointId: ResourceId }
  /** `control` serves ARM and sign-in, `edge` the rest. */
  | {
      readonly kind: "public";
      readonly listener: "control" | "edge";
      readonly service: PublicService;
    }
  | { readonly kind: "none"; readonly code: NetworkErrorCode; readonly says: string };

/** Everything that the platform serves is HTTPS. */
const HTTPS_PORT = 443;

/**
 * Decides where `destination` leads from `place`. Only the platform's own listeners are ever an answer.
 *
 * @param place a virtual network sees its endpoints and the public addresses; outside are only the latter.
 */
export function routeOf(graph: Graph, place: Place, destination: Destination): Route {
  const { address, port } = destination;
  if (port !== HTTPS_PORT) {
    return {
      kind: "none",
      code: "PortNotServed",
      says: `Nothing listens on ${address}:${port}; the platform serves port ${HTTPS_PORT}.`,
    };
  }
  const found = publicServiceOf(address);
  if (found !== undefined) {
    const { service } = found;
    const listener = service === "arm" || service === "login" ? "control" : "edge";
    return { kind: "public", listener, service };
  }
  if (place.kind === "public") {
    return notReachable(`${address} is no public address of the platform.`);
  }
  const reached = addressInVnet(graph, { vnetId: place.vnetId, address });
  return reached.kind === "endpoint"
    ? { kind: "endpoint", endpointId: reached.endpointId }
    : notReachable(reached.reasons.map(({ says }) => says).join(" "));
}

const notReachable = (says: string): Route => ({ kind: "none", code: "AddressNotReachable", says });
