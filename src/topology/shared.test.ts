/** What the portal's page shares with src/: the drawing, which runs in a browser, and nothing that needs Node. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";

const root = resolve(import.meta.dirname, "../..");

interface Import {
  readonly from: string;
  readonly to: string;
}

/** The imports of a file that are left when types are gone. */
function importsOf(path: string): readonly Import[] {
  const text = readFileSync(join(root, path), "utf8");
  const found = text.matchAll(/^(?:import|export) (?!type\b)[^;]*?from "([^"]+)";/gm);
  return [...found].map(([, target = ""]) => ({
    from: path,
    to: target.startsWith(".") ? relative(root, resolve(root, dirname(path), target)) : target,
  }));
}

/** Every import that the page reaches. */
function reached(paths: readonly string[]): readonly Import[] {
  const seen = new Set(paths);
  const imports: Import[] = [];
  for (const path of seen) {
    for (const one of importsOf(path)) {
      imports.push(one);
      if (/\.tsx?$/.test(one.to)) seen.add(one.to);
    }
  }
  return imports;
}

const page = readdirSync(join(root, "portal/src"))
  .filter((name) => /\.tsx?$/.test(name))
  .map((name) => `portal/src/${name}`);

test("the page imports the drawing and its libraries, and nothing else of the project", () => {
  const imports = reached(page);
  assert.ok(imports.some(({ to }) => to === "src/topology/layout.ts"));
  const libraries = ["react", "react-dom/client", "@xyflow/react", "@dagrejs/dagre"];
  const strange = imports.filter(
    ({ to }) => !/^(portal\/src|src\/topology)\//.test(to) && !libraries.includes(to),
  );
  assert.deepEqual(strange, []);
});

test("the page makes no markup of text", () => {
  const markup = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function/i;
  const breaches = page.filter((path) => markup.test(readFileSync(join(root, path), "utf8")));
  assert.deepEqual(breaches, []);
});
