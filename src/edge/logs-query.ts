/** Log Analytics queries at the query hosts: who may ask, over which way; then the query API answers. */
import type { Graph, ResourceId } from "../arm/index.ts";
import { audiences, cloud } from "../azure/index.ts";
import type { Clock, Reason } from "../core/index.ts";
import type { HttpRequest, HttpResponse } from "../http/index.ts";
import { note, passes } from "../ingest/index.ts";
import type { Exchange, OpenedLogs } from "../ingest/index.ts";
import type { KqlTranslator } from "../kql/index.ts";
import { answerLogsQuery, badArgument, logsQueryRefusal } from "../query/index.ts";
import type { LogsQueryErrorCode, UserQueries } from "../query/index.ts";
import { lawByCustomerId, lawTablesOf, logsQueryAccess } from "../rules/index.ts";
import type { LawView } from "../rules/index.ts";
import { bearerOf, verifyToken } from "../tokens/index.ts";
import { lawOfResource } from "./law-of-resource.ts";
import { INSUFFICIENT, insufficientAccess, logsRole } from "./logs-role.ts";

export interface LogsQueryServices {
  readonly logs: Pick<OpenedLogs, "workspace">;
  readonly kql: Pick<KqlTranslator, "translate">;
  readonly users: UserQueries;
  readonly clock: Clock;
}

const WORKSPACE_PATH = /^\/v1\/workspaces\/([^/]+)\/query$/;
const RESOURCE_PATH = /^\/v1\/?(\/subscriptions\/.{1,2048})\/query$/;

type Target =
  | {
      readonly kind: "law";
      readonly law: LawView;
      /** Where the path names a resource. */
      readonly resourceId: ResourceId | undefined;
      /** Only that resource's records are seen. */
      readonly own: boolean;
    }
  | { readonly kind: "refused"; readonly response: HttpResponse };

/** What a path asks: a workspace by its `customerId`, or a resource by its id. */
function targetOf(graph: Graph, path: string): Target {
  const refused = refusedPath(path);
  if (refused !== undefined) return { kind: "refused", response: refused };
  const named = RESOURCE_PATH.exec(path)?.[1];
  if (named !== undefined) {
    const resourceId = graph.get(decoded(named))?.id;
    if (resourceId === undefined) return { kind: "refused", response: pathNotFound(path) };
    const found = lawOfResource(graph, resourceId);
    return found.kind === "refused" ? found : { ...found, resourceId };
  }
  const law = lawByCustomerId(graph, WORKSPACE_PATH.exec(path)?.[1] ?? "");
  return law === undefined
    ? { kind: "refused", response: pathNotFound(path) }
    : { kind: "law", law, resourceId: undefined, own: false };
}

/** What does not decode names nothing. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return "";
  }
}

/**
 * Answers a request at a query host: 401 or 403 for its token, 404 for another path or workspace, 403 of the private
 * link, 403 of the role, then the query.
 *
 * @see learn.microsoft.com/azure/azure-monitor/logs/api/overview and errors
 */
export async function answerLogsQueryHost(
  exchange: Exchange,
  services: LogsQueryServices,
): Promise<HttpResponse> {
  const authentication = authenticateQuery(exchange);
  if (authentication.kind === "refused") return authentication.response;
  const { principalId } = authentication;
  const { request, publication, origin } = exchange;
  const { graph } = publication;
  const target = targetOf(graph, request.path);
  if (target.kind === "refused") return target.response;
  const { law, resourceId } = target;
  exchange.trail.resourceId = law.id;
  if (!passes(exchange, logsQueryAccess(graph, { origin, workspaceId: law.id, way: "direct" }))) {
    return networkClosed();
  }
  const asked = { law, resourceId };
  if (!passes(exchange, logsRole(graph, { principalId, ...asked }))) {
    return insufficientAccess(principalId, asked);
  }
  return queryLaw(
    {
      request,
      law,
      graph,
      principalId,
      signal: exchange.signal,
      ...(target.own ? { resourceId } : {}),
      onReason: (reason) => note(exchange, reason),
    },
    services,
  );
}

export interface LawQuery {
  readonly request: HttpRequest;
  readonly law: LawView;
  readonly graph: Graph;
  readonly principalId: string;
  readonly signal: AbortSignal;
  /** Only this resource's records are seen. */
  readonly resourceId?: ResourceId | undefined;
  readonly onReason: (reason: Reason) => void;
}

/** Runs an admitted query over one workspace's tables as they are in this graph. */
export function queryLaw(asked: LawQuery, services: LogsQueryServices): Promise<HttpResponse> {
  const { request, law, graph, principalId, signal, resourceId, onReason } = asked;
  return answerLogsQuery(request, {
    tables: [...lawTablesOf(graph, law.id).values()].map(({ name, columns }) => ({
      name,
      columns,
    })),
    translator: services.kql,
    querier: () => services.logs.workspace(law),
    users: services.users,
    principalId,
    clock: services.clock,
    signal,
    ...(resourceId === undefined ? {} : { resourceId }),
    onFailure: (error) =>
      onReason({ rule: `error.${error.code}`, says: error.message, source: "platform" }),
  });
}

type QueryAuthentication =
  | { readonly kind: "principal"; readonly principalId: string }
  | { readonly kind: "refused"; readonly response: HttpResponse };

const queryAudiences = [
  audiences.logAnalytics,
  audiences.logAnalyticsAzure,
  `https://${cloud.logsQueryHost}`,
];

/** The service tells a wrong audience from a bad token, both 403; only a missing token is 401. */
function authenticateQuery(exchange: Exchange): QueryAuthentication {
  const token = bearerOf(exchange.request.headers["authorization"]);
  if (token === undefined) {
    const says = "Authentication failed. The 'Authorization' header is missing.";
    return unauthenticated(exchange, "AuthenticationFailed", says);
  }
  const { jwks, tenantId } = exchange.publication;
  const found = verifyToken(token, {
    jwks,
    tenantId,
    audiences: queryAudiences,
    nowMs: exchange.nowMs,
  });
  if (found.ok) {
    exchange.trail.principalId = found.principal.objectId;
    return { kind: "principal", principalId: found.principal.objectId };
  }
  if (found.code === "TokenAudienceWrong") {
    const says = `The access token has been obtained from wrong audience or resource: ${found.says}.`;
    return unauthenticated(exchange, "InvalidAuthenticationTokenAudience", says);
  }
  const says = `The access token is invalid. ${found.code}: ${found.says}.`;
  return unauthenticated(exchange, "InvalidAuthenticationToken", says);
}

function unauthenticated(
  exchange: Exchange,
  code: LogsQueryErrorCode,
  message: string,
): QueryAuthentication {
  const reason: Reason = { rule: `token.${code}`, says: message, source: "RFC 6750" };
  note(exchange, reason);
  const authority = `https://${cloud.loginHost}/${exchange.publication.tenantId}`;
  const challenge = `Bearer authorization_uri="${authority}", resource="${audiences.logAnalytics}"`;
  const headers = code === "AuthenticationFailed" ? { "www-authenticate": challenge } : {};
  return { kind: "refused", response: logsQueryRefusal(code, { message }, headers) };
}

/** What the service has at this path and this platform does not, by its name. */
function refusedPath(path: string): HttpResponse | undefined {
  const lower = path.toLowerCase();
  const feature = lower.endsWith("/$batch")
    ? "Batches of queries"
    : /^\/v1\/workspaces\/[^/]+\/metadata$/.test(lower)
      ? "Metadata of a workspace"
      : undefined;
  if (feature === undefined) return undefined;
  return badArgument({
    code: "FeatureNotEmulated",
    message: `${feature}: not supported here; send each query by itself to /v1/workspaces/CUSTOMER-ID/query.`,
  });
}

const pathNotFound = (path: string): HttpResponse =>
  logsQueryRefusal("PathNotFoundError", {
    message: `The requested path ${path.slice(0, 200)} does not exist.`,
  });

/**
 * The refusal of the private link rules. Its reasons stay in the access log. Status, code and outer text are the
 * service's for insufficient access; that the network is told so, and in these words, is inferred: the real body is in no document.
 */
const networkClosed = (): HttpResponse =>
  logsQueryRefusal("InsufficientAccessError", {
    message: INSUFFICIENT,
    innererror: {
      code: "PublicNetworkAccessDenied",
      message:
        "The workspace refuses queries that come this way. Connect through a private endpoint of a private link scope that links the workspace, or enable public network access for queries.",
    },
  });
