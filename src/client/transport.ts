/** HTTP requests of the clients: direct, or through an HTTP CONNECT gateway, with evidence of where they arrived. */
import { request as plainRequest } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import { request as secureRequest } from "node:https";
import type { Socket } from "node:net";
import { limits, messageOf } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import { clientError } from "./errors.ts";
import { proxyAuthorization, tunnelAgent, tunnelEnds } from "./tunnel-agent.ts";
import type { TunnelAgent } from "./tunnel-agent.ts";

export interface TransportRequest {
  readonly method: string;
  /** `https:`, or `http:` for the managed-identity endpoint and metrics of targets. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** For the whole exchange; `limits.clientTimeoutMs` where absent. */
  readonly timeoutMs?: number;
  /** Of the answer; `limits.clientAnswerBytesMax` where absent. */
  readonly answerBytesMax?: number;
  readonly signal?: AbortSignal;
}

/** What a client can see of the other end, on any cloud. */
export interface PeerEvidence {
  /** The address that was connected to; through a gateway what the gateway says of it, else undefined. */
  readonly address: string | undefined;
  readonly throughGateway: boolean;
  /** Verified, unless the request was plain HTTP; then undefined. */
  readonly certificate: CertificateEvidence | undefined;
}

export interface CertificateEvidence {
  readonly subject: string;
  readonly issuer: string;
  /** `DNS:a.example, DNS:b.example`. */
  readonly subjectAltName: string;
  /** As the certificate spells it: `Jan  1 00:00:00 2027 GMT`. */
  readonly validTo: string;
  readonly fingerprint256: string;
}

export interface TransportResponse {
  readonly status: number;
  /** Names in lower case; a repeated header is joined with ", ". */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly peer: PeerEvidence;
}

export interface Transport {
  /**
   * Sends one request; redirects are never followed, any status is an answer.
   *
   * @throws CodedError NameNotFound, ConnectionFailed, CertificateRefused, GatewayRefused, RequestTimedOut, AnswerTooLarge.
   */
  send(request: TransportRequest): Promise<TransportResponse>;
  /** Ends idle connections. */
  close(): void;
}

export interface TransportOptions {
  readonly clock: Clock;
  /** The authorities to trust, PEM; Node's own where absent. */
  readonly caPem?: string;
  /** `http://user:secret@127.0.0.1:PORT`: requests go as CONNECT (https) or in absolute form (http). */
  readonly gateway?: string;
  /** False takes any certificate: for kubelets, which make their own. */
  readonly verify?: boolean;
  /** The name that certificates must have, where it is not the URL's host. */
  readonly serverName?: string;
  readonly clientCertificate?: { readonly certPem: string; readonly keyPem: string };
  /** Where to connect for a host that the caller has resolved itself; the name is what TLS verifies all the same. */
  readonly addressOf?: (host: string) => string | undefined;
}

/** Opens a transport. Connections are kept alive and shared by its requests. */
export function openTransport(options: TransportOptions): Transport {
  const agent = tunnelAgent(options);
  return {
    send: (request) => exchange(request, { ...options, agent }),
    close: () => agent.destroy(),
  };
}

type Way = TransportOptions & { readonly agent: TunnelAgent };

function exchange(asked: TransportRequest, way: Way): Promise<TransportResponse> {
  return new Promise((resolve, reject) => {
    const { signal, timeoutMs = limits.clientTimeoutMs } = asked;
    const request = begin(asked, way);
    // A request that has no socket yet tells nobody that it was destroyed: the promise is settled first.
    const end = (error: unknown): void => {
      timer.cancel();
      signal?.removeEventListener("abort", abort);
      reject(signal?.aborted === true ? signal.reason : failureOf(asked, error));
      request.destroy();
    };
    const abort = (): void => end(signal?.reason);
    const timer = way.clock.after(timeoutMs, () =>
      end(clientError("RequestTimedOut", `${describe(asked)}: no answer within ${timeoutMs} ms.`)),
    );
    request.on("error", end);
    request.once("response", (incoming) => {
      readAnswer(incoming, asked, way).then((response) => {
        timer.cancel();
        signal?.removeEventListener("abort", abort);
        resolve(response);
      }, end);
    });
    if (signal?.aborted === true) return abort();
    signal?.addEventListener("abort", abort, { once: true });
    request.end(asked.body);
  });
}

function begin(asked: TransportRequest, way: Way): ClientRequest {
  const url = new URL(asked.url);
  const headers = {
    ...asked.headers,
    ...(asked.body === undefined ? {} : { "content-length": Buffer.byteLength(asked.body) }),
  };
  const { method } = asked;
  if (url.protocol === "https:") {
    return secureRequest(url, { method, headers, agent: way.agent });
  }
  if (way.gateway === undefined) return plainRequest(url, { method, headers });
  const gateway = new URL(way.gateway);
  return plainRequest({
    host: gateway.hostname,
    port: gateway.port,
    method,
    path: url.href,
    headers: { ...headers, host: url.host, ...proxyAuthorization(gateway) },
  });
}

async function readAnswer(
  incoming: IncomingMessage,
  asked: TransportRequest,
  way: Way,
): Promise<TransportResponse> {
  const peer = peerOf(incoming.socket, way);
  const bytesMax = asked.answerBytesMax ?? limits.clientAnswerBytesMax;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bytesMax) {
      incoming.destroy();
      throw clientError(
        "AnswerTooLarge",
        `${describe(asked)}: the answer has more than ${bytesMax} bytes. Ask for less.`,
      );
    }
    chunks.push(chunk);
  }
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return { status: incoming.statusCode ?? 0, headers, body: Buffer.concat(chunks, size), peer };
}

function peerOf(socket: Socket, { gateway }: TransportOptions): PeerEvidence {
  const throughGateway = gateway !== undefined;
  return {
    address: throughGateway ? tunnelEnds.get(socket)?.address : socket.remoteAddress,
    throughGateway,
    certificate: tunnelEnds.get(socket)?.certificate,
  };
}

/** `GET https://host/path`, without the query: it may hold what no log should. */
const describe = ({ method, url }: TransportRequest): string => `${method} ${url.split("?")[0]}`;

function failureOf(asked: TransportRequest, error: unknown): unknown {
  if (!(error instanceof Error) || error.name === "CodedError") return error;
  const code = "code" in error ? String(error.code) : "";
  const says = `${describe(asked)}: ${messageOf(error)}.`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return clientError("NameNotFound", says, { cause: error });
  }
  if (/^(ERR_TLS_|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|ERR_SSL_)/.test(code)) {
    return clientError("CertificateRefused", says, { cause: error });
  }
  return clientError("ConnectionFailed", says, { cause: error });
}
