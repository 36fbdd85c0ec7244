/** Functions of strings. @see learn.microsoft.com/kusto/query/scalar-functions, "String functions" */
import { RE2JS } from "re2js";
import { mistaken } from "./refused.ts";
import { literalText, plainFunction } from "./scalar-function.ts";
import type { CallSite, ScalarFunction } from "./scalar-function.ts";
import { call, cast, elementPath, infix, integer, isNull, text, tryCast, when } from "./sql.ts";
import type { SqlExpression } from "./sql.ts";
import { convert, toText, typed, valueOf } from "./typed.ts";
import type { Typed } from "./typed.ts";

const none = text("");
const sqlOf = (args: readonly Typed[], index: number): SqlExpression => {
  const found = args[index];
  return found === undefined ? none : valueOf(found);
};

/** A pattern that RE2 takes. @throws KqlRefused for one that it does not */
export function checkedPattern(pattern: string, site: CallSite, index: number): string {
  try {
    RE2JS.compile(pattern);
  } catch (error) {
    const says = error instanceof Error ? error.message : "unreadable";
    mistaken(
      site.places[index] ?? site.place,
      `'${pattern}' is not a regular expression: ${says}.`,
    );
  }
  return pattern;
}

const strcat: ScalarFunction = {
  takes: ["any"],
  rest: "any",
  apply: (args) => typed("string", call("concat", none, ...args.map(toText))),
};

const strcatDelimited: ScalarFunction = {
  takes: ["string", "any"],
  rest: "any",
  apply([delimiter, ...args]) {
    const between = delimiter === undefined ? none : valueOf(delimiter);
    const parts = args.flatMap((each, index) =>
      index === 0 ? [toText(each)] : [between, toText(each)],
    );
    return typed("string", call("concat", none, ...parts));
  },
};

const substring: ScalarFunction = {
  takes: ["string", "long", "long"],
  optional: 1,
  apply(args) {
    const [of, start] = [sqlOf(args, 0), sqlOf(args, 1)];
    const fromEnd = call(
      "greatest",
      call("try", infix(call("length", of), "+", start)),
      integer(0),
    );
    const at = when(infix(start, "<", integer(0)), fromEnd, start);
    const from = call("try", infix(at, "+", integer(1)));
    if (args.length < 3) return typed("string", call("coalesce", call("substr", of, from), none));
    const length = call("greatest", sqlOf(args, 2), integer(0));
    return typed("string", call("coalesce", call("substr", of, from, length), none));
  },
};

/** `trim(regex, text)`, at the start, the end, or both. */
const trimming = (sides: "start" | "end" | "both"): ScalarFunction => ({
  takes: ["string", "string"],
  apply(args, site) {
    const pattern = checkedPattern(literalText(args, 0, site), site, 0);
    let of = sqlOf(args, 1);
    if (sides !== "end") of = call("regexp_replace", of, text(`^(?:${pattern})+`), none);
    if (sides !== "start") of = call("regexp_replace", of, text(`(?:${pattern})+$`), none);
    return typed("string", of);
  },
});

const split: ScalarFunction = {
  takes: ["string", "string", "long"],
  optional: 1,
  apply(args) {
    const parts = call("to_json", call("string_split", sqlOf(args, 0), sqlOf(args, 1)));
    if (args.length < 3) return typed("dynamic", parts);
    const one = call("json_extract", parts, elementPath(sqlOf(args, 2)));
    const wrapped = call("concat", text("["), cast(one, "VARCHAR"), text("]"));
    return typed(
      "dynamic",
      when(isNull(one), tryCast(text("[]"), "JSON"), tryCast(wrapped, "JSON")),
    );
  },
};

const replaceRegex: ScalarFunction = {
  takes: ["string", "string", "string"],
  apply(args, site) {
    const pattern = text(checkedPattern(literalText(args, 1, site), site, 1));
    return typed(
      "string",
      call("regexp_replace", sqlOf(args, 0), pattern, sqlOf(args, 2), text("g")),
    );
  },
};

const extract: ScalarFunction = {
  takes: ["string", "long", "string", "any"],
  optional: 1,
  apply(args, site) {
    if (args.length > 3)
      mistaken(site.place, "extract() takes three arguments here; convert its result.");
    const pattern = checkedPattern(literalText(args, 0, site), site, 0);
    const group = args[1]?.sql;
    const groups = RE2JS.compile(pattern).groupCount();
    const number =
      group?.kind === "parameter" && group.value.type === "long" ? group.value.value : -1n;
    if (number < 0n || number > BigInt(groups)) {
      mistaken(
        site.places[1] ?? site.place,
        `The pattern has ${groups} capture groups; name one of them, or 0.`,
      );
    }
    const found = call("regexp_extract", sqlOf(args, 2), text(pattern), integer(number));
    return typed("string", call("coalesce", found, none));
  },
};

const contains: ScalarFunction = {
  takes: ["string", "string"],
  apply: (args) =>
    typed("long", infix(call("strpos", sqlOf(args, 0), sqlOf(args, 1)), "-", integer(1))),
};

export const functionsOfText: readonly (readonly [string, ScalarFunction])[] = [
  ["strcat", strcat],
  ["strcat_delim", strcatDelimited],
  ["strlen", plainFunction(["string"], "long", (of) => call("length", of ?? none))],
  ["substring", substring],
  ["tolower", plainFunction(["string"], "string", (of) => call("lower", of ?? none))],
  ["toupper", plainFunction(["string"], "string", (of) => call("upper", of ?? none))],
  [
    "reverse",
    {
      takes: ["any"],
      apply: (args) =>
        typed("string", call("reverse", convert(args[0] ?? typed("string", none), "string"))),
    },
  ],
  ["trim", trimming("both")],
  ["trim_start", trimming("start")],
  ["trim_end", trimming("end")],
  ["split", split],
  ["indexof", contains],
  [
    "replace_string",
    plainFunction(["string", "string", "string"], "string", (of, from, to) =>
      call("replace", of ?? none, from ?? none, to ?? none),
    ),
  ],
  ["replace_regex", replaceRegex],
  ["extract", extract],
  ["url_encode", plainFunction(["string"], "string", (of) => call("url_encode", of ?? none))],
  [
    "url_decode",
    plainFunction(["string"], "string", (of) =>
      call("coalesce", call("try", call("url_decode", of ?? none)), none),
    ),
  ],
];
