/** Durations inside brackets and after `offset`: literals, step(), range(), and arithmetic on them. */
import type { DurationExpr, DurationOp, NumberLiteral } from "./ast.ts";
import { lastEnd, need, nested, peek, SyntaxProblem, take, takeIf, unexpected } from "./cursor.ts";
import type { Cursor, Expectation } from "./cursor.ts";
import { DURATION_MS_MAX, parseDurationMs, parseNumber } from "./numbers.ts";
import type { Token } from "./tokens.ts";

const precedence: ReadonlyMap<string, number> = new Map([
  ["+", 1],
  ["-", 1],
  ["*", 2],
  ["/", 2],
  ["%", 2],
  ["^", 3],
]);
const UNARY_OPERAND = 3;

/** A duration that must be above zero where it is a literal: a range or a subquery's step. */
export function parsePositiveDuration(cursor: Cursor, expectation: Expectation): DurationExpr {
  const parsed = parseDurationExpr(cursor, expectation);
  if (parsed.kind === "number" && parsed.value <= 0) {
    throw new SyntaxProblem("duration must be greater than 0", parsed.span);
  }
  return parsed;
}

/** The whole arithmetic, as it stands inside brackets. */
function parseDurationExpr(cursor: Cursor, expectation: Expectation, above = 0): DurationExpr {
  let lhs = parseOperand(cursor, expectation);
  for (;;) {
    const sign = peek(cursor);
    const level = precedence.get(sign.kind) ?? 0;
    if (level === 0 || level <= above) return lhs;
    take(cursor);
    // `^` groups to the right, all others to the left.
    const floor = sign.kind === "^" ? level - 1 : level;
    const rhs = nested(cursor, () => parseDurationExpr(cursor, expectation, floor));
    lhs = durationBinary(sign, lhs, rhs);
  }
}

function durationBinary(sign: Token, lhs: DurationExpr, rhs: DurationExpr): DurationExpr {
  const op = sign.kind as DurationOp;
  if (rhs.kind === "number" && rhs.value === 0 && (op === "/" || op === "%")) {
    throw new SyntaxProblem(op === "/" ? "division by zero" : "modulo by zero", sign);
  }
  const span = { start: lhs.span.start, end: rhs.span.end };
  return { kind: "durationBinary", op, lhs, rhs, span };
}

const ANY: Expectation = {};

function parseOperand(cursor: Cursor, expectation: Expectation): DurationExpr {
  const sign = takeIf(cursor, "-") ?? takeIf(cursor, "+");
  if (sign === undefined) return parseDurationAtom(cursor, expectation);
  const operand = nested(cursor, () => parseDurationExpr(cursor, ANY, UNARY_OPERAND - 1));
  return signed(sign, operand);
}

/**
 * What `offset` takes: one literal, call or parenthesis with an optional sign. Arithmetic without parentheses belongs
 * to the expression around it: `foo offset 5m + 1` adds 1 to foo's values.
 */
export function parseOffsetDuration(cursor: Cursor): DurationExpr {
  const expectation = { context: "offset", expected: "number, duration, step(), or range()" };
  const sign = takeIf(cursor, "-") ?? takeIf(cursor, "+");
  const atom = parseDurationAtom(cursor, expectation);
  return sign === undefined ? atom : signed(sign, atom);
}

function signed(sign: Token, expr: DurationExpr): DurationExpr {
  const span = { start: sign.start, end: expr.span.end };
  if (expr.kind === "number") {
    return { ...expr, value: sign.kind === "-" ? -expr.value : expr.value, span };
  }
  return { kind: "durationUnary", op: sign.kind as "+" | "-", expr, span };
}

function parseDurationAtom(cursor: Cursor, expectation: Expectation): DurationExpr {
  const token = peek(cursor);
  const word = token.kind === "identifier" ? token.text.toLowerCase() : token.kind;
  switch (word) {
    case "number":
    case "duration":
      return inRange(parseNumberLiteral(cursor));
    case "(": {
      take(cursor);
      const expr = nested(cursor, () => parseDurationExpr(cursor, ANY));
      need(cursor, ")");
      const span = { start: token.start, end: lastEnd(cursor) };
      return { kind: "durationParen", expr, span };
    }
    case "step":
    case "range":
      take(cursor);
      need(cursor, "(");
      need(cursor, ")");
      return {
        kind: "durationCall",
        name: word,
        span: { start: token.start, end: lastEnd(cursor) },
      };
    case "min_of":
    case "max_of":
      return parseBound(cursor, word);
  }
  return unexpected(cursor, expectation);
}

function parseBound(cursor: Cursor, name: "min_of" | "max_of"): DurationExpr {
  const { start } = take(cursor);
  need(cursor, "(");
  const lhs = nested(cursor, () => parseDurationExpr(cursor, ANY));
  need(cursor, ",");
  const rhs = nested(cursor, () => parseDurationExpr(cursor, ANY));
  need(cursor, ")");
  return { kind: "durationBound", name, lhs, rhs, span: { start, end: lastEnd(cursor) } };
}

function inRange(literal: NumberLiteral): NumberLiteral {
  // The negated form lets NaN through to the same refusal.
  if (!(Math.abs(literal.value) * 1000 <= DURATION_MS_MAX)) {
    throw new SyntaxProblem("duration out of range", literal.span);
  }
  return literal;
}

/** A number, or a duration as the number of its seconds. */
export function parseNumberLiteral(cursor: Cursor): NumberLiteral {
  const token = take(cursor);
  const span = { start: token.start, end: token.end };
  if (token.kind === "duration") {
    const durationMs = parseDurationMs(token.text);
    if (typeof durationMs === "string") throw new SyntaxProblem(durationMs, span);
    return { kind: "number", value: durationMs / 1000, duration: true, span };
  }
  const value = parseNumber(token.text);
  if (value === undefined) {
    throw new SyntaxProblem(`error parsing number: ${token.text} is out of range`, span);
  }
  return { kind: "number", value, duration: false, span };
}
