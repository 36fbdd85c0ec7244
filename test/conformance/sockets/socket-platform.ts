/** The platform's data plane on real sockets over a graph that a test publishes: fabric and edge, and no control. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { graphSource } from "../../../src/arm/index.ts";
import type { Graph } from "../../../src/arm/index.ts";
import { audiences } from "../../../src/azure/index.ts";
import { fakeClock, systemClock, systemRandom } from "../../../src/core/index.ts";
import { createEdge, openAccessLog } from "../../../src/edge/index.ts";
import type { AccessEntry } from "../../../src/edge/index.ts";
import { receiveRemoteWrite } from "../../../src/ingest/index.ts";
import { createFabric, readLinkTable } from "../../../src/network/index.ts";
import type { Fabric } from "../../../src/network/index.ts";
import { answerPrometheusApi } from "../../../src/query/index.ts";
import { openMetricsStore } from "../../../src/store/index.ts";
import type { LogsStore } from "../../../src/store/index.ts";
import { openAuthority } from "../../../src/tls/index.ts";
import { logsInMemory } from "../../../src/edge/testing/logs-in-memory.ts";
import {
  issueIngestionToken,
  issueToken,
  openAgentCertificates,
  openSigningKey,
  openWorkspaceKeys,
} from "../../../src/tokens/index.ts";
import { startArmFront } from "./arm-front.ts";
import { asker } from "./dressed-graph.ts";

const tenantId = "00000000-0000-4000-8000-0000000000ee";

export interface SocketPlatform {
  readonly fabric: Fabric;
  readonly caPem: string;
  /** A folder that clients inside see, gone after `close`. */
  readonly folder: string;
  /** The edge's listener for private links. */
  readonly privateSocket: string;
  readonly publish: (graph: Graph) => void;
  /** A valid token of the asker. */
  readonly token: (audience: string) => string;
  /** What the configuration service gives an agent for the `ods` channel of a rule. */
  readonly odsToken: (channel: {
    readonly ruleImmutableId: string;
    readonly workspaceId: string;
  }) => string;
  /** What the edge keeps of a request. */
  readonly explain: (requestId: string) => AccessEntry | undefined;
  /** What went wrong beside any request; it should be nothing. */
  readonly failures: readonly unknown[];
  readonly close: () => Promise<void>;
}

/** Starts it over a first graph. */
export async function startSocketPlatform(first: Graph): Promise<SocketPlatform> {
  // Certificates and tokens are judged by the machine's time.
  const clock = systemClock();
  const random = systemRandom();
  const folder = mkdtempSync(join(tmpdir(), "ls-cases-"));
  const sockets = join(folder, "s");
  const privateSocket = join(sockets, "private.sock");
  mkdirSync(sockets, { mode: 0o700 });
  const startMs = clock.nowMs();
  const failures: unknown[] = [];
  const keyAt = (name: string) =>
    openSigningKey({ path: join(folder, "keys", name), clock, random });
  const [loginKey, ingestionKey, authority, store, accessLog] = await Promise.all([
    keyAt("login.json"),
    keyAt("ingestion.json"),
    openAuthority({ folder: join(folder, "authority"), clock, random }),
    openMetricsStore({
      folder: join(folder, "metrics"),
      clock,
      random,
      onNote: (text) => void failures.push(text),
    }),
    openAccessLog(join(folder, "access.ndjson")),
  ]);
  const source = graphSource({ graph: first, jwks: loginKey.jwks(), tenantId });
  // Every case makes its endpoints anew, faster than a reader of the link table is allowed to read it.
  const linkClock = fakeClock();
  const linkTablePath = join(folder, "links.json");
  // Who may come in is asked here; what becomes of records, and what queries answer, is asked elsewhere.
  const logs = logsInMemory();
  logs.translation = { ok: true, sql: "SELECT 1", parameters: [], columns: [], tables: [] };
  const logsStore: LogsStore = {
    ...logs.store,
    workspace: async (customerId) => ({
      ...(await logs.store.workspace(customerId)),
      query: () => Promise.resolve({ rows: [], cut: false }),
    }),
  };
  const [sharedKeys, agentCertificates] = await Promise.all([
    openWorkspaceKeys({ path: join(folder, "keys", "workspaces.json"), random }),
    openAgentCertificates({ path: join(folder, "keys", "agents.json"), clock, random }),
  ]);
  const edge = createEdge({
    source,
    authority,
    store,
    logsStore,
    kql: logs.kql,
    ingestionKey,
    sharedKeys,
    agentCertificates,
    clock,
    random,
    accessLog,
    linkOf: readLinkTable({ path: linkTablePath, clock: linkClock }),
    receiveRemoteWrite,
    answerPrometheusApi,
    note: (text) => void failures.push(text),
  });
  await edge.listenPrivate(privateSocket);
  const { port } = await edge.listenPublic({ host: "127.0.0.1", port: 0 });
  const token = (audience: string): string =>
    issueToken(loginKey, { audience, tenantId, objectId: asker, appId: asker, nowMs: startMs });
  const arm = await startArmFront({ edge, authority, token: () => token(audiences.arm) });
  const fabric = await createFabric({
    source,
    clock,
    random,
    linkTablePath,
    folder: sockets,
    edge: { privateSocket, publicAddress: { host: "127.0.0.1", port } },
    control: { address: { host: "127.0.0.1", port: arm.port } },
    identityToken: () => Promise.reject(new Error("no case asks for an identity")),
    accessLog: () => {},
    onFailure: (error) => void failures.push(error),
  });
  return {
    fabric,
    folder,
    privateSocket,
    failures,
    caPem: authority.caPem,
    publish: (graph) => {
      linkClock.advance(1_000);
      source.publish({ ...source.current(), graph });
    },
    token,
    odsToken: (channel) =>
      issueIngestionToken(ingestionKey, { ...channel, targetId: "", nowMs: clock.nowMs() }),
    explain: (requestId) => edge.explainRequest(requestId),
    close: async () => {
      await fabric.close();
      await arm.close();
      await edge.close();
      await store.close();
      await accessLog.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
