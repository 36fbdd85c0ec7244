/** Vector selectors: a metric's name, and label matchers inside braces. */
import { RE2JS } from "re2js";
import { messageOf } from "../../core/index.ts";
import type { Matcher, MatchKind } from "../../core/index.ts";
import type { VectorSelector } from "./ast.ts";
import { lastEnd, need, peek, SyntaxProblem, take, takeIf, unexpected } from "./cursor.ts";
import type { Cursor } from "./cursor.ts";
import { isValidName, quote, unquote } from "./strings.ts";
import type { Token } from "./tokens.ts";

const CONTEXT = "label matching";
const matchKinds: readonly string[] = ["=", "!=", "=~", "!~"] satisfies readonly MatchKind[];

/** A selector that begins with its metric's name. The caller has seen that the next token can name one. */
export function parseNamedSelector(cursor: Cursor): VectorSelector {
  const name = take(cursor);
  const matchers = peek(cursor).kind === "{" ? parseBraces(cursor) : [];
  const nameMatcher: Matcher = { name: "__name__", kind: "=", value: name.text };
  return {
    kind: "vectorSelector",
    name: name.text,
    matchers: [...matchers, nameMatcher],
    offset: undefined,
    at: undefined,
    extended: undefined,
    span: { start: name.start, end: lastEnd(cursor) },
  };
}

/** A selector that is only braces: `{__name__=~"a|b"}`, `{"utf8.name", job="x"}`. */
export function parseBareSelector(cursor: Cursor): VectorSelector {
  const { start } = peek(cursor);
  const matchers = parseBraces(cursor);
  return {
    kind: "vectorSelector",
    name: undefined,
    matchers,
    offset: undefined,
    at: undefined,
    extended: undefined,
    span: { start, end: lastEnd(cursor) },
  };
}

function parseBraces(cursor: Cursor): readonly Matcher[] {
  need(cursor, "{");
  const matchers: Matcher[] = [];
  while (takeIf(cursor, "}") === undefined) {
    matchers.push(parseMatcher(cursor));
    if (takeIf(cursor, ",") !== undefined) continue;
    need(cursor, "}", { context: CONTEXT, expected: '"," or "}"' });
    break;
  }
  return matchers;
}

function parseMatcher(cursor: Cursor): Matcher {
  const label = takeIf(cursor, "identifier") ?? takeIf(cursor, "string");
  if (label === undefined) {
    return unexpected(cursor, { context: CONTEXT, expected: 'identifier or "}"' });
  }
  const name = label.kind === "string" ? unquote(label.text) : label.text;
  if (!matchKinds.includes(peek(cursor).kind)) {
    if (label.kind === "string") return metricNameMatcher(name, label);
    return unexpected(cursor, { context: CONTEXT, expected: "label matching operator" });
  }
  const kind = take(cursor).kind as MatchKind;
  const value = need(cursor, "string", { context: CONTEXT, expected: "string" });
  if (!isValidName(name)) throw new SyntaxProblem(`invalid label name ${quote(name)}`, label);
  return checkedMatcher({ name, kind, value: unquote(value.text) }, label, value);
}

function metricNameMatcher(name: string, token: Token): Matcher {
  if (!isValidName(name)) throw new SyntaxProblem(`invalid metric name ${quote(name)}`, token);
  return { name: "__name__", kind: "=", value: name };
}

function checkedMatcher(matcher: Matcher, label: Token, value: Token): Matcher {
  if (matcher.kind === "=" || matcher.kind === "!=") return matcher;
  try {
    RE2JS.compile(matcher.value);
  } catch (error) {
    throw new SyntaxProblem(messageOf(error), { start: label.start, end: value.end });
  }
  return matcher;
}

/** Whether a series without the label would match: such a matcher alone would select all series. */
export function matchesEmpty({ kind, value }: Matcher): boolean {
  switch (kind) {
    case "=":
      return value === "";
    case "!=":
      return value !== "";
    case "=~":
      return wholeMatch(value, "");
    case "!~":
      return !wholeMatch(value, "");
  }
}

const wholeMatch = (pattern: string, text: string): boolean =>
  RE2JS.compile(pattern, RE2JS.DOTALL).matcher(text).matches();
