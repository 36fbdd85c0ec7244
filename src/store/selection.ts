/** Matchers applied to the label index: which series they take, as Prometheus decides it. */
import { RE2JS } from "re2js";
import { assertNever, CodedError, messageOf } from "../core/index.ts";
import type { Matcher } from "../core/index.ts";
import type { Postings } from "./postings.ts";

/**
 * The series that all matchers take, rising. With no matcher, all of them.
 * A label that a series lacks counts as the empty value.
 *
 * @param seriesEnd - one past the highest series number.
 * @throws CodedError InvalidMatcher (400) when a regular expression is not RE2's.
 */
export function selectSeries(
  postings: Postings,
  matchers: readonly Matcher[],
  seriesEnd: number,
): Uint32Array {
  let taken: Uint8Array | undefined;
  for (const matcher of matchers) {
    const test = matcherTest(matcher);
    const takesAbsent = test("");
    const marked = new Uint8Array(seriesEnd);
    // Absent labels are in no posting: where they match, the values that do not match are taken away instead.
    for (const series of matchingSeries(postings, matcher, takesAbsent ? not(test) : test)) {
      for (const one of series) marked[one] = 1;
    }
    taken = intersect(taken, marked, takesAbsent ? 0 : 1);
  }
  return numbersOf(taken ?? new Uint8Array(seriesEnd).fill(1));
}

const not =
  (test: (value: string) => boolean) =>
  (value: string): boolean =>
    !test(value);

function* matchingSeries(
  postings: Postings,
  { name, kind, value }: Matcher,
  test: (value: string) => boolean,
): Generator<readonly number[]> {
  const values = postings.valuesOf(name);
  if (kind === "=" && value !== "") {
    yield values.get(value) ?? [];
    return;
  }
  for (const [candidate, series] of values) if (test(candidate)) yield series;
}

function intersect(taken: Uint8Array | undefined, marked: Uint8Array, wanted: 0 | 1): Uint8Array {
  for (let series = 0; series < marked.length; series++) {
    const before = taken === undefined ? 1 : (taken[series] as number);
    marked[series] = before === 1 && marked[series] === wanted ? 1 : 0;
  }
  return marked;
}

function numbersOf(taken: Uint8Array): Uint32Array {
  let count = 0;
  for (let series = 1; series < taken.length; series++) count += taken[series] as number;
  const numbers = new Uint32Array(count);
  let at = 0;
  for (let series = 1; series < taken.length; series++)
    if (taken[series] === 1) numbers[at++] = series;
  return numbers;
}

/**
 * Whether a value matches.
 *
 * @throws CodedError InvalidMatcher (400).
 * @see prometheus/model/labels/matcher.go: expressions match the whole value, and a dot matches a newline too
 */
export function matcherTest({ name, kind, value }: Matcher): (value: string) => boolean {
  switch (kind) {
    case "=":
      return (candidate) => candidate === value;
    case "!=":
      return (candidate) => candidate !== value;
    case "=~":
      return regexTest(name, value);
    case "!~":
      return not(regexTest(name, value));
    default:
      return assertNever(kind);
  }
}

function regexTest(name: string, expression: string): (value: string) => boolean {
  const literals = literalAlternatives(expression);
  if (literals !== undefined) return (value) => literals.has(value);
  try {
    const compiled = RE2JS.compile(expression, RE2JS.DOTALL);
    return (value) => compiled.matches(value);
  } catch (error) {
    throw new CodedError(
      "InvalidMatcher",
      `The regular expression for label ${name} is not RE2's: ${messageOf(error)}.`,
      { status: 400, cause: error },
    );
  }
}

/** The alternatives of an expression like `a|b|c`, in which every character means itself: a set is faster. */
function literalAlternatives(expression: string): ReadonlySet<string> | undefined {
  for (const character of expression) if ("\\.+*?()[]{}^$".includes(character)) return undefined;
  return new Set(expression.split("|"));
}
