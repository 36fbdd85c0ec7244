/**
 * Queries of logs that Resource Manager passes on, for a workspace or for a cluster: control has authenticated and
 * authorized, and asks here over a Unix socket. The way is never private.
 *
 * @see learn.microsoft.com/azure/azure-monitor/logs/api/azure-resource-queries
 */
import type { Graph, GraphSource, ResourceId } from "../arm/index.ts";
import { limits } from "../core/index.ts";
import type { Clock, Reason, Verdict } from "../core/index.ts";
import type { HttpHandler, HttpRequest, HttpResponse } from "../http/index.ts";
import { logsQueryRefusal } from "../query/index.ts";
import { logsQueryAccess, publicOrigin } from "../rules/index.ts";
import type { AccessLog } from "./access-log.ts";
import { lawOfResource } from "./law-of-resource.ts";
import { queryLaw } from "./logs-query.ts";
import type { LogsQueryServices } from "./logs-query.ts";
import { INSUFFICIENT, insufficientAccess, logsRole } from "./logs-role.ts";

export interface ArmLogsContext {
  readonly source: GraphSource;
  readonly services: LogsQueryServices;
  readonly accessLog: Pick<AccessLog, "append">;
  readonly clock: Clock;
}

/** The headers in which control says who asks, for what, and under which request id. */
export const armLogsHeaders = {
  principal: "x-linkscope-principal",
  /** Percent-encoded: ids may have any letter. */
  resource: "x-linkscope-resource",
  requestId: "x-linkscope-request-id",
  host: "x-linkscope-host",
} as const;

/** Answers control. Never rejects: each failure is the query API's error body. */
export function armLogsQueries(context: ArmLogsContext): HttpHandler {
  return async (request) => {
    const { source, clock, accessLog } = context;
    const startMs = clock.nowMs();
    const reasons: Reason[] = [];
    const asked = {
      principalId: request.headers[armLogsHeaders.principal] ?? "",
      resourceId: decodeURIComponent(request.headers[armLogsHeaders.resource] ?? ""),
    };
    const { graph } = source.current();
    const answer = await answerFor(request, { ...asked, graph, reasons }, context.services);
    accessLog.append({
      time: new Date(startMs).toISOString(),
      requestId: request.headers[armLogsHeaders.requestId] ?? "",
      host: request.headers[armLogsHeaders.host] ?? "",
      method: request.method,
      path: `${asked.resourceId}/providers/microsoft.insights/logs`.slice(
        0,
        limits.accessLogPathCharsMax,
      ),
      status: answer.status,
      ms: clock.nowMs() - startMs,
      origin: "public",
      endpointId: undefined,
      principal: asked.principalId,
      resourceId: asked.resourceId,
      reasons: reasons.slice(-limits.accessLogReasonsMax),
    });
    return answer;
  };
}

interface Asked {
  readonly principalId: string;
  readonly resourceId: ResourceId;
  readonly graph: Graph;
  readonly reasons: Reason[];
}

async function answerFor(
  request: HttpRequest,
  asked: Asked,
  services: LogsQueryServices,
): Promise<HttpResponse> {
  const { graph, principalId, resourceId, reasons } = asked;
  const found = lawOfResource(graph, resourceId);
  if (found.kind === "refused") return found.response;
  const { law, own } = found;
  const verdict = logsQueryAccess(graph, { origin: publicOrigin, workspaceId: law.id, way: "arm" });
  reasons.push(...verdict.reasons);
  if (verdict.outcome !== "allow") return closed(verdict);
  const role = logsRole(graph, { principalId, law, resourceId });
  reasons.push(...role.reasons);
  if (role.outcome !== "allow") return insufficientAccess(principalId, { law, resourceId });
  const gone = new AbortController();
  return queryLaw(
    {
      request,
      law,
      graph,
      principalId,
      signal: gone.signal,
      ...(own ? { resourceId } : {}),
      onReason: (reason) => reasons.push(reason),
    },
    services,
  );
}

/** Who asks may read the resource: the reasons are said. Status and outer words are the service's; the inner ones are inferred. */
const closed = ({ reasons }: Verdict): HttpResponse =>
  logsQueryRefusal("InsufficientAccessError", {
    message: INSUFFICIENT,
    innererror: {
      code: "PublicNetworkAccessDenied",
      message: `${reasons.map(({ says }) => says).join(" ")} Ask at the query host through a private endpoint, or enable public network access for queries.`,
    },
  });
