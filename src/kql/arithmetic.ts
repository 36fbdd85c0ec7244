/** `+ - * / %` over numbers, datetimes and timespans. @see learn.microsoft.com/kusto/query/numerical-operators and datetime-timespan-arithmetic */
import type { LogColumnType } from "../core/index.ts";
import { mistaken, unsupported } from "./refused.ts";
import type { Place } from "./refused.ts";
import type { SqlParameter } from "./seams.ts";
import { bound, call, cast, infix, integer, not, text, tryCast, when } from "./sql.ts";
import type { SqlExpression } from "./sql.ts";
import { convert, isNumber, isWhole, typed, wrapped } from "./typed.ts";
import type { Typed } from "./typed.ts";

export type Arithmetic = "+" | "-" | "*" | "/" | "%";

/** The operator of a node's kind, or undefined. */
export const arithmeticOf: ReadonlyMap<string, Arithmetic> = new Map([
  ["AddExpression", "+"],
  ["SubtractExpression", "-"],
  ["MultiplyExpression", "*"],
  ["DivideExpression", "/"],
  ["ModuloExpression", "%"],
]);

/** @throws KqlRefused where KQL has no such operation */
export function calculate(operator: Arithmetic, left: Typed, right: Typed, place: Place): Typed {
  if (left.type === "decimal" || right.type === "decimal") {
    unsupported(place, "Arithmetic on decimals", "convert them with todouble()");
  }
  if (isNumber(left.type) && isNumber(right.type)) return numbers(operator, left, right);
  if (left.type === "dynamic" && isNumber(right.type)) {
    return numbers(operator, typed(right.type, convert(left, right.type)), right);
  }
  if (right.type === "dynamic" && isNumber(left.type)) {
    return numbers(operator, left, typed(left.type, convert(right, left.type)));
  }
  const time = times(operator, left, right);
  return (
    time ??
    mistaken(
      place,
      `Operator '${operator}' cannot be applied to values of types ${left.type} and ${right.type}.`,
    )
  );
}

function numbers(operator: Arithmetic, left: Typed, right: Typed): Typed {
  if (isWhole(left.type) && isWhole(right.type)) return wholes(operator, left.sql, right.sql);
  const [a, b] = [convert(left, "real"), convert(right, "real")];
  if (operator === "/") return typed("real", quotient(a, b));
  if (operator === "%") return typed("real", remainder(a, b));
  return typed("real", infix(a, operator, b));
}

/** The type is long, the quotient cut toward zero, an overflow wrapped, a division by nothing null. */
function wholes(operator: Arithmetic, left: SqlExpression, right: SqlExpression): Typed {
  const [a, b] = [cast(left, "HUGEINT"), cast(right, "HUGEINT")];
  if (operator === "%") return typed("long", cast(remainder(a, b), "BIGINT"));
  return typed("long", wrapped(infix(a, operator === "/" ? "//" : operator, b)));
}

/** Never negative, whatever the signs. */
function remainder(a: SqlExpression, b: SqlExpression): SqlExpression {
  const size = call("abs", b);
  return infix(infix(infix(a, "%", b), "+", size), "%", size);
}

/** A division by zero is an infinity, or not a number, as in IEEE 754. */
export function quotient(a: SqlExpression, b: SqlExpression): SqlExpression {
  if (isOther(b)) return infix(a, "/", b);
  const special = (name: string): SqlExpression => tryCast(text(name), "DOUBLE");
  return {
    kind: "case",
    whens: [
      { when: infix(b, "<>", integer(0)), gives: infix(a, "/", b) },
      { when: infix(a, ">", integer(0)), gives: special("Infinity") },
      { when: infix(a, "<", integer(0)), gives: special("-Infinity") },
      { when: infix(a, "=", b), gives: special("NaN") },
    ],
    otherwise: infix(a, "/", b),
  };
}

/** A literal that is not zero, converted or not. */
function isOther(of: SqlExpression): boolean {
  const value = valueIn(of.kind === "cast" ? of.of : of);
  if (value?.type === "real") return value.value !== 0;
  return (
    (value?.type === "long" && value.value !== 0n) ||
    (value?.type === "timespan" && value.microseconds !== 0n)
  );
}

/** The years 1 to 9999, which KQL's datetimes have. */
export const FIRST_MICROSECOND = -62_135_596_800_000_000n;
export const LAST_MICROSECOND = 253_402_300_799_999_999n;

/** A moment that does not fit is null. Two literals, as in `ago(1h)`, are one: a scan then knows what it need not read. */
export function moved(
  datetime: SqlExpression,
  by: "+" | "-",
  microseconds: SqlExpression,
): SqlExpression {
  const [at, size] = [valueIn(datetime), valueIn(microseconds)];
  if (at?.type === "datetime" && size?.type === "timespan") {
    const sum = at.microseconds + (by === "+" ? size.microseconds : -size.microseconds);
    const fits = sum >= FIRST_MICROSECOND && sum <= LAST_MICROSECOND;
    return bound(fits ? { type: "datetime", microseconds: sum } : { type: "null", of: "datetime" });
  }
  return call("try", infix(datetime, by, call("to_microseconds", microseconds)));
}

const valueIn = (of: SqlExpression): SqlParameter | undefined =>
  of.kind === "parameter" ? of.value : undefined;

function times(operator: Arithmetic, left: Typed, right: Typed): Typed | undefined {
  const pair: `${LogColumnType} ${Arithmetic} ${LogColumnType}` = `${left.type} ${operator} ${right.type}`;
  const [a, b] = [left.sql, right.sql];
  switch (pair) {
    case "datetime + timespan":
      return typed("datetime", moved(a, "+", b));
    case "timespan + datetime":
      return typed("datetime", moved(b, "+", a));
    case "datetime - timespan":
      return typed("datetime", moved(a, "-", b));
    case "datetime - datetime":
      return typed("timespan", infix(call("epoch_us", a), "-", call("epoch_us", b)));
    case "timespan + timespan":
    case "timespan - timespan":
      return typed("timespan", call("try", infix(a, operator === "+" ? "+" : "-", b)));
    case "timespan / timespan":
      return typed("real", quotient(cast(a, "DOUBLE"), cast(b, "DOUBLE")));
    case "timespan % timespan":
      return typed("timespan", call("try", remainder(a, b)));
    default:
      return scaled(operator, left, right);
  }
}

function scaled(operator: Arithmetic, left: Typed, right: Typed): Typed | undefined {
  const whole = (of: SqlExpression): Typed =>
    typed("timespan", tryCast(call("trunc", of), "BIGINT"));
  if (left.type === "timespan" && isNumber(right.type)) {
    const [a, b] = [cast(left.sql, "DOUBLE"), convert(right, "real")];
    if (operator === "*") return whole(infix(a, "*", b));
    if (operator === "/") return whole(when(not(infix(b, "=", integer(0))), infix(a, "/", b)));
  }
  if (right.type === "timespan" && isNumber(left.type) && operator === "*") {
    return whole(infix(convert(left, "real"), "*", cast(right.sql, "DOUBLE")));
  }
  return undefined;
}

/** `-x`. */
export function negated(of: Typed, place: Place): Typed {
  if (isWhole(of.type)) return wholes("-", integer(0), of.sql);
  if (of.type === "real") return typed("real", infix(integer(0), "-", of.sql));
  if (of.type === "timespan") {
    return typed("timespan", call("try", infix(integer(0), "-", of.sql)));
  }
  return mistaken(place, `Operator '-' cannot be applied to a value of type ${of.type}.`);
}
