/** The fabric's end of a relay: one Unix socket a session, by which a namespace reaches DNS, endpoints and identity. */
import { createServer as createHttpServer } from "node:http";
import type { Server as HttpServer } from "node:http";
import { createServer } from "node:net";
import type { Socket } from "node:net";
import { assertNever, CodedError, limits } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import { json, requestListener, serverOptions } from "../http/index.ts";
import type { Dialer } from "./dial.ts";
import { serveDnsDatagrams, serveDnsStream } from "./dns/listener.ts";
import type { DnsResponder } from "./dns/listener.ts";
import type { FabricAccess } from "./gateway.ts";
import { answerIdentityRequest } from "./identity-endpoint.ts";
import type { IdentityToken } from "./identity-endpoint.ts";
import { joinClient } from "./join-client.ts";
import { readRelayHeader, relayAccepted, relayRefused } from "./relay-header.ts";
import type { RelayPurpose } from "./relay-header.ts";
import type { Session } from "./sessions.ts";
import { listenOnPath } from "./unix-socket.ts";

export interface RelaySocketOptions {
  readonly path: string;
  readonly session: Session;
  /** Answers as the resolver of the session's place. */
  readonly respond: DnsResponder;
  readonly dialer: Dialer;
  readonly identityToken: IdentityToken;
  readonly clock: Clock;
  readonly accessLog: (access: FabricAccess) => void;
}

/**
 * Listens until the session ends. Whoever can open the socket stands in the session's place: its folder is 0700.
 *
 * @throws CodedError SocketPathTooLong
 */
export async function listenRelay(options: RelaySocketOptions): Promise<void> {
  const { session } = options;
  const identity = identityServer(options);
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    serveConnection(socket, options, identity).catch(() => socket.destroy());
  });
  server.maxConnections = limits.connectionsPerSessionMax;
  await listenOnPath(server, options.path);
  session.onEnd(() => {
    server.close();
    identity.close();
  });
}

async function serveConnection(
  socket: Socket,
  options: RelaySocketOptions,
  identity: HttpServer,
): Promise<void> {
  options.session.hold(socket);
  const purpose = await readRelayHeader(socket, options.clock);
  switch (purpose.kind) {
    case "tcp":
      return forward(socket, purpose, options);
    case "dns-tcp":
      return serveDnsStream(socket, options);
    case "dns-udp":
      return serveDnsDatagrams(socket, options.respond);
    case "identity":
      identity.emit("connection", socket);
      socket.resume();
      return undefined;
    default:
      return assertNever(purpose);
  }
}

async function forward(
  socket: Socket,
  { destination, source }: Extract<RelayPurpose, { kind: "tcp" }>,
  { session, dialer, clock, accessLog }: RelaySocketOptions,
): Promise<void> {
  const log = (outcome: string): void =>
    accessLog({
      atMs: clock.nowMs(),
      way: "relay",
      sessionId: session.id,
      target: `${destination.address}:${destination.port}`,
      address: destination.address,
      outcome,
    });
  let accepted = false;
  try {
    const dialled = await dialer.dial(session.place, destination, source);
    accepted = true;
    if (!socket.destroyed) socket.write(Buffer.from([relayAccepted]));
    await joinClient(dialled, { client: socket, head: Buffer.alloc(0), clock });
    log("connected");
  } catch (error) {
    log(error instanceof CodedError ? error.code : "InternalServerError");
    // What a firewall cuts after it took the connection is reset; the client's own end hears of it so.
    if (accepted) return void socket.destroy();
    socket.end(Buffer.from([relayRefused]));
    socket.resume();
  }
}

function identityServer({ session, identityToken }: RelaySocketOptions): HttpServer {
  return createHttpServer(
    serverOptions,
    requestListener(
      (request) => answerIdentityRequest(request, session, identityToken),
      (error) => json(error.status, { error: error.code, error_description: error.message }),
    ),
  );
}
