/**
 * A client of the agent configuration service (AMCS), as Azure's own agents call it.
 * @see github.com/microsoft/Docker-Provider source/plugins/go/src/ingestion_token_utils.go
 */
import { isObject, listAt, stringAt } from "../arm/index.ts";
import type { Json, JsonObject, ResourceId } from "../arm/index.ts";
import { audiences, cloud } from "../azure/index.ts";
import { sleep } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import { clientError } from "./errors.ts";
import { objectOf, retryAfterMs, serviceError } from "./json-answer.ts";
import { readLogsConfiguration } from "./logs-configuration.ts";
import type { LogsConfiguration } from "./logs-configuration.ts";
import type { TokenSource } from "./token-client.ts";
import type { PeerEvidence, Transport, TransportResponse } from "./transport.ts";

/** A channel of Prometheus metrics. Its id, protocol and endpoint are inferred, after the logs channels. */
export interface MetricsChannel {
  /** The rule's immutable id. */
  readonly configurationId: string;
  /** `metrics-<immutable id of the data collection endpoint>`. */
  readonly channelId: string;
  /** Where remote write 1.0 goes: `https://…/api/v1/dataCollectionRules/…/streams/Microsoft-PrometheusMetrics`. */
  readonly endpoint: string;
}

export interface AgentConfiguration {
  /** Those with protocol `prometheus`, in the order of the answer. */
  readonly channels: readonly MetricsChannel[];
  /** The origin that answered: the global one, or the one that it redirected to. */
  readonly base: string;
  readonly peer: PeerEvidence;
}

export interface IngestionToken {
  readonly token: string;
  /** From Cache-Control: how long the token may be kept. */
  readonly maxAgeMs: number;
}

/** The part of the client that the agent of logs needs. */
export interface LogsConfigurationClient extends Pick<AgentConfigurationClient, "ingestionToken"> {
  /**
   * The configuration of Container insights; undefined where no rule for it is associated.
   *
   * @throws CodedError as `read`.
   */
  readLogs(): Promise<LogsConfiguration | undefined>;
}

export interface AgentConfigurationClient {
  /** @throws CodedError ConfigurationRefused with status and text, ConfigurationUnreadable, UrlRefused, the transport's. */
  read(): Promise<AgentConfiguration>;
  /** @throws CodedError IngestionTokenRefused, ConfigurationUnreadable, UrlRefused, the transport's. */
  ingestionToken(
    channel: Pick<MetricsChannel, "configurationId" | "channelId">,
  ): Promise<IngestionToken>;
}

export interface AgentConfigurationOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Of the cluster's managed identity. */
  readonly token: TokenSource;
  readonly clusterId: ResourceId;
  /** The cluster's region: `operatingLocation`. */
  readonly region: string;
  /** Where to ask first; the global handler where absent. */
  readonly endpoint?: string;
}

const triesMax = 3;
const retriable = new Set([408, 429, 500, 502, 503, 504]);

/** Opens a client for one cluster. It keeps the endpoint that a 421 names for its later calls. */
export function agentConfigurationClient(
  options: AgentConfigurationOptions,
): AgentConfigurationClient & LogsConfigurationClient {
  const globalBase = options.endpoint ?? `https://${cloud.globalHandlerHost}`;
  let base = globalBase;
  const get = async (
    path: string,
    apiVersion: string,
    code: "ConfigurationRefused" | "IngestionTokenRefused",
  ): Promise<TransportResponse> => {
    const answer = await tries(options, base, { path, apiVersion });
    base = answer.base;
    if (answer.response.status === 200) return answer.response;
    // The association may have moved to another endpoint since: the next call asks the global one again.
    base = globalBase;
    throw refusal(answer.response, code);
  };
  const root = `${options.clusterId}/agentConfigurations`;
  return {
    async readLogs() {
      const response = await get(root, "2020-08-01-preview", "ConfigurationRefused");
      return readLogsConfiguration(objectOf(response), { base, peer: response.peer });
    },
    async read() {
      const response = await get(root, "2020-08-01-preview", "ConfigurationRefused");
      return { channels: readChannels(objectOf(response)), base, peer: response.peer };
    },
    async ingestionToken({ configurationId, channelId }) {
      const path = `${root}/${configurationId}/channels/${channelId}/issueIngestionToken`;
      const response = await get(path, "2020-04-01-preview", "IngestionTokenRefused");
      return readIngestionToken(response);
    },
  };
}

/** At most three tries, of which a redirect is one, with (n + 1) · 100 ms or Retry-After between them. */
async function tries(
  options: AgentConfigurationOptions,
  base: string,
  asked: { readonly path: string; readonly apiVersion: string },
): Promise<{ readonly response: TransportResponse; readonly base: string }> {
  const { transport, clock, token, region } = options;
  const query = new URLSearchParams({
    operatingLocation: region,
    platform: "linux",
    "api-version": asked.apiVersion,
  });
  let here = base;
  for (let tried = 0; ; tried += 1) {
    const response = await transport.send({
      method: "GET",
      url: `${here}${asked.path}?${query.toString()}`,
      headers: { authorization: `Bearer ${await token(audiences.monitor)}` },
    });
    if (tried + 1 >= triesMax) return { response, base: here };
    if (response.status === 421) {
      here = redirectOf(response);
    } else if (retriable.has(response.status)) {
      const waitMs = retryAfterMs(response.headers, clock.nowMs()) ?? (tried + 1) * 100;
      await sleep(clock, waitMs);
    } else {
      return { response, base: here };
    }
  }
}

/** The endpoint that a 421 names. The token goes to Azure Monitor's hosts only. */
function redirectOf(response: TransportResponse): string {
  const named = response.headers["x-ms-agent-config-endpoint"];
  if (named === undefined) {
    const says = "A 421 without x-ms-agent-config-endpoint names no other endpoint.";
    throw clientError("ConfigurationUnreadable", says, { status: 421 });
  }
  return monitorUrl(named).origin;
}

/** @throws CodedError UrlRefused when it is no https URL of an Azure Monitor host. */
function monitorUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "https:" && url.hostname.endsWith(`.${cloud.monitorSuffix}`)) return url;
  const says = `${JSON.stringify(text.slice(0, 200))} is no https URL below ${cloud.monitorSuffix}; no token goes there.`;
  throw clientError("UrlRefused", says);
}

function refusal(
  response: TransportResponse,
  code: "ConfigurationRefused" | "IngestionTokenRefused",
): Error {
  const cause = serviceError(response, "agentConfigurations");
  const says = `${response.status} ${cause.code}: ${cause.message}`;
  return clientError(code, says, { status: response.status, cause });
}

function readChannels(body: JsonObject): readonly MetricsChannel[] {
  return listAt(body, "configurations").flatMap((configuration) => {
    const configurationId = stringAt(configuration, "configurationId");
    return listAt(configuration, "content", "channels").flatMap((channel) =>
      readChannel(configurationId, channel),
    );
  });
}

function readChannel(configurationId: string | undefined, channel: Json): MetricsChannel[] {
  if (!isObject(channel) || channel["protocol"] !== "prometheus") return [];
  const channelId = stringAt(channel, "id");
  const endpoint = stringAt(channel, "endpoint");
  if (configurationId === undefined || channelId === undefined || endpoint === undefined) {
    const says = "A metrics channel has no configurationId, id or endpoint.";
    throw clientError("ConfigurationUnreadable", says);
  }
  if (!plainSegment.test(configurationId) || !plainSegment.test(channelId)) {
    const says = `${JSON.stringify(channelId.slice(0, 80))} is no channel id.`;
    throw clientError("ConfigurationUnreadable", says);
  }
  return [{ configurationId, channelId, endpoint: monitorUrl(endpoint).href }];
}

/** Ids go into paths: nothing but letters, digits and hyphens. */
const plainSegment = /^[\w-]{1,200}$/;

function readIngestionToken(response: TransportResponse): IngestionToken {
  const token = stringAt(objectOf(response), "ingestionAuthToken");
  const maxAge = /(?:^|[\s,])max-age=(\d{1,9})/.exec(response.headers["cache-control"] ?? "")?.[1];
  if (token === undefined || maxAge === undefined) {
    const says = "The answer has no ingestionAuthToken with Cache-Control: max-age.";
    throw clientError("ConfigurationUnreadable", says);
  }
  return { token, maxAgeMs: Number(maxAge) * 1000 };
}
