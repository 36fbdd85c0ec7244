/** Keeps one process of the platform running: starts it, waits until it is ready, starts it again when it dies. */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import type { Clock } from "../../core/index.ts";
import { CodedError, messageOf } from "../../core/index.ts";

const RESTART_DELAY_MS = 250;
const RESTART_DELAY_MAX_MS = 10_000;
/** A process that lived this long starts again without a longer delay. */
const STEADY_AFTER_MS = 60_000;
const STOP_WITHIN_MS = 5_000;
/**
 * Bodies lie outside of V8's heap and count toward its next collection, which for the edge's small heap comes after every few
 * of them, and takes a fifth of its time: a heap that begins at 64 MB is collected a third as often.
 */
const NODE_FLAGS: Readonly<Record<string, readonly string[]>> = {
  edge: ["--initial-heap-size=64"],
};

/** What a process says once it serves: ports it chose, paths it made. */
export type Ready = Readonly<Record<string, string | number>>;

type Config = Readonly<Record<string, unknown>>;

export interface KeepOptions {
  /** `control`, `edge` or `fabric`. */
  readonly name: string;
  readonly node: string;
  readonly entry: string;
  /**
   * Sent over the process's own channel, never in argv or the environment. A process loads while what it is to be told is
   * not known yet; where that is never known, it is told nothing.
   */
  readonly config: () => Config | Promise<Config>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly restart: boolean;
  readonly note: (text: string) => void;
  /** Called whenever it serves, at first and after each restart; `ready` may name other ports than before. */
  readonly onReady: (ready: Ready) => void;
  /** Called whenever it died. */
  readonly onDied: () => void;
  /** Called once when it died and is not started again. */
  readonly onGone: (says: string) => void;
}

export interface KeptProcess {
  readonly ready: Promise<Ready>;
  readonly pid: () => number | undefined;
  /** Ends it, so that it is started again with the configuration of then. */
  readonly renew: () => void;
  /** Asks it to end, and ends it after 5 s. */
  readonly stop: () => Promise<void>;
}

/** Starts a process of the platform and keeps it. */
export function keepProcess(options: KeepOptions): KeptProcess {
  const { name, clock } = options;
  const first = Promise.withResolvers<Ready>();
  first.promise.catch(() => {});
  let child: ChildProcess | undefined;
  let last: Ready | undefined;
  let stopping = false;
  let delayMs = RESTART_DELAY_MS;

  const start = (): void => {
    const startedMs = clock.nowMs();
    const running = fork(options.entry, [], {
      execPath: options.node,
      execArgv: [...(NODE_FLAGS[name] ?? [])],
      env: options.environment,
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    child = running;
    const ended = (how: string): void => {
      child = undefined;
      if (stopping) return;
      options.onDied();
      const says = `${name} ended with ${how}`;
      first.reject(new CodedError("ProcessFailed", `${says} before it was ready.`));
      if (!options.restart || last === undefined) return options.onGone(says);
      if (clock.nowMs() - startedMs > STEADY_AFTER_MS) delayMs = RESTART_DELAY_MS;
      options.note(`${says}; starting it again in ${delayMs} ms\n`);
      clock.after(delayMs, () => {
        if (!stopping) start();
      });
      delayMs = Math.min(delayMs * 2, RESTART_DELAY_MAX_MS);
    };
    running.once("exit", (code, signal) => ended(signal ?? `exit code ${code}`));
    // One that could not be told something ends as well; one that the system did not start never does.
    running.on("error", (error) => {
      if (running.pid === undefined) ended(messageOf(error));
    });
    running.on("message", (message: { readonly ready?: Ready; readonly failed?: string }) => {
      if (message.failed !== undefined) {
        if (last !== undefined) options.note(`${name}: ${message.failed}\n`);
        first.reject(new CodedError("ProcessFailed", `${name}: ${message.failed}`));
      }
      if (message.ready === undefined) return;
      last = message.ready;
      options.onReady(message.ready);
      first.resolve(message.ready);
    });
    Promise.resolve(options.config()).then(
      (config) => void (running.connected && running.send(config)),
      () => undefined,
    );
  };
  start();

  return {
    ready: first.promise,
    pid: () => child?.pid,
    renew: () => void child?.kill("SIGTERM"),
    stop: () => {
      stopping = true;
      return child === undefined ? Promise.resolve() : end(child, clock);
    },
  };
}

function end(child: ChildProcess, clock: Clock): Promise<void> {
  return new Promise((done) => {
    const timer = clock.after(STOP_WITHIN_MS, () => child.kill("SIGKILL"));
    child.once("exit", () => {
      timer.cancel();
      done();
    });
    child.kill("SIGTERM");
  });
}
