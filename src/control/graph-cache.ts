/** The last graph in a file of its own, in the feed's lines: what a process starts from when control is down. */
import { open, rename, rm } from "node:fs/promises";
import { readFileSync } from "node:fs";
import type { Publication } from "../arm/index.ts";
import { messageOf } from "../core/index.ts";
import type { Clock, Timer } from "../core/index.ts";
import { feedLines, feedReader } from "./feed-lines.ts";

export interface GraphCache {
  /** The kept publication; undefined where there is none, or none that can be read. */
  readonly read: () => Publication | undefined;
  /** Keeps a publication: at once, or with the next ones when one was written a moment ago. */
  readonly keep: (publication: Publication) => void;
  /** Writes what is not written yet. */
  readonly close: () => Promise<void>;
}

/** Large graphs take a while to write; between two writes lies at least this time. */
const writeMs = 1_000;

/** @param path - replaced as a whole by renaming; mode 0600. */
export function openGraphCache(
  path: string,
  { clock, onNote }: { readonly clock: Clock; readonly onNote: (text: string) => void },
): GraphCache {
  let waiting: Publication | undefined;
  let writing: Promise<void> | undefined;
  let timer: Timer | undefined;
  let isClosed = false;
  const write = async (): Promise<void> => {
    const publication = waiting;
    waiting = undefined;
    if (publication === undefined) return;
    try {
      await replaceFile(path, publication);
    } catch (error) {
      onNote(`The graph could not be kept in '${path}': ${messageOf(error)}.`);
    }
  };
  const start = (): void => {
    if (writing !== undefined || timer !== undefined || isClosed) return;
    writing = write().finally(() => {
      writing = undefined;
      if (isClosed) return;
      timer = clock.after(writeMs, () => {
        timer = undefined;
        if (waiting !== undefined) start();
      });
    });
  };
  return {
    read: () => readCache(path, onNote),
    keep: (publication) => {
      waiting = publication;
      start();
    },
    close: async () => {
      isClosed = true;
      timer?.cancel();
      await writing;
      await write();
    },
  };
}

async function replaceFile(path: string, publication: Publication): Promise<void> {
  const part = `${path}.part`;
  await rm(part, { force: true });
  const file = await open(part, "wx", 0o600);
  try {
    for (const line of feedLines(undefined, publication, 1)) await file.write(line);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(part, path);
}

function readCache(path: string, onNote: (text: string) => void): Publication | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  const reader = feedReader(() => undefined);
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const event = reader.take(line);
    if (event === undefined) continue;
    if (event.kind === "publication") return event.publication;
    break;
  }
  onNote(`The kept graph '${path}' cannot be read; it is not used.`);
  return undefined;
}
