/** What each table of a workspace took in each hour, and the records of the Usage table that tell it. */
import type { LogTable } from "../../core/index.ts";
import type { LogBatch } from "./seams.ts";

const HOUR_MS = 60 * 60 * 1000;
const MEGABYTE = 1_000_000;

/** The columns that the records fill. @see MicrosoftDocs/azure-reference-other azure-monitor-ref/tables/includes/usage-include.md */
const usage: LogTable = {
  name: "Usage",
  columns: [
    { name: "TimeGenerated", type: "datetime" },
    { name: "DataType", type: "string" },
    { name: "EndTime", type: "datetime" },
    { name: "IsBillable", type: "bool" },
    { name: "Quantity", type: "real" },
    { name: "QuantityUnit", type: "string" },
    { name: "ResourceUri", type: "string" },
    { name: "Solution", type: "string" },
    { name: "StartTime", type: "datetime" },
  ],
};

/** What one table took in one hour. */
export interface TableHour {
  readonly startMs: number;
  readonly table: string;
  readonly solution: string;
  readonly billable: boolean;
  readonly bytes: number;
}

/** Counts in memory: what was counted in the hour of a crash is not told. */
export class UsageAccount {
  #hours = new Map<string, TableHour>();

  /** Counts what was kept. The Usage table itself is left out: its records would tell of themselves for ever. */
  count(batches: readonly LogBatch[], nowMs: number): void {
    const startMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS;
    for (const { table, json, billedBytes, solution = "LogManagement" } of batches) {
      if (table.name === usage.name) continue;
      const billable = billedBytes > 0;
      this.#add({ startMs, table: table.name, solution, billable, bytes: json.length });
    }
  }

  /** Hands over the hours that ended by then. */
  take(endedByMs: number): readonly TableHour[] {
    const ended = [...this.#hours].filter(([, { startMs }]) => startMs + HOUR_MS <= endedByMs);
    for (const [key] of ended) this.#hours.delete(key);
    return ended.map(([, hour]) => hour);
  }

  /** Takes back what could not be told. */
  giveBack(hours: readonly TableHour[]): void {
    for (const hour of hours) this.#add(hour);
  }

  #add(hour: TableHour): void {
    const key = `${hour.startMs} ${hour.billable} ${hour.table}`;
    const bytes = hour.bytes + (this.#hours.get(key)?.bytes ?? 0);
    this.#hours.set(key, { ...hour, bytes });
  }
}

/**
 * One record of the Usage table for each table and hour; they count toward no cap. A size is that of the records' JSON; that
 * a megabyte has 1,000,000 bytes follows from Azure's own queries, which divide by 1,000 for gigabytes.
 *
 * @see learn.microsoft.com/azure/azure-monitor/reference/tables/usage: TimeGenerated is the hour's beginning
 * @see learn.microsoft.com/azure/azure-monitor/logs/analyze-usage
 */
export function usageBatch(
  hours: readonly TableHour[],
  workspace: { readonly customerId: string; readonly resourceId: string },
  nowMs: number,
): LogBatch {
  const records = hours.map(({ startMs, table, solution, billable, bytes }) => {
    const start = new Date(startMs).toISOString();
    return {
      TimeGenerated: start,
      DataType: table,
      StartTime: start,
      EndTime: new Date(startMs + HOUR_MS).toISOString(),
      IsBillable: billable,
      Quantity: bytes / MEGABYTE,
      QuantityUnit: "MBytes",
      ResourceUri: workspace.resourceId,
      Solution: solution,
    };
  });
  return {
    table: usage,
    json: Buffer.from(JSON.stringify(records)),
    records: records.length,
    receivedMs: nowMs,
    constants: { TenantId: workspace.customerId, Type: usage.name, SourceSystem: "OpsManager" },
    billedBytes: 0,
  };
}
