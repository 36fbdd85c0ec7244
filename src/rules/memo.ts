/** Answers kept per graph: a graph never changes, so what is derived from it is computed once and dropped with it. */
import type { Graph } from "../arm/index.ts";

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
