/** Files that hold private keys: in a 0700 folder, mode 0600, created once however many processes try. */
import { chmod, link, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { CodedError, messageOf } from "../core/index.ts";
import type { Random } from "../core/index.ts";

/**
 * The file's text; when there is no file yet, makes it of `create()`. Of several processes that create at once,
 * one wins and all get the winner's text.
 *
 * @throws CodedError KeyFileExposed when others than the owner may read it; KeyFileUnreadable.
 */
export async function openPrivateFile(
  path: string,
  random: Random,
  create: () => string | Promise<string>,
): Promise<string> {
  const present = await readPrivateFile(path);
  if (present !== undefined) return present;
  await makePrivateFolder(dirname(path));
  const fresh = await writeBeside({ path, text: await create(), random });
  try {
    // A hard link, unlike a rename, fails when the name is taken: the first process wins.
    await link(fresh, path);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw unreadable(path, error);
  } finally {
    await rm(fresh, { force: true });
  }
  await syncFolder(dirname(path));
  const text = await readPrivateFile(path);
  if (text === undefined) throw unreadable(path, "it vanished while it was made");
  return text;
}

export interface PrivateText {
  readonly path: string;
  readonly text: string;
  /** Names the file that is written before it takes its place. */
  readonly random: Random;
}

/** Replaces the file's text; a crash leaves the old text or the new, never a part. */
export async function replacePrivateFile(options: PrivateText): Promise<void> {
  const { path } = options;
  await makePrivateFolder(dirname(path));
  await rename(await writeBeside(options), path);
  await syncFolder(dirname(path));
}

/**
 * The file's text, or undefined when there is none.
 *
 * @throws CodedError KeyFileExposed, KeyFileUnreadable.
 */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  try {
    const { mode } = await stat(path);
    if (hasModes && (mode & 0o077) !== 0) {
      throw new CodedError(
        "KeyFileExposed",
        `${path} holds a private key and has mode ${(mode & 0o777).toString(8)}; at most 600 is allowed. ` +
          "Delete it, so that a new key is made, or run chmod 600 on it.",
      );
    }
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof CodedError) throw error;
    if (codeOf(error) === "ENOENT") return undefined;
    throw unreadable(path, error);
  }
}

/** Makes the folder with mode 0700, and closes to others a folder of ours that was open. */
export async function makePrivateFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (hasModes && ((await stat(folder)).mode & 0o077) !== 0) await chmod(folder, 0o700);
}

// Windows has no mode bits: every file there says 666.
const hasModes = process.platform !== "win32";

async function writeBeside({ path, text, random }: PrivateText): Promise<string> {
  const fresh = join(dirname(path), `.${basename(path)}.${random.bytes(16).toString("hex")}`);
  const file = await open(fresh, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  return fresh;
}

async function syncFolder(folder: string): Promise<void> {
  if (!hasModes) return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error ? String(error.code) : undefined;

/** The error for a private file that is there but cannot be used. */
export const unreadable = (path: string, cause: unknown): CodedError =>
  new CodedError(
    "KeyFileUnreadable",
    `${path} cannot be used: ${messageOf(cause)}. Restore it, or delete it so that a new key is made.`,
    { cause },
  );
