/** A lock on a folder: one process at a time, freed when its holder is gone. */
import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CodedError } from "../core/index.ts";

/**
 * Locks the folder for a process; answers with what unlocks it. A lock whose process is gone (`kill -9`) is taken over.
 *
 * @throws CodedError QueueInUse.
 */
export function lockFolder(folder: string, processId: number): () => void {
  const path = join(folder, "lock");
  const own = join(folder, `lock.${processId}`);
  writeFileSync(own, String(processId), { mode: 0o600 });
  try {
    for (let attempt = 0; ; attempt += 1) {
      if (linked(own, path)) return () => rmSync(path, { force: true });
      const holder = holderOf(path);
      if (attempt > 2 || (holder !== undefined && lives(holder, processId))) {
        throw new CodedError(
          "QueueInUse",
          `${folder} is used by process ${holder ?? "unknown"}. End it, or give this agent another folder.`,
        );
      }
      rmSync(path, { force: true });
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** A link, unlike a rename, fails when the name is taken. */
function linked(own: string, path: string): boolean {
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

function holderOf(path: string): number | undefined {
  try {
    const holder = Number(readFileSync(path, "utf8"));
    return Number.isSafeInteger(holder) && holder > 0 ? holder : undefined;
  } catch {
    return undefined;
  }
}

function lives(holder: number, own: number): boolean {
  if (holder === own) return true;
  try {
    process.kill(holder, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, under another user.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
