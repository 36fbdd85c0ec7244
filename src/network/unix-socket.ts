/** Unix sockets as the fabric makes them: in a private folder, a path that fits, nothing stale in the way. */
import { chmodSync, rmSync } from "node:fs";
import type { Server } from "node:net";
import { limits } from "../core/index.ts";
import { networkError } from "./dial.ts";

/**
 * Listens on `path`, which only its owner may open. A socket that an earlier process left there is removed.
 *
 * @throws CodedError SocketPathTooLong past `limits.socketPathBytesMax`, which the system would cut silently.
 */
export async function listenOnPath(server: Server, path: string): Promise<void> {
  const bytes = Buffer.byteLength(path);
  if (bytes > limits.socketPathBytesMax) {
    throw networkError(
      "SocketPathTooLong",
      `The socket's path ${path} has ${bytes} bytes; the limit is ${limits.socketPathBytesMax}. Use a shorter folder.`,
    );
  }
  rmSync(path, { force: true });
  await new Promise<void>((done, fail) => {
    server.once("error", fail);
    server.listen({ path, backlog: limits.connectionsPerSessionMax }, () => {
      server.off("error", fail);
      done();
    });
  });
  chmodSync(path, 0o600);
}
