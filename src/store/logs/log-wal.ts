/** The writer of the logs' log: whole appends in groups, one `fdatasync` for all that wait. @see docs/formats/logs-wal.md */
import { copyFile, mkdir, open, rm, stat, truncate } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { CodedError, messageOf } from "../../core/index.ts";
import { syncFile, syncFolder } from "../wal-segment.ts";
import { encodeLogRecord, LOG_SEGMENT_MAGIC } from "./log-record.ts";
import type { BilledDay } from "./log-record.ts";
import { logSegmentNumbers, logSegmentPath, readLogSegment } from "./log-segments.ts";
import type { LogBatch } from "./seams.ts";
import { writeParts } from "./write-parts.ts";

export interface LogWalOptions {
  readonly folder: string;
  readonly segmentBytesMax: number;
  /** What the next record says of the daily cap. */
  readonly billed: () => BilledDay;
  readonly note: (kind: "torn-tail-cut" | "segment-set-aside" | "log-failed", says: string) => void;
}

/** What a log holds when it is opened. */
export interface OpenedLog {
  readonly lastSequence: number;
  readonly billed: BilledDay | undefined;
  readonly segments: readonly LogSegment[];
}

interface LogSegment {
  readonly first: number;
  readonly last: number;
  readonly bytes: number;
}

interface Waiter {
  readonly batches: readonly LogBatch[];
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: CodedError) => void;
}

interface OpenFile {
  readonly handle: FileHandle;
  readonly first: number;
  /** Bytes that are durable. */
  bytes: number;
}

/** Checks a folder's segments, the merged ones left out: cuts torn tails, sets damaged ones aside, and tells of each. */
export async function openLog(
  options: Pick<LogWalOptions, "folder" | "note">,
  mergedThrough: number,
): Promise<OpenedLog> {
  const { folder } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const firsts = await logSegmentNumbers(folder);
  const segments: LogSegment[] = [];
  let billed: BilledDay | undefined;
  for (const [index, first] of firsts.entries()) {
    const path = logSegmentPath(folder, first);
    const next = firsts[index + 1];
    if (next !== undefined && next <= mergedThrough + 1) {
      await rm(path);
      continue;
    }
    let last = first - 1;
    let bytes = LOG_SEGMENT_MAGIC.length;
    for await (const item of readLogSegment(path)) {
      if (item.kind === "record") {
        last = item.record.sequence;
        billed = item.record.billed;
        bytes = item.endsAt;
      } else await cutSegment(path, { ...item, bytes, isLast: next === undefined }, options.note);
    }
    if (last < first) await rm(path);
    else segments.push({ first, last, bytes });
  }
  await syncFolder(folder);
  return { lastSequence: segments.at(-1)?.last ?? 0, billed, segments };
}

async function cutSegment(
  path: string,
  cut: {
    readonly kind: "torn" | "damaged";
    readonly says: string;
    readonly bytes: number;
    readonly isLast: boolean;
  },
  note: LogWalOptions["note"],
): Promise<void> {
  const lost = (await stat(path)).size - cut.bytes;
  if (cut.kind === "torn" && cut.isLast) {
    await truncate(path, Math.min(cut.bytes, (await stat(path)).size));
    note("torn-tail-cut", `${path}: ${cut.says}; ${lost} bytes were cut off.`);
    return;
  }
  await copyFile(path, `${path}.damaged`);
  await syncFile(`${path}.damaged`);
  await truncate(path, cut.bytes);
  note(
    "segment-set-aside",
    `${path}: ${cut.says}, at byte ${cut.bytes}. The bytes before it are kept; the whole file is ${path}.damaged, and the records in its last ${lost} bytes are missing.`,
  );
}

export class LogWal {
  readonly #options: LogWalOptions;
  #sealed: LogSegment[];
  #lastSequence: number;
  #nextSequence: number;
  #file: OpenFile | undefined;
  #waiters: Waiter[] = [];
  #running: Promise<void> | undefined;
  #pendingBytes = 0;
  #writtenBytes = 0;
  #mergedBytes = 0;
  /** How many bytes were written up to a record: what is merged is told by its number. */
  #marks: { readonly sequence: number; readonly writtenBytes: number }[] = [];
  #failed = false;

  constructor(options: LogWalOptions, opened: OpenedLog, mergedThrough: number) {
    this.#options = options;
    this.#sealed = [...opened.segments];
    this.#lastSequence = Math.max(opened.lastSequence, mergedThrough);
    this.#nextSequence = this.#lastSequence + 1;
    for (const { last, bytes } of opened.segments) {
      this.#writtenBytes += bytes;
      this.#marks.push({ sequence: last, writtenBytes: this.#writtenBytes });
    }
    this.#merge(mergedThrough);
  }

  /** Bytes of requests that wait for the disk. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Durable bytes that no segment of the store holds yet. */
  get unmergedBytes(): number {
    return this.#writtenBytes - this.#mergedBytes;
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.#sealed.reduce((sum, { bytes }) => sum + bytes, this.#file?.bytes ?? 0);
  }

  /** The last durable record's number; 0 before the first. */
  get lastSequence(): number {
    return this.#lastSequence;
  }

  /**
   * Logs the batches as one record. Resolves after `fdatasync`.
   *
   * @throws CodedError LogsUnavailable (503) when the record is not durable; what was written of it is taken back.
   */
  append(batches: readonly LogBatch[]): Promise<void> {
    const bytes = batches.reduce((sum, { json }) => sum + json.length, 0);
    this.#pendingBytes += bytes;
    const waiting = new Promise<void>((resolve, reject) => {
      this.#waiters.push({ batches, bytes, resolve, reject });
    });
    this.#start();
    return waiting;
  }

  /** Deletes the segments whose records are all merged; the current one is ended for that when it is merged whole. */
  async free(mergedThrough: number): Promise<void> {
    this.#merge(mergedThrough);
    const freed = this.#sealed.filter(({ last }) => last <= mergedThrough);
    for (const { first } of freed) {
      await rm(logSegmentPath(this.#options.folder, first), { force: true });
    }
    this.#sealed = this.#sealed.filter(({ last }) => last > mergedThrough);
    if (this.#running !== undefined || this.#file === undefined) return;
    if (this.#lastSequence > mergedThrough) return;
    this.#begin(this.#endMergedFile());
    await this.#running;
  }

  async close(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    await this.#file?.handle.close();
    this.#file = undefined;
  }

  #merge(through: number): void {
    while (this.#marks[0] !== undefined && this.#marks[0].sequence <= through) {
      this.#mergedBytes = this.#marks[0].writtenBytes;
      this.#marks.shift();
    }
  }

  #start(): void {
    if (this.#running === undefined && this.#waiters.length > 0) this.#begin(this.#run());
  }

  /** Work on the file, one at a time. Whoever came to wait while it ended is served next. */
  #begin(work: Promise<void>): void {
    this.#running = work.finally(() => {
      this.#running = undefined;
      this.#start();
    });
  }

  /** Writes group after group until nobody waits. The one place where a failure of the disk ends. */
  async #run(): Promise<void> {
    while (this.#waiters.length > 0) {
      const waiters = this.#waiters;
      this.#waiters = [];
      const failure = await this.#writeGroup(waiters).then(
        () => undefined,
        (error: unknown) => this.#takeBack(error),
      );
      for (const { bytes, resolve, reject } of waiters) {
        this.#pendingBytes -= bytes;
        if (failure === undefined) resolve();
        else reject(failure);
      }
    }
  }

  async #writeGroup(waiters: readonly Waiter[]): Promise<void> {
    if (this.#file !== undefined && this.#file.bytes >= this.#options.segmentBytesMax) {
      await this.#seal(this.#file);
    }
    const parts: Uint8Array[] = [];
    let bytes = 0;
    const first = this.#nextSequence;
    const sequence = first + waiters.length - 1;
    const billed = this.#options.billed();
    for (const [index, { batches }] of waiters.entries()) {
      const record = encodeLogRecord(first + index, billed, batches);
      parts.push(...record.parts);
      bytes += record.bytes;
    }
    this.#file ??= await this.#openFile();
    const { handle } = this.#file;
    // Only a write that was taken back whole gives its numbers to the next one.
    this.#nextSequence = sequence + 1;
    await writeParts(handle, parts, this.#file.bytes);
    await handle.datasync();
    this.#file.bytes += bytes;
    this.#writtenBytes += bytes;
    this.#lastSequence = sequence;
    this.#marks.push({ sequence, writtenBytes: this.#writtenBytes });
    this.#failed = false;
  }

  async #openFile(): Promise<OpenFile> {
    const { folder } = this.#options;
    const first = this.#nextSequence;
    // A file that a failed write left holds nothing that was acknowledged.
    const handle = await open(logSegmentPath(folder, first), "w", 0o600);
    try {
      await handle.write(LOG_SEGMENT_MAGIC, 0, LOG_SEGMENT_MAGIC.length, 0);
      await syncFolder(folder);
    } catch (error) {
      await handle.close();
      throw error;
    }
    return { handle, first, bytes: LOG_SEGMENT_MAGIC.length };
  }

  async #seal({ handle, first, bytes }: OpenFile): Promise<void> {
    this.#file = undefined;
    if (first <= this.#lastSequence) this.#sealed.push({ first, last: this.#lastSequence, bytes });
    await handle.close();
  }

  async #endMergedFile(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    await file.handle.close();
    await rm(logSegmentPath(this.#options.folder, file.first), { force: true });
  }

  /** After a failed write: cuts the file to what is durable and ends it, so that the next append tries anew. */
  async #takeBack(error: unknown): Promise<CodedError> {
    const file = this.#file;
    if (file !== undefined) {
      const taken = await file.handle.truncate(file.bytes).then(
        () => true,
        () => false,
      );
      // Where the tail stays, its numbers stay with it. It was not acknowledged, and the file is not written to again.
      if (taken) this.#nextSequence = this.#lastSequence + 1;
      await this.#seal(file).catch(() => {});
    }
    const { folder, note } = this.#options;
    const failure = new CodedError(
      "LogsUnavailable",
      "The workspace's log cannot be written; nothing of the request was kept. Send it again later.",
      { status: 503, cause: error },
    );
    if (!this.#failed) {
      note("log-failed", `The log in ${folder} cannot be written: ${messageOf(error)}.`);
    }
    this.#failed = true;
    return failure;
  }
}
