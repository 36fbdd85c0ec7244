/** The agent's queue on disk: what was collected and not yet taken by the receiver, over restarts, within a bound of bytes. */
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { CodedError, limits, messageOf } from "../core/index.ts";
import { lockFolder } from "./folder-lock.ts";
import type { LockFile } from "./folder-lock.ts";
import { readRecord, recordHeaderBytes, scanSegment, SegmentWriter } from "./queue-segment.ts";

/** What is sent in one request, and where the queue stands after it. */
export interface QueueBatch {
  /** A WriteRequest, not compressed. */
  readonly message: Buffer;
  readonly samples: number;
  readonly next: Position;
}

export interface Position {
  readonly segment: number;
  readonly offset: number;
}

export interface QueueState {
  readonly pendingSamples: number;
  readonly bytes: number;
  readonly segments: number;
  /** Samples in segments that were dropped, oldest first, to stay within the bound. */
  readonly droppedSamples: number;
  /** Bytes of torn or damaged records that were passed over. */
  readonly damagedBytes: number;
}

export interface Queue {
  /**
   * Keeps a piece of a WriteRequest. When it returns, the piece survives the death of the process; of the machine too
   * where the queue is durable, else not the last seconds.
   *
   * @throws CodedError QueueUnwritable past `limits.agentBatchBytesMax`, or when the disk fails; nothing was kept.
   *   QueueFull where a full queue refuses; nothing was kept.
   */
  append(payload: Uint8Array, samples: number): void;
  /** Whether a payload of so many bytes fits without dropping anything. */
  hasRoom(bytes: number): boolean;
  /** What waits to be sent, oldest first. */
  pending(): Iterable<Uint8Array>;
  /** The oldest pieces, joined: at least one, then as many as fit. Undefined when the queue is empty. Changes nothing. */
  next(bounds: { readonly samplesMax: number; readonly bytesMax: number }): QueueBatch | undefined;
  /** Forgets a batch and all before it. */
  acknowledge(batch: QueueBatch): void;
  state(): QueueState;
  close(): void;
}

/**
 * Opens the queue of a folder, which one process may have open at a time.
 *
 * @throws CodedError QueueInUse, QueueUnwritable.
 */
export function openQueue(options: {
  readonly folder: string;
  readonly lockFile: LockFile;
  readonly bytesMax?: number;
  readonly segmentBytesMax?: number;
  /** What a full queue does: `drop-oldest`, the default, or `refuse`, for what can be read again at its source. */
  readonly whenFull?: "drop-oldest" | "refuse";
  /** Whether `append` waits for the disk. */
  readonly durable?: boolean;
}): Queue {
  mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  const unlock = lockFolder(options.folder, options.lockFile);
  return new DiskQueue({
    folder: options.folder,
    bytesMax: options.bytesMax ?? limits.agentQueueBytesMax,
    segmentBytesMax: options.segmentBytesMax ?? limits.agentSegmentBytesMax,
    refuses: options.whenFull === "refuse",
    durable: options.durable ?? false,
    unlock,
  });
}

interface Segment {
  readonly number: number;
  bytes: number;
  /** Not yet acknowledged. */
  samples: number;
}

interface DiskQueueOptions {
  readonly folder: string;
  readonly bytesMax: number;
  readonly segmentBytesMax: number;
  readonly refuses: boolean;
  readonly durable: boolean;
  readonly unlock: () => void;
}

/** A record, and the offset at which the next one stands. */
interface RecentRecord {
  readonly payload: Uint8Array;
  readonly samples: number;
  readonly end: number;
}

class DiskQueue implements Queue {
  readonly #options: DiskQueueOptions;
  /** Oldest first; the last is written when there is a writer. */
  #segments: Segment[];
  #writer: SegmentWriter | undefined;
  #position: Position;
  #nextNumber: number;
  #positionFile: number | undefined;
  #droppedSamples = 0;
  #damagedBytes = 0;
  /** Records that were written last, by where they stand, so that what is sent at once is not read back from the disk. */
  readonly #recent = new Map<string, RecentRecord>();
  #recentBytes = 0;

  constructor(options: DiskQueueOptions) {
    this.#options = options;
    const numbers = segmentNumbers(options.folder);
    this.#position = readPosition(options.folder);
    this.#nextNumber = Math.max(this.#position.segment, numbers.at(-1) ?? 0) + 1;
    this.#segments = [];
    for (const number of numbers) this.#recover(number);
    this.#removeRead();
  }

  append(payload: Uint8Array, samples: number): void {
    if (payload.length > limits.agentBatchBytesMax) {
      throw new CodedError(
        "QueueUnwritable",
        `${samples} samples have ${payload.length} bytes; the limit is ${limits.agentBatchBytesMax}. Shorten the labels.`,
      );
    }
    if (this.#options.refuses && !this.hasRoom(payload.length)) {
      throw new CodedError(
        "QueueFull",
        `${this.#options.folder} has ${this.state().bytes} bytes of ${this.#options.bytesMax}; ${payload.length} more do not fit. Wait until something was sent.`,
      );
    }
    try {
      const writer = this.#writable();
      writer.append(payload, samples);
      if (this.#options.durable) writer.sync();
    } catch (error) {
      // The tail may be torn: what follows goes to a segment of its own.
      this.#endWriter();
      throw new CodedError(
        "QueueUnwritable",
        `${this.#options.folder} cannot take ${samples} samples: ${messageOf(error)}. Make room on the disk.`,
        { cause: error },
      );
    }
    const segment = this.#segments.at(-1) as Segment;
    this.#remember(segment, { payload, samples, end: this.#writer?.bytes ?? 0 });
    segment.bytes = this.#writer?.bytes ?? segment.bytes;
    segment.samples += samples;
    this.#dropOldest();
  }

  hasRoom(bytes: number): boolean {
    return this.state().bytes + recordHeaderBytes + bytes <= this.#options.bytesMax;
  }

  *pending(): Generator<Uint8Array> {
    let at = this.#position;
    for (let found = this.#readAt(at); found !== undefined; found = this.#readAt(at)) {
      yield found.payload;
      at = found.next;
    }
  }

  next(bounds: { readonly samplesMax: number; readonly bytesMax: number }): QueueBatch | undefined {
    const pieces: Uint8Array[] = [];
    let samples = 0;
    let bytes = 0;
    let at = this.#position;
    for (;;) {
      const found = this.#readAt(at);
      if (found === undefined) break;
      const { payload } = found;
      const fits =
        samples + found.samples <= bounds.samplesMax && bytes + payload.length <= bounds.bytesMax;
      if (pieces.length > 0 && !fits) break;
      pieces.push(payload);
      samples += found.samples;
      bytes += payload.length;
      at = found.next;
    }
    if (pieces.length === 0) return undefined;
    return { message: Buffer.concat(pieces, bytes), samples, next: at };
  }

  acknowledge(batch: QueueBatch): void {
    this.#advance(batch.next);
    // One write of one length at one place: a killed process leaves the old text or the new one.
    this.#positionFile ??= openSync(
      positionPath(this.#options.folder),
      constants.O_WRONLY | constants.O_CREAT,
      0o600,
    );
    writeSync(this.#positionFile, JSON.stringify(this.#position).padEnd(POSITION_BYTES), 0);
    this.#removeRead();
  }

  state(): QueueState {
    return {
      pendingSamples: this.#segments.reduce((sum, { samples }) => sum + samples, 0),
      bytes: this.#segments.reduce((sum, { bytes }) => sum + bytes, 0),
      segments: this.#segments.length,
      droppedSamples: this.#droppedSamples,
      damagedBytes: this.#damagedBytes,
    };
  }

  close(): void {
    this.#endWriter();
    if (this.#positionFile !== undefined) closeSync(this.#positionFile);
    this.#positionFile = undefined;
    this.#options.unlock();
  }

  /** Takes a segment that an earlier process left. */
  #recover(number: number): void {
    const path = segmentPath(this.#options.folder, number);
    if (number < this.#position.segment) return void rmSync(path, { force: true });
    const offset = number === this.#position.segment ? this.#position.offset : 0;
    const { samples, lostBytes } = scanSegment(path, offset);
    this.#damagedBytes += lostBytes;
    this.#segments.push({ number, bytes: statSync(path).size, samples });
  }

  /** The record at a position, or at the beginning of the next segment that has one. */
  #readAt(
    at: Position,
  ):
    | { readonly payload: Uint8Array; readonly samples: number; readonly next: Position }
    | undefined {
    for (const { number } of this.#segments) {
      if (number < at.segment) continue;
      const offset = number === at.segment ? at.offset : 0;
      const record = this.#record(number, offset);
      if (record === undefined) continue;
      const { payload, samples, end } = record;
      return { payload, samples, next: { segment: number, offset: end } };
    }
    return undefined;
  }

  /** Moves the position, and takes what lies before it off the counts. */
  #advance(to: Position): void {
    for (const segment of this.#segments) {
      if (segment.number > to.segment) break;
      const from = segment.number === this.#position.segment ? this.#position.offset : 0;
      segment.samples =
        segment.number < to.segment ? 0 : segment.samples - this.#samplesBetween(segment, from, to);
    }
    this.#position = to;
  }

  #samplesBetween({ number }: Segment, from: number, { offset }: Position): number {
    let samples = 0;
    for (let at = from; at < offset;) {
      const record = this.#record(number, at);
      if (record === undefined) break;
      samples += record.samples;
      this.#recentBytes -= this.#recent.delete(`${number}:${at}`) ? record.payload.length : 0;
      at = record.end;
    }
    return samples;
  }

  /** The record at an offset of a segment: as it was written, else as the disk has it. */
  #record(number: number, offset: number): RecentRecord | undefined {
    const recent = this.#recent.get(`${number}:${offset}`);
    if (recent !== undefined) return recent;
    const outcome = readRecord(segmentPath(this.#options.folder, number), offset);
    return outcome.kind === "record" ? outcome.record : undefined;
  }

  /** Keeps a record that was just written, until it is acknowledged, as far as the room for them goes. */
  #remember({ number, bytes }: Segment, record: RecentRecord): void {
    if (this.#recentBytes + record.payload.length > limits.agentRecentBytesMax) return;
    this.#recent.set(`${number}:${bytes}`, record);
    this.#recentBytes += record.payload.length;
  }

  /** Removes segments that hold nothing any more, but not the one that is written. */
  #removeRead(): void {
    const writing = this.#writer === undefined ? undefined : this.#segments.at(-1)?.number;
    this.#segments = this.#segments.filter((segment) => {
      if (segment.samples > 0 || segment.number === writing) return true;
      this.#forget(segment.number);
      rmSync(segmentPath(this.#options.folder, segment.number), { force: true });
      return false;
    });
  }

  #dropOldest(): void {
    while (this.#segments.length > 1 && this.state().bytes > this.#options.bytesMax) {
      const [oldest] = this.#segments.splice(0, 1);
      if (oldest === undefined) return;
      this.#droppedSamples += oldest.samples;
      this.#forget(oldest.number);
      rmSync(segmentPath(this.#options.folder, oldest.number), { force: true });
    }
  }

  /** Forgets what is kept of a segment that is gone. */
  #forget(number: number): void {
    for (const [place, { payload }] of this.#recent) {
      if (!place.startsWith(`${number}:`)) continue;
      this.#recent.delete(place);
      this.#recentBytes -= payload.length;
    }
  }

  #writable(): SegmentWriter {
    if (this.#writer !== undefined && this.#writer.bytes >= this.#options.segmentBytesMax) {
      this.#endWriter();
    }
    if (this.#writer === undefined) {
      const number = this.#nextNumber;
      this.#writer = new SegmentWriter(segmentPath(this.#options.folder, number));
      this.#nextNumber += 1;
      this.#segments.push({ number, bytes: 0, samples: 0 });
    }
    return this.#writer;
  }

  #endWriter(): void {
    this.#writer?.close();
    this.#writer = undefined;
  }
}

const segmentPath = (folder: string, number: number): string =>
  join(folder, `${String(number).padStart(12, "0")}.segment`);
/** The length to which a position is filled up with blanks: two of the longest numbers and their names fit. */
const POSITION_BYTES = 64;

const positionPath = (folder: string): string => join(folder, "position.json");

const segmentNumbers = (folder: string): readonly number[] =>
  readdirSync(folder)
    .filter((name) => /^\d{12}\.segment$/.test(name))
    .map((name) => Number(name.slice(0, 12)))
    .sort((a, b) => a - b);

/** A position that cannot be read is the beginning: what was sent is sent again, and the receiver knows it. */
function readPosition(folder: string): Position {
  try {
    const { segment, offset } = JSON.parse(readFileSync(positionPath(folder), "utf8")) as Position;
    if (Number.isSafeInteger(segment) && Number.isSafeInteger(offset)) return { segment, offset };
  } catch {
    // None yet, or damaged.
  }
  return { segment: 0, offset: 0 };
}
