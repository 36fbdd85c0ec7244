/** The ways from a cluster's subnets to the private addresses that its names lead to. */
import type { Graph, ResourceId } from "../../arm/index.ts";
import { cloud } from "../../azure/index.ts";
import { reachAddress, resolveName } from "../../rules/index.ts";
import type { Reach } from "../../rules/index.ts";
import type { ClusterWay } from "./cluster-way.ts";

export interface WayToHost {
  readonly vnetId: ResourceId;
  readonly host: string;
  readonly address: string;
  readonly reach: Reach;
  /** The station whose host it is; undefined for the configuration service's own. */
  readonly stationId: ResourceId | undefined;
}

const made = new WeakMap<ClusterWay, readonly WayToHost[]>();

/** The ways to each needed host that resolves privately; made once for each cluster. */
export function waysToHosts(graph: Graph, way: ClusterWay): readonly WayToHost[] {
  let ways = made.get(way);
  if (ways === undefined) {
    ways = way.subnetIds.flatMap((subnetId) => fromSubnet(graph, way, subnetId));
    made.set(way, ways);
  }
  return ways;
}

function fromSubnet(graph: Graph, way: ClusterWay, subnetId: ResourceId): readonly WayToHost[] {
  const vnetId = subnetId.slice(0, subnetId.toLowerCase().lastIndexOf("/subnets/"));
  const hosts = [
    { host: cloud.globalHandlerHost, stationId: undefined },
    ...way.stations.flatMap(({ id, hosts: own }) => own.map((host) => ({ host, stationId: id }))),
  ];
  return hosts.flatMap(({ host, stationId }) => {
    const { outcome, addresses } = resolveName(graph, { name: host, vnetId });
    const [address] = addresses;
    if (outcome !== "private" || address === undefined) return [];
    const reach = reachAddress(graph, { from: { subnetId }, address, fqdn: host });
    return [{ vnetId, host, address, reach, stationId }];
  });
}
