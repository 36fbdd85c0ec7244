/** The logs' log on disk: segments named by their first record's sequence number, read in order. @see docs/formats/logs-wal.md */
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { readSegment } from "../wal-segment.ts";
import { decodeLogRecord, LOG_SEGMENT_MAGIC } from "./log-record.ts";
import type { LogRecord } from "./log-record.ts";

/** Sixteen digits hold every sequence number that a double counts exactly. */
const NAME = /^\d{16}\.log$/;

/** Read at once: a segment, mostly. The records' JSON stays where it was read until the engine has it. */
const WINDOW_BYTES = 16 * 1024 * 1024;

export const logSegmentPath = (folder: string, first: number): string =>
  join(folder, `${String(first).padStart(16, "0")}.log`);

/** The first sequence numbers of the segments in a folder, rising. */
export async function logSegmentNumbers(folder: string): Promise<readonly number[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return names
    .filter((name) => NAME.test(name))
    .map((name) => Number.parseInt(name, 10))
    .sort((a, b) => a - b);
}

/** Where a reader stands: behind the record with the number `through`. */
export interface LogPosition {
  /** The segment that holds the record, and the byte behind it; absent before the first was read. */
  readonly segment?: { readonly first: number; readonly at: number };
  readonly through: number;
}

/**
 * The records behind `from`, up to and with the number `through`, which the writer has told to be durable.
 * Where a damaged segment was cut, its records are left out.
 *
 * @throws Error where the last record is missing: the log is then damaged.
 */
export async function* readLogRecords(
  folder: string,
  from: LogPosition,
  through: number,
): AsyncGenerator<{ readonly record: LogRecord; readonly position: LogPosition }> {
  if (from.through >= through) return;
  const firsts = await logSegmentNumbers(folder);
  let done = from.through;
  for (const [index, first] of firsts.entries()) {
    const next = firsts[index + 1];
    if (next !== undefined && next <= done + 1) continue;
    const startAt = from.segment?.first === first ? from.segment.at : undefined;
    for await (const item of readLogSegment(logSegmentPath(folder, first), startAt)) {
      if (item.kind !== "record") break;
      const { record, endsAt } = item;
      if (record.sequence <= done) continue;
      if (record.sequence > through) return;
      done = record.sequence;
      yield { record, position: { segment: { first, at: endsAt }, through: done } };
      if (done === through) return;
    }
  }
  throw new Error(`The log in ${folder} ends at record ${done}, but ${through} was durable.`);
}

export type LogSegmentItem =
  | { readonly kind: "record"; readonly record: LogRecord; readonly endsAt: number }
  | { readonly kind: "torn" | "damaged"; readonly at: number; readonly says: string };

/** A segment's records, from its start or from a record's end. Ends after the first item that is no whole record. */
export async function* readLogSegment(
  path: string,
  startAt?: number,
): AsyncGenerator<LogSegmentItem> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    let endsAt = startAt ?? LOG_SEGMENT_MAGIC.length;
    const options = { magic: LOG_SEGMENT_MAGIC, startAt, windowBytes: WINDOW_BYTES };
    for await (const item of readSegment(file, size, options)) {
      if (item.kind !== "record") {
        yield item;
        return;
      }
      const record = decoded(item.payload);
      if (record === undefined) {
        yield { kind: "damaged", at: endsAt, says: "a record has wrong contents" };
        return;
      }
      endsAt = item.endsAt;
      yield { kind: "record", record, endsAt };
    }
  } finally {
    await file.close();
  }
}

function decoded(payload: Buffer): LogRecord | undefined {
  try {
    return decodeLogRecord(payload);
  } catch {
    return undefined;
  }
}
