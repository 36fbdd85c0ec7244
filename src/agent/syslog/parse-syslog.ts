/**
 * One syslog message: RFC 5424 where it has that version, else the older form of RFC 3164, of which senders keep what they like.
 * @see rfc-editor.org/rfc/rfc5424, rfc-editor.org/rfc/rfc3164
 */

export interface SyslogMessage {
  readonly facility: string;
  /** As OMS names it: `err`, `warn`, `info`. */
  readonly severity: string;
  /** RFC 3339; undefined where the message has no time that says its year. */
  readonly time: string | undefined;
  readonly host: string;
  readonly program: string;
  readonly processId: string;
  readonly text: string;
}

/** By their codes. `audit` to `cron2` are RFC 5424's; Azure's rules call them as here. */
const facilities: readonly string[] = [
  ..."kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit alert clock".split(
    " ",
  ),
  ...Array.from({ length: 8 }, (_, at) => `local${at}`),
];

/** By their codes. @see github.com/fluent/fluentd in_syslog, which the agents of OMS embed */
const severities: readonly string[] = "emerg alert crit err warn notice info debug".split(" ");

/** The levels of a rule, by the severities' codes. @see learn.microsoft.com/azure/azure-monitor/agents/data-collection-syslog */
export const ruleLevels: readonly string[] =
  "Emergency Alert Critical Error Warning Notice Info Debug".split(" ");

/** The level of a rule that a severity is of. */
export const levelOf = (severity: string): string => ruleLevels[severities.indexOf(severity)] ?? "";

const PRIORITY_MAX = 191;
const priority = /^<(\d{1,3})>/;
const rfc5424 = /^1 (\S{1,48}) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) /;
/** `Jan  2 03:04:05 host program[12]: `, each part at will. */
const rfc3164 =
  /^(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d |(\d{4}-\d\d-\d\dT\S{1,30}) )(?:(\S{1,255}) )?(?:([\w./-]{1,64})(?:\[(\d{1,10})\])?: ?)?/;
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

/** Reads a message; undefined where it has no priority. What is missing is empty. */
export function parseSyslog(message: string): SyslogMessage | undefined {
  const [head = "", code = ""] = priority.exec(message) ?? [];
  if (head === "" || Number(code) > PRIORITY_MAX) return undefined;
  const rest = message.slice(head.length);
  return {
    facility: facilities[Math.floor(Number(code) / 8)] ?? "",
    severity: severities[Number(code) % 8] ?? "",
    ...(newer(rest) ?? older(rest)),
  };
}

type Rest = Omit<SyslogMessage, "facility" | "severity">;

function newer(rest: string): Rest | undefined {
  const match = rfc5424.exec(rest);
  if (match === null) return undefined;
  const [whole, time = "", host = "", program = "", processId = ""] = match;
  return {
    time: timeOf(time),
    host: given(host),
    program: given(program),
    processId: given(processId),
    text: withoutStructure(rest.slice(whole.length)),
  };
}

function older(rest: string): Rest {
  const [whole = "", time = "", host = "", program = "", processId = ""] = rfc3164.exec(rest) ?? [];
  return { time: timeOf(time), host, program, processId, text: trimmed(rest.slice(whole.length)) };
}

/** RFC 5424's nil. */
const given = (text: string): string => (text === "-" ? "" : text);

const timeOf = (text: string): string | undefined => (rfc3339.test(text) ? text : undefined);

/** What follows the structured data: `-`, or elements in brackets, in which `\]` is no end. */
function withoutStructure(text: string): string {
  if (text.startsWith("-")) return trimmed(text.slice(1));
  let at = 0;
  while (text[at] === "[") {
    at += 1;
    while (at < text.length && text[at] !== "]") at += text[at] === "\\" ? 2 : 1;
    at += 1;
  }
  return trimmed(text.slice(at));
}

const trimmed = (text: string): string =>
  text.replace(/^ ?\ufeff?/, "").replace(/[\r\n\0]{1,4}$/, "");
