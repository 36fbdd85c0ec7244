/** Where a connection leads from a place: to a private endpoint, a public service, or nowhere. Pure. */
import type { Graph, ResourceId } from "../arm/index.ts";
import { publicServiceOf } from "../azure/index.ts";
import type { PublicService } from "../azure/index.ts";
import { reachAddress, reachFromOnPremises } from "../rules/index.ts";
import type { Standpoint } from "../rules/index.ts";
import type { NetworkErrorCode } from "./errors.ts";

/** Where a client stands: in a virtual network, in an on-premises network, or outside of all. */
export type Place = Standpoint;

export interface Destination {
  /** An IPv4 address in dotted form. */
  readonly address: string;
  readonly port: number;
}

/** A way on which bytes go at once. */
export type OpenRoute =
  | { readonly kind: "endpoint"; readonly endpointId: ResourceId }
  /** `control` serves ARM and sign-in, `edge` the rest. */
  | {
      readonly kind: "public";
      readonly listener: "control" | "edge";
      readonly service: PublicService;
    };

export type ClosedRoute = {
  readonly kind: "none";
  readonly code: NetworkErrorCode;
  readonly says: string;
};

export type Route =
  | OpenRoute
  /** A firewall takes the connection, and lets it on or cuts it by the name in its TLS greeting. */
  | { readonly kind: "inspected"; readonly firewallId: ResourceId }
  | ClosedRoute;

/** Everything that the platform serves is HTTPS. */
const HTTPS_PORT = 443;

/**
 * Decides where `destination` leads from `place`. Only the platform's own listeners are ever an answer.
 *
 * @param place a virtual network sees what its routes lead to; outside are only the public addresses.
 * @param fqdn the name that the client greets with, where a firewall has read it.
 */
export function routeOf(
  graph: Graph,
  place: Place,
  destination: Destination & { readonly fqdn?: string },
): Route {
  const { address, port, fqdn } = destination;
  if (port !== HTTPS_PORT) {
    return {
      kind: "none",
      code: "PortNotServed",
      says: `Nothing listens on ${address}:${port}; the platform serves port ${HTTPS_PORT}.`,
    };
  }
  if (place.kind === "public") {
    return publicRoute(address) ?? notReachable(`${address} is no public address of the platform.`);
  }
  const reach =
    place.kind === "vnet"
      ? reachAddress(graph, { from: { vnetId: place.vnetId }, address, fqdn })
      : reachFromOnPremises(graph, { networkId: place.networkId, address, fqdn });
  switch (reach.kind) {
    case "endpoint":
      return { kind: "endpoint", endpointId: reach.endpointId };
    case "inspected":
      return { kind: "inspected", firewallId: reach.firewallId };
    case "public":
      return publicRoute(address) ?? notReachable(`${address} is no public address.`);
    case "server":
      return notReachable(`${reach.serverId} serves DNS at ${address}, and nothing else.`);
    case "none": {
      const says = reach.reasons.map((reason) => reason.says).join(" ");
      const stops = reach.reasons.some(
        ({ rule }) => rule === "firewall.no-rule" || rule === "firewall.denies",
      );
      return stops ? { kind: "none", code: "FirewallDenied", says } : notReachable(says);
    }
  }
}

function publicRoute(address: string): OpenRoute | undefined {
  const service = publicServiceOf(address)?.service;
  if (service === undefined) return undefined;
  return {
    kind: "public",
    listener: service === "arm" || service === "login" ? "control" : "edge",
    service,
  };
}

const notReachable = (says: string): ClosedRoute => ({
  kind: "none",
  code: "AddressNotReachable",
  says,
});
