/** One workspace's logs at the edge: the log that is durable, the cap and the limits at the door, and when the engine merges. */
import { CodedError } from "../../core/index.ts";
import type { Clock, Timer } from "../../core/index.ts";
import { readManifest } from "../segments/index.ts";
import { DailyCap, resetHourOf } from "./daily-cap.ts";
import type { Cutoffs, FlushResult, LogsState } from "./engine/engine-workspace.ts";
import { logFolder, segmentsFolder } from "./engine/engine-workspace.ts";
import type { EngineClient } from "./engine-client.ts";
import { LogWal, openLog } from "./log-wal.ts";
import type { LogsLimits } from "./logs-limits.ts";
import type { LogsNote } from "./logs-note.ts";
import { collectionBatch } from "./operation-record.ts";
import type {
  LogAnswer,
  LogAppend,
  LogBatch,
  LogQuestion,
  LogsStats,
  WorkspaceLogs,
  WorkspaceLogsSettings,
} from "./seams.ts";
import { UsageAccount, usageBatch } from "./usage-account.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const HOUR_MS = 60 * 60 * 1000;

export interface WorkspaceLogsOptions {
  readonly customerId: string;
  readonly folder: string;
  readonly clock: Clock;
  readonly limits: LogsLimits;
  readonly engine: EngineClient;
  readonly onNote: (says: string, note: LogsNote) => void;
}

/** Until ARM's properties are known: no cap, and nothing is deleted. */
const UNSET: WorkspaceLogsSettings = {
  dailyQuotaBytes: undefined,
  retentionDays: Infinity,
  tableRetentionDays: new Map(),
};

export class FolderWorkspaceLogs implements WorkspaceLogs {
  readonly #options: WorkspaceLogsOptions;
  readonly #wal: LogWal;
  readonly #cap: DailyCap;
  readonly #usage = new UsageAccount();
  #settings = UNSET;
  #merged: FlushResult;
  #flushing: Promise<void> | undefined;
  #keptHouseMs: number;
  /** Queries since the last look, and between the two before. */
  #asked = 0;
  #askedBefore = 0;
  #recordsKept = 0;
  #recordsCapped = 0;
  #timer: Timer | undefined;
  #closed = false;

  private constructor(
    options: WorkspaceLogsOptions,
    parts: { readonly wal: LogWal; readonly cap: DailyCap; readonly merged: FlushResult },
  ) {
    this.#options = options;
    this.#wal = parts.wal;
    this.#cap = parts.cap;
    this.#merged = parts.merged;
    this.#keptHouseMs = options.clock.nowMs();
    this.#flushLater();
  }

  /** Opens the workspace's folder, which is made where it is missing, and checks its log. */
  static async open(options: WorkspaceLogsOptions): Promise<FolderWorkspaceLogs> {
    const { customerId, folder, limits, onNote } = options;
    const note = (kind: LogsNote["kind"], says: string): void =>
      onNote(says, { kind, customerId, says });
    const manifest = await readManifest<LogsState>(segmentsFolder(folder));
    const mergedThrough = manifest?.state.mergedThrough ?? 0;
    const wal = { folder: logFolder(folder), note };
    const opened = await openLog(wal, mergedThrough);
    const cap = new DailyCap(opened.billed ?? manifest?.state.billed);
    const segmentBytesMax = limits.logWalSegmentBytesMax;
    return new FolderWorkspaceLogs(options, {
      wal: new LogWal({ ...wal, segmentBytesMax, billed: () => cap.billed }, opened, mergedThrough),
      cap,
      merged: {
        mergedThrough,
        segments: manifest?.segments.length ?? 0,
        segmentBytes: manifest?.segments.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0,
      },
    });
  }

  configure(settings: WorkspaceLogsSettings): void {
    this.#settings = settings;
  }

  async append(batches: readonly LogBatch[]): Promise<LogAppend> {
    const nowMs = this.#options.clock.nowMs();
    const records = batches.reduce((sum, batch) => sum + batch.records, 0);
    this.#admit(batches);
    const { bytes, resetsMs } = this.#cap.at(nowMs, this.#resetHour());
    const { dailyQuotaBytes } = this.#settings;
    const billedBytes = batches.reduce((sum, batch) => sum + batch.billedBytes, 0);
    // What costs nothing is collected past the cap too.
    if (dailyQuotaBytes !== undefined && bytes >= dailyQuotaBytes && billedBytes > 0) {
      this.#recordsCapped += records;
      await this.#tellCap(nowMs);
      return { kind: "capped", resetsMs };
    }
    this.#cap.count(billedBytes);
    const resumed = this.#cap.resumedOnce();
    const told = resumed ? [collectionBatch("resumed", this.#options.customerId, nowMs)] : [];
    try {
      await this.#log([...told, ...batches]);
    } catch (error) {
      this.#cap.count(-billedBytes);
      if (resumed) this.#cap.forgetResumed();
      throw error;
    }
    this.#recordsKept += records;
    if (this.#wal.unmergedBytes >= this.#options.limits.logHotBytesMax) void this.#flush();
    return { kind: "kept", records };
  }

  query({ sql, parameters, columns, tables, timeoutMs, signal }: LogQuestion): Promise<LogAnswer> {
    this.#asked++;
    const query = { sql, parameters, columns, tables };
    const { customerId: workspace, engine } = this.#options;
    const through = this.#wal.lastSequence;
    const cutoffs = this.#cutoffs();
    return engine.call("query", { workspace, through, cutoffs, query, timeoutMs }, signal);
  }

  stats(): LogsStats {
    const nowMs = this.#options.clock.nowMs();
    return {
      recordsKept: this.#recordsKept,
      recordsCapped: this.#recordsCapped,
      walBytes: this.#wal.bytes,
      segmentBytes: this.#merged.segmentBytes,
      segments: this.#merged.segments,
      billedBytesToday: this.#cap.at(nowMs, this.#resetHour()).bytes,
    };
  }

  /** Merges everything that is durable now. For tests and the end of a load; the store does it by itself. */
  async merge(): Promise<void> {
    await this.#flushing;
    await this.#flushOnce();
  }

  /** Waits for what is being written, then closes the log. Every later write is refused. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    // The hour that has not ended is told as well: where it goes on after a restart, it has two records.
    await this.#tellUsage(Infinity);
    await this.#flushing;
    await this.#wal.close();
  }

  #admit(batches: readonly LogBatch[]): void {
    if (this.#closed) {
      throw new CodedError("LogsUnavailable", "The store is closed.", { status: 503 });
    }
    const bytes = batches.reduce((sum, { json }) => sum + json.length, 0);
    const { logWalPendingBytesMax, logUnmergedBytesMax, logWorkspaceBytesMax } =
      this.#options.limits;
    refuseOver(this.#wal.pendingBytes + bytes, logWalPendingBytesMax, "would wait for the disk");
    refuseOver(this.#wal.unmergedBytes + bytes, logUnmergedBytesMax, "would wait in the log");
    refuseOver(this.#merged.segmentBytes, logWorkspaceBytesMax, "are in the workspace's tables");
  }

  /** Makes the batches durable, and counts them. */
  async #log(batches: readonly LogBatch[]): Promise<void> {
    await this.#wal.append(batches);
    this.#usage.count(batches, this.#options.clock.nowMs());
  }

  /** Tells what each table took in the hours that ended by then. */
  async #tellUsage(endedByMs: number): Promise<void> {
    const hours = this.#usage.take(endedByMs);
    if (hours.length === 0) return;
    const { customerId, clock } = this.#options;
    const { resourceId = "" } = this.#settings;
    try {
      await this.#log([usageBatch(hours, { customerId, resourceId }, clock.nowMs())]);
    } catch {
      // The log told why; it is told with the next hours.
      this.#usage.giveBack(hours);
    }
  }

  async #tellCap(nowMs: number): Promise<void> {
    if (!this.#cap.noteOnce()) return;
    try {
      await this.#log([collectionBatch("stopped", this.#options.customerId, nowMs)]);
    } catch {
      // The next request tells it.
      this.#cap.forgetNote();
    }
  }

  #resetHour(): number {
    return this.#settings.resetHour ?? resetHourOf(this.#options.customerId);
  }

  #flushLater(): void {
    const { clock, limits } = this.#options;
    this.#timer = clock.after(limits.logHotMs, () => {
      this.#flushLater();
      void this.#tellUsage(clock.nowMs());
      this.#forgetIdle();
      const isDue = clock.nowMs() - this.#keptHouseMs >= HOUR_MS && this.#merged.segments > 0;
      if (isDue || this.#wal.unmergedBytes > 0) void this.#flush();
    });
  }

  /** A workspace that nobody asks and that has nothing to merge takes no memory of the engine. */
  #forgetIdle(): void {
    const { customerId: workspace, engine } = this.#options;
    const idle = this.#asked === 0 && this.#askedBefore === 0 && this.#wal.unmergedBytes === 0;
    this.#askedBefore = this.#asked;
    this.#asked = 0;
    if (idle && engine.isRunning) void engine.call("forget", { workspace }).catch(() => {});
  }

  /** One at a time; what comes meanwhile waits for the next. */
  #flush(): Promise<void> {
    this.#flushing ??= this.#flushOnce()
      // The records stay in the log: the next append or the timer tries again, and the engine told why.
      .catch(() => {})
      .finally(() => {
        this.#flushing = undefined;
      });
    return this.#flushing;
  }

  async #flushOnce(): Promise<void> {
    const { customerId: workspace, engine, clock } = this.#options;
    const through = this.#wal.lastSequence;
    this.#merged = await engine.call("flush", { workspace, through, cutoffs: this.#cutoffs() });
    this.#keptHouseMs = clock.nowMs();
    await this.#wal.free(this.#merged.mergedThrough);
  }

  #cutoffs(): Cutoffs {
    const { retentionDays, tableRetentionDays } = this.#settings;
    const nowMs = this.#options.clock.nowMs();
    const cutoffMs = (days: number): number => (days === Infinity ? 0 : nowMs - days * DAY_MS);
    const tables = [...tableRetentionDays].map(([table, days]) => [table, cutoffMs(days)] as const);
    return { allMs: cutoffMs(retentionDays), tables };
  }
}

function refuseOver(bytes: number, bytesMax: number, what: string): void {
  if (bytes <= bytesMax) return;
  throw new CodedError(
    "LogsBusy",
    `${bytes} bytes ${what}; the limit is ${bytesMax}. Send the request again later.`,
    { status: 429 },
  );
}
