/** Which events were sent, over restarts: an event is sent again when its count has changed. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";

export interface SeenEvents {
  readonly has: (key: string) => boolean;
  /** These are the events that there are, all of them sent. @throws the system's error. */
  readonly keep: (keys: ReadonlySet<string>) => void;
}

/** Opens the file; one that cannot be read is as none: then all events that the API server has are sent, as at a first start. */
export function openSeenEvents(path: string): SeenEvents {
  let seen: ReadonlySet<string> = read(path);
  return {
    has: (key) => seen.has(key),
    keep(keys) {
      if (keys.size === seen.size && [...keys].every((key) => seen.has(key))) return;
      writeFileSync(`${path}.new`, JSON.stringify({ version: 1, keys: [...keys] }), {
        mode: 0o600,
      });
      renameSync(`${path}.new`, path);
      seen = new Set(keys);
    },
  };
}

function read(path: string): ReadonlySet<string> {
  try {
    const { keys } = JSON.parse(readFileSync(path, "utf8")) as { keys?: unknown };
    return new Set(Array.isArray(keys) ? keys.filter((key) => typeof key === "string") : []);
  } catch {
    return new Set();
  }
}
