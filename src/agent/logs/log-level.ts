/**
 * The severity that a log line names, for the column LogLevel.
 * @see learn.microsoft.com/azure/azure-monitor/reference/tables/containerlogv2 (the values); how a line is judged is inferred.
 */

export type LogLevel = "CRITICAL" | "ERROR" | "WARNING" | "INFO" | "DEBUG" | "TRACE" | "UNKNOWN";

const levels: ReadonlyMap<string, LogLevel> = new Map([
  ["critical", "CRITICAL"],
  ["crit", "CRITICAL"],
  ["fatal", "CRITICAL"],
  ["panic", "CRITICAL"],
  ["emerg", "CRITICAL"],
  ["error", "ERROR"],
  ["err", "ERROR"],
  ["warning", "WARNING"],
  ["warn", "WARNING"],
  ["information", "INFO"],
  ["info", "INFO"],
  ["notice", "INFO"],
  ["debug", "DEBUG"],
  ["dbg", "DEBUG"],
  ["trace", "TRACE"],
]);

const HEAD_CHARS = 256;
/** A field that names the level: `"level":"info"`, `severity=WARN`, `lvl: error`. */
const field =
  /(?:^|[\s{,"'])(?:log[._]?level|level|severity|lvl)["']?\s?[:=]\s?["']?([A-Za-z]{3,11})\b/i;
/** A word alone in brackets or capitals: `[error]`, `ERROR`, `WARN:`. */
const word =
  /(?:\[\s?([A-Za-z]{3,11})\s?\])|\b(CRITICAL|CRIT|FATAL|PANIC|ERROR|ERR|WARNING|WARN|INFO|NOTICE|DEBUG|TRACE)\b/;

/** The level of a line's beginning; UNKNOWN where it names none. */
export function logLevelOf(text: string): LogLevel {
  const head = text.slice(0, HEAD_CHARS);
  const named = field.exec(head)?.[1];
  const level = named === undefined ? undefined : levels.get(named.toLowerCase());
  if (level !== undefined) return level;
  const found = word.exec(head);
  return levels.get((found?.[1] ?? found?.[2] ?? "").toLowerCase()) ?? "UNKNOWN";
}
