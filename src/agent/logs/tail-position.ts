/** Where a container's log was read to: which file, how far, and what was read of a line or group that is not whole yet. */
import { createHash } from "node:crypto";
import { readSync } from "node:fs";
import type { Stats } from "node:fs";
import { limits } from "../../core/index.ts";
import type { LogStream } from "./cri-line.ts";

/** What is known of a file's beginning: a file with the same one is the same, or a copy of it. */
export interface Fingerprint {
  readonly bytes: number;
  /** SHA-256 of the first `bytes`, base64. */
  readonly hash: string;
}

/** Text that was read and not yet told on. */
export interface PendingText {
  readonly stream: LogStream;
  /** Of its first line. */
  readonly time: string;
  /** Base64: the bytes may be no UTF-8 yet. */
  readonly bytes: string;
  /** Lines that are whole in it. */
  readonly lines: number;
  /** The last piece goes on. */
  readonly partial: boolean;
  /** More came than is kept. */
  readonly cut: boolean;
}

export interface TailPosition {
  /** `device:inode`. */
  readonly file: string;
  readonly offset: number;
  readonly fingerprint: Fingerprint;
  readonly pending: readonly PendingText[];
  /** The bytes at the offset belong to a line that is too long, and are passed over to its end. */
  readonly skipping: boolean;
}

export const fileIdOf = ({ dev, ino }: Stats): string => `${dev}:${ino}`;

/** The fingerprint of the first bytes of an open file that has at least `size` of them: they do not change any more. */
export function fingerprintOf(file: number, size: number): Fingerprint {
  const wanted = Math.min(size, limits.logFingerprintBytes);
  const bytes = Buffer.alloc(wanted);
  const read = wanted === 0 ? 0 : readSync(file, bytes, 0, wanted, 0);
  return fingerprintOfBytes(bytes.subarray(0, read));
}

/** The fingerprint of a file that begins with these bytes. */
export const fingerprintOfBytes = (bytes: Uint8Array): Fingerprint => ({
  bytes: bytes.length,
  hash: createHash("sha256").update(bytes).digest("base64"),
});

/** Whether an open file begins as it did. */
export function hasFingerprint(file: number, expected: Fingerprint): boolean {
  const found = fingerprintOf(file, expected.bytes);
  return found.bytes === expected.bytes && found.hash === expected.hash;
}

/** A position that was read from a file; undefined where it is none. */
export function readTailPosition(value: unknown): TailPosition | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { file, offset, fingerprint, pending, skipping } = value as Partial<TailPosition>;
  if (typeof file !== "string" || !Number.isSafeInteger(offset) || (offset ?? -1) < 0) {
    return undefined;
  }
  if (typeof fingerprint?.hash !== "string" || !Number.isSafeInteger(fingerprint.bytes)) {
    return undefined;
  }
  if (fingerprint.bytes > limits.logFingerprintBytes || !Array.isArray(pending)) return undefined;
  return { file, offset: offset ?? 0, fingerprint, pending, skipping: skipping === true };
}
