/** A request's body, read whole within a bound. */
import type { IncomingMessage } from "node:http";
import { CodedError } from "../core/index.ts";

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
