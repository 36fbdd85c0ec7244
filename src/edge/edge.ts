/** The edge: every request of the data plane, from its socket to its answer. Verdicts are per request, on the graph of that moment. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { GraphSource, Publication, ResourceId } from "../arm/index.ts";
import { stringAt } from "../arm/index.ts";
import { CodedError, guid, limits, messageOf } from "../core/index.ts";
import type { Clock, Random, Verdict } from "../core/index.ts";
import { json, requestListener } from "../http/index.ts";
import type { HttpRequest, HttpResponse } from "../http/index.ts";
import type { Exchange, MetricsIngestionContext, Trail } from "../ingest/index.ts";
import { originOfEndpoint, publicOrigin, servedHosts, types } from "../rules/index.ts";
import type { Origin, ServedHost } from "../rules/index.ts";
import type { MetricsStore, StoreStats, WorkspaceMetrics } from "../store/index.ts";
import type { Authority } from "../tls/index.ts";
import type { SigningKeys } from "../tokens/index.ts";
import type { AccessEntry, AccessLog } from "./access-log.ts";
import type { CloseReason, EdgeErrorCode } from "./errors.ts";
import { edgeErrors } from "./errors.ts";
import { createFrontDoor } from "./front-door.ts";
import type { Connection, FrontDoor, WayIn } from "./front-door.ts";
import type { MetricsQueryContext } from "./metrics-query.ts";
import { platformMetrics } from "./platform-metrics.ts";
import type { PlatformMetrics } from "./platform-metrics.ts";
import { drainBody, readBody } from "./request-body.ts";
import { shapeProblem } from "./request-shape.ts";
import { answerAt, errorAnswer, isEdgeKind } from "./services.ts";
import type { EdgeHostKind, ServicesContext } from "./services.ts";

export interface EdgeOptions {
  readonly source: GraphSource;
  /** The private endpoint that a link id belongs to: the network layer's own table. */
  readonly linkOf: (linkId: number) => ResourceId | undefined;
  readonly authority: Authority;
  readonly store: MetricsStore;
  /** Signs and verifies ingestion tokens; the edge's own, so that control's keys never open ingestion. */
  readonly ingestionKey: SigningKeys;
  readonly clock: Clock;
  readonly random: Random;
  readonly accessLog: AccessLog;
  readonly receiveRemoteWrite: MetricsIngestionContext["receiveRemoteWrite"];
  readonly answerPrometheusApi: MetricsQueryContext["answerPrometheusApi"];
}

export interface Edge extends Pick<FrontDoor, "listenPublic" | "listenPrivate" | "close"> {
  /** The edge's own metrics in the text format 0.0.4. */
  metricsText(): Promise<string>;
  /** One of the last requests, by its `x-ms-request-id`. The caller sees to it that its reader may read `resourceId`. */
  explainRequest(requestId: string): AccessEntry | undefined;
}

/** Makes the edge; it listens when it is told to. The store and the log stay the caller's to close. */
export function createEdge(options: EdgeOptions): Edge {
  const { source, accessLog, linkOf } = options;
  const opened = new Map<string, WorkspaceMetrics>();
  const store = remembering(options.store, opened);
  const metrics = platformMetrics({
    stores: () => openedStores(source.current(), opened),
    connections: () => door.connections(),
    accessLogDropped: () => accessLog.dropped(),
    graphVersion: () => source.current().graph.version,
  });
  const context: ServicesContext = {
    ...options,
    store,
    onAppended: (workspaceId, samples) => metrics.appended(workspaceId, samples),
  };
  const door = createFrontDoor({
    authority: options.authority,
    clock: options.clock,
    serves: (host) => edgeHost(source.current(), host) !== undefined,
    refuses: (way) => {
      const admission = admissionOf(source.current(), way, linkOf);
      return admission.kind === "closed" ? admission.reason : undefined;
    },
    onClosed: (reason) => metrics.closed(reason),
    onRequest: (connection, incoming, outgoing) =>
      onRequest({ connection, incoming, outgoing }, { ...options, context, metrics }),
  });
  return {
    listenPublic: door.listenPublic,
    listenPrivate: door.listenPrivate,
    close: door.close,
    metricsText: () => metrics.text(),
    explainRequest: (requestId) => accessLog.find(requestId),
  };
}

/** A served host of the edge's kinds, with that kind known to the compiler. */
type EdgeHost = ServedHost & { readonly kind: EdgeHostKind };

function edgeHost({ graph }: Publication, host: string): EdgeHost | undefined {
  const served = servedHosts(graph).get(host);
  return served !== undefined && isEdgeKind(served.kind)
    ? { ...served, kind: served.kind }
    : undefined;
}

type Admission =
  | { readonly kind: "open"; readonly origin: Origin; readonly verdict: Verdict | undefined }
  | { readonly kind: "closed"; readonly reason: CloseReason };

/** Where a connection's requests come from, on this graph. An endpoint that lost its approval carries nothing. */
function admissionOf({ graph }: Publication, way: WayIn, linkOf: EdgeOptions["linkOf"]): Admission {
  if (way.kind === "public") return { kind: "open", origin: publicOrigin, verdict: undefined };
  const endpointId = linkOf(way.linkId);
  if (endpointId === undefined) return { kind: "closed", reason: "link-unknown" };
  const { verdict, origin } = originOfEndpoint(graph, endpointId);
  return verdict.outcome === "allow" && origin !== undefined
    ? { kind: "open", origin, verdict }
    : { kind: "closed", reason: "link-refused" };
}

interface Arrival {
  readonly connection: Connection;
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

interface RequestContext extends EdgeOptions {
  readonly context: ServicesContext;
  readonly metrics: PlatformMetrics;
}

/** One request. The publication is read once, so that every rule of it sees one graph. */
function onRequest(arrival: Arrival, context: RequestContext): void {
  const { connection, incoming, outgoing } = arrival;
  const { clock, metrics, random, source } = context;
  const publication = source.current();
  const admission = admissionOf(publication, connection.way, context.linkOf);
  if (admission.kind === "closed") {
    metrics.closed(admission.reason);
    incoming.socket.destroy();
    return;
  }
  const nowMs = clock.nowMs();
  const trail: Trail = { principalId: undefined, reasons: [...(admission.verdict?.reasons ?? [])] };
  const requestId = guid(random);
  const routed = route(arrival, publication);
  const served = routed.kind === "host" ? routed.served : undefined;
  const finish = async (request: HttpRequest, response: HttpResponse): Promise<HttpResponse> => {
    if (response.status >= 400) await drainBody(incoming);
    const record = { request, response, requestId, nowMs, trail, served, ...admission };
    keep(record, context);
    return { ...response, headers: { ...response.headers, "x-ms-request-id": requestId } };
  };
  const answer = async (received: HttpRequest): Promise<HttpResponse> => {
    const body: HttpRequest["body"] = (bytesMax) => readBody(incoming, bytesMax);
    const request: HttpRequest = { ...received, body };
    if (routed.kind === "refused") return finish(request, routed.response);
    const { origin } = admission;
    const exchange: Exchange = {
      request,
      publication,
      origin,
      served: routed.served,
      nowMs,
      trail,
    };
    try {
      return await finish(request, await answerAt(routed.served.kind, exchange, context.context));
    } catch (error) {
      const coded = codedError(error);
      trail.reasons.push({ rule: `error.${coded.code}`, says: coded.message, source: "platform" });
      return finish(request, errorAnswer(routed.served.kind, coded));
    }
  };
  // Nothing of `answer` throws; what does is a bug, and ends the connection.
  requestListener(answer, (error) => {
    throw error;
  })(incoming, outgoing);
}

const codedError = (error: unknown): CodedError =>
  error instanceof CodedError
    ? error
    : new CodedError("InternalServerError", messageOf(error), { cause: error });

type Route =
  | { readonly kind: "host"; readonly served: EdgeHost }
  | { readonly kind: "refused"; readonly response: HttpResponse };

/** The service that a request is for, by its Host header, which must be the host of the handshake. */
function route({ connection, incoming }: Arrival, publication: Publication): Route {
  const refused = (code: EdgeErrorCode, message: string): Route => ({
    kind: "refused",
    response: json(
      edgeErrors[code].status,
      { error: { code, message } },
      { "x-ms-error-code": code, connection: "close" },
    ),
  });
  const problem = shapeProblem(incoming);
  if (problem !== undefined) return refused(problem.code, problem.says);
  const host = (incoming.headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
  if (host !== connection.serverName) {
    const says = `The handshake was for ${connection.serverName} and the request is for ${host}.`;
    return refused("MisdirectedRequest", says);
  }
  const served = edgeHost(publication, host);
  return served === undefined
    ? refused("HostNotServed", `No resource has the host name ${host}.`)
    : { kind: "host", served };
}

interface Answered {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  readonly requestId: string;
  readonly nowMs: number;
  readonly trail: Trail;
  readonly served: EdgeHost | undefined;
  readonly origin: Origin;
}

/** Counts an answer and keeps it for the access log. */
function keep(answered: Answered, { accessLog, clock, metrics }: RequestContext): void {
  const { request, response, served, origin, trail, nowMs } = answered;
  const { status } = response;
  const ms = clock.nowMs() - nowMs;
  const kind = served?.kind ?? "none";
  metrics.answered({ kind, status, origin: origin.kind, ms });
  if (status === 401 || status === 403 || status === 421) {
    metrics.refused(trail.reasons.at(-1)?.rule ?? "none");
  }
  accessLog.append({
    time: new Date(nowMs).toISOString(),
    requestId: answered.requestId,
    host: request.host.slice(0, 253),
    method: request.method,
    path: request.path.slice(0, limits.accessLogPathCharsMax),
    status,
    ms,
    origin: origin.kind,
    endpointId: origin.kind === "private" ? origin.endpointId : undefined,
    principal: trail.principalId?.slice(0, 256),
    resourceId: served?.resourceId,
    reasons: trail.reasons.slice(-limits.accessLogReasonsMax),
  });
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
