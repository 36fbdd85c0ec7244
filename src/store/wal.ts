/** The log's writer: records in groups, one `fdatasync` for all that wait, segments by size and age. @see docs/formats/wal.md */
import { open, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { CodedError, messageOf } from "../core/index.ts";
import type { Head } from "./head.ts";
import type { StoreLimits } from "./store-limits.ts";
import type { StoreNote } from "./store-note.ts";
import { encodeRecord, RecordBuffer } from "./wal-record.ts";
import type { SegmentReferences } from "./wal-record.ts";
import { SEGMENT_MAGIC, segmentPath, syncFolder } from "./wal-segment.ts";
import type { SealedSegment } from "./wal-segment.ts";

/** A segment is ended after this part of the head's span, so that its bytes can be deleted when they have aged. */
const SEGMENTS_PER_HEAD = 8;
const BUFFER_BYTES = 256 * 1024;
/** A buffer that grew past this is not kept for the next group. */
const BUFFER_KEPT_BYTES_MAX = 8 * 1024 * 1024;

export interface WalOptions {
  readonly folder: string;
  readonly head: Head;
  readonly limits: StoreLimits;
  readonly segments: readonly SealedSegment[];
  readonly nextSegment: number;
  /** Told when the log can no longer be written, and of a segment that cannot be deleted. */
  readonly note: (kind: StoreNote["kind"], says: string) => void;
}

/** A segment as records are encoded for it; the file follows when its first group is written. */
interface OpenSegment extends SegmentReferences {
  readonly openedAtMs: number;
  bytes: number;
  maxTimestampMs: number;
}

/** Records of one segment that wait for the disk. */
interface Chunk {
  readonly segment: OpenSegment;
  readonly buffer: RecordBuffer;
}

interface Waiter {
  readonly messageBytes: number;
  readonly resolve: () => void;
  readonly reject: (error: CodedError) => void;
}

export class Wal {
  readonly #options: WalOptions;
  #sealed: readonly SealedSegment[];
  #nextSegment: number;
  #segment: OpenSegment | undefined;
  #chunks: Chunk[] = [];
  #waiters: Waiter[] = [];
  #spare: RecordBuffer | undefined;
  #file: { readonly handle: FileHandle; readonly segment: OpenSegment } | undefined;
  #running: Promise<void> | undefined;
  #failure: CodedError | undefined;
  #pendingBytes = 0;

  constructor(options: WalOptions) {
    this.#options = options;
    this.#sealed = options.segments;
    this.#nextSegment = options.nextSegment;
  }

  /** Bytes of requests that wait for the disk. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Set once the log cannot be written any more: every request is then refused with it. */
  get failure(): CodedError | undefined {
    return this.#failure;
  }

  /** Bytes of all segments. */
  get bytes(): number {
    return this.#sealed.reduce((sum, segment) => sum + segment.bytes, this.#segment?.bytes ?? 0);
  }

  /**
   * Logs the head's rows from `firstRow` on as one record. Encodes at once; resolves after `fdatasync`.
   *
   * @throws CodedError StoreUnavailable (503) when the record is not durable.
   */
  log(firstRow: number, messageBytes: number, nowMs: number): Promise<void> {
    const { head } = this.#options;
    const segment = this.#segmentFor(nowMs);
    const { buffer } = this.#chunkFor(segment);
    const before = buffer.length;
    const slices = head.rows.since(firstRow);
    encodeRecord(buffer, head, slices, segment);
    segment.bytes += buffer.length - before;
    for (const { page } of slices) {
      segment.maxTimestampMs = Math.max(segment.maxTimestampMs, page.maxTimestampMs);
    }
    return this.#wait(messageBytes);
  }

  /** Resolves when every record that was logged before is durable. */
  settled(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return this.#running === undefined ? Promise.resolve() : this.#wait(0);
  }

  /** Deletes the segments whose samples have all left the head. */
  async dropAged(cutoffMs: number): Promise<void> {
    for (const segment of this.#sealed.filter((one) => one.maxTimestampMs < cutoffMs)) {
      try {
        await rm(segment.path, { force: true });
      } catch (error) {
        this.#options.note("segment-not-deleted", `${segment.path}: ${messageOf(error)}`);
        continue;
      }
      this.#sealed = this.#sealed.filter((one) => one !== segment);
    }
  }

  /** Ends the current segment if it is old, so that it can be deleted in time even when nothing is written. */
  async endAgedSegment(nowMs: number): Promise<void> {
    if (this.#running !== undefined || this.#failure !== undefined) return;
    if (this.#segment === undefined || !this.#isEnded(this.#segment, nowMs)) return;
    this.#segment = undefined;
    this.#begin(this.#closeFile().catch((error: unknown) => this.#fail(error)));
    await this.#running;
  }

  async close(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    await this.#file?.handle.close();
    this.#file = undefined;
  }

  #segmentFor(nowMs: number): OpenSegment {
    if (this.#segment !== undefined && !this.#isEnded(this.#segment, nowMs)) return this.#segment;
    this.#segment = {
      segment: this.#nextSegment++,
      seriesCount: 0,
      openedAtMs: nowMs,
      bytes: SEGMENT_MAGIC.length,
      maxTimestampMs: -Infinity,
    };
    return this.#segment;
  }

  #isEnded(segment: OpenSegment, nowMs: number): boolean {
    const { limits } = this.#options;
    return (
      segment.bytes >= limits.walSegmentBytesMax ||
      nowMs - segment.openedAtMs >= limits.headMs / SEGMENTS_PER_HEAD
    );
  }

  #chunkFor(segment: OpenSegment): Chunk {
    const last = this.#chunks.at(-1);
    if (last?.segment === segment) return last;
    const buffer = this.#spare ?? new RecordBuffer(BUFFER_BYTES);
    this.#spare = undefined;
    const chunk = { segment, buffer };
    this.#chunks.push(chunk);
    return chunk;
  }

  #wait(messageBytes: number): Promise<void> {
    this.#pendingBytes += messageBytes;
    const waiting = new Promise<void>((resolve, reject) => {
      this.#waiters.push({ messageBytes, resolve, reject });
    });
    this.#start();
    return waiting;
  }

  #start(): void {
    if (this.#running !== undefined || this.#waiters.length === 0) return;
    this.#begin(this.#run());
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
      const chunks = this.#chunks;
      const waiters = this.#waiters;
      this.#chunks = [];
      this.#waiters = [];
      try {
        if (this.#failure === undefined) await this.#writeGroup(chunks);
      } catch (error) {
        this.#fail(error);
      }
      for (const { messageBytes, resolve, reject } of waiters) {
        this.#pendingBytes -= messageBytes;
        if (this.#failure === undefined) resolve();
        else reject(this.#failure);
      }
    }
  }

  async #writeGroup(chunks: readonly Chunk[]): Promise<void> {
    for (const { segment, buffer } of chunks) {
      if (this.#file?.segment !== segment) await this.#openFile(segment);
      await writeAll(this.#handle(), buffer.bytes.subarray(0, buffer.length));
      buffer.length = 0;
      if (buffer.bytes.length <= BUFFER_KEPT_BYTES_MAX) this.#spare = buffer;
    }
    if (chunks.length > 0) await this.#handle().datasync();
  }

  #handle(): FileHandle {
    if (this.#file === undefined) throw new Error("The log's segment is not open.");
    return this.#file.handle;
  }

  async #openFile(segment: OpenSegment): Promise<void> {
    await this.#closeFile();
    const { folder } = this.#options;
    const handle = await open(segmentPath(folder, segment.segment), "wx", 0o600);
    this.#file = { handle, segment };
    await writeAll(handle, SEGMENT_MAGIC);
    await syncFolder(folder);
  }

  /** Makes the current file durable and seals its segment. */
  async #closeFile(): Promise<void> {
    if (this.#file === undefined) return;
    const { handle, segment } = this.#file;
    await handle.datasync();
    await handle.close();
    this.#file = undefined;
    const number = segment.segment;
    const path = segmentPath(this.#options.folder, number);
    const { bytes, maxTimestampMs } = segment;
    this.#sealed = [...this.#sealed, { number, path, bytes, maxTimestampMs }];
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    const { folder, note } = this.#options;
    const says = `The log in ${folder} cannot be written: ${messageOf(error)}. Nothing more is acknowledged until it is opened again.`;
    this.#failure = new CodedError("StoreUnavailable", says, { status: 503, cause: error });
    note("log-failed", says);
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at);
    at += bytesWritten;
  }
}
