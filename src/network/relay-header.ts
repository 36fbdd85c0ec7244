/** What a relay says first on each of its connections to the fabric: one short line of text. */
import { isIPv4 } from "node:net";
import type { Socket } from "node:net";
import { limits } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import type { ProxyEndpoint } from "../wire/index.ts";
import { networkError } from "./dial.ts";
import type { Destination } from "./route.ts";

/** What a connection of a relay is for. */
export type RelayPurpose =
  /** Bytes of a TCP connection that a client opened to `destination`. The fabric answers one byte first: see `relayAccepted`. */
  | { readonly kind: "tcp"; readonly destination: Destination; readonly source: ProxyEndpoint }
  /** DNS messages behind their length: one client's TCP stream, or all datagrams. */
  | { readonly kind: "dns-tcp" }
  | { readonly kind: "dns-udp" }
  /** HTTP to the managed-identity endpoint. */
  | { readonly kind: "identity" };

/** The first byte of the fabric's answer to `tcp`: whether the connection stands. After a refusal the fabric ends it. */
export const relayAccepted = 0x00;
export const relayRefused = 0x01;

const VERSION = "LINKSCOPE/1";

export function encodeRelayHeader(purpose: RelayPurpose): string {
  if (purpose.kind !== "tcp") return `${VERSION} ${purpose.kind}\n`;
  const { destination, source } = purpose;
  return `${VERSION} tcp ${destination.address} ${destination.port} ${source.address} ${source.port}\n`;
}

/** @returns undefined when the line is none of ours. */
export function decodeRelayHeader(line: string): RelayPurpose | undefined {
  const [version, kind, ...words] = line.split(" ");
  if (version !== VERSION) return undefined;
  if (kind === "tcp" && words.length === 4) {
    const destination = end(words[0], words[1]);
    const source = end(words[2], words[3]);
    if (destination === undefined || source === undefined) return undefined;
    return { kind, destination, source };
  }
  if (words.length > 0) return undefined;
  return kind === "dns-tcp" || kind === "dns-udp" || kind === "identity" ? { kind } : undefined;
}

function end(address = "", digits = ""): Destination | undefined {
  const port = Number(digits);
  return isIPv4(address) && /^\d{1,5}$/.test(digits) && port <= 65_535
    ? { address, port }
    : undefined;
}

/**
 * Reads the line from a new connection, and leaves what follows it to be read; the connection is paused.
 *
 * @throws CodedError InvalidRelayHeader when the line is too long, too late or unknown; the connection is then destroyed.
 */
export function readRelayHeader(socket: Socket, clock: Clock): Promise<RelayPurpose> {
  return new Promise((done, fail) => {
    let held: Buffer = Buffer.alloc(0);
    const finish = (purpose: RelayPurpose | undefined, says: string, rest?: Buffer): void => {
      timer.cancel();
      socket.off("data", onData);
      socket.off("close", onClose);
      // Paused first: a flowing stream would hand what is put back to nobody.
      socket.pause();
      if (rest !== undefined && rest.length > 0) socket.unshift(rest);
      if (purpose !== undefined) return done(purpose);
      socket.destroy();
      fail(networkError("InvalidRelayHeader", says));
    };
    const onData = (chunk: Buffer): void => {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const at = held.indexOf(0x0a);
      if (at > limits.relayHeaderBytesMax || (at < 0 && held.length > limits.relayHeaderBytesMax)) {
        const says = `A relay's first line has more than ${limits.relayHeaderBytesMax} bytes.`;
        return finish(undefined, says);
      }
      if (at < 0) return;
      const line = held.subarray(0, at).toString("latin1");
      const purpose = decodeRelayHeader(line);
      finish(purpose, `'${line}' is no line of a relay.`, held.subarray(at + 1));
    };
    const onClose = (): void => finish(undefined, "A relay's connection ended before its line.");
    const timer = clock.after(limits.relayHeaderTimeoutMs, () =>
      finish(undefined, `A relay's line did not come within ${limits.relayHeaderTimeoutMs} ms.`),
    );
    socket.on("error", () => {});
    socket.on("data", onData);
    socket.once("close", onClose);
  });
}
