/** Reachability: which private endpoint an address leads to inside a virtual network, or why none. */
import type { Graph, ResourceId } from "../arm/index.ts";
import type { Reason } from "../core/index.ts";
import { because } from "./because.ts";
import { reachAddress } from "./reach.ts";

export type AddressInVnet =
  | {
      readonly kind: "endpoint";
      readonly endpointId: ResourceId;
      readonly memberName: string | undefined;
      readonly fqdns: readonly string[];
      readonly reasons: readonly Reason[];
    }
  | { readonly kind: "none"; readonly reasons: readonly Reason[] };

/**
 * What a connection to `address` reaches inside a network: the interfaces in it, and in those that its peerings and
 * routes lead to. Where a firewall decides by the name that the client greets, `fqdn` must be given.
 */
export function addressInVnet(
  graph: Graph,
  asked: { readonly vnetId: ResourceId; readonly address: string; readonly fqdn?: string },
): AddressInVnet {
  const { vnetId, address, fqdn } = asked;
  const reach = reachAddress(graph, { from: { vnetId }, address, fqdn });
  if (reach.kind === "endpoint") {
    const { endpointId, memberName, fqdns, reasons } = reach;
    return { kind: "endpoint", endpointId, memberName, fqdns, reasons };
  }
  if (reach.kind === "none" || reach.kind === "inspected") {
    return { kind: "none", reasons: reach.reasons };
  }
  const says = `No interface of a private endpoint has ${address}.`;
  return { kind: "none", reasons: [...reach.reasons, because("reach.no-interface", says)] };
}
