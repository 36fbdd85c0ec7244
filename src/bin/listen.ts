/** Listening on 127.0.0.1 and on Unix sockets: the port that was used last when it is free, else any. */
import { once } from "node:events";
import { lstatSync, unlinkSync } from "node:fs";
import { chmod } from "node:fs/promises";
import type { AddressInfo, Server } from "node:net";

/** Listens on 127.0.0.1; returns the port. */
export async function listenLocal(server: Server, preferredPort = 0): Promise<number> {
  await onPreferredPort(preferredPort, (port) => listen(server, { host: "127.0.0.1", port }));
  return (server.address() as AddressInfo).port;
}

/** Calls `start` with the preferred port, and with 0 (any) when that one is taken. */
export async function onPreferredPort<T>(
  preferredPort: number | undefined,
  start: (port: number) => Promise<T>,
): Promise<T> {
  try {
    return await start(preferredPort ?? 0);
  } catch (error) {
    const taken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
    if (!taken || preferredPort === undefined || preferredPort === 0) throw error;
    return start(0);
  }
}

/** Listens on a Unix socket that only its owner may open. One that a process that was killed left there is removed. */
export async function listenUnix(server: Server, path: string): Promise<void> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) unlinkSync(path);
  await listen(server, { path });
  await chmod(path, 0o600);
}

async function listen(
  server: Server,
  where: { readonly host: string; readonly port: number } | { readonly path: string },
): Promise<void> {
  const listening = once(server, "listening");
  server.listen(where);
  await listening;
}

/** Stops listening and ends every connection that is open. */
export function closeServer(server: Server & { closeAllConnections?: () => void }): Promise<void> {
  return new Promise((done) => {
    server.close(() => done());
    server.closeAllConnections?.();
  });
}
