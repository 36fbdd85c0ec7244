/**
 * Queries of logs that Resource Manager passes on, for a workspace or for a cluster: control has authenticated and
 * authorized, and asks here over a Unix socket. The way is never private.
 *
 * @see learn.microsoft.com/azure/azure-monitor/logs/api/azure-resource-queries
 */
import { at, idKey, parseId, stringAt } from "../arm/index.ts";
import type { Graph, GraphSource, ResourceId } from "../arm/index.ts";
import { limits } from "../core/index.ts";
import type { Clock, Reason, Verdict } from "../core/index.ts";
import type { HttpHandler, HttpRequest, HttpResponse } from "../http/index.ts";
import { badArgument, logsQueryRefusal } from "../query/index.ts";
import {
  associationsWith,
  lawOf,
  logFlowsOf,
  logsQueryAccess,
  publicOrigin,
  types,
} from "../rules/index.ts";
import type { LawView } from "../rules/index.ts";
import type { AccessLog } from "./access-log.ts";
import { queryLaw } from "./logs-query.ts";
import type { LogsQueryServices } from "./logs-query.ts";

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

type Found =
  | {
      readonly kind: "law";
      readonly law: LawView;
      /** The resource is not the workspace: only its own records are seen. */
      readonly own: boolean;
    }
  | { readonly kind: "refused"; readonly response: HttpResponse };

/** The one workspace that holds a resource's logs: itself, or where the cluster's rules and add-on send them. */
function lawOfResource(graph: Graph, resourceId: ResourceId): Found {
  const itself = lawOf(graph, resourceId);
  if (itself !== undefined) return { kind: "law", law: itself, own: false };
  const type = parseId(resourceId)?.type ?? "";
  if (type.toLowerCase() !== types.cluster.toLowerCase()) {
    const message = `Logs of a resource of type ${type} are not answered here; ask for those of a Log Analytics workspace or of a managed cluster.`;
    return { kind: "refused", response: badArgument({ code: "FeatureNotEmulated", message }) };
  }
  const laws = lawsOfCluster(graph, resourceId);
  const [law, ...others] = laws;
  if (law === undefined) {
    const message = `No Log Analytics workspace is collecting the logs of ${resourceId}.`;
    return { kind: "refused", response: logsQueryRefusal("PathNotFoundError", { message }) };
  }
  if (others.length > 0) {
    const message = `The logs of ${resourceId} go to ${laws.length} workspaces; a query over several is not supported here. Ask one: ${laws.map(({ id }) => id).join(", ")}.`;
    return { kind: "refused", response: badArgument({ code: "FeatureNotEmulated", message }) };
  }
  return { kind: "law", law, own: true };
}

function lawsOfCluster(graph: Graph, clusterId: ResourceId): readonly LawView[] {
  const byRules = associationsWith(graph, clusterId).flatMap(({ dcrId }) =>
    dcrId === undefined ? [] : logFlowsOf(graph, dcrId).flatMap(({ lawIds }) => lawIds),
  );
  const addon = at(graph.get(clusterId)?.properties, "addonProfiles", "omsagent", "config");
  const byAddon =
    stringAt(addon, "logAnalyticsWorkspaceResourceID") ??
    stringAt(addon, "logAnalyticsWorkspaceResourceId");
  const ids = byAddon === undefined ? byRules : [...byRules, byAddon];
  const laws = ids.flatMap((id) => lawOf(graph, id) ?? []);
  return [...new Map(laws.map((law) => [idKey(law.id), law])).values()];
}

/** Who asks may read the resource: the reasons are said. Status and outer words are the service's; the inner ones are inferred. */
const closed = ({ reasons }: Verdict): HttpResponse =>
  logsQueryRefusal("InsufficientAccessError", {
    message: "The provided credentials have insufficient access to perform the requested operation",
    innererror: {
      code: "PublicNetworkAccessDenied",
      message: `${reasons.map(({ says }) => says).join(" ")} Ask at the query host through a private endpoint, or enable public network access for queries.`,
    },
  });
