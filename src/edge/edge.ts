/** The edge: every request of the data plane, from its socket to its answer. Verdicts are per request, on the graph of that moment. */
import type { GraphSource, Publication, ResourceId, SharedKeySource } from "../arm/index.ts";
import { stringAt } from "../arm/index.ts";
import type { Clock, Random } from "../core/index.ts";
import type { HttpHandler } from "../http/index.ts";
import { openedLogs, ruleQuota } from "../ingest/index.ts";
import type { MetricsIngestionContext, OpenedLogs, RuleQuota } from "../ingest/index.ts";
import type { KqlTranslator } from "../kql/index.ts";
import { userQueries } from "../query/index.ts";
import { lawByCustomerId, types } from "../rules/index.ts";
import type { LogsStore, MetricsStore, StoreStats, WorkspaceMetrics } from "../store/index.ts";
import type { Authority } from "../tls/index.ts";
import type { AgentCertificates, SigningKeys } from "../tokens/index.ts";
import type { AccessEntry, AccessLog } from "./access-log.ts";
import { admissionOf, answerRequest, asksForCertificate, edgeHost } from "./answer-request.ts";
import type { LinkOf } from "./answer-request.ts";
import { armLogsQueries } from "./arm-logs-query.ts";
import { dropDeletedWorkspaces } from "./deleted-workspaces.ts";
import { createFrontDoor } from "./front-door.ts";
import type { FrontDoor } from "./front-door.ts";
import type { MetricsQueryContext } from "./metrics-query.ts";
import { platformMetrics } from "./platform-metrics.ts";
import type { ServicesContext } from "./services.ts";

export interface EdgeOptions {
  readonly source: GraphSource;
  /** The private endpoint that a link id belongs to: the network layer's own table. */
  readonly linkOf: LinkOf;
  readonly authority: Authority;
  readonly store: MetricsStore;
  readonly logsStore: LogsStore;
  /** Translates the transformations of data collection rules. */
  readonly kql: Pick<KqlTranslator, "translate">;
  /** Signs and verifies ingestion tokens; the edge's own, so that control's keys never open ingestion. */
  readonly ingestionKey: SigningKeys;
  /** The shared keys of Log Analytics workspaces, from their file. */
  readonly sharedKeys: Pick<SharedKeySource, "of">;
  /** The legacy agents that registered with a workspace. */
  readonly agentCertificates: AgentCertificates;
  readonly clock: Clock;
  readonly random: Random;
  readonly accessLog: AccessLog;
  /** Told what went wrong beside any request. */
  readonly note?: (says: string) => void;
  /** What one rule may take in a minute; Azure's limits where absent. */
  readonly ruleQuota?: RuleQuota;
  /** The protocols behind the verdicts. */
  readonly receiveRemoteWrite: MetricsIngestionContext["receiveRemoteWrite"];
  readonly answerPrometheusApi: MetricsQueryContext["answerPrometheusApi"];
}

export interface Edge extends Pick<FrontDoor, "listenPublic" | "listenPrivate" | "close"> {
  /** The edge's own metrics in the text format 0.0.4. */
  metricsText(): Promise<string>;
  /** Answers queries of logs that control has authorized and passes on. */
  readonly armLogsQueries: HttpHandler;
  /** Opens the logs of workspaces that have some, one after the other: what is unmerged is merged, and retention goes on. */
  openLogs(customerIds: readonly string[]): Promise<void>;
  /** One of the last requests, by its `x-ms-request-id`. The caller sees to it that its reader may read `resourceId`. */
  explainRequest(requestId: string): AccessEntry | undefined;
}

/** Makes the edge; it listens when it is told to. The store and the log stay the caller's to close. */
export function createEdge(options: EdgeOptions): Edge {
  const { source, accessLog, linkOf } = options;
  const opened = new Map<string, WorkspaceMetrics>();
  const logs = openedLogs(options.logsStore, () => source.current().graph);
  const store = remembering(options.store, opened);
  const metrics = platformMetrics({
    stores: () => openedStores(source.current(), opened),
    logs: () => logs.opened(),
    connections: () => door.connections(),
    accessLogDropped: () => accessLog.dropped(),
    graphVersion: () => source.current().graph.version,
  });
  const services: ServicesContext = {
    ...options,
    store,
    onAppended: (workspaceId, samples) => metrics.appended(workspaceId, samples),
    logs: {
      workspace: (law) => logs.workspace(law),
      transform: (asked) => options.logsStore.transform(asked),
    },
    ruleQuota: options.ruleQuota ?? ruleQuota(options.clock),
    users: userQueries(options.clock),
    onRecords: (told) => metrics.recorded(told),
  };
  const door = createFrontDoor({
    authority: options.authority,
    clock: options.clock,
    serves: (host) => edgeHost(source.current(), host) !== undefined,
    asksForCertificate: (host) => asksForCertificate(source.current(), host),
    refuses: (way) => {
      const admission = admissionOf(source.current(), way, linkOf);
      return admission.kind === "closed" ? admission.reason : undefined;
    },
    onClosed: (reason) => metrics.closed(reason),
    onRequest: (connection, incoming, outgoing) =>
      answerRequest({ connection, incoming, outgoing }, { ...options, services, metrics }),
  });
  const unwatch = watchWorkspaces(options, logs);
  return {
    listenPublic: door.listenPublic,
    listenPrivate: door.listenPrivate,
    close() {
      unwatch();
      return door.close();
    },
    metricsText: () => metrics.text(),
    armLogsQueries: armLogsQueries({ source, services, accessLog, clock: options.clock }),
    async openLogs(customerIds) {
      for (const customerId of customerIds) {
        const law = lawByCustomerId(source.current().graph, customerId);
        if (law !== undefined) await logs.workspace(law);
      }
    },
    explainRequest: (requestId) => accessLog.find(requestId),
  };
}

/** Keeps workspaces as the graph says: what was deleted is dropped, what was changed is told. */
function watchWorkspaces(options: EdgeOptions, logs: OpenedLogs): () => void {
  const { source, store, agentCertificates, note = () => {} } = options;
  const logsStore = {
    async remove(customerId: string) {
      await agentCertificates.forget(customerId);
      await options.logsStore.remove(customerId);
    },
  };
  const ends = [
    dropDeletedWorkspaces(source, { store, logsStore }, note),
    source.subscribe(({ graph }) => logs.follow(graph)),
  ];
  return () => ends.forEach((end) => end());
}

/** The store, with what was opened remembered for the metrics. */
const remembering = (
  store: MetricsStore,
  opened: Map<string, WorkspaceMetrics>,
): Pick<MetricsStore, "workspace"> => ({
  async workspace(accountId) {
    const workspace = await store.workspace(accountId);
    opened.set(accountId, workspace);
    return workspace;
  },
});

function* openedStores(
  { graph }: Publication,
  opened: ReadonlyMap<string, WorkspaceMetrics>,
): Iterable<readonly [ResourceId, StoreStats]> {
  for (const account of graph.ofType(types.workspace)) {
    const workspace = opened.get(stringAt(account.properties, "accountId") ?? "");
    if (workspace !== undefined) yield [account.id, workspace.stats()];
  }
}
