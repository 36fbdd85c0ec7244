/** What follows an operand: ranges, subqueries, `offset`, `@`, `anchored` and `smoothed`. All bind most tightly. */
import type { AtModifier, Expr, TimeModifiers, VectorSelector } from "./ast.ts";
import { lastEnd, need, peek, SyntaxProblem, take, takeIf, unexpected } from "./cursor.ts";
import type { Cursor } from "./cursor.ts";
import {
  parseNumberLiteral,
  parseOffsetDuration,
  parsePositiveDuration,
} from "./parse-duration.ts";
import { formatNumber } from "./numbers.ts";

/** The operand with every modifier that follows it. */
export function parsePostfix(cursor: Cursor, operand: Expr): Expr {
  let expr = operand;
  for (;;) {
    switch (peek(cursor).kind) {
      case "[":
        expr = parseBrackets(cursor, expr);
        break;
      case "offset":
        expr = parseOffset(cursor, expr);
        break;
      case "@":
        expr = parseAt(cursor, expr);
        break;
      case "anchored":
      case "smoothed":
        expr = parseExtended(cursor, expr);
        break;
      default:
        return expr;
    }
  }
}

function parseBrackets(cursor: Cursor, expr: Expr): Expr {
  const bracket = take(cursor);
  const context = "subquery selector";
  const range = parsePositiveDuration(cursor, { context, expected: "number or duration" });
  const start = expr.span.start;
  if (takeIf(cursor, "]") !== undefined) {
    const end = lastEnd(cursor);
    const selector = rangeable(expr, { start: bracket.start, end });
    return { kind: "matrixSelector", selector, range, span: { start, end } };
  }
  need(cursor, ":", { context: "subquery or range", expected: '":" or "]"' });
  const step =
    peek(cursor).kind === "]"
      ? undefined
      : parsePositiveDuration(cursor, { context, expected: 'number or duration or "]"' });
  need(cursor, "]", { context, expected: '"]"' });
  const span = { start, end: lastEnd(cursor) };
  return { kind: "subquery", expr, range, step, offset: undefined, at: undefined, span };
}

/** Only a plain selector takes a range: its modifiers stand behind the bracket. */
function rangeable(
  expr: Expr,
  span: { readonly start: number; readonly end: number },
): VectorSelector {
  if (expr.kind !== "vectorSelector") {
    throw new SyntaxProblem("ranges only allowed for vector selectors", span);
  }
  if (expr.offset !== undefined) {
    throw new SyntaxProblem("no offset modifiers allowed before range", span);
  }
  if (expr.at !== undefined) {
    throw new SyntaxProblem("no @ modifiers allowed before range", span);
  }
  return expr;
}

function parseOffset(cursor: Cursor, expr: Expr): Expr {
  take(cursor);
  const offset = parseOffsetDuration(cursor);
  return withTime(expr, lastEnd(cursor), {
    noun: "offset",
    twice: "offset may not be set multiple times",
    isSet: (time) => time.offset !== undefined,
    patch: { offset },
  });
}

function parseAt(cursor: Cursor, expr: Expr): Expr {
  take(cursor);
  const at = parseAtTime(cursor);
  return withTime(expr, lastEnd(cursor), {
    noun: "@",
    twice: "@ <timestamp> may not be set multiple times",
    isSet: (time) => time.at !== undefined,
    patch: { at },
  });
}

// A double holds every millisecond up to here; Prometheus's own bound is int64, far past any clock.
const AT_SECONDS_MAX = Number.MAX_SAFE_INTEGER / 1000;

function parseAtTime(cursor: Cursor): AtModifier {
  const word = takeIf(cursor, "start") ?? takeIf(cursor, "end");
  if (word !== undefined) {
    need(cursor, "(", { context: "@", expected: "timestamp" });
    need(cursor, ")", { context: "@", expected: "timestamp" });
    return { kind: word.kind as "start" | "end" };
  }
  const sign = takeIf(cursor, "-") ?? takeIf(cursor, "+");
  const { kind } = peek(cursor);
  if (kind !== "number" && kind !== "duration") {
    unexpected(cursor, { context: "@", expected: "timestamp" });
  }
  const literal = parseNumberLiteral(cursor);
  const seconds = sign?.kind === "-" ? -literal.value : literal.value;
  if (!(Math.abs(seconds) < AT_SECONDS_MAX)) {
    const message = `timestamp out of bounds for @ modifier: ${formatNumber(seconds)}`;
    throw new SyntaxProblem(message, literal.span);
  }
  return { kind: "timestamp", timeMs: Math.round(seconds * 1000) };
}

interface TimePatch {
  readonly noun: string;
  readonly twice: string;
  readonly isSet: (time: TimeModifiers) => boolean;
  readonly patch: Partial<TimeModifiers>;
}

function withTime(expr: Expr, end: number, { noun, twice, isSet, patch }: TimePatch): Expr {
  const span = { start: expr.span.start, end };
  switch (expr.kind) {
    case "vectorSelector":
    case "subquery":
      if (isSet(expr)) throw new SyntaxProblem(twice, expr.span);
      return { ...expr, ...patch, span };
    case "matrixSelector": {
      if (isSet(expr.selector)) throw new SyntaxProblem(twice, expr.span);
      return { ...expr, selector: { ...expr.selector, ...patch }, span };
    }
    default:
      throw new SyntaxProblem(
        `${noun} modifier must be preceded by an instant vector selector or range vector selector or a subquery`,
        expr.span,
      );
  }
}

function parseExtended(cursor: Cursor, expr: Expr): Expr {
  const word = take(cursor).kind as "anchored" | "smoothed";
  const span = { start: expr.span.start, end: lastEnd(cursor) };
  switch (expr.kind) {
    case "vectorSelector":
      return { ...extend(expr, word), span };
    case "matrixSelector":
      return { ...expr, selector: extend(expr.selector, word), span };
    case "subquery":
      throw new SyntaxProblem(`${word} modifier is not supported for subqueries`, expr.span);
    default:
      throw new SyntaxProblem(`${word} modifier not implemented`, expr.span);
  }
}

function extend(selector: VectorSelector, word: "anchored" | "smoothed"): VectorSelector {
  if (selector.extended !== undefined && selector.extended !== word) {
    throw new SyntaxProblem(
      "anchored and smoothed modifiers cannot be used together",
      selector.span,
    );
  }
  return { ...selector, extended: word };
}
