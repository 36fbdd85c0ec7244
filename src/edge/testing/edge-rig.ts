/** An edge on real sockets for tests: a public port, a Unix socket with an endpoint's forwarder before it, and a client. */
import { mkdtemp, rm } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import type { OutgoingHttpHeaders } from "node:http";
import { connect as connectTcp } from "node:net";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import { graphSource, withChanges } from "../../arm/index.ts";
import type { Change, GraphSource, SharedKeySource } from "../../arm/index.ts";
import { fakeClock, labelsOf, seededRandom, systemClock, systemRandom } from "../../core/index.ts";
import type { FakeClock } from "../../core/index.ts";
import { answerPrometheusApi } from "../../query/index.ts";
import { openMetricsStore } from "../../store/index.ts";
import type { MetricsStore } from "../../store/index.ts";
import { openAuthority } from "../../tls/index.ts";
import type { Authority } from "../../tls/index.ts";
import {
  issueToken,
  openAgentCertificates,
  openSigningKey,
  openWorkspaceKeys,
} from "../../tokens/index.ts";
import type { AgentCertificates, SigningKeys } from "../../tokens/index.ts";
import { encodeProxyHeader, encodeWriteRequest, snappyEncode } from "../../wire/index.ts";
import { receiveRemoteWrite } from "../../ingest/index.ts";
import { openAccessLog } from "../access-log.ts";
import type { AccessLog } from "../access-log.ts";
import { createEdge } from "../edge.ts";
import type { Edge, EdgeOptions } from "../edge.ts";
import { closedEstate, linkOf } from "./estate.ts";
import { logsInMemory } from "./logs-in-memory.ts";
import type { LogsInMemory } from "./logs-in-memory.ts";

export const tenantId = "00000000-0000-0000-0000-00000000000e";

/** `public`, or the link id of a private endpoint. */
export type Via = "public" | number;

export interface Ask {
  readonly via: Via;
  readonly host: string;
  readonly path: string;
  readonly method?: string;
  readonly token?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Uint8Array | string;
  /** The host of the handshake where it is not that of the request. */
  readonly serverName?: string;
  /** The client's own certificate. */
  readonly certificate?: { readonly key: string; readonly cert: string };
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface EdgeRig {
  readonly edge: Edge;
  readonly clock: FakeClock;
  readonly source: GraphSource;
  readonly store: MetricsStore;
  readonly logs: LogsInMemory;
  readonly sharedKeys: SharedKeySource;
  readonly agentCertificates: AgentCertificates;
  readonly agentsPath: string;
  readonly authority: Authority;
  readonly accessLog: AccessLog;
  readonly accessLogPath: string;
  readonly loginKey: SigningKeys;
  readonly ingestionKey: SigningKeys;
  readonly publicPort: number;
  readonly privatePath: string;
  /** Publishes the next version of the graph. */
  change(...changes: readonly Change[]): void;
  /** Goes back to the estate that the rig began with. */
  reset(): void;
  token(objectId: string, audience: string, options?: { readonly nowMs?: number }): string;
  /** A raw connection: to the public port, or through the forwarder of a private endpoint. */
  dial(via: Via): Promise<Socket>;
  handshake(via: Via, serverName: string, certificate?: Ask["certificate"]): Promise<TLSSocket>;
  ask(ask: Ask): Promise<Answer>;
  close(): Promise<void>;
}

/** Starts an edge over the closed estate, with its protocols replaced where a test says so. */
export async function edgeRig(
  protocols: Partial<
    Pick<EdgeOptions, "receiveRemoteWrite" | "answerPrometheusApi" | "ruleQuota">
  > = {},
): Promise<EdgeRig> {
  const folder = await mkdtemp(join(tmpdir(), "edge-"));
  const clock = fakeClock();
  const parts = await openParts(folder, clock);
  const { accessLog, authority, loginKey, source, store } = parts;
  const first = source.current();
  const edge = createEdge({
    ...parts,
    linkOf,
    logsStore: parts.logs.store,
    kql: parts.logs.kql,
    clock,
    random: seededRandom(7),
    receiveRemoteWrite,
    answerPrometheusApi,
    ...protocols,
  });
  const { port: publicPort } = await edge.listenPublic({ host: "127.0.0.1", port: 0 });
  const privatePath = join(folder, "edge.sock");
  await edge.listenPrivate(privatePath);
  const dial = (via: Via): Promise<Socket> => dialTo({ publicPort, privatePath }, via);
  const handshake: EdgeRig["handshake"] = async (via, serverName, certificate = undefined) =>
    secured(await dial(via), { servername: serverName, ca: authority.caPem, ...certificate });
  return {
    ...parts,
    edge,
    clock,
    publicPort,
    privatePath,
    dial,
    handshake,
    change(...changes) {
      const current = source.current();
      source.publish({ ...current, graph: withChanges(current.graph, changes) });
    },
    reset: () => source.publish(first),
    token: (objectId, audience, { nowMs = clock.nowMs() } = {}) =>
      issueToken(loginKey, { audience, tenantId, objectId, appId: objectId, nowMs }),
    async ask(ask) {
      const socket = await handshake(ask.via, ask.serverName ?? ask.host, ask.certificate);
      try {
        return await exchange(socket, ask);
      } finally {
        socket.destroy();
      }
    },
    async close() {
      const closed = edge.close();
      clock.advance(60_000);
      await closed;
      await store.close();
      await accessLog.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function openParts(folder: string, clock: FakeClock) {
  const random = systemRandom();
  const keyAt = (name: string): Promise<SigningKeys> =>
    openSigningKey({ path: join(folder, name), clock, random });
  const accessLogPath = join(folder, "access.ndjson");
  const agentsPath = join(folder, "agents.json");
  const [sharedKeys, agentCertificates] = await Promise.all([
    openWorkspaceKeys({ path: join(folder, "workspaces.json"), random }),
    openAgentCertificates({ path: agentsPath, clock, random }),
  ]);
  const [loginKey, ingestionKey, authority, accessLog, store] = await Promise.all([
    keyAt("login.json"),
    keyAt("ingestion.json"),
    // node:tls judges certificates by the clock of the machine, so that the authority has it too.
    openAuthority({ folder: join(folder, "tls"), clock: systemClock(), random }),
    openAccessLog(accessLogPath),
    openMetricsStore({ folder: join(folder, "metrics"), clock, random, onNote: () => {} }),
  ]);
  const source = graphSource({ graph: closedEstate(), jwks: loginKey.jwks(), tenantId });
  const logs = logsInMemory();
  const legacy = { sharedKeys, agentCertificates, agentsPath };
  return {
    ...legacy,
    logs,
    loginKey,
    ingestionKey,
    authority,
    accessLog,
    accessLogPath,
    store,
    source,
  };
}

interface Doors {
  readonly publicPort: number;
  readonly privatePath: string;
}

async function dialTo({ publicPort, privatePath }: Doors, via: Via): Promise<Socket> {
  if (via === "public") return connected(connectTcp({ host: "127.0.0.1", port: publicPort }));
  const socket = await connected(connectTcp({ path: privatePath }));
  const from = { address: "10.1.0.7", port: 40_000 };
  const to = { address: "10.1.2.5", port: 443 };
  socket.write(encodeProxyHeader({ source: from, destination: to, linkId: via }));
  return socket;
}

function secured(socket: Socket, options: ConnectionOptions): Promise<TLSSocket> {
  const tls = connectTls({ ...options, socket });
  return new Promise((resolve, reject) => {
    tls.once("secureConnect", () => resolve(tls));
    tls.once("error", reject);
    tls.once("close", () => reject(new Error("closed during the handshake")));
  });
}

/** The headers and the body of a remote write of one sample; without a value, of no series. */
export function remoteWrite(timestampMs: number, value?: number): Pick<Ask, "headers" | "body"> {
  const labels = labelsOf({ __name__: "up", job: "test" });
  const series = value === undefined ? [] : [{ labels, samples: [{ timestampMs, value }] }];
  return {
    headers: {
      "content-type": "application/x-protobuf",
      "content-encoding": "snappy",
      "x-prometheus-remote-write-version": "0.1.0",
    },
    body: snappyEncode(encodeWriteRequest(series)),
  };
}

const connected = (socket: Socket): Promise<Socket> =>
  new Promise((resolve, reject) => {
    socket.once("connect", () => resolve(socket));
    socket.once("error", reject);
  });

/** One request on a connection after its handshake; the connection stays open. */
export function exchange(socket: TLSSocket, ask: Omit<Ask, "via">): Promise<Answer> {
  const headers: OutgoingHttpHeaders = {
    host: ask.host,
    connection: "keep-alive",
    ...ask.headers,
  };
  if (ask.token !== undefined) headers["authorization"] = `Bearer ${ask.token}`;
  const chunked = headers["transfer-encoding"] !== undefined;
  if (ask.body !== undefined && !chunked) headers["content-length"] = Buffer.byteLength(ask.body);
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      createConnection: () => socket,
      method: ask.method ?? "GET",
      path: ask.path,
      headers,
    });
    request.once("error", reject);
    request.once("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    request.end(ask.body);
  });
}

/** Sends bytes as they are and reads until the other end closes. */
export function exchangeRaw(socket: Socket, bytes: string | Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", () => socket.destroy());
    socket.once("close", () => resolve(Buffer.concat(chunks).toString("latin1")));
    socket.write(bytes);
  });
}
