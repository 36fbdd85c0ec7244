/** Answers cases with DuckDB: makes their tables, binds, runs, and writes the rows as the cases do. */
import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  DuckDBInstance,
  DuckDBTimestampValue,
  TIMESTAMP,
  VARCHAR,
} from "@duckdb/node-api";
import type { DuckDBConnection, DuckDBType, DuckDBValue } from "@duckdb/node-api";
import type { LogColumnType } from "../../../src/core/index.ts";
import type { SqlParameter, Translation } from "../../../src/kql/index.ts";
import type { CaseTable, CaseValue } from "./parse-cases.ts";

const stored: Readonly<Record<LogColumnType, string>> = {
  bool: "BOOLEAN",
  datetime: "TIMESTAMP",
  decimal: "DECIMAL(38, 17)",
  dynamic: "VARCHAR",
  guid: "VARCHAR",
  int: "INTEGER",
  long: "BIGINT",
  real: "DOUBLE",
  string: "VARCHAR",
  timespan: "BIGINT",
};

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A database in memory for one file of cases. */
export async function openDuckdb(): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  return instance.connect();
}

/** Makes or replaces a table with its rows. */
export async function putTable(connection: DuckDBConnection, table: CaseTable): Promise<void> {
  const columns = table.columns.map(({ name, type }) => `${quoted(name)} ${stored[type]}`);
  await connection.run(`CREATE OR REPLACE TABLE ${quoted(table.name)} (${columns.join(", ")})`);
  for (const row of table.rows) {
    const values = row.map((value, index) => {
      const type = table.columns[index]?.type ?? "string";
      if (value === undefined || type !== "timespan") return value ?? null;
      return String(microsecondsOf(value));
    });
    const marks = table.columns.map(({ type }, index) => `CAST($${index + 1} AS ${stored[type]})`);
    await connection.run(`INSERT INTO ${quoted(table.name)} VALUES (${marks.join(", ")})`, values);
  }
}

function microsecondsOf(text: string): bigint {
  const [, sign, days = "0", hours = "0", minutes = "0", seconds = "0", part = ""] =
    /^(-?)(?:(\d+)\.)?(\d+):(\d+):(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  const whole =
    ((BigInt(days) * 24n + BigInt(hours)) * 60n + BigInt(minutes)) * 60n + BigInt(seconds);
  const size = whole * 1_000_000n + BigInt(part.padEnd(6, "0"));
  return sign === "-" ? -size : size;
}

const bindings: Readonly<Record<SqlParameter["type"], DuckDBType>> = {
  bool: BOOLEAN,
  datetime: TIMESTAMP,
  long: BIGINT,
  null: VARCHAR,
  real: DOUBLE,
  string: VARCHAR,
  timespan: BIGINT,
};

function boundValue(parameter: SqlParameter): DuckDBValue {
  switch (parameter.type) {
    case "datetime":
      return new DuckDBTimestampValue(parameter.microseconds);
    case "timespan":
      return parameter.microseconds;
    case "null":
      return null;
    default:
      return parameter.value;
  }
}

/** Runs a translation; each value as the case language writes it. */
export async function runTranslation(
  connection: DuckDBConnection,
  translation: Extract<Translation, { ok: true }>,
): Promise<readonly (readonly CaseValue[])[]> {
  const reader = await connection.runAndReadAll(
    translation.sql,
    translation.parameters.map(boundValue),
    translation.parameters.map(({ type }) => bindings[type]),
  );
  return reader
    .getRows()
    .map((row) =>
      row.map((value, index) => written(value, translation.columns[index]?.type ?? "string")),
    );
}

function written(value: DuckDBValue, type: LogColumnType): CaseValue {
  if (value === null) return undefined;
  if (value instanceof DuckDBTimestampValue) {
    const ms = value.micros / 1000n;
    const rest = String(value.micros - ms * 1000n).padStart(3, "0");
    const iso = new Date(Number(ms)).toISOString().replace("Z", `${rest}Z`);
    return iso.replace(/\.?0+Z$/, "Z");
  }
  if (type === "timespan" && typeof value === "bigint") return spanText(value);
  return String(value);
}

function spanText(microseconds: bigint): string {
  const size = microseconds < 0n ? -microseconds : microseconds;
  const two = (part: bigint): string => String(part).padStart(2, "0");
  const seconds = size / 1_000_000n;
  const days = seconds / 86_400n;
  const fraction = String(size % 1_000_000n)
    .padStart(6, "0")
    .replace(/0+$/, "");
  return [
    microseconds < 0n ? "-" : "",
    days === 0n ? "" : `${days}.`,
    `${two((seconds / 3600n) % 24n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}`,
    fraction === "" ? "" : `.${fraction}`,
  ].join("");
}
