/** Numbers and durations as Prometheus reads and writes them. */

const INT64_MAX = 2n ** 63n - 1n;

/**
 * The value of a number token: decimal, hexadecimal (`0x1F`), octal (a leading 0, as Go reads integers), with
 * underscores between digits, `inf` and `nan`.
 *
 * @returns undefined where Prometheus answers "error parsing number".
 */
export function parseNumber(text: string): number | undefined {
  const digits = text.replaceAll("_", "").toLowerCase();
  if (digits === "inf") return Infinity;
  if (digits === "nan") return NaN;
  if (digits.startsWith("0x")) {
    const value = BigInt(digits);
    return value <= INT64_MAX ? Number(value) : undefined;
  }
  if (/^0[0-7]+$/.test(digits)) {
    const value = BigInt(`0o${digits.slice(1)}`);
    if (value <= INT64_MAX) return Number(value);
  }
  const value = Number(digits);
  // Go calls a literal past the largest double out of range; JavaScript makes it infinite.
  return Number.isFinite(value) ? value : undefined;
}

const UNITS: readonly (readonly [unit: string, ms: number, exact: boolean])[] = [
  ["y", 365 * 24 * 3600 * 1000, true],
  ["w", 7 * 24 * 3600 * 1000, true],
  ["d", 24 * 3600 * 1000, false],
  ["h", 3600 * 1000, false],
  ["m", 60 * 1000, false],
  ["s", 1000, false],
  ["ms", 1, false],
];

/** The longest duration: Go's int64 of nanoseconds. */
export const DURATION_MS_MAX = 9_223_372_036_854;

/**
 * Milliseconds of a duration such as `1h30m`: units in falling order, each at most once; `0` alone is allowed.
 *
 * @returns the milliseconds, or Prometheus's sentence about what is wrong.
 */
export function parseDurationMs(text: string): number | string {
  if (text === "0") return 0;
  if (text === "") return "empty duration string";
  let rest = text;
  let total = 0;
  for (const [unit, ms] of UNITS) {
    const digits = /^\d+/.exec(rest)?.[0] ?? "";
    const after = rest.slice(digits.length);
    if (digits === "" || !after.startsWith(unit)) continue;
    if (unit === "m" && after.startsWith("ms")) continue;
    total += Number(digits) * ms;
    rest = after.slice(unit.length);
  }
  if (rest !== "") return `not a valid duration string: ${JSON.stringify(text)}`;
  return total > DURATION_MS_MAX ? "duration out of range" : total;
}

/** The duration in Prometheus's spelling: `1h30m`, `2w`, `0s`. Whole years and weeks only when exact. */
export function formatDurationMs(durationMs: number): string {
  let rest = Math.round(durationMs);
  if (rest === 0) return "0s";
  let text = "";
  for (const [unit, ms, exact] of UNITS) {
    if (exact && rest % ms !== 0) continue;
    const count = Math.floor(rest / ms);
    if (count === 0) continue;
    text += `${count}${unit}`;
    rest -= count * ms;
  }
  return text;
}

/** The number as Go's strconv writes it with format 'f', precision -1: shortest digits, never an exponent. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  if (Object.is(value, -0)) return "-0";
  const text = String(value);
  const mark = text.indexOf("e");
  return mark < 0 ? text : withoutExponent(text.slice(0, mark), Number(text.slice(mark + 1)));
}

function withoutExponent(mantissa: string, exponent: number): string {
  const sign = mantissa.startsWith("-") ? "-" : "";
  const [whole = "", fraction = ""] = mantissa.slice(sign.length).split(".");
  const digits = whole + fraction;
  const point = whole.length + exponent;
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits + "0".repeat(point - digits.length);
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
