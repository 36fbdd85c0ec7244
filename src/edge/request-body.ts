/** A request's body: read whole within a bound, or read and thrown away so that its sender reads the answer. */
import type { IncomingMessage } from "node:http";
import { CodedError, limits } from "../core/index.ts";
import type { Clock } from "../core/index.ts";

/**
 * The whole body. Past the bound the rest stays unread, and the connection can still be answered.
 *
 * @throws CodedError BodyTooLarge (413).
 */
export async function readBody(incoming: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const declared = Number(incoming.headers["content-length"] ?? 0);
  if (declared > bytesMax) throw tooLarge(declared, bytesMax);
  const chunks: Buffer[] = [];
  let size = 0;
  // A plain `for await` destroys the socket when it is left early, and with it the answer 413.
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
    size += (chunk as Buffer).length;
    if (size > bytesMax) throw tooLarge(size, bytesMax);
    chunks.push(chunk as Buffer);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size);
}

const tooLarge = (size: number, bytesMax: number): CodedError =>
  new CodedError(
    "BodyTooLarge",
    `The request body has at least ${size} bytes; the limit is ${bytesMax}. Send less in one request.`,
    { status: 413 },
  );

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
