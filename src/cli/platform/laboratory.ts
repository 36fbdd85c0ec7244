/** The laboratory's Kubernetes API server as a process of its own, beside a platform that has no cluster at hand. It is never imported. */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { CodedError, messageOf } from "../../core/index.ts";
import type { CliContext } from "../command.ts";

/** How long the laboratory may take to serve. */
const READY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 5_000;

/** A pod whose log is what a file says: `name` is the pod's application, `file` grows by lines. */
export interface LoggedFile {
  readonly name: string;
  readonly file: string;
}

export interface Laboratory {
  readonly kubeconfig: string;
  /** With a folder for each node, as the node has `/var/log`. */
  readonly logFolder: string;
  readonly nodes: readonly string[];
  /** Resolves with a sentence when it ended by itself. */
  readonly gone: Promise<string>;
  readonly stop: () => Promise<void>;
}

/** Where the laboratory's program is; undefined in the published package, which has none. */
export function laboratoryEntry({ entries }: Pick<CliContext, "entries">): string | undefined {
  const entry = join(entries.examples, "..", "test", "lab", "main.ts");
  return existsSync(entry) ? entry : undefined;
}

/** What is said where there is no laboratory. */
export const withoutLaboratory =
  "This package has no laboratory cluster (test/lab of the source tree). Run the agent beside a cluster of yours: ./linkscope agent logs --cluster NAME --kubeconfig FILE --log-folder FOLDER.";

/** A line that labels what the laboratory shows as what it is. */
export const laboratoryLabel =
  "laboratory cluster of three nodes: synthetic objects; the logs of its namespace linkscope are this platform's own processes' output";

/**
 * Starts the laboratory.
 *
 * @param options.folder of the laboratory's own: its authority, kubeconfig and the nodes' logs.
 * @param options.logs the pods of the namespace `linkscope`, with the files that they log.
 * @throws CodedError ProcessFailed when it does not serve in time; LaboratoryMissing where the package has none.
 */
export async function startLaboratory(
  context: Pick<CliContext, "entries" | "environment" | "clock" | "note">,
  options: { readonly folder: string; readonly logs: readonly LoggedFile[] },
): Promise<Laboratory> {
  const entry = laboratoryEntry(context);
  if (entry === undefined) throw new CodedError("LaboratoryMissing", withoutLaboratory);
  const { folder, logs } = options;
  const logFolder = join(folder, "nodes");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const words = ["--folder", folder, "--log-folder", logFolder];
  for (const { name, file } of logs) words.push("--pod-log", `${name}=${file}`);
  const child = fork(entry, words, {
    execPath: context.entries.node,
    execArgv: [],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: context.environment,
  });
  child.stderr?.on("data", (chunk: Buffer) => context.note(`  laboratory: ${chunk.toString()}`));
  const ended = endOf(child);
  const stop = async (): Promise<void> => {
    const timer = context.clock.after(STOP_WITHIN_MS, () => child.kill("SIGKILL"));
    child.kill("SIGTERM");
    await ended;
    timer.cancel();
  };
  try {
    const { kubeconfig, nodes } = await readyLine(child, context, ended);
    return {
      kubeconfig,
      nodes,
      logFolder,
      stop,
      gone: ended.then((how) => `the laboratory ended with ${how}`),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface ReadyLine {
  readonly kubeconfig: string;
  readonly nodes: readonly string[];
}

function readyLine(
  child: ChildProcess,
  { clock }: Pick<CliContext, "clock">,
  ended: Promise<string>,
): Promise<ReadyLine> {
  return new Promise((resolve, reject) => {
    const fail = (says: string): void =>
      reject(new CodedError("ProcessFailed", `laboratory: ${says}`));
    const timer = clock.after(READY_WITHIN_MS, () => fail(`not ready in ${READY_WITHIN_MS} ms.`));
    void ended.then((how) => fail(`ended with ${how} before it was ready.`));
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const end = text.indexOf("\n");
      if (end < 0) return;
      timer.cancel();
      try {
        resolve(JSON.parse(text.slice(0, end)) as ReadyLine);
      } catch (error) {
        fail(messageOf(error));
      }
    });
  });
}

const endOf = (child: ChildProcess): Promise<string> =>
  new Promise((done) => {
    child.once("error", (error) => done(error.message));
    child.once("exit", (code, signal) => done(signal ?? `exit code ${code}`));
  });
