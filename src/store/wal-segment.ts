/** A log segment's file: its name, its head, and its records read one after another. @see docs/formats/wal.md */
import { open, readdir } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { RECORD_HEAD_BYTES } from "./wal-record.ts";

export const SEGMENT_MAGIC = Buffer.from("LNKWAL\x00\x01", "latin1");

/** A segment that is not written any more. */
export interface SealedSegment {
  readonly number: number;
  readonly path: string;
  readonly bytes: number;
  /** The newest sample in it; -Infinity when it has none. */
  readonly maxTimestampMs: number;
}

export const segmentPath = (folder: string, number: number): string =>
  join(folder, `${String(number).padStart(8, "0")}.wal`);

/** The numbers of the segments in a folder, rising; and the first that no file of it had, damaged ones included. */
export async function segmentNumbers(
  folder: string,
): Promise<{ readonly numbers: readonly number[]; readonly next: number }> {
  const names = await readdir(folder);
  const numbersOf = (pattern: RegExp): number[] =>
    names.filter((name) => pattern.test(name)).map((name) => Number.parseInt(name, 10));
  return {
    numbers: numbersOf(/^\d{8,15}\.wal$/).sort((a, b) => a - b),
    next: 1 + Math.max(0, ...numbersOf(/^\d{8,15}\.wal(?:\.damaged)?$/)),
  };
}

/** Makes names that were made or changed in a folder durable, where the system lets a folder be opened. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "EISDIR" || error.code === "EPERM") return undefined;
    throw error;
  });
  try {
    await handle?.sync();
  } finally {
    await handle?.close();
  }
}

/** Makes a whole file's bytes durable. */
export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, "r+");
  try {
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

export type SegmentItem =
  | { readonly kind: "record"; readonly payload: Buffer; readonly endsAt: number }
  /** The bytes from `at` on are no whole record; nothing follows. */
  | { readonly kind: "torn"; readonly at: number; readonly says: string }
  | { readonly kind: "damaged"; readonly at: number; readonly says: string };

/** Bytes read from the disk at once. */
const WINDOW_BYTES = 1024 * 1024;

/**
 * Reads a segment's records in order, in a window of memory that is as large as its largest record.
 * Ends after the first item that is no record. A payload is a view of memory that is not written again.
 * `startAt` is the end of a record that was read before.
 */
export async function* readSegment(
  file: FileHandle,
  size: number,
  options: {
    readonly magic?: Buffer;
    readonly startAt?: number | undefined;
    readonly windowBytes?: number;
  } = {},
): AsyncGenerator<SegmentItem> {
  const magicBytes = options.magic ?? SEGMENT_MAGIC;
  const window = new FileWindow(file, size, options.windowBytes ?? WINDOW_BYTES);
  const magic = await window.read(0, magicBytes.length);
  if (magic.length < magicBytes.length) {
    yield { kind: "torn", at: 0, says: "it ends inside its head" };
    return;
  }
  if (!magic.equals(magicBytes)) {
    yield await window.failure(0, "it does not begin as a segment");
    return;
  }
  for (let at = options.startAt ?? magicBytes.length; at < size;) {
    const head = await window.read(at, RECORD_HEAD_BYTES);
    if (head.length < RECORD_HEAD_BYTES) {
      yield { kind: "torn", at, says: "it ends inside a record's head" };
      return;
    }
    if (crc32(head.subarray(0, 8)) !== head.readUInt32LE(8)) {
      yield await window.failure(at, "a record's head has a wrong CRC");
      return;
    }
    const length = head.readUInt32LE(0);
    const payloadCrc = head.readUInt32LE(4);
    const endsAt = at + RECORD_HEAD_BYTES + length;
    if (endsAt > size) {
      yield { kind: "torn", at, says: "it ends inside a record" };
      return;
    }
    const payload = await window.read(at + RECORD_HEAD_BYTES, length);
    if (crc32(payload) !== payloadCrc) {
      yield { kind: "damaged", at, says: "a record has a wrong CRC" };
      return;
    }
    yield { kind: "record", payload, endsAt };
    at = endsAt;
  }
}

/** A part of a file in memory. */
class FileWindow {
  readonly #file: FileHandle;
  readonly #size: number;
  readonly #windowBytes: number;
  #bytes = Buffer.alloc(0);
  #start = 0;

  constructor(file: FileHandle, size: number, windowBytes: number) {
    this.#file = file;
    this.#size = size;
    this.#windowBytes = windowBytes;
  }

  /** The bytes from `at` on: `length` of them, or fewer at the file's end. Valid until the next call. */
  async read(at: number, length: number): Promise<Buffer> {
    const end = Math.min(this.#size, at + length);
    if (at < this.#start || end > this.#start + this.#bytes.length) {
      const wanted = Math.min(this.#size - at, Math.max(length, this.#windowBytes));
      this.#bytes = await this.#fill(at, wanted);
      this.#start = at;
    }
    return this.#bytes.subarray(at - this.#start, Math.max(0, end - this.#start));
  }

  /** A wrong head: torn where the file holds only zeros from there on, as a crash of the machine leaves it; else damage. */
  async failure(at: number, says: string): Promise<SegmentItem> {
    for (let from = at; from < this.#size; from += WINDOW_BYTES) {
      const bytes = await this.read(from, WINDOW_BYTES);
      if (bytes.some((byte) => byte !== 0)) return { kind: "damaged", at, says };
    }
    return { kind: "torn", at, says: "only zeros follow" };
  }

  async #fill(at: number, length: number): Promise<Buffer<ArrayBuffer>> {
    const bytes = Buffer.allocUnsafeSlow(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await this.#file.read(bytes, filled, length - filled, at + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  }
}
