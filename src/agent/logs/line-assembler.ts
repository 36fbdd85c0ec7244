/** Joins what the container runtime split: pieces of a long line, and lines of one stack trace where that is asked for. */
import { limits } from "../../core/index.ts";
import type { LogStream } from "./cri-line.ts";
import { continuesTrace } from "./stack-traces.ts";
import type { TraceLanguage } from "./stack-traces.ts";
import type { PendingText } from "./tail-position.ts";

/** What is told on: one record's text. */
export interface AssembledText {
  readonly stream: LogStream;
  readonly time: string;
  readonly text: string;
}

export interface Piece {
  readonly stream: LogStream;
  readonly time: string;
  readonly partial: boolean;
  /** A view that is valid during the call only. */
  readonly bytes: Buffer;
}

interface Open {
  readonly time: string;
  readonly pieces: Buffer[];
  bytes: number;
  lines: number;
  partial: boolean;
  cut: boolean;
  sinceMs: number;
}

/** Assembles the text of one container, a stream at a time. */
export class LineAssembler {
  readonly #emit: (text: AssembledText) => void;
  readonly #languages: ReadonlySet<TraceLanguage>;
  readonly #open = new Map<LogStream, Open>();

  /** @param languages whose stack traces are joined; none where empty. */
  constructor(
    emit: (text: AssembledText) => void,
    languages: ReadonlySet<TraceLanguage>,
    pending: readonly PendingText[] = [],
  ) {
    this.#emit = emit;
    this.#languages = languages;
    for (const one of pending) this.#restore(one);
  }

  /** Bytes that the next line of a stream may complete. */
  openBytes(stream: LogStream): number {
    return this.#open.get(stream)?.bytes ?? 0;
  }

  get isIdle(): boolean {
    return this.#open.size === 0;
  }

  /** Takes one piece; tells what it completes. */
  take(piece: Piece, nowMs: number): void {
    const open = this.#open.get(piece.stream);
    if (open === undefined) {
      if (!piece.partial && this.#languages.size === 0) {
        return this.#tell(piece.stream, piece.time, textOf(piece.bytes));
      }
      this.#begin(piece, nowMs);
      return;
    }
    if (open.partial) {
      add(open, piece.bytes);
      open.partial = piece.partial;
      open.sinceMs = nowMs;
      if (piece.partial) return;
      return this.#lineIsWhole(piece.stream, open, nowMs);
    }
    // A group of whole lines: this piece begins another line.
    open.sinceMs = nowMs;
    if (piece.partial || !this.#joins(open, piece.bytes)) {
      this.#end(piece.stream, open);
      return this.#begin(piece, nowMs);
    }
    add(open, LINE_FEED);
    add(open, piece.bytes);
    open.lines += 1;
  }

  /** Tells what has waited since before `untilMs` for its rest. */
  flush(untilMs: number): void {
    for (const [stream, open] of this.#open) if (open.sinceMs <= untilMs) this.#end(stream, open);
  }

  pending(): readonly PendingText[] {
    return [...this.#open].map(([stream, { time, pieces, lines, partial, cut }]) => ({
      stream,
      time,
      bytes: Buffer.concat(pieces).toString("base64"),
      lines,
      partial,
      cut,
    }));
  }

  #begin(piece: Piece, nowMs: number): void {
    const open: Open = {
      time: piece.time,
      pieces: [],
      bytes: 0,
      lines: 0,
      partial: piece.partial,
      cut: false,
      sinceMs: nowMs,
    };
    add(open, piece.bytes);
    this.#open.set(piece.stream, open);
    if (!piece.partial) this.#lineIsWhole(piece.stream, open, nowMs);
  }

  /** The open text ends with a whole line: it stays open where lines of a trace may follow. */
  #lineIsWhole(stream: LogStream, open: Open, nowMs: number): void {
    open.lines += 1;
    open.sinceMs = nowMs;
    if (this.#languages.size === 0) this.#end(stream, open);
  }

  #joins(open: Open, line: Buffer): boolean {
    if (open.cut || open.lines >= limits.logGroupLinesMax) return false;
    if (open.bytes + line.length + 1 > limits.logLineBytesMax) return false;
    return continuesTrace(
      Buffer.concat(open.pieces).toString("utf8"),
      line.toString("utf8"),
      this.#languages,
    );
  }

  #end(stream: LogStream, open: Open): void {
    this.#open.delete(stream);
    const [only] = open.pieces;
    const bytes =
      open.pieces.length === 1 && only !== undefined ? only : Buffer.concat(open.pieces);
    this.#tell(stream, open.time, textOf(bytes));
  }

  #tell(stream: LogStream, time: string, text: string): void {
    this.#emit({ stream, time, text });
  }

  #restore({ stream, time, bytes, lines, partial, cut }: PendingText): void {
    const kept = Buffer.from(bytes, "base64");
    this.#open.set(stream, {
      time,
      pieces: [kept],
      bytes: kept.length,
      lines,
      partial,
      cut,
      sinceMs: -Infinity,
    });
  }
}

const LINE_FEED = Buffer.from("\n");

/** Adds a copy of the bytes, up to the limit of a line. */
function add(open: Open, bytes: Buffer): void {
  const room = limits.logLineBytesMax - open.bytes;
  if (bytes.length > room) open.cut = true;
  if (room <= 0) return;
  const kept = Buffer.from(bytes.subarray(0, room));
  open.pieces.push(kept);
  open.bytes += kept.length;
}

/** The text of a line, cut at the limit and not within a character. */
function textOf(bytes: Buffer): string {
  const end = Math.min(bytes.length, limits.logLineBytesMax);
  return bytes.toString("utf8", 0, endOfCharacters(bytes, end));
}

const CHARACTER_BYTES_MAX = 4;

/** The end of the last whole UTF-8 character before `end`, where the limit cut one; else `end`. */
function endOfCharacters(bytes: Buffer, end: number): number {
  if (end < limits.logLineBytesMax) return end;
  for (let at = end - 1; at >= Math.max(0, end - CHARACTER_BYTES_MAX); at -= 1) {
    const byte = bytes[at] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const wanted = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return at + wanted > end ? at : end;
  }
  return end;
}
