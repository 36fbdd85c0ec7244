/** What the entries of control, edge and fabric share: configuration over the parent's channel, ready, and a clean end. */
import { messageOf } from "../core/index.ts";

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

/** Runs one part as a process of its own: until SIGTERM, or until the parent is gone. */
export function runPlatformProcess(start: (config: ProcessConfig) => Promise<StartedPart>): void {
  // Whatever a process of the platform writes is for its owner.
  process.umask(0o077);
  // The terminal's Ctrl-C reaches every process; the parent says when to end.
  process.on("SIGINT", () => {});
  process.once("message", (config: ProcessConfig) => {
    // The channel keeps the process alive while it starts: the clock's timers do not.
    process.channel?.ref();
    start(config).then(
      (part) => {
        const end = (): void => {
          part.close().then(
            () => process.exit(0),
            () => process.exit(1),
          );
        };
        process.once("SIGTERM", end);
        process.once("disconnect", end);
        process.send?.({ ready: part.ready });
      },
      (error: unknown) => {
        process.send?.({ failed: messageOf(error) }, undefined, undefined, () => process.exit(1));
      },
    );
  });
}
