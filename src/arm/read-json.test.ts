/** JSON from outside: depth, size, and names that are traps. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../core/index.ts";
import { readJson } from "./read-json.ts";

const nested = (depth: number): Buffer => Buffer.from("[".repeat(depth) + "]".repeat(depth));

test("a body is read as UTF-8, with or without a byte order mark", () => {
  assert.deepEqual(readJson(Buffer.from('\ufeff{"a":"ä"}')), { kind: "json", value: { a: "ä" } });
});

test("an empty body is told from an invalid one", () => {
  assert.deepEqual(readJson(Buffer.from(" \n")), { kind: "empty" });
  assert.equal(readJson(Buffer.from("{")).kind, "invalid");
  assert.equal(readJson(Buffer.from([0x22, 0xff, 0x22])).kind, "invalid");
});

test("nesting is taken at the limit and refused one past it; brackets within strings do not count", () => {
  assert.equal(readJson(nested(limits.armJsonDepthMax)).kind, "json");
  const past = readJson(nested(limits.armJsonDepthMax + 1));
  assert.ok(past.kind === "invalid" && past.says.includes(String(limits.armJsonDepthMax)));
  assert.equal(readJson(Buffer.from(JSON.stringify('[\\"['.repeat(100)))).kind, "json");
  assert.equal(readJson(nested(1_000_000)).kind, "invalid");
});
