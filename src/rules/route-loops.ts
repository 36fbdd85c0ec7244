/** Route loops: routes of users that lead traffic back to a firewall that it has passed. */
import { idKey } from "../arm/index.ts";
import type { Graph, ResourceId } from "../arm/index.ts";
import { networkTypes } from "./network-view.ts";
import { firewallsOf } from "./firewall-view.ts";
import { routeOf } from "./route-of.ts";
import { routesIn, subnetsIn } from "./routing-view.ts";
import { formatIpv4 } from "./subnet-addresses.ts";

export interface RouteLoop {
  readonly subnetId: ResourceId;
  readonly tableId: ResourceId;
  readonly route: string;
  readonly says: string;
}

/** Every route to an appliance whose way comes back to a firewall that it has passed, whatever the firewall's rules. */
export const routeLoops = (graph: Graph): readonly RouteLoop[] =>
  graph.ofType(networkTypes.vnet).flatMap((vnet) =>
    subnetsIn(graph, vnet.id).flatMap((subnet): readonly RouteLoop[] => {
      const { tableId } = subnet;
      if (tableId === undefined) return [];
      return routesIn(graph, tableId)
        .filter(({ nextHopType }) => nextHopType === "VirtualAppliance")
        .flatMap(({ name, prefix, prefixText }) => {
          const passed = loopFrom(graph, subnet.id, formatIpv4(prefix.first));
          if (passed === undefined) return [];
          const says = `The route '${name}' of ${tableId} sends ${prefixText} from ${subnet.id} in a loop through ${passed.join(", ")}.`;
          return [{ subnetId: subnet.id, tableId, route: name, says }];
        });
    }),
  );

/** The firewalls of a loop that begins at a subnet, or undefined where the way ends. */
function loopFrom(
  graph: Graph,
  subnetId: ResourceId,
  address: string,
): readonly ResourceId[] | undefined {
  const passed: ResourceId[] = [];
  for (let from = subnetId; ;) {
    const { hop } = routeOf(graph, { from: { subnetId: from }, address });
    if (hop.kind !== "appliance") return undefined;
    const firewall = firewallsOf(graph).find((one) => one.address === hop.address);
    if (firewall === undefined) return undefined;
    if (passed.some((id) => idKey(id) === idKey(firewall.id))) return passed;
    passed.push(firewall.id);
    from = firewall.subnetId;
  }
}
