/** The edge's sockets: TCP for the public way in, a Unix socket for private links; TLS by SNI; then HTTP. It decides nothing. */
import { rm, stat } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { dirname } from "node:path";
import { createSecureContext, TLSSocket } from "node:tls";
import { CodedError, limits } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import { serverOptions } from "../http/index.ts";
import { sniCallback } from "../tls/index.ts";
import type { Authority } from "../tls/index.ts";
import { readGreeting } from "../wire/index.ts";
import type { CloseReason } from "./errors.ts";
import { readLinkHeader } from "./private-link-header.ts";
import { answerUnreadable } from "./unreadable.ts";

/** How a connection came in: told by its listener and, on the private one, by the header of the endpoint. */
export type WayIn =
  { readonly kind: "public" } | { readonly kind: "private"; readonly linkId: number };

/** One connection after its handshake. */
export interface Connection {
  readonly way: WayIn;
  /** The host of the handshake, in lower case. */
  readonly serverName: string;
  /** SHA-256 of the client's certificate, in lower-case hex; the handshake proved its key. No authority vouches for it. */
  readonly certificateThumbprint?: string;
}

export interface FrontDoorOptions {
  readonly authority: Authority;
  readonly clock: Clock;
  /** Whether a handshake may name this host (lower case), on the graph of that moment. */
  readonly serves: (host: string) => boolean;
  /** Whether clients of this host (lower case) are asked for a certificate, which they may do without. */
  readonly asksForCertificate: (host: string) => boolean;
  /** Why a way in is closed, or undefined. Asked before the handshake; the request's own check comes later. */
  readonly refuses: (way: WayIn) => CloseReason | undefined;
  readonly onRequest: (
    connection: Connection,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
  ) => void;
  /** Told of each connection that ends without an answer. */
  readonly onClosed: (reason: CloseReason) => void;
}

export interface FrontDoor {
  listenPublic(address: { readonly host: string; readonly port: number }): Promise<AddressInfo>;
  /**
   * Listens on a Unix socket, in a folder that only its owner can enter: who can reach it can say any link id.
   *
   * @throws CodedError SocketFolderExposed, SocketPathTooLong.
   */
  listenPrivate(path: string): Promise<void>;
  connections(): { readonly public: number; readonly private: number };
  /** Stops listening, lets answers in work finish for `limits.edgeDrainMs`, then closes every connection. */
  close(): Promise<void>;
}

/** Makes the door; it listens when it is told to. */
export function createFrontDoor(options: FrontDoorOptions): FrontDoor {
  const { clock, onClosed, refuses } = options;
  const open = new Map<Socket, WayIn["kind"]>();
  const listeners: Server[] = [];
  const http = httpServer(options);

  const accept = (socket: Socket, kind: WayIn["kind"]): void => {
    open.set(socket, kind);
    socket.once("close", () => open.delete(socket));
    // A peer that resets its connection is no event of ours; the close that follows is.
    socket.on("error", () => socket.destroy());
    socket.setNoDelay(true);
  };
  const acceptPrivate = async (socket: Socket): Promise<void> => {
    accept(socket, "private");
    const header = await readLinkHeader(socket, clock);
    if (header.kind === "closed") return void socket.destroy();
    if (header.kind === "refused") return drop(socket, header.reason);
    const way: WayIn = { kind: "private", linkId: header.linkId };
    const reason = refuses(way);
    if (reason !== undefined) return drop(socket, reason);
    startTls(socket, way, { ...options, http });
  };
  const drop = (socket: Socket, reason: CloseReason): void => {
    onClosed(reason);
    socket.destroy();
  };
  const listen = (onSocket: (socket: Socket) => void): Server => {
    const server = createServer(onSocket);
    server.maxConnections = limits.connectionsPerListenerMax;
    server.on("drop", () => onClosed("too-many-connections"));
    listeners.push(server);
    return server;
  };
  return {
    async listenPublic({ host, port }) {
      const server = listen((socket) => {
        accept(socket, "public");
        startTls(socket, { kind: "public" }, { ...options, http });
      });
      await listening(server, () => server.listen({ host, port }));
      return server.address() as AddressInfo;
    },
    async listenPrivate(path) {
      await makeWay(path);
      const server = listen((socket) => void acceptPrivate(socket));
      await listening(server, () => server.listen({ path }));
    },
    connections() {
      let ofPublic = 0;
      for (const kind of open.values()) if (kind === "public") ofPublic++;
      return { public: ofPublic, private: open.size - ofPublic };
    },
    async close() {
      for (const server of listeners) server.close();
      await http.drain(clock);
      for (const socket of open.keys()) socket.destroy();
    },
  };
}

/** Refuses a path that others could reach, and removes the socket that an earlier process left. */
async function makeWay(path: string): Promise<void> {
  const bytes = Buffer.byteLength(path);
  if (bytes > limits.unixSocketPathBytesMax) {
    throw new CodedError(
      "SocketPathTooLong",
      `The socket path ${path} has ${bytes} bytes; the limit is ${limits.unixSocketPathBytesMax}. Use a shorter folder.`,
    );
  }
  const folder = dirname(path);
  const { mode } = await stat(folder);
  if ((mode & 0o077) !== 0) {
    throw new CodedError(
      "SocketFolderExposed",
      `${folder} has mode ${(mode & 0o777).toString(8)}; a folder of private link sockets must have 700. Run chmod 700 on it.`,
    );
  }
  await rm(path, { force: true });
}

const listening = (server: Server, start: () => void): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", () => {
      server.off("error", reject);
      resolve();
    });
    start();
  });

interface DecryptedHttp {
  take(socket: TLSSocket, connection: Connection): void;
  drain(clock: Clock): Promise<void>;
}

/** One node:http server that never listens: it is given sockets after their handshake. */
function httpServer({ onRequest }: FrontDoorOptions): DecryptedHttp {
  const connections = new WeakMap<Socket, Connection>();
  let inWork = 0;
  let onIdle: (() => void) | undefined;
  const server = createHttpServer(
    { ...serverOptions, connectionsCheckingInterval: 2_000, requireHostHeader: false },
    (incoming, outgoing) => {
      const connection = connections.get(incoming.socket);
      if (connection === undefined) return void incoming.socket.destroy();
      inWork++;
      outgoing.once("close", () => {
        inWork--;
        if (inWork === 0) onIdle?.();
      });
      if (onIdle !== undefined) outgoing.setHeader("connection", "close");
      onRequest(connection, incoming, outgoing);
    },
  );
  server.on("clientError", (error, socket) => answerUnreadable(error, socket as Socket));
  // node:http starts to watch its connections' deadlines when it listens. This one is never told to.
  server.emit("listening");
  return {
    take(socket, connection) {
      connections.set(socket, connection);
      server.emit("connection", socket);
    },
    async drain(clock) {
      // Ends the idle connections and the watch. It also reports that the server never listened, which is so.
      server.close(() => {});
      await new Promise<void>((resolve) => {
        const deadline = clock.after(limits.edgeDrainMs, resolve);
        onIdle = () => {
          deadline.cancel();
          resolve();
        };
        if (inWork === 0) onIdle();
      });
    },
  };
}

/** A context without a certificate: a handshake that names no host fails, as one with a wrong name does. */
const namelessContext = createSecureContext({ minVersion: "TLSv1.2" });
/** The same for hosts that ask for certificates: OpenSSL resumes their sessions only in a context that has a name. */
const askingContext = createSecureContext({ minVersion: "TLSv1.2", sessionIdContext: "agents" });
/** TLS 1.2's plain-text record of the fatal alert unrecognized_name (112). @see RFC 6066 section 3 */
const unrecognizedName = Buffer.from([0x15, 3, 3, 0, 2, 2, 112]);

function startTls(
  socket: Socket,
  way: WayIn,
  options: FrontDoorOptions & { readonly http: DecryptedHttp },
): void {
  const { clock, onClosed } = options;
  const handshake: Handshake = { reason: "host-not-named" };
  const deadline = clock.after(limits.tlsHandshakeTimeoutMs, () => {
    handshake.reason = "handshake-timeout";
    socket.destroy();
  });
  const failed = (): void => {
    deadline.cancel();
    onClosed(handshake.reason);
    socket.destroy();
  };
  socket.once("close", failed);
  const secured = (tls: TLSSocket): void => {
    deadline.cancel();
    socket.off("close", failed);
    const serverName = serverNameOf(tls);
    if (serverName === undefined) return failed();
    const thumbprint = thumbprintOf(tls);
    options.http.take(tls, {
      way,
      serverName,
      ...(thumbprint === undefined ? {} : { certificateThumbprint: thumbprint }),
    });
  };
  // Whether a certificate is asked for is said before OpenSSL reads the name: it is read here first.
  void greetedName(socket).then((name) => {
    if (socket.destroyed) return;
    const asks = name !== undefined && options.asksForCertificate(name);
    secure(socket, { ...options, asks, handshake }).once("secure", function (this: TLSSocket) {
      secured(this);
    });
  });
}

interface Handshake {
  /** Why the connection closes, if it does now. */
  reason: CloseReason;
}

function secure(
  socket: Socket,
  options: FrontDoorOptions & { readonly asks: boolean; readonly handshake: Handshake },
): TLSSocket {
  const { authority, serves, asks, handshake } = options;
  const choose = sniCallback(authority, serves);
  const tls = new TLSSocket(socket, {
    isServer: true,
    secureContext: asks ? askingContext : namelessContext,
    ALPNProtocols: ["http/1.1"],
    // Agents bring certificates that they signed themselves: who may come is decided by the thumbprint.
    requestCert: asks,
    rejectUnauthorized: false,
    SNICallback(host, done) {
      handshake.reason = "handshake-failed";
      choose(host, (error, context) => {
        if (error !== null) {
          handshake.reason = "host-not-served";
          // node:tls closes without a word; a client should learn that it is the name that is wrong.
          socket.write(unrecognizedName);
        }
        done(error, context);
      });
    },
  });
  tls.on("error", () => tls.destroy());
  return tls;
}

/** The name in the greeting, which stays in the socket; undefined where there is none. */
function greetedName(socket: Socket): Promise<string | undefined> {
  return new Promise((resolve) => {
    let bytes: Buffer = Buffer.alloc(0);
    const settle = (name: string | undefined): void => {
      socket.off("readable", read);
      socket.off("end", ended);
      socket.off("close", ended);
      if (bytes.length > 0 && !socket.destroyed) socket.unshift(bytes);
      resolve(name);
    };
    const ended = (): void => settle(undefined);
    const read = (): void => {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
      const greeting = readGreeting(bytes);
      if (greeting.kind === "more" && bytes.length < limits.tlsGreetingBytesMax) return;
      settle(greeting.kind === "named" ? greeting.fqdn : undefined);
    };
    socket.on("readable", read);
    socket.once("end", ended);
    socket.once("close", ended);
    read();
  });
}

const thumbprintOf = (tls: TLSSocket): string | undefined =>
  tls.getPeerX509Certificate()?.fingerprint256.replaceAll(":", "").toLowerCase();

/** `servername` is false where the handshake named no host. */
function serverNameOf(tls: TLSSocket): string | undefined {
  const { servername } = tls as { readonly servername?: string | false | null };
  return typeof servername === "string" && servername !== "" ? servername.toLowerCase() : undefined;
}
