/** Tables of logs and their columns: the words that ingestion, the store, KQL and the providers share. */

/** KQL's scalar types, in the spelling of the query API. @see learn.microsoft.com/kusto/query/scalar-data-types */
export type LogColumnType =
  | "bool"
  | "datetime"
  | "decimal"
  | "dynamic"
  | "guid"
  | "int"
  | "long"
  | "real"
  | "string"
  | "timespan";

export interface LogColumn {
  /** As KQL spells it; names differ by case. */
  readonly name: string;
  readonly type: LogColumnType;
}

/** A table of a Log Analytics workspace: `TimeGenerated` is always among its columns. */
export interface LogTable {
  readonly name: string;
  readonly columns: readonly LogColumn[];
}

/**
 * How the engine of logs holds each type: datetimes in UTC with microseconds, timespans as microseconds, dynamic as JSON
 * text, guids in lower case.
 */
export const logSqlTypes: Readonly<Record<LogColumnType, string>> = {
  bool: "BOOLEAN",
  datetime: "TIMESTAMP",
  decimal: "DECIMAL(38,16)",
  dynamic: "VARCHAR",
  guid: "VARCHAR",
  int: "INTEGER",
  long: "BIGINT",
  real: "DOUBLE",
  string: "VARCHAR",
  timespan: "BIGINT",
};

/**
 * A table's columns as SQL names them, in their order. SQL folds case and KQL does not: of names that differ by case only,
 * the second and later get `#` and their number.
 */
export function sqlColumnNames(table: LogTable): readonly string[] {
  const seen = new Map<string, number>();
  return table.columns.map(({ name }) => {
    const folded = name.toLowerCase();
    const count = (seen.get(folded) ?? 0) + 1;
    seen.set(folded, count);
    return count === 1 ? name : `${name}#${count}`;
  });
}
