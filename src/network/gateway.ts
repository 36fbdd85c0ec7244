/** The gateway: an HTTP CONNECT proxy that stands in a session's place and reaches only what the platform serves. */
import { createServer, ServerResponse } from "node:http";
import type { IncomingMessage, Server } from "node:http";
import { isIPv4, isIPv6 } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import type { Graph } from "../arm/index.ts";
import { fixedAddresses } from "../azure/index.ts";
import { CodedError, limits, messageOf } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import { json, readRequest, serverOptions } from "../http/index.ts";
import type { HttpResponse } from "../http/index.ts";
import { resolveFrom, servedHosts } from "../rules/index.ts";
import type { ProxyEndpoint } from "../wire/index.ts";
import { networkError } from "./dial.ts";
import type { Dialled, Dialer } from "./dial.ts";
import { answerIdentityRequest } from "./identity-endpoint.ts";
import type { IdentityToken } from "./identity-endpoint.ts";
import { joinClient } from "./join-client.ts";
import type { Place } from "./route.ts";
import type { Session, SessionTable } from "./sessions.ts";

/** One line of the access log: what a client in a session asked of the fabric, and what it got. */
export interface FabricAccess {
  readonly atMs: number;
  readonly way: "gateway" | "relay";
  readonly sessionId: string | undefined;
  /** `host:port` as asked. */
  readonly target: string;
  /** The address that was dialled; undefined when none was. */
  readonly address: string | undefined;
  /** `connected`, or a code of the fabric's catalogue. */
  readonly outcome: string;
}

export interface GatewayOptions {
  readonly graph: () => Graph;
  readonly sessions: SessionTable;
  readonly dialer: Dialer;
  readonly identityToken: IdentityToken;
  readonly clock: Clock;
  readonly accessLog: (access: FabricAccess) => void;
  /** Tried first, so that a restart keeps it; another where it is taken, 0 or absent. */
  readonly port?: number;
}

export interface Gateway {
  readonly port: number;
  readonly counters: () => GatewayCounters;
  readonly close: () => Promise<void>;
}

export interface GatewayCounters {
  readonly tunnels: number;
  /** By code of `networkErrors`. */
  readonly refused: Readonly<Record<string, number>>;
}

const HOST = "127.0.0.1";

/**
 * Listens on 127.0.0.1. Every request needs the secret of a session (Basic, the session's id as the user);
 * without it the answer is 407. The header's bytes and time are bounded.
 */
export async function listenGateway(options: GatewayOptions): Promise<Gateway> {
  const counts = { tunnels: 0, refused: new Map<string, number>() };
  const server = createServer({ ...serverOptions, maxHeaderSize: limits.gatewayHeaderBytesMax });
  server.maxConnections = limits.connectionsPerListenerMax;
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    socket.on("error", () => {});
  });
  const onRefusal = (
    error: unknown,
    access: Omit<FabricAccess, "outcome" | "atMs">,
  ): CodedError => {
    const coded = asCoded(error);
    counts.refused.set(coded.code, (counts.refused.get(coded.code) ?? 0) + 1);
    options.accessLog({ atMs: options.clock.nowMs(), ...access, outcome: coded.code });
    return coded;
  };
  server.on("connect", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const access = accessOf(request, options.sessions);
    tunnel(request, { socket }, options).then(
      async ({ address, dialled }) => {
        try {
          await joinClient(dialled, { client: socket, head, clock: options.clock });
          counts.tunnels += 1;
          const atMs = options.clock.nowMs();
          options.accessLog({ atMs, ...access, address, outcome: "connected" });
        } catch (error) {
          // The client has its 200, as it has its connection where a firewall stands; it is cut, and the log says why.
          onRefusal(error, { ...access, address });
          socket.destroy();
        }
      },
      (error: unknown) => refuse(socket, refusalText(onRefusal(error, access)), options.clock),
    );
  });
  server.on("request", (request: IncomingMessage, response) => {
    answerPlain(request, options)
      .catch((error: unknown) => errorBody(onRefusal(error, accessOf(request, options.sessions))))
      .then((answer) => send(response, answer))
      .catch(() => response.destroy());
  });
  const port = await listen(server, options.port ?? 0).catch(() => listen(server, 0));
  return {
    port,
    counters: () => ({ tunnels: counts.tunnels, refused: Object.fromEntries(counts.refused) }),
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        for (const socket of open) socket.destroy();
      }),
  };
}

/** Sends a refusal; a client that does not end its side in time is cut off. */
function refuse(socket: Socket, text: string, clock: Clock): void {
  const timer = clock.after(limits.httpHeadersTimeoutMs, () => socket.destroy());
  socket.once("close", () => timer.cancel());
  socket.resume();
  socket.end(text);
}

/** Opens the tunnel of one CONNECT, says so to the client, and answers with what it leads to. */
async function tunnel(
  request: IncomingMessage,
  client: { readonly socket: Socket },
  options: GatewayOptions,
): Promise<{ readonly address: string; readonly dialled: Dialled }> {
  const session = authenticate(request, options.sessions);
  const { host, port } = readAuthority(request.url ?? "");
  const address = addressOf(options.graph(), session.place, { host, port });
  session.hold(client.socket);
  const dialled = await options.dialer.dial(
    session.place,
    { address, port },
    sourceOf(client.socket),
  );
  if (!client.socket.destroyed) {
    client.socket.write(
      `HTTP/1.1 200 Connection Established\r\nx-linkscope-address: ${address}\r\n\r\n`,
    );
  }
  return { address, dialled };
}

/** The address behind a CONNECT's host, as the session's place resolves it. */
function addressOf(
  graph: Graph,
  place: Place,
  { host, port }: { readonly host: string; readonly port: number },
): string {
  if (isIPv4(host)) return host;
  if (isIPv6(host)) {
    throw networkError("AddressNotReachable", `${host} is an IPv6 address; the platform has none.`);
  }
  if (!servedHosts(graph).has(host)) {
    throw networkError(
      "HostNotServed",
      `The platform does not serve ${host}; the gateway reaches nothing else. Create the resource whose host it is.`,
    );
  }
  if (port !== 443) {
    throw networkError("PortNotServed", `${host} is served on port 443, not on ${port}.`);
  }
  const { outcome, addresses, reasons } = resolveFrom(graph, place, { name: host });
  const [address] = addresses;
  if (address !== undefined) return address;
  const why = reasons.map(({ says }) => says).join(" ");
  throw networkError("NameNotResolved", `${host} has no address there: ${outcome}. ${why}`);
}

/** `host:port` of a CONNECT; brackets are an IPv6 address's. */
function readAuthority(authority: string): { readonly host: string; readonly port: number } {
  const at = authority.lastIndexOf(":");
  const host = authority
    .slice(0, at)
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "")
    .toLowerCase();
  const digits = authority.slice(at + 1);
  const port = Number(digits);
  if (at < 1 || host === "" || !/^\d{1,5}$/.test(digits) || port < 1 || port > 65_535) {
    throw networkError("InvalidAuthority", `'${authority}' is not host:port.`);
  }
  return { host, port };
}

/** Plain HTTP through the proxy: the managed-identity endpoint, and nothing else. */
async function answerPlain(
  request: IncomingMessage,
  options: GatewayOptions,
): Promise<HttpResponse> {
  const session = authenticate(request, options.sessions);
  const target = request.url ?? "";
  const url = URL.canParse(target) ? new URL(target) : undefined;
  if (url?.protocol !== "http:" || url.host !== fixedAddresses.instanceMetadata) {
    throw networkError(
      "RequestNotProxied",
      `The gateway does not fetch ${target}. It takes CONNECT to served hosts, and plain HTTP to ${fixedAddresses.instanceMetadata} only.`,
    );
  }
  const asked = { ...readRequest(request), path: url.pathname, query: url.searchParams };
  return answerIdentityRequest(asked, session, options.identityToken);
}

function authenticate(request: IncomingMessage, sessions: SessionTable): Session {
  const { id, secret } = credentialsOf(request);
  const session = sessions.authenticate(id, secret);
  if (session === undefined) {
    throw networkError(
      "ProxyAuthenticationRequired",
      "The gateway needs the secret of an open session in Proxy-Authorization.",
    );
  }
  return session;
}

function credentialsOf(request: IncomingMessage): { readonly id: string; readonly secret: string } {
  const [scheme = "", value = ""] = (request.headers["proxy-authorization"] ?? "").split(" ");
  if (scheme.toLowerCase() !== "basic") return { id: "", secret: "" };
  const text = Buffer.from(value, "base64").toString("latin1");
  const at = text.indexOf(":");
  return at < 0 ? { id: "", secret: "" } : { id: text.slice(0, at), secret: text.slice(at + 1) };
}

/** The session is named in the log only when its secret was right. */
function accessOf(
  request: IncomingMessage,
  sessions: SessionTable,
): Omit<FabricAccess, "outcome" | "atMs"> {
  const { id, secret } = credentialsOf(request);
  return {
    way: "gateway",
    sessionId: sessions.authenticate(id, secret)?.id,
    target: (request.url ?? "").slice(0, 255),
    address: undefined,
  };
}

const sourceOf = (socket: Socket): ProxyEndpoint => ({
  address: socket.remoteAddress ?? HOST,
  port: socket.remotePort ?? 0,
});

function errorBody(error: CodedError): HttpResponse {
  const challenge = { "proxy-authenticate": 'Basic realm="linkscope", charset="UTF-8"' };
  return json(
    error.status,
    { error: { code: error.code, message: error.message } },
    { ...(error.status === 407 ? challenge : {}), "x-linkscope-code": error.code },
  );
}

/** The code is the reason phrase too, since many clients show nothing else of a refused CONNECT. */
function refusalText(error: CodedError): string {
  const { headers = {}, body = "" } = errorBody(error);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const bytes = Buffer.byteLength(body);
  return [
    `HTTP/1.1 ${error.status} ${error.code}`,
    ...lines,
    `content-length: ${bytes}`,
    "connection: close",
    "",
    body.toString(),
  ].join("\r\n");
}

function send(response: ServerResponse, { status, headers = {}, body = "" }: HttpResponse): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, {
    ...headers,
    "content-length": String(bytes.length),
    connection: "close",
  });
  response.end(bytes);
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((done, fail) => {
    server.once("error", fail);
    server.listen(port, HOST, () => {
      server.off("error", fail);
      done((server.address() as AddressInfo).port);
    });
  });
}

const asCoded = (error: unknown): CodedError =>
  error instanceof CodedError
    ? error
    : new CodedError("InternalServerError", messageOf(error), { cause: error });
