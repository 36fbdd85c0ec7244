/** SQL as data: what a translation builds and `print-sql.ts` writes down. Nothing in it is text that a caller wrote, but names and bound values. */
import type { LogColumnType } from "../core/index.ts";
import type { SqlParameter } from "./seams.ts";

/** The functions of DuckDB that a translation may call. A name outside this list cannot be printed. */
export const sqlFunctions = [
  "abs",
  "any_value",
  "arg_max",
  "arg_min",
  "avg",
  "ceil",
  "coalesce",
  "concat",
  "contains",
  "count",
  "count_star",
  "date_diff",
  "date_part",
  "date_trunc",
  "ends_with",
  "epoch_us",
  "exp",
  "floor",
  "decode",
  "encode",
  "from_base64",
  "greatest",
  "isfinite",
  "isinf",
  "isnan",
  "json_array",
  "json_array_length",
  "json_extract",
  "json_extract_string",
  "json_keys",
  "json_object",
  "json_type",
  "least",
  "length",
  "list",
  "ln",
  "log10",
  "log2",
  "lower",
  "lpad",
  "make_timestamp",
  "max",
  "min",
  "pow",
  "quantile_disc",
  "regexp_escape",
  "regexp_extract",
  "regexp_matches",
  "regexp_replace",
  "replace",
  "reverse",
  "round",
  "sha256",
  "sign",
  "sqrt",
  "starts_with",
  "stddev_samp",
  "strftime",
  "string_split",
  "strpos",
  "substr",
  "sum",
  "to_base64",
  "to_json",
  "to_microseconds",
  "to_months",
  "trim",
  "trunc",
  "try",
  "upper",
  "url_decode",
  "url_encode",
  "var_samp",
] as const;
export type SqlFunction = (typeof sqlFunctions)[number];

/** Infix operators, printed with parentheses around. */
export const sqlInfixes = [
  "+",
  "-",
  "*",
  "/",
  "//",
  "%",
  "=",
  "<>",
  "<",
  "<=",
  ">",
  ">=",
  "AND",
  "OR",
  "IS DISTINCT FROM",
  "IS NOT DISTINCT FROM",
] as const;
export type SqlInfix = (typeof sqlInfixes)[number];

export const sqlTypes = [
  "BIGINT",
  "BOOLEAN",
  "DECIMAL(38, 17)",
  "DOUBLE",
  "HUGEINT",
  "INTEGER",
  "JSON",
  "TIMESTAMP",
  "VARCHAR",
] as const;
export type SqlType = (typeof sqlTypes)[number];

export type SqlExpression =
  | { readonly kind: "column"; readonly name: string }
  | { readonly kind: "parameter"; readonly value: SqlParameter }
  /** A whole number of this module's own, never a caller's. */
  | { readonly kind: "integer"; readonly value: bigint }
  | { readonly kind: "constant"; readonly value: "NULL" | "TRUE" | "FALSE" }
  | {
      readonly kind: "call";
      readonly name: SqlFunction;
      readonly arguments: readonly SqlExpression[];
      readonly distinct?: boolean;
      readonly filter?: SqlExpression;
    }
  | {
      readonly kind: "infix";
      readonly operator: SqlInfix;
      readonly left: SqlExpression;
      readonly right: SqlExpression;
    }
  | { readonly kind: "not"; readonly of: SqlExpression }
  | {
      readonly kind: "cast";
      readonly of: SqlExpression;
      readonly to: SqlType;
      /** Null instead of an error where the value does not fit. */
      readonly try: boolean;
    }
  | {
      readonly kind: "case";
      readonly whens: readonly { readonly when: SqlExpression; readonly gives: SqlExpression }[];
      readonly otherwise: SqlExpression;
    }
  | { readonly kind: "isNull"; readonly of: SqlExpression }
  | { readonly kind: "in"; readonly of: SqlExpression; readonly values: readonly SqlExpression[] }
  | { readonly kind: "struct"; readonly fields: readonly SqlColumn[] }
  | { readonly kind: "field"; readonly of: SqlExpression; readonly name: string };

export interface SqlColumn {
  readonly name: string;
  readonly of: SqlExpression;
}

export interface SqlOrder {
  readonly of: SqlExpression;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

export interface SqlSelect {
  readonly columns: readonly SqlColumn[];
  readonly from:
    | { readonly kind: "table"; readonly name: string }
    | { readonly kind: "select"; readonly select: SqlSelect };
  readonly distinct?: boolean;
  readonly where?: SqlExpression;
  readonly groupBy?: readonly SqlExpression[];
  readonly orderBy?: readonly SqlOrder[];
  readonly limit?: SqlExpression;
}

/** How each of KQL's types stands in DuckDB: datetimes in UTC, timespans in microseconds. */
export const sqlTypeOf: Readonly<Record<LogColumnType, SqlType>> = {
  bool: "BOOLEAN",
  datetime: "TIMESTAMP",
  decimal: "DECIMAL(38, 17)",
  dynamic: "JSON",
  guid: "VARCHAR",
  int: "INTEGER",
  long: "BIGINT",
  real: "DOUBLE",
  string: "VARCHAR",
  timespan: "BIGINT",
};

// Short makers, so that translations read as the SQL they mean.
export const sqlNull: SqlExpression = { kind: "constant", value: "NULL" };
export const sqlTrue: SqlExpression = { kind: "constant", value: "TRUE" };
export const sqlFalse: SqlExpression = { kind: "constant", value: "FALSE" };

export const column = (name: string): SqlExpression => ({ kind: "column", name });
export const bound = (value: SqlParameter): SqlExpression => ({ kind: "parameter", value });
export const text = (value: string): SqlExpression => bound({ type: "string", value });
export const integer = (value: bigint | number): SqlExpression => ({
  kind: "integer",
  value: BigInt(value),
});
export const call = (
  name: SqlFunction,
  ...args: readonly SqlExpression[]
): Extract<SqlExpression, { kind: "call" }> => ({ kind: "call", name, arguments: args });
export const infix = (
  left: SqlExpression,
  operator: SqlInfix,
  right: SqlExpression,
): SqlExpression => ({ kind: "infix", operator, left, right });
export const not = (of: SqlExpression): SqlExpression => ({ kind: "not", of });
export const isNull = (of: SqlExpression): SqlExpression => ({ kind: "isNull", of });
export const cast = (of: SqlExpression, to: SqlType): SqlExpression => ({
  kind: "cast",
  of,
  to,
  try: false,
});
export const tryCast = (of: SqlExpression, to: SqlType): SqlExpression => ({
  kind: "cast",
  of,
  to,
  try: true,
});
export const when = (
  condition: SqlExpression,
  gives: SqlExpression,
  otherwise: SqlExpression = sqlNull,
): SqlExpression => ({ kind: "case", whens: [{ when: condition, gives }], otherwise });
/** The path of an array's element; null for a null index. */
export const elementPath = (index: SqlExpression): SqlExpression =>
  when(not(isNull(index)), call("concat", text("$["), cast(index, "VARCHAR"), text("]")));
export const every = (terms: readonly SqlExpression[]): SqlExpression =>
  terms.reduce((left, right) => infix(left, "AND", right));
export const some = (terms: readonly SqlExpression[]): SqlExpression =>
  terms.reduce((left, right) => infix(left, "OR", right));
