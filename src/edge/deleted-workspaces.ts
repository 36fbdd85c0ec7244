/** Drops the data of workspaces that were deleted. Neither kind is kept for a while: soft delete is not emulated. */
import { stringAt } from "../arm/index.ts";
import type { Graph, GraphSource } from "../arm/index.ts";
import { messageOf } from "../core/index.ts";
import { lawsOf, types } from "../rules/index.ts";
import type { LogsStore, MetricsStore } from "../store/index.ts";

/**
 * Watches the graph until the returned function is called. Data is dropped only when a later version lacks a workspace
 * that an earlier one had: a graph that is empty, or older than the last one, says nothing about what was deleted.
 *
 * @see learn.microsoft.com/azure/azure-monitor/metrics/azure-monitor-workspace-manage
 * @see learn.microsoft.com/azure/azure-monitor/logs/delete-workspace: a Log Analytics workspace that is deleted without
 *   `force` can be recovered for 14 days; here it is gone at once.
 */
export function dropDeletedWorkspaces(
  source: GraphSource,
  stores: {
    readonly store: Pick<MetricsStore, "remove">;
    readonly logsStore: Pick<LogsStore, "remove">;
  },
  note: (says: string) => void,
): () => void {
  const { store, logsStore } = stores;
  const kinds = [
    { what: "metrics", idsIn: accountIds, remove: (id: string) => store.remove(id) },
    { what: "logs", idsIn: customerIds, remove: (id: string) => logsStore.remove(id) },
  ];
  let { graph } = source.current();
  return source.subscribe((next) => {
    const previous = graph;
    graph = next.graph;
    if (graph.version <= previous.version || graph.size === 0) return;
    for (const { what, idsIn, remove } of kinds) {
      const kept = idsIn(graph);
      for (const id of idsIn(previous)) {
        if (kept.has(id)) continue;
        remove(id).catch((error: unknown) => {
          note(`The ${what} of the deleted workspace ${id} remain: ${messageOf(error)}`);
        });
      }
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

const customerIds = (graph: Graph): ReadonlySet<string> =>
  new Set(lawsOf(graph).map(({ customerId }) => customerId));
