/** Runs a program with this process's own terminal, hands signals on, and answers with its exit code. */
import { spawn } from "node:child_process";
import type { ChildProcess, StdioOptions } from "node:child_process";
import { constants } from "node:os";

/** Where signals to this process are heard: `process`, or a stand-in in tests. */
export interface SignalSource {
  readonly on: (signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void) => unknown;
  readonly off: (signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void) => unknown;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface ChildOptions {
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly stdio: StdioOptions;
  readonly signals: SignalSource;
  /** Whether the terminal sends Ctrl-C to the program by itself, so that handing it on would be a second one. */
  readonly terminal: boolean;
  /** Called with the running program. */
  readonly onStart?: (child: ChildProcess) => void;
}

/** What a shell would answer for a program that is not there, or may not be run. */
export const NOT_FOUND_EXIT = 127;
export const NOT_RUNNABLE_EXIT = 126;

/**
 * Runs `words` to its end.
 *
 * @throws Error of the system (ENOENT, EACCES) when the program cannot be started.
 */
export function runChild(options: ChildOptions): Promise<Ended> {
  const [file = "", ...args] = options.words;
  const env = { ...options.environment };
  return new Promise((done, fail) => {
    const child = spawn(file, args, { stdio: options.stdio, env });
    const release = passSignals(child, options);
    child.once("error", (error) => {
      release();
      fail(error);
    });
    child.once("exit", (code, signal) => {
      release();
      done({ code, signal });
    });
    options.onStart?.(child);
  });
}

function passSignals(
  child: ChildProcess,
  { signals, terminal }: Pick<ChildOptions, "signals" | "terminal">,
): () => void {
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  const leave = (): void => {};
  const heard: readonly (readonly [NodeJS.Signals, (signal: NodeJS.Signals) => void])[] = [
    ["SIGINT", terminal ? leave : pass],
    ["SIGQUIT", terminal ? leave : pass],
    ["SIGTERM", pass],
    ["SIGHUP", pass],
    ["SIGUSR2", pass],
  ];
  for (const [signal, listener] of heard) signals.on(signal, listener);
  return () => {
    for (const [signal, listener] of heard) signals.off(signal, listener);
  };
}

/** The exit code that stands for an end: 128 and the signal's number for a program that a signal ended. */
export function exitCodeOf({ code, signal }: Ended): number {
  const number = (constants.signals as Readonly<Record<string, number>>)[signal ?? ""];
  return code ?? 128 + (number ?? 1);
}
