/** The services behind the edge: each kind of host with what answers there, and the shape of its errors. */
import { assertNever, CodedError } from "../core/index.ts";
import { json } from "../http/index.ts";
import type { HttpResponse } from "../http/index.ts";
import {
  answerAgentConfiguration,
  answerLogsIngestion,
  answerMetricsIngestion,
  answerOds,
  answerOms,
  refusal,
} from "../ingest/index.ts";
import type {
  AgentConfigurationContext,
  Exchange,
  LogsIngestionContext,
  MetricsIngestionContext,
  OdsContext,
  OmsContext,
} from "../ingest/index.ts";
import type { ServedHostKind } from "../rules/index.ts";
import { answerLogsQueryHost } from "./logs-query.ts";
import type { LogsQueryServices } from "./logs-query.ts";
import { answerMetricsQuery } from "./metrics-query.ts";
import type { MetricsQueryContext } from "./metrics-query.ts";

export type ServicesContext = AgentConfigurationContext &
  MetricsIngestionContext &
  MetricsQueryContext &
  LogsIngestionContext &
  OdsContext &
  OmsContext &
  LogsQueryServices;

/** The kinds of host that the edge serves; ARM and the login host are control's. */
export type EdgeHostKind = Exclude<ServedHostKind, "arm" | "login">;

export const isEdgeKind = (kind: ServedHostKind): kind is EdgeHostKind =>
  kind !== "arm" && kind !== "login";

/** Answers a request at a served host. @throws CodedError where the world failed. */
export async function answerAt(
  kind: EdgeHostKind,
  exchange: Exchange,
  context: ServicesContext,
): Promise<HttpResponse> {
  switch (kind) {
    case "configuration-global":
    case "configuration":
      return answerAgentConfiguration(exchange, context);
    case "metrics-ingestion":
      return answerMetricsIngestion(exchange, context);
    case "metrics-query":
      return answerMetricsQuery(exchange, context);
    case "logs-ingestion":
      return answerLogsIngestion(exchange, context);
    case "ods":
      return answerOds(exchange, context);
    case "logs-query":
      return answerLogsQueryHost(exchange, context);
    case "oms":
      return answerOms(exchange, context);
    case "agent-service":
      return refusal(
        "FeatureNotEmulated",
        `Nothing is emulated at ${exchange.served.host}: Azure Automation's agent service is no part of this platform.`,
      );
    default:
      return assertNever(kind);
  }
}

/**
 * The answer for what a service threw: Prometheus's shape at query hosts, the data plane's elsewhere.
 * What failed inside is told to the access log; the caller gets the request id.
 */
export function errorAnswer(kind: EdgeHostKind, error: CodedError): HttpResponse {
  const { status, code } = error;
  const inside = status === 500;
  const message = inside ? "The request failed inside the platform." : error.message;
  const headers = {
    "x-ms-error-code": code,
    ...(status === 429 || status === 503 ? { "retry-after": "1" } : {}),
  };
  if (kind !== "metrics-query") return json(status, { error: { code, message } }, headers);
  return json(status, { status: "error", errorType: errorTypeOf(status), error: message }, headers);
}

/** @see prometheus/web/api/v1/api.go: the errorType of a status */
function errorTypeOf(status: number): string {
  if (status === 422) return "execution";
  if (status === 503) return "unavailable";
  return status >= 500 ? "internal" : "bad_data";
}
