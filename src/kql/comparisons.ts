/** `== != < <= > >= in between`, with KQL's nulls. @see learn.microsoft.com/kusto/query/scalar-data-types/null-values */
import type { LogColumnType } from "../core/index.ts";
import { mistaken, unsupported } from "./refused.ts";
import type { Place } from "./refused.ts";
import { every, infix, isNull, not, some, sqlNull, when } from "./sql.ts";
import type { SqlExpression, SqlInfix } from "./sql.ts";
import { convert, isNumber, valueOf, widens } from "./typed.ts";
import type { Typed } from "./typed.ts";

export type Comparison = "=" | "<>" | "<" | "<=" | ">" | ">=";

export const comparisonOf: ReadonlyMap<string, Comparison> = new Map([
  ["EqualExpression", "="],
  ["NotEqualExpression", "<>"],
  ["LessThanExpression", "<"],
  ["LessThanOrEqualExpression", "<="],
  ["GreaterThanExpression", ">"],
  ["GreaterThanOrEqualExpression", ">="],
]);

/** Whether a null means the same as false: in a filter it does, and the SQL is simpler. */
export type Position = "filter" | "value";

/** @throws KqlRefused where the types cannot be compared */
export function compare(
  operator: Comparison,
  sides: readonly [Typed, Typed],
  position: Position,
  place: Place,
): SqlExpression {
  const [left, right] = alike(...sides, place);
  if (isStrings(left) && isStrings(right)) return strings(operator, left, right, position);
  const [a, b] = [left.sql, right.sql];
  if (operator !== "=" && operator !== "<>") return infix(a, operator, b);
  if (position === "filter" && operator === "=") return infix(a, "=", b);
  const distinct: SqlInfix = operator === "=" ? "IS NOT DISTINCT FROM" : "IS DISTINCT FROM";
  const compared = infix(a, distinct, b);
  const certain = left.isLiteral === true || right.isLiteral === true || position === "filter";
  return certain ? compared : when(every([isNull(a), isNull(b)]), sqlNull, compared);
}

const isStrings = ({ type }: Typed): boolean => type === "string" || type === "guid";

/** A stored string that is null can equal no literal with characters, so that a filter may ask the column itself. */
function strings(
  operator: Comparison,
  left: Typed,
  right: Typed,
  position: Position,
): SqlExpression {
  if (position === "filter" && operator === "=") {
    if ((right.literal ?? "") !== "") return infix(left.sql, "=", right.sql);
    if ((left.literal ?? "") !== "") return infix(left.sql, "=", right.sql);
  }
  return infix(valueOf(left), operator, valueOf(right));
}

/** Both sides in one type. A dynamic value becomes what it is compared with. */
function alike(left: Typed, right: Typed, place: Place): readonly [Typed, Typed] {
  if (left.type === right.type) {
    if (left.type !== "dynamic") return [left, right];
    unsupported(place, "A comparison of two dynamic values", "convert one with tostring()");
  }
  if (isNumber(left.type) && isNumber(right.type)) return [left, right];
  if (left.type === "dynamic") return [converted(left, right.type), right];
  if (right.type === "dynamic") return [left, converted(right, left.type)];
  if (isStrings(left) && isStrings(right)) return [left, right];
  return mistaken(
    place,
    `Cannot compare values of types ${left.type} and ${right.type}. Try adding explicit casts.`,
  );
}

const converted = (of: Typed, type: LogColumnType): Typed => ({ type, sql: convert(of, type) });

/** `x in (a, b)`: true where any equals; never null, but for `!in` its opposite. */
export function isIn(
  of: Typed,
  values: readonly Typed[],
  position: Position,
  place: Place,
): SqlExpression {
  const bareFilter =
    position === "filter" &&
    of.bare === true &&
    values.every(({ literal }) => (literal ?? "") !== "");
  if (bareFilter) return { kind: "in", of: of.sql, values: values.map(({ sql }) => sql) };
  const alikeAll = values.every(({ type }) => type === of.type && type !== "dynamic");
  if (alikeAll && values.every(({ isLiteral }) => isLiteral === true)) {
    const found: SqlExpression = {
      kind: "in",
      of: valueOf(of),
      values: values.map((each) => each.sql),
    };
    if (position === "filter" || of.type === "string") return found;
    return when(isNull(of.sql), { kind: "constant", value: "FALSE" }, found);
  }
  return some(values.map((each) => compare("=", [of, each], "value", place)));
}

/** `x between (from .. to)`, both inclusive; a timespan after a datetime is a length. */
export function isBetween(
  of: Typed,
  [from, to]: readonly [Typed, Typed],
  negate: boolean,
  place: Place,
): SqlExpression {
  const inside = every([
    compare(">=", [of, from], "value", place),
    compare("<=", [of, to], "value", place),
  ]);
  return negate ? not(inside) : inside;
}

/** A value where another type is wanted without a word. @throws KqlRefused where Kusto would not convert */
export function widened(of: Typed, to: LogColumnType, place: Place, what: string): SqlExpression {
  if (widens(of.type, to)) return convert(of, to);
  return mistaken(place, `${what} takes a value of type ${to}, not ${of.type}.`);
}
