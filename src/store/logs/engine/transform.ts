/** A translated `transformKql` run over one batch, which is read as a table would be. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { LogColumnType } from "../../../core/index.ts";
import type { Transformed, TransformAsked } from "../engine-messages.ts";
import { bindings, datetimeText } from "./answer-rows.ts";
import { isDataFailure } from "./engine-errors.ts";
import { readRecordsSql, recordColumns, typedValueSql } from "./record-columns.ts";
import { plainRecords, writeRecordsFile } from "./records-file.ts";
import { quoteName, quoteText } from "./sql.ts";

/** Runs on a connection of its own. */
export async function transformRecords(
  connection: DuckDBConnection,
  asked: TransformAsked,
  at: { readonly path: string; readonly markerKey: string },
): Promise<Transformed> {
  try {
    return await transformFile(connection, asked, at);
  } catch (error) {
    if (!isDataFailure(error)) throw error;
    return transformFile(connection, { ...asked, json: plainRecords(asked.json) }, at);
  }
}

async function transformFile(
  connection: DuckDBConnection,
  asked: TransformAsked,
  { path, markerKey }: { readonly path: string; readonly markerKey: string },
): Promise<Transformed> {
  await writeRecordsFile(path, markerKey, [asked.json]);
  try {
    const read = recordColumns(asked.source);
    const file = { path, recordBytesMax: Math.max(1024, asked.json.length), markerKey };
    const values = read.map(
      ({ name, type }) => `${typedValueSql(quoteName(name), type)} AS ${quoteName(name)}`,
    );
    const view = quoteName(asked.source.name);
    await connection.run(
      `CREATE OR REPLACE TEMP VIEW ${view} AS SELECT ${values.join(", ")} FROM (${readRecordsSql(file, read)})`,
    );
    const { values: bound, types } = await bindings(asked.parameters);
    const result = await connection.stream(recordsSql(asked), bound, types);
    const texts: string[] = [];
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) break;
      for (const [text] of chunk.getRows()) texts.push(String(text));
    }
    const records = texts.length;
    return {
      json: Buffer.from(`[${texts.join(",")}]`),
      records,
      dropped: Math.max(0, asked.records - records),
    };
  } finally {
    await rm(path, { force: true });
  }
}

/** The SELECT's rows as JSON objects, in its columns' own names; nulls are left out by the reader after it. */
function recordsSql({ sql, columns }: TransformAsked): string {
  const names = columns.map((_, index) => quoteName(`#${index}`));
  const members = columns.map(({ name, type }, index) => {
    const value = jsonValueSql(names[index] ?? "", type);
    return `${quoteText(`${JSON.stringify(name)}:`)} || coalesce(CAST(to_json(${value}) AS VARCHAR), 'null')`;
  });
  const record = `'{' || ${members.length === 0 ? "''" : members.join(" || ',' || ")} || '}'`;
  return `SELECT ${record} FROM (${sql}) AS "#shown"(${names.join(", ")})`;
}

function jsonValueSql(name: string, type: LogColumnType): string {
  switch (type) {
    case "datetime":
      return datetimeText(name);
    case "dynamic":
      return `CAST(${name} AS JSON)`;
    case "decimal":
    case "guid":
    case "string":
      return `CAST(${name} AS VARCHAR)`;
    case "timespan":
      return timespanTextSql(`CAST(${name} AS BIGINT)`);
    case "bool":
    case "int":
    case "long":
    case "real":
      return name;
  }
}

/** A timespan as the text that is read back as the same one. */
const timespanTextSql = (us: string): string => {
  const part = (divisor: number, modulus: number): string =>
    `lpad(CAST((abs(${us}) // ${divisor}) % ${modulus} AS VARCHAR), 2, '0')`;
  const fraction = `lpad(CAST(abs(${us}) % 1000000 AS VARCHAR), 6, '0')`;
  return `CASE WHEN ${us} IS NOT NULL THEN CASE WHEN ${us} < 0 THEN '-' ELSE '' END || CAST(abs(${us}) // 86400000000 AS VARCHAR) || '.' || ${part(3_600_000_000, 24)} || ':' || ${part(60_000_000, 60)} || ':' || ${part(1_000_000, 60)} || '.' || ${fraction} END`;
};

export const transformPath = (folder: string, number: number): string =>
  join(folder, `transform-${number}.json`);
