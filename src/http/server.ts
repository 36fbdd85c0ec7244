/** A node:http(s) listener turned into an `HttpHandler`: bounds on headers, URL and body, and one catch. */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { CodedError, limits, messageOf } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import { drainBody } from "./drain-body.ts";
import type { HttpHandler, HttpRequest, HttpResponse } from "./messages.ts";

/** Options for `http.createServer` and `https.createServer`: what every listener of the platform bounds alike. */
export const serverOptions = {
  maxHeaderSize: limits.httpHeaderBytesMax,
  headersTimeout: limits.httpHeadersTimeoutMs,
  requestTimeout: limits.httpRequestTimeoutMs,
  keepAliveTimeout: limits.httpKeepAliveMs,
} as const;

/**
 * Serves `handler`. A throw becomes the answer that `onError` makes of it; the connection stays usable.
 *
 * @param onError - makes the protocol's own error body; the one place where it is made.
 * @param drainClock - where senders may come with more than is taken: the rest of a refused body is read first.
 */
export function requestListener(
  handler: HttpHandler,
  onError: (error: CodedError, request: HttpRequest) => HttpResponse,
  drainClock?: Clock,
): RequestListener {
  return (incoming, outgoing) => {
    const request = readRequest(incoming);
    handler(request)
      .catch((error: unknown) => onError(asCoded(error), request))
      .then(async (response) => {
        if (drainClock !== undefined && response.status >= 400) {
          await drainBody(incoming, drainClock);
        }
        writeResponse(incoming, outgoing, response);
      })
      .catch(() => outgoing.destroy());
  };
}

/** The request as a value; the body is read when the handler asks for it. */
export function readRequest(incoming: IncomingMessage): HttpRequest {
  const url = incoming.url ?? "/";
  const mark = url.indexOf("?");
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  const hostHeader = headers["host"] ?? "";
  const secure = "encrypted" in incoming.socket;
  return {
    method: incoming.method ?? "GET",
    host: hostHeader.replace(/:\d+$/, "").toLowerCase(),
    path: mark < 0 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1)),
    headers,
    body: (bytesMax) => readBody(incoming, bytesMax),
    origin: `${secure ? "https" : "http"}://${hostHeader}`,
  };
}

async function readBody(incoming: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const declared = Number(incoming.headers["content-length"] ?? 0);
  if (declared > bytesMax) throw tooLarge(declared, bytesMax);
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop early must not end the connection: the refusal is still to be sent on it.
  for await (const chunk of incoming.iterator({
    destroyOnReturn: false,
  }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bytesMax) throw tooLarge(size, bytesMax);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size);
}

const tooLarge = (size: number, bytesMax: number): CodedError =>
  new CodedError(
    "BodyTooLarge",
    `The request body has at least ${size} bytes; the limit is ${bytesMax}. Send less in one request.`,
    { status: 413 },
  );

function writeResponse(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { status, headers = {}, body }: HttpResponse,
): void {
  const payload = typeof body === "string" ? Buffer.from(body) : body;
  outgoing.writeHead(status, {
    ...headers,
    ...(status === 204 || status === 304 ? {} : { "content-length": String(payload?.length ?? 0) }),
    // A body that was refused unread would be taken for the next request: the connection ends instead.
    ...(incoming.complete ? {} : { connection: "close" }),
  });
  outgoing.end(incoming.method === "HEAD" ? undefined : payload);
}

const asCoded = (error: unknown): CodedError =>
  error instanceof CodedError
    ? error
    : new CodedError("InternalServerError", messageOf(error), { status: 500, cause: error });
