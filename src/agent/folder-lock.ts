/** A lock on a folder: one process at a time, freed when its holder is gone. */
import { join } from "node:path";
import { CodedError } from "../core/index.ts";

/**
 * Locks a file until what it answers is called or this process is gone; undefined when it is locked and stays so for
 * `waitMs`. A process id in a file would not do: after a restart of the machine or of a container it is another's.
 */
export type LockFile = (
  path: string,
  options: { readonly waitMs: number },
) => (() => void) | undefined;

/** An agent that was told to end may still be at its last words. */
const LOCK_WAIT_MS = 2_000;

/**
 * Locks the folder; answers with what unlocks it.
 *
 * @throws CodedError QueueInUse; the system's error when the lock's file cannot be made.
 */
export function lockFolder(folder: string, lockFile: LockFile): () => void {
  const unlock = lockFile(join(folder, "lock"), { waitMs: LOCK_WAIT_MS });
  if (unlock !== undefined) return unlock;
  throw new CodedError(
    "QueueInUse",
    `${folder} is used by another agent. End it, or give this agent another folder.`,
  );
}
