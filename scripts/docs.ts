/** Makes the generated documents from the code, or with --check says which are stale. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, sep } from "node:path";
import { pathToFileURL } from "node:url";
import type { ErrorCatalogue } from "../src/core/index.ts";
import { resourceTypes } from "../src/providers/index.ts";
import { claims, differences } from "./claims.ts";
import { root } from "./repository-rules.ts";

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows]
    .map((row) => `| ${row.map(cell).join(" | ")} |`)
    .join("\n");

/** docs/errors.md: every code of every catalogue, a section for each folder. */
export async function errorsDocument(): Promise<string> {
  const sections = new Map<string, string[][]>();
  for (const { folder, catalogue } of await errorCatalogues()) {
    const rows = Object.entries(catalogue).map(
      ([code, { status, fault, retry, means, remedy }]) => [
        `\`${code}\``,
        status === 0 ? "" : String(status),
        fault,
        retry ? "yes" : "no",
        means,
        remedy,
      ],
    );
    sections.set(folder, [...(sections.get(folder) ?? []), ...rows]);
  }
  const head = ["code", "status", "fault", "retry", "means", "remedy"];
  const text = [...sections].map(([folder, rows]) => `## ${folder}\n\n${table(head, rows)}`);
  return `# Error codes\n\nGenerated from the catalogues in files named \`errors.ts\` or \`…-errors.ts\`.\n\n${text.join("\n\n")}\n`;
}

/** A catalogue of error codes with the folder of `src/` that answers with them. */
export interface FoundCatalogue {
  readonly folder: string;
  readonly file: string;
  readonly catalogue: ErrorCatalogue;
}

/** Every catalogue of the product: what files named `errors.ts` or `…-errors.ts` export as `…Errors`. */
export async function errorCatalogues(): Promise<readonly FoundCatalogue[]> {
  const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => /(?:^|[-\\/])errors\.ts$/.test(file))
    .sort();
  const found: FoundCatalogue[] = [];
  for (const file of files) {
    const folder = file.split(sep)[0] ?? "";
    const module = (await import(pathToFileURL(join(root, "src", file)).href)) as Record<
      string,
      ErrorCatalogue
    >;
    for (const [name, catalogue] of Object.entries(module)) {
      if (name.endsWith("Errors")) found.push({ folder, file, catalogue });
    }
  }
  return found;
}

/** docs/compatibility.md: resource types from their declarations, clients from the claims. */
export function compatibilityDocument(): string {
  const types = [...resourceTypes]
    .sort((a, b) => (a.type < b.type ? -1 : 1))
    .map((type) => [
      `\`${type.type}\``,
      type.methods.join(" "),
      type.apiVersions.join(", "),
      fieldsOf(type.properties.fields, "stored"),
      fieldsOf(type.properties.fields, "refused"),
    ]);
  const rows = claims.map(({ client, does, witness }) => [client, does, `\`${witness}\``]);
  return [
    "# Compatibility",
    "Generated from the resource types' declarations and from `scripts/claims.ts`; a test finds each witness.",
    "## Clients",
    table(["client", "what works", "witness"], rows),
    "## Resource types",
    "*Stored* properties are kept and returned without effect on the platform; *refused* ones exist in Azure and are answered with `FeatureNotEmulated`.",
    table(["type", "operations", "api-versions", "stored", "refused"], types),
    "## Differences",
    table(
      ["of", "in Azure", "here", "witness"],
      differences.map(({ of, azure, here, witness }) => [of, azure, here, `\`${witness}\``]),
    ),
    "",
  ].join("\n\n");
}

const fieldsOf = (
  fields: Readonly<Record<string, { readonly kind: string }>>,
  kind: string,
): string =>
  Object.entries(fields)
    .filter(([, schema]) => schema.kind === kind)
    .map(([name]) => name)
    .join(", ");

/** The README with its generated part renewed. */
export function readmeDocument(readme: string): string {
  const types = [
    ...new Set(resourceTypes.map(({ type }) => type.split("/").slice(0, 2).join("/"))),
  ].sort();
  const clients = [...new Set(claims.map(({ client }) => client))];
  const made = [
    `- Resource types: ${types.map((type) => `\`${type}\``).join(", ")}.`,
    `- Clients that a test has seen at work: ${clients.join(", ")}.`,
  ].join("\n");
  return readme.replace(
    /(<!-- supported: generated -->\n)[\s\S]*?(<!-- \/supported -->)/,
    (_, open: string, close: string) => `${open}\n${made}\n\n${close}`,
  );
}

/** Each dependency of package.json has a line in docs/dependencies.md. */
export function undocumentedDependencies(): readonly string[] {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<
    string,
    Record<string, string>
  >;
  const text = readFileSync(join(root, "docs/dependencies.md"), "utf8");
  const names = ["dependencies", "devDependencies", "optionalDependencies"].flatMap((kind) =>
    Object.keys(manifest[kind] ?? {}),
  );
  return names.filter((name) => !text.includes(`\`${name}\``));
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const check = process.argv.includes("--check");
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const made: readonly (readonly [string, string])[] = [
    ["docs/errors.md", await errorsDocument()],
    ["docs/compatibility.md", compatibilityDocument()],
    ["README.md", readmeDocument(readme)],
  ];
  const stale = undocumentedDependencies().map(
    (name) => `docs/dependencies.md has no line for ${name}`,
  );
  for (const [path, text] of made) {
    const at = join(root, path);
    if (existsSync(at) && readFileSync(at, "utf8") === text) continue;
    if (check) stale.push(`${path} is stale; run \`npm run format\``);
    else writeFileSync(at, text);
  }
  for (const line of stale) process.stdout.write(`${line}\n`);
  if (stale.length > 0) process.exitCode = 1;
}
