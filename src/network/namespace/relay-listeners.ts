/** The relay inside a namespace: listens on 53, 443 and the managed-identity endpoint, and hands all to the fabric's socket. */
import { createSocket } from "node:dgram";
import type { RemoteInfo, Socket as UdpSocket } from "node:dgram";
import { createConnection, createServer } from "node:net";
import type { Socket } from "node:net";
import { limits } from "../../core/index.ts";
import { frame, frameReader } from "../dns/listener.ts";
import { encodeRelayHeader, relayAccepted } from "../relay-header.ts";
import type { RelayPurpose } from "../relay-header.ts";
import { reset, splice } from "../splice.ts";

export interface RelayOptions {
  readonly relaySocket: string;
  readonly dns: string;
  readonly instanceMetadata: string;
  /** As in a namespace, where they are free; tests take others. */
  readonly ports?: { readonly dns: number; readonly https: number; readonly http: number };
  /** Where https is taken; every address by default, since the routes decide which those are. */
  readonly httpsHost?: string;
}

const DNS_PENDING_MAX = 1024;
const MESSAGE_BYTES_MAX = 65_535;

/**
 * Listens on every port of the relay; resolves when all do. The process's end is their end.
 *
 * @throws Error when an address or port cannot be had.
 */
export async function startRelay(options: RelayOptions): Promise<void> {
  const { relaySocket, dns, instanceMetadata, httpsHost = "0.0.0.0" } = options;
  const ports = options.ports ?? { dns: 53, https: 443, http: 80 };
  await Promise.all([
    listen({ host: dns, port: ports.dns }, (client) =>
      hand(client, { kind: "dns-tcp" }, relaySocket),
    ),
    listen({ host: instanceMetadata, port: ports.http }, (client) =>
      hand(client, { kind: "identity" }, relaySocket),
    ),
    listen({ host: httpsHost, port: ports.https }, (client) =>
      hand(client, purposeOf(client), relaySocket),
    ),
    relayDatagrams({ host: dns, port: ports.dns }, relaySocket),
  ]);
}

function listen(
  address: { readonly host: string; readonly port: number },
  take: (client: Socket) => void,
): Promise<void> {
  return new Promise((done, fail) => {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, take);
    server.maxConnections = limits.connectionsPerSessionMax;
    server.once("error", fail);
    server.listen(address, () => done());
  });
}

const purposeOf = (client: Socket): RelayPurpose => ({
  kind: "tcp",
  destination: { address: client.localAddress ?? "", port: client.localPort ?? 0 },
  source: { address: client.remoteAddress ?? "", port: client.remotePort ?? 0 },
});

/** Joins a client with a connection to the fabric; a refused one is reset, as by a host where nothing listens. */
function hand(client: Socket, purpose: RelayPurpose, relaySocket: string): void {
  client.on("error", () => {});
  const fabric = createConnection({ path: relaySocket, allowHalfOpen: true });
  const refuse = (): void => {
    reset(client);
    fabric.destroy();
  };
  fabric.on("error", refuse);
  const abandon = (): void => void fabric.destroy();
  client.once("close", abandon);
  fabric.write(encodeRelayHeader(purpose));
  const join = (): void => {
    client.off("close", abandon);
    fabric.off("error", refuse);
    splice(client, fabric);
  };
  if (purpose.kind !== "tcp") return void fabric.once("connect", join);
  fabric.once("close", refuse);
  fabric.once("data", (first: Buffer) => {
    fabric.pause();
    fabric.off("close", refuse);
    if (first[0] !== relayAccepted) return refuse();
    if (first.length > 1) fabric.unshift(first.subarray(1));
    join();
  });
}

/** All datagrams go over one connection; the fabric answers each in its order, with an empty frame for no answer. */
async function relayDatagrams(
  address: { readonly host: string; readonly port: number },
  relaySocket: string,
): Promise<void> {
  const udp = createSocket("udp4");
  await new Promise<void>((done, fail) => {
    udp.once("error", fail);
    udp.bind(address.port, address.host, () => {
      udp.off("error", fail);
      udp.on("error", () => {});
      done();
    });
  });
  let fabric: DatagramStream | undefined;
  udp.on("message", (message, from) => {
    if (fabric === undefined || fabric.socket.destroyed) fabric = datagramStream(udp, relaySocket);
    // A client asks again; a queue without end would help nobody.
    if (fabric.pending.length >= DNS_PENDING_MAX) return;
    fabric.pending.push(from);
    fabric.socket.write(frame(message));
  });
}

interface DatagramStream {
  readonly socket: Socket;
  /** Whose answers are to come, first to last. */
  readonly pending: RemoteInfo[];
}

function datagramStream(udp: UdpSocket, relaySocket: string): DatagramStream {
  const pending: RemoteInfo[] = [];
  const socket = createConnection({ path: relaySocket });
  const reader = frameReader(MESSAGE_BYTES_MAX);
  socket.on("error", () => {});
  socket.write(encodeRelayHeader({ kind: "dns-udp" }));
  socket.on("data", (chunk: Buffer) => {
    for (const message of reader.push(chunk) ?? []) {
      const to = pending.shift();
      if (to !== undefined && message.length > 0) udp.send(message, to.port, to.address, () => {});
    }
  });
  return { socket, pending };
}
