/** One append as a record of the logs' log: what its batches are, then their JSON as it came. @see docs/formats/logs-wal.md */
import { crc32 } from "node:zlib";
import type { LogTable } from "../../core/index.ts";
import { RECORD_HEAD_BYTES } from "../wal-record.ts";
import type { LogBatch } from "./seams.ts";

export const LOG_SEGMENT_MAGIC = Buffer.from("LNKLOG\x00\x01", "latin1");

/** The daily cap's account, as it stands after a record. */
export interface BilledDay {
  /** When the day began that the bytes count for. */
  readonly dayStartMs: number;
  readonly bytes: number;
  /** Whether the Operation table was told that the cap is reached. */
  readonly capNoted: boolean;
}

/** A batch as the log holds it. */
export interface LoggedBatch {
  readonly table: LogTable;
  readonly records: number;
  readonly receivedMs: number;
  readonly constants: Readonly<Record<string, string>>;
  /** A JSON array of objects. */
  readonly json: Buffer;
}

export interface LogRecord {
  /** Records count from 1, without a gap, through all segments of a workspace. */
  readonly sequence: number;
  readonly billed: BilledDay;
  readonly batches: readonly LoggedBatch[];
}

interface RecordMeta {
  readonly sequence: number;
  readonly billed: BilledDay;
  readonly batches: readonly (Omit<LoggedBatch, "json"> & { readonly bytes: number })[];
}

/** Tables come again with every batch; their text is made once. */
const tableTexts = new WeakMap<LogTable, string>();

function tableText(table: LogTable): string {
  const known = tableTexts.get(table);
  if (known !== undefined) return known;
  const columns = table.columns.map(({ name, type }) => ({ name, type }));
  const text = JSON.stringify({ name: table.name, columns });
  tableTexts.set(table, text);
  return text;
}

/** The record's bytes in parts, for one gathered write; the batches' own bytes are among them, not copied. */
export function encodeLogRecord(
  sequence: number,
  billed: BilledDay,
  batches: readonly LogBatch[],
): { readonly parts: readonly Uint8Array[]; readonly bytes: number } {
  const described = batches.map(
    ({ table, records, receivedMs, constants, json }) =>
      `{"table":${tableText(table)},"records":${records},"receivedMs":${receivedMs},"constants":${JSON.stringify(constants)},"bytes":${json.length}}`,
  );
  const meta = Buffer.from(
    `{"sequence":${sequence},"billed":${JSON.stringify(billed)},"batches":[${described.join(",")}]}`,
  );
  const head = Buffer.allocUnsafe(RECORD_HEAD_BYTES + 4);
  head.writeUInt32LE(meta.length, RECORD_HEAD_BYTES);
  let payloadBytes = 4 + meta.length;
  let crc = crc32(meta, crc32(head.subarray(RECORD_HEAD_BYTES)));
  for (const { json } of batches) {
    crc = crc32(json, crc);
    payloadBytes += json.length;
  }
  head.writeUInt32LE(payloadBytes, 0);
  head.writeUInt32LE(crc, 4);
  head.writeUInt32LE(crc32(head.subarray(0, 8)), 8);
  const parts = [head, meta, ...batches.map(({ json }) => json)];
  return { parts, bytes: RECORD_HEAD_BYTES + payloadBytes };
}

/** Reads a record's payload. The batches' JSON are views of it. @throws Error where it is not one, CRC or not. */
export function decodeLogRecord(payload: Buffer): LogRecord {
  const metaBytes = payload.readUInt32LE(0);
  let at = 4 + metaBytes;
  const meta = JSON.parse(payload.toString("utf8", 4, at)) as RecordMeta;
  const batches = meta.batches.map(({ bytes, ...batch }) => {
    const json = payload.subarray(at, at + bytes);
    at += bytes;
    return { ...batch, json };
  });
  if (at !== payload.length) throw new Error("A record's parts do not fill it.");
  return { sequence: meta.sequence, billed: meta.billed, batches };
}
