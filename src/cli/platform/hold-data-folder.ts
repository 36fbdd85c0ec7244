/** One platform holds a data folder at a time; the folder of its Unix sockets comes and goes with it. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { CodedError, messageOf } from "../../core/index.ts";
import type { CliContext } from "../command.ts";

/** A command that only looks whether the folder is held has its lock for a moment. */
const LOCK_WAIT_MS = 500;

export interface HeldDataFolder {
  /** A new 0700 folder for Unix sockets, short enough for their paths. */
  readonly sockets: string;
  /** Removes the sockets and frees the data folder. */
  readonly release: () => void;
}

interface Holder {
  readonly pid: number;
  readonly sockets: string;
}

const lockOf = (data: string): string => join(data, "lock");
const holderFileOf = (data: string): string => join(data, "holder.json");

/**
 * Takes a data folder, which is made 0700 where it is missing. One whose platform was killed is taken over, and the
 * sockets that it left are removed.
 *
 * @throws CodedError DataFolderInUse when a platform runs on it; DataFolderUnusable when it cannot be written.
 */
export function holdDataFolder(
  data: string,
  context: Pick<CliContext, "lockFile" | "pid" | "temporaryFolder">,
): HeldDataFolder {
  const unlock = usable(data, () => {
    mkdirSync(data, { recursive: true, mode: 0o700 });
    return context.lockFile(lockOf(data), { waitMs: LOCK_WAIT_MS });
  });
  const before = holderOf(data);
  if (unlock === undefined) {
    throw new CodedError(
      "DataFolderInUse",
      `The data folder ${data} is in use by process ${before?.pid ?? "unknown"}. Name another with --data or LINKSCOPE_DATA, or stop that platform.`,
    );
  }
  try {
    if (before !== undefined) removeSockets(before.sockets);
    const sockets = mkdtempSync(join(context.temporaryFolder, "linkscope-"));
    chmodSync(sockets, 0o700);
    const release = (): void => {
      rmSync(sockets, { recursive: true, force: true });
      rmSync(holderFileOf(data), { force: true });
      unlock();
    };
    try {
      usable(data, () => {
        const holder = JSON.stringify({ pid: context.pid, sockets } satisfies Holder);
        writeFileSync(holderFileOf(data), holder, { mode: 0o600 });
      });
    } catch (error) {
      rmSync(sockets, { recursive: true, force: true });
      throw error;
    }
    return { sockets, release };
  } catch (error) {
    unlock();
    throw error;
  }
}

/** Whether a platform runs on the data folder. */
export function isDataFolderHeld(data: string, context: Pick<CliContext, "lockFile">): boolean {
  if (!existsSync(lockOf(data))) return false;
  const unlock = usable(data, () => context.lockFile(lockOf(data), { waitMs: 0 }));
  unlock?.();
  return unlock === undefined;
}

function usable<T>(data: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    throw new CodedError(
      "DataFolderUnusable",
      `The data folder ${data} cannot be used: ${messageOf(error)}. Give this user the right to read and write it, or name another with --data or LINKSCOPE_DATA.`,
      { cause: error },
    );
  }
}

/** Who holds the folder, or held it until it was killed. */
function holderOf(data: string): Holder | undefined {
  try {
    const holder = JSON.parse(readFileSync(holderFileOf(data), "utf8")) as Partial<Holder> | null;
    const { pid, sockets } = holder ?? {};
    return typeof pid === "number" && typeof sockets === "string" ? { pid, sockets } : undefined;
  } catch {
    return undefined;
  }
}

/** Removes what a killed platform left; only a folder that has the name of one. */
function removeSockets(folder: string): void {
  const isOurs = /^linkscope-[A-Za-z0-9]{6}$/.test(basename(folder));
  if (!isOurs || lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return;
  rmSync(folder, { recursive: true, force: true });
}
