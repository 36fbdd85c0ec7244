/** A transport that stands in a virtual network for as long as a command runs: it goes in again when the fabric was restarted. */
import type { Transport } from "../../client/index.ts";
import { CodedError } from "../../core/index.ts";
import type { Where } from "../exec/index.ts";
import type { Connection, Standing } from "./connect.ts";

/** Opens the first session at once, so that a wrong place is known before anything starts. */
export async function lastingTransport(connection: Connection, where: Where): Promise<Transport> {
  let standing: Promise<Standing> = connection.stand(where);
  let closed = false;
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
    send: async (request) => (await current()).transport.send(request),
    close: () => {
      closed = true;
      standing.then((now) => now.close()).catch(() => {});
    },
  };
}
