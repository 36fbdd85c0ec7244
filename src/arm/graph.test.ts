/** The graph: versions that share, lookups by type and parent. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  descendantsOf,
  emptyGraph,
  graphChanges,
  graphFrom,
  graphSource,
  withChanges,
} from "./graph.ts";
import type { ArmResource } from "./graph.ts";
import { parseId } from "./resource-id.ts";

const group = "/subscriptions/s/resourceGroups/g";
const scopeId = (name: string): string =>
  `${group}/providers/Microsoft.Insights/privateLinkScopes/${name}`;
const resource = (id: string, properties = {}): ArmResource => ({
  id,
  name: parseId(id)?.name ?? "",
  type: parseId(id)?.type ?? "",
  properties,
});
const scope = resource(scopeId("a"));
const child = resource(`${scopeId("a")}/scopedResources/r`);
const extension = resource(`${child.id}/providers/Microsoft.Authorization/roleAssignments/x`);
const other = resource(scopeId("ab"));

test("resources are found without regard to case, by type, and under their parent", () => {
  const graph = graphFrom([resource(group), scope, child, extension, other]);
  assert.equal(graph.get(scope.id.toUpperCase()), scope);
  assert.equal(graph.get("no id"), undefined);
  assert.deepEqual(graph.ofType("microsoft.insights/PRIVATELINKSCOPES"), [scope, other]);
  assert.deepEqual(graph.under(scope.id.toLowerCase(), child.type), [child]);
  assert.deepEqual(graph.under(group, scope.type), [scope, other]);
  assert.deepEqual(graph.under(child.id, extension.type), [extension]);
  assert.equal(graph.size, 5);
  assert.equal([...graph.all()].length, 5);
});

test("descendants are children, extensions and theirs, parents first; a longer name is no descendant", () => {
  const graph = graphFrom([resource(group), scope, child, extension, other]);
  assert.deepEqual(descendantsOf(graph, scope.id), [child, extension]);
  assert.equal(descendantsOf(graph, group).length, 4);
});

test("a version never changes; the next one shares what did not change", () => {
  const first = graphFrom([scope, child]);
  const second = withChanges(first, [
    { kind: "delete", id: child.id.toUpperCase() },
    { kind: "put", resource: other },
  ]);
  assert.deepEqual(first.under(scope.id, child.type), [child]);
  assert.deepEqual(second.under(scope.id, child.type), []);
  assert.equal(second.version, first.version + 1);
  assert.equal(second.get(scope.id), first.get(scope.id));
});

test("the changes between two versions make one of the other", () => {
  const first = graphFrom([scope, child, other]);
  const changed = resource(other.id, { a: 1 });
  const second = withChanges(first, [
    { kind: "delete", id: child.id },
    { kind: "put", resource: changed },
  ]);
  const changes = graphChanges(first, second);
  assert.deepEqual(changes, [
    { kind: "put", resource: changed },
    { kind: "delete", id: child.id },
  ]);
  assert.deepEqual([...withChanges(first, changes).all()], [...second.all()]);
  assert.deepEqual(graphChanges(first, first), []);
  assert.equal(graphChanges(emptyGraph(), second).length, second.size);
});

test("a resource named __proto__ is a resource", () => {
  const odd = resource(scopeId("__proto__"));
  const graph = graphFrom([odd]);
  assert.equal(graph.get(odd.id), odd);
  assert.equal(graph.get(scopeId("constructor")), undefined);
});

test("ten thousand resources are listed under their parents in linear time", () => {
  const many = Array.from({ length: 10_000 }, (_, index) =>
    resource(`${scopeId(`s${index % 100}`)}/scopedResources/r${index}`),
  );
  const graph = graphFrom(many);
  let found = 0;
  const started = process.hrtime.bigint();
  for (let index = 0; index < 10_000; index++) {
    found += graph.under(scopeId(`s${index % 100}`), child.type).length;
  }
  const tookMs = Number(process.hrtime.bigint() - started) / 1e6;
  assert.equal(found, 10_000 * 100);
  // A scan for each question would take minutes; the bound is generous for a busy machine.
  assert.ok(tookMs < 2_000, `it took ${tookMs} ms`);
});

test("a source tells its listeners until they leave", () => {
  const publication = { graph: emptyGraph(), jwks: { keys: [] }, tenantId: "t" };
  const source = graphSource(publication);
  const seen: number[] = [];
  const leave = source.subscribe(({ graph }) => seen.push(graph.version));
  source.publish({ ...publication, graph: graphFrom([scope], 7) });
  leave();
  source.publish({ ...publication, graph: graphFrom([scope], 8) });
  assert.deepEqual(seen, [7]);
  assert.equal(source.current().graph.version, 8);
});
