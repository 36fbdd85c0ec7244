/**
 * One line of a container's log as the container runtime interface (CRI) writes it: `TIME STREAM TAGS MESSAGE`.
 * @see github.com/kubernetes/kubernetes pkg/kubelet/kuberuntime/logs (parseCRILog)
 */

export type LogStream = "stdout" | "stderr";

export interface CriLine {
  /** RFC 3339 with nanoseconds, as it stands. */
  readonly time: string;
  readonly stream: LogStream;
  /** Tag `P`: the line goes on in the next one of its stream. */
  readonly partial: boolean;
  /** Where the message begins in the bytes that were given. */
  readonly start: number;
}

const SPACE = 0x20;
const COLON = 0x3a;
const PARTIAL = 0x50;
const FULL = 0x46;
const TIME_CHARS_MIN = 20;
const TIME_CHARS_MAX = 40;
const STREAM_CHARS = 6;

/** Reads the line of `bytes` between `from` and `to`, its line feed left out; undefined when it is none. */
export function parseCriLine(bytes: Buffer, from: number, to: number): CriLine | undefined {
  const timeEnd = bytes.indexOf(SPACE, from);
  const timeChars = timeEnd - from;
  if (timeEnd < 0 || timeChars < TIME_CHARS_MIN || timeChars > TIME_CHARS_MAX) return undefined;
  const tagStart = timeEnd + 1 + STREAM_CHARS + 1;
  if (tagStart >= to || bytes[tagStart - 1] !== SPACE) return undefined;
  const stream = streamAt(bytes, timeEnd + 1);
  const tag = bytes[tagStart];
  if (stream === undefined || (tag !== PARTIAL && tag !== FULL)) return undefined;
  let at = tagStart + 1;
  // More tags may follow the first, after colons; they say nothing that is known here.
  if (bytes[at] === COLON) while (at < to && bytes[at] !== SPACE) at += 1;
  if (at < to && bytes[at] !== SPACE) return undefined;
  const time = bytes.toString("latin1", from, timeEnd);
  if (!timePattern.test(time)) return undefined;
  return { time, stream, partial: tag === PARTIAL, start: Math.min(at + 1, to) };
}

const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

/** `stdout` and `stderr` differ in their fourth to sixth letters: `out`, `err`. */
function streamAt(bytes: Buffer, at: number): LogStream | undefined {
  const word = bytes.toString("latin1", at, at + STREAM_CHARS);
  return word === "stdout" || word === "stderr" ? word : undefined;
}
