/** A lock that the system itself frees when its holder is gone, however it went: SQLite's, on a file of its own. */
import { writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

/** What is locked: a database that nothing refers to is collected, and its lock goes with it. */
const held = new Set<DatabaseSync>();

/** SQLite's result codes. @see sqlite.org/rescode.html */
const SQLITE_BUSY = 5;
const SQLITE_NOTADB = 26;

/**
 * Locks `path`, which is made where it is missing and stays empty; answers with what unlocks it.
 *
 * A file that holds a process id instead would be wrong after a restart of the machine or of a container, when the id is
 * another process's, and two that find such a file stale would race for it.
 *
 * @param waitMs how long to wait for another holder. The whole process waits.
 * @returns undefined when another process, or this one, holds it.
 * @throws Error of the system when the file cannot be made or locked.
 */
export function lockFile(
  path: string,
  { waitMs }: { readonly waitMs: number },
): (() => void) | undefined {
  try {
    return locked(path, waitMs);
  } catch (error) {
    const code = (error as { readonly errcode?: number }).errcode;
    if (code === SQLITE_BUSY) return undefined;
    if (code !== SQLITE_NOTADB) throw error;
    // Something else was written there; so nobody holds it, and nothing of it is needed.
    writeFileSync(path, "");
    return locked(path, waitMs);
  }
}

function locked(path: string, waitMs: number): () => void {
  const database = new DatabaseSync(path, { timeout: waitMs });
  try {
    // A journal on disk would stay behind a killed holder, and whoever comes next would have to take it away first.
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    throw error;
  }
  held.add(database);
  return () => {
    held.delete(database);
    database.close();
  };
}
