/** The way to a host: what its name leads to from a network, and by which origin a request then arrives. */
import type { Graph, ResourceId } from "../arm/index.ts";
import type { Reason } from "../core/index.ts";
import { resolveName } from "./name-resolution.ts";
import type { NameResolution } from "./name-resolution.ts";
import { originOfEndpoint, publicOrigin } from "./origin.ts";
import type { Origin } from "./origin.ts";
import { reachAddress } from "./reach.ts";

export interface PathToHost {
  readonly resolution: NameResolution;
  /** Absent when no request arrives: the name has no address, or its address leads nowhere. */
  readonly origin?: Origin;
  readonly reasons: readonly Reason[];
}

/**
 * Follows a request from a network (or from outside, without one) to a host: name, address, routes, firewalls, endpoint,
 * connection.
 * Says by which origin it arrives, not whether it is then allowed.
 */
export function pathToHost(
  graph: Graph,
  { host, vnetId }: { readonly host: string; readonly vnetId: ResourceId | undefined },
): PathToHost {
  const resolution = resolveName(graph, { name: host, vnetId });
  const { reasons, addresses } = resolution;
  const address = addresses[0];
  if (address === undefined) return { resolution, reasons };
  if (vnetId === undefined) return { resolution, reasons, origin: publicOrigin };
  const reach = reachAddress(graph, { from: { vnetId }, address, fqdn: host });
  const chain = [...reasons, ...reach.reasons];
  if (reach.kind === "public") return { resolution, reasons: chain, origin: publicOrigin };
  if (reach.kind !== "endpoint") return { resolution, reasons: chain };
  const { verdict, origin } = originOfEndpoint(graph, reach.endpointId);
  const all = [...chain, ...verdict.reasons];
  return { resolution, reasons: all, ...(origin === undefined ? {} : { origin }) };
}
