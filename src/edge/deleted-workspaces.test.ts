/** Deleted workspaces lose their data; nothing else that a graph can say drops any. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyGraph, graphFrom, graphSource, withChanges } from "../arm/index.ts";
import type { Graph } from "../arm/index.ts";
import { dropDeletedWorkspaces } from "./deleted-workspaces.ts";
import { closedEstate, dce, ids, immutableIds, workspace } from "./testing/estate.ts";
import { customerIds, law, logsEstate } from "./testing/logs-estate.ts";

const publication = (graph: Graph) => ({ graph, jwks: { keys: [] }, tenantId: "t" });

const bothEstates = graphFrom([...closedEstate().all(), ...logsEstate("a")]);

/** What is dropped when `graphs` are published after an estate with both kinds of workspaces, in order. */
function droppedBy(...graphs: readonly Graph[]): readonly string[] {
  const source = graphSource(publication(bothEstates));
  const dropped: string[] = [];
  const store = { remove: async (accountId: string) => void dropped.push(accountId) };
  const logsStore = { remove: async (id: string) => void dropped.push(`logs ${id}`) };
  dropDeletedWorkspaces(source, { store, logsStore }, assert.fail);
  for (const graph of graphs) source.publish(publication(graph));
  return dropped;
}

const withoutA = withChanges(bothEstates, [{ kind: "delete", id: ids.workspace("a") }]);

test("a workspace that a later version lacks loses its metrics, once", () => {
  const later = withChanges(withoutA, [{ kind: "put", resource: dce("a", "Enabled") }]);
  assert.deepEqual(droppedBy(withoutA, later), [immutableIds.account("a")]);
});

test("a workspace that was made anew under the same name loses the old one's metrics", () => {
  const remade = workspace("a", "Enabled");
  const properties = { ...remade.properties, accountId: "00000000-0000-0000-0006-000000000000" };
  const graph = withChanges(bothEstates, [{ kind: "put", resource: { ...remade, properties } }]);
  assert.deepEqual(droppedBy(graph), [immutableIds.account("a")]);
});

test("a Log Analytics workspace that is gone loses its logs", () => {
  const graph = withChanges(bothEstates, [{ kind: "delete", id: law("a", "Enabled").id }]);
  assert.deepEqual(droppedBy(graph, withChanges(graph, [])), [`logs ${customerIds("a")}`]);
});

test("an empty graph, and one that is older, drop nothing", () => {
  assert.deepEqual(droppedBy(emptyGraph()), []);
  assert.deepEqual(droppedBy(graphFrom([], 9)), []);
  assert.deepEqual(droppedBy(graphFrom(withoutA.all(), 0)), []);
});

test("what cannot be dropped is told", async () => {
  const source = graphSource(publication(bothEstates));
  const told = Promise.withResolvers<string>();
  const store = { remove: () => Promise.reject(new Error("the disk is gone")) };
  const logsStore = { remove: assert.fail };
  dropDeletedWorkspaces(source, { store, logsStore }, told.resolve);
  source.publish(publication(withoutA));
  assert.match(await told.promise, /remain: the disk is gone$/);
});
