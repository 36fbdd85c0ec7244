/** The connections of a transport: TLS on a direct socket or on a CONNECT tunnel, with what was seen of the other end. */
import { request as plainRequest } from "node:http";
import { Agent } from "node:https";
import type { RequestOptions } from "node:https";
import { isIP } from "node:net";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect } from "node:tls";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import type { Clock } from "../core/index.ts";
import { limits } from "../core/index.ts";
import { clientError } from "./errors.ts";
import type { CertificateEvidence } from "./transport.ts";

interface TunnelEnd {
  readonly address: string | undefined;
  readonly certificate: CertificateEvidence;
}

/** What was seen when a connection was made; kept while the connection is. */
export const tunnelEnds = new WeakMap<Duplex, TunnelEnd>();

export type TunnelAgent = Agent;

type Done = (error: Error | null, stream: Duplex) => void;

/** An agent that keeps connections alive; through `gateway` where there is one. */
export function tunnelAgent(options: {
  readonly clock: Clock;
  readonly caPem?: string;
  readonly gateway?: string;
  readonly verify?: boolean;
  readonly serverName?: string;
  readonly clientCertificate?: { readonly certPem: string; readonly keyPem: string };
  readonly addressOf?: (host: string) => string | undefined;
}): TunnelAgent {
  const { caPem, gateway, clock, addressOf, verify, serverName, clientCertificate } = options;
  const trust: ConnectionOptions = {
    ...(caPem === undefined ? {} : { ca: caPem }),
    ...(verify === false ? { rejectUnauthorized: false } : {}),
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(clientCertificate === undefined
      ? {}
      : { cert: clientCertificate.certPem, key: clientCertificate.keyPem }),
  };
  return new EvidenceAgent({ trust, gateway, clock, addressOf });
}

class EvidenceAgent extends Agent {
  readonly #trust: ConnectionOptions;
  readonly #gateway: URL | undefined;
  readonly #clock: Clock;
  readonly #addressOf: ((host: string) => string | undefined) | undefined;

  constructor(options: {
    readonly trust: ConnectionOptions;
    readonly gateway: string | undefined;
    readonly clock: Clock;
    readonly addressOf: ((host: string) => string | undefined) | undefined;
  }) {
    super({ keepAlive: true, maxSockets: limits.clientConnectionsMax, maxFreeSockets: 16 });
    this.#trust = options.trust;
    this.#gateway = options.gateway === undefined ? undefined : new URL(options.gateway);
    this.#clock = options.clock;
    this.#addressOf = options.addressOf;
  }

  override createConnection(options: RequestOptions, done?: Done): undefined {
    const host = options.host ?? "";
    const port = Number(options.port ?? 443);
    const finish: Done = done ?? ((): void => undefined);
    const fail = (error: Error): void => finish(error, undefined as unknown as Duplex);
    const pinned = this.#addressOf?.(host);
    if (this.#gateway === undefined) {
      this.#secure({ host, port, address: pinned }, { finish, fail });
      return;
    }
    openTunnel(this.#gateway, `${pinned ?? host}:${port}`, this.#clock).then(
      ({ socket, address }) =>
        this.#secure({ host, socket, address: pinned ?? address }, { finish, fail }),
      fail,
    );
  }

  #secure(
    to: {
      readonly host: string;
      readonly port?: number;
      readonly socket?: Socket;
      readonly address?: string | undefined;
    },
    { finish, fail }: { readonly finish: Done; readonly fail: (error: Error) => void },
  ): void {
    const { host, port, socket } = to;
    const secured: TLSSocket = connect({
      ...(socket === undefined ? { host: to.address ?? host, port } : { socket }),
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...this.#trust,
      minVersion: "TLSv1.2",
      ALPNProtocols: ["http/1.1"],
    });
    const timer = this.#clock.after(limits.clientTimeoutMs, () =>
      secured.destroy(clientError("RequestTimedOut", `${host} made no TLS connection in time.`)),
    );
    const end = (error: Error): void => {
      timer.cancel();
      fail(error);
    };
    secured.once("error", end);
    secured.once("secureConnect", () => {
      timer.cancel();
      secured.off("error", end);
      const address = socket === undefined ? secured.remoteAddress : to.address;
      tunnelEnds.set(secured, { address, certificate: certificateOf(secured) });
      finish(null, secured);
    });
  }
}

function certificateOf(socket: TLSSocket): CertificateEvidence {
  const { subject, issuer, subjectaltname, valid_to, fingerprint256 } = socket.getPeerCertificate();
  return {
    subject: String(subject?.CN ?? ""),
    issuer: String(issuer?.CN ?? ""),
    subjectAltName: subjectaltname ?? "",
    validTo: valid_to,
    fingerprint256,
  };
}

/** Opens a CONNECT tunnel to `authority`, and answers with the address that the gateway says it reached. */
function openTunnel(
  gateway: URL,
  authority: string,
  clock: Clock,
): Promise<{ readonly socket: Socket; readonly address: string | undefined }> {
  return new Promise((resolve, reject) => {
    const request = plainRequest({
      host: gateway.hostname,
      port: gateway.port,
      method: "CONNECT",
      path: authority,
      headers: { host: authority, ...proxyAuthorization(gateway) },
      agent: false,
    });
    const timer = clock.after(limits.clientTimeoutMs, () =>
      request.destroy(
        clientError("RequestTimedOut", `The gateway opened no way to ${authority} in time.`),
      ),
    );
    request.once("error", (error) => {
      timer.cancel();
      reject(error);
    });
    request.once("connect", (response, socket) => {
      timer.cancel();
      const address = response.headers["x-linkscope-address"];
      if (response.statusCode === 200) {
        return resolve({ socket, address: typeof address === "string" ? address : undefined });
      }
      socket.destroy();
      const status = response.statusCode ?? 0;
      const why = String(response.headers["x-linkscope-code"] ?? response.statusMessage ?? "");
      const says = `The gateway answered CONNECT ${authority} with ${status} ${why}.`;
      reject(clientError("GatewayRefused", says, { status }));
    });
    request.end();
  });
}

/** The gateway's user and secret, as a header; none where its URL has none. */
export function proxyAuthorization(gateway: URL): Record<string, string> {
  if (gateway.username === "" && gateway.password === "") return {};
  const pair = `${decodeURIComponent(gateway.username)}:${decodeURIComponent(gateway.password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(pair).toString("base64")}` };
}
