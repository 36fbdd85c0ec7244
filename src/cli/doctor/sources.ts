/** Where the doctor's facts come from: a file, the running platform, or real Azure; and what is laid over them. */
import { readFileSync, statSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { CodedError, limits } from "../../core/index.ts";
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

/** A file's text, with its size bounded before it is read. */
export function fileText(path: string, context: CliContext, bytesMax: number): string {
  const full = isAbsolute(path) ? path : resolve(context.workingFolder, path);
  const { size } = statSync(full);
  if (size > bytesMax) {
    const says = `${path} has ${size} bytes; the limit is ${bytesMax}.`;
    throw new CodedError("FileTooLarge", says, { status: 0 });
  }
  return readFileSync(full, "utf8");
}

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
