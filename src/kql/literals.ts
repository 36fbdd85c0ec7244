/** Literals of KQL as values to bind. Read from their text: the parser's own values of some are off, such as `time(1.02:03:04)` and `0x1F`. */
import type { LogColumnType } from "../core/index.ts";
import { kindOf, textOf } from "./kusto-node.ts";
import type { KustoNode } from "./kusto-library.ts";
import { mistaken, unsupported } from "./refused.ts";
import type { SqlParameter } from "./seams.ts";

const kinds: ReadonlyMap<string, LogColumnType> = new Map([
  ["BooleanLiteralExpression", "bool"],
  ["CompoundStringLiteralExpression", "string"],
  ["DateTimeLiteralExpression", "datetime"],
  ["DecimalLiteralExpression", "decimal"],
  ["GuidLiteralExpression", "guid"],
  ["IntLiteralExpression", "int"],
  ["LongLiteralExpression", "long"],
  ["RealLiteralExpression", "real"],
  ["StringLiteralExpression", "string"],
  ["TimespanLiteralExpression", "timespan"],
]);

/** A literal's value. `text` stands for types that SQL reads from text: decimals, GUIDs, and reals that JSON cannot hold. */
export type Literal =
  | { readonly type: LogColumnType; readonly kind: "value"; readonly value: SqlParameter }
  | { readonly type: LogColumnType; readonly kind: "text"; readonly text: string };

/** The type of a literal node; undefined for any other node. */
export const literalType = (node: KustoNode): LogColumnType | undefined => kinds.get(kindOf(node));

/** Reads a literal. @throws KqlRefused where its text has no value */
export function readLiteral(node: KustoNode, type: LogColumnType): Literal {
  if (type === "string") {
    return value(type, { type, value: String(node["LiteralValue"] ?? "") });
  }
  const plain = writtenValue(node);
  if (plain === "null" || plain === "") return value(type, { type: "null", of: type });
  switch (type) {
    case "bool":
      return value(type, { type, value: readBool(node, plain) });
    case "int":
    case "long":
      return value(type, { type: "long", value: readWhole(node, plain, type) });
    case "real":
      return readReal(node, plain);
    case "datetime":
      return value(type, { type, microseconds: readDatetime(node, plain) });
    case "timespan":
      return value(type, { type, microseconds: readTimespan(node, plain) });
    case "guid":
      return { type, kind: "text", text: plain.toLowerCase() };
    default:
      return { type, kind: "text", text: plain };
  }
}

/** What stands within `type(…)`, without quotes. */
function writtenValue(node: KustoNode): string {
  const written = textOf(node);
  const inner = /^\w+\s*\(([^]*)\)$/.exec(written)?.[1]?.trim() ?? written;
  return /^(["'])([^]*)\1$/.exec(inner)?.[2] ?? inner;
}

const value = (type: LogColumnType, of: SqlParameter): Literal => ({
  type,
  kind: "value",
  value: of,
});

function readBool(node: KustoNode, written: string): boolean {
  const lower = written.toLowerCase();
  if (lower === "true" || lower === "1") return true;
  if (lower === "false" || lower === "0") return false;
  return mistaken(node, `'${written}' is not a bool.`);
}

const WHOLE = /^[+-]?\d{1,19}$|^0[xX][0-9a-fA-F]{1,16}$/;

function readWhole(node: KustoNode, written: string, type: "int" | "long"): bigint {
  const bits = type === "int" ? 32 : 64;
  if (WHOLE.test(written)) {
    const whole = BigInt(written.replace(/^\+/, ""));
    if (BigInt.asIntN(bits, whole) === whole) return whole;
  }
  return mistaken(node, `'${written}' is not ${type === "int" ? "an int" : "a long"}.`);
}

function readReal(node: KustoNode, written: string): Literal {
  const special = /^([+-]?)inf(?:inity)?$|^nan$/i.exec(written);
  if (special !== null) {
    const sign = special[1] === "-" ? "-" : "";
    const name = written.toLowerCase() === "nan" ? "NaN" : `${sign}Infinity`;
    return { type: "real", kind: "text", text: name };
  }
  const real = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(written) ? Number(written) : NaN;
  if (Number.isFinite(real)) return value("real", { type: "real", value: real });
  return mistaken(node, `'${written}' is not a real.`);
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ["d", 86_400_000_000],
  ["day", 86_400_000_000],
  ["h", 3_600_000_000],
  ["hr", 3_600_000_000],
  ["hour", 3_600_000_000],
  ["m", 60_000_000],
  ["min", 60_000_000],
  ["minute", 60_000_000],
  ["s", 1_000_000],
  ["sec", 1_000_000],
  ["second", 1_000_000],
  ["ms", 1_000],
  ["milli", 1_000],
  ["millis", 1_000],
  ["millisec", 1_000],
  ["millisecond", 1_000],
  ["micro", 1],
  ["micros", 1],
  ["microsec", 1],
  ["microsecond", 1],
  ["tick", 0.1],
  ["nano", 0.001],
  ["nanos", 0.001],
  ["nanosec", 0.001],
  ["nanosecond", 0.001],
]);

const MEASURED = /^([+-]?)(\d+(?:\.\d+)?)\s*([a-z]+)?$/;
const CLOCKED = /^([+-]?)(?:(\d{1,8})\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7}))?)?$/;

/** A timespan's microseconds. @see learn.microsoft.com/kusto/query/scalar-data-types/timespan */
function readTimespan(node: KustoNode, written: string): bigint {
  const measured = MEASURED.exec(written.toLowerCase());
  if (measured !== null) {
    const [, sign, count = "", word = "d"] = measured;
    const unit = UNITS.get(word) ?? UNITS.get(word.replace(/s$/, ""));
    if (unit !== undefined) return measuredMicroseconds(node, Number(count) * unit, sign === "-");
  }
  const clocked = CLOCKED.exec(written);
  if (clocked === null) return mistaken(node, `'${written}' is not a timespan.`);
  const [, sign, days = "0", hours = "0", minutes = "0", seconds = "0", fraction = ""] = clocked;
  const whole =
    ((BigInt(days) * 24n + BigInt(hours)) * 60n + BigInt(minutes)) * 60n + BigInt(seconds);
  const size = whole * 1_000_000n + BigInt(fraction.padEnd(6, "0").slice(0, 6));
  return sign === "-" ? -size : size;
}

function measuredMicroseconds(node: KustoNode, size: number, negative: boolean): bigint {
  const rounded = Math.round(size);
  if (Math.abs(size - rounded) > Math.max(1e-6, size * 1e-15)) {
    unsupported(node, "A timespan finer than a microsecond", "round it to microseconds");
  }
  if (rounded > Number.MAX_SAFE_INTEGER) return mistaken(node, "The timespan is too long.");
  return BigInt(negative ? -rounded : rounded);
}

const ISO =
  /^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:[Tt ]\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?)?)?\s*([Zz]|[+-]\d{2}:?\d{2})?$/;

/** A datetime's microseconds since 1970 in UTC; a seventh digit is cut. */
function readDatetime(node: KustoNode, written: string): bigint {
  const iso = ISO.exec(written);
  if (iso === null) return datetimeOfParser(node, written);
  const [, year, month = "1", day = "1", hour = "0", minute = "0", second = "0"] = iso;
  const [fraction = "", zone = "Z"] = iso.slice(7);
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const isDay = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  if (!isDay || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) {
    return mistaken(node, `'${written}' is not a datetime.`);
  }
  date.setUTCHours(Number(hour), Number(minute), Number(second));
  const shiftMinutes = zoneMinutes(zone);
  const whole = BigInt(date.getTime() - shiftMinutes * 60_000) * 1000n;
  return whole + BigInt(fraction.padEnd(6, "0").slice(0, 6));
}

function zoneMinutes(zone: string): number {
  if (zone.toUpperCase() === "Z") return 0;
  const digits = zone.replace(/\D/g, "");
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2, 4));
  return zone.startsWith("-") ? -minutes : minutes;
}

/** Other spellings (RFC 822, `1/31/2026`) as the parser reads them, to the millisecond. */
function datetimeOfParser(node: KustoNode, written: string): bigint {
  const boxed = node["LiteralValue"] as { readonly v?: unknown } | null | undefined;
  const date = boxed?.v;
  if (date instanceof Date && !Number.isNaN(date.getTime())) return BigInt(date.getTime()) * 1000n;
  return mistaken(node, `'${written}' is not a datetime.`);
}
