/** The rules about the repository that no linter knows: layers, public faces, host literals, lock file. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { layers } from "../src/layers.ts";

export const root = resolve(import.meta.dirname, "..");

/** One breach of a rule: where, and what to do. */
export interface Breach {
  readonly file: string;
  readonly says: string;
}

export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** All TypeScript of a folder of the repository, tests included. */
export function sourcesUnder(folder: string): readonly SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.split(sep).includes("node_modules"))
    .map((name) => join(folder, name).split(sep).join("/"))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

const importPattern = /(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g;

/** Layers: a folder imports only those that `src/layers.ts` allows, through their index.ts. */
export function layerBreaches(files: readonly SourceFile[]): readonly Breach[] {
  return files.flatMap(({ path, text }) => {
    const parts = path.split("/");
    const folder = parts[1] ?? "";
    if (parts[0] !== "src" || parts.length < 3) return [];
    const allowed = layers[folder];
    if (allowed === undefined) {
      return [{ file: path, says: `src/${folder} is not in src/layers.ts; add it there` }];
    }
    // Tests may meet other rooms through any door.
    if (path.endsWith(".test.ts") || path.includes("/testing/")) return [];
    return importsOf(path, text).flatMap((to) => importBreach(path, { to, folder, allowed }));
  });
}

const importsOf = (path: string, text: string): readonly string[] =>
  [...text.matchAll(importPattern)].map(([, target]) =>
    relative(root, resolve(root, dirname(path), target ?? ""))
      .split(sep)
      .join("/"),
  );

function importBreach(
  file: string,
  { to, folder, allowed }: { to: string; folder: string; allowed: readonly string[] },
): readonly Breach[] {
  const [top, other] = to.split("/");
  if (top !== "src" || other === undefined || other === folder) return [];
  if (!allowed.includes(other)) {
    return [{ file, says: `src/${folder} may not import src/${other} (src/layers.ts)` }];
  }
  return to === `src/${other}/index.ts`
    ? []
    : [{ file, says: `imports ${to}; import src/${other}/index.ts` }];
}

/** The layers themselves: no cycle, no unknown name. */
export function layerTableBreaches(
  table: Readonly<Record<string, readonly string[]>>,
): readonly Breach[] {
  const breaches: Breach[] = [];
  const state = new Map<string, "open" | "done">();
  const visit = (folder: string, way: readonly string[]): void => {
    if (state.get(folder) === "done") return;
    if (state.get(folder) === "open") {
      breaches.push({ file: "src/layers.ts", says: `cycle: ${[...way, folder].join(" → ")}` });
      return;
    }
    state.set(folder, "open");
    for (const next of table[folder] ?? []) {
      if (table[next] === undefined)
        breaches.push({ file: "src/layers.ts", says: `unknown layer ${next}` });
      else visit(next, [...way, folder]);
    }
    state.set(folder, "done");
  };
  for (const folder of Object.keys(table)) visit(folder, []);
  return breaches;
}

const hostPattern =
  /["'`/.@][a-z0-9.${}()-]*\.?(monitor\.azure\.(com|us|cn)|opinsights\.azure\.com|microsoftonline\.com|management\.azure\.com|azure-automation\.net|core\.windows\.net)/i;

/** Host names of Azure stand in src/azure/ only; comments may name them. */
export function hostLiteralBreaches(files: readonly SourceFile[]): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const { path, text } of files) {
    if (!path.startsWith("src/") || path.startsWith("src/azure/") || path.endsWith(".test.ts"))
      continue;
    if (path.includes("/testing/")) continue;
    withoutComments(text)
      .split("\n")
      .forEach((line, index) => {
        const found = hostPattern.exec(line);
        const prose = /learn\.microsoft\.com|source:/i.test(line);
        if (found !== null && !prose) {
          breaches.push({
            file: `${path}:${index + 1}`,
            says: `host literal ${found[0]}; take it from src/azure`,
          });
        }
      });
  }
  return breaches;
}

/** The text with comments blanked, line numbers kept. */
function withoutComments(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "))
    .replace(/(^|\s)\/\/.*$/gm, "$1");
}

/** Time, randomness and environment enter in src/bin/ only. */
export function ambientBreaches(files: readonly SourceFile[]): readonly Breach[] {
  const breaches: Breach[] = [];
  const ambient =
    /\b(Date\.now\(\)|new Date\(\)|performance\.now\(|Math\.random\(\)|random(?:UUID|Bytes|Int)\(|process\.(?:env|pid|cwd|hrtime)\b|setTimeout\(|setInterval\()/;
  const entries = ["src/core/clock.ts", "src/core/random.ts"];
  for (const { path, text } of files) {
    const exempt =
      path.startsWith("src/bin/") || path.endsWith(".test.ts") || entries.includes(path);
    if (!path.startsWith("src/") || exempt || path.includes("/testing/")) continue;
    withoutComments(text)
      .split("\n")
      .forEach((line, index) => {
        const found = ambient.exec(line);
        if (found !== null) {
          breaches.push({
            file: `${path}:${index + 1}`,
            says: `${found[0]} outside src/bin; take it as an argument`,
          });
        }
      });
  }
  return breaches;
}

/** The lock file records no download address. */
export function lockFileBreaches(text: string): readonly Breach[] {
  return text.includes('"resolved": "http')
    ? [{ file: "package-lock.json", says: 'records download addresses; delete every "resolved"' }]
    : [];
}

/** Each file opens with a doc comment that says what it holds. */
export function openingBreaches(files: readonly SourceFile[]): readonly Breach[] {
  return files
    .filter(({ path, text }) => path.startsWith("src/") && !/^(#!.*\n)?\/\*\*/.test(text))
    .map(({ path }) => ({
      file: path,
      says: "does not open with a /** sentence */ that says what it holds",
    }));
}

/** Every breach of every rule. */
export function repositoryBreaches(): readonly Breach[] {
  const files = sourcesUnder("src");
  return [
    ...layerTableBreaches(layers),
    ...layerBreaches(files),
    ...hostLiteralBreaches(files),
    ...ambientBreaches(files),
    ...openingBreaches(files),
    ...lockFileBreaches(readFileSync(join(root, "package-lock.json"), "utf8")),
  ];
}
