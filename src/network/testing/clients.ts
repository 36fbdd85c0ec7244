/** Small clients for the fabric's tests: CONNECT, plain proxy requests, framed DNS, a line to a relay's socket. */
import { request as httpRequest } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { createConnection } from "node:net";
import type { Socket } from "node:net";
import { once } from "node:events";

export interface ProxyAnswer {
  readonly status: number;
  readonly reason: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The tunnel, when it was opened. */
  readonly socket: Socket | undefined;
}

const authorization = (gateway: URL): Readonly<Record<string, string>> =>
  gateway.username === ""
    ? {}
    : {
        "proxy-authorization": `Basic ${Buffer.from(`${gateway.username}:${gateway.password}`).toString("base64")}`,
      };

/** Sends one CONNECT. */
export function connectThrough(gatewayUrl: string, authority: string): Promise<ProxyAnswer> {
  return ask(gatewayUrl, { method: "CONNECT", path: authority });
}

/** Sends a plain request in absolute form. */
export function fetchThrough(
  gatewayUrl: string,
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<ProxyAnswer> {
  return ask(gatewayUrl, { method: "GET", path: url, headers });
}

function ask(
  gatewayUrl: string,
  {
    method,
    path,
    headers = {},
  }: { method: string; path: string; headers?: Readonly<Record<string, string>> },
): Promise<ProxyAnswer> {
  const gateway = new URL(gatewayUrl);
  return new Promise((done, fail) => {
    const request = httpRequest({
      host: gateway.hostname,
      port: gateway.port,
      method,
      path,
      agent: false,
      headers: { host: "gateway", ...authorization(gateway), ...headers },
    });
    request.on("error", fail);
    request.on("connect", (response, socket, head) => {
      if (head.length > 0) socket.unshift(head);
      const { statusCode: status = 0, statusMessage: reason = "", headers } = response;
      if (status === 200) return done({ status, reason, headers, body: "", socket });
      text(socket).then((body) => done({ status, reason, headers, body, socket: undefined }), fail);
    });
    request.on("response", (response) => {
      const { statusCode: status = 0, statusMessage: reason = "", headers } = response;
      text(response).then(
        (body) => done({ status, reason, headers, body, socket: undefined }),
        fail,
      );
    });
    request.end();
  });
}

/** All that a stream gives until its end. */
export async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** Reads exactly `count` bytes. */
export async function bytesFrom(socket: Socket, count: number): Promise<Buffer> {
  for (;;) {
    const bytes = socket.read(count) as Buffer | null;
    if (bytes !== null && bytes.length === count) return bytes;
    if (bytes !== null) socket.unshift(bytes);
    if (socket.readableEnded || socket.destroyed) throw new Error("the connection ended before");
    await once(socket, "readable");
  }
}

/** Opens a connection that keeps its other half when one ends. */
export async function open(target: {
  host?: string;
  port?: number;
  path?: string;
}): Promise<Socket> {
  const socket = createConnection({ ...target, allowHalfOpen: true } as { path: string });
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** Resolves when the other end has closed a connection, whichever way; this end follows. */
export async function closed(socket: Socket): Promise<void> {
  if (socket.readableEnded) socket.end();
  else socket.once("end", () => socket.end());
  socket.resume();
  if (!socket.closed) await once(socket, "close");
}
