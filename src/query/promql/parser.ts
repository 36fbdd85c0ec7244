/** Tokens to tree: a Pratt parser for the whole of PromQL. It checks no types; `check.ts` does. */
import { limits } from "../../core/index.ts";
import { takesParam } from "./ast.ts";
import type { Aggregate, AggregateOp, Binary, BinaryOp, Expr, VectorMatching } from "./ast.ts";
import { checkTypes } from "./check.ts";
import { lastEnd, need, nested, peek, SyntaxProblem, take, takeIf, unexpected } from "./cursor.ts";
import type { Cursor } from "./cursor.ts";
import { functions } from "./functions.ts";
import { lex } from "./lexer.ts";
import { parseNumberLiteral } from "./parse-duration.ts";
import { parsePostfix } from "./parse-postfix.ts";
import { parseBareSelector, parseNamedSelector } from "./parse-selector.ts";
import type { PromqlProblem } from "./problems.ts";
import { isValidName, quote, unquote } from "./strings.ts";
import { aggregators, canNameLabel, canNameMetric, preprocessors } from "./tokens.ts";
import type { Token } from "./tokens.ts";
import { refuseTooDeep } from "./walk.ts";

export type Parsed =
  | { readonly kind: "parsed"; readonly expr: Expr }
  /** At least one problem, in the order of the text's reading. */
  | { readonly kind: "refused"; readonly problems: readonly PromqlProblem[] };

/**
 * Parses and type-checks a query.
 *
 * @returns the tree, or what is wrong: the first syntax error alone, else every type error. Never throws on bad input.
 * @see https://prometheus.io/docs/prometheus/latest/querying/basics/ and prometheus/promql/parser/generated_parser.y
 */
export function parseExpr(text: string): Parsed {
  const parsed = parseSyntax(text);
  if (parsed.kind === "refused") return parsed;
  const problems = checkTypes(parsed.expr);
  return problems.length === 0 ? parsed : { kind: "refused", problems };
}

function parseSyntax(text: string): Parsed {
  if (text.length > limits.queryCharsMax) {
    const message = `query has ${text.length} characters; the limit is ${limits.queryCharsMax}`;
    return { kind: "refused", problems: [{ message, span: { start: 0, end: 0 } }] };
  }
  const cursor: Cursor = { tokens: lex(text), index: 0, depth: 0 };
  try {
    if (peek(cursor).kind === "eof") {
      throw new SyntaxProblem("no expression found in input", { start: 0, end: 0 });
    }
    const expr = parseBinary(cursor, 0);
    if (peek(cursor).kind !== "eof") unexpected(cursor);
    refuseTooDeep(expr);
    return { kind: "parsed", expr };
  } catch (error) {
    if (error instanceof SyntaxProblem) return { kind: "refused", problems: [error.problem] };
    throw error;
  }
}

/** Binding powers, loosest first; a unary sign binds as tightly as `*`. */
const precedence: ReadonlyMap<string, number> = new Map(
  [
    ["or"],
    ["and", "unless"],
    ["==", "!=", "<", "<=", ">", ">=", "</", ">/"],
    ["+", "-"],
    ["*", "/", "%", "atan2"],
    ["^"],
  ].flatMap((signs, level) => signs.map((sign) => [sign, level + 1] as const)),
);
const POWER = 6;

/** An expression whose operators all bind more tightly than `above`. */
function parseBinary(cursor: Cursor, above: number): Expr {
  let lhs = parseUnary(cursor);
  for (;;) {
    const sign = peek(cursor);
    const level = precedence.get(sign.kind) ?? 0;
    if (level === 0 || level <= above) return lhs;
    take(cursor);
    const returnBool = takeIf(cursor, "bool") !== undefined;
    const matching = parseMatching(cursor);
    // `^` groups to the right, all others to the left.
    const floor = sign.kind === "^" ? level - 1 : level;
    const rhs = nested(cursor, () => parseBinary(cursor, floor));
    const op = sign.kind as BinaryOp;
    const span = { start: lhs.span.start, end: rhs.span.end };
    const opSpan = { start: sign.start, end: sign.end };
    lhs = { kind: "binary", op, lhs, rhs, returnBool, matching, opSpan, span } satisfies Binary;
  }
}

function parseUnary(cursor: Cursor): Expr {
  const sign = takeIf(cursor, "-") ?? takeIf(cursor, "+");
  if (sign === undefined) return parsePostfix(cursor, parsePrimary(cursor));
  const expr = nested(cursor, () => parseBinary(cursor, POWER - 1));
  const span = { start: sign.start, end: expr.span.end };
  if (expr.kind === "number") {
    return { ...expr, value: sign.kind === "-" ? -expr.value : expr.value, span };
  }
  return { kind: "unary", op: sign.kind as "+" | "-", expr, span };
}

function parsePrimary(cursor: Cursor): Expr {
  const token = peek(cursor);
  const after = peek(cursor, 1).kind;
  switch (token.kind) {
    case "number":
    case "duration":
      return parseNumberLiteral(cursor);
    case "string":
      take(cursor);
      return { kind: "string", value: unquote(token.text), span: spanOf(token) };
    case "{":
      return parseBareSelector(cursor);
    case "(":
      return parseParen(cursor);
  }
  if (aggregators.has(token.kind) && ["(", "by", "without"].includes(after)) {
    return parseAggregate(cursor);
  }
  if (after === "(" && (token.kind === "identifier" || preprocessors.has(token.kind))) {
    return parseCall(cursor);
  }
  if (canNameMetric(token)) return parseNamedSelector(cursor);
  return unexpected(cursor);
}

const spanOf = ({ start, end }: Token): { readonly start: number; readonly end: number } => ({
  start,
  end,
});

function parseParen(cursor: Cursor): Expr {
  const { start } = take(cursor);
  const expr = nested(cursor, () => parseBinary(cursor, 0));
  need(cursor, ")");
  return { kind: "paren", expr, span: { start, end: lastEnd(cursor) } };
}

function parseCall(cursor: Cursor): Expr {
  const word = take(cursor);
  const name = preprocessors.has(word.kind) ? word.kind : word.text;
  const args = parseArgs(cursor);
  const func = functions.get(name);
  if (func === undefined) {
    throw new SyntaxProblem(`unknown function with name ${quote(word.text)}`, word);
  }
  return { kind: "call", func, args, span: { start: word.start, end: lastEnd(cursor) } };
}

function parseArgs(cursor: Cursor): readonly Expr[] {
  need(cursor, "(");
  const args: Expr[] = [];
  while (takeIf(cursor, ")") === undefined) {
    args.push(nested(cursor, () => parseBinary(cursor, 0)));
    const comma = takeIf(cursor, ",");
    if (comma === undefined) {
      need(cursor, ")");
      break;
    }
    if (peek(cursor).kind === ")") {
      throw new SyntaxProblem("trailing commas not allowed in function call args", comma);
    }
  }
  return args;
}

function parseAggregate(cursor: Cursor): Aggregate {
  const word = take(cursor);
  const op = word.kind as AggregateOp;
  const before = parseAggregateModifier(cursor);
  if (peek(cursor).kind !== "(") unexpected(cursor, { context: "aggregation" });
  const args = parseArgs(cursor);
  const modifier = before ?? parseAggregateModifier(cursor) ?? { grouping: [], without: false };
  const span = { start: word.start, end: lastEnd(cursor) };
  const wanted = takesParam(op) ? 2 : 1;
  if (args.length === 0) {
    throw new SyntaxProblem("no arguments for aggregate expression provided", span);
  }
  const expr = args[wanted - 1];
  if (args.length !== wanted || expr === undefined) {
    const message = `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`;
    throw new SyntaxProblem(message, span);
  }
  const param = takesParam(op) ? args[0] : undefined;
  return { kind: "aggregate", op, param, expr, ...modifier, span };
}

function parseAggregateModifier(
  cursor: Cursor,
): Pick<Aggregate, "grouping" | "without"> | undefined {
  const word = takeIf(cursor, "by") ?? takeIf(cursor, "without");
  if (word === undefined) return undefined;
  return { grouping: parseGrouping(cursor), without: word.kind === "without" };
}

const GROUPING = "grouping opts";

function parseGrouping(cursor: Cursor): readonly string[] {
  need(cursor, "(", { context: GROUPING, expected: '"("' });
  const labels: string[] = [];
  while (takeIf(cursor, ")") === undefined) {
    labels.push(parseGroupingLabel(cursor));
    if (takeIf(cursor, ",") !== undefined) continue;
    need(cursor, ")", { context: GROUPING, expected: '"," or ")"' });
    break;
  }
  return labels;
}

function parseGroupingLabel(cursor: Cursor): string {
  const token = peek(cursor);
  if (token.kind !== "string" && !canNameLabel(token)) {
    unexpected(cursor, { context: GROUPING, expected: "label" });
  }
  take(cursor);
  const name = token.kind === "string" ? unquote(token.text) : token.text;
  if (!isValidName(name)) {
    throw new SyntaxProblem(`invalid label name for grouping: ${quote(name)}`, token);
  }
  return name;
}

/** `on (…) group_left (…) fill (0)`: how the two sides of a binary operation meet. */
function parseMatching(cursor: Cursor): VectorMatching {
  const word = takeIf(cursor, "on") ?? takeIf(cursor, "ignoring");
  const labels = word === undefined ? [] : parseGrouping(cursor);
  const group =
    word === undefined
      ? undefined
      : (takeIf(cursor, "group_left") ?? takeIf(cursor, "group_right"));
  const include =
    group !== undefined && peek(cursor).kind === "(" ? parseGrouping(cursor) : ([] as const);
  const card =
    group === undefined
      ? "one-to-one"
      : group.kind === "group_left"
        ? "many-to-one"
        : "one-to-many";
  return { card, on: word?.kind === "on", labels, include, ...parseFill(cursor) };
}

function parseFill(cursor: Cursor): Pick<VectorMatching, "fillLeft" | "fillRight"> {
  if (takeIf(cursor, "fill") !== undefined) {
    const value = parseFillValue(cursor);
    return { fillLeft: value, fillRight: value };
  }
  let fillLeft: number | undefined;
  let fillRight: number | undefined;
  for (;;) {
    if (fillLeft === undefined && takeIf(cursor, "fill_left") !== undefined) {
      fillLeft = parseFillValue(cursor);
    } else if (fillRight === undefined && takeIf(cursor, "fill_right") !== undefined) {
      fillRight = parseFillValue(cursor);
    } else return { fillLeft, fillRight };
  }
}

function parseFillValue(cursor: Cursor): number {
  need(cursor, "(");
  const sign = takeIf(cursor, "-") ?? takeIf(cursor, "+");
  const { kind } = peek(cursor);
  if (kind !== "number" && kind !== "duration") {
    unexpected(cursor, { context: "fill modifier", expected: "number" });
  }
  const { value } = parseNumberLiteral(cursor);
  need(cursor, ")");
  return sign?.kind === "-" ? -value : value;
}
