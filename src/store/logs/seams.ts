/** The logs' seams: everything that writes records meets `LogSink`, everything that asks meets `LogQuerier`. */
import type { LogColumn, LogTable } from "../../core/index.ts";

/** Records of one table, as they were received. */
export interface LogBatch {
  /** The table with the columns that it has now. */
  readonly table: LogTable;
  /**
   * A JSON array of objects in UTF-8, checked to be such. Fields that are no column are dropped; a value that is not of
   * its column's type becomes null. The caller must not change it before `append` resolves.
   */
  readonly json: Uint8Array;
  readonly records: number;
  /** When it was received: `TimeGenerated` where a record has none, and `_TimeReceived`. */
  readonly receivedMs: number;
  /** Columns that are the same in every record: `TenantId`, `SourceSystem`, `Type`, `_ResourceId`, `_SubscriptionId`. They win over the record's own. */
  readonly constants: Readonly<Record<string, string>>;
  /** Bytes that count toward the daily cap; 0 for what costs nothing, which the cap does not stop. */
  readonly billedBytes: number;
  /** The solution that the table belongs to, for the Usage table; `LogManagement` where absent. */
  readonly solution?: string;
}

export type LogAppend =
  | { readonly kind: "kept"; readonly records: number }
  /** The daily cap is reached: nothing is kept until `resetsMs`. */
  | { readonly kind: "capped"; readonly resetsMs: number };

/** Takes records of one workspace. */
export interface LogSink {
  /**
   * Keeps all batches or none; resolves after `fdatasync`.
   *
   * @throws CodedError LogsBusy (429) when unmerged bytes pass their limit; LogsUnavailable (503) when the log cannot be written.
   */
  append(batches: readonly LogBatch[]): Promise<LogAppend>;
}

/** A value that SQL binds. Datetimes and timespans are microseconds. */
export type BoundValue =
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "long"; readonly value: bigint }
  | { readonly type: "real"; readonly value: number }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "datetime"; readonly microseconds: bigint }
  | { readonly type: "timespan"; readonly microseconds: bigint }
  | { readonly type: "null"; readonly of: LogColumn["type"] };

export interface LogQuestion {
  /**
   * One SELECT in DuckDB's dialect over the quoted names of `tables`. A table's columns have the names of `sqlColumnNames`
   * and the types of `logSqlTypes`.
   */
  readonly sql: string;
  readonly parameters: readonly BoundValue[];
  /** What it answers, by place: the SELECT's own names do not matter, and each value is cast to its type. */
  readonly columns: readonly LogColumn[];
  readonly tables: readonly LogTable[];
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface LogAnswer {
  /**
   * Rows as the query API's JSON wants them: datetimes ISO 8601 with seven digits, timespans as KQL writes them, long as
   * number (past 2^53 as bigint), decimal and guid as text, a real that is no number as text, dynamic as its JSON text.
   */
  readonly rows: readonly (readonly unknown[])[];
  /** Rows or bytes passed the limit; `rows` holds what fits. */
  readonly cut: boolean;
}

export interface LogQuerier {
  /** @throws CodedError LogQueryTimeout (504), LogQueryMemory (422), LogQueryFailed (400), LogsUnavailable (503). */
  query(question: LogQuestion): Promise<LogAnswer>;
}

export interface LogsStats {
  readonly recordsKept: number;
  readonly recordsCapped: number;
  readonly walBytes: number;
  readonly segmentBytes: number;
  readonly segments: number;
  readonly billedBytesToday: number;
}

export interface WorkspaceLogsSettings {
  /** The workspace in Resource Manager, as the Usage table names it. */
  readonly resourceId?: string;
  /** Absent: no cap. */
  readonly dailyQuotaBytes: number | undefined;
  readonly retentionDays: number;
  readonly tableRetentionDays: ReadonlyMap<string, number>;
  /** The hour, UTC, at which the daily cap begins anew; one that follows from the workspace's id where it is not said. */
  readonly resetHour?: number;
}

/** The logs of one Log Analytics workspace. */
export interface WorkspaceLogs extends LogSink, LogQuerier {
  /** Says what ARM's properties say now. Retention in days, by table name or for all. */
  configure(settings: WorkspaceLogsSettings): void;
  stats(): LogsStats;
}

/** Runs a translated `transformKql` over one batch, in the engine's process. */
export interface LogTransformer {
  /** @returns the records that it lets through, as a JSON array; `dropped` counts the others. */
  transform(asked: {
    /** One SELECT over `"source"`. */
    readonly sql: string;
    readonly parameters: readonly BoundValue[];
    /** What the SELECT answers, by place: the records' fields. */
    readonly columns: readonly LogColumn[];
    readonly source: LogTable;
    readonly json: Uint8Array;
    readonly records: number;
    readonly receivedMs: number;
  }): Promise<{ readonly json: Uint8Array; readonly records: number; readonly dropped: number }>;
}

/** All workspaces' logs. A workspace's folder is made at its first write. */
export interface LogsStore extends LogTransformer {
  /** @param customerId - the workspace's `properties.customerId` (a GUID): the folder's name. */
  workspace(customerId: string): Promise<WorkspaceLogs>;
  /** Drops a deleted workspace's data. */
  remove(customerId: string): Promise<void>;
  close(): Promise<void>;
}
