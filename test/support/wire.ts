/** Requests with paths, headers and bodies exactly as a test spells them: straight to ARM, or through a network's gateway. */
import { readFileSync } from "node:fs";
import { request as plainRequest } from "node:http";
import { request as secureRequest } from "node:https";
import type { Agent } from "node:https";
import { join } from "node:path";
import { connect } from "node:tls";
import type { TLSSocket } from "node:tls";
import { openSession } from "../../src/cli/exec/index.ts";
import type { Where } from "../../src/cli/exec/index.ts";
import { managedIdentityClient, openTransport } from "../../src/client/index.ts";
import type { TokenSource } from "../../src/client/index.ts";
import { systemClock } from "../../src/core/index.ts";
import type { ReadyLine } from "./command.ts";

export interface WireRequest {
  readonly method?: string;
  /** Sent as it is: neither `//` nor `..` is taken away. */
  readonly path: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. */
  readonly body?: string | Uint8Array | object;
  /** Shown in the handshake when the server asks for one. */
  readonly certificate?: { readonly key: string; readonly cert: string };
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The error's code: of Azure's envelope, or Prometheus's errorType; undefined for neither. */
  readonly code: string | undefined;
}

/** Asks ARM and the login host at the platform's local endpoint; without an agent on a connection of its own. */
export function askArm(ready: ReadyLine, request: WireRequest, agent?: Agent): Promise<WireAnswer> {
  const { hostname, port } = new URL(ready.arm);
  const to = { host: hostname, port: Number(port), ca: readFileSync(ready.ca) };
  return exchange(request, agent === undefined ? to : { ...to, agent });
}

/** A place in a network, or outside of all, from which any served host is asked. */
export interface Wire {
  /** Asks a host at the address that its name has there, or at `address`. */
  readonly ask: (host: string, request: WireRequest, address?: string) => Promise<WireAnswer>;
  /** Tokens of the managed identity that stands there, for an audience. */
  readonly identityToken: TokenSource;
  readonly close: () => Promise<void>;
}

/** Opens a session at a place of the platform; every request makes a connection of its own. The caller closes it. */
export async function wireAt(ready: ReadyLine, where: Where): Promise<Wire> {
  const { fabric } = JSON.parse(readFileSync(join(ready.data, "platform.json"), "utf8")) as {
    readonly fabric: string;
  };
  const session = await openSession(fabric, where);
  const ca = readFileSync(ready.ca);
  const clock = systemClock();
  const gateway = session.doors.gatewayUrl;
  const transport = openTransport({ clock, gateway });
  return {
    identityToken: managedIdentityClient({ transport, clock }),
    ask: async (host, request, address = host) => {
      const { certificate } = request;
      const socket = await tunnel(new URL(gateway), { host, address, ca, certificate });
      try {
        return await exchange(request, { host, port: 443, ca, socket });
      } finally {
        socket.destroy();
      }
    },
    close: async () => {
      transport.close();
      await session.close();
    },
  };
}

interface To {
  readonly host: string;
  readonly port: number;
  readonly ca: Buffer;
  readonly socket?: TLSSocket;
  readonly agent?: Agent;
}

function exchange(asked: WireRequest, { host, port, ca, socket, agent }: To): Promise<WireAnswer> {
  const { method = "GET", path, token, body } = asked;
  const isJson = typeof body === "object" && !(body instanceof Uint8Array);
  const bytes = isJson ? JSON.stringify(body) : body;
  const headers = {
    ...(isJson ? { "content-type": "application/json" } : {}),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(bytes === undefined || asked.headers?.["transfer-encoding"] !== undefined
      ? {}
      : { "content-length": String(Buffer.byteLength(bytes)) }),
    ...asked.headers,
  };
  return new Promise((done, fail) => {
    // A connection that is given is used only where no agent is named.
    const request =
      socket === undefined
        ? secureRequest({ host, port, ca, method, path, headers, agent: agent ?? false })
        : plainRequest({ host, method, path, headers, createConnection: () => socket });
    request.once("error", fail);
    request.once("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", fail);
      response.once("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        done({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(
            Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
          ),
          body: text,
          code: codeOf(text),
        });
      });
    });
    request.end(bytes);
  });
}

function codeOf(text: string): string | undefined {
  try {
    const body = JSON.parse(text) as { error?: { code?: string } | string; errorType?: string };
    return typeof body.error === "object" ? body.error.code : (body.errorType ?? body.error);
  } catch {
    return undefined;
  }
}

function tunnel(
  gateway: URL,
  {
    host,
    address,
    ca,
    certificate,
  }: {
    readonly host: string;
    readonly address: string;
    readonly ca: Buffer;
    readonly certificate: WireRequest["certificate"];
  },
): Promise<TLSSocket> {
  const pair = `${decodeURIComponent(gateway.username)}:${decodeURIComponent(gateway.password)}`;
  return new Promise((done, fail) => {
    const request = plainRequest({
      host: gateway.hostname,
      port: gateway.port,
      method: "CONNECT",
      path: `${address}:443`,
      headers: {
        host: `${address}:443`,
        "proxy-authorization": `Basic ${Buffer.from(pair).toString("base64")}`,
      },
      agent: false,
    });
    request.once("error", fail);
    request.once("connect", (response, socket) => {
      if (response.statusCode !== 200) {
        socket.destroy();
        return fail(new Error(`CONNECT ${address}: ${response.statusCode}`));
      }
      const secured = connect({ socket, servername: host, ca, ...certificate });
      secured.once("error", fail);
      secured.once("secureConnect", () => done(secured));
    });
    request.end();
  });
}
