/** A SELECT's rows as the query API's JSON wants them, bounded in rows and bytes. */
import type { DuckDBConnection, DuckDBType, DuckDBValue } from "@duckdb/node-api";
import type { LogColumn, LogColumnType } from "../../../core/index.ts";
import type { BoundValue, LogAnswer } from "../seams.ts";
import { quoteName } from "./sql.ts";

/** Values that SQL binds, as the engine's library takes them. */
export async function bindings(
  parameters: readonly BoundValue[],
): Promise<{ readonly values: DuckDBValue[]; readonly types: DuckDBType[] }> {
  const { BIGINT, BOOLEAN, DOUBLE, TIMESTAMP, VARCHAR, DuckDBTimestampValue } =
    await import("@duckdb/node-api");
  const nulls: Readonly<Record<LogColumnType, DuckDBType>> = {
    bool: BOOLEAN,
    datetime: TIMESTAMP,
    decimal: DOUBLE,
    dynamic: VARCHAR,
    guid: VARCHAR,
    int: BIGINT,
    long: BIGINT,
    real: DOUBLE,
    string: VARCHAR,
    timespan: BIGINT,
  };
  const bound = parameters.map((parameter): readonly [DuckDBValue, DuckDBType] => {
    switch (parameter.type) {
      case "string":
        return [parameter.value, VARCHAR];
      case "long":
        return [parameter.value, BIGINT];
      case "real":
        return [parameter.value, DOUBLE];
      case "bool":
        return [parameter.value, BOOLEAN];
      case "datetime":
        return [new DuckDBTimestampValue(parameter.microseconds), TIMESTAMP];
      case "timespan":
        return [parameter.microseconds, BIGINT];
      case "null":
        return [null, nulls[parameter.of]];
    }
  });
  return { values: bound.map(([value]) => value), types: bound.map(([, type]) => type) };
}

const SHOWN: Readonly<Record<LogColumnType, (name: string) => string>> = {
  bool: (name) => `CAST(${name} AS BOOLEAN)`,
  datetime: (name) => datetimeText(name),
  decimal: (name) => `CAST(${name} AS VARCHAR)`,
  dynamic: (name) => `CAST(${name} AS VARCHAR)`,
  guid: (name) => `CAST(${name} AS VARCHAR)`,
  int: (name) => `CAST(${name} AS INTEGER)`,
  long: (name) => `CAST(${name} AS BIGINT)`,
  real: (name) => `CAST(${name} AS DOUBLE)`,
  string: (name) => `CAST(${name} AS VARCHAR)`,
  timespan: (name) => `CAST(${name} AS BIGINT)`,
};

/** ISO 8601 with seven digits, the last of which the engine does not hold. */
export const datetimeText = (name: string): string =>
  `strftime(CAST(${name} AS TIMESTAMP), '%Y-%m-%dT%H:%M:%S.%f0Z')`;

/** The SELECT around `sql` that names its columns by place and casts each to what is shown of its type. */
export function shownSql(sql: string, columns: readonly LogColumn[]): string {
  const names = columns.map((_, index) => quoteName(`#${index}`));
  const shown = columns.map(({ type }, index) => SHOWN[type](names[index] ?? ""));
  return `SELECT ${shown.join(", ")} FROM (${sql}) AS "#shown"(${names.join(", ")})`;
}

/** Runs the SELECT and reads rows until its end or a limit. */
export async function answerRows(
  connection: DuckDBConnection,
  asked: {
    readonly sql: string;
    readonly parameters: readonly BoundValue[];
    readonly columns: readonly LogColumn[];
  },
  limits: { readonly rowsMax: number; readonly bytesMax: number },
): Promise<LogAnswer> {
  const { columns } = asked;
  const { values, types } = await bindings(asked.parameters);
  const result = await connection.stream(shownSql(asked.sql, columns), values, types);
  const rows: (readonly unknown[])[] = [];
  let bytes = 0;
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return { rows, cut: false };
    for (const row of chunk.getRows()) {
      const shown = row.map((value, index) => shownValue(value, columns[index]?.type ?? "string"));
      bytes += rowBytes(shown);
      if (rows.length >= limits.rowsMax || bytes > limits.bytesMax) return { rows, cut: true };
      rows.push(shown);
    }
  }
}

const NUMBER_BYTES = 8;

const rowBytes = (row: readonly unknown[]): number =>
  row.reduce(
    (sum: number, value) => sum + (typeof value === "string" ? value.length : NUMBER_BYTES),
    0,
  );

function shownValue(value: DuckDBValue, type: LogColumnType): unknown {
  if (typeof value === "bigint") return type === "timespan" ? timespanText(value) : long(value);
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  return value;
}

const long = (value: bigint): number | bigint =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : value;

/** `[-][d.]hh:mm:ss[.fffffff]`. @see learn.microsoft.com/kusto/query/scalar-data-types/timespan */
export function timespanText(microseconds: bigint): string {
  const sign = microseconds < 0n ? "-" : "";
  const total = microseconds < 0n ? -microseconds : microseconds;
  const two = (value: bigint): string => String(value).padStart(2, "0");
  const seconds = total / 1_000_000n;
  const days = seconds / 86_400n;
  const clock = `${two((seconds / 3600n) % 24n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}`;
  const fraction = total % 1_000_000n;
  const digits = fraction === 0n ? "" : `.${String(fraction).padStart(6, "0")}0`;
  return `${sign}${days === 0n ? "" : `${days}.`}${clock}${digits}`;
}
