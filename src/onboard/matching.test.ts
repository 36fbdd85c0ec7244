/** Matching: what is there against what is wanted, as ARM reads them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ArmResource } from "../arm/index.ts";
import { bodyOf, merged, satisfies } from "./matching.ts";

const id = "/subscriptions/S/resourceGroups/g";

test("what is wanted must be there, and more may be", () => {
  assert.equal(satisfies({ a: 1, b: 2 }, { a: 1 }), true);
  assert.equal(satisfies({ a: 1 }, { a: 2 }), false);
  assert.equal(satisfies({}, { a: { b: 1 } }), false);
  assert.equal(satisfies(undefined, { a: undefined }), true);
});

test("ids are compared without regard to case, and locations however they are spelled", () => {
  assert.equal(satisfies({ x: id.toLowerCase() }, { x: id }), true);
  assert.equal(satisfies({ location: "West Europe" }, { location: "westeurope" }), true);
  assert.equal(satisfies({ name: "West Europe" }, { name: "westeurope" }), false);
});

test("a list holds an equal item for each that is wanted", () => {
  assert.equal(satisfies({ l: [{ a: 1, b: 2 }, { a: 3 }] }, { l: [{ a: 3 }, { a: 1 }] }), true);
  assert.equal(satisfies({ l: [{ a: 1 }] }, { l: [{ a: 1 }, { a: 2 }] }), false);
  assert.equal(satisfies({}, { l: [] }), true);
});

test("properties that every object has are not taken for given ones", () => {
  assert.equal(satisfies({}, { constructor: "x" }), false);
  assert.equal(satisfies({}, JSON.parse('{"__proto__": {"a": 1}}')), false);
});

test("merging keeps what is not mentioned, and replaces lists", () => {
  const base = { a: { b: 1, c: [1, 2] }, d: 4 };
  assert.deepEqual(merged(base, { a: { c: [3] } }), { a: { b: 1, c: [3] }, d: 4 });
  assert.deepEqual(base, { a: { b: 1, c: [1, 2] }, d: 4 });
});

test("a body to put back has no properties that ARM derives", () => {
  const resource: ArmResource = {
    id,
    name: "g",
    type: "t",
    location: "eastus",
    etag: "1",
    properties: { provisioningState: "Succeeded", immutableId: "x", networkAcls: {} },
  };
  assert.deepEqual(bodyOf(resource), { location: "eastus", properties: { networkAcls: {} } });
});
