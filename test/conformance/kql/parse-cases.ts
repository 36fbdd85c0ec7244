/** Reads `.case` files of KQL. The language is specified in README.md. */
import type { LogColumn, LogColumnType, LogTable } from "../../../src/core/index.ts";

/** A value of a row as the case writes it: undefined for null. */
export type CaseValue = string | undefined;

export interface CaseTable extends LogTable {
  readonly rows: readonly (readonly CaseValue[])[];
}

export interface KqlCase {
  readonly name: string;
  readonly line: number;
  readonly text: string;
  readonly use: "query" | "transformation";
  readonly inOrder: boolean;
  readonly nowMs: number;
  readonly timespan: { readonly fromMs: number; readonly toMs: number } | undefined;
  readonly tables: readonly CaseTable[];
  readonly expected:
    | {
        readonly kind: "rows";
        readonly columns: readonly LogColumn[];
        readonly rows: readonly (readonly CaseValue[])[];
      }
    | { readonly kind: "problem"; readonly says: string };
}

interface Block {
  readonly line: number;
  readonly head: string;
  readonly body: readonly string[];
}

/** @throws Error for text that is no case, with its line */
export function parseCases(text: string): readonly KqlCase[] {
  const tables = new Map<string, CaseTable>();
  const cases: KqlCase[] = [];
  let nowMs = 0;
  let timespan: KqlCase["timespan"];
  for (const block of blocksOf(text)) {
    const [word = "", ...rest] = block.head.split(" ");
    const about = rest.join(" ");
    if (word === "now") nowMs = Date.parse(about);
    else if (word === "timespan") timespan = spanOf(about);
    else if (word === "table") tables.set(about, tableOf(about, block));
    else if (word === "query" || word === "refuse") {
      cases.push({ ...caseOf(block, about), nowMs, timespan, tables: [...tables.values()] });
    } else throw new Error(`line ${block.line}: '${word}' begins no block`);
  }
  return cases;
}

function blocksOf(text: string): readonly Block[] {
  const blocks: { line: number; head: string; body: string[] }[] = [];
  let open = false;
  for (const [index, line] of text.split("\n").entries()) {
    if (line.startsWith("#")) continue;
    if (line.trim() === "") open = false;
    else if (!open) {
      blocks.push({ line: index + 1, head: line.trim(), body: [] });
      open = true;
    } else blocks.at(-1)?.body.push(line.trim());
  }
  return blocks;
}

function spanOf(text: string): KqlCase["timespan"] {
  if (text === "none") return undefined;
  const [from = "", to = ""] = text.split("/");
  return { fromMs: Date.parse(from), toMs: Date.parse(to) };
}

function tableOf(name: string, { body, line }: Block): CaseTable {
  const [columns = "", ...rows] = body;
  const read = columnsOf(columns);
  return {
    name,
    columns: read,
    rows: rows.map((row) => {
      const values = valuesOf(row).map((value, index) =>
        // A dynamic value is JSON, so that its quotes are its own.
        read[index]?.type === "dynamic" ? rawValue(row, index) : value,
      );
      if (values.length === read.length) return values;
      throw new Error(
        `line ${line}: '${row}' has ${values.length} values for ${read.length} columns`,
      );
    }),
  };
}

const columnsOf = (text: string): readonly LogColumn[] =>
  text.split(",").map((column) => {
    const [name = "", type = ""] = column.split(":").map((part) => part.trim());
    return { name, type: type as LogColumnType };
  });

const valuesOf = (row: string): readonly CaseValue[] =>
  row.split(" | ").map((value) => {
    const plain = value.trim();
    if (plain === "null") return undefined;
    return /^".*"$/.test(plain) ? String(JSON.parse(plain)) : plain;
  });

function rawValue(row: string, index: number): CaseValue {
  const value = (row.split(" | ")[index] ?? "").trim();
  return value === "null" ? undefined : value;
}

type Told = Pick<KqlCase, "name" | "line" | "text" | "use" | "inOrder" | "expected">;

function caseOf({ head, body, line }: Block, about: string): Told {
  const isRefusal = head.startsWith("refuse ");
  const at = isRefusal ? body.length - 1 : body.findIndex((each) => each.startsWith("gives "));
  if (at < 1) throw new Error(`line ${line}: no query, or nothing that it gives`);
  const said = body[at] ?? "";
  return {
    name: about,
    line,
    text: body.slice(0, at).join("\n"),
    use: about.startsWith("transformation ") ? "transformation" : "query",
    inOrder: about.startsWith("in order"),
    expected: isRefusal
      ? { kind: "problem", says: said }
      : {
          kind: "rows",
          columns: columnsOf(said.slice("gives ".length)),
          rows: body.slice(at + 1).map(valuesOf),
        },
  };
}
