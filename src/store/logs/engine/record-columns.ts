/** Records' fields as typed columns: SQL that reads a JSON file and makes null of what is not of its column's type. */
import { logSqlTypes, sqlColumnNames } from "../../../core/index.ts";
import type { LogColumnType, LogTable } from "../../../core/index.ts";
import { quoteName, quoteText } from "./sql.ts";

/** A column that is read from records. */
export interface RecordColumn {
  /** The field's name in a record. */
  readonly key: string;
  /** The column's name in SQL: unlike any other's, even where case is folded. */
  readonly name: string;
  readonly type: LogColumnType;
}

export const recordColumns = (table: LogTable): readonly RecordColumn[] => {
  const names = sqlColumnNames(table);
  return table.columns.map(({ name, type }, index) => ({
    key: name,
    name: names[index] ?? name,
    type,
  }));
};

export interface RecordsFile {
  readonly path: string;
  /** No record is longer. */
  readonly recordBytesMax: number;
  /** The field that marks where a batch begins: a name that no record can guess. */
  readonly markerKey: string;
}

/** The column that tells a record's batch: 0 for the first. */
export const BATCH = "#batch";

/**
 * A SELECT of a file's records: the columns' fields as text under the columns' names, and `BATCH`.
 * The file is one JSON array in which `{"<markerKey>":<batch>}` stands before each batch's records.
 */
export function readRecordsSql(file: RecordsFile, columns: readonly RecordColumn[]): string {
  const folded = new Set(columns.map(({ key }) => key.toLowerCase()));
  const options = `format = 'array', maximum_object_size = ${file.recordBytesMax}`;
  const path = quoteText(file.path);
  const marker = quoteName("#marker");
  let source: string;
  if (folded.size === columns.length) {
    const fields = [
      ...columns.map(({ key, type }) => `${quoteText(key)}: '${readType(type)}'`),
      `${quoteText(file.markerKey)}: 'VARCHAR'`,
    ];
    const renamed = columns.map(({ key, name }) => `${quoteName(key)} AS ${quoteName(name)}`);
    source = `SELECT ${[...renamed, `${quoteName(file.markerKey)} AS ${marker}`].join(", ")} FROM read_json(${path}, ${options}, columns = {${fields.join(", ")}})`;
  } else {
    // A struct cannot have two fields whose names differ by case only: then each is looked up by itself.
    const looked = columns.map(
      ({ key, name, type }) =>
        `json_extract${type === "dynamic" ? "" : "_string"}(json, ${quoteText(jsonPointer(key))}) AS ${quoteName(name)}`,
    );
    looked.push(
      `json_extract_string(json, ${quoteText(jsonPointer(file.markerKey))}) AS ${marker}`,
    );
    source = `SELECT ${looked.join(", ")} FROM read_json(${path}, ${options}, records = false, columns = {json: 'JSON'})`;
  }
  return `SELECT * EXCLUDE (${marker}) FROM (SELECT *, max(TRY_CAST(${marker} AS INTEGER)) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS ${quoteName(BATCH)} FROM (${source})) WHERE ${marker} IS NULL`;
}

const readType = (type: LogColumnType): string => (type === "dynamic" ? "JSON" : "VARCHAR");

const jsonPointer = (key: string): string => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;

/**
 * A field's text as a value of its column's type, null where it is none: inferred from tables whose columns show nothing for
 * such fields. Numbers and booleans are taken from text too, a string column takes any value as its JSON text, and a whole
 * number's column takes no fraction.
 */
export function typedValueSql(text: string, type: LogColumnType): string {
  switch (type) {
    case "string":
      return text;
    case "dynamic":
      return `CASE WHEN ${text} <> 'null' THEN CAST(${text} AS VARCHAR) END`;
    case "datetime":
      return datetimeSql(text);
    case "timespan":
      return timespanSql(text);
    case "bool":
      return `CASE lower(${text}) WHEN 'true' THEN true WHEN '1' THEN true WHEN 'false' THEN false WHEN '0' THEN false END`;
    case "guid":
      return `CAST(TRY_CAST(${text} AS UUID) AS VARCHAR)`;
    case "int":
    case "long":
      return wholeSql(text, logSqlTypes[type]);
    case "real":
    case "decimal":
      return `TRY_CAST(${text} AS ${logSqlTypes[type]})`;
  }
}

const wholeSql = (text: string, sqlType: string): string =>
  `CASE WHEN contains(${text}, '.') OR contains(${text}, 'e') OR contains(${text}, 'E') THEN CASE WHEN TRY_CAST(${text} AS DOUBLE) = trunc(TRY_CAST(${text} AS DOUBLE)) THEN TRY_CAST(TRY_CAST(${text} AS DOUBLE) AS ${sqlType}) END ELSE TRY_CAST(${text} AS ${sqlType}) END`;

/** KQL's datetimes end with the year 9999. What does not begin with a digit would be one of the engine's own words. */
const datetimeSql = (text: string): string => {
  const instant = `CASE WHEN suffix(${text}, 'Z') THEN TRY_CAST(${text} AS TIMESTAMP) ELSE timezone('UTC', TRY_CAST(${text} AS TIMESTAMPTZ)) END`;
  return `CASE WHEN ${text} >= '0' AND ${text} < '9999-12-31 24' THEN ${instant} END`;
};

/** `[-][d.]hh:mm:ss[.fffffff]`, as KQL writes a timespan. @see learn.microsoft.com/kusto/query/format-timespan-function */
const timespanSql = (text: string): string => {
  const part = (group: number): string =>
    `TRY_CAST(nullif(regexp_extract(${text}, '^(-?)(?:([0-9]{1,8})\\.)?([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:\\.([0-9]{1,7}))?$', ${group}), '') AS BIGINT)`;
  const fraction = `coalesce(TRY_CAST(rpad(nullif(regexp_extract(${text}, '\\.([0-9]{1,7})$', 1), ''), 6, '0')[1:6] AS BIGINT), 0)`;
  const seconds = `((coalesce(${part(2)}, 0) * 24 + ${part(3)}) * 60 + ${part(4)}) * 60 + ${part(5)}`;
  return `CASE WHEN prefix(${text}, '-') THEN -1 ELSE 1 END * ((${seconds}) * 1000000 + ${fraction})`;
};
