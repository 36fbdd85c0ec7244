/** One workspace's metrics: the head, its log, and the limits at the door. */
import { CodedError } from "../core/index.ts";
import type { Clock, Labels, Matcher, SeriesColumns, Timer } from "../core/index.ts";
import { Head } from "./head.ts";
import type { HashKey } from "./half-sip-hash.ts";
import { HeadQuerier } from "./querier.ts";
import type { TimeRange } from "./querier.ts";
import type { AppendResult, RejectCode, StoreStats, WorkspaceMetrics } from "./seams.ts";
import { StoreBusyError } from "./store-busy-error.ts";
import type { StoreLimits } from "./store-limits.ts";
import type { StoreNote } from "./store-note.ts";
import { Wal } from "./wal.ts";
import { replayLog } from "./wal-replay.ts";

/** How often aged samples leave the head and the log. */
const HOUSEKEEPING_MS = 60_000;
const PENDING_RETRY_SECONDS = 1;
const HEAD_RETRY_SECONDS = 60;

export interface WorkspaceStoreOptions {
  readonly accountId: string;
  readonly folder: string;
  readonly clock: Clock;
  readonly hashKey: HashKey;
  readonly limits: StoreLimits;
  readonly onNote: (says: string, note: StoreNote) => void;
}

export class WorkspaceStore implements WorkspaceMetrics {
  readonly #clock: Clock;
  readonly #limits: StoreLimits;
  readonly #head: Head;
  readonly #wal: Wal;
  readonly #querier: HeadQuerier;
  readonly #segmentsSetAside: number;
  readonly #refused = new Map<RejectCode, number>();
  #samplesAppended = 0;
  #exemplarsNotTaken = 0;
  #metadataNotTaken = 0;
  #timer: Timer | undefined;
  #housekeeping: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(
    { clock, limits }: WorkspaceStoreOptions,
    opened: { readonly head: Head; readonly wal: Wal; readonly segmentsSetAside: number },
  ) {
    this.#clock = clock;
    this.#limits = limits;
    this.#head = opened.head;
    this.#wal = opened.wal;
    this.#segmentsSetAside = opened.segmentsSetAside;
    this.#querier = new HeadQuerier(opened.head, limits);
    this.#keepHouseLater();
  }

  /** Opens the workspace's folder, which is made if it is missing, and replays its log. */
  static async open(options: WorkspaceStoreOptions): Promise<WorkspaceStore> {
    const { accountId, folder, clock, limits, hashKey, onNote } = options;
    const head = new Head(limits, hashKey);
    const note = (kind: StoreNote["kind"], says: string): void =>
      onNote(says, { kind, accountId, says });
    const nowMs = clock.nowMs();
    const { segments, segmentsSetAside, nextSegment } = await replayLog({
      folder,
      head,
      nowMs,
      note,
    });
    const wal = new Wal({ folder, head, limits, segments, nextSegment, note });
    await wal.dropAged(nowMs - limits.headMs);
    return new WorkspaceStore(options, { head, wal, segmentsSetAside });
  }

  async appendWriteRequest(message: Uint8Array): Promise<AppendResult> {
    this.#admit(message.length);
    const nowMs = this.#clock.nowMs();
    const appended = this.#head.append(message, nowMs);
    const { samplesAppended, samplesRepeated, refused, firstRefusal } = appended;
    if (samplesAppended > 0) await this.#wal.log(appended.firstRow, message.length, nowMs);
    // A sample that was there already is acknowledged anew, so the log must hold it by now.
    else if (samplesRepeated > 0) await this.#wal.settled();
    this.#samplesAppended += samplesAppended;
    this.#exemplarsNotTaken += appended.exemplarCount;
    this.#metadataNotTaken += appended.metadataCount;
    for (const [code, count] of refused) {
      this.#refused.set(code, (this.#refused.get(code) ?? 0) + count);
    }
    const notTaken = { metadata: appended.metadataCount, exemplars: appended.exemplarCount };
    return { samplesAppended, samplesRepeated, refused, firstRefusal, notTaken };
  }

  select(matchers: readonly Matcher[], range: TimeRange): Promise<readonly SeriesColumns[]> {
    return this.#querier.select(matchers, this.#inHead(range));
  }

  async series(matchers: readonly Matcher[], range: TimeRange): Promise<readonly Labels[]> {
    return this.#querier.series(matchers, this.#inHead(range));
  }

  async labelNames(matchers: readonly Matcher[], range: TimeRange): Promise<readonly string[]> {
    return this.#querier.labelNames(matchers, this.#inHead(range));
  }

  async labelValues(
    name: string,
    matchers: readonly Matcher[],
    range: TimeRange,
  ): Promise<readonly string[]> {
    return this.#querier.labelValues(name, matchers, this.#inHead(range));
  }

  stats(): StoreStats {
    return {
      series: this.#head.states.liveCount,
      samples: this.#head.rows.sampleCount,
      samplesAppended: this.#samplesAppended,
      refused: new Map(this.#refused),
      exemplarsNotTaken: this.#exemplarsNotTaken,
      metadataNotTaken: this.#metadataNotTaken,
      samplesDroppedByAge: this.#head.samplesDroppedByAge,
      headBytes: this.#head.bytesInUse,
      walBytes: this.#wal.bytes,
      walSegmentsSetAside: this.#segmentsSetAside,
    };
  }

  /** Waits for what is being written, then closes the log. Every later write is refused. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#housekeeping;
    await this.#wal.close();
  }

  #admit(messageBytes: number): void {
    if (this.#closed) {
      throw new CodedError("StoreUnavailable", "The store is closed.", { status: 503 });
    }
    if (this.#wal.failure !== undefined) throw this.#wal.failure;
    const { walPendingBytesMax, headBytesMax } = this.#limits;
    const pendingBytes = this.#wal.pendingBytes + messageBytes;
    if (pendingBytes > walPendingBytesMax) {
      throw new StoreBusyError(
        `With this request ${pendingBytes} bytes wait for the disk; the limit is ${walPendingBytesMax}.`,
        PENDING_RETRY_SECONDS,
      );
    }
    const { bytesInUse } = this.#head;
    if (bytesInUse > headBytesMax) {
      throw new StoreBusyError(
        `The head holds ${bytesInUse} bytes; the limit is ${headBytesMax}.`,
        HEAD_RETRY_SECONDS,
      );
    }
  }

  /** Samples that are past the head's span may still be in a page with younger ones; they are not shown. */
  #inHead({ mintMs, maxtMs }: TimeRange): TimeRange {
    return { mintMs: Math.max(mintMs, this.#clock.nowMs() - this.#limits.headMs), maxtMs };
  }

  #keepHouseLater(): void {
    this.#timer = this.#clock.after(HOUSEKEEPING_MS, () => {
      this.#keepHouseLater();
      this.#head.dropAged(this.#clock.nowMs());
      this.#housekeeping = this.#housekeeping.then(() => this.#dropAgedSegments());
    });
  }

  async #dropAgedSegments(): Promise<void> {
    const nowMs = this.#clock.nowMs();
    await this.#wal.endAgedSegment(nowMs);
    await this.#wal.dropAged(nowMs - this.#limits.headMs);
  }
}
