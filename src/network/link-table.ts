/** Link ids: a number for each private endpoint, which its connections carry to the edge; given once, never again. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { idKey, idProblem } from "../arm/index.ts";
import type { ResourceId } from "../arm/index.ts";
import { CodedError, limits } from "../core/index.ts";
import type { Clock } from "../core/index.ts";

/** The fabric's side: it gives the ids. */
export interface LinkTable {
  /**
   * The endpoint's link id, 1 to 2^32 - 1. A new one is on disk before this returns.
   *
   * @throws CodedError LinkIdsExhausted when there is none left.
   */
  readonly linkIdOf: (endpointId: ResourceId) => number;
  /** Forgets the endpoints that `exists` denies. Their ids stay used: an endpoint made again gets another. */
  readonly retire: (exists: (endpointId: ResourceId) => boolean) => void;
}

interface LinkFile {
  readonly version: 1;
  /** The next id to give: every lower one has been given. */
  readonly next: number;
  readonly links: Readonly<Record<string, number>>;
}

/**
 * Opens the table at `path`, or begins one. One process may have it open.
 *
 * @throws CodedError LinkTableUnreadable when the file is there and damaged.
 */
export function openLinkTable(path: string): LinkTable {
  const file = existsSync(path) ? readLinkFile(path) : { version: 1, next: 1, links: {} };
  const links = new Map(Object.entries(file.links));
  let next = file.next;
  const save = (entries: ReadonlyMap<string, number>, nextId: number): void => {
    const text = JSON.stringify({ version: 1, next: nextId, links: Object.fromEntries(entries) });
    writeWhole(path, text);
  };
  return {
    linkIdOf: (endpointId) => {
      const key = idKey(endpointId);
      const known = links.get(key);
      if (known !== undefined) return known;
      if (next > limits.linkIdMax) throw exhausted();
      const linkId = next;
      save(new Map([...links, [key, linkId]]), linkId + 1);
      links.set(key, linkId);
      next = linkId + 1;
      return linkId;
    },
    retire: (exists) => {
      const gone = [...links.keys()].filter((key) => !exists(key));
      for (const key of gone) links.delete(key);
      if (gone.length > 0) save(links, next);
    },
  };
}

/**
 * The edge's side: which endpoint a link id belongs to. Reads the file again when an id is newer than what it read,
 * at most `limits.linkTableReadsPerSecondMax` times a second.
 *
 * @returns a function that answers undefined for an id that was never given or is retired.
 */
export function readLinkTable(options: {
  readonly path: string;
  readonly clock: Clock;
}): (linkId: number) => ResourceId | undefined {
  const { path, clock } = options;
  let byLink: ReadonlyMap<number, ResourceId> = new Map();
  let next = 0;
  let stamp = "";
  let windowStartMs = 0;
  let reads = 0;
  const mayRead = (): boolean => {
    const nowMs = clock.nowMs();
    if (nowMs - windowStartMs >= 1_000) {
      windowStartMs = nowMs;
      reads = 0;
    }
    reads += 1;
    return reads <= limits.linkTableReadsPerSecondMax;
  };
  const refresh = (): void => {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    // The file is replaced whole, so that a new version is a new inode or at least a new time.
    const seen = found === undefined ? "" : `${found.ino}:${found.mtimeNs}:${found.size}`;
    if (seen === stamp || found === undefined) return;
    const file = readLinkFile(path);
    byLink = new Map(Object.entries(file.links).map(([id, link]) => [link, id]));
    next = file.next;
    stamp = seen;
  };
  return (linkId) => {
    const known = byLink.get(linkId);
    if (known !== undefined || linkId < next || !mayRead()) return known;
    refresh();
    return byLink.get(linkId);
  };
}

function readLinkFile(path: string): LinkFile {
  try {
    const { size } = statSync(path);
    if (size > limits.linkTableBytesMax) {
      throw new Error(`it has ${size} bytes; the limit is ${limits.linkTableBytesMax}`);
    }
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    const problem = linkFileProblem(value);
    if (problem !== undefined) throw new Error(problem);
    return value as LinkFile;
  } catch (error) {
    throw new CodedError(
      "LinkTableUnreadable",
      `The link table ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}. ` +
        "Restore it, or stop the platform and remove it.",
      { cause: error },
    );
  }
}

function linkFileProblem(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return "it holds no object";
  const { version, next, links } = value as Partial<LinkFile>;
  if (version !== 1) return `its version is ${String(version)}; only 1 is known`;
  if (typeof next !== "number" || !Number.isInteger(next) || next < 1) return "it has no next id";
  if (typeof links !== "object" || links === null) return "it has no links";
  const seen = new Set<number>();
  for (const [id, link] of Object.entries(links)) {
    if (!Number.isInteger(link) || link < 1 || link >= next) return `${id} has the link id ${link}`;
    if (seen.has(link)) return `the link id ${link} stands twice`;
    if (idProblem(id) !== undefined) return idProblem(id);
    seen.add(link);
  }
  return undefined;
}

/** Replaces the file so that a reader, or a machine that lost power, sees the old or the new one. */
function writeWhole(path: string, text: string): void {
  const file = openSync(`${path}.new`, "w", 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.new`, path);
  const folder = openSync(dirname(path), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

const exhausted = (): CodedError =>
  new CodedError(
    "LinkIdsExhausted",
    `All link ids up to ${limits.linkIdMax} have been given. Stop the platform and remove the link table.`,
  );
