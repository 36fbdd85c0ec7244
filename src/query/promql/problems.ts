/** What is wrong with a query: a message and its place, printed as Prometheus prints it and drawn with a caret. */
import type { Span } from "./ast.ts";

export interface PromqlProblem {
  readonly message: string;
  readonly span: Span;
}

/** Line and column, both from 1; columns count UTF-16 units (Prometheus counts bytes: the same for ASCII). */
export function lineAndColumn(
  text: string,
  offset: number,
): { readonly line: number; readonly column: number } {
  const at = Math.min(offset, text.length);
  let line = 1;
  let lineStart = 0;
  for (let end = text.indexOf("\n"); end >= 0 && end < at; end = text.indexOf("\n", lineStart)) {
    line++;
    lineStart = end + 1;
  }
  return { line, column: at - lineStart + 1 };
}

/** `1:5`: where a span begins. */
export function place(text: string, span: Span): string {
  const { line, column } = lineAndColumn(text, span.start);
  return `${line}:${column}`;
}

/** Prometheus's line: `1:5: parse error: unexpected end of input`. */
export function formatProblem(text: string, problem: PromqlProblem): string {
  return `${place(text, problem.span)}: parse error: ${problem.message}`;
}

const EXCERPT_CHARS_MAX = 160;

/**
 * The line at fault with carets under the place: two lines. A long line is cut around the place.
 * Tabs are drawn as one blank, so that the caret stands right in any terminal.
 */
export function drawProblem(text: string, problem: PromqlProblem): string {
  const { column } = lineAndColumn(text, problem.span.start);
  const start = Math.min(problem.span.start, text.length);
  const lineStart = start - (column - 1);
  const newline = text.indexOf("\n", lineStart);
  const lineEnd = newline < 0 ? text.length : newline;
  const from = Math.max(lineStart, start - EXCERPT_CHARS_MAX / 2);
  const line = text
    .slice(from, Math.min(lineEnd, from + EXCERPT_CHARS_MAX))
    .replace(/[\t\r]/g, " ");
  const width = Math.max(1, Math.min(problem.span.end, lineEnd, from + line.length) - start);
  return `${line}\n${" ".repeat(start - from)}${"^".repeat(width)}`;
}
