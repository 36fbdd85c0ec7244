/** Deletion reaches everything below: children and what extends them go with their parent. */
import { descendantsOf, idKey } from "../arm/index.ts";
import type { Change, Graph } from "../arm/index.ts";

/** The changes with each deletion widened to what stands under it; puts below a deleted resource are dropped. */
export function withDescendants(graph: Graph, changes: readonly Change[]): readonly Change[] {
  const deleted = changes.flatMap((change) => (change.kind === "delete" ? [change.id] : []));
  if (deleted.length === 0) return changes;
  const gone = new Set<string>();
  for (const id of deleted) {
    gone.add(idKey(id));
    for (const { id: below } of descendantsOf(graph, id)) gone.add(idKey(below));
  }
  const roots = deleted.map((id) => `${idKey(id)}/`);
  const isGone = (id: string): boolean => {
    const key = idKey(id);
    return gone.has(key) || roots.some((root) => key.startsWith(root));
  };
  return [
    ...changes.filter((change) => change.kind === "put" && !isGone(change.resource.id)),
    ...[...gone].map((id): Change => ({ kind: "delete", id })),
  ];
}
