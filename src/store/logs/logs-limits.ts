/** The limits that a logs store is opened with: those of the platform, which a test may lower. */
import { limits } from "../../core/index.ts";

export interface LogsLimits {
  /** Bytes of requests that wait for the disk. */
  readonly logWalPendingBytesMax: number;
  readonly logWalSegmentBytesMax: number;
  /** Bytes in the log that no segment holds yet. */
  readonly logUnmergedBytesMax: number;
  /** From so many bytes, or from such an age, records leave the log for segments. */
  readonly logHotBytesMax: number;
  readonly logHotMs: number;
  readonly logSegmentBytesMax: number;
  /** A merge of more rows joins sorted runs, and does not sort them anew. */
  readonly logSortRowsMax: number;
  /** Bytes of a workspace's segments. */
  readonly logWorkspaceBytesMax: number;
  readonly logConstantSetsMax: number;
  readonly logEngineMemoryBytesMax: number;
  readonly logEngineTemporaryBytesMax: number;
  readonly logEngineQueriesAtOnceMax: number;
  readonly logEngineQueriesWaitingMax: number;
  readonly logQueryRowsMax: number;
  readonly logQueryResultBytesMax: number;
  readonly logTimePastMs: number;
  readonly logTimeFutureMs: number;
}

export const logsLimits: LogsLimits = limits;
