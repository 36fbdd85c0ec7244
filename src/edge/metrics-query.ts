/** Metrics queries at a workspace's query host: who may ask, over which way; then the Prometheus API answers. */
import { stringAt } from "../arm/index.ts";
import { audiences, dataActions } from "../azure/index.ts";
import type { Clock } from "../core/index.ts";
import type { HttpResponse } from "../http/index.ts";
import { authenticate, networkRefusal, passes, refusal } from "../ingest/index.ts";
import type { Exchange } from "../ingest/index.ts";
import type { answerPrometheusApi } from "../query/index.ts";
import { roleAccess, workspaceQueryAccess } from "../rules/index.ts";
import type { MetricsStore } from "../store/index.ts";

export interface MetricsQueryContext {
  readonly store: Pick<MetricsStore, "workspace">;
  readonly clock: Clock;
  readonly answerPrometheusApi: typeof answerPrometheusApi;
}

/**
 * Answers a PromQL request: 401 for another audience, 403 of the private link, 403 of the role, then the query.
 *
 * @see learn.microsoft.com/azure/azure-monitor/metrics/prometheus-api-promql
 */
export async function answerMetricsQuery(
  exchange: Exchange,
  context: MetricsQueryContext,
): Promise<HttpResponse> {
  const authentication = authenticate(exchange, audiences.prometheus);
  if (authentication.kind === "refused") return authentication.response;

  const { publication, origin, served, request } = exchange;
  const { graph } = publication;
  const workspaceId = served.resourceId ?? "";
  if (!passes(exchange, workspaceQueryAccess(graph, { origin, workspaceId }))) {
    return networkRefusal();
  }
  const { objectId } = authentication.principal;
  const role = roleAccess(graph, {
    principalId: objectId,
    dataAction: dataActions.readMetrics,
    scope: workspaceId,
  });
  if (!passes(exchange, role)) {
    return refusal(
      "AuthorizationFailed",
      `The principal ${objectId} has no permission to query this workspace; assign it Monitoring Data Reader on the workspace.`,
    );
  }
  const accountId = stringAt(graph.get(workspaceId)?.properties, "accountId");
  if (accountId === undefined) {
    return refusal("DestinationUnavailable", "The workspace is not ready yet.");
  }
  const querier = await context.store.workspace(accountId);
  const { clock } = context;
  return context.answerPrometheusApi(request, { querier, clock, signal: exchange.signal });
}
