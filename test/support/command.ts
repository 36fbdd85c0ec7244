/** Runs the command of this clone as a person would, and a platform of its own for one test file. */
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const projectRoot = resolve(import.meta.dirname, "../..");
const entry = join(projectRoot, "src/bin/linkscope.ts");

export interface CommandResult {
  readonly code: number | null;
  readonly out: string;
  readonly note: string;
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly workingFolder?: string;
  /** Kills the command after this long; a test that needs it has failed. */
  readonly timeoutMs?: number;
}

/** Runs `linkscope WORDS` to its end. */
export function linkscope(
  words: readonly string[],
  options: RunOptions = {},
): Promise<CommandResult> {
  return run(process.execPath, [entry, ...words], options);
}

/** Runs any program to its end, without a shell. */
export function run(
  program: string,
  words: readonly string[],
  options: RunOptions = {},
): Promise<CommandResult> {
  return new Promise((done, fail) => {
    const child = spawn(program, words, {
      cwd: options.workingFolder ?? projectRoot,
      env: { ...process.env, ...options.environment },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: options.timeoutMs ?? 120_000,
      killSignal: "SIGKILL",
    });
    const out: Buffer[] = [];
    const note: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => note.push(chunk));
    child.once("error", fail);
    child.once("close", (code) =>
      done({ code, out: Buffer.concat(out).toString(), note: Buffer.concat(note).toString() }),
    );
  });
}

/** Whether a program is on the PATH: a test of a foreign client skips by name without it. */
export function hasProgram(name: string): boolean {
  return spawnSync("sh", ["-c", `command -v "$1"`, "sh", name]).status === 0;
}

/** The reason to skip a test that needs these programs, or false when all are there. */
export function lacking(...names: readonly string[]): string | false {
  const missing = names.filter((name) => !hasProgram(name));
  return missing.length === 0 ? false : `not installed: ${missing.join(", ")}`;
}

/** The ready line of `up -o json`. */
export interface ReadyLine {
  readonly arm: string;
  readonly portal: string;
  readonly ca: string;
  readonly credential: string;
  readonly data: string;
  readonly pid: number;
}

export interface TestPlatform {
  readonly ready: ReadyLine;
  readonly data: string;
  /** Runs a command against this platform. */
  readonly linkscope: (words: readonly string[], options?: RunOptions) => Promise<CommandResult>;
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>;
}

/** Starts `linkscope up` on a folder of its own; the caller stops it. */
export async function startPlatform(
  options: { readonly data?: string; readonly flags?: readonly string[] } = {},
): Promise<TestPlatform> {
  const data = options.data ?? mkdtempSync(join(tmpdir(), "linkscope-test-"));
  const child = spawn(
    process.execPath,
    [entry, "up", "--data", data, "-o", "json", ...(options.flags ?? [])],
    { cwd: projectRoot, stdio: ["ignore", "pipe", "pipe"] },
  );
  const ready = JSON.parse(await firstLine(child)) as ReadyLine;
  return {
    ready,
    data,
    linkscope: (words, more = {}) =>
      linkscope(words, { ...more, environment: { ...more.environment, LINKSCOPE_DATA: data } }),
    stop: async (signal = "SIGTERM") => {
      const ended = new Promise<void>((done) => child.once("close", () => done()));
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill(signal);
      await ended;
    },
  };
}

/** Removes a data folder that `startPlatform` made. */
export const removeFolder = (folder: string): void =>
  rmSync(folder, { recursive: true, force: true });

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((done, fail) => {
    let out = "";
    let note = "";
    child.stderr?.on("data", (chunk: Buffer) => (note += chunk.toString()));
    child.stdout?.on("data", (chunk: Buffer) => {
      out += chunk.toString();
      const end = out.indexOf("\n");
      if (end >= 0) done(out.slice(0, end));
    });
    child.once("close", (code) =>
      fail(new Error(`ended with ${code} before it was ready: ${note}`)),
    );
  });
}
