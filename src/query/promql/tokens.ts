/** The words of PromQL: which are keywords, operators and aggregations, and how an error names a token. */
import { aggregateOps } from "./ast.ts";
import { quote } from "./strings.ts";

export interface Token {
  /**
   * `eof`, `error`, `identifier`, `metricIdentifier` (has a colon), `number`, `duration`, `string`;
   * else the word or sign itself, in lower case: `sum`, `by`, `+`, `(`.
   */
  readonly kind: string;
  /** As written; of an error token, what is wrong. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export const aggregators: ReadonlySet<string> = new Set(aggregateOps);

/** Words that are operators; signs are lexed as such. */
const wordOperators: ReadonlySet<string> = new Set(["and", "or", "unless", "atan2"]);
const fillKeywords: ReadonlySet<string> = new Set(["fill", "fill_left", "fill_right"]);
const modifierKeywords: ReadonlySet<string> = new Set([
  "anchored",
  "bool",
  "by",
  "group_left",
  "group_right",
  "ignoring",
  "offset",
  "on",
  "smoothed",
  "without",
]);
/** Words that name a time or a duration of the query itself: `@ start()`, `[step()]`. */
export const preprocessors: ReadonlySet<string> = new Set(["start", "end", "step", "range"]);

/** `fill` is a keyword only before a parenthesis: else it would take a metric's name away. */
export const isFillKeyword = (word: string): boolean => fillKeywords.has(word);

/** Whether a lower-case word is a keyword of any sort. */
export const isKeyword = (word: string): boolean =>
  aggregators.has(word) ||
  wordOperators.has(word) ||
  modifierKeywords.has(word) ||
  fillKeywords.has(word) ||
  preprocessors.has(word);

/** Keywords that cannot name a metric, because the grammar needs them after an operator. */
const neverMetrics: ReadonlySet<string> = new Set([
  "atan2",
  "bool",
  "group_left",
  "group_right",
  "ignoring",
  "on",
]);

/** Whether the token can name a metric before braces. */
export const canNameMetric = (token: Token): boolean =>
  token.kind === "identifier" ||
  token.kind === "metricIdentifier" ||
  (isKeyword(token.kind) && !neverMetrics.has(token.kind));

/** Whether the token can name a label in a grouping. */
export const canNameLabel = (token: Token): boolean =>
  token.kind === "identifier" || token.kind === "metricIdentifier" || isKeyword(token.kind);

const TEXT_CHARS_MAX = 10;

/** The token as Prometheus's errors name it: `identifier "foo"`, `<by>`, `<op:+>`, `end of input`. */
export function describeToken({ kind, text }: Token): string {
  switch (kind) {
    case "eof":
      return "end of input";
    case "identifier":
      return `identifier ${quote(text)}`;
    case "metricIdentifier":
      return `metric identifier ${quote(text)}`;
    case "number":
    case "duration":
    case "string":
      return `${kind} ${shortQuote(text)}`;
  }
  if (modifierKeywords.has(kind) || fillKeywords.has(kind)) return `<${text}>`;
  if (aggregators.has(kind)) return `<aggr:${text}>`;
  if (wordOperators.has(kind) || operatorSigns.has(kind)) return `<op:${text}>`;
  return shortQuote(text);
}

const shortQuote = (text: string): string =>
  text.length > TEXT_CHARS_MAX ? `${quote(text.slice(0, TEXT_CHARS_MAX))}...` : quote(text);

const operatorSigns: ReadonlySet<string> = new Set(
  "+ - * / % ^ == != < > <= >= =~ !~ </ >/ @".split(" "),
);
