/**
 * The files that a log was rotated to: the kubelet renames `0.log` to `0.log.20260101-101500`, and compresses all but the
 * newest of them; others rename to `0.log.1`; or they copy it and cut the first one to nothing.
 * @see github.com/kubernetes/kubernetes pkg/kubelet/logs/container_log_manager.go
 */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { constants as zlib, gunzipSync } from "node:zlib";
import { limits } from "../../core/index.ts";
import { fileIdOf, fingerprintOfBytes, hasFingerprint } from "./tail-position.ts";
import type { Fingerprint, TailPosition } from "./tail-position.ts";

export interface RotatedFile {
  readonly path: string;
  readonly fileId: string;
  /** As it lies on the disk. */
  readonly size: number;
  readonly mtimeMs: number;
  readonly compressed: boolean;
}

/** The rotated files beside a live one, oldest first: by the kubelet's stamp in their names, else by their times. */
export function rotatedFiles(livePath: string): readonly RotatedFile[] {
  const folder = dirname(livePath);
  const start = `${basename(livePath)}.`;
  const found: RotatedFile[] = [];
  for (const name of namesIn(folder)) {
    if (!name.startsWith(start) || /\.(?:tmp|zst|bz2|xz)$/.test(name)) continue;
    if (found.length >= limits.logSiblingsMax) break;
    const path = join(folder, name);
    const file = openLog(path);
    if (file === undefined) continue;
    const stats = fstatSync(file);
    closeSync(file);
    if (!stats.isFile()) continue;
    const { size, mtimeMs } = stats;
    found.push({ path, fileId: fileIdOf(stats), size, mtimeMs, compressed: name.endsWith(".gz") });
  }
  return found.sort(byAge);
}

/** A compressed file has the time of its compression, and so no time that says when it was rotated. */
function byAge(a: RotatedFile, b: RotatedFile): number {
  const [one, other] = [stampOf(a.path), stampOf(b.path)];
  if (one !== undefined && other !== undefined) return one < other ? -1 : 1;
  return a.mtimeMs - b.mtimeMs || (a.path < b.path ? -1 : 1);
}

const stampOf = (path: string): string | undefined => /\.(\d{8}-\d{6})(?:\.gz)?$/.exec(path)?.[1];

/** The rotated file in which a position stands: the same file by another name, else a copy that begins alike. */
export function fileOfPosition(
  files: readonly RotatedFile[],
  position: Pick<TailPosition, "file" | "offset" | "fingerprint">,
): RotatedFile | undefined {
  const { offset, fingerprint } = position;
  const fits = files.filter(
    (one) => (one.compressed || one.size >= offset) && beginsAs(one, fingerprint),
  );
  // Nothing was read: any file would fit, and only the same one does.
  const copies = fingerprint.bytes === 0 ? [] : fits;
  return fits.find(({ fileId }) => fileId === position.file) ?? copies[0];
}

function beginsAs({ path, compressed }: RotatedFile, fingerprint: Fingerprint): boolean {
  const file = openLog(path);
  if (file === undefined) return false;
  try {
    if (!compressed) return hasFingerprint(file, fingerprint);
    const head = Buffer.alloc(limits.logReadBytes);
    const read = readSync(file, head, 0, head.length, 0);
    const bytes = unzipped(head.subarray(0, read), { finishFlush: zlib.Z_SYNC_FLUSH });
    const found = fingerprintOfBytes(bytes.subarray(0, fingerprint.bytes));
    return found.bytes === fingerprint.bytes && found.hash === fingerprint.hash;
  } catch {
    return false;
  } finally {
    closeSync(file);
  }
}

/**
 * Opens a rotated file to be read; a compressed one as a copy without a name.
 *
 * @param scratch a folder of the agent's own, where that copy is made.
 * @returns undefined where it is gone, damaged, or larger than `limits.logArchiveBytesMax`.
 */
export function openRotated(
  { path, compressed }: RotatedFile,
  scratch: string,
): number | undefined {
  const file = openLog(path);
  if (file === undefined || !compressed) return file;
  const copy = join(scratch, "unzipped.log");
  try {
    writeFileSync(copy, unzipped(readFileSync(file), {}), { mode: 0o600 });
    return openSync(copy, constants.O_RDONLY);
  } catch {
    return undefined;
  } finally {
    closeSync(file);
    rmSync(copy, { force: true });
  }
}

const unzipped = (bytes: Buffer, how: { readonly finishFlush?: number }): Buffer =>
  gunzipSync(bytes, { ...how, maxOutputLength: limits.logArchiveBytesMax });

/** Opens a log without following a link; undefined where that cannot be done. */
export function openLog(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
