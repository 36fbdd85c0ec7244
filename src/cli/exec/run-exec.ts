/** `exec`: runs any program as if it stood in a virtual network, or outside of all, and says which way it used. */
import { CodedError } from "../../core/index.ts";
import { openSession } from "./admin-client.ts";
import type { OpenSession, Where } from "./admin-client.ts";
import { gatewayEnvironment, proxyIgnorers } from "./environment.ts";
import type { Environment } from "./environment.ts";
import { makeExecFiles } from "./exec-files.ts";
import type { ExecFiles } from "./exec-files.ts";
import { exitCodeOf, NOT_FOUND_EXIT, NOT_RUNNABLE_EXIT, runChild } from "./run-child.ts";
import type { SignalSource } from "./run-child.ts";
import { namespaceProblem, runInNamespace } from "./run-in-namespace.ts";
import type { StandardStreams } from "./run-in-namespace.ts";

/** `namespace` and `gateway` demand that way; `auto` takes a namespace where the machine allows one. */
export type Way = "auto" | "namespace" | "gateway";

export interface ExecOptions {
  /** The program and its arguments. */
  readonly words: readonly string[];
  readonly where: Where;
  readonly way: Way;
  readonly adminSocket: string;
  /** The platform's CA, PEM. */
  readonly caPem: string;
  readonly environment: Environment;
  readonly temporaryFolder: string;
  /** Node, and the relay's program (src/bin/relay.ts). */
  readonly node: string;
  readonly relay: string;
  readonly platform: string;
  readonly userId: number;
  readonly groupId: number;
  readonly signals: SignalSource;
  /** Whether standard input is a terminal. */
  readonly terminal: boolean;
  /** `["inherit", "inherit", "inherit"]` for a user; tests take pipes. */
  readonly stdio: StandardStreams;
  /** Gets the one line that says which way was used, and what went wrong. */
  readonly note: (text: string) => void;
  /** Leaves that line out. */
  readonly quiet: boolean;
}

/**
 * Runs the program to its end.
 *
 * @returns its exit code; 128 and the number of the signal that ended it; 127 or 126 when it is not there or cannot be run.
 * @throws CodedError of `openSession`; NamespaceRefused when a namespace was demanded and the machine has none.
 */
export async function runExec(options: ExecOptions): Promise<number> {
  const session = await openSession(options.adminSocket, options.where);
  const { temporaryFolder, caPem } = options;
  const files = makeExecFiles({ temporaryFolder, caPem, dns: session.doors.dns });
  try {
    return await runBySomeWay(options, session, files);
  } finally {
    files.remove();
    await session.close();
  }
}

async function runBySomeWay(
  options: ExecOptions,
  session: OpenSession,
  files: ExecFiles,
): Promise<number> {
  if (options.way === "gateway") return runByGateway(options, session, files, "as asked");
  const problem = namespaceProblem(options.platform);
  const tried =
    problem === undefined
      ? await runInNamespace({
          ...options,
          doors: session.doors,
          files,
          onStarted: () => say(options, session, "a namespace"),
        })
      : { kind: "refused" as const, says: problem };
  if (tried.kind === "ended") return exitCodeOf(tried.ended);
  if (options.way === "namespace") {
    throw new CodedError(
      "NamespaceRefused",
      `This machine gives no namespace: ${tried.says}. Leave the way open, or use --gateway.`,
    );
  }
  return runByGateway(options, session, files, tried.says);
}

async function runByGateway(
  options: ExecOptions,
  { doors }: OpenSession,
  files: ExecFiles,
  why: string,
): Promise<number> {
  const { words } = options;
  say(options, { doors }, `the gateway (${why}); what ignores HTTPS_PROXY is not inside`);
  if (!options.quiet) options.note(`  not inside: ${proxyIgnorers.join("; ")}\n`);
  try {
    const ended = await runChild({
      ...options,
      environment: gatewayEnvironment(options.environment, files, doors.gatewayUrl),
      stdio: [...options.stdio],
    });
    return exitCodeOf(ended);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    options.note(`linkscope exec: ${words[0] ?? ""}: ${message}\n`);
    return code === "ENOENT" ? NOT_FOUND_EXIT : NOT_RUNNABLE_EXIT;
  }
}

function say(options: ExecOptions, { doors }: Pick<OpenSession, "doors">, way: string): void {
  if (options.quiet) return;
  const id = doors.vnetId ?? doors.networkId;
  const place = id === null ? "outside" : `in ${id.split("/").at(-1)}`;
  options.note(`linkscope: ${place}, by ${way}\n`);
}
