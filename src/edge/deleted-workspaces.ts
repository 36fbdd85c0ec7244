/** Drops the metrics of workspaces that were deleted: an Azure Monitor workspace has no soft delete. */
import { stringAt } from "../arm/index.ts";
import type { Graph, GraphSource } from "../arm/index.ts";
import { messageOf } from "../core/index.ts";
import { types } from "../rules/index.ts";
import type { MetricsStore } from "../store/index.ts";

/**
 * Watches the graph until the returned function is called. Data is dropped only when a later version lacks a workspace
 * that an earlier one had: a graph that is empty, or older than the last one, says nothing about what was deleted.
 *
 * @see learn.microsoft.com/azure/azure-monitor/metrics/azure-monitor-workspace-manage
 */
export function dropDeletedWorkspaces(
  source: GraphSource,
  store: Pick<MetricsStore, "remove">,
  note: (says: string) => void,
): () => void {
  let { graph } = source.current();
  return source.subscribe((next) => {
    const previous = graph;
    graph = next.graph;
    if (graph.version <= previous.version || graph.size === 0) return;
    const kept = accountIds(graph);
    for (const accountId of accountIds(previous)) {
      if (kept.has(accountId)) continue;
      store.remove(accountId).catch((error: unknown) => {
        note(`The metrics of the deleted workspace ${accountId} remain: ${messageOf(error)}`);
      });
    }
  });
}

const accountIds = (graph: Graph): ReadonlySet<string> =>
  new Set(
    graph
      .ofType(types.workspace)
      .map(({ properties }) => stringAt(properties, "accountId"))
      .filter((accountId) => accountId !== undefined),
  );
