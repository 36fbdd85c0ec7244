/** DNS on sockets: UDP and TCP on one port, and the same frames on a stream that a relay brings. */
import { createSocket } from "node:dgram";
import type { Socket as UdpSocket } from "node:dgram";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { limits } from "../../core/index.ts";
import type { Clock } from "../../core/index.ts";

export type DnsTransport = "udp" | "tcp";

/** Answers one message; undefined when it deserves no answer. Never throws. */
export type DnsResponder = (message: Buffer, transport: DnsTransport) => Buffer | undefined;

export interface DnsListener {
  readonly host: string;
  /** Of UDP and TCP both. */
  readonly port: number;
  readonly close: () => Promise<void>;
}

export interface DnsListenerOptions {
  readonly respond: DnsResponder;
  readonly clock: Clock;
  /** 0 or absent: any free one. */
  readonly port?: number;
}

const HOST = "127.0.0.1";
const PORT_TRIES = 16;

/**
 * Listens on 127.0.0.1. TCP connections are bounded in number (`limits.dnsTcpConnectionsMax`) and in idle time.
 *
 * @throws Error EADDRINUSE when the named port is taken, or no port is free for both transports.
 */
export async function listenDns(options: DnsListenerOptions): Promise<DnsListener> {
  const tries = (options.port ?? 0) === 0 ? PORT_TRIES : 1;
  for (let left = tries; ; left--) {
    const tcp = await listenTcp(options);
    const { port } = tcp.server.address() as AddressInfo;
    try {
      const udp = await listenUdp(options.respond, port);
      return {
        host: HOST,
        port,
        close: async () => {
          await Promise.all([tcp.close(), new Promise<void>((done) => udp.close(() => done()))]);
        },
      };
    } catch (error) {
      // A port that is free for TCP may be taken for UDP; then another one is tried.
      await tcp.close();
      if (left <= 1) throw error;
    }
  }
}

async function listenTcp(
  options: DnsListenerOptions,
): Promise<{ server: Server; close: () => Promise<void> }> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    if (open.size >= limits.dnsTcpConnectionsMax) return void socket.destroy();
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    serveDnsStream(socket, options);
  });
  await new Promise<void>((done, fail) => {
    server.once("error", fail);
    server.listen(options.port ?? 0, HOST, () => done());
  });
  return {
    server,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        for (const socket of open) socket.destroy();
      }),
  };
}

function listenUdp(respond: DnsResponder, port: number): Promise<UdpSocket> {
  const socket = createSocket("udp4");
  socket.on("message", (message, from) => {
    const response = respond(message, "udp");
    // A client that is gone is no failure of the resolver.
    if (response !== undefined) socket.send(response, from.port, from.address, () => {});
  });
  return new Promise((done, fail) => {
    socket.once("error", fail);
    socket.bind(port, HOST, () => {
      socket.off("error", fail);
      socket.on("error", () => {});
      done(socket);
    });
  });
}

/** DNS over a stream (RFC 7766): two bytes of length, then a message. Queries may be sent before answers are read. */
export function serveDnsStream(
  socket: Socket,
  options: Pick<DnsListenerOptions, "respond" | "clock">,
): void {
  const idle = idleLimit(socket, options.clock);
  serveFrames(socket, (message) => {
    idle.touch();
    return options.respond(message, "tcp");
  });
}

/**
 * Datagrams that a relay brings, framed as on TCP. Each gets one frame, in order: an empty one where there is no answer.
 * The relay holds this stream as long as it lives, so that no idle time ends it.
 */
export function serveDnsDatagrams(socket: Socket, respond: DnsResponder): void {
  serveFrames(socket, (message) => respond(message, "udp") ?? Buffer.alloc(0));
}

function serveFrames(socket: Socket, answer: (message: Buffer) => Buffer | undefined): void {
  const reader = frameReader(limits.dnsQueryBytesMax);
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    const messages = reader.push(chunk);
    if (messages === undefined) return void socket.destroy();
    for (const message of messages) {
      const response = answer(message);
      // What is no query ends the connection: the stream is no longer one of DNS messages.
      if (response === undefined) return void socket.destroy();
      socket.write(frame(response));
    }
    if (socket.writableLength <= limits.dnsPendingBytesMax) return;
    // A client that sends and never reads waits until it does.
    socket.pause();
    socket.once("drain", () => socket.resume());
  });
  socket.on("end", () => socket.end());
  // A stream that a relay brought is paused behind the relay's own line.
  socket.resume();
}

function idleLimit(socket: Socket, clock: Clock): { touch: () => void } {
  const start = () => clock.after(limits.dnsTcpIdleMs, () => socket.destroy());
  let timer = start();
  socket.once("close", () => timer.cancel());
  return {
    touch: () => {
      timer.cancel();
      timer = start();
    },
  };
}

/** A message behind its length. */
export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.alloc(2 + message.length);
  framed.writeUInt16BE(message.length);
  framed.set(message, 2);
  return framed;
}

/**
 * Takes a stream's chunks and gives the messages that are complete. It holds at most one message and one chunk.
 *
 * @returns undefined once a message is longer than `bytesMax`; the stream is then of no more use.
 */
export function frameReader(bytesMax: number): {
  push: (chunk: Buffer) => readonly Buffer[] | undefined;
} {
  let held: Buffer = Buffer.alloc(0);
  return {
    push: (chunk) => {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const messages: Buffer[] = [];
      while (held.length >= 2) {
        const size = held.readUInt16BE(0);
        if (size > bytesMax) return undefined;
        if (held.length < 2 + size) break;
        messages.push(held.subarray(2, 2 + size));
        held = held.subarray(2 + size);
      }
      return messages;
    },
  };
}
