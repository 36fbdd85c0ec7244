/** Every error code that the product declares appears in a test; and one code means one thing wherever it is answered. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { errorCatalogues } from "./docs.ts";
import { root } from "./repository-rules.ts";

const catalogues = await errorCatalogues();

/** Every word of the tests, of their rigs and of the text cases, but for this file's own. */
function testWords(): ReadonlySet<string> {
  const words = new Set<string>();
  for (const folder of ["src", "test", "scripts"]) {
    const names = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
    const tests = names.filter(
      (name) => /\.(test|slow)\.ts$|\.case$/.test(name) && name !== "error-codes.test.ts",
    );
    for (const name of tests) {
      for (const [word] of readFileSync(join(root, folder, name), "utf8").matchAll(/\w+/g))
        words.add(word);
    }
  }
  return words;
}

test("every code of every catalogue is in a test", () => {
  const words = testWords();
  const missing = catalogues.flatMap(({ file, catalogue }) =>
    Object.keys(catalogue)
      .filter((code) => !words.has(code))
      .map((code) => `${file}: ${code}`),
  );
  assert.deepEqual(missing, []);
});

test("the catalogues of all folders are found, and each code has a meaning and a remedy in whole sentences", () => {
  const folders = new Set(catalogues.map(({ folder }) => folder));
  for (const folder of ["cli", "client", "control", "edge", "ingest", "providers", "wire"]) {
    assert.ok(folders.has(folder), folder);
  }
  for (const { file, catalogue } of catalogues) {
    for (const [code, { means, remedy }] of Object.entries(catalogue)) {
      // The managed-identity endpoint and sign-in have the codes of OAuth.
      assert.match(code, /^(?:[A-Z][A-Za-z0-9]+|[a-z]+(?:_[a-z]+)+)$/, file);
      assert.match(means, /^\S.*\.$/, `${file}: ${code} means`);
      assert.match(remedy, /^\S.*\.$/, `${file}: ${code} remedy`);
    }
  }
});

test("a code stands in one catalogue of a folder only", () => {
  const seen = new Map<string, string>();
  for (const { folder, file, catalogue } of catalogues) {
    for (const code of Object.keys(catalogue)) {
      const other = seen.get(`${folder} ${code}`);
      assert.equal(other, undefined, `${code} is in ${file} and in ${other}`);
      seen.set(`${folder} ${code}`, file);
    }
  }
});

test("every code of every catalogue is raised somewhere in the sources", () => {
  const used = new Set<string>();
  const names = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" });
  for (const name of names.filter((one) => /(?<!\.test)\.ts$/.test(one))) {
    if (/(?:^|[-/])errors\.ts$/.test(name)) continue;
    for (const [word] of readFileSync(join(root, "src", name), "utf8").matchAll(/\w+/g))
      used.add(word);
  }
  const unused = catalogues.flatMap(({ file, catalogue }) =>
    Object.keys(catalogue)
      .filter((code) => !used.has(code))
      .map((code) => `${file}: ${code}`),
  );
  assert.deepEqual(unused, []);
});
