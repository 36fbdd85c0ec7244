/** Batches of records by the shape of their rows, and the SELECT that makes rows of them. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { LogTable } from "../../../core/index.ts";
import type { LoggedBatch } from "../log-record.ts";
import type { LogsLimits } from "../logs-limits.ts";
import type { ConstantSets } from "./constant-sets.ts";
import { recordRowsSql, TIME_GENERATED, TIME_RECEIVED } from "./hot-table.ts";
import type { FiledBatch, StoredColumn } from "./hot-table.ts";
import { recordColumns } from "./record-columns.ts";
import type { RecordColumn } from "./record-columns.ts";
import { writeRecordsFile } from "./records-file.ts";

/** Batches of one table, whose rows have one shape. */
export interface Shape {
  readonly table: LogTable;
  readonly read: readonly RecordColumn[];
  readonly columns: readonly StoredColumn[];
  readonly batches: FiledJson[];
  bytes: number;
}

export type FiledJson = FiledBatch & { readonly json: Uint8Array };

/** The engine's own least size of a reading buffer is larger anyway. */
const RECORD_BYTES_MIN = 1024;

export interface ChunkFiles {
  /** Where chunks are written for the engine to read. */
  readonly folder: string;
  readonly limits: LogsLimits;
  /** A name that no record can guess. */
  readonly markerKey: string;
}

let fileNumber = 1;

/** Writes batches of a shape to a file, runs `run` with the SELECT that reads their rows from it, and deletes the file. */
export async function withRowsOf<T>(
  { folder, limits, markerKey }: ChunkFiles,
  { read, columns }: Shape,
  batches: readonly FiledJson[],
  run: (select: string) => Promise<T>,
): Promise<T> {
  const path = join(folder, `chunk-${fileNumber++}.json`);
  try {
    await writeRecordsFile(
      path,
      markerKey,
      batches.map(({ json }) => json),
    );
    const recordBytesMax = Math.max(RECORD_BYTES_MIN, ...batches.map(({ json }) => json.length));
    const select = recordRowsSql(
      columns,
      { path, recordBytesMax, markerKey },
      {
        recordColumns: read,
        batches,
        timePastMs: limits.logTimePastMs,
        timeFutureMs: limits.logTimeFutureMs,
      },
    );
    return await run(select);
  } finally {
    await rm(path, { force: true });
  }
}

/** Batches by the shape of their rows: their table, and which columns are kept once for many rows. */
export function shapesOf(
  batches: readonly LoggedBatch[],
  sets: ConstantSets,
): ReadonlyMap<string, Shape> {
  const shapes = new Map<string, Shape>();
  for (const { table, constants, receivedMs, json, records } of batches) {
    if (records === 0) continue;
    const number = sets.numberOf(constants) ?? -1;
    const keptOnce = number < 0 ? [] : Object.keys(constants).sort();
    const key = JSON.stringify([table, keptOnce]);
    let shape = shapes.get(key);
    if (shape === undefined) {
      shape = { table, ...shapeColumns(table, new Set(keptOnce)), batches: [], bytes: 0 };
      shapes.set(key, shape);
    }
    shape.batches.push({ receivedMs, constants, constantsNumber: number, json });
    shape.bytes += json.length;
  }
  return shapes;
}

function shapeColumns(
  table: LogTable,
  keptOnce: ReadonlySet<string>,
): Pick<Shape, "read" | "columns"> {
  const all = recordColumns(table);
  const own = all.filter(
    ({ key, name }) => name !== TIME_GENERATED && name !== TIME_RECEIVED && !keptOnce.has(key),
  );
  const time = all.filter(({ name }) => name === TIME_GENERATED);
  return { read: [...time, ...own], columns: own.map(({ name, type }) => ({ name, type })) };
}

/** The numbers of the constant sets that a shape's rows refer to. */
export const constantsIn = ({ batches }: Shape): Set<number> =>
  new Set(batches.map(({ constantsNumber }) => constantsNumber).filter((number) => number >= 0));
