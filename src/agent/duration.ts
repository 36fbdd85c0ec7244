/** Prometheus's durations: `1h30m`, `15s`, `100ms`. */

const UNITS = [
  ["y", 365 * 24 * 3_600_000],
  ["w", 7 * 24 * 3_600_000],
  ["d", 24 * 3_600_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
] as const;

const DURATION =
  /^(?:(\d{1,15})y)?(?:(\d{1,15})w)?(?:(\d{1,15})d)?(?:(\d{1,15})h)?(?:(\d{1,15})m)?(?:(\d{1,15})s)?(?:(\d{1,15})ms)?$/;

/** Milliseconds; undefined for what is no duration. @see prometheus/common model/time.go */
export function parseDuration(text: string): number | undefined {
  if (text === "0") return 0;
  const parts = text === "" ? null : DURATION.exec(text);
  if (parts === null) return undefined;
  const sum = UNITS.reduce((ms, [, unit], index) => ms + Number(parts[index + 1] ?? 0) * unit, 0);
  return Number.isSafeInteger(sum) ? sum : undefined;
}
