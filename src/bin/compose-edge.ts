/** Composes the edge: authority, store, link table, access log, and the listeners. */
import { readdir } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { messageOf } from "../core/index.ts";
import type { Clock, Timer } from "../core/index.ts";
import { createEdge, explainedRequests, openAccessLog } from "../edge/index.ts";
import type { Edge } from "../edge/index.ts";
import { json, requestListener, serverOptions } from "../http/index.ts";
import { receiveRemoteWrite } from "../ingest/index.ts";
import { createKqlTranslator } from "../kql/index.ts";
import type { KqlTranslator } from "../kql/index.ts";
import { readLinkTable } from "../network/index.ts";
import { answerPrometheusApi } from "../query/index.ts";
import { openLogsStore, openMetricsStore } from "../store/index.ts";
import { openAuthority } from "../tls/index.ts";
import { openAgentCertificates, openSigningKey, openWorkspaceKeys } from "../tokens/index.ts";
import { closeServer, listenLocal, listenUnix, onPreferredPort } from "./listen.ts";
import { dataPaths, socketPaths } from "./paths.ts";
import { startLogEngine } from "./start-log-engine.ts";
import type { FollowerParts } from "./follow-graph.ts";
import type { ProcessConfig, StartedPart } from "./platform-process.ts";

/** When the parser of queries is loaded where nobody asked before: the platform's start has the processors until then. */
const PARSER_WARM_MS = 3_000;
const LOGS_OPEN_MS = 5_000;

export interface EdgeChoices {
  /** Loads the parser of queries before the first one comes: a second of one processor, and 200 MB. */
  readonly warmParser?: boolean;
}

/** What tells the edge who may ingest: its own key, and for legacy agents the shared keys and their certificates. */
async function openSecrets(paths: ReturnType<typeof dataPaths>, { clock, random }: FollowerParts) {
  const [ingestionKey, sharedKeys, agentCertificates] = await Promise.all([
    openSigningKey({ path: join(paths.keys, "ingestion.json"), clock, random }),
    openWorkspaceKeys({ path: paths.workspaceKeys, random }),
    openAgentCertificates({ path: paths.agentCertificates, clock, random }),
  ]);
  return { ingestionKey, sharedKeys, agentCertificates };
}

/** Starts the edge on a platform's folders. `ready` has `publicPort` and `metricsPort`. */
export async function composeEdge(
  config: ProcessConfig,
  parts: FollowerParts,
  { warmParser = false }: EdgeChoices = {},
): Promise<StartedPart> {
  const { source, clock, random, note } = parts;
  const paths = dataPaths(config.data);
  const sockets = socketPaths(config.sockets);
  const startEngine = () => startLogEngine(paths.logs);
  const [authority, secrets, store, logsStore, accessLog] = await Promise.all([
    openAuthority({ folder: paths.authority, clock, random }),
    openSecrets(paths, parts),
    openMetricsStore({ folder: paths.metrics, clock, random, onNote: note }),
    openLogsStore({ folder: paths.logs, clock, startEngine, onNote: note }),
    openAccessLog(paths.accessLog),
  ]);
  const kql = createKqlTranslator({ clock });
  const linkOf = readLinkTable({ path: paths.links, clock });
  const edge = createEdge({
    source,
    linkOf,
    authority,
    store,
    logsStore,
    kql,
    ...secrets,
    clock,
    random,
    accessLog,
    receiveRemoteWrite,
    answerPrometheusApi,
    note,
  });
  await edge.listenPrivate(sockets.edgePrivate);
  const { port } = await onPreferredPort(config.ports["publicPort"], (port) =>
    edge.listenPublic({ host: "127.0.0.1", port }),
  );
  const metrics = createServer((request, response) => {
    if (request.url !== "/metrics") return void response.writeHead(404).end();
    edge.metricsText().then(
      (text) => response.writeHead(200, { "content-type": "text/plain; version=0.0.4" }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  const metricsPort = await listenLocal(metrics, config.ports["metricsPort"]);
  const logsQueries = createServer(
    serverOptions,
    requestListener(
      explainedRequests(edge.explainRequest, edge.armLogsQueries),
      ({ code, message, status }) => json(status, { error: { code, message } }),
    ),
  );
  await listenUnix(logsQueries, sockets.logsQuery);
  const later = [
    ...(warmParser ? [warmLater(kql, clock, note)] : []),
    openLater(edge, paths.logs, { clock, note }),
  ];
  return {
    ready: { publicPort: port, metricsPort },
    close: async () => {
      for (const timer of later) timer.cancel();
      await Promise.all([closeServer(metrics), closeServer(logsQueries)]);
      await edge.close();
      await Promise.all([store.close(), logsStore.close(), kql.close()]);
      await accessLog.close();
    },
  };
}

/** A parser that does not load is told; the first query tries again. */
const warmLater = (kql: KqlTranslator, clock: Clock, note: (text: string) => void): Timer =>
  clock.after(PARSER_WARM_MS, () => {
    kql.warm().catch((error: unknown) => note(`the parser of queries: ${messageOf(error)}`));
  });

/** Workspaces that have logs are opened when the start is done, not when somebody asks: a crash may have left them much to merge. */
function openLater(
  edge: Pick<Edge, "openLogs">,
  folder: string,
  { clock, note }: Pick<FollowerParts, "clock" | "note">,
): Timer {
  let ended = false;
  const timer = clock.after(LOGS_OPEN_MS, () => {
    readdir(folder)
      .catch(() => [])
      .then((names) => edge.openLogs(names))
      .catch((error: unknown) => {
        if (!ended) note(`the logs of workspaces: ${messageOf(error)}`);
      });
  });
  return {
    cancel() {
      ended = true;
      timer.cancel();
    },
  };
}
