/** What a command is: its words, its exit codes as data, and a function from options to an exit code. */
import type { Clock, Random } from "../core/index.ts";
import type { SignalSource } from "./exec/index.ts";

/** One option of a command: `--cluster <id>`. */
export interface OptionSpec {
  /** Commander's notation: `--cluster <id>`, `--once`, `-o, --output <format>`. */
  readonly flags: string;
  readonly help: string;
  readonly default?: string;
  readonly choices?: readonly string[];
  readonly required?: boolean;
}

/** The words after the options: `'PROMQL'`, or a command to run. */
export interface ArgumentSpec {
  /** Commander's notation: `<promql>`, `[command...]`. */
  readonly word: string;
  readonly help: string;
}

export interface Command {
  /** `enable metrics`: at most two words. */
  readonly name: string;
  readonly summary: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly options?: readonly OptionSpec[];
  /** Whether words after the first argument belong to another program, options among them. */
  readonly passThrough?: boolean;
  readonly exitCodes: Readonly<Record<number, string>>;
  /** The exit code when it throws; 1 where absent. */
  readonly failureExit?: number;
  /** One line of use, for --help and the docs. */
  readonly examples?: readonly string[];
  readonly run: (input: CommandInput, context: CliContext) => Promise<number>;
}

/** What was typed, read by name. */
export interface CommandInput {
  readonly words: readonly string[];
  /** The value of an option, or its default; undefined when neither is there. */
  readonly text: (name: string) => string | undefined;
  readonly flag: (name: string) => boolean;
  /** The values of an option that takes several (`--with <file...>`). */
  readonly texts: (name: string) => readonly string[];
}

/** Everything of the machine that a command may touch; made in src/bin/. */
export interface CliContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingFolder: string;
  /** Where a platform's socket folder may be made; short, since a socket's path has at most 107 bytes. */
  readonly temporaryFolder: string;
  /** Paths of the programs that `up`, `start` and `exec` spawn, and of Node itself. */
  readonly entries: EntryPaths;
  readonly out: (text: string) => void;
  readonly note: (text: string) => void;
  /** Width of the terminal in columns; undefined when the output is no terminal. */
  readonly columns: number | undefined;
  readonly pid: number;
  /**
   * Locks a file, which is made where it is missing, until what it answers is called or this process is gone; undefined
   * when it is locked and stays so for `waitMs`. Throws the system's error when there can be no such file.
   */
  readonly lockFile: (
    path: string,
    options: { readonly waitMs: number },
  ) => (() => void) | undefined;
  /** The process's own signals and streams, for commands that run another program in this terminal. */
  readonly terminal: {
    readonly signals: SignalSource;
    readonly isTerminal: boolean;
    readonly platform: string;
    readonly userId: number;
    readonly groupId: number;
  };
  /** Aborted by Ctrl-C or SIGTERM. */
  readonly stopped: AbortSignal;
}

export interface EntryPaths {
  readonly node: string;
  readonly control: string;
  readonly edge: string;
  readonly fabric: string;
  readonly relay: string;
  readonly cli: string;
  readonly examples: string;
}
