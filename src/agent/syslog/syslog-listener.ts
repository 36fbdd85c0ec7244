/** Listens for syslog: datagrams, and streams on TCP or a Unix socket. It takes what is sent to it and answers nothing. */
import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { CodedError, limits, messageOf } from "../../core/index.ts";
import { SyslogFraming } from "./syslog-framing.ts";

/** `udp:HOST:PORT`, `tcp:HOST:PORT` or `unix:PATH`. */
export type SyslogAddress =
  | { readonly kind: "udp" | "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

export interface SyslogListener {
  /** As it listens; a port 0 is the one that it got. */
  readonly addresses: readonly SyslogAddress[];
  readonly close: () => Promise<void>;
}

/** @throws CodedError SyslogAddressInvalid. */
export function parseSyslogAddress(text: string): SyslogAddress {
  const path = /^unix:(\/.{1,106})$/.exec(text)?.[1];
  if (path !== undefined) return { kind: "unix", path };
  const [, kind, host = "", port = ""] = /^(udp|tcp):(.{1,253}):(\d{1,5})$/.exec(text) ?? [];
  if ((kind === "udp" || kind === "tcp") && Number(port) <= 65_535) {
    return { kind, host: host.replace(/^\[|\]$/g, ""), port: Number(port) };
  }
  const says = `'${text.slice(0, 120)}' is no address for syslog. Write udp:HOST:PORT, tcp:HOST:PORT or unix:/PATH.`;
  throw new CodedError("SyslogAddressInvalid", says);
}

/**
 * Listens at all addresses, or at none.
 *
 * @param take is told each message, cut at `limits.logLineBytesMax`.
 * @throws CodedError SyslogUnavailable with the first address that it cannot listen at.
 */
export async function listenSyslog(
  addresses: readonly SyslogAddress[],
  take: (message: string) => void,
): Promise<SyslogListener> {
  const opened: SyslogListener[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((listener) => listener.close()));
  };
  try {
    for (const address of addresses) opened.push(await listenAt(address, take));
  } catch (error) {
    await close();
    throw error;
  }
  return { addresses: opened.flatMap((listener) => listener.addresses), close };
}

function listenAt(
  address: SyslogAddress,
  take: (message: string) => void,
): Promise<SyslogListener> {
  return address.kind === "udp"
    ? listenDatagrams({ ...address, kind: "udp" }, take)
    : listenStreams(address, take);
}

function listenDatagrams(
  { host, port }: { readonly kind: "udp"; readonly host: string; readonly port: number },
  take: (message: string) => void,
): Promise<SyslogListener> {
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  socket.on("message", (bytes) => take(bytes.toString("utf8", 0, limits.logLineBytesMax)));
  return new Promise((resolve, reject) => {
    socket.once("error", (error) => reject(unavailable(`udp:${host}:${port}`, error)));
    socket.bind(port, host, () =>
      resolve({
        addresses: [{ kind: "udp", host, port: socket.address().port }],
        close: () => new Promise((done) => socket.close(done)),
      }),
    );
  });
}

function listenStreams(
  address: SyslogAddress,
  take: (message: string) => void,
): Promise<SyslogListener> {
  const open = new Set<Socket>();
  const server: Server = createServer((socket) => {
    open.add(socket);
    const framing = new SyslogFraming();
    socket.on("data", (bytes) => {
      const messages = framing.take(bytes);
      if (messages === undefined) socket.destroy();
      for (const message of messages ?? []) take(message);
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => open.delete(socket));
  });
  server.maxConnections = limits.syslogConnectionsMax;
  const where =
    address.kind === "unix" ? { path: address.path } : { host: address.host, port: address.port };
  const shown =
    address.kind === "unix" ? `unix:${address.path}` : `tcp:${address.host}:${address.port}`;
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(unavailable(shown, error)));
    server.listen(where, () => {
      const bound =
        address.kind === "tcp"
          ? { ...address, port: (server.address() as AddressInfo).port }
          : address;
      resolve({
        addresses: [bound],
        close: () => {
          for (const socket of open) socket.destroy();
          return new Promise((done) => server.close(() => done()));
        },
      });
    });
  });
}

const unavailable = (address: string, error: unknown): CodedError =>
  new CodedError("SyslogUnavailable", `${address} cannot be listened on: ${messageOf(error)}.`, {
    cause: error,
  });
