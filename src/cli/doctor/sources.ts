/** Where the doctor's facts come from: a file, the running platform, or real Azure; and what is laid over them. */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { CodedError, limits, messageOf } from "../../core/index.ts";
import type { CloudName } from "../../azure/index.ts";
import { loadCollection, readSnapshot } from "../../snapshot/index.ts";
import type { Snapshot, SnapshotSource } from "../../snapshot/index.ts";
import type { CliContext, CommandInput } from "../command.ts";

/** What az calls the clouds of `--cloud`. */
const cloudsByWord: Readonly<Record<string, CloudName>> = {
  azure: "AzureCloud",
  usgovernment: "AzureUSGovernment",
  china: "AzureChinaCloud",
};

/** The cloud that `--cloud` names; undefined for the platform. */
export const cloudOf = (input: CommandInput): CloudName | undefined =>
  cloudsByWord[input.text("cloud") ?? "platform"];

/** A way to ARM, and how to close it. */
export interface OpenSource {
  readonly source: SnapshotSource;
  /** The ids of the clusters that a person named; of all, where nothing is named and all can be listed. */
  readonly clusterIds: (named: string | undefined) => Promise<readonly string[]>;
  readonly close: () => void;
}

/** Opens the way that `--cloud` names; the platform of the data folder where nothing is said. */
export async function openSource(input: CommandInput, context: CliContext): Promise<OpenSource> {
  const cloud = cloudOf(input);
  if (cloud === undefined) return openRunningPlatform(input, context);
  const { openAzure } = await import("./azure-clusters.ts");
  return openAzure(cloud);
}

/** Where nothing is said and no platform runs, what else could be meant is said. */
async function openRunningPlatform(input: CommandInput, context: CliContext): Promise<OpenSource> {
  const { openPlatform } = await import("./platform-source.ts");
  try {
    return openPlatform(input, context);
  } catch (error) {
    const none = error instanceof CodedError && error.code === "NoPlatform";
    if (!none || input.text("cloud") !== undefined) throw error;
    const says = `${error.message} For real Azure say --cloud azure --cluster ID; for a file of \`snapshot save\`, --snapshot FILE.`;
    throw new CodedError("NoPlatform", says, { status: 0, cause: error });
  }
}

/** Reads a snapshot through an open way. */
export async function snapshotFrom(
  { source }: OpenSource,
  clusters: readonly string[],
  context: CliContext,
): Promise<Snapshot> {
  const { takeSnapshot } = await loadCollection();
  return takeSnapshot(source, {
    clusters,
    clock: context.clock,
    note: (says) => context.note(`${says}\n`),
  });
}

/**
 * A file's text; no more of it is read than its bound.
 *
 * @throws CodedError FileUnreadable with the path and why; FileTooLarge with its size and the limit.
 */
export function fileText(path: string, context: CliContext, bytesMax: number): string {
  const full = isAbsolute(path) ? path : resolve(context.workingFolder, path);
  const tooLarge = (bytes: string) =>
    new CodedError("FileTooLarge", `${path} has ${bytes} bytes; the limit is ${bytesMax}.`);
  let file: number | undefined;
  try {
    file = openSync(full, "r");
    const found = fstatSync(file);
    if (found.size > bytesMax) throw tooLarge(String(found.size));
    if (found.isFile()) return readFileSync(file, "utf8");
    // A pipe (`--with <(…)`) and a device do not tell how long they are.
    const bytes = firstBytes(file, bytesMax + 1);
    if (bytes.length > bytesMax) throw tooLarge(`more than ${bytesMax}`);
    return bytes.toString("utf8");
  } catch (error) {
    if (error instanceof CodedError) throw error;
    throw new CodedError("FileUnreadable", `${path} cannot be read: ${whyNot(error)}.`, {
      status: 0,
      cause: error,
    });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

const CHUNK_BYTES = 1024 * 1024;

function firstBytes(file: number, bytesMax: number): Buffer {
  const parts: Buffer[] = [];
  let length = 0;
  while (length < bytesMax) {
    const part = Buffer.alloc(Math.min(CHUNK_BYTES, bytesMax - length));
    const read = readSync(file, part);
    if (read === 0) break;
    parts.push(part.subarray(0, read));
    length += read;
  }
  return Buffer.concat(parts, length);
}

const whyByCode: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a folder",
  EACCES: "this user has no right to",
};

/** What a person calls the failure; the system's own words where it is a rare one. */
const whyNot = (error: unknown): string => {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return whyByCode[code] ?? messageOf(error);
};

/** The snapshot in a file. */
export const snapshotInFile = (path: string, context: CliContext): Snapshot =>
  readSnapshot(fileText(path, context, limits.snapshotBytesMax), path);

/** The facts that the options name: a file, or what is read now. */
export async function snapshotOf(
  input: CommandInput,
  context: CliContext,
): Promise<{ readonly snapshot: Snapshot; readonly source: string }> {
  const file = input.text("snapshot");
  if (file !== undefined) {
    if (input.text("cloud") !== undefined) {
      throw new CodedError("WrongUse", "Give --snapshot or --cloud, not both.");
    }
    return { snapshot: snapshotInFile(file, context), source: `the snapshot ${file}` };
  }
  const open = await openSource(input, context);
  try {
    const clusters = await open.clusterIds(input.text("cluster"));
    const snapshot = await snapshotFrom(open, clusters, context);
    const source = open.source.source === "azure" ? "Azure" : "the running platform";
    return { snapshot, source };
  } finally {
    open.close();
  }
}
