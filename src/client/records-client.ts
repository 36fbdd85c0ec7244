/**
 * Sends records of logs: to a workspace's ODS host, or by the Logs Ingestion API through a data collection endpoint.
 * @see github.com/microsoft/Docker-Provider source/plugins/go/src/oms.go
 * @see learn.microsoft.com/azure/azure-monitor/logs/logs-ingestion-api-overview
 */
import type { Clock } from "../core/index.ts";
import { retryAfterMs } from "./json-answer.ts";
import type { LogsChannel } from "./logs-configuration.ts";
import type { Transport, TransportResponse } from "./transport.ts";

export interface RecordsRequest {
  /** `CONTAINERINSIGHTS_CONTAINERLOGV2`, or for a `gig` channel the stream: `Microsoft-ContainerLogV2-HighScale`. */
  readonly dataType: string;
  /** `ContainerInsights`, or `LogManagement` for what is not its own. */
  readonly ipName: string;
  /** A JSON array of objects, UTF-8. */
  readonly items: Uint8Array;
  /** The same for each try of the same records. */
  readonly requestId: string;
  /** The cluster's resource id. */
  readonly resourceId: string;
}

/** What became of one request. */
export type RecordsOutcome =
  | { readonly kind: "taken"; readonly response: TransportResponse }
  /** The same bytes are to be sent again: the receiver is busy or away, or the way there is not open (403, 404). */
  | {
      readonly kind: "retry";
      readonly response: TransportResponse;
      readonly retryAfterMs: number | undefined;
    }
  /** 401: a new token may help. */
  | { readonly kind: "unauthorized"; readonly response: TransportResponse }
  /** 400, 413 and the like: these bytes will never be taken. */
  | { readonly kind: "refused"; readonly response: TransportResponse };

export interface SendTo {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly channel: LogsChannel;
  /** Of the configuration service; undefined where the transport's certificate stands for it. */
  readonly token: string | undefined;
  readonly signal?: AbortSignal;
}

const ODS_PATH = "/OperationalData.svc/PostJsonDataItems?api-version=2016-04-01";
/** These may pass by themselves: rules, links and names take minutes to settle. */
const awaited = new Set([403, 404, 408, 421, 429]);

/**
 * Sends one request.
 *
 * @throws CodedError of the transport when no answer came: the records may have been taken or not, and are to be sent again.
 */
export async function sendRecords(request: RecordsRequest, to: SendTo): Promise<RecordsOutcome> {
  const { transport, clock, channel, token, signal } = to;
  const { url, headers, body } =
    channel.kind === "ods" ? odsCall(request, channel, clock) : dceCall(request, channel);
  const response = await transport.send({
    method: "POST",
    url,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      "content-type": "application/json",
      "user-agent": "linkscope",
      ...headers,
    },
    body,
    ...(signal === undefined ? {} : { signal }),
  });
  const { status } = response;
  if (status >= 200 && status <= 299) return { kind: "taken", response };
  if (status === 401) return { kind: "unauthorized", response };
  if (awaited.has(status) || status >= 500) {
    return { kind: "retry", response, retryAfterMs: retryAfterMs(response.headers, clock.nowMs()) };
  }
  return { kind: "refused", response };
}

interface Call {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

function odsCall(
  { dataType, ipName, items, requestId, resourceId }: RecordsRequest,
  { endpoint }: Extract<LogsChannel, { kind: "ods" }>,
  clock: Clock,
): Call {
  const head = `{"DataType":${JSON.stringify(dataType)},"IPName":${JSON.stringify(ipName)},"DataItems":`;
  return {
    url: `${endpoint}${ODS_PATH}`,
    headers: {
      "x-request-id": requestId,
      "x-ms-date": new Date(clock.nowMs()).toISOString(),
      "x-ms-azureresourceid": resourceId,
    },
    body: Buffer.concat([Buffer.from(head), items, Buffer.from("}")]),
  };
}

const dceCall = (
  { dataType, items, requestId }: RecordsRequest,
  { endpointTemplate }: Extract<LogsChannel, { kind: "gig" }>,
): Call => ({
  url: endpointTemplate.replaceAll("<STREAM>", encodeURIComponent(dataType)),
  headers: { "x-ms-client-request-id": requestId },
  body: items,
});
