/** The sections of Azure's settings: lines of `key = value`, the part of TOML that they are written in. */
import { limits } from "../core/index.ts";
import type { FileProblem } from "./scrape-job.ts";
import type { YamlText } from "./yaml-fields.ts";

export interface Assignment {
  readonly key: string;
  readonly value: string | boolean | number;
  /** In the whole file, from 1. */
  readonly line: number;
  readonly column: number;
  /** Where the key alone does not say what it is about. */
  readonly section?: string;
}

const LINE = /^(\s*)([A-Za-z0-9_.-]+)[ \t]*=[ \t]*(.*)$/;
/** A basic string, a literal string, a word; then nothing but a comment. */
const VALUE = /^(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_+.-]+))[ \t]*(?:#.*)?$/;

/** Reads a section. A line that is none, and a key that is given twice, are told to `problems`. */
export function readAssignments(
  { text, offset = { lines: 0, columns: 0 } }: YamlText,
  problems: FileProblem[],
): readonly Assignment[] {
  const found = new Map<string, Assignment>();
  text.split("\n").forEach((raw, index) => {
    const line = raw.replace(/\r$/, "");
    if (/^\s*(?:#.*)?$/.test(line)) return;
    const [, indent = "", key = "", rest = ""] = LINE.exec(line) ?? [];
    const column = offset.columns + indent.length + 1;
    const place = { line: index + 1 + offset.lines, column };
    const tell = (says: string): void => {
      if (problems.length < limits.scrapeProblemsMax) problems.push({ ...place, says });
    };
    if (key === "") return tell('Expected key = "value", key = true or key = false.');
    const value = valueOf(rest.trim());
    if (value === undefined) return tell(`The value of ${key} cannot be read.`);
    if (found.has(key)) return tell(`${key} is given twice.`);
    found.set(key, { key, value, ...place });
  });
  return [...found.values()];
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["b", "\b"],
  ["t", "\t"],
  ["n", "\n"],
  ["f", "\f"],
  ["r", "\r"],
  ['"', '"'],
  ["\\", "\\"],
]);

function valueOf(text: string): Assignment["value"] | undefined {
  const match = VALUE.exec(text);
  if (match === null) return undefined;
  const [, basic, literal, word] = match;
  if (literal !== undefined) return literal;
  if (basic !== undefined) return unescaped(basic);
  if (word === "true" || word === "false") return word === "true";
  return Number.isFinite(Number(word)) ? Number(word) : undefined;
}

/** TOML refuses other escapes, and so `\d` in a basic string: it is written `\\d`, or in a literal string. */
function unescaped(text: string): string | undefined {
  let wrong = false;
  const value = text.replace(/\\(.)/g, (_whole, character: string) => {
    const escape = ESCAPES.get(character);
    if (escape === undefined) wrong = true;
    return escape ?? "";
  });
  return wrong ? undefined : value;
}
