/** The text of `log-data-collection-settings`: tables of TOML with texts, switches and lists of texts, the part that Azure's own file uses. */
import { limits } from "../../core/index.ts";
import type { FileProblem } from "../scrape-job.ts";
import type { YamlText } from "../yaml-fields.ts";

export type SettingValue = string | boolean | readonly string[];

export interface LogsAssignment {
  /** `log_collection_settings.stdout`. */
  readonly table: string;
  readonly key: string;
  readonly value: SettingValue;
  readonly line: number;
  readonly column: number;
}

const TABLE = /^\s*\[([A-Za-z0-9_.-]{1,200})\]\s*(?:#.*)?$/;
const LINE = /^(\s*)([A-Za-z0-9_.-]{1,100})[ \t]*=[ \t]*(\S.*)?$/;
const LINES_MAX = 10_000;

/** Reads the text; what cannot be read is told to `problems`. */
export function readLogsAssignments(
  { text, offset = { lines: 0, columns: 0 } }: YamlText,
  problems: FileProblem[],
): readonly LogsAssignment[] {
  const found = new Map<string, LogsAssignment>();
  let table = "";
  for (const [index, raw] of text.split("\n").slice(0, LINES_MAX).entries()) {
    const line = raw.replace(/\r$/, "");
    if (/^\s*(?:#.*)?$/.test(line)) continue;
    const named = TABLE.exec(line)?.[1];
    if (named !== undefined) {
      table = named;
      continue;
    }
    const [, indent = "", key = "", rest = ""] = LINE.exec(line) ?? [];
    const place = { line: index + 1 + offset.lines, column: offset.columns + indent.length + 1 };
    const tell = (says: string): void => {
      if (problems.length < limits.scrapeProblemsMax) problems.push({ ...place, says });
    };
    const value = key === "" ? undefined : valueOf(rest);
    const name = `${table} ${key}`;
    if (key === "") tell("Expected [table] or key = value.");
    else if (value === undefined) tell(`The value of ${key} cannot be read.`);
    else if (found.has(name)) tell(`${key} is given twice.`);
    else found.set(name, { table, key, value, ...place });
  }
  return [...found.values()];
}

/** A text, a switch, or a list of texts on one line, with a comment after it at will. */
function valueOf(rest: string): SettingValue | undefined {
  const word = /^(true|false)\s*(?:#.*)?$/.exec(rest)?.[1];
  if (word !== undefined) return word === "true";
  const text =
    /^"([^"\\]*)"\s*(?:#.*)?$/.exec(rest)?.[1] ?? /^'([^']*)'\s*(?:#.*)?$/.exec(rest)?.[1];
  if (text !== undefined) return text;
  const list = /^\[([^[\]#]*)\]\s*(?:#.*)?$/.exec(rest)?.[1];
  if (list === undefined) return undefined;
  const items = list
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
  const texts = items.flatMap(
    (item) => /^(?:"([^"\\]*)"|'([^']*)')$/.exec(item)?.slice(1, 3) ?? [],
  );
  const kept = texts.filter((item) => item !== undefined);
  return kept.length === items.length ? kept : undefined;
}
