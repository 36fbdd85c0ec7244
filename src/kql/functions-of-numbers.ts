/** Functions of numbers and of dynamic values. @see learn.microsoft.com/kusto/query/scalar-functions */
import { isWhole, toDynamic, typed, wrapped } from "./typed.ts";
import type { Typed } from "./typed.ts";
import { mistaken } from "./refused.ts";
import { plainFunction } from "./scalar-function.ts";
import type { CallSite, ScalarFunction } from "./scalar-function.ts";
import { call, cast, infix, integer, sqlNull, text, when } from "./sql.ts";
import type { SqlExpression, SqlFunction } from "./sql.ts";
import { widened } from "./comparisons.ts";
import { isScalarType } from "./kusto-node.ts";

const at = (args: readonly Typed[], index: number): Typed => args[index] ?? typed("long", sqlNull);
const real = (of: Typed): SqlExpression => cast(of.sql, "DOUBLE");

/** A function of one real; null outside its domain, where DuckDB has an error. */
const ofReal = (name: SqlFunction): ScalarFunction => ({
  takes: ["number"],
  apply: (args) => typed("real", call("try", call(name, real(at(args, 0))))),
});

const abs: ScalarFunction = {
  takes: ["any"],
  apply(args, site) {
    const of = at(args, 0);
    if (of.type === "timespan") return typed("timespan", call("try", call("abs", of.sql)));
    if (of.type === "real") return typed("real", call("abs", of.sql));
    if (isWhole(of.type)) return typed("long", wrapped(call("abs", cast(of.sql, "HUGEINT"))));
    return mistaken(site.place, `abs() takes a number, not a value of type ${of.type}.`);
  },
};

const round: ScalarFunction = {
  takes: ["number", "long"],
  optional: 1,
  apply(args) {
    const digits =
      args.length > 1
        ? cast(
            call("least", call("greatest", at(args, 1).sql, integer(-15)), integer(15)),
            "INTEGER",
          )
        : integer(0);
    return typed("real", call("round", real(at(args, 0)), digits));
  },
};

const sign: ScalarFunction = {
  takes: ["number"],
  apply: (args) => typed("long", cast(call("sign", real(at(args, 0))), "BIGINT")),
};

const pow: ScalarFunction = {
  takes: ["number", "number"],
  apply: (args) => typed("real", call("try", call("pow", real(at(args, 0)), real(at(args, 1))))),
};

const powerOf = (base: number): ScalarFunction => ({
  takes: ["number"],
  apply: (args) => typed("real", call("try", call("pow", integer(base), real(at(args, 0))))),
});

/** `min_of` and `max_of`: nulls are passed over. */
const extreme = (name: "least" | "greatest"): ScalarFunction => ({
  takes: ["any", "any"],
  rest: "any",
  apply(args, site) {
    const type = isScalarType(site.gives) ? site.gives : at(args, 0).type;
    const values = args.map((each) => widened(each, type, site.place, `${site.name}()`));
    return typed(type, call(name, ...values));
  },
});

const special = (name: "isnan" | "isinf" | "isfinite"): ScalarFunction => ({
  takes: ["number"],
  apply: (args) => typed("bool", call(name, real(at(args, 0)))),
});

const isArray = (of: SqlExpression): SqlExpression =>
  infix(call("json_type", of), "=", text("ARRAY"));
const isObject = (of: SqlExpression): SqlExpression =>
  infix(call("json_type", of), "=", text("OBJECT"));

const arrayLength = plainFunction(["dynamic"], "long", (of = sqlNull) =>
  when(isArray(of), cast(call("json_array_length", of), "BIGINT")),
);

const bagKeys = plainFunction(["dynamic"], "dynamic", (of = sqlNull) =>
  when(isObject(of), call("to_json", call("json_keys", of))),
);

/** `bag_pack(name, value, …)`: an object. */
const bagPack: ScalarFunction = {
  takes: [],
  rest: "any",
  apply(args, site: CallSite) {
    if (args.length === 0 || args.length % 2 === 1) {
      mistaken(site.place, `${site.name}() takes pairs of a name and a value.`);
    }
    const fields = args.map((each, index) =>
      index % 2 === 0 ? widened(each, "string", site.place, `${site.name}()`) : toDynamic(each),
    );
    return typed("dynamic", cast(call("json_object", ...fields), "JSON"));
  },
};

const packArray: ScalarFunction = {
  takes: [],
  rest: "any",
  apply: (args) =>
    typed("dynamic", cast(call("json_array", ...args.map((each) => toDynamic(each))), "JSON")),
};

export const functionsOfNumbers: readonly (readonly [string, ScalarFunction])[] = [
  ["abs", abs],
  ["round", round],
  ["sign", sign],
  ["pow", pow],
  [
    "ceiling",
    { takes: ["number"], apply: (args) => typed("real", call("ceil", real(at(args, 0)))) },
  ],
  ["sqrt", ofReal("sqrt")],
  ["exp", ofReal("exp")],
  ["exp2", powerOf(2)],
  ["exp10", powerOf(10)],
  ["log", ofReal("ln")],
  ["log2", ofReal("log2")],
  ["log10", ofReal("log10")],
  ["min_of", extreme("least")],
  ["max_of", extreme("greatest")],
  ["isnan", special("isnan")],
  ["isinf", special("isinf")],
  ["isfinite", special("isfinite")],
  ["array_length", arrayLength],
  ["bag_keys", bagKeys],
  ["bag_pack", bagPack],
  ["pack", bagPack],
  ["pack_array", packArray],
];
