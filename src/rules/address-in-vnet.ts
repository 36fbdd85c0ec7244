/** Reachability: which private endpoint an address leads to inside a virtual network, or why none. */
import { sameId } from "../arm/index.ts";
import type { Graph, ResourceId } from "../arm/index.ts";
import type { Reason } from "../core/index.ts";
import { because } from "./because.ts";
import { endpointWithInterface, interfacesAt } from "./network-view.ts";

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
 * What a connection to `address` reaches inside a network. A network reaches the interfaces in itself; through a
 * peering it reaches none yet, and the reason names the network that holds the address.
 */
export function addressInVnet(
  graph: Graph,
  { vnetId, address }: { readonly vnetId: ResourceId; readonly address: string },
): AddressInVnet {
  if (graph.get(vnetId) === undefined) {
    const says = `There is no virtual network ${vnetId}.`;
    return { kind: "none", reasons: [because("reach.unknown-network", says)] };
  }
  const holders = interfacesAt(graph, address).flatMap((held) => {
    const endpoint = endpointWithInterface(graph, held.interfaceId);
    return endpoint === undefined ? [] : [{ held, endpoint }];
  });
  const here = holders.find(({ held }) => sameId(held.vnetId, vnetId));
  if (here !== undefined) {
    const { held, endpoint } = here;
    const says = `${address} is an address of ${endpoint.id}, in ${vnetId}.`;
    return {
      kind: "endpoint",
      endpointId: endpoint.id,
      memberName: held.memberName,
      fqdns: held.fqdns,
      reasons: [because("reach.endpoint", says)],
    };
  }
  const elsewhere = holders[0];
  const reason =
    elsewhere === undefined
      ? because("reach.no-interface", `No interface of a private endpoint has ${address}.`)
      : because(
          "reach.other-network",
          `${address} is in ${elsewhere.held.vnetId}, not in ${vnetId}.`,
        );
  return { kind: "none", reasons: [reason] };
}
