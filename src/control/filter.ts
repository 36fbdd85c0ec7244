/** `$filter` of lists: comparisons with `eq` and calls, joined with `and`. Everything else is refused by name. */
import type { ListFilter, Problem } from "../arm/index.ts";
import { limits } from "../core/index.ts";

export type ParsedFilter =
  | { readonly kind: "filter"; readonly filter: ListFilter }
  | { readonly kind: "refused"; readonly problem: Problem };

/** What a list takes; names in lower case. */
export interface FilterNames {
  readonly equals?: readonly string[];
  readonly calls?: readonly string[];
}

export const noFilter: ListFilter = { equals: new Map(), calls: new Map() };

/** Reads a filter. An absent one filters nothing. */
export function parseFilter(text: string | null, takes: FilterNames): ParsedFilter {
  if (text === null || text.trim() === "") return { kind: "filter", filter: noFilter };
  if (text.length > limits.armFilterCharsMax) {
    return refused(
      text,
      `it has ${text.length} characters; the limit is ${limits.armFilterCharsMax}`,
    );
  }
  const tokens = tokensOf(text);
  if (tokens === undefined) return refused(text, "a quotation mark is not closed");
  const filter = { equals: new Map<string, string>(), calls: new Map<string, string>() };
  for (let at = 0; at < tokens.length;) {
    if (at > 0 && tokens[at++]?.text.toLowerCase() !== "and") {
      return refused(text, `'${tokens[at - 1]?.text}' stands where only 'and' is emulated`);
    }
    const term = readTerm(tokens, at);
    if (term === undefined)
      return refused(text, "a term is neither a comparison with 'eq' nor a call");
    const known = takes[term.kind] ?? [];
    if (!known.includes(term.name)) {
      return refused(text, `'${term.name}' is not emulated here; it takes ${namesOf(takes)}`);
    }
    if (filter[term.kind].has(term.name)) return refused(text, `'${term.name}' stands twice`);
    filter[term.kind].set(term.name, term.value);
    at += term.tokens;
  }
  return { kind: "filter", filter };
}

const namesOf = ({ equals = [], calls = [] }: FilterNames): string =>
  [...equals.map((name) => `'${name} eq'`), ...calls.map((name) => `'${name}()'`)].join(", ") ||
  "no filter";

/** @see learn.microsoft.com/rest/api/resources/resources/list, $filter */
const refused = (text: string, why: string): ParsedFilter => ({
  kind: "refused",
  problem: {
    code: "InvalidFilterInQueryString",
    message: `Invalid $filter '${text.slice(0, 200)}' specified in the query string: ${why}.`,
    target: "$filter",
  },
});

interface Token {
  readonly text: string;
  readonly quoted: boolean;
}

/** Words, parentheses and quoted strings (a quotation mark within one is doubled). */
function tokensOf(text: string): readonly Token[] | undefined {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length;) {
    const char = text[at] ?? "";
    if (char === " " || char === "\t") at++;
    else if (char === "'") {
      let value = "";
      for (at++; ; at++) {
        if (at >= text.length) return undefined;
        if (text[at] !== "'") value += text[at];
        else if (text[at + 1] === "'") value += text[at++];
        else break;
      }
      tokens.push({ text: value, quoted: true });
      at++;
    } else if ("(),".includes(char)) {
      tokens.push({ text: char, quoted: false });
      at++;
    } else {
      const start = at;
      while (at < text.length && !" \t'(),".includes(text[at] ?? "")) at++;
      tokens.push({ text: text.slice(start, at), quoted: false });
    }
  }
  return tokens;
}

interface Term {
  readonly kind: "equals" | "calls";
  readonly name: string;
  readonly value: string;
  readonly tokens: number;
}

function readTerm(tokens: readonly Token[], at: number): Term | undefined {
  const [first, second, third, fourth] = tokens.slice(at, at + 4);
  if (first === undefined || first.quoted || second === undefined || third === undefined) {
    return undefined;
  }
  const name = first.text.toLowerCase();
  if (second.text.toLowerCase() === "eq" && !second.quoted) {
    return { kind: "equals", name, value: third.text, tokens: 3 };
  }
  if (second.text !== "(" || second.quoted) return undefined;
  if (third.text === ")" && !third.quoted) return { kind: "calls", name, value: "", tokens: 3 };
  const closes = third.quoted && fourth?.text === ")" && !fourth.quoted;
  return closes ? { kind: "calls", name, value: third.text, tokens: 4 } : undefined;
}
