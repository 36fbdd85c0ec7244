/** The fabric's administration socket as commands use it: sessions that last as long as their connection, and resolution. */
import { Agent, request as httpRequest } from "node:http";
import type { IncomingMessage } from "node:http";
import { CodedError, limits, messageOf } from "../../core/index.ts";

/** Where a command is to stand. */
export type Where =
  | {
      readonly kind: "vnet";
      /** A virtual network's id, or a name that only one has. */
      readonly vnet: string;
      /** The cluster or identity whose tokens the managed-identity endpoint gives. */
      readonly as?: string;
    }
  | {
      readonly kind: "on-premises";
      /** The id of the local network gateway or circuit that describes the network, or a name that only one has. */
      readonly network: string;
    }
  | { readonly kind: "public" };

/** The doors of a session, as the fabric answers them. */
export interface SessionDoors {
  readonly id: string;
  readonly vnetId: string | null;
  /** An on-premises network's id; null elsewhere. */
  readonly networkId: string | null;
  readonly identityId: string | null;
  readonly secret: string;
  /** The value of the proxy variables; it carries the session's secret. */
  readonly gatewayUrl: string;
  readonly resolver: { readonly host: string; readonly port: number } | null;
  readonly relaySocket: string;
  readonly prefixes: readonly string[];
  readonly dns: string;
  readonly instanceMetadata: string;
  /** Folders of sockets that a command in a namespace must not see. */
  readonly hiddenFolders: readonly string[];
}

export interface OpenSession {
  readonly doors: SessionDoors;
  /** Aborted when the fabric has gone, and the session with it. */
  readonly lost: AbortSignal;
  readonly close: () => Promise<void>;
}

/**
 * Opens a session. It ends with `close`, and with this process.
 *
 * @throws CodedError with the fabric's own code (VirtualNetworkNotFound, InvalidSession, TooManySessions), or
 *   PlatformUnavailable when nothing answers on the socket.
 */
export async function openSession(adminSocket: string, where: Where): Promise<OpenSession> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const body = bodyOf(where);
  const gone = new AbortController();
  const ask = { adminSocket, agent, onClose: () => gone.abort() };
  try {
    const doors = (await call({ ...ask, method: "POST", path: "/sessions", body })) as SessionDoors;
    return {
      doors,
      lost: gone.signal,
      close: async () => {
        try {
          await call({ ...ask, method: "DELETE", path: `/sessions/${doors.id}` });
        } catch {
          // A fabric that is gone has no session to end.
        } finally {
          agent.destroy();
        }
      },
    };
  } catch (error) {
    agent.destroy();
    throw error;
  }
}

function bodyOf(where: Where): object {
  switch (where.kind) {
    case "public":
      return { public: true };
    case "on-premises":
      return { networkId: where.network };
    case "vnet":
      return { vnetId: where.vnet, ...(where.as === undefined ? {} : { identityId: where.as }) };
  }
}

/**
 * Asks the fabric: `GET /resolve?name=N&vnet=V` (or `network=V`), `GET /vnets`, `GET /counters`.
 *
 * @throws CodedError as `openSession`.
 */
export function askFabric(adminSocket: string, path: string): Promise<unknown> {
  return call({ adminSocket, agent: false, method: "GET", path });
}

interface Call {
  readonly adminSocket: string;
  readonly agent: Agent | false;
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: object;
  readonly onClose?: () => void;
}

function call({ adminSocket, agent, method, path, body, onClose }: Call): Promise<unknown> {
  return new Promise((done, fail) => {
    const payload = body === undefined ? "" : JSON.stringify(body);
    const headers =
      body === undefined
        ? {}
        : {
            "content-type": "application/json",
            "content-length": String(Buffer.byteLength(payload)),
          };
    const options = { socketPath: adminSocket, agent, method, path, headers };
    const request = httpRequest(options, (response) => {
      if (onClose !== undefined) response.socket.once("close", onClose);
      readAnswer(response).then(done, fail);
    });
    request.on("error", (error) =>
      fail(
        new CodedError(
          "PlatformUnavailable",
          `The platform's fabric does not answer on ${adminSocket}: ${messageOf(error)}. Is it running?`,
          { cause: error },
        ),
      ),
    );
    request.end(payload);
  });
}

async function readAnswer(response: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limits.httpBodyBytesMax) throw new Error("The fabric's answer is too long.");
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  const value = text === "" ? undefined : (JSON.parse(text) as unknown);
  const status = response.statusCode ?? 500;
  if (status < 400) return value;
  const { error } = (value ?? {}) as { readonly error?: { code?: string; message?: string } };
  throw new CodedError(error?.code ?? "InternalServerError", error?.message ?? text, { status });
}
