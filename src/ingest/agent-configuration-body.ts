/** The agent configuration of a cluster: what its agents collect, and the channels they send it through. */
import { createHash } from "node:crypto";
import { at, isObject, listAt, stringAt } from "../arm/index.ts";
import type { ArmResource, Graph, Json, JsonObject } from "../arm/index.ts";
import { endpointOf, metricsRulesOf, metricsStream } from "./data-collection.ts";
import type { CollectionRule } from "./data-collection.ts";

/** One rule that a cluster's agents follow, with the way its data takes. */
export interface MetricsChannel {
  readonly rule: CollectionRule;
  /** `metrics-<dce immutableId>`; inferred, after the `gigl-dce-<immutable id>` of the logs channel. */
  readonly channelId: string;
  /** `https://<dce metrics host>`, without a slash at its end. */
  readonly ingestionBase: string;
}

export interface ChannelsFound {
  readonly channels: readonly MetricsChannel[];
  /** Rules that no channel can be made for: their endpoint is missing. Their immutable ids. */
  readonly withoutEndpoint: readonly string[];
}

/** The metrics channels of a cluster: one for each associated Prometheus rule whose endpoint exists. */
export function metricsChannels(graph: Graph, cluster: ArmResource): ChannelsFound {
  const channels: MetricsChannel[] = [];
  const withoutEndpoint: string[] = [];
  for (const rule of metricsRulesOf(graph, cluster.id)) {
    const endpoint = endpointOf(graph, rule);
    const base = stringAt(endpoint?.properties, "metricsIngestion", "endpoint");
    const immutableId = stringAt(endpoint?.properties, "immutableId");
    if (base === undefined || immutableId === undefined) withoutEndpoint.push(rule.immutableId);
    else channels.push({ rule, channelId: `metrics-${immutableId}`, ingestionBase: base });
  }
  return { channels, withoutEndpoint };
}

export interface BodyContext {
  readonly cluster: ArmResource;
  /** The URL at which this configuration was served: agents keep to it for their tokens. */
  readonly base: string;
  readonly platform: string;
}

/**
 * The body of `agentConfigurations`, with the field names that agents decode.
 *
 * The shape is Docker-Provider's source/plugins/go/src/ingestion_token_utils.go; the metrics channel is inferred:
 * protocol `prometheus`, and as endpoint the key that prometheus-collector's TokenConfig.json has.
 */
export const configurationBody = (
  channels: readonly MetricsChannel[],
  context: BodyContext,
): JsonObject => ({
  configurations: channels.map((channel) => configuration(channel, context)),
});

function configuration(channel: MetricsChannel, context: BodyContext): JsonObject {
  const { rule, channelId } = channel;
  const content = {
    dataSources: dataSources(rule, channelId),
    channels: [
      {
        endpoint: ingestionEndpoint(channel),
        tokenEndpointUri: tokenEndpoint(channel, context),
        id: channelId,
        protocol: "prometheus",
      },
    ],
    extensionConfigurations: {},
  } satisfies JsonObject;
  return { configurationId: rule.immutableId, eTag: tagOf(content), op: "added", content };
}

/** The rule's Prometheus forwarders; a rule without data sources (for remote write) has none. */
const dataSources = (
  { rule, immutableId }: CollectionRule,
  channelId: string,
): readonly JsonObject[] =>
  listAt(rule.properties, "dataSources", "prometheusForwarder").map((source) => {
    const id = stringAt(source, "name") ?? "";
    const filter = at(source, "labelIncludeFilter");
    return {
      configuration: isObject(filter) ? { labelIncludeFilter: filter } : {},
      id,
      kind: "prometheusForwarder",
      streams: listAt(source, "streams").map((stream: Json) => ({
        stream,
        extensionOutputStream: `${immutableId}:${id}:${String(stream)}`,
      })),
      sendToChannels: [channelId],
    };
  });

/** @see Azure/prometheus-collector otelcollector/shared/helpers.go: the keys of TokenConfig.json */
const ingestionEndpoint = ({ rule, ingestionBase }: MetricsChannel): string =>
  `${ingestionBase}/api/v1/dataCollectionRules/${rule.immutableId}/streams/${metricsStream}`;

function tokenEndpoint({ rule, channelId }: MetricsChannel, context: BodyContext): string {
  const { base, cluster, platform } = context;
  const path = `${cluster.id}/agentConfigurations/${rule.immutableId}/channels/${channelId}/issueIngestionToken`;
  const query = new URLSearchParams({
    operatingLocation: cluster.location ?? "",
    platform,
    "api-version": "2022-06-02",
  });
  return `${base}${path}?${query.toString()}`;
}

/** A tag of a JSON value: equal values have equal tags. */
export const tagOf = (value: JsonObject): string =>
  createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 32);
