/** A sign-in host and a proxy before it, as a pod with a workload identity would meet them: both tell what they were asked. */
import { once } from "node:events";
import { createServer as createPlainServer } from "node:http";
import { createServer } from "node:https";
import { connect } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { dirname } from "node:path";
import { systemClock, systemRandom } from "../../src/core/index.ts";
import { openAuthority } from "../../src/tls/index.ts";
import type { Lab } from "./start-lab.ts";

export interface LoginStandIn {
  /** `https://127.0.0.1:PORT`, by a certificate of the lab's authority. */
  readonly loginUrl: string;
  readonly proxyUrl: string;
  /** The hosts that the proxy was asked to connect to. */
  readonly connects: readonly string[];
  /** The next form that the sign-in host is sent; it issues no token. */
  readonly nextForm: () => Promise<{ readonly path: string; readonly form: URLSearchParams }>;
  readonly close: () => void;
}

export async function startLoginStandIn(lab: Lab): Promise<LoginStandIn> {
  const folder = dirname(lab.caPath);
  const authority = await openAuthority({ folder, clock: systemClock(), random: systemRandom() });
  const asked = Promise.withResolvers<{ path: string; form: URLSearchParams }>();
  const login = createServer(await authority.leafFor("127.0.0.1"), (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const form = new URLSearchParams(Buffer.concat(chunks).toString());
      asked.resolve({ path: incoming.url ?? "", form });
      outgoing.writeHead(401, { "content-type": "application/json" });
      outgoing.end('{"error":"invalid_client","error_description":"stand-in: no token"}');
    });
  });
  const connects: string[] = [];
  const proxy = createPlainServer();
  proxy.on("connect", ({ url = "" }, socket, head: Buffer) => {
    connects.push(url);
    const upstream = connect(Number(url.split(":").at(-1)), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on("error", () => socket.destroy());
    socket.on("error", () => upstream.destroy());
  });
  return {
    loginUrl: `https://127.0.0.1:${await portOf(login)}`,
    proxyUrl: `http://127.0.0.1:${await portOf(proxy)}`,
    connects,
    nextForm: () => asked.promise,
    close() {
      login.closeAllConnections();
      login.close();
      proxy.closeAllConnections();
      proxy.close();
    },
  };
}

async function portOf(server: Server): Promise<number> {
  const listening = once(server, "listening");
  server.listen(0, "127.0.0.1");
  await listening;
  return (server.address() as AddressInfo).port;
}
