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
