/** Reads the PROXY protocol v2 header that a private endpoint sends first, under a deadline and a byte limit. */
import type { Socket } from "node:net";
import { assertNever, limits } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import { decodeProxyHeader } from "../wire/index.ts";
import type { CloseReason } from "./errors.ts";

export type LinkHeader =
  | { readonly kind: "link"; readonly linkId: number }
  | { readonly kind: "refused"; readonly reason: CloseReason; readonly says: string }
  /** The other end closed before the header was whole. */
  | { readonly kind: "closed" };

/**
 * Reads the header and leaves every byte after it in the socket, unread.
 *
 * Resolves once; never rejects. The caller closes the socket unless the answer is `link`.
 */
export function readLinkHeader(socket: Socket, clock: Clock): Promise<LinkHeader> {
  return new Promise((resolve) => {
    let bytes: Buffer = Buffer.alloc(0);
    const settle = (answer: LinkHeader): void => {
      deadline.cancel();
      socket.off("readable", read);
      socket.off("end", closed);
      socket.off("close", closed);
      resolve(answer);
    };
    const closed = (): void => settle({ kind: "closed" });
    const read = (): void => {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
      const answer = decide(bytes);
      if (answer === undefined) return;
      if (answer.rest.length > 0) socket.unshift(answer.rest);
      settle(answer.header);
    };
    const deadline = clock.after(limits.proxyHeaderTimeoutMs, () =>
      settle(
        refused(
          "header-timeout",
          `No whole PROXY header came within ${limits.proxyHeaderTimeoutMs} ms.`,
        ),
      ),
    );
    socket.on("readable", read);
    socket.once("end", closed);
    socket.once("close", closed);
    read();
  });
}

/** A decoder that wants more than the limit has said `invalid`, so that the buffer stays bounded. */
function decide(bytes: Buffer): { readonly header: LinkHeader; readonly rest: Buffer } | undefined {
  const found = decodeProxyHeader(bytes);
  const nothing = Buffer.alloc(0);
  switch (found.kind) {
    case "incomplete":
      return undefined;
    case "invalid":
      return { header: refused("header-invalid", found.says), rest: nothing };
    case "header": {
      const linkId = found.addresses?.linkId;
      if (linkId === undefined) {
        const says = "The PROXY header has no private link TLV.";
        return { header: refused("header-without-link", says), rest: nothing };
      }
      return { header: { kind: "link", linkId }, rest: bytes.subarray(found.length) };
    }
    default:
      return assertNever(found);
  }
}

const refused = (reason: CloseReason, says: string): LinkHeader => ({
  kind: "refused",
  reason,
  says,
});
