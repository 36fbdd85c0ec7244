/** Which private link scope a cluster's telemetry goes by, or is meant to go by, and through which private endpoint. */
import { idKey, sameId } from "../../arm/index.ts";
import type { Graph, ResourceId } from "../../arm/index.ts";
import { cloud, groupIds } from "../../azure/index.ts";
import {
  addressInVnet,
  connectionsTo,
  endpointOf,
  endpointsOf,
  isScope,
  peeringsOf,
  resolveName,
  resolverOf,
  scopedResourcesOf,
} from "../../rules/index.ts";
import type { ConnectionView, EndpointView } from "../../rules/index.ts";
import type { ClusterWay } from "./cluster-way.ts";

export interface FoundScope {
  readonly id: ResourceId;
  /** The endpoint of the scope that the cluster's network uses or can use; undefined where there is none. */
  readonly endpoint: EndpointView | undefined;
  readonly connections: readonly ConnectionView[];
}

type Asked = Pick<ClusterWay, "vnetIds" | "stations">;

const byGraph = new WeakMap<Graph, ScopeIndex>();

interface ScopeIndex {
  readonly endpointsByVnet: ReadonlyMap<string, readonly EndpointView[]>;
  readonly endpointsByScope: ReadonlyMap<string, readonly EndpointView[]>;
  readonly scopesByLinked: ReadonlyMap<string, readonly ResourceId[]>;
}

/** The endpoints that lead to scopes, by network and by scope, and the scopes by what they link. */
function indexOf(graph: Graph): ScopeIndex {
  const known = byGraph.get(graph);
  if (known !== undefined) return known;
  const ofScopes = endpointsOf(graph).filter(
    ({ targetId, groupIds: groups }) =>
      targetId !== undefined &&
      isScope(targetId) &&
      groups.some((group) => group.toLowerCase() === groupIds.azureMonitor),
  );
  const links = Map.groupBy(scopedResourcesOf(graph), ({ linkedId }) => idKey(linkedId));
  const index: ScopeIndex = {
    endpointsByVnet: Map.groupBy(ofScopes, ({ vnetId }) => idKey(vnetId ?? "")),
    endpointsByScope: Map.groupBy(ofScopes, ({ targetId }) => idKey(targetId ?? "")),
    scopesByLinked: new Map(
      [...links].map(([key, all]) => [key, all.map(({ scopeId }) => scopeId)]),
    ),
  };
  byGraph.set(graph, index);
  return index;
}

/** Whether a private endpoint of any scope stands in a network. */
export const hasOwnEndpoint = (graph: Graph, vnetId: ResourceId): boolean =>
  indexOf(graph).endpointsByVnet.has(idKey(vnetId));

/** The private endpoints that lead to a scope. */
export const endpointsOfScope = (graph: Graph, scopeId: ResourceId): readonly EndpointView[] =>
  indexOf(graph).endpointsByScope.get(idKey(scopeId)) ?? [];

/**
 * The scope that the cluster's DNS leads to; else that of an endpoint in its network, in the network that answers its DNS
 * or in one peered with it; else the one that links most of what its telemetry passes.
 */
export function findScope(graph: Graph, way: Asked): FoundScope | undefined {
  for (const vnetId of way.vnetIds) {
    const endpoint = byName(graph, vnetId) ?? nearest(graph, vnetId, way);
    if (endpoint?.targetId !== undefined) return found(graph, endpoint.targetId, endpoint);
  }
  const votes = new Map<string, { readonly id: ResourceId; count: number }>();
  for (const { id } of way.stations) {
    for (const scopeId of indexOf(graph).scopesByLinked.get(idKey(id)) ?? []) {
      const vote = votes.get(idKey(scopeId)) ?? { id: scopeId, count: 0 };
      vote.count += 1;
      votes.set(idKey(scopeId), vote);
    }
  }
  const [best] = [...votes.values()].toSorted((a, b) => b.count - a.count);
  return best === undefined ? undefined : found(graph, best.id, undefined);
}

const found = (graph: Graph, id: ResourceId, endpoint: EndpointView | undefined): FoundScope => ({
  id,
  endpoint: endpoint ?? endpointsOfScope(graph, id)[0],
  connections: connectionsTo(graph, id),
});

function byName(graph: Graph, vnetId: ResourceId): EndpointView | undefined {
  const fqdn = cloud.globalHandlerHost;
  const { outcome, addresses } = resolveName(graph, { name: fqdn, vnetId });
  const [address] = addresses;
  if (outcome !== "private" || address === undefined) return undefined;
  const reached = addressInVnet(graph, { vnetId, address, fqdn });
  if (reached.kind !== "endpoint") return undefined;
  const endpoint = endpointOf(graph, reached.endpointId);
  return endpoint?.targetId !== undefined && isScope(endpoint.targetId) ? endpoint : undefined;
}

/** The endpoint of a scope in the nearest of the networks at hand; of several, the one whose scope links most. */
function nearest(graph: Graph, vnetId: ResourceId, way: Asked): EndpointView | undefined {
  const { endpointsByVnet, scopesByLinked } = indexOf(graph);
  const resolver = resolverOf(graph, vnetId);
  const networks = [
    vnetId,
    ...(resolver.kind === "azure" ? [resolver.vnetId] : []),
    ...peeringsOf(graph, vnetId).map(({ remoteVnetId }) => remoteVnetId),
  ];
  const linksOf = ({ targetId }: EndpointView): number =>
    way.stations.filter(({ id }) =>
      scopesByLinked.get(idKey(id))?.some((scopeId) => sameId(scopeId, targetId)),
    ).length;
  for (const network of networks) {
    const here = endpointsByVnet.get(idKey(network)) ?? [];
    const [best] = here.toSorted((a, b) => linksOf(b) - linksOf(a));
    if (best !== undefined) return best;
  }
  return undefined;
}
