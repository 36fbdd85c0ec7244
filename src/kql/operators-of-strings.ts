/** KQL's string operators: `has`, `contains`, `startswith`, `in~` and their kin. @see learn.microsoft.com/kusto/query/datatypes-string-operators */
import { call, infix, text } from "./sql.ts";
import type { SqlExpression, SqlFunction } from "./sql.ts";

type StringOperator = (
  left: SqlExpression,
  right: SqlExpression,
  literal?: string,
) => SqlExpression;

const lower = (of: SqlExpression): SqlExpression => call("lower", of);

/** A literal is sought by a pattern: DuckDB folds no case of its rows for that. */
const sought =
  (before: string, after: string, name: SqlFunction): StringOperator =>
  (left, right, literal) =>
    literal === undefined
      ? call(name, lower(left), lower(right))
      : call("regexp_matches", left, text(`(?i)${before}${escaped(literal)}${after}`));

const plain =
  (name: SqlFunction): StringOperator =>
  (left, right) =>
    call(name, left, right);
type Edges = "both" | "start" | "end";

/** A term ends at anything that is no letter and no digit. */
const NO_TERM = "[^\\pL\\pN]";

/**
 * A whole term, or a term's start or end. The plain search before the pattern is what makes it quick; where the sought
 * text itself begins or ends beside a term, that side needs no edge.
 */
const term =
  (edges: Edges, cased: boolean): StringOperator =>
  (left, right, literal) => {
    const found = (cased ? plain("contains") : sought("", "", "contains"))(left, right, literal);
    const open = edges !== "end" && !/^[^\p{L}\p{N}]/u.test(literal ?? "a");
    const shut = edges !== "start" && !/[^\p{L}\p{N}]$/u.test(literal ?? "a");
    if (literal === "" || (!open && !shut)) return found;
    const before = `${cased ? "" : "(?i)"}${open ? `(?:^|${NO_TERM})` : ""}`;
    const after = shut ? `(?:$|${NO_TERM})` : "";
    const pattern =
      literal === undefined
        ? call("concat", text(before), call("regexp_escape", right), text(after))
        : text(`${before}${escaped(literal)}${after}`);
    return infix(found, "AND", call("regexp_matches", left, pattern));
  };

/** A text as a pattern of RE2 that matches it and nothing else. */
const escaped = (literal: string): string =>
  literal.replace(/[^\p{L}\p{N}_]/gu, (each) => `\\x{${(each.codePointAt(0) ?? 0).toString(16)}}`);

const positive: ReadonlyMap<string, StringOperator> = new Map<string, StringOperator>([
  ["EqualTildeExpression", (left, right) => infix(lower(left), "=", lower(right))],
  ["ContainsExpression", sought("", "", "contains")],
  ["ContainsCsExpression", plain("contains")],
  ["StartsWithExpression", sought("^", "", "starts_with")],
  ["StartsWithCsExpression", plain("starts_with")],
  ["EndsWithExpression", sought("", "$", "ends_with")],
  ["EndsWithCsExpression", plain("ends_with")],
  ["HasExpression", term("both", false)],
  ["HasCsExpression", term("both", true)],
  ["HasPrefixExpression", term("start", false)],
  ["HasPrefixCsExpression", term("start", true)],
  ["HasSuffixExpression", term("end", false)],
  ["HasSuffixCsExpression", term("end", true)],
]);

/** Characters that JSON's text has as they are, wherever they stand in it. */
const PLAIN = /^[\w.\- ]+$/;

/**
 * What must hold of a dynamic value's JSON text for the operator to hold of the value: it is quick to ask. Undefined where
 * nothing is known, as of `=~`, or of text that JSON may write in another way.
 */
export function rawCondition(
  kind: string,
  raw: SqlExpression,
  literal: string,
): SqlExpression | undefined {
  if (kind.includes("Tilde") || !PLAIN.test(literal)) return undefined;
  return call("regexp_matches", raw, text(`(?i)${escaped(literal)}|\\\\u`));
}

export interface FoundOperator {
  readonly negated: boolean;
  readonly apply: StringOperator;
}

/** The string operator of a node's kind, or undefined. */
export function stringOperator(kind: string): FoundOperator | undefined {
  const negated = kind.startsWith("Not") || kind === "BangTildeExpression";
  const name = kind === "BangTildeExpression" ? "EqualTildeExpression" : kind.replace(/^Not/, "");
  const apply = positive.get(name);
  return apply === undefined ? undefined : { negated, apply };
}
