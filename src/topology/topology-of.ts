/** The topology of a graph: boxes, flows with their verdicts, and the arrows that both give. Pure. */
import { idKey } from "../arm/index.ts";
import type { Graph } from "../arm/index.ts";
import { limits } from "../core/index.ts";
import {
  connectionOf,
  dcrsOf,
  endpointsOf,
  networkTypes,
  recordsIn,
  scopedResourcesOf,
} from "../rules/index.ts";
import { deviceTies } from "./devices.ts";
import type { Tie } from "./devices.ts";
import { outsideId } from "./flow-of.ts";
import { flowsOf } from "./flows.ts";
import { lawIdsOf } from "./logs-flows.ts";
import { linkedVnets, nodesOf, zonesId } from "./nodes.ts";
import type { Flow, Topology, TopologyEdge, TopologyNode } from "./topology.ts";

const kept = new WeakMap<Graph, Topology>();

/**
 * The topology of a graph, made once for each graph. Boxes past `limits.topologyNodesMax` are left out and counted;
 * what ended at them is left out with them.
 */
export function topologyOf(graph: Graph): Topology {
  const known = kept.get(graph);
  if (known !== undefined) return known;
  const all = nodesOf(graph);
  const nodes = withinLimit(all);
  const ids = new Set(nodes.map(({ id }) => id));
  const flows = flowsOf(graph).filter(({ stops }) => stops.every((stop) => ids.has(stop)));
  const topology: Topology = {
    graphVersion: graph.version,
    nodes,
    edges: edgesOf(graph, flows).filter(({ from, to }) => ids.has(from) && ids.has(to)),
    flows,
    omitted: all.length - nodes.length,
  };
  kept.set(graph, topology);
  return topology;
}

/** The first boxes up to the limit, and always the outside, which stands last. */
function withinLimit(nodes: readonly TopologyNode[]): readonly TopologyNode[] {
  if (nodes.length <= limits.topologyNodesMax) return nodes;
  const outside = nodes.filter(({ id }) => id === outsideId);
  const shown = [...nodes.slice(0, limits.topologyNodesMax - outside.length), ...outside];
  const ids = new Set(shown.map(({ id }) => id));
  return shown.map(({ networkId, ...node }) =>
    networkId !== undefined && ids.has(networkId) ? { ...node, networkId } : node,
  );
}

function edgesOf(graph: Graph, flows: readonly Flow[]): readonly TopologyEdge[] {
  const edges = new Map<string, { from: string; to: string; ties: string[]; flows: string[] }>();
  const edge = (from: string, to: string) => {
    const id = `${from} → ${to}`;
    const found = edges.get(id) ?? { from, to, ties: [], flows: [] };
    edges.set(id, found);
    return found;
  };
  for (const flow of flows) {
    for (const [index, from] of flow.stops.slice(0, -1).entries()) {
      const to = flow.stops[index + 1];
      if (to !== undefined) edge(from, to).flows.push(flow.id);
    }
  }
  for (const { from, to, says } of tiesOf(graph)) {
    const { ties } = edge(from, to);
    if (!ties.includes(says)) ties.push(says);
  }
  return [...edges].map(([id, parts]) => ({ id, ...parts }));
}

function tiesOf(graph: Graph): readonly Tie[] {
  return [
    ...endpointsOf(graph).flatMap((endpoint) => {
      if (endpoint.targetId === undefined) return [];
      const status = connectionOf(graph, endpoint)?.status ?? "Disconnected";
      return [{ from: idKey(endpoint.id), to: idKey(endpoint.targetId), says: status }];
    }),
    ...scopedResourcesOf(graph).map(({ scopeId, linkedId, name }) => ({
      from: idKey(scopeId),
      to: idKey(linkedId),
      says: `links (${name})`,
    })),
    ...dcrsOf(graph).flatMap(({ id: ruleId, name, dceId, workspaceIds }) =>
      dceId === undefined
        ? []
        : [...workspaceIds, ...lawIdsOf(graph.get(ruleId))].map((id) => ({
            from: idKey(dceId),
            to: idKey(id),
            says: `rule ${name}`,
          })),
    ),
    ...zoneTies(graph),
    ...deviceTies(graph),
  ];
}

/** Zones that hold an address of an endpoint lead to it, in the networks that they are linked to. */
function zoneTies(graph: Graph): readonly Tie[] {
  const endpoints = new Map<string, { readonly id: string; readonly vnetId: string }[]>();
  for (const { id, vnetId, addresses } of endpointsOf(graph)) {
    for (const { address } of addresses) {
      const holder = { id: idKey(id), vnetId: idKey(vnetId ?? "") };
      endpoints.set(address, [...(endpoints.get(address) ?? []), holder]);
    }
  }
  const ties = new Map<string, Tie>();
  for (const zone of graph.ofType(networkTypes.zone)) {
    const vnets = linkedVnets(graph, zone.id);
    const from = zonesId(vnets);
    for (const { addresses } of recordsIn(graph, zone.id).values()) {
      for (const { id: to, vnetId } of addresses.flatMap((one) => endpoints.get(one) ?? [])) {
        if (vnets.includes(vnetId)) ties.set(`${from} ${to}`, { from, to, says: "records" });
      }
    }
  }
  return [...ties.values()];
}
