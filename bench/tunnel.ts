/** A CONNECT tunnel of a gateway, as a bench's client opens it. */
import { request } from "node:http";
import type { Socket } from "node:net";

/** Opens a tunnel to `authority` (`host:port`) by a gateway URL with user and secret. */
export function openTunnel(gatewayUrl: string, authority: string): Promise<Socket> {
  const gateway = new URL(gatewayUrl);
  const secret = `${decodeURIComponent(gateway.username)}:${decodeURIComponent(gateway.password)}`;
  return new Promise((done, fail) => {
    const call = request({
      host: gateway.hostname,
      port: gateway.port,
      method: "CONNECT",
      path: authority,
      headers: {
        host: authority,
        "proxy-authorization": `Basic ${Buffer.from(secret).toString("base64")}`,
      },
      agent: false,
    });
    call.once("connect", (response, socket: Socket) => {
      if (response.statusCode === 200) return done(socket.setNoDelay(true));
      return fail(new Error(`the gateway answered ${response.statusCode}`));
    });
    call.once("error", fail);
    call.end();
  });
}
