/** Conversions, choices and questions about a value. @see learn.microsoft.com/kusto/query/scalar-functions */
import { isScalarType } from "./kusto-node.ts";
import { widened } from "./comparisons.ts";
import { mistaken, unsupported } from "./refused.ts";
import type { CallSite, ScalarFunction } from "./scalar-function.ts";
import { call, not, text, when } from "./sql.ts";
import type { SqlExpression } from "./sql.ts";
import { convert, isEmptyValue, isNullValue, toDynamic, typed, valueOf } from "./typed.ts";
import type { Typed } from "./typed.ts";
import type { LogColumnType } from "../core/index.ts";

const first = (args: readonly Typed[]): Typed => args[0] ?? typed("string", text(""));

/** From what each conversion can be; any type can be text or dynamic. */
const sources: Readonly<Partial<Record<LogColumnType, readonly LogColumnType[]>>> = {
  bool: ["bool", "int", "long", "real", "string", "dynamic"],
  datetime: ["datetime", "int", "long", "string", "dynamic"],
  guid: ["guid", "string", "dynamic"],
  int: ["bool", "int", "long", "real", "decimal", "string", "dynamic", "datetime", "timespan"],
  long: ["bool", "int", "long", "real", "decimal", "string", "dynamic", "datetime", "timespan"],
  real: ["bool", "int", "long", "real", "decimal", "string", "dynamic", "timespan"],
  timespan: ["timespan", "string", "dynamic"],
};

const converting = (to: LogColumnType): ScalarFunction => ({
  takes: ["any"],
  apply(args, site) {
    const of = first(args);
    if (sources[to]?.includes(of.type) !== true) {
      unsupported(site.place, `${site.name}() of a ${of.type}`);
    }
    return typed(to, convert(of, to));
  },
});

const toString: ScalarFunction = {
  takes: ["any"],
  apply(args) {
    const { raw } = first(args);
    const sql = convert(first(args), "string");
    return { type: "string", sql, ...(raw === undefined ? {} : { raw }) };
  },
};

const asking = (ask: (of: Typed) => SqlExpression): ScalarFunction => ({
  takes: ["any"],
  apply: (args) => typed("bool", ask(first(args))),
});

/** The type that all results of a choice have. */
function chosenType(results: readonly Typed[], site: CallSite): LogColumnType {
  if (isScalarType(site.gives)) return site.gives;
  return mistaken(
    site.place,
    `The results of ${site.name}() have types ${results.map(({ type }) => type).join(", ")}, which have none in common.`,
  );
}

const iff: ScalarFunction = {
  takes: ["bool", "any", "any"],
  apply: ([condition, ...results], site) => choose([[condition]], results, site),
};

const caseOf: ScalarFunction = {
  takes: ["bool", "any", "any"],
  rest: "any",
  apply(args, site) {
    if (args.length % 2 === 0) mistaken(site.place, "case() takes pairs and one last value.");
    const conditions = args.filter((_, index) => index % 2 === 0).slice(0, -1);
    const results = args.filter((_, index) => index % 2 === 1 || index === args.length - 1);
    return choose(
      conditions.map((each) => [each]),
      results,
      site,
    );
  },
};

/** `CASE WHEN condition THEN result … ELSE last`; a null condition is a false one. */
function choose(
  conditions: readonly (readonly (Typed | undefined)[])[],
  results: readonly Typed[],
  site: CallSite,
): Typed {
  const type = chosenType(results, site);
  const values = results.map((each) =>
    type === "dynamic" ? toDynamic(each) : widened(each, type, site.place, `${site.name}()`),
  );
  const whens = conditions.map(([condition], index) => {
    if (condition?.type !== "bool") {
      return mistaken(site.place, `${site.name}() takes a condition of type bool.`);
    }
    return { when: condition.sql, gives: values[index] ?? text("") };
  });
  return typed(type, { kind: "case", whens, otherwise: values.at(-1) ?? text("") });
}

const coalesce: ScalarFunction = {
  takes: ["any", "any"],
  rest: "any",
  apply(args, site) {
    const type = chosenType(args, site);
    const values = args.map((each) => widened(each, type, site.place, "coalesce()"));
    if (type !== "string") return typed(type, call("coalesce", ...values));
    // An empty string counts as none: strings have no null.
    const found = values.map((value) => when(not(isEmptyValue(typed("string", value))), value));
    return typed(type, call("coalesce", ...found, text("")));
  },
};

const not1: ScalarFunction = {
  takes: ["bool"],
  apply: (args) => typed("bool", not(first(args).sql)),
};

const typeNames: ScalarFunction = {
  takes: ["any"],
  apply(args) {
    const of = first(args);
    if (of.type !== "dynamic") return typed("string", text(of.type));
    const kinds: readonly (readonly [string, string])[] = [
      ["VARCHAR", "string"],
      ["BIGINT", "long"],
      ["UBIGINT", "long"],
      ["DOUBLE", "double"],
      ["BOOLEAN", "bool"],
      ["ARRAY", "array"],
      ["OBJECT", "dictionary"],
    ];
    return typed("string", {
      kind: "case",
      whens: kinds.map(([json, name]) => ({
        when: { kind: "in", of: call("json_type", of.sql), values: [text(json)] },
        gives: text(name),
      })),
      otherwise: text("null"),
    });
  },
};

const parseJson: ScalarFunction = {
  takes: ["any"],
  apply(args) {
    const of = first(args);
    if (of.type !== "string") return typed("dynamic", convert(of, "dynamic"));
    const value = valueOf(of);
    const parsed: SqlExpression = { kind: "cast", of: value, to: "JSON", try: true };
    // What is no JSON stays as the text that it is.
    return typed(
      "dynamic",
      when(
        not(isEmptyValue(typed("string", value))),
        call("coalesce", parsed, call("to_json", value)),
      ),
    );
  },
};

export const functionsOfTypes: readonly (readonly [string, ScalarFunction])[] = [
  ["tostring", toString],
  ["toint", converting("int")],
  ["tolong", converting("long")],
  ["todouble", converting("real")],
  ["toreal", converting("real")],
  ["tobool", converting("bool")],
  ["toboolean", converting("bool")],
  ["todatetime", converting("datetime")],
  ["totimespan", converting("timespan")],
  ["toguid", converting("guid")],
  ["todynamic", parseJson],
  ["parse_json", parseJson],
  ["toobject", parseJson],
  ["isnull", asking(isNullValue)],
  ["isnotnull", asking((of) => not(isNullValue(of)))],
  ["isempty", asking(isEmptyValue)],
  ["isnotempty", asking((of) => not(isEmptyValue(of)))],
  ["notempty", asking((of) => not(isEmptyValue(of)))],
  ["notnull", asking((of) => not(isNullValue(of)))],
  ["iff", iff],
  ["iif", iff],
  ["case", caseOf],
  ["coalesce", coalesce],
  ["not", not1],
  ["gettype", typeNames],
];
