/** Segments' files: hot rows written as one, and several made one, sorted by time. */
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Segment } from "../../segments/index.ts";
import { CONSTANTS, TIME_GENERATED } from "./hot-table.ts";
import type { HotTable, StoredColumn } from "./hot-table.ts";
import { quoteName, quoteText, readParquet } from "./sql.ts";
import { rowsSql } from "./table-view.ts";
import type { RowSource } from "./table-view.ts";

type Written = Pick<Segment, "rows" | "minMs" | "maxMs" | "columns" | "constants">;

const ROW_GROUP_ROWS = 122_880;

/** New segments are compressed quickly, for most of them are merged soon; merged ones well. */
const LEVEL_NEW = 1;
const LEVEL_MERGED = 3;

const copySql = (rows: string, path: string, level: number): string =>
  `COPY (${rows}) TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL ${level}, ROW_GROUP_SIZE ${ROW_GROUP_ROWS})`;

const time = quoteName(TIME_GENERATED);

/** Writes rows that no segment holds yet as one, sorted by time: those of a hot table, or of a SELECT. */
export async function writeRows(
  connection: DuckDBConnection,
  rows: { readonly select: string; readonly columns: readonly StoredColumn[] },
  path: string,
): Promise<Written> {
  const select = `SELECT * FROM (${rows.select}) ORDER BY ${time}`;
  await connection.run(copySql(select, path, LEVEL_NEW));
  return describe(connection, path, rows.columns);
}

export const hotTableSelect = ({ name }: HotTable): string => `SELECT * FROM ${quoteName(name)}`;

/**
 * Writes the rows of several segments as one, without those that are older than `cutoffMs`. Up to `sortRowsMax` rows are
 * sorted anew; more are joined run after run, which keeps each row group's span of time short as well.
 */
export async function mergeSegments(
  connection: DuckDBConnection,
  asked: {
    readonly group: readonly Segment[];
    readonly paths: readonly string[];
    readonly path: string;
    readonly cutoffMs: number;
    readonly sortRowsMax: number;
  },
): Promise<Written> {
  const { group, paths, path, cutoffMs, sortRowsMax } = asked;
  const columns = new Map<string, StoredColumn>();
  for (const [name, type] of group.flatMap((segment) => segment.columns)) {
    columns.set(name, { name, type: type as StoredColumn["type"] });
  }
  const wanted = [...columns.values()];
  const sources = group.map((segment, index): RowSource => ({
    columns: segment.columns.map(([name, type]) => ({ name, type: type as StoredColumn["type"] })),
    from: { kind: "files", paths: [paths[index] ?? ""] },
  }));
  const rows = group.reduce((sum, segment) => sum + segment.rows, 0);
  const order = rows <= sortRowsMax ? ` ORDER BY ${time}` : "";
  const cutoff = Math.max(0, Math.floor(cutoffMs)) * 1000;
  const select = `SELECT * FROM (${rowsSql(sources, wanted)}) WHERE ${time} >= make_timestamp(${cutoff})${order}`;
  await connection.run(copySql(select, path, LEVEL_MERGED));
  return describe(connection, path, wanted);
}

async function describe(
  connection: DuckDBConnection,
  path: string,
  columns: readonly StoredColumn[],
): Promise<Written> {
  const from = readParquet([path]);
  const reader = await connection.runAndReadAll(
    `SELECT count(*)::DOUBLE, epoch_ms(min(${time}))::DOUBLE, epoch_ms(max(${time}))::DOUBLE FROM ${from}`,
  );
  const [rows = 0, minMs = 0, maxMs = 0] = (reader.getRows()[0] ?? []).map(Number);
  const numbers = await connection.runAndReadAll(
    `SELECT DISTINCT ${quoteName(CONSTANTS)} FROM ${from} WHERE ${quoteName(CONSTANTS)} >= 0 ORDER BY 1`,
  );
  const constants = numbers.getRows().map(([number]) => Number(number));
  return { rows, minMs, maxMs, constants, columns: columns.map(({ name, type }) => [name, type]) };
}
