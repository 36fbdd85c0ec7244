/** Follows one container's log: over rotation by renaming and by copying, and from where an earlier process stopped. */
import { closeSync, fstatSync, readSync, statSync } from "node:fs";
import { limits } from "../../core/index.ts";
import { parseCriLine } from "./cri-line.ts";
import { LineAssembler } from "./line-assembler.ts";
import type { AssembledText } from "./line-assembler.ts";
import { fileOfPosition, openLog, openRotated, rotatedFiles } from "./rotated-files.ts";
import type { RotatedFile } from "./rotated-files.ts";
import type { TraceLanguage } from "./stack-traces.ts";
import { fileIdOf, fingerprintOf, hasFingerprint } from "./tail-position.ts";
import type { Fingerprint, TailPosition } from "./tail-position.ts";

export interface TailOptions {
  /** The real path of the live file. */
  readonly path: string;
  readonly position: TailPosition | undefined;
  /** When an earlier process last read: what was rotated since then is read too. */
  readonly sinceMs: number | undefined;
  readonly languages: ReadonlySet<TraceLanguage>;
  /** A folder of the agent's own: what is compressed is unpacked there. */
  readonly scratch: string;
  readonly emit: (text: AssembledText) => void;
}

export interface TailCounts {
  /** Lines that are none of the container runtime's. */
  malformed: number;
  /** Bytes of lines that are longer than one read. */
  skippedBytes: number;
  /** Times that a file was gone before it was read to its end. */
  lostFiles: number;
}

/** What stops a read: `room` is asked before each line, with the bytes that its records may have. */
export type Room = (bytes: number) => boolean;

interface LeftFile {
  readonly fileId: string;
  readonly offset: number;
  readonly fingerprint: Fingerprint;
  readonly mtimeMs: number;
}

interface OpenFile {
  readonly file: number;
  readonly fileId: string;
  offset: number;
  /** Nothing is added to it any more. */
  readonly isRotated: boolean;
}

const LINE_FEED = 0x0a;
/** JSON writes a control character with six. */
const ESCAPED_TIMES = 6;

export class ContainerTail {
  readonly #options: TailOptions;
  readonly #assembler: LineAssembler;
  #open: OpenFile | undefined;
  /** Rotated files to be read before the live one, oldest first. */
  #backlog: readonly RotatedFile[] = [];
  /** The file that was read to its end last: what was rotated after it comes before the live one. */
  #left: LeftFile | undefined;
  /** Of the open file, from its first reads: a file that was cut has another beginning. */
  #fingerprint: Fingerprint = nothingRead;
  #skipping = false;
  readonly counts: TailCounts = { malformed: 0, skippedBytes: 0, lostFiles: 0 };

  constructor(options: TailOptions) {
    this.#options = options;
    const { position, emit, languages } = options;
    this.#assembler = new LineAssembler(emit, languages, position?.pending);
    if (position !== undefined) this.#resume(position);
    else if (options.sinceMs !== undefined) this.#backlog = this.#rotatedSince(options.sinceMs);
  }

  /** Reads what is there, up to `bytesMax` and as long as there is room. Answers the bytes that were read. */
  read(bytesMax: number, room: Room, nowMs: number): number {
    let total = 0;
    while (total < bytesMax) {
      const open = this.#current();
      if (open === undefined) return total;
      const { taken, stopped, moved } = this.#readChunk(open, room, nowMs);
      total += taken;
      if (stopped) return total;
      if (taken === 0 && moved !== true && !this.#next(open)) return total;
    }
    return total;
  }

  /** Tells what has waited since before `untilMs` for its rest, if there is room. */
  flush(untilMs: number, room: Room): void {
    const bytes = this.#assembler.openBytes("stdout") + this.#assembler.openBytes("stderr");
    if (bytes > 0 && room(bytes * ESCAPED_TIMES)) this.#assembler.flush(untilMs);
  }

  /** Where the next process goes on; undefined before anything was opened. */
  position(): TailPosition | undefined {
    const open = this.#open;
    // Between two files it stands at the end of the one that was left.
    const here = open === undefined ? this.#left : { ...open, fingerprint: this.#fingerprint };
    if (here === undefined) return undefined;
    return {
      file: here.fileId,
      offset: here.offset,
      fingerprint: here.fingerprint,
      pending: this.#assembler.pending(),
      skipping: this.#skipping,
    };
  }

  get isIdle(): boolean {
    return this.#assembler.isIdle;
  }

  close(): void {
    if (this.#open !== undefined) closeSync(this.#open.file);
    this.#open = undefined;
  }

  #resume(position: TailPosition): void {
    this.#skipping = position.skipping;
    const { path } = this.#options;
    const live = openLog(path);
    if (live !== undefined) {
      const stats = fstatSync(live);
      const same =
        fileIdOf(stats) === position.file &&
        stats.size >= position.offset &&
        hasFingerprint(live, position.fingerprint);
      if (same) {
        this.#fingerprint = position.fingerprint;
        return void this.#use(live, { offset: position.offset, isRotated: false });
      }
      closeSync(live);
    }
    this.#resumeRotated(position);
  }

  /** The position's file goes by another name now, or is gone. */
  #resumeRotated(position: TailPosition): void {
    const files = rotatedFiles(this.#options.path);
    const found = fileOfPosition(files, position);
    const file = found === undefined ? undefined : openRotated(found, this.#options.scratch);
    if (file === undefined) {
      this.#skipping = false;
      if (position.offset > 0) this.counts.lostFiles += 1;
      const { sinceMs } = this.#options;
      this.#backlog = sinceMs === undefined ? [] : this.#rotatedSince(sinceMs);
      return;
    }
    this.#fingerprint = position.fingerprint;
    this.#use(file, { offset: position.offset, isRotated: true });
  }

  #rotatedSince(sinceMs: number): readonly RotatedFile[] {
    return rotatedFiles(this.#options.path).filter(({ mtimeMs }) => mtimeMs >= sinceMs);
  }

  #use(file: number, how: { readonly offset: number; readonly isRotated: boolean }): OpenFile {
    const open = { file, fileId: fileIdOf(fstatSync(file)), ...how };
    this.#open = open;
    return open;
  }

  #current(): OpenFile | undefined {
    if (this.#open !== undefined) return this.#open;
    for (;;) {
      const [oldest, ...rest] = this.#backlog;
      if (oldest === undefined) break;
      this.#backlog = rest;
      const file = openRotated(oldest, this.#options.scratch);
      if (file !== undefined) return this.#use(file, { offset: 0, isRotated: true });
      this.counts.lostFiles += 1;
    }
    return this.#openLive();
  }

  #openLive(): OpenFile | undefined {
    const file = openLog(this.#options.path);
    if (file === undefined) return undefined;
    const stats = fstatSync(file);
    const missed = stats.isFile() ? this.#rotatedBefore(fileIdOf(stats)) : [];
    if (stats.isFile() && missed.length === 0) {
      return this.#use(file, { offset: 0, isRotated: false });
    }
    closeSync(file);
    if (missed.length === 0) return undefined;
    // It was rotated again before it was opened: what was live in between comes first.
    this.#backlog = missed;
    return this.#current();
  }

  /** Files that were rotated after the one that was left, without the one that is opened now. */
  #rotatedBefore(liveId: string): readonly RotatedFile[] {
    const left = this.#left;
    if (left === undefined) return [];
    const files = rotatedFiles(this.#options.path);
    // It may be compressed by now: then it is known by its beginning.
    const found = fileOfPosition(files, { ...left, file: left.fileId });
    const at = found === undefined ? -1 : files.indexOf(found);
    const later =
      at < 0 ? files.filter(({ mtimeMs }) => mtimeMs > left.mtimeMs) : files.slice(at + 1);
    const until = later.findIndex(({ fileId }) => fileId === liveId);
    return until < 0 ? later : later.slice(0, until);
  }

  /** After the end of a file: whether there is another, or the same one anew. */
  #next(open: OpenFile): boolean {
    if (open.isRotated) return this.#leave(open);
    const here = statOf(this.#options.path);
    if (here === undefined) return false;
    if (here.fileId !== open.fileId) {
      // It was renamed. What came between the last read and the renaming is in it: it is read to its end once more.
      if (fstatSync(open.file).size <= open.offset) return this.#leave(open);
      this.#open = { ...open, isRotated: true };
      return true;
    }
    return here.size < open.offset && this.#cutShort(open);
  }

  /** The file was copied and cut: the rest of it, if any, is in the copy. */
  #cutShort(open: OpenFile): true {
    const { offset } = open;
    const fingerprint = this.#fingerprint;
    this.#leave(open);
    this.#resumeRotated({ file: "", offset, fingerprint, pending: [], skipping: false });
    return true;
  }

  #leave(open: OpenFile): true {
    const { fileId, offset } = open;
    const { mtimeMs } = fstatSync(open.file);
    this.#left = { fileId, offset, fingerprint: this.#fingerprint, mtimeMs };
    closeSync(open.file);
    this.#open = undefined;
    this.#skipping = false;
    this.#fingerprint = nothingRead;
    return true;
  }

  #readChunk(
    open: OpenFile,
    room: Room,
    nowMs: number,
  ): { readonly taken: number; readonly stopped: boolean; readonly moved?: true } {
    if (this.#wasReplaced(open)) return { taken: 0, stopped: false, moved: true };
    const base = open.offset;
    const read = readSync(open.file, chunk, 0, chunk.length, base);
    if (read === 0) return { taken: 0, stopped: false };
    this.#remember(open, base + read);
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0 && end < read;) {
      // What makes room may write the position: it stands before the line that needs it.
      open.offset = base + from;
      if (!this.#takeLine(from, end, { room, nowMs })) return { taken: from, stopped: true };
      from = end + 1;
      end = from >= read ? -1 : chunk.indexOf(LINE_FEED, from);
    }
    if (from === 0) from = this.#withoutLineFeed(open, read, { room, nowMs });
    open.offset = base + from;
    return { taken: from, stopped: false };
  }

  /** A chunk without a line feed: a line that is too long, or the last of a file to which nothing is added. */
  #withoutLineFeed(
    open: OpenFile,
    read: number,
    reading: { readonly room: Room; readonly nowMs: number },
  ): number {
    if (read < chunk.length) {
      if (!open.isRotated) return 0;
      return this.#takeLine(0, read, reading) ? read : 0;
    }
    if (!this.#skipping) {
      if (!this.#takeLine(0, read, reading)) return 0;
      this.#skipping = true;
    }
    this.counts.skippedBytes += read;
    return read;
  }

  /** Whether the line was taken; if not, there is no room for it. */
  #takeLine(
    from: number,
    to: number,
    { room, nowMs }: { readonly room: Room; readonly nowMs: number },
  ): boolean {
    if (this.#skipping) {
      this.#skipping = false;
      return true;
    }
    const line = parseCriLine(chunk, from, to);
    if (line === undefined) {
      if (to > from) this.counts.malformed += 1;
      return true;
    }
    const start = line.start;
    const length = Math.min(to - start, limits.logLineBytesMax);
    const bytes = this.#assembler.openBytes(line.stream) + length;
    if (!room(bytes * ESCAPED_TIMES)) return false;
    const { stream, time, partial } = line;
    this.#assembler.take({ stream, time, partial, bytes: chunk.subarray(start, to) }, nowMs);
    return true;
  }

  /** Copied, cut, and grown past where it was read to: it begins otherwise. */
  #wasReplaced(open: OpenFile): boolean {
    if (open.isRotated || hasFingerprint(open.file, this.#fingerprint)) return false;
    return this.#cutShort(open);
  }

  /** Takes the fingerprint again while the file is shorter than it may be. */
  #remember(open: OpenFile, size: number): void {
    const { bytes } = this.#fingerprint;
    if (bytes < limits.logFingerprintBytes && bytes < size) {
      this.#fingerprint = fingerprintOf(open.file, size);
    }
  }
}

const nothingRead: Fingerprint = { bytes: 0, hash: fingerprintOf(-1, 0).hash };

/** One chunk serves all tails: each line is told on before the next read. */
const chunk = Buffer.allocUnsafe(limits.logReadBytes);

function statOf(path: string): { readonly fileId: string; readonly size: number } | undefined {
  try {
    const stats = statSync(path);
    return { fileId: fileIdOf(stats), size: stats.size };
  } catch {
    return undefined;
  }
}
