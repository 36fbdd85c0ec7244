/** One HTTP exchange of the lab: what came, and the few ways in which it is answered. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { User } from "./access.ts";
import { badRequest, StatusError } from "./status.ts";
import type { Status } from "./status.ts";
import { isFields } from "./kube.ts";
import type { Fields } from "./kube.ts";

/** The real server's own bound on a request is 3 MiB. */
export const BODY_BYTES_MAX = 3 * 1024 * 1024;

export interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly user: User;
  readonly nowMs: number;
}

export function sendJson(outgoing: ServerResponse, code: number, value: unknown): void {
  const body = Buffer.from(`${JSON.stringify(value)}\n`);
  outgoing.writeHead(code, {
    "content-type": "application/json",
    "content-length": body.length,
    "cache-control": "no-cache, private",
  });
  outgoing.end(body);
}

export const sendStatus = (outgoing: ServerResponse, status: Status): void =>
  sendJson(outgoing, status.code, status);

export function sendText(outgoing: ServerResponse, text: string, contentType: string): void {
  const body = Buffer.from(text);
  outgoing.writeHead(200, { "content-type": contentType, "content-length": body.length });
  outgoing.end(body);
}

/** The one catch: a Status where there is one, else 500. */
export function sendError(outgoing: ServerResponse, error: unknown): void {
  if (outgoing.headersSent) {
    outgoing.destroy();
    return;
  }
  const status =
    error instanceof StatusError
      ? error.status
      : new StatusError(
          500,
          "InternalError",
          `Internal error occurred: ${error instanceof Error ? error.message : String(error)}`,
        ).status;
  sendStatus(outgoing, status);
}

/** The body's text. @throws StatusError 413. */
export async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) {
      throw new StatusError(
        413,
        "RequestEntityTooLarge",
        `Request entity too large: limit is ${BODY_BYTES_MAX}`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** @throws StatusError 400 when it is no JSON object, 415 when it does not claim to be JSON. */
export async function readJson(incoming: IncomingMessage): Promise<Fields> {
  refuseOtherThanJson(incoming);
  return parseFields(await readBody(incoming));
}

export function parseFields(text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw badRequest(
      `couldn't get version/kind; json parse error: ${error instanceof Error ? error.message : ""}`,
    );
  }
  if (!isFields(value)) throw badRequest("the body is not a JSON object");
  return value;
}

/** Newer clients send protobuf where they know a type; the lab says that it takes JSON. */
function refuseOtherThanJson(incoming: IncomingMessage): void {
  const type = (incoming.headers["content-type"] ?? "application/json").split(";")[0]?.trim();
  if (type === "application/json") return;
  throw new StatusError(
    415,
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: application/json; it was ${type ?? "none"}`,
  );
}
