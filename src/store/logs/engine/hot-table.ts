/** Rows that no segment holds yet: a table of the engine for each table of logs and each shape of its rows. */
import { logSqlTypes } from "../../../core/index.ts";
import type { LogColumnType } from "../../../core/index.ts";
import type { ConstantSet } from "./constant-sets.ts";
import { BATCH, readRecordsSql, typedValueSql } from "./record-columns.ts";
import type { RecordColumn, RecordsFile } from "./record-columns.ts";
import { quoteName, quoteText } from "./sql.ts";

/** A column as rows have it, in hot tables and in segments. */
export interface StoredColumn {
  readonly name: string;
  readonly type: LogColumnType;
}

export const TIME_GENERATED = "TimeGenerated";
export const TIME_RECEIVED = "_TimeReceived";
/** The row's set of constant columns: -1 where its constants are columns of the row. */
export const CONSTANTS = "#constants";

export interface HotTable {
  /** Its name in the engine. */
  readonly name: string;
  /** The table of logs. */
  readonly table: string;
  /** Besides the two times and `CONSTANTS`, which every row has. */
  readonly columns: readonly StoredColumn[];
  readonly constants: Set<number>;
  rows: number;
  bytes: number;
}

/** A batch whose records stand in a file. */
export interface FiledBatch {
  readonly receivedMs: number;
  /** -1: `constants` become columns of the rows. */
  readonly constantsNumber: number;
  readonly constants: ConstantSet;
}

export const createHotTableSql = (name: string, columns: readonly StoredColumn[]): string =>
  `CREATE TABLE ${quoteName(name)} (${[
    `${quoteName(TIME_GENERATED)} TIMESTAMP`,
    `${quoteName(TIME_RECEIVED)} TIMESTAMP`,
    `${quoteName(CONSTANTS)} INTEGER`,
    ...columns.map((column) => `${quoteName(column.name)} ${logSqlTypes[column.type]}`),
  ].join(", ")})`;

/**
 * A SELECT of a file's records as rows: the two times, `CONSTANTS`, and `stored`.
 *
 * A record's time that is missing, or far from when it was received, becomes the time of receipt.
 *
 * @see learn.microsoft.com/azure/azure-monitor/logs/log-standard-columns
 */
export function recordRowsSql(
  stored: readonly StoredColumn[],
  file: RecordsFile,
  options: {
    readonly recordColumns: readonly RecordColumn[];
    readonly batches: readonly FiledBatch[];
    readonly timePastMs: number;
    readonly timeFutureMs: number;
  },
): string {
  const { batches, recordColumns } = options;
  const ofBatch = (values: readonly string[], type: string): string =>
    values.every((value) => value === values[0])
      ? `CAST(${values[0] ?? "NULL"} AS ${type})`
      : `list_extract(CAST([${values.join(", ")}] AS ${type}[]), ${quoteName(BATCH)} + 1)`;
  const timesOf = (shiftMs: number): string =>
    ofBatch(
      batches.map(({ receivedMs }) => `make_timestamp(${(receivedMs + shiftMs) * 1000})`),
      "TIMESTAMP",
    );
  const received = timesOf(0);
  const sets = ofBatch(
    batches.map(({ constantsNumber }) => String(constantsNumber)),
    "INTEGER",
  );
  const read = new Map(recordColumns.map((column) => [column.name, column]));
  const values = stored.map(({ name, type }) => {
    const column = read.get(name);
    const own = column === undefined ? "NULL" : typedValueSql(quoteName(name), type);
    if (!batches.some((batch) => constantOf(batch, column, name) !== undefined)) return own;
    const constants = batches.map((batch) => {
      const value = constantOf(batch, column, name);
      return value === undefined ? "NULL" : quoteText(value);
    });
    return `coalesce(${typedValueSql(ofBatch(constants, "VARCHAR"), type)}, ${own})`;
  });
  const time = read.has(TIME_GENERATED)
    ? typedValueSql(quoteName(TIME_GENERATED), "datetime")
    : "CAST(NULL AS TIMESTAMP)";
  // Bounds that are numbers: the engine is slow at adding intervals to times.
  const near = `BETWEEN ${timesOf(-options.timePastMs)} AND ${timesOf(options.timeFutureMs)}`;
  const rows = [
    `CASE WHEN "#time" ${near} THEN "#time" ELSE "#received" END AS ${quoteName(TIME_GENERATED)}`,
    `"#received" AS ${quoteName(TIME_RECEIVED)}`,
    `"#set" AS ${quoteName(CONSTANTS)}`,
    ...values.map((value, index) => `${value} AS ${quoteName(stored[index]?.name ?? "")}`),
  ];
  return `SELECT ${rows.join(", ")} FROM (SELECT *, ${time} AS "#time", ${received} AS "#received", ${sets} AS "#set" FROM (${readRecordsSql(file, recordColumns)}))`;
}

const constantOf = (
  { constantsNumber, constants }: FiledBatch,
  column: RecordColumn | undefined,
  name: string,
): string | undefined => {
  const key = column?.key ?? name;
  return constantsNumber < 0 && Object.hasOwn(constants, key) ? constants[key] : undefined;
};
