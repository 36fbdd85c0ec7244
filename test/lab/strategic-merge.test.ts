/** Strategic merge patches, as the API's conventions describe them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { applyPatch } from "./patch.ts";
import { strategicMerge } from "./strategic-merge.ts";

const containers = (...names: readonly string[]) => names.map((name) => ({ name, image: "i:1" }));

test("lists of the API's types merge by their keys; others are replaced", () => {
  const merged = strategicMerge(
    { containers: containers("a", "b"), args: ["x"], ports: [{ port: 80, name: "h" }] },
    {
      containers: [{ name: "b", image: "i:2" }, { name: "c" }],
      args: ["y"],
      ports: [{ port: 80, targetPort: 8080 }],
    },
  );
  assert.deepEqual(merged, {
    containers: [{ name: "a", image: "i:1" }, { name: "b", image: "i:2" }, { name: "c" }],
    args: ["y"],
    ports: [{ port: 80, name: "h", targetPort: 8080 }],
  });
});

test("directives delete, replace, retain keys and set the order", () => {
  assert.deepEqual(
    strategicMerge(
      { containers: containers("a", "b") },
      { containers: [{ $patch: "delete", name: "a" }] },
    ),
    { containers: containers("b") },
  );
  assert.deepEqual(
    strategicMerge(
      { containers: containers("a") },
      { containers: [{ $patch: "replace" }, { name: "z" }] },
    ),
    { containers: [{ name: "z" }] },
  );
  assert.deepEqual(
    strategicMerge(
      { s: { type: "RollingUpdate", rollingUpdate: {} } },
      { s: { $retainKeys: ["type"], type: "Recreate" } },
    ),
    { s: { type: "Recreate" } },
  );
  assert.deepEqual(
    strategicMerge(
      { containers: containers("a", "b") },
      { "$setElementOrder/containers": [{ name: "b" }, { name: "a" }] },
    ),
    { containers: containers("b", "a") },
  );
  assert.deepEqual(
    strategicMerge(
      { finalizers: ["a", "b"] },
      { "$deleteFromPrimitiveList/finalizers": ["a"], finalizers: ["c"] },
    ),
    { finalizers: ["b", "c"] },
  );
  assert.throws(() => strategicMerge({}, { $patch: "other" }), /Unknown patch directive/);
});

test("a JSON patch adds, removes, replaces and tests, and one that does not fit is refused whole", () => {
  const patch = (operations: unknown) =>
    applyPatch(
      { a: { "b/c": [1, 2] } },
      {
        contentType: "application/json-patch+json",
        body: JSON.stringify(operations),
        custom: false,
      },
    );
  assert.deepEqual(
    patch([
      { op: "test", path: "/a/b~1c/0", value: 1 },
      { op: "add", path: "/a/b~1c/-", value: 3 },
      { op: "remove", path: "/a/b~1c/0" },
      { op: "replace", path: "/a/b~1c/0", value: 9 },
      { op: "add", path: "/d", value: {} },
    ]),
    { a: { "b/c": [9, 3] }, d: {} },
  );
  for (const operation of [
    { op: "test", path: "/a", value: 1 },
    { op: "remove", path: "/none" },
    { op: "replace", path: "/none", value: 1 },
    { op: "add", path: "/a/b~1c/7", value: 1 },
    { op: "move", path: "/d", from: "/a" },
  ]) {
    assert.throws(() => patch([operation]), /rejected our request/);
  }
});

test("a custom resource takes no strategic merge patch, and a field named __proto__ stays a field", () => {
  const merge = { contentType: "application/merge-patch+json", custom: true };
  const type = "application/strategic-merge-patch+json";
  assert.throws(
    () => applyPatch({}, { contentType: type, body: "{}", custom: true }),
    /unknown format/,
  );
  const patched = applyPatch({}, { ...merge, body: '{"__proto__": {"polluted": true}}' });
  assert.equal(Object.getPrototypeOf(patched), Object.prototype);
  assert.ok(Object.hasOwn(patched, "__proto__"));
});
