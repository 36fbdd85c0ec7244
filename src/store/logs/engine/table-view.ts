/** A table of logs as SQL over its segments and hot rows: columns that were added later are null in older rows. */
import { logSqlTypes, sqlColumnNames } from "../../../core/index.ts";
import type { LogColumn, LogColumnType, LogTable } from "../../../core/index.ts";
import type { ConstantSet } from "./constant-sets.ts";
import { CONSTANTS, TIME_GENERATED, TIME_RECEIVED } from "./hot-table.ts";
import type { StoredColumn } from "./hot-table.ts";
import { typedValueSql } from "./record-columns.ts";
import { quoteName, quoteText, readParquet } from "./sql.ts";

/** Rows of one shape: files of segments, or a hot table. */
export interface RowSource {
  readonly columns: readonly StoredColumn[];
  readonly from:
    | { readonly kind: "files"; readonly paths: readonly string[] }
    | { readonly kind: "table"; readonly name: string };
}

/** The rows of sources with the columns asked for, after the two times and the number of constants. */
export function rowsSql(sources: readonly RowSource[], columns: readonly StoredColumn[]): string {
  const own = [TIME_GENERATED, TIME_RECEIVED, CONSTANTS].map(quoteName);
  const parts = sources.map((source) => {
    const has = new Map(source.columns.map(({ name, type }) => [name, type]));
    const values = columns.map(
      ({ name, type }) => `${storedSql(name, has.get(name), type)} AS ${quoteName(name)}`,
    );
    return `SELECT ${[...own, ...values].join(", ")} FROM ${fromSql(source)}`;
  });
  if (parts.length > 0) return parts.join(" UNION ALL ");
  const none = [`CAST(NULL AS TIMESTAMP) AS ${own[0]}`, `CAST(NULL AS TIMESTAMP) AS ${own[1]}`];
  none.push(`CAST(NULL AS INTEGER) AS ${own[2]}`);
  for (const { name, type } of columns) none.push(`${nullOf(type)} AS ${quoteName(name)}`);
  return `SELECT ${none.join(", ")} WHERE false`;
}

const fromSql = ({ from }: RowSource): string =>
  from.kind === "table" ? quoteName(from.name) : readParquet(from.paths);

const nullOf = (type: LogColumnType): string => `CAST(NULL AS ${logSqlTypes[type]})`;

/** A column that was of another type when its rows came is read as if its text came now. */
function storedSql(name: string, stored: LogColumnType | undefined, type: LogColumnType): string {
  if (stored === undefined) return nullOf(type);
  if (logSqlTypes[stored] === logSqlTypes[type]) return quoteName(name);
  return typedValueSql(`CAST(${quoteName(name)} AS VARCHAR)`, type);
}

/** The variable that holds a constant column's values, by the number of their set. */
export const constantVariable = (key: string): string => `constant ${key}`;

/** The statements that set the variables of `constantVariable` for a connection. */
export function constantVariablesSql(sets: readonly (ConstantSet | null)[]): readonly string[] {
  const keys = new Set(sets.flatMap((set) => (set === null ? [] : Object.keys(set))));
  return [...keys].map((key) => {
    const values = sets.map((set) =>
      set !== null && Object.hasOwn(set, key) ? quoteText(set[key] ?? "") : "NULL",
    );
    return `SET VARIABLE ${quoteName(constantVariable(key))} = CAST([${values.join(", ")}] AS VARCHAR[])`;
  });
}

/** A table of logs as one SELECT, with the names of `sqlColumnNames`. Rows that are older than `cutoffMs` are not seen. */
export function tableViewSql(
  table: LogTable,
  options: {
    readonly sources: readonly RowSource[];
    readonly sets: readonly (ConstantSet | null)[];
    readonly cutoffMs: number;
  },
): string {
  const { sources, sets, cutoffMs } = options;
  const names = sqlColumnNames(table);
  const stored = new Set(sources.flatMap(({ columns }) => columns.map(({ name }) => name)));
  const constants = new Set(sets.flatMap((set) => (set === null ? [] : Object.keys(set))));
  const wanted: StoredColumn[] = [];
  const valueOf = (column: LogColumn, name: string): string => {
    if (name === TIME_GENERATED || name === TIME_RECEIVED) return quoteName(name);
    const isStored = stored.has(name);
    if (isStored) wanted.push({ name, type: column.type });
    if (!constants.has(column.name)) return isStored ? quoteName(name) : nullOf(column.type);
    const constant = `list_extract(getvariable(${quoteText(constantVariable(column.name))}), ${quoteName(CONSTANTS)} + 1)`;
    const value = typedValueSql(constant, column.type);
    return isStored ? `coalesce(${value}, ${quoteName(name)})` : value;
  };
  const values = table.columns.map((column, index) => {
    const name = names[index] ?? column.name;
    return `${valueOf(column, name)} AS ${quoteName(name)}`;
  });
  const cutoff = Math.max(0, Math.floor(cutoffMs)) * 1000;
  return `SELECT ${values.join(", ")} FROM (${rowsSql(sources, wanted)}) WHERE ${quoteName(TIME_GENERATED)} >= make_timestamp(${cutoff})`;
}
