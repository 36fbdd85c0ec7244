/** What the entries of control, edge and fabric share: configuration over the parent's channel, ready, and a clean end. */
import { join } from "node:path";
import { CodedError, messageOf } from "../core/index.ts";
import { lockFile } from "./file-lock.ts";

/** What the supervising `up` sends each process. */
export interface ProcessConfig {
  /** The platform's data folder. */
  readonly data: string;
  /** The 0700 folder of Unix sockets. */
  readonly sockets: string;
  /** Ports that were used before; each is tried first, and another is taken where it is not free. */
  readonly ports: Readonly<Record<string, number>>;
  readonly controlPort?: number;
  readonly edgePort?: number;
}

/** A started part of the platform. */
export interface StartedPart {
  readonly ready: Readonly<Record<string, string | number>>;
  readonly close: () => Promise<void>;
}

/** A process whose parent was killed is still ending for so long, at most. */
const PREDECESSOR_WAIT_MS = 15_000;

/** Runs one part as a process of its own: until SIGTERM, or until the parent is gone. */
export function runPlatformProcess(
  name: "control" | "edge" | "fabric",
  start: (config: ProcessConfig) => Promise<StartedPart>,
): void {
  // Whatever a process of the platform writes is for its owner.
  process.umask(0o077);
  // The terminal's Ctrl-C and its closing reach every process; the parent says when to end.
  process.on("SIGINT", () => {});
  process.on("SIGHUP", () => {});
  process.once("message", (config: ProcessConfig) => {
    // The channel keeps the process alive while it starts: the clock's timers do not.
    process.channel?.ref();
    startAlone(name, config, start).then(
      (part) => {
        const end = (): void => {
          part.close().then(
            () => process.exit(0),
            () => process.exit(1),
          );
        };
        process.once("SIGTERM", end);
        if (!process.connected) return end();
        process.once("disconnect", end);
        process.send?.({ ready: part.ready });
      },
      (error: unknown) => {
        process.send?.({ failed: messageOf(error) }, undefined, undefined, () => process.exit(1));
      },
    );
  });
}

/**
 * Starts the part when no other process does the same work on the data folder: what a killed `up` left behind first
 * ends what it is at.
 */
async function startAlone(
  name: string,
  config: ProcessConfig,
  start: (config: ProcessConfig) => Promise<StartedPart>,
): Promise<StartedPart> {
  // Held until this process is gone.
  const unlock = lockFile(join(config.data, `${name}.lock`), { waitMs: PREDECESSOR_WAIT_MS });
  if (unlock === undefined) {
    throw new CodedError(
      "DataFolderInUse",
      `Another ${name} still works on ${config.data} after ${PREDECESSOR_WAIT_MS} ms. Stop it, or name another data folder.`,
    );
  }
  return start(config);
}
