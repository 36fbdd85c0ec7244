/** Starts the engine of logs as a child of this process: of low priority, and with a pool that many workspaces share. */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdirSync } from "node:fs";
import { setPriority } from "node:os";
import { fileURLToPath } from "node:url";
import type { EngineChannel, FromEngine } from "../store/index.ts";

const entry = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "./log-engine.ts" : "./log-engine.js", import.meta.url),
);

/** Below the edge's: merges and queries take what ingestion leaves. */
const NICENESS = 10;
/** The engine's statements each hold a thread of libuv's pool while they run: four would let one workspace's queries stop all others. */
const POOL_THREADS = "64";
const END_MS = 5_000;

/** Starts it at once; it loads its library when it is first asked for tables. `folder` is made where it is missing. */
export function startLogEngine(folder: string): EngineChannel {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const child = fork(entry, [], {
    serialization: "advanced",
    // Not the parent's flags, which may be a profiler's. As of the edge: what is outside of the heap has it collected too often.
    execArgv: ["--initial-heap-size=64"],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    env: { ...process.env, UV_THREADPOOL_SIZE: POOL_THREADS },
  });
  lowerPriority(child);
  const gone = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  return {
    send: (message) => {
      // Where it is gone, `gone` has told it, or will.
      if (child.connected) child.send(message, () => {});
    },
    listen: (on) => {
      child.on("message", (message: FromEngine) => on.message(message));
      void gone.then(() => on.gone());
    },
    close: async () => {
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), END_MS);
      await gone;
      clearTimeout(late);
    },
  };
}

function lowerPriority({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, NICENESS);
  } catch {
    // Some systems refuse it; the engine then runs beside the edge as an equal.
  }
}
