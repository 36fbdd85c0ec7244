/** Functions of strings. @see learn.microsoft.com/kusto/query/scalar-functions, "String functions" */
import { RE2JS } from "re2js";
import { mistaken, unsupported } from "./refused.ts";
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
  // The engine's RE2 is older than the spelling that re2js takes.
  if (/\(\?<[A-Za-z_]/.test(pattern)) {
    unsupported(site.places[index] ?? site.place, "A group named (?<name>…)", "write (?P<name>…)");
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
    const length = call(
      "least",
      call("greatest", sqlOf(args, 2), integer(0)),
      integer(0x7fff_ffff),
    );
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
    if (args.length > 3) {
      unsupported(site.place, "extract() with a type", "convert its result");
    }
    const pattern = checkedPattern(literalText(args, 0, site), site, 0);
    const group = args[1]?.sql ?? integer(0);
    const groups = RE2JS.compile(pattern).groupCount();
    const number =
      group.kind === "parameter" && group.value.type === "long" ? group.value.value : -1n;
    if (number < 0n || number > BigInt(groups)) {
      mistaken(
        site.places[1] ?? site.place,
        `The pattern has ${groups} capture groups; name one of them, or 0.`,
      );
    }
    const found = call("regexp_extract", sqlOf(args, 2), text(pattern), cast(group, "INTEGER"));
    return typed("string", call("coalesce", found, none));
  },
};

/** `replace(regex, rewrite, text)`: the older order of `replace_regex`. */
const replace: ScalarFunction = {
  takes: ["string", "string", "string"],
  apply(args, site) {
    const pattern = text(checkedPattern(literalText(args, 0, site), site, 0));
    return typed(
      "string",
      call("regexp_replace", sqlOf(args, 2), pattern, sqlOf(args, 1), text("g")),
    );
  },
};

/** How often a text stands in another, without overlaps. */
const countOf: ScalarFunction = {
  takes: ["string", "string"],
  apply(args) {
    const [of, sought] = [sqlOf(args, 0), sqlOf(args, 1)];
    const cut = infix(call("length", of), "-", call("length", call("replace", of, sought, none)));
    const size = call("length", sought);
    return typed("long", when(infix(size, ">", integer(0)), infix(cut, "//", size)));
  },
};

/** A path of names and indexes: what DuckDB's JSON paths and KQL's have in common. */
const JSON_PATH = /^\$(?:\.[A-Za-z_][\w-]*|\['[^'\]\\]+'\]|\[\d{1,9}\])*$/;

const extractJson: ScalarFunction = {
  takes: ["string", "any"],
  apply(args, site) {
    const path = literalText(args, 0, site);
    if (!JSON_PATH.test(path)) {
      unsupported(
        site.places[0] ?? site.place,
        `The path '${path.slice(0, 60)}'`,
        "write $.name[0]",
      );
    }
    const [, of] = args;
    const json = of?.type === "dynamic" ? valueOf(of) : tryCast(sqlOf(args, 1), "JSON");
    const written = path.replaceAll(/\['([^']+)'\]/g, '."$1"');
    return typed(
      "string",
      call("coalesce", call("json_extract_string", json, text(written)), none),
    );
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
  ["replace", replace],
  ["countof", countOf],
  ["extractjson", extractJson],
  ["extract_json", extractJson],
  ["hash_sha256", plainFunction(["string"], "string", (of) => call("sha256", of ?? none))],
  [
    "base64_encode_tostring",
    plainFunction(["string"], "string", (of) => call("to_base64", call("encode", of ?? none))),
  ],
  [
    "base64_decode_tostring",
    plainFunction(["string"], "string", (of) =>
      call("coalesce", call("try", call("decode", call("from_base64", of ?? none))), none),
    ),
  ],
  ["extract", extract],
  ["url_encode", plainFunction(["string"], "string", (of) => call("url_encode", of ?? none))],
  [
    "url_decode",
    plainFunction(["string"], "string", (of) =>
      call("coalesce", call("try", call("url_decode", of ?? none)), none),
    ),
  ],
];
