/** Joins a client to what its connection leads to; where a firewall is on the way, its greeting is read and judged first. */
import type { Socket } from "node:net";
import { assertNever, limits } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import { readGreeting } from "../wire/index.ts";
import { networkError } from "./dial.ts";
import type { Dialled } from "./dial.ts";
import { reset, splice } from "./splice.ts";

export interface ClientToJoin {
  readonly client: Socket;
  /** What the client has sent already. */
  readonly head: Buffer;
  readonly clock: Clock;
}

/**
 * Joins the two. A client whose greeting a firewall refuses is reset, as Azure's firewall does with TLS.
 *
 * @throws CodedError FirewallDenied, or why the platform's own listener does not answer; the client is gone then.
 */
export async function joinClient(dialled: Dialled, to: ClientToJoin): Promise<void> {
  switch (dialled.kind) {
    case "open":
      return join(dialled.upstream, to.head, to.client);
    case "inspected":
      try {
        const { bytes, fqdn } = await greetingOf(to);
        return join(await dialled.open(fqdn), bytes, to.client);
      } catch (error) {
        reset(to.client);
        throw error;
      }
    default:
      return assertNever(dialled);
  }
}

function join(upstream: Socket, head: Buffer, client: Socket): void {
  if (client.destroyed) {
    upstream.destroy();
    return;
  }
  if (head.length > 0) upstream.write(head);
  splice(client, upstream);
}

interface ReadGreeting {
  readonly bytes: Buffer;
  /** Undefined for a greeting without a name. */
  readonly fqdn: string | undefined;
}

/** Reads a client's greeting within `limits.tlsGreetingBytesMax` and `limits.tlsGreetingTimeoutMs`; the client is paused after it. */
function greetingOf({ client, head, clock }: ClientToJoin): Promise<ReadGreeting> {
  return new Promise((done, fail) => {
    let bytes = head;
    let settled = false;
    const settle = (end: () => void): void => {
      if (settled) return;
      settled = true;
      timer.cancel();
      client.off("data", take);
      client.off("end", gone);
      client.off("close", gone);
      client.pause();
      end();
    };
    const gone = (): void => settle(() => fail(silent("ended")));
    const look = (): void => {
      const greeting = readGreeting(bytes);
      if (greeting.kind === "more" && bytes.length < limits.tlsGreetingBytesMax) return;
      const fqdn = greeting.kind === "named" ? greeting.fqdn : undefined;
      settle(() => done({ bytes, fqdn }));
    };
    const take = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      look();
    };
    const timer = clock.after(limits.tlsGreetingTimeoutMs, () =>
      settle(() => fail(silent(`said nothing for ${limits.tlsGreetingTimeoutMs} ms`))),
    );
    client.on("data", take);
    client.once("end", gone);
    client.once("close", gone);
    if (client.destroyed) gone();
    else if (bytes.length > 0) look();
    // Whoever read the socket before may have paused it, which a listener alone does not undo.
    if (!settled) client.resume();
  });
}

const silent = (what: string): Error =>
  networkError(
    "FirewallDenied",
    `The client ${what} before its TLS greeting was whole, and the firewall decides by its name.`,
  );
