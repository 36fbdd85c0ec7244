/** Segment files of the agent's queue: records of length, CRC-32, count of samples and payload. Layout: docs/formats/agent-queue.md. */
import { closeSync, fdatasyncSync, openSync, readSync, statSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import { limits } from "../core/index.ts";

/** One record: a piece of a WriteRequest. Pieces joined are one message, for its only field is repeated. */
export interface QueueRecord {
  readonly payload: Buffer;
  readonly samples: number;
  /** Where the next record begins. */
  readonly end: number;
}

/** Bytes before the payload: its length, the CRC of what follows the CRC, the count of samples; each 32 bits, little-endian. */
export const recordHeaderBytes = 12;

/** Appends records to one file. */
export class SegmentWriter {
  readonly #file: number;
  #bytes = 0;

  /** @throws Error EEXIST when the file is there: a segment is never continued. */
  constructor(path: string) {
    this.#file = openSync(path, "wx", 0o600);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Writes one record whole, so that a killed process leaves it readable once this returns. */
  append(payload: Uint8Array, samples: number): void {
    const record = Buffer.allocUnsafe(recordHeaderBytes + payload.length);
    record.writeUInt32LE(payload.length, 0);
    record.writeUInt32LE(samples, 8);
    record.set(payload, recordHeaderBytes);
    record.writeUInt32LE(crc32(record.subarray(8)), 4);
    for (let written = 0; written < record.length;) {
      written += writeSync(
        this.#file,
        record,
        written,
        record.length - written,
        this.#bytes + written,
      );
    }
    this.#bytes += record.length;
  }

  /** Waits until the disk has what was appended. */
  sync(): void {
    fdatasyncSync(this.#file);
  }

  close(): void {
    fdatasyncSync(this.#file);
    closeSync(this.#file);
  }
}

export type ReadOutcome =
  | { readonly kind: "record"; readonly record: QueueRecord }
  | { readonly kind: "end" }
  /** What stands at the offset is no whole record: a torn tail or damage. The rest of the segment is lost. */
  | { readonly kind: "damaged"; readonly lostBytes: number };

/** Reads the record at `offset`. */
export function readRecord(path: string, offset: number): ReadOutcome {
  const file = openSync(path, "r");
  try {
    const size = statSync(path).size;
    if (offset >= size) return { kind: "end" };
    const damaged = { kind: "damaged", lostBytes: size - offset } as const;
    const header = Buffer.alloc(recordHeaderBytes);
    if (readSync(file, header, 0, recordHeaderBytes, offset) < recordHeaderBytes) return damaged;
    const length = header.readUInt32LE(0);
    const end = offset + recordHeaderBytes + length;
    if (length > limits.agentBatchBytesMax || end > size) return damaged;
    const payload = Buffer.alloc(length);
    if (readSync(file, payload, 0, length, offset + recordHeaderBytes) < length) return damaged;
    const crc = crc32(payload, crc32(header.subarray(8)));
    if (crc !== header.readUInt32LE(4)) return damaged;
    return { kind: "record", record: { payload, samples: header.readUInt32LE(8), end } };
  } finally {
    closeSync(file);
  }
}

/** The count of samples and where the whole records end, from `offset` on. */
export function scanSegment(
  path: string,
  offset: number,
): { readonly samples: number; readonly end: number; readonly lostBytes: number } {
  let samples = 0;
  let end = offset;
  for (;;) {
    const outcome = readRecord(path, end);
    if (outcome.kind === "end") return { samples, end, lostBytes: 0 };
    if (outcome.kind === "damaged") return { samples, end, lostBytes: outcome.lostBytes };
    samples += outcome.record.samples;
    end = outcome.record.end;
  }
}
