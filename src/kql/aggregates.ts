/** Aggregates: KQL's name → the DuckDB aggregate over a stage. @see learn.microsoft.com/kusto/query/aggregation-functions */
import type { LogColumnType } from "../core/index.ts";
import { mistaken, unsupported } from "./refused.ts";
import type { Place } from "./refused.ts";
import { call, cast, infix, integer, not, text, tryCast, when } from "./sql.ts";
import type { SqlExpression, SqlFunction } from "./sql.ts";
import { isNullValue, isNumber, isWhole, toDynamic, typed, valueOf, wrapped } from "./typed.ts";
import type { Typed } from "./typed.ts";

export interface Aggregate {
  /** How many arguments it takes at most, without the condition of the `…if` forms. */
  readonly takes: number;
  /** Its last argument is a condition. */
  readonly conditional: boolean;
  readonly apply: (args: readonly Typed[], site: AggregateSite) => Typed;
}

export interface AggregateSite {
  readonly name: string;
  readonly place: Place;
  /** The condition, for the `…if` forms. */
  readonly filter?: SqlExpression | undefined;
}

const first = (args: readonly Typed[], site: AggregateSite): Typed =>
  args[0] ?? mistaken(site.place, `${site.name}() takes an argument.`);

const filtered = (
  name: SqlFunction,
  args: readonly SqlExpression[],
  { filter }: AggregateSite,
  distinct = false,
): SqlExpression => ({
  ...call(name, ...args),
  ...(distinct ? { distinct } : {}),
  ...(filter === undefined ? {} : { filter }),
});

const count = (_args: readonly Typed[], site: AggregateSite): Typed =>
  typed("long", filtered("count_star", [], site));

/** Exact, where Kusto's is an estimate. A null counts for nothing. */
const dcount = (args: readonly Typed[], site: AggregateSite): Typed =>
  typed("long", filtered("count", [comparable(first(args, site))], site, true));

/** A dynamic value is told apart by its JSON text. */
const comparable = (of: Typed): SqlExpression =>
  of.type === "dynamic" ? cast(of.sql, "VARCHAR") : valueOf(of);

/** Nothing adds up to 0. @see learn.microsoft.com/kusto/query/summarize-operator, "Aggregates default values" */
const sum = (args: readonly Typed[], site: AggregateSite): Typed => {
  const of = numeric(first(args, site), site);
  const total = filtered("sum", [of.sql], site);
  if (of.type === "real") return typed("real", call("coalesce", total, cast(integer(0), "DOUBLE")));
  return typed(
    of.type === "timespan" ? "timespan" : "long",
    call("coalesce", wrapped(total), integer(0)),
  );
};

const avg = (args: readonly Typed[], site: AggregateSite): Typed => {
  const of = first(args, site);
  if (of.type === "datetime") {
    const mean = filtered("avg", [call("epoch_us", of.sql)], site);
    return typed("datetime", call("make_timestamp", tryCast(call("trunc", mean), "BIGINT")));
  }
  const value = numeric(of, site);
  const mean = filtered("avg", [value.sql], site);
  if (value.type === "timespan") return typed("timespan", tryCast(call("trunc", mean), "BIGINT"));
  return typed("real", mean);
};

/** A number or a timespan; whole numbers as they are, for DuckDB adds them in 128 bits. */
function numeric(of: Typed, site: AggregateSite): Typed {
  if (of.type === "real" || of.type === "timespan" || isWhole(of.type)) return of;
  if (of.type === "decimal")
    unsupported(site.place, `${site.name}() of a decimal`, "convert it with todouble()");
  return mistaken(site.place, `${site.name}() takes a number, not a value of type ${of.type}.`);
}

const extreme =
  (name: "min" | "max") =>
  (args: readonly Typed[], site: AggregateSite): Typed => {
    const of = first(args, site);
    if (of.type === "dynamic") {
      mistaken(
        site.place,
        `${site.name}() takes no dynamic value; convert it, as with todouble().`,
      );
    }
    return typed(of.type, nonNullText(of.type, filtered(name, [valueOf(of)], site)));
  };

/** An aggregate over no rows is null, but a string has no null. */
const nonNullText = (type: LogColumnType, of: SqlExpression): SqlExpression =>
  type === "string" ? call("coalesce", of, text("")) : of;

/** DuckDB has no spread of infinities: they are left out. */
const finite = (of: SqlExpression): SqlExpression => when(call("isfinite", of), of);

const spread =
  (name: "stddev_samp" | "var_samp") =>
  (args: readonly Typed[], site: AggregateSite): Typed => {
    const of = numeric(first(args, site), site);
    const value = call(
      "coalesce",
      filtered(name, [finite(cast(of.sql, "DOUBLE"))], site),
      cast(integer(0), "DOUBLE"),
    );
    return typed("real", value);
  };

/** Exact, where Kusto's is an estimate: the value at that rank. */
const percentile = (args: readonly Typed[], site: AggregateSite): Typed => {
  const of = first(args, site);
  const rank = args[1]?.sql;
  if (!isNumber(of.type) && of.type !== "datetime" && of.type !== "timespan") {
    mistaken(
      site.place,
      `${site.name}() takes a number, a datetime or a timespan, not a ${of.type}.`,
    );
  }
  const written = rank?.kind === "parameter" ? rank.value : undefined;
  const percent =
    written?.type === "long"
      ? Number(written.value)
      : written?.type === "real"
        ? written.value
        : NaN;
  if (!(percent >= 0 && percent <= 100)) {
    mistaken(site.place, `${site.name}() takes a percentile from 0 to 100, written as a number.`);
  }
  const fraction = cast(
    { kind: "parameter", value: { type: "real", value: percent / 100 } },
    "DOUBLE",
  );
  return typed(of.type, filtered("quantile_disc", [of.sql, fraction], site));
};

const any = (args: readonly Typed[], site: AggregateSite): Typed => {
  const of = first(args, site);
  return typed(of.type, nonNullText(of.type, filtered("any_value", [valueOf(of)], site)));
};

/** The values as an array, without nulls; an empty one for no rows. */
const gathered =
  (distinct: boolean) =>
  (args: readonly Typed[], site: AggregateSite): Typed => {
    const of = first(args, site);
    const there = not(isNullValue(of));
    const filter = site.filter === undefined ? there : infix(site.filter, "AND", there);
    const value = toDynamic(of);
    const list = filtered("list", [value], { ...site, filter }, distinct);
    const none = cast(text("[]"), "JSON");
    return typed("dynamic", call("coalesce", call("to_json", list), none));
  };

const plain = (takes: number, apply: Aggregate["apply"]): Aggregate => ({
  takes,
  conditional: false,
  apply,
});
const conditional = (takes: number, apply: Aggregate["apply"]): Aggregate => ({
  takes,
  conditional: true,
  apply,
});

/** Every aggregate that gives one column, by its name. `arg_max` and `arg_min` stand in `summarize.ts`: they give several. */
export const aggregates: ReadonlyMap<string, Aggregate> = new Map([
  ["count", plain(0, count)],
  ["countif", conditional(0, count)],
  // A second argument is how good the estimate is; here it is exact.
  ["dcount", plain(2, dcount)],
  ["dcountif", conditional(2, dcount)],
  ["count_distinct", plain(1, dcount)],
  ["sum", plain(1, sum)],
  ["sumif", conditional(1, sum)],
  ["avg", plain(1, avg)],
  ["avgif", conditional(1, avg)],
  ["min", plain(1, extreme("min"))],
  ["minif", conditional(1, extreme("min"))],
  ["max", plain(1, extreme("max"))],
  ["maxif", conditional(1, extreme("max"))],
  ["stdev", plain(1, spread("stddev_samp"))],
  ["variance", plain(1, spread("var_samp"))],
  ["percentile", plain(2, percentile)],
  ["take_any", plain(1, any)],
  ["any", plain(1, any)],
  ["make_list", plain(1, gathered(false))],
  ["make_set", plain(1, gathered(true))],
  ["makelist", plain(1, gathered(false))],
  ["makeset", plain(1, gathered(true))],
]);
