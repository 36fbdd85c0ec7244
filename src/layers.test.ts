/** The layers hold: no folder imports one that it may not, none past its public face, and no cycle. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ambientBreaches,
  hostLiteralBreaches,
  layerBreaches,
  layerTableBreaches,
  lockFileBreaches,
  sourcesUnder,
} from "../scripts/repository-rules.ts";
import { layers } from "./layers.ts";

const files = sourcesUnder("src");

test("no folder of src imports one that layers.ts does not allow", () => {
  assert.deepEqual(layerBreaches(files), []);
});

test("the layers have no cycle and no unknown name", () => {
  assert.deepEqual(layerTableBreaches(layers), []);
});

test("a cycle in the layers is found", () => {
  assert.match(layerTableBreaches({ a: ["b"], b: ["a"] })[0]?.says ?? "", /cycle: a → b → a/);
});

test("an import past a folder's public face is found", () => {
  const breach = layerBreaches([
    { path: "src/rules/x.ts", text: 'import { a } from "../arm/graph.ts";' },
    { path: "src/core/y.ts", text: 'import { b } from "../arm/index.ts";' },
  ]);
  assert.deepEqual(
    breach.map(({ says }) => says),
    [
      "imports src/arm/graph.ts; import src/arm/index.ts",
      "src/core may not import src/arm (src/layers.ts)",
    ],
  );
});

test("no host name of Azure stands outside src/azure", () => {
  assert.deepEqual(hostLiteralBreaches(files), []);
});

test("a host literal outside src/azure is found, in code and not in comments", () => {
  const text = '// see management.azure.com\nconst host = "management.azure.com";';
  assert.equal(hostLiteralBreaches([{ path: "src/edge/x.ts", text }]).length, 1);
});

test("time, randomness and environment enter in src/bin only", () => {
  assert.deepEqual(ambientBreaches(files), []);
});

test("randomness and a process id outside src/bin are found, as time is", () => {
  const text =
    "const a = randomUUID();\nconst b = process.pid;\nconst c = Date.now();\n// Date.now()";
  assert.equal(ambientBreaches([{ path: "src/edge/x.ts", text }]).length, 3);
  assert.equal(ambientBreaches([{ path: "src/bin/x.ts", text }]).length, 0);
});

test("a lock file that records download addresses is found", () => {
  assert.equal(lockFileBreaches('{ "resolved": "https://x/y.tgz" }').length, 1);
});
