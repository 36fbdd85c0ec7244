/** What a program needs to run: the source files that it imports, and the packages with what they depend on. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

export interface ImportClosure {
  /** Paths relative to the project, sorted. */
  readonly files: readonly string[];
  /** Folders of packages relative to the project, sorted. */
  readonly packages: readonly string[];
}

/** `… from "x"` and `import "x"`; an assignment or a call is neither. */
const importPattern = /^(?:import|export)\b[^"'=()]*?\bfrom\s+"([^"]+)";|^import\s+"([^"]+)";/gm;

/** Follows static imports from `entry`; types alone are left out, as Node leaves them out. */
export function importClosure(root: string, entry: string): ImportClosure {
  const files = new Set<string>();
  const packages = new Set<string>();
  const waiting = [resolve(root, entry)];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    const path = relative(root, file);
    if (files.has(path)) continue;
    files.add(path);
    for (const target of importsOf(readFileSync(file, "utf8"))) {
      if (target.startsWith(".")) waiting.push(resolve(dirname(file), target));
      else if (!target.startsWith("node:"))
        addPackage(root, packages, { name: nameOf(target), from: root });
    }
  }
  return { files: [...files].sort(), packages: [...packages].sort() };
}

const importsOf = (text: string): readonly string[] =>
  [...text.matchAll(importPattern)]
    .filter(([statement]) => !/^(?:import|export)\s+type\b/.test(statement))
    .map(([, from, bare]) => from ?? bare ?? "");

/** `a/b/c` is of the package `a`, `@s/a/b` of `@s/a`. */
const nameOf = (target: string): string =>
  target
    .split("/")
    .slice(0, target.startsWith("@") ? 2 : 1)
    .join("/");

function addPackage(
  root: string,
  packages: Set<string>,
  { name, from }: { readonly name: string; readonly from: string },
): void {
  const folder = findPackage(root, { name, from });
  const path = relative(root, folder);
  if (packages.has(path)) return;
  packages.add(path);
  const { dependencies = {} } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    readonly dependencies?: Readonly<Record<string, string>>;
  };
  for (const dependency of Object.keys(dependencies)) {
    addPackage(root, packages, { name: dependency, from: folder });
  }
}

/** As Node looks: in the importer's own node_modules, then in those above. */
function findPackage(
  root: string,
  { name, from }: { readonly name: string; readonly from: string },
): string {
  for (let at = from; at.startsWith(root); at = dirname(at)) {
    const folder = join(at, "node_modules", name);
    if (existsSync(join(folder, "package.json"))) return folder;
  }
  throw new Error(`The package ${name} is not installed. Run npm ci.`);
}
