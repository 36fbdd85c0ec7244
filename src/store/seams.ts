/** The store's two seams: everything that writes meets `Appendable`, everything that reads meets `Querier`. */
import type { Labels, Matcher, SeriesColumns } from "../core/index.ts";

/** What became of one write request. Refusals are data: one bad series must not hide the good ones. */
export interface AppendResult {
  readonly samplesAppended: number;
  /** Refused series or samples by reject code; empty when all was taken. */
  readonly refused: ReadonlyMap<RejectCode, number>;
  /** The first refusal's sentence, for the sender's log. */
  readonly firstRefusal: string | undefined;
  /** Samples that were there already, with the same value: neither appended nor refused. */
  readonly samplesRepeated: number;
  /** What the message carried besides samples and the store does not keep. It is no reason to refuse the samples. */
  readonly notTaken: { readonly metadata: number; readonly exemplars: number };
}

/** Why a series or a sample was refused. The sender must not retry any of them. */
export type RejectCode =
  | "InvalidLabels"
  | "TooManyLabels"
  | "LabelTooLong"
  | "DuplicateLabel"
  | "OutOfOrderSample"
  | "DuplicateSample"
  | "TooOldSample"
  | "TooFarInFuture"
  | "TooManySeries"
  | "HistogramNotSupported";

/**
 * Takes samples of one workspace.
 *
 * @throws CodedError StoreBusy (429, with the seconds to wait in its message) when unsynced bytes pass their limit;
 *   StoreUnavailable (503) when the log cannot be written. Nothing of the request is then acknowledged.
 */
export interface Appendable {
  /**
   * Appends one remote-write 1.0 message, protobuf as decoded from snappy. Resolves after `fdatasync`.
   * The caller must not change `message` before that.
   *
   * @throws CodedError InvalidProtobuf (400) when the message cannot be read; nothing of it is kept.
   */
  appendWriteRequest(message: Uint8Array): Promise<AppendResult>;
}

/** Reads samples of one workspace. Bounds are inclusive, in milliseconds since the Unix epoch. */
export interface Querier {
  /**
   * The series that all matchers take, with their samples in [mintMs, maxtMs], sorted by labels.
   * A series without a sample there is left out. The caller may keep the columns; they are copies.
   *
   * @throws CodedError TooManySamples / TooManySeries (422) past the limits.
   */
  select(
    matchers: readonly Matcher[],
    range: { readonly mintMs: number; readonly maxtMs: number },
  ): Promise<readonly SeriesColumns[]>;
  /** Label sets with a sample in the range, for /api/v1/series. */
  series(
    matchers: readonly Matcher[],
    range: { readonly mintMs: number; readonly maxtMs: number },
  ): Promise<readonly Labels[]>;
  labelNames(
    matchers: readonly Matcher[],
    range: { readonly mintMs: number; readonly maxtMs: number },
  ): Promise<readonly string[]>;
  labelValues(
    name: string,
    matchers: readonly Matcher[],
    range: { readonly mintMs: number; readonly maxtMs: number },
  ): Promise<readonly string[]>;
}

/** Counters and gauges of one workspace's store, for /metrics and `status`. */
export interface StoreStats {
  /** Series with a sample in the head. */
  readonly series: number;
  readonly samples: number;
  /** Samples acknowledged since the store was opened. */
  readonly samplesAppended: number;
  /** Series or samples refused since the store was opened, by code. */
  readonly refused: ReadonlyMap<RejectCode, number>;
  readonly exemplarsNotTaken: number;
  readonly metadataNotTaken: number;
  readonly samplesDroppedByAge: number;
  readonly headBytes: number;
  readonly walBytes: number;
  readonly walSegmentsSetAside: number;
}

/** The metrics of one Azure Monitor workspace. */
export interface WorkspaceMetrics extends Appendable, Querier {
  stats(): StoreStats;
}

/** All workspaces' metrics. A workspace's folder is made at its first write or read. */
export interface MetricsStore {
  /** @param accountId - the workspace's `properties.accountId` (a GUID): the folder's name. */
  workspace(accountId: string): Promise<WorkspaceMetrics>;
  /** Drops a deleted workspace's data; Azure has no soft delete for it. */
  remove(accountId: string): Promise<void>;
  close(): Promise<void>;
}
