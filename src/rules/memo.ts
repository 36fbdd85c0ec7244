/** Answers kept per graph: a graph never changes, so what is derived from it is computed once and dropped with it. */
import { idKey } from "../arm/index.ts";
import type { Graph, ResourceId } from "../arm/index.ts";

/** Wraps a pure function of the graph so that each graph is asked once. */
export function oncePerGraph<Answer extends object>(
  derive: (graph: Graph) => Answer,
): (graph: Graph) => Answer {
  const kept = new WeakMap<Graph, Answer>();
  return (graph) => {
    let answer = kept.get(graph);
    if (answer === undefined) {
      answer = derive(graph);
      kept.set(graph, answer);
    }
    return answer;
  };
}

/**
 * Finds values by their id in each graph: as the graph spells it at once, in another spelling by its key. A graph's own
 * ids are asked for nearly always.
 */
export function byIdInGraph<Value extends { readonly id: ResourceId }>(
  list: (graph: Graph) => readonly Value[],
): (graph: Graph, id: ResourceId) => Value | undefined {
  const tables = oncePerGraph((graph) => {
    const values = list(graph);
    return {
      byId: new Map(values.map((value) => [value.id, value])),
      byKey: new Map(values.map((value) => [idKey(value.id), value])),
    };
  });
  return (graph, id) => {
    const { byId, byKey } = tables(graph);
    return byId.get(id) ?? byKey.get(idKey(id));
  };
}

/** Groups values under a key, keeping their order. */
export function groupBy<Value>(
  values: Iterable<Value>,
  keyOf: (value: Value) => string | undefined,
): ReadonlyMap<string, readonly Value[]> {
  const groups = new Map<string, Value[]>();
  for (const value of values) {
    const key = keyOf(value);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return groups;
}
