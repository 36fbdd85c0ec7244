/** The record by which a workspace tells that its daily cap is reached. */
import type { LogTable } from "../../core/index.ts";
import type { LogBatch } from "./seams.ts";

/** The columns that the record fills. @see MicrosoftDocs/azure-reference-other azure-monitor-ref/tables/includes/operation-include.md */
const operation: LogTable = {
  name: "Operation",
  columns: [
    { name: "TimeGenerated", type: "datetime" },
    { name: "Detail", type: "string" },
    { name: "OperationCategory", type: "string" },
    { name: "OperationKey", type: "string" },
    { name: "OperationStatus", type: "string" },
    { name: "Solution", type: "string" },
  ],
};

/**
 * One record of the Operation table, which counts toward no cap.
 *
 * The words `Data collection` and `OverQuota` are what queries look for: learn.microsoft.com/azure/azure-monitor/logs/daily-cap.
 * The rest of the sentence and the other columns are inferred.
 */
export function capReachedBatch(
  nowMs: number,
  constants: Readonly<Record<string, string>>,
): LogBatch {
  const record = {
    TimeGenerated: new Date(nowMs).toISOString(),
    Detail:
      "Data collection stopped due to daily limit of free data reached. Ingestion status = OverQuota",
    OperationCategory: "Data Collection Status",
    OperationKey: "DailyCap",
    OperationStatus: "Warning",
    Solution: "LogManagement",
  };
  return {
    table: operation,
    json: Buffer.from(JSON.stringify([record])),
    records: 1,
    receivedMs: nowMs,
    constants: { ...constants, Type: operation.name, SourceSystem: "OpsManager" },
    billedBytes: 0,
  };
}
