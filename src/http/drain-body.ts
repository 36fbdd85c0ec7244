/** The body of a refused request: read and thrown away, so that its sender reads the answer. */
import type { IncomingMessage } from "node:http";
import { limits } from "../core/index.ts";
import type { Clock } from "../core/index.ts";

/**
 * Reads and drops what a refused request still sends, at most `limits.refusedBodyBytesMax` and for at most
 * `limits.refusedBodyTimeoutMs`. A connection that is closed with bytes unread is reset, and many senders then
 * report the reset and not the answer. Past the bounds the sender has earned that. Never rejects.
 */
export function drainBody(incoming: IncomingMessage, clock: Clock): Promise<void> {
  const declared = Number(incoming.headers["content-length"] ?? 0);
  const over = incoming.complete || incoming.destroyed || declared > limits.refusedBodyBytesMax;
  if (over) return Promise.resolve();
  return new Promise((resolve) => {
    let size = 0;
    const count = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > limits.refusedBodyBytesMax) done();
    };
    const done = (): void => {
      timer.cancel();
      incoming.off("data", count);
      incoming.pause();
      resolve();
    };
    const timer = clock.after(limits.refusedBodyTimeoutMs, done);
    incoming.once("end", done).once("close", done).once("error", done).on("data", count);
    incoming.resume();
  });
}
