/** The access log: one JSON line a request in a file, and the last requests in memory by their id. It never blocks a request. */
import { open, rename } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { limits } from "../core/index.ts";
import type { Reason } from "../core/index.ts";

/** One request as it is kept: no token, no body, no query string. */
export interface AccessEntry {
  /** RFC 3339, in UTC. */
  readonly time: string;
  readonly requestId: string;
  readonly host: string;
  readonly method: string;
  /** At most `limits.accessLogPathCharsMax` characters, without the query. */
  readonly path: string;
  readonly status: number;
  readonly ms: number;
  readonly origin: "public" | "private";
  /** The private endpoint that the request came through. */
  readonly endpointId: string | undefined;
  /** The object id that the token named, or `ingestion-token:<rule>`. */
  readonly principal: string | undefined;
  /** The resource that the host belongs to: who may read it may read this entry. */
  readonly resourceId: string | undefined;
  /** Each rule that spoke, first to last. */
  readonly reasons: readonly Reason[];
}

export interface AccessLog {
  /** Keeps an entry. Never waits and never throws: what the file cannot take in time is dropped and counted. */
  append(entry: AccessEntry): void;
  /** One of the last `limits.accessLogEntriesMax` requests. */
  find(requestId: string): AccessEntry | undefined;
  /** Lines that never reached the file. */
  dropped(): number;
  /** Writes what is pending and closes the file. */
  close(): Promise<void>;
}

/**
 * Opens the log at `path` (made with mode 0600) and appends. Past `limits.accessLogBytesMax` the file becomes
 * `path.1`, in place of an earlier one.
 */
export async function openAccessLog(path: string): Promise<AccessLog> {
  const file = await openLogFile(path);
  const ring = new Map<string, AccessEntry>();
  return {
    append(entry) {
      ring.set(entry.requestId, entry);
      for (const oldest of ring.keys()) {
        if (ring.size <= limits.accessLogEntriesMax) break;
        ring.delete(oldest);
      }
      file.write(`${JSON.stringify(entry)}\n`);
    },
    find: (requestId) => ring.get(requestId),
    dropped: () => file.dropped(),
    close: () => file.close(),
  };
}

interface LogFile {
  write(line: string): void;
  dropped(): number;
  close(): Promise<void>;
}

async function openLogFile(path: string): Promise<LogFile> {
  let handle: FileHandle = await open(path, "a", 0o600);
  let size = (await handle.stat()).size;
  let pending: string[] = [];
  let pendingChars = 0;
  let dropped = 0;
  let writing: Promise<void> | undefined;

  let moved = false;
  // Whatever fails here, a file stays open and the next line tries again.
  const rotate = async (): Promise<void> => {
    if (!moved) await rename(path, `${path}.1`);
    moved = true;
    const next = await open(path, "a", 0o600);
    moved = false;
    await handle.close();
    handle = next;
    size = 0;
  };
  const drain = async (): Promise<void> => {
    while (pending.length > 0) {
      const lines = pending;
      pending = [];
      pendingChars = 0;
      const chunk = Buffer.from(lines.join(""));
      try {
        if (size > 0 && size + chunk.length > limits.accessLogBytesMax) await rotate();
        await handle.appendFile(chunk);
        size += chunk.length;
      } catch {
        // A full disk must not stop requests: the lines are lost, and counted.
        dropped += lines.length;
      }
    }
    writing = undefined;
  };
  return {
    write(line) {
      if (pendingChars + line.length > limits.accessLogPendingCharsMax) {
        dropped++;
        return;
      }
      pending.push(line);
      pendingChars += line.length;
      writing ??= drain();
    },
    dropped: () => dropped,
    async close() {
      await writing;
      await handle.close();
    },
  };
}
