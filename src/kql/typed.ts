/** Expressions with their KQL type, and how a value of one type becomes one of another. */
import type { LogColumnType } from "../core/index.ts";
import {
  call,
  cast,
  infix,
  integer,
  isNull,
  not,
  sqlFalse,
  sqlNull,
  sqlTrue,
  sqlTypeOf,
  text,
  tryCast,
  when,
} from "./sql.ts";
import type { SqlExpression } from "./sql.ts";

export interface Typed {
  readonly sql: SqlExpression;
  readonly type: LogColumnType;
  /** The JSON text of a stored dynamic value: `sql` is that value, or its text as `tostring()` gives it. */
  readonly raw?: SqlExpression;
  /** A stored string, null where a record had none: KQL's strings are never null, so that whoever does not filter by it reads it through `valueOf`. */
  readonly bare?: boolean;
  /** A literal string's value, where the expression is one. */
  readonly literal?: string;
  /** A literal that is not null. */
  readonly isLiteral?: boolean;
}

export const typed = (type: LogColumnType, sql: SqlExpression): Typed => ({ type, sql });

/** The value as KQL sees it. */
export const valueOf = ({ sql, bare }: Typed): SqlExpression =>
  bare === true ? call("coalesce", sql, text("")) : sql;

export const isNumber = (type: LogColumnType): boolean =>
  type === "int" || type === "long" || type === "real" || type === "decimal";
export const isWhole = (type: LogColumnType): boolean => type === "int" || type === "long";

/** What Kusto converts without being asked: whole numbers to wider ones, and dynamic values to what is wanted. */
export function widens(from: LogColumnType, to: LogColumnType): boolean {
  if (from === to || from === "dynamic") return true;
  if (to === "long") return from === "int";
  if (to === "real") return isNumber(from);
  return false;
}

/**
 * Converts as `tostring()`, `tolong()` … do: null where the value does not fit, an empty string for a null.
 *
 * @see learn.microsoft.com/kusto/query/tostring-function and its siblings
 */
export function convert(of: Typed, to: LogColumnType): SqlExpression {
  if (of.type === to) return valueOf(of);
  if (of.type === "dynamic") return fromDynamic(of.sql, to);
  switch (to) {
    case "string":
      return toText(of);
    case "int":
    case "long":
      return toWhole(of, to);
    case "real":
    case "decimal":
      return tryCast(of.type === "bool" ? cast(of.sql, "BIGINT") : spanOrValue(of), sqlTypeOf[to]);
    case "bool":
      return toBool(of);
    case "datetime":
      return of.type === "string" ? textToDatetime(valueOf(of)) : ticksToDatetime(of);
    case "dynamic":
      return toDynamic(of);
    case "guid":
      return textToGuid(valueOf(of));
    case "timespan":
      return textToTimespan(toText(of));
  }
}

/** A timespan counts ticks of 100 ns where it becomes a number. */
const spanOrValue = (of: Typed): SqlExpression =>
  of.type === "timespan" ? infix(of.sql, "*", integer(10)) : valueOf(of);

function toWhole(of: Typed, to: "int" | "long"): SqlExpression {
  const type = sqlTypeOf[to];
  if (of.type === "string") {
    const trimmed = call("trim", valueOf(of));
    return when(call("regexp_matches", trimmed, text(WHOLE)), tryCast(trimmed, type));
  }
  if (of.type === "real" || of.type === "decimal") return tryCast(call("trunc", of.sql), type);
  if (of.type === "datetime") {
    return infix(
      infix(call("epoch_us", of.sql), "+", integer(MICROSECONDS_BEFORE_1970)),
      "*",
      integer(10),
    );
  }
  return tryCast(spanOrValue(of), type);
}

const WHOLE = "^[+-]?(?:[0-9]{1,19}|0[xX][0-9a-fA-F]{1,16})$";
/** From 0001-01-01, where .NET's ticks begin. */
const MICROSECONDS_BEFORE_1970 = 62_135_596_800_000_000n;

function toBool(of: Typed): SqlExpression {
  if (of.type !== "string") return infix(of.sql, "<>", integer(0));
  const lower = call("lower", call("trim", valueOf(of)));
  const number = tryCast(when(call("regexp_matches", lower, text(WHOLE)), lower), "BIGINT");
  return {
    kind: "case",
    whens: [
      { when: infix(lower, "=", text("true")), gives: sqlTrue },
      { when: infix(lower, "=", text("false")), gives: sqlFalse },
    ],
    otherwise: infix(number, "<>", integer(0)),
  };
}

const DATETIME = "^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([T ].*)?$";

const ZONE = "(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})$";
const OFFSET = "([+-])([0-9]{2}):?([0-9]{2})$";

/** Only spellings that begin with year-month-day; others are null. DuckDB passes over an offset: it is taken off here. */
function textToDatetime(of: SqlExpression): SqlExpression {
  const trimmed = call("trim", of);
  const timed = call("regexp_matches", trimmed, text("[T ].*:"));
  const part = (group: number): SqlExpression =>
    call("regexp_extract", trimmed, text(OFFSET), integer(group));
  const minutes = infix(
    infix(tryCast(part(2), "BIGINT"), "*", integer(60)),
    "+",
    tryCast(part(3), "BIGINT"),
  );
  const east = infix(minutes, "*", integer(60_000_000));
  const shift = when(
    infix(timed, "AND", call("regexp_matches", trimmed, text(OFFSET))),
    when(infix(part(1), "=", text("-")), infix(integer(0), "-", east), east),
    integer(0),
  );
  const local = when(timed, call("regexp_replace", trimmed, text(ZONE), text("")), trimmed);
  const moment = tryCast(local, "TIMESTAMP");
  return when(
    call("regexp_matches", trimmed, text(DATETIME)),
    call("try", infix(moment, "-", call("to_microseconds", shift))),
  );
}

const ticksToDatetime = (of: Typed): SqlExpression =>
  call(
    "try",
    call(
      "make_timestamp",
      infix(
        infix(tryCast(of.sql, "BIGINT"), "//", integer(10)),
        "-",
        integer(MICROSECONDS_BEFORE_1970),
      ),
    ),
  );

const GUID = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";

function textToGuid(of: SqlExpression): SqlExpression {
  const lower = call("lower", call("trim", of));
  return when(call("regexp_matches", lower, text(GUID)), lower);
}

const SPAN = "^(-?)(?:([0-9]{1,8})[.])?([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.]([0-9]{1,7}))?$";

/** `[-][d.]hh:mm:ss[.fffffff]`; other spellings are null. */
function textToTimespan(of: SqlExpression): SqlExpression {
  const part = (group: number): SqlExpression =>
    call(
      "coalesce",
      tryCast(call("regexp_extract", of, text(SPAN), integer(group)), "BIGINT"),
      integer(0),
    );
  const scaled = (group: number, microseconds: bigint): SqlExpression =>
    infix(part(group), "*", integer(microseconds));
  const fraction = call(
    "substr",
    call("concat", call("regexp_extract", of, text(SPAN), integer(6)), text("000000")),
    integer(1),
    integer(6),
  );
  const size = [
    scaled(2, 86_400_000_000n),
    scaled(3, 3_600_000_000n),
    scaled(4, 60_000_000n),
    scaled(5, 1_000_000n),
    tryCast(fraction, "BIGINT"),
  ].reduce((left, right) => infix(left, "+", right));
  const signed = when(
    infix(call("regexp_extract", of, text(SPAN), integer(1)), "=", text("-")),
    infix(integer(0), "-", size),
    size,
  );
  return when(call("regexp_matches", of, text(SPAN)), signed);
}

/** A dynamic value's text: a string without its quotes, any other as JSON; empty for null. */
export const dynamicText = (of: SqlExpression): SqlExpression =>
  call("coalesce", call("json_extract_string", of, text("$")), text(""));

/** The kinds that `json_type` gives to numbers and bools. */
const NUMBERS: readonly SqlExpression[] = ["BIGINT", "UBIGINT", "DOUBLE", "HUGEINT"].map(text);

/** A dynamic value as another type: an object or array is null, but for text. */
export function fromDynamic(of: SqlExpression, to: LogColumnType): SqlExpression {
  const written = dynamicText(of);
  if (to === "string") return written;
  if (to === "dynamic") return of;
  if (isWhole(to)) {
    const number = tryCast(written, "DOUBLE");
    const whole = tryCast(call("trunc", number), sqlTypeOf[to]);
    const exact = call("coalesce", convert(typed("string", written), to), whole);
    const isOne: SqlExpression = { kind: "in", of: call("json_type", of), values: NUMBERS };
    return when(isOne, exact, convert(typed("string", written), to));
  }
  return convert(typed("string", written), to);
}

/** A scalar as a dynamic value. */
export function toDynamic(of: Typed): SqlExpression {
  if (of.type === "dynamic") return valueOf(of);
  const plain = of.type === "bool" || of.type === "int" || of.type === "long";
  if (plain || of.type === "string") return call("to_json", valueOf(of));
  if (of.type === "real") return call("to_json", of.sql);
  return when(isNull(of.sql), sqlNull, call("to_json", toText(of)));
}

/** A scalar's text. */
export function toText(of: Typed): SqlExpression {
  switch (of.type) {
    case "string":
      return valueOf(of);
    case "dynamic":
      return dynamicText(of.sql);
    case "bool":
      return when(isNull(of.sql), text(""), when(of.sql, text("True"), text("False")));
    case "datetime":
      return call("coalesce", call("strftime", of.sql, text("%Y-%m-%dT%H:%M:%S.%f0Z")), text(""));
    case "timespan":
      return call("coalesce", timespanText(of.sql), text(""));
    default:
      return call("coalesce", cast(of.sql, "VARCHAR"), text(""));
  }
}

/** `[-][d.]hh:mm:ss[.fffffff]`, as .NET writes a timespan. */
export function timespanText(of: SqlExpression): SqlExpression {
  const size = call("abs", of);
  const digits = (unit: bigint, modulo: bigint, width: number): SqlExpression =>
    call(
      "lpad",
      cast(infix(infix(size, "//", integer(unit)), "%", integer(modulo)), "VARCHAR"),
      integer(width),
      text("0"),
    );
  const days = infix(size, "//", integer(86_400_000_000n));
  const fraction = infix(size, "%", integer(1_000_000));
  return when(
    not(isNull(of)),
    call(
      "concat",
      when(infix(of, "<", integer(0)), text("-"), text("")),
      when(
        infix(days, ">", integer(0)),
        call("concat", cast(days, "VARCHAR"), text(".")),
        text(""),
      ),
      digits(3_600_000_000n, 24n, 2),
      text(":"),
      digits(60_000_000n, 60n, 2),
      text(":"),
      digits(1_000_000n, 60n, 2),
      when(
        infix(fraction, "<>", integer(0)),
        call("concat", text("."), digits(1n, 1_000_000n, 6), text("0")),
        text(""),
      ),
    ),
  );
}

/** Whether a value is none: a null, and for a dynamic value JSON's null too. A string is never null. */
export function isNullValue(of: Typed): SqlExpression {
  if (of.type === "string") return sqlFalse;
  if (of.type !== "dynamic") return isNull(of.sql);
  const kind = call("coalesce", call("json_type", of.sql), text("NULL"));
  return infix(kind, "=", text("NULL"));
}

/** A value that is empty: no text, or a null. */
export const isEmptyValue = (of: Typed): SqlExpression =>
  of.type === "string" || of.type === "dynamic" ? infix(toText(of), "=", text("")) : isNull(of.sql);

/** Keeps the low 64 (or 32) bits of a sum or product that was made in 128: long arithmetic wraps, as .NET's does. */
export function wrapped(of: SqlExpression): SqlExpression {
  const half = integer(1n << 63n);
  const modulus = integer(1n << 64n);
  const shifted = infix(of, "+", half);
  const positive = infix(infix(infix(shifted, "%", modulus), "+", modulus), "%", modulus);
  return cast(infix(positive, "-", half), "BIGINT");
}
