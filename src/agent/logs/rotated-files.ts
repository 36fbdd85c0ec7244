/**
 * The files that a log was rotated to: the kubelet renames `0.log` to `0.log.20260101-101500`, others to `0.log.1`; or
 * they copy it and cut the first one to nothing.
 * @see github.com/kubernetes/kubernetes pkg/kubelet/logs/container_log_manager.go
 */
import { closeSync, constants, fstatSync, openSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { limits } from "../../core/index.ts";
import { fileIdOf, hasFingerprint } from "./tail-position.ts";
import type { TailPosition } from "./tail-position.ts";

export interface RotatedFile {
  readonly path: string;
  readonly fileId: string;
  readonly size: number;
  readonly mtimeMs: number;
}

/** The rotated files beside a live one, oldest first. Those that are compressed are left out. */
export function rotatedFiles(livePath: string): readonly RotatedFile[] {
  const folder = dirname(livePath);
  const start = `${basename(livePath)}.`;
  const found: RotatedFile[] = [];
  for (const name of namesIn(folder)) {
    if (!name.startsWith(start) || /\.(?:gz|tmp|zst|bz2|xz)$/.test(name)) continue;
    if (found.length >= limits.logSiblingsMax) break;
    const path = join(folder, name);
    const file = openLog(path);
    if (file === undefined) continue;
    const stats = fstatSync(file);
    closeSync(file);
    if (stats.isFile()) {
      found.push({ path, fileId: fileIdOf(stats), size: stats.size, mtimeMs: stats.mtimeMs });
    }
  }
  return found.sort((a, b) => a.mtimeMs - b.mtimeMs || (a.path < b.path ? -1 : 1));
}

/** The rotated file in which a position stands: the same file by another name, else a copy that begins alike. */
export function fileOfPosition(
  files: readonly RotatedFile[],
  position: TailPosition,
): RotatedFile | undefined {
  const fits = files.filter((one) => one.size >= position.offset && beginsAs(one.path, position));
  // Nothing was read: any file would fit, and only the same one does.
  const copies = position.fingerprint.bytes === 0 ? [] : fits;
  return fits.find(({ fileId }) => fileId === position.file) ?? copies[0];
}

function beginsAs(path: string, { fingerprint }: TailPosition): boolean {
  const file = openLog(path);
  if (file === undefined) return false;
  try {
    return hasFingerprint(file, fingerprint);
  } finally {
    closeSync(file);
  }
}

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
