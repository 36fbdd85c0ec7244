/** Runs the command with a mark in its environment, so that every process that it leaves behind can be found. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { lockFile } from "../../src/bin/file-lock.ts";
import { readPlatformFile } from "../../src/cli/platform/platform-file.ts";
import type { PlatformFile } from "../../src/cli/platform/platform-file.ts";
import { projectRoot } from "../support/command.ts";

const entry = join(projectRoot, "src/bin/linkscope.ts");
const MARK = "LINKSCOPE_TEST_MARK";
const POLL_MS = 20;

/** The reason to skip where /proc does not tell the processes' environments, or false. */
export const unmarkable: string | false = existsSync("/proc/self/environ")
  ? false
  : "this system has no /proc";

/** Asks until the answer is neither undefined nor false. @throws Error with `what` after `withinMs`. */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
  withinMs = 30_000,
): Promise<Exclude<T, undefined | false>> {
  const endMs = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>;
    if (Date.now() > endMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

/** Folders of one test, and the mark of what it runs. */
export interface Place {
  readonly mark: string;
  /** The commands' working folder, empty at first. */
  readonly working: string;
  /** The commands' TMPDIR, empty at first. */
  readonly temporary: string;
  /** A file beside them that does not exist yet. */
  readonly file: (name: string) => string;
  /** Ids of the living processes of this place. */
  readonly pids: () => readonly number[];
}

/** A place of a test's own. What still runs there when the test ends is killed. */
export function place(t: TestContext): Place {
  const root = mkdtempSync(join(tmpdir(), "lf-"));
  const mark = randomUUID();
  const made = (name: string): string => mkdtempSync(join(root, name));
  const pids = (): readonly number[] => markedPids(mark);
  t.after(async () => {
    await until("every process of the test is gone", () => {
      for (const pid of pids()) kill(pid);
      return pids().length === 0;
    });
    rmSync(root, { recursive: true, force: true });
  });
  return { mark, working: made("w"), temporary: made("t"), file: (name) => join(root, name), pids };
}

/** Kills a process at once; one that is gone already is none of our business. */
export function kill(pid: number | undefined): void {
  // 0 and less would be whole groups of processes.
  assert.ok(pid !== undefined && pid > 0, `${pid} is a process`);
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function markedPids(mark: string): readonly number[] {
  const wanted = `${MARK}=${mark}`;
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => environmentOf(pid).includes(wanted))
    .map(Number);
}

/** The environment that a process began with; of a zombie it is empty. */
function environmentOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    return [];
  }
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A command that was started. */
export interface Run {
  readonly pid: number;
  /** What it has printed so far. */
  readonly out: () => string;
  readonly note: () => string;
  readonly ended: Promise<Ended>;
  /** Resolves when it has printed this; rejects when it ends before. */
  readonly printed: (text: string, withinMs?: number) => Promise<void>;
  readonly signal: (signal: NodeJS.Signals) => void;
}

/** Starts `linkscope WORDS` in a place. */
export const linkscopeAt = (
  at: Place,
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Run => runAt(at, [process.execPath, entry, ...words], environment);

/** Starts any program in a place. */
export function runAt(
  at: Place,
  [program = "", ...words]: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Run {
  const { LINKSCOPE_DATA: _, ...inherited } = process.env;
  const child = spawn(program, words, {
    cwd: at.working,
    env: { ...inherited, [MARK]: at.mark, TMPDIR: at.temporary, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return watched(child);
}

function watched(child: ChildProcess): Run {
  let out = "";
  let note = "";
  let isOver = false;
  child.stdout?.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (note += chunk.toString()));
  const ended = new Promise<Ended>((done, fail) => {
    child.once("error", fail);
    child.once("exit", (code, signal) => {
      isOver = true;
      done({ code, signal });
    });
  });
  return {
    pid: child.pid ?? 0,
    out: () => out,
    note: () => note,
    ended,
    printed: async (text, withinMs = 60_000) => {
      await until(
        `it prints '${text}'`,
        () => {
          if (out.includes(text) || note.includes(text)) return true;
          if (isOver) throw new Error(`ended before it printed '${text}':\n${out}\n${note}`);
          return false;
        },
        withinMs,
      );
    },
    signal: (signal) => void child.kill(signal),
  };
}

/** The platform that runs on a data folder; undefined while none does. */
export function platformOf(data: string): PlatformFile | undefined {
  try {
    return readPlatformFile(data, { lockFile });
  } catch {
    return undefined;
  }
}
