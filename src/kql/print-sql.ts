/** SQL data → text and bound values. The only place where a name meets SQL's text, through one function. */
import { assert, assertNever, limits } from "../core/index.ts";
import { unsupported } from "./refused.ts";
import type { SqlParameter } from "./seams.ts";
import { sqlFunctions, sqlInfixes, sqlTypeOf, sqlTypes } from "./sql.ts";
import type { SqlExpression, SqlSelect } from "./sql.ts";

export interface PrintedSql {
  readonly sql: string;
  readonly parameters: readonly SqlParameter[];
}

/** A name as SQL's quoted identifier: a quote within is doubled, and no other character ends it. */
export function quoteIdentifier(name: string): string {
  assert(name.length > 0 && !name.includes("\0"), "a name has characters, and no NUL");
  return `"${name.replaceAll('"', '""')}"`;
}

const functions: ReadonlySet<string> = new Set(sqlFunctions);
const infixes: ReadonlySet<string> = new Set(sqlInfixes);
const types: ReadonlySet<string> = new Set(sqlTypes);

/**
 * The SELECT as text; each bound value stands in it as `$n`, once a value object.
 *
 * @throws KqlRefused when it has more than `limits.kqlSqlNodesMax` expressions: what shares its parts as data may be long as text.
 */
export function printSql(select: SqlSelect): PrintedSql {
  const numbers = new Map<SqlParameter, number>();
  let spent = 0;
  const printing: Printing = {
    numberOf(value) {
      const number = numbers.get(value) ?? numbers.size + 1;
      numbers.set(value, number);
      return number;
    },
    spend() {
      if (++spent <= limits.kqlSqlNodesMax) return;
      unsupported(
        { TextStart: 0, Width: 0 },
        `A query of more than ${limits.kqlSqlNodesMax} expressions in SQL`,
        "compute its parts in steps, each with extend",
      );
    },
  };
  const sql = printSelect(select, printing);
  return { sql, parameters: [...numbers.keys()] };
}

interface Printing {
  numberOf(value: SqlParameter): number;
  /** Called for each expression. */
  spend(): void;
}

function printSelect(select: SqlSelect, printing: Printing): string {
  const print = (expression: SqlExpression): string => printExpression(expression, printing);
  const list = (expressions: readonly SqlExpression[]): string => expressions.map(print).join(", ");
  const columns = select.columns.map(({ name, of }) => `${print(of)} AS ${quoteIdentifier(name)}`);
  const from =
    select.from.kind === "table"
      ? quoteIdentifier(select.from.name)
      : `(${printSelect(select.from.select, printing)})`;
  const order = select.orderBy?.map(
    ({ of, descending, nullsFirst }) =>
      `${print(of)} ${descending ? "DESC" : "ASC"} NULLS ${nullsFirst ? "FIRST" : "LAST"}`,
  );
  return [
    `SELECT ${select.distinct === true ? "DISTINCT " : ""}${columns.join(", ")} FROM ${from}`,
    ...(select.where === undefined ? [] : [`WHERE ${print(select.where)}`]),
    ...(select.groupBy === undefined || select.groupBy.length === 0
      ? []
      : [`GROUP BY ${list(select.groupBy)}`]),
    ...(order === undefined || order.length === 0 ? [] : [`ORDER BY ${order.join(", ")}`]),
    ...(select.limit === undefined ? [] : [`LIMIT ${print(select.limit)}`]),
  ].join(" ");
}

function printExpression(expression: SqlExpression, printing: Printing): string {
  const print = (of: SqlExpression): string => printExpression(of, printing);
  printing.spend();
  switch (expression.kind) {
    case "column":
      return quoteIdentifier(expression.name);
    case "parameter":
      return `CAST($${printing.numberOf(expression.value)} AS ${parameterType(expression.value)})`;
    case "integer":
      return `(${expression.value})`;
    case "constant":
      return expression.value;
    case "call":
      return printCall(expression, printing);
    case "infix":
      assert(infixes.has(expression.operator), "an operator of the table");
      return `(${print(expression.left)} ${expression.operator} ${print(expression.right)})`;
    case "not":
      return `(NOT ${print(expression.of)})`;
    case "cast":
      assert(types.has(expression.to), "a type of the table");
      return `${expression.try ? "TRY_CAST" : "CAST"}(${print(expression.of)} AS ${expression.to})`;
    case "case": {
      const whens = expression.whens.map(
        ({ when, gives }) => `WHEN ${print(when)} THEN ${print(gives)}`,
      );
      return `(CASE ${whens.join(" ")} ELSE ${print(expression.otherwise)} END)`;
    }
    case "isNull":
      return `(${print(expression.of)} IS NULL)`;
    case "in":
      return `(${print(expression.of)} IN (${expression.values.map(print).join(", ")}))`;
    case "struct": {
      const fields = expression.fields.map(
        ({ name, of }) => `${quoteIdentifier(name)} := ${print(of)}`,
      );
      return `struct_pack(${fields.join(", ")})`;
    }
    case "field":
      return `(${print(expression.of)}).${quoteIdentifier(expression.name)}`;
    default:
      return assertNever(expression);
  }
}

function printCall(
  { name, arguments: args, distinct, filter }: Extract<SqlExpression, { kind: "call" }>,
  printing: Printing,
): string {
  assert(functions.has(name), "a function of the table");
  const list = args.map((argument) => printExpression(argument, printing)).join(", ");
  const counted = `${name}(${distinct === true ? "DISTINCT " : ""}${list})`;
  return filter === undefined
    ? counted
    : `${counted} FILTER (WHERE ${printExpression(filter, printing)})`;
}

const parameterType = (value: SqlParameter): string =>
  sqlTypeOf[value.type === "null" ? value.of : value.type];
