/** One request of the edge: admitted, routed, answered, counted and logged. Nothing of it outlives the request. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { GraphSource, Publication, ResourceId } from "../arm/index.ts";
import { CodedError, guid, limits, messageOf } from "../core/index.ts";
import type { Clock, Random, Verdict } from "../core/index.ts";
import { drainBody, json, requestListener } from "../http/index.ts";
import type { HttpRequest, HttpResponse } from "../http/index.ts";
import type { Exchange, Trail } from "../ingest/index.ts";
import { lawOf, originOfEndpoint, publicOrigin, servedHosts } from "../rules/index.ts";
import type { Origin, ServedHost } from "../rules/index.ts";
import type { AccessLog } from "./access-log.ts";
import { edgeErrors } from "./errors.ts";
import type { CloseReason, EdgeErrorCode } from "./errors.ts";
import type { Connection, WayIn } from "./front-door.ts";
import type { PlatformMetrics } from "./platform-metrics.ts";
import { shapeProblem } from "./request-shape.ts";
import { answerAt, errorAnswer, isEdgeKind } from "./services.ts";
import type { EdgeHostKind, ServicesContext } from "./services.ts";

/** A served host of the edge's kinds, with that kind known to the compiler. */
type EdgeHost = ServedHost & { readonly kind: EdgeHostKind };

/** What a host of the edge serves on a graph, or undefined. */
export function edgeHost({ graph }: Publication, host: string): EdgeHost | undefined {
  const served = servedHosts(graph).get(host);
  return served !== undefined && isEdgeKind(served.kind)
    ? { ...served, kind: served.kind }
    : undefined;
}

/** Whether a host takes agents that sign in by a certificate: those of a workspace that allows shared keys. */
export function asksForCertificate(publication: Publication, host: string): boolean {
  const served = edgeHost(publication, host);
  if (served?.kind !== "ods" && served?.kind !== "oms") return false;
  return lawOf(publication.graph, served.resourceId ?? "")?.localAuthDisabled === false;
}

/** The private endpoint that a link id belongs to. */
export type LinkOf = (linkId: number) => ResourceId | undefined;

export type Admission =
  | { readonly kind: "open"; readonly origin: Origin; readonly verdict: Verdict | undefined }
  | { readonly kind: "closed"; readonly reason: CloseReason };

/** Where a connection's requests come from, on this graph. An endpoint that lost its approval carries nothing. */
export function admissionOf({ graph }: Publication, way: WayIn, linkOf: LinkOf): Admission {
  if (way.kind === "public") return { kind: "open", origin: publicOrigin, verdict: undefined };
  const endpointId = linkOf(way.linkId);
  if (endpointId === undefined) return { kind: "closed", reason: "link-unknown" };
  const { verdict, origin } = originOfEndpoint(graph, endpointId);
  return verdict.outcome === "allow" && origin !== undefined
    ? { kind: "open", origin, verdict }
    : { kind: "closed", reason: "link-refused" };
}

/** A request with the connection that it came on. */
export interface Arrival {
  readonly connection: Connection;
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

export interface RequestContext {
  readonly source: GraphSource;
  readonly linkOf: LinkOf;
  readonly clock: Clock;
  readonly random: Random;
  readonly accessLog: AccessLog;
  readonly services: ServicesContext;
  readonly metrics: PlatformMetrics;
}

/** One request. The publication is read once, so that every rule of it sees one graph. */
export function answerRequest(arrival: Arrival, context: RequestContext): void {
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
    if (response.status >= 400) await drainBody(incoming, clock);
    const record = { request, response, requestId, nowMs, trail, served, ...admission };
    keep(record, context);
    return { ...response, headers: { ...response.headers, "x-ms-request-id": requestId } };
  };
  const answer = async (request: HttpRequest): Promise<HttpResponse> => {
    if (routed.kind === "refused") return finish(request, routed.response);
    const signal = signalOf(outgoing);
    const exchange: Exchange = {
      request,
      publication,
      origin: admission.origin,
      served: routed.served,
      nowMs,
      trail,
      signal,
      certificateThumbprint: connection.certificateThumbprint,
    };
    try {
      return await finish(request, await answerAt(routed.served.kind, exchange, context.services));
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

/** Aborts when the connection closes before the answer is written. */
function signalOf(outgoing: ServerResponse): AbortSignal {
  const gone = new AbortController();
  outgoing.once("close", () => {
    if (!outgoing.writableFinished) gone.abort();
  });
  return gone.signal;
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
  const endpointId = origin.kind === "private" ? origin.endpointId : undefined;
  const resourceId = served?.resourceId ?? trail.resourceId;
  metrics.answered({ kind, status, origin: origin.kind, ms, resourceId, endpointId });
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
    endpointId,
    principal: trail.principalId?.slice(0, 256),
    resourceId,
    reasons: trail.reasons.slice(-limits.accessLogReasonsMax),
  });
}
