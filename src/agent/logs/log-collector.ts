/** Reads the logs of a node's containers into the queue: what is read and where it was read to become durable together. */
import { guid, limits, messageOf } from "../../core/index.ts";
import type { Clock, Random, Timer } from "../../core/index.ts";
import type { Queue } from "../queue.ts";
import { ContainerTail } from "./container-tail.ts";
import type { TailCounts } from "./container-tail.ts";
import type { LogStream } from "./cri-line.ts";
import type { LoggedContainer } from "./log-file-name.ts";
import { scanLogFolder } from "./log-folder.ts";
import type { FoundLog } from "./log-folder.ts";
import type { WriteRecord } from "./log-records.ts";
import type { PositionsFile } from "./positions-file.ts";
import { encodePayload } from "./record-payload.ts";
import type { TraceLanguage } from "./stack-traces.ts";
import type { TailPosition } from "./tail-position.ts";

/** What is collected, and as what. Another plan is another object. */
export interface CollectionPlan {
  /** The records' data type. */
  readonly type: string;
  readonly languages: ReadonlySet<TraceLanguage>;
  /** The streams that are collected of a container; none where it is left out. */
  readonly streamsOf: (container: LoggedContainer) => ReadonlySet<LogStream>;
  readonly writerOf: (container: LoggedContainer) => WriteRecord;
}

export interface LogCollectorOptions {
  /** As a node has `/var/log`: with `containers/`, whose links stay below it. */
  readonly folder: string;
  readonly queue: Queue;
  readonly positions: PositionsFile;
  readonly clock: Clock;
  readonly random: Random;
  /** Told when the queue has more. */
  readonly wake: () => void;
}

export interface LogCollectorState {
  readonly files: number;
  readonly bytesRead: number;
  readonly records: number;
  readonly malformedLines: number;
  readonly skippedBytes: number;
  /** Files that were gone before they were read to their end. */
  readonly lostFiles: number;
  /** Files that are not followed, with the reason. */
  readonly refused: readonly string[];
  /** The queue is full: nothing is read until something was sent. */
  readonly paused: boolean;
  readonly failure: string | undefined;
}

export interface LogCollector {
  /** Collects by this plan from now on; undefined ends it for the time being. */
  setPlan(plan: CollectionPlan | undefined): void;
  state(): LogCollectorState;
  /** Writes what was read, and ends. */
  stop(): void;
}

/** Starts to collect, as soon as there is a plan. */
export function startLogCollector(options: LogCollectorOptions): LogCollector {
  return new Collector(options);
}

interface Followed {
  readonly log: FoundLog;
  readonly tail: ContainerTail;
  readonly streams: ReadonlySet<LogStream>;
  /** Something was read since the last commit. */
  isTouched: boolean;
}

/** What a round reads before others have their turn. */
const ROUND_BYTES = 4 * 1024 * 1024;
/** What a payload's head may have beside the records. */
const HEAD_BYTES_MAX = 2 * 1024 * 1024;
/** A position without pending text, and a record without its text, at most. */
const POSITION_BYTES = 512;
const RECORD_BYTES = 2_048;

class Collector implements LogCollector {
  readonly #options: LogCollectorOptions;
  #plan: CollectionPlan | undefined;
  #found: ReadonlyMap<string, FoundLog> = new Map();
  readonly #followed = new Map<string, Followed>();
  #items: string[] = [];
  #itemBytes = 0;
  #headBytes = 0;
  /** When an earlier process last read, or this one began: what is rotated later is read. */
  #sinceMs: number | undefined;
  #pruned = false;
  #scannedMs = -Infinity;
  #committedMs: number;
  #timer: Timer | undefined;
  #ended: TailCounts = { malformed: 0, skippedBytes: 0, lostFiles: 0 };
  #bytesRead = 0;
  #records = 0;
  #refused: readonly string[] = [];
  #paused = false;
  #failure: string | undefined;

  constructor(options: LogCollectorOptions) {
    this.#options = options;
    this.#sinceMs = options.positions.writtenMs;
    this.#committedMs = options.clock.nowMs();
  }

  setPlan(plan: CollectionPlan | undefined): void {
    if (plan === this.#plan) return;
    // What was read by the old plan is of the old type.
    if (this.#plan !== undefined && !this.#commit()) return;
    this.#plan = plan;
    for (const { tail } of this.#followed.values()) this.#close(tail);
    this.#followed.clear();
    this.#timer?.cancel();
    this.#scannedMs = -Infinity;
    if (plan !== undefined) this.#tick();
  }

  state(): LogCollectorState {
    const tails = [...this.#followed.values()].map(({ tail }) => tail.counts);
    const sum = (name: keyof TailCounts): number =>
      tails.reduce((total, counts) => total + counts[name], this.#ended[name]);
    return {
      files: this.#followed.size,
      bytesRead: this.#bytesRead,
      records: this.#records,
      malformedLines: sum("malformed"),
      skippedBytes: sum("skippedBytes"),
      lostFiles: sum("lostFiles"),
      refused: this.#refused,
      paused: this.#paused,
      failure: this.#failure,
    };
  }

  stop(): void {
    this.#timer?.cancel();
    if (this.#plan !== undefined) this.#commit();
    this.#plan = undefined;
    for (const { tail } of this.#followed.values()) tail.close();
  }

  #tick(): void {
    const plan = this.#plan;
    if (plan === undefined) return;
    const { clock } = this.#options;
    const nowMs = clock.nowMs();
    if (nowMs - this.#scannedMs >= limits.logScanMs) this.#scan(plan, nowMs);
    const more = this.#readRound(nowMs);
    if (nowMs - this.#committedMs >= limits.logBatchMs) this.#commit();
    this.#timer = clock.after(more ? 0 : limits.logPollMs, () => this.#tick());
  }

  #scan(plan: CollectionPlan, nowMs: number): void {
    this.#scannedMs = nowMs;
    const { logs, refused, failure } = scanLogFolder(this.#options.folder, this.#found);
    this.#found = logs;
    this.#refused = refused;
    this.#failure = failure;
    for (const log of logs.values()) if (!this.#followed.has(log.key)) this.#follow(log, plan);
    if (failure === undefined && !this.#pruned) this.#prune(logs);
    // A log that comes from now on is new: what was rotated of it before it was found is read as well.
    this.#sinceMs ??= nowMs;
  }

  /** Positions of containers that went while no agent ran. */
  #prune(logs: ReadonlyMap<string, FoundLog>): void {
    const { positions } = this.#options;
    const gone = positions.keys().filter((key) => !logs.has(key));
    this.#pruned = true;
    if (gone.length === 0) return;
    positions.put(positions.nextBatch - 1, Object.fromEntries(gone.map((key) => [key, null])));
  }

  #follow(log: FoundLog, plan: CollectionPlan): void {
    const streams = plan.streamsOf(log.container);
    if (streams.size === 0) return;
    const { positions } = this.#options;
    const write = plan.writerOf(log.container);
    const tail = new ContainerTail({
      path: log.path,
      position: positions.get(log.key),
      sinceMs: this.#sinceMs,
      scratch: positions.folder,
      languages: plan.languages,
      emit: (text) => {
        if (!streams.has(text.stream)) return;
        const item = write(text);
        this.#items.push(item);
        this.#itemBytes += Buffer.byteLength(item) + 1;
      },
    });
    this.#followed.set(log.key, { log, tail, streams, isTouched: false });
  }

  /** Reads each file once. Answers whether there may be more. */
  #readRound(nowMs: number): boolean {
    const { queue } = this.#options;
    this.#paused = !queue.hasRoom(limits.logBatchBytesMax + HEAD_BYTES_MAX);
    if (this.#paused) return false;
    const share = Math.max(
      limits.logReadBytes,
      Math.floor(ROUND_BYTES / Math.max(1, this.#followed.size)),
    );
    let more = false;
    for (const one of this.#followed.values()) {
      if (this.#paused) return false;
      const read = this.#readOne(one, { share, nowMs });
      more ||= read >= share;
    }
    return more && !this.#paused;
  }

  #readOne(one: Followed, { share, nowMs }: { share: number; nowMs: number }): number {
    const { tail, log } = one;
    const room = (bytes: number): boolean => this.#hasRoom(one, bytes);
    const read = tail.read(share, room, nowMs);
    this.#bytesRead += read;
    if (read > 0) this.#touch(one);
    else if (!tail.isIdle) {
      const isGone = !this.#found.has(log.key);
      tail.flush(isGone ? Infinity : nowMs - limits.logPartialFlushMs, room);
      this.#touch(one);
    }
    if (read === 0 && tail.isIdle && !this.#found.has(log.key)) this.#forget(one);
    return read;
  }

  #touch(one: Followed): void {
    if (!one.isTouched) this.#headBytes += POSITION_BYTES;
    one.isTouched = true;
  }

  /** Makes room for so many bytes more of records, by writing what is there; false when there is none. */
  #hasRoom(one: Followed, bytes: number): boolean {
    const needed = bytes + RECORD_BYTES;
    const fits = (): boolean =>
      this.#itemBytes + needed <= limits.logBatchBytesMax &&
      this.#headBytes + needed <= HEAD_BYTES_MAX;
    if (!fits()) {
      // The tail that asks stands before the line that it asks for.
      this.#touch(one);
      if (!this.#commit()) return false;
      this.#paused = !this.#options.queue.hasRoom(limits.logBatchBytesMax + HEAD_BYTES_MAX);
      if (this.#paused) return false;
    }
    // What is left open of a line goes into the position.
    this.#headBytes += one.tail.isIdle ? 0 : Math.min(bytes, limits.logLineBytesMax);
    return true;
  }

  /** A file that is gone, and was read to its end. */
  #forget(one: Followed): void {
    if (!this.#commit()) return;
    this.#followed.delete(one.log.key);
    this.#close(one.tail);
    this.#options.positions.put(this.#options.positions.nextBatch - 1, { [one.log.key]: null });
  }

  #close(tail: ContainerTail): void {
    const { malformed, skippedBytes, lostFiles } = tail.counts;
    this.#ended.malformed += malformed;
    this.#ended.skippedBytes += skippedBytes;
    this.#ended.lostFiles += lostFiles;
    tail.close();
  }

  /** Writes the records with the positions after them; false when the queue did not take them. */
  #commit(): boolean {
    const { queue, positions, clock, random, wake } = this.#options;
    this.#committedMs = clock.nowMs();
    const touched = [...this.#followed.values()].filter(({ isTouched }) => isTouched);
    if (touched.length === 0 && this.#items.length === 0) return true;
    const after: Record<string, TailPosition> = {};
    for (const { log, tail } of touched) {
      const position = tail.position();
      if (position !== undefined) after[log.key] = position;
    }
    try {
      if (this.#items.length > 0) {
        const batch = positions.nextBatch;
        const head = {
          type: this.#plan?.type ?? "",
          requestId: guid(random),
          source: positions.source,
          batch,
          positions: after,
        };
        queue.append(encodePayload(head, this.#items), this.#items.length);
        this.#records += this.#items.length;
        this.#items = [];
        this.#itemBytes = 0;
        positions.put(batch, after);
        wake();
      } else positions.put(positions.nextBatch - 1, after);
      this.#failure = undefined;
    } catch (error) {
      this.#failure = messageOf(error);
      return this.#items.length === 0;
    }
    for (const one of touched) one.isTouched = false;
    this.#headBytes = 0;
    return true;
  }
}
