/** The parser's place among the tokens, and the one way in which it reports a wrong one. */
import { limits } from "../../core/index.ts";
import type { Span } from "./ast.ts";
import type { PromqlProblem } from "./problems.ts";
import { describeToken } from "./tokens.ts";
import type { Token } from "./tokens.ts";

export interface Cursor {
  readonly tokens: readonly Token[];
  /** The next token's index; never past the last token, which is `eof` or `error`. */
  index: number;
  /** How many constructs are open: bounds the parser's recursion. */
  depth: number;
}

/** Leaves the parser at the first syntax error; `parseExpr` catches it and returns the problem. */
export class SyntaxProblem extends Error {
  readonly problem: PromqlProblem;

  constructor(message: string, span: Span) {
    super(message);
    this.problem = { message, span };
  }
}

export function peek(cursor: Cursor, ahead = 0): Token {
  const { tokens } = cursor;
  return tokens[Math.min(cursor.index + ahead, tokens.length - 1)] as Token;
}

/** Takes the next token. */
export function take(cursor: Cursor): Token {
  const token = peek(cursor);
  if (cursor.index < cursor.tokens.length - 1) cursor.index++;
  return token;
}

/** Takes the next token if it is of this kind. */
export function takeIf(cursor: Cursor, kind: string): Token | undefined {
  return peek(cursor).kind === kind ? take(cursor) : undefined;
}

/** Where the parser is and what it looked for; both optional, as in Prometheus's own messages. */
export interface Expectation {
  readonly context?: string;
  readonly expected?: string;
}

/** Takes a token of this kind, or reports what stands there instead. */
export function need(cursor: Cursor, kind: string, expectation: Expectation = {}): Token {
  return takeIf(cursor, kind) ?? unexpected(cursor, expectation);
}

/** Where the last taken token ended. */
export const lastEnd = (cursor: Cursor): number => cursor.tokens[cursor.index - 1]?.end ?? 0;

/** @throws SyntaxProblem `unexpected identifier "x" in label matching, expected string` */
export function unexpected(
  cursor: Cursor,
  { context = "", expected = "" }: Expectation = {},
): never {
  const token = peek(cursor);
  if (token.kind === "error") throw new SyntaxProblem(token.text, token);
  const where = context === "" ? "" : ` in ${context}`;
  const instead = expected === "" ? "" : `, expected ${expected}`;
  throw new SyntaxProblem(`unexpected ${describeToken(token)}${where}${instead}`, token);
}

/** Runs `parse` one level deeper. The stack would give way long after this limit. */
export function nested<T>(cursor: Cursor, parse: () => T): T {
  if (cursor.depth >= limits.queryDepthMax) throw tooDeep(peek(cursor));
  cursor.depth++;
  const parsed = parse();
  cursor.depth--;
  return parsed;
}

/** The expression has more levels than the platform evaluates. */
export const tooDeep = (span: Span): SyntaxProblem =>
  new SyntaxProblem(
    `expression nests deeper than ${limits.queryDepthMax} levels; split it, or record parts of it as metrics`,
    { start: span.start, end: span.end },
  );
