/** The records by which a workspace tells that its daily cap is reached, and that collection goes on. */
import type { LogTable } from "../../core/index.ts";
import type { LogBatch } from "./seams.ts";

/** The columns that the records fill. @see MicrosoftDocs/azure-reference-other azure-monitor-ref/tables/includes/operation-include.md */
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

/** `stopped` is Azure's own sentence; that of `resumed` is inferred, but for its first three words. */
const details = {
  stopped:
    "Data collection stopped due to daily limit of free data reached. Ingestion status = OverQuota",
  resumed:
    "Data collection resumed after the daily limit was reset. Ingestion status = RespectQuota",
} as const;

/**
 * One record of the Operation table, which counts toward no cap.
 *
 * The other columns are inferred from the function `_LogOperation`, which calls such operations "Data collection Status", of
 * the level Warning, and from the solution that the event is said to come under.
 *
 * @see learn.microsoft.com/azure/azure-monitor/logs/monitor-workspace and daily-cap
 */
export function collectionBatch(
  what: keyof typeof details,
  customerId: string,
  nowMs: number,
): LogBatch {
  const record = {
    TimeGenerated: new Date(nowMs).toISOString(),
    Detail: details[what],
    OperationCategory: "Data Collection Status",
    OperationKey: "DailyCap",
    OperationStatus: what === "stopped" ? "Warning" : "Succeeded",
    Solution: "LogManagement",
  };
  return {
    table: operation,
    json: Buffer.from(JSON.stringify([record])),
    records: 1,
    receivedMs: nowMs,
    constants: { TenantId: customerId, Type: operation.name, SourceSystem: "OpsManager" },
    billedBytes: 0,
  };
}
