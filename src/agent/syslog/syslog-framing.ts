/** Messages of a byte stream: each with its length before it, or with a line feed after it. @see rfc-editor.org/rfc/rfc6587 */
import { limits } from "../../core/index.ts";

const LINE_FEED = 0x0a;
const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;
const LENGTH_DIGITS_MAX = 7;

/** Cuts one connection's bytes into messages. */
export class SyslogFraming {
  #rest: Buffer = Buffer.alloc(0);
  /** Bytes of a message that is too long, which are passed over. */
  #skip = 0;

  /**
   * The messages that are whole with these bytes. A message longer than `limits.logLineBytesMax` is cut there.
   *
   * @returns undefined when the bytes are none of either framing: the connection is of no use any more.
   */
  take(bytes: Buffer): readonly string[] | undefined {
    let rest = Buffer.concat([this.#rest, bytes]);
    const messages: string[] = [];
    for (;;) {
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, rest.length);
        this.#skip -= passed;
        rest = rest.subarray(passed);
      }
      const first = rest[0];
      if (first === undefined) break;
      const next = first >= ZERO && first <= NINE ? this.#counted(rest) : this.#ended(rest);
      if (next === "more") break;
      if (next === "wrong") return undefined;
      messages.push(next.message);
      rest = rest.subarray(next.bytes);
    }
    this.#rest = Buffer.from(rest);
    return messages;
  }

  #counted(rest: Buffer): Framed {
    const space = rest.indexOf(SPACE);
    if (space < 0) return rest.length > LENGTH_DIGITS_MAX ? "wrong" : "more";
    const digits = rest.toString("latin1", 0, space);
    if (space > LENGTH_DIGITS_MAX || !/^\d+$/.test(digits)) return "wrong";
    const length = Number(digits);
    const kept = Math.min(length, limits.logLineBytesMax);
    const start = space + 1;
    if (rest.length < start + kept) return "more";
    this.#skip = length - kept;
    return { message: rest.toString("utf8", start, start + kept), bytes: start + kept };
  }

  #ended(rest: Buffer): Framed {
    const end = rest.indexOf(LINE_FEED);
    if (end < 0 && rest.length <= limits.logLineBytesMax) return "more";
    // A line without an end is cut at the limit; what follows is read as if it began there.
    const length = end < 0 ? limits.logLineBytesMax : Math.min(end, limits.logLineBytesMax);
    const bytes = end < 0 ? length : end + 1;
    return { message: rest.toString("utf8", 0, length), bytes };
  }
}

type Framed = "more" | "wrong" | { readonly message: string; readonly bytes: number };
