/** Text to tokens. Braces and brackets have words of their own, so the lexer tracks which of them is open. */
import { readEscape } from "./strings.ts";
import { isFillKeyword, isKeyword } from "./tokens.ts";
import type { Token } from "./tokens.ts";

interface Scan {
  readonly text: string;
  at: number;
  parens: number;
  braceOpen: boolean;
  bracketOpen: boolean;
  colonSeen: boolean;
}

/** A token without its place: `next` adds it. */
type Lexeme = { readonly kind: string; readonly end: number; readonly problem?: string };

/**
 * All tokens of the text; the last is `eof`, or `error` at the first character that fits no token.
 * Comments and blanks are left out. Linear in the text's length.
 */
export function lex(text: string): readonly Token[] {
  const scan: Scan = {
    text,
    at: 0,
    parens: 0,
    braceOpen: false,
    bracketOpen: false,
    colonSeen: false,
  };
  const tokens: Token[] = [];
  for (;;) {
    skipBlanksAndComments(scan);
    const token = next(scan);
    tokens.push(token);
    if (token.kind === "eof" || token.kind === "error") return tokens;
    scan.at = token.end;
  }
}

function skipBlanksAndComments(scan: Scan): void {
  const { text } = scan;
  for (;;) {
    while (isBlank(text.charCodeAt(scan.at))) scan.at++;
    if (text[scan.at] !== "#") return;
    while (scan.at < text.length && !/[\r\n]/.test(text[scan.at] ?? "")) scan.at++;
  }
}

function next(scan: Scan): Token {
  const start = scan.at;
  const lexeme = start >= scan.text.length ? endOfText(scan) : lexemeAt(scan, start);
  if (lexeme.problem !== undefined) {
    return { kind: "error", text: lexeme.problem, start, end: scan.text.length };
  }
  return { kind: lexeme.kind, text: scan.text.slice(start, lexeme.end), start, end: lexeme.end };
}

function endOfText(scan: Scan): Lexeme {
  const end = scan.text.length;
  if (scan.braceOpen) return wrong("unexpected end of input inside braces");
  if (scan.bracketOpen) return wrong("unclosed left bracket");
  if (scan.parens > 0) return wrong("unclosed left parenthesis");
  return { kind: "eof", end };
}

const wrong = (problem: string): Lexeme => ({ kind: "error", end: 0, problem });

function lexemeAt(scan: Scan, start: number): Lexeme {
  const char = scan.text[start] ?? "";
  if (char === '"' || char === "'" || char === "`") return stringAt(scan.text, start);
  if (scan.braceOpen) return insideBraces(scan, start);
  if (isDigit(char) || (char === "." && isDigit(scan.text[start + 1] ?? ""))) {
    return numberAt(scan.text, start);
  }
  if (isLetter(char) || (char === ":" && !scan.bracketOpen)) return wordAt(scan, start);
  return signAt(scan, start);
}

function insideBraces(scan: Scan, start: number): Lexeme {
  const { text } = scan;
  const char = text[start] ?? "";
  const two = text.slice(start, start + 2);
  if (isLetter(char)) return { kind: "identifier", end: wordEnd(text, start, isWordChar) };
  if (two === "=~" || two === "!~" || two === "!=") return { kind: two, end: start + 2 };
  if (char === "=" || char === ",") return { kind: char, end: start + 1 };
  if (char === "}") {
    scan.braceOpen = false;
    return { kind: "}", end: start + 1 };
  }
  if (char === "{") return wrong("unexpected left brace '{'");
  if (char === "!") {
    return wrong(`unexpected character after '!' inside braces: ${runeAt(text, start + 1)}`);
  }
  return wrong(`unexpected character inside braces: ${runeAt(text, start)}`);
}

function wordAt(scan: Scan, start: number): Lexeme {
  const { text } = scan;
  const end = wordEnd(text, start, scan.bracketOpen ? isWordChar : isMetricChar);
  const word = text.slice(start, end).toLowerCase();
  if (scan.bracketOpen) {
    const known = word === "step" || word === "range" || word === "min_of" || word === "max_of";
    if (known) return { kind: word, end };
    return wrong(`unexpected character in duration expression: ${runeAt(text, start)}`);
  }
  if (word === "inf" || word === "nan") return { kind: "number", end };
  if (isKeyword(word) && (!isFillKeyword(word) || parenFollows(text, end))) {
    return { kind: word, end };
  }
  return { kind: word.includes(":") ? "metricIdentifier" : "identifier", end };
}

function parenFollows(text: string, end: number): boolean {
  let at = end;
  while (isBlank(text.charCodeAt(at))) at++;
  return text[at] === "(";
}

const twoCharSigns: ReadonlySet<string> = new Set(["==", "!=", "<=", ">=", "</", ">/"]);
const oneCharSigns: ReadonlySet<string> = new Set("+-*/%^=<>,@");

function signAt(scan: Scan, start: number): Lexeme {
  const { text } = scan;
  const char = text[start] ?? "";
  const two = text.slice(start, start + 2);
  if ("(){}[]:".includes(char)) return bracketAt(scan, start);
  if (two === "=~") return wrong("unexpected character after '=': '~'");
  if (twoCharSigns.has(two) && !scan.bracketOpen) return { kind: two, end: start + 2 };
  if (char === "!") return wrong(`unexpected character after '!': ${runeAt(text, start + 1)}`);
  if (oneCharSigns.has(char)) return { kind: char, end: start + 1 };
  return wrong(`unexpected character: ${runeAt(text, start)}`);
}

function bracketAt(scan: Scan, start: number): Lexeme {
  const char = scan.text[start] ?? "";
  const problem = openOrClose(scan, char);
  return problem === undefined ? { kind: char, end: start + 1 } : wrong(problem);
}

/** Notes what opens or closes; answers what is wrong with it. */
function openOrClose(scan: Scan, char: string): string | undefined {
  switch (char) {
    case "(":
      scan.parens++;
      return undefined;
    case ")":
      scan.parens--;
      return scan.parens < 0 ? "unexpected right parenthesis ')'" : undefined;
    case "{":
      if (scan.bracketOpen) return "unexpected character in duration expression: '{'";
      scan.braceOpen = true;
      return undefined;
    case "[":
      if (scan.bracketOpen) return "unexpected left bracket '['";
      scan.bracketOpen = true;
      scan.colonSeen = false;
      return undefined;
    case "]":
      if (!scan.bracketOpen) return "unexpected right bracket ']'";
      scan.bracketOpen = false;
      return undefined;
    case ":":
      if (scan.colonSeen) return "unexpected repeated colon in duration expression";
      scan.colonSeen = true;
      return undefined;
  }
  return `unexpected character: '${char}'`;
}

const HEX_NUMBER = /0[xX]_?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*/y;
const DECIMAL_NUMBER = /(?:\d+(?:_\d+)*)?(?:\.(?:\d+(?:_\d+)*)?)?(?:[eE][+-]?\d+(?:_\d+)*)?/y;
const DURATION = /(?:\d+(?:ms|[smhdwy]))+/y;

/** A number, or a duration where a unit follows the digits. A letter right behind either is an error. */
function numberAt(text: string, start: number): Lexeme {
  for (const [kind, pattern] of [
    ["number", HEX_NUMBER],
    ["number", DECIMAL_NUMBER],
    ["duration", DURATION],
  ] as const) {
    pattern.lastIndex = start;
    const matched = pattern.exec(text)?.[0] ?? "";
    const end = start + matched.length;
    if (matched !== "" && !isWordChar(text[end] ?? "") && text[end] !== ".") return { kind, end };
  }
  const end = wordEnd(text, start, (char) => isWordChar(char) || char === ".");
  return wrong(`bad number or duration syntax: ${JSON.stringify(text.slice(start, end))}`);
}

function stringAt(text: string, start: number): Lexeme {
  const quote = text[start] ?? "";
  let at = start + 1;
  for (;;) {
    const char = text[at];
    if (char === quote) return { kind: "string", end: at + 1 };
    if (quote === "`") {
      if (char === undefined) return wrong("unterminated raw string");
      at++;
      continue;
    }
    if (char === undefined || char === "\n") return wrong("unterminated quoted string");
    at++;
    if (char !== "\\") continue;
    const escape = readEscape(text, at, quote);
    if ("problem" in escape) return wrong(escape.problem);
    at += escape.chars;
  }
}

function wordEnd(text: string, start: number, accepts: (char: string) => boolean): number {
  let end = start;
  while (end < text.length && accepts(text[end] ?? "")) end++;
  return end;
}

/** Go's %q of a rune: `'x'`; the end of the text is rune -1. */
function runeAt(text: string, at: number): string {
  const code = text.codePointAt(at);
  return code === undefined ? "'�'" : `'${String.fromCodePoint(code)}'`;
}

const isBlank = (code: number): boolean =>
  code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
const isDigit = (char: string): boolean => char >= "0" && char <= "9" && char.length === 1;
const isLetter = (char: string): boolean =>
  (char >= "a" && char <= "z") || (char >= "A" && char <= "Z") || char === "_";
const isWordChar = (char: string): boolean => isLetter(char) || isDigit(char);
const isMetricChar = (char: string): boolean => isWordChar(char) || char === ":";
