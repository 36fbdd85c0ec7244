/** A transport that stands in a virtual network for as long as a command runs: it goes in again when the fabric was restarted. */
import type { Transport } from "../../client/index.ts";
import { CodedError } from "../../core/index.ts";
import type { Where } from "../exec/index.ts";
import type { Connection, Standing } from "./connect.ts";

/**
 * Opens the first session at once, so that a wrong place is known before anything starts.
 *
 * @param transportOf what is sent with, where that is not the session's own: a transport with a client certificate, say.
 */
export async function lastingTransport(
  connection: Connection,
  where: Where,
  transportOf: (standing: Standing) => Transport = ({ transport }) => transport,
): Promise<Transport> {
  let standing: Promise<Standing> = connection.stand(where);
  let closed = false;
  let made: { readonly of: Standing; readonly transport: Transport } | undefined;
  const transportIn = (now: Standing): Transport => {
    if (made?.of !== now) made = { of: now, transport: transportOf(now) };
    return made.transport;
  };
  await standing;
  const current = async (): Promise<Standing> => {
    if (closed) throw new CodedError("WrongUse", "The transport is closed.");
    const now = await standing.catch(() => undefined);
    if (now !== undefined && !now.session.lost.aborted) return now;
    now?.close().catch(() => {});
    standing = connection.stand(where);
    return standing;
  };
  return {
    send: async (request) => transportIn(await current()).send(request),
    close: () => {
      closed = true;
      made?.transport.close();
      standing.then((now) => now.close()).catch(() => {});
    },
  };
}
