/** Makes the facts of a check out of a snapshot, what is laid over it, and what probes saw. */
import { idKey, sameId } from "../arm/index.ts";
import type { ResourceId } from "../arm/index.ts";
import { coverageOf, graphOf } from "../snapshot/index.ts";
import type { ProbeFragment, Snapshot } from "../snapshot/index.ts";
import { types } from "../rules/index.ts";
import type { CheckFacts } from "./facts.ts";

/**
 * The facts for checks.
 *
 * @param asked.clusters those under check; all that the snapshot was taken of where absent, else all that it holds.
 */
export function factsOf(
  snapshot: Snapshot,
  asked: {
    readonly clusters?: readonly ResourceId[];
    readonly probes?: readonly ProbeFragment[];
    readonly planned?: ReadonlySet<string>;
    readonly nowMs: number;
  },
): CheckFacts {
  const graph = graphOf(snapshot);
  const all = new Map<string, ResourceId>();
  for (const id of snapshot.clusters) all.set(idKey(id), id);
  for (const { id } of graph.ofType(types.cluster)) {
    if (snapshot.clusters.length === 0) all.set(idKey(id), id);
  }
  const named = [...all.values()].map((id) => graph.get(id)?.id ?? id);
  return {
    graph,
    cloud: snapshot.cloud,
    coverage: coverageOf(snapshot.record),
    clusters: asked.clusters ?? named,
    probes: (asked.probes ?? []).toSorted((a, b) => b.takenAtMs - a.takenAtMs),
    takenAtMs: snapshot.takenAtMs,
    nowMs: asked.nowMs,
    planned: asked.planned ?? new Set(),
  };
}

/** The clusters of a snapshot that a person named: by id, or by name. */
export const clustersNamed = (
  { graph }: Pick<CheckFacts, "graph">,
  named: string,
): readonly ResourceId[] =>
  graph
    .ofType(types.cluster)
    .filter(({ id, name }) => sameId(id, named) || name.toLowerCase() === named.toLowerCase())
    .map(({ id }) => id);
