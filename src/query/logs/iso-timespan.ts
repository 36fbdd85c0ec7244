/** The API's `timespan`: an ISO 8601 duration that ends now, or an interval. @see learn.microsoft.com/azure/azure-monitor/logs/api/request-format */

export interface Timespan {
  readonly fromMs: number;
  readonly toMs: number;
}

const DURATION =
  /^P(?:(\d{1,6})Y)?(?:(\d{1,6})M)?(?:(\d{1,6})W)?(?:(\d{1,6}(?:\.\d{1,7})?)D)?(?:T(?:(\d{1,6}(?:\.\d{1,7})?)H)?(?:(\d{1,9}(?:\.\d{1,7})?)M)?(?:(\d{1,9}(?:\.\d{1,7})?)S)?)?$/;
const MOMENT =
  /^\d{4}-\d{2}-\d{2}(?:[Tt]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d{2}:?\d{2})?)?$/;

const DAY_MS = 86_400_000;

/** `PT1H`, `from/to`, `from/PT1H` or `PT1H/to`; undefined for anything else. A year has 365 days and a month 30. */
export function parseTimespan(text: string, nowMs: number): Timespan | undefined {
  const [first = "", second, ...rest] = text.trim().split("/");
  if (rest.length > 0) return undefined;
  const length = durationMs(first);
  if (second === undefined) {
    return length === undefined ? undefined : { fromMs: nowMs - length, toMs: nowMs };
  }
  const [from, to] = [momentMs(first), momentMs(second)];
  if (length !== undefined) return to === undefined ? undefined : { fromMs: to - length, toMs: to };
  if (from === undefined) return undefined;
  const later = durationMs(second);
  if (later !== undefined) return { fromMs: from, toMs: from + later };
  return to === undefined ? undefined : { fromMs: from, toMs: to };
}

/** What both see. Where they do not meet, `toMs` is before `fromMs`, and no row is seen. */
export const intersection = (
  a: Timespan | undefined,
  b: Timespan | undefined,
): Timespan | undefined =>
  a === undefined || b === undefined
    ? (a ?? b)
    : { fromMs: Math.max(a.fromMs, b.fromMs), toMs: Math.min(a.toMs, b.toMs) };

function durationMs(text: string): number | undefined {
  const match = DURATION.exec(text.toUpperCase());
  if (match === null || text.length < 3 || text.toUpperCase().endsWith("T")) return undefined;
  const [years = 0, months = 0, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  return Math.round(
    (years * 365 + months * 30 + weeks * 7 + days) * DAY_MS +
      hours * 3_600_000 +
      minutes * 60_000 +
      seconds * 1000,
  );
}

/** Without a zone in UTC. */
function momentMs(text: string): number | undefined {
  if (!MOMENT.test(text)) return undefined;
  const upper = text.toUpperCase();
  const zoned = !upper.includes("T") || /Z$|[+-]\d{2}:?\d{2}$/.test(upper) ? upper : `${upper}Z`;
  const ms = Date.parse(zoned.replace(/([+-]\d{2})(\d{2})$/, "$1:$2"));
  return Number.isNaN(ms) ? undefined : ms;
}
