/** YAML read strictly: each field by its name and type, unknown ones and doubles refused, every problem with its place. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Node, YAMLMap } from "yaml";
import { limits } from "../core/index.ts";
import type { FileProblem } from "./scrape-job.ts";

/** Where problems are told. A text within another file says where its first line stands there. */
export interface YamlReport {
  readonly problems: FileProblem[];
  tell(at: number, says: string): void;
}

export interface YamlText {
  readonly text: string;
  /** What is added to lines and columns: those of the block that the text was cut from. */
  readonly offset?: { readonly lines: number; readonly columns: number };
}

/** Parses YAML; the root is undefined where it is none, or has an alias or a tag, and the problems say so. */
export function openYaml({ text, offset = { lines: 0, columns: 0 } }: YamlText): {
  readonly root: Node | undefined;
  readonly report: YamlReport;
} {
  const lineCounter = new LineCounter();
  const problems: FileProblem[] = [];
  const report: YamlReport = {
    problems,
    tell(at, says) {
      if (problems.length >= limits.scrapeProblemsMax) return;
      const { line, col } = lineCounter.linePos(at);
      problems.push({ line: line + offset.lines, column: col + offset.columns, says });
    },
  };
  if (Buffer.byteLength(text) > limits.scrapeConfigBytesMax) {
    problems.push({
      line: 1,
      column: 1,
      says: `The text has more than ${limits.scrapeConfigBytesMax} bytes.`,
    });
    return { root: undefined, report };
  }
  const document = parseDocument(text, { lineCounter, uniqueKeys: true, strict: true });
  for (const { pos, message } of document.errors) {
    report.tell(pos[0], message.split("\n")[0]?.replace(/ at line \d.*/, "") ?? message);
  }
  const root = document.contents ?? undefined;
  return { root: problems.length === 0 ? root : undefined, report };
}

/** A map's fields. Each reader answers undefined for a field that is absent, and for one that is wrong after telling so. */
export class Fields {
  readonly #map: YAMLMap;
  readonly #report: YamlReport;
  readonly #read = new Set<string>();

  constructor(map: YAMLMap, report: YamlReport) {
    this.#map = map;
    this.#report = report;
  }

  /** Where the field stands; the map where it is absent. */
  at(name?: string): number {
    const pair = this.#map.items.find(({ key }) => isScalar(key) && key.value === name);
    const key = pair?.key;
    const range = isScalar(key) ? key.range : this.#map.range;
    return range?.[0] ?? 0;
  }

  has(name: string): boolean {
    return this.#map.has(name);
  }

  tell(name: string | undefined, says: string): void {
    this.#report.tell(this.at(name), says);
  }

  node(name: string): Node | undefined {
    this.#read.add(name);
    const node: unknown = this.#map.get(name, true);
    if (isAlias(node)) return this.#wrong(name, "an alias is not supported");
    return isScalar(node) || isMap(node) || isSeq(node) ? node : undefined;
  }

  text(name: string): string | undefined {
    const node = this.node(name);
    if (node === undefined) return undefined;
    if (isScalar(node) && typeof node.value === "string") return node.value;
    // `regex: true` and `replacement: 8080` mean their text, as in Prometheus.
    if (isScalar(node) && (typeof node.value === "number" || typeof node.value === "boolean")) {
      return node.source ?? String(node.value);
    }
    if (isScalar(node) && node.value === null) return undefined;
    return this.#wrong(name, "must be text");
  }

  flag(name: string): boolean | undefined {
    const node = this.node(name);
    if (node === undefined) return undefined;
    if (isScalar(node) && typeof node.value === "boolean") return node.value;
    return this.#wrong(name, "must be true or false");
  }

  count(name: string): number | undefined {
    const node = this.node(name);
    if (node === undefined) return undefined;
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
    return this.#wrong(name, "must be a whole number from 0");
  }

  texts(name: string): readonly string[] | undefined {
    const node = this.node(name);
    if (node === undefined) return undefined;
    const items = isSeq(node) ? node.items : [];
    const texts = items.flatMap((item) =>
      isScalar(item) && item.value !== null ? [item.source ?? String(item.value)] : [],
    );
    if (isSeq(node) && texts.length === items.length) return texts;
    return this.#wrong(name, "must be a list of texts");
  }

  /** A map of texts, in its order. */
  textMap(name: string): readonly (readonly [string, string])[] | undefined {
    const fields = this.fields(name);
    return fields?.names().map((key) => [key, fields.text(key) ?? ""]);
  }

  fields(name: string): Fields | undefined {
    const node = this.node(name);
    if (node === undefined) return undefined;
    return isMap(node) ? new Fields(node, this.#report) : this.#wrong(name, "must be a map");
  }

  /** A list of maps, of at most `max`. */
  list(name: string, max: number): readonly Fields[] {
    const node = this.node(name);
    if (node === undefined || (isScalar(node) && node.value === null)) return [];
    if (!isSeq(node)) return this.#wrong(name, "must be a list") ?? [];
    if (node.items.length > max) {
      return this.#wrong(name, `has ${node.items.length} entries; the limit is ${max}`) ?? [];
    }
    return node.items.flatMap((item) => {
      if (isMap(item)) return [new Fields(item, this.#report)];
      this.#wrong(name, "must be a list of maps");
      return [];
    });
  }

  names(): readonly string[] {
    return this.#map.items.map(({ key }) => (isScalar(key) ? String(key.value) : ""));
  }

  /** Refuses by name what was not read: `known` are words of the format that are not supported here. */
  end(known: ReadonlySet<string>): void {
    for (const name of this.names()) {
      if (this.#read.has(name)) continue;
      const says = known.has(name) ? "is not supported" : "is no field of this format";
      this.tell(name, `${clip(name)} ${says}.`);
    }
  }

  #wrong(name: string, says: string): undefined {
    this.tell(name, `${name} ${says}.`);
    return undefined;
  }
}

export const rootFields = (root: Node | undefined, report: YamlReport): Fields | undefined => {
  if (isMap(root)) return new Fields(root, report);
  if (report.problems.length === 0) report.tell(0, "The text must be a map.");
  return undefined;
};

/** The text of a block scalar (`|`), with where its first line stands, so that a problem within is told at its own place. */
export function blockText(
  fields: Fields,
  name: string,
  file: string,
): { readonly text: string; readonly offset: { lines: number; columns: number } } | undefined {
  const node = fields.node(name);
  if (node === undefined) return undefined;
  if (!isScalar(node) || typeof node.value !== "string") {
    fields.tell(name, `${name} must be text.`);
    return undefined;
  }
  const start = node.range?.[0] ?? 0;
  const before = file.slice(0, start).split("\n").length;
  if (node.type !== "BLOCK_LITERAL") {
    const column = start - file.lastIndexOf("\n", start - 1) - 1;
    return { text: node.value, offset: { lines: before - 1, columns: column } };
  }
  const first = file
    .slice(file.indexOf("\n", start) + 1)
    .split("\n")
    .find((line) => line.trim() !== "");
  const columns = first === undefined ? 0 : first.length - first.trimStart().length;
  return { text: node.value, offset: { lines: before, columns } };
}

const clip = (text: string): string => (text.length > 64 ? `${text.slice(0, 64)}…` : text);
