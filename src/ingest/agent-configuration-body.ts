/** The body of an agent configuration, with the field names that agents decode. */
import { createHash } from "node:crypto";
import { at, isObject, listAt, stringAt } from "../arm/index.ts";
import type { ArmResource, Json, JsonObject } from "../arm/index.ts";
import { odsDataTypes } from "../azure/index.ts";
import type { LogStream } from "../azure/index.ts";
import { assertNever } from "../core/index.ts";
import type { AgentChannel, AgentRule, RecordSource } from "./agent-channels.ts";
import { metricsStream } from "./data-collection.ts";
import type { CollectionRule } from "./data-collection.ts";

export interface BodyContext {
  readonly cluster: ArmResource;
  /** The URL at which this configuration was served: agents keep to it for their tokens. */
  readonly base: string;
  readonly platform: string;
}

/**
 * The body of `agentConfigurations`: one configuration a rule.
 *
 * The shape is Docker-Provider's source/plugins/go/src/ingestion_token_utils.go and, of `gig` channels, what mdsd keeps in
 * its configchunks; the metrics channel is inferred: protocol `prometheus`, and as endpoint the key that
 * prometheus-collector's TokenConfig.json has.
 */
export const configurationBody = (
  rules: readonly AgentRule[],
  context: BodyContext,
): JsonObject => ({
  configurations: rules.map((rule) => configuration(rule, context)),
});

function configuration(agentRule: AgentRule, context: BodyContext): JsonObject {
  const { rule, channels } = agentRule;
  const content = {
    dataSources: dataSources(agentRule),
    channels: channels.map((channel) => shownChannel(rule, channel, context)),
    extensionConfigurations: extensionConfigurations(agentRule),
  } satisfies JsonObject;
  return { configurationId: rule.immutableId, eTag: tagOf(content), op: "added", content };
}

function shownChannel(
  rule: CollectionRule,
  channel: AgentChannel,
  context: BodyContext,
): JsonObject {
  const { protocol, channelId } = channel;
  const tokenEndpointUri = tokenEndpoint(rule, channelId, context);
  const rules = `dataCollectionRules/${rule.immutableId}/streams`;
  switch (protocol) {
    case "ods":
      return {
        endpoint: `https://${channel.law.hosts.ods}`,
        tokenEndpointUri,
        id: channelId,
        protocol,
      };
    case "gig":
      return {
        endpointUriTemplate: `${channel.ingestionBase}/${rules}/<STREAM>?api-version=2021-11-01-preview`,
        tokenEndpointUri,
        id: channelId,
        protocol,
      };
    case "prometheus":
      // @see Azure/prometheus-collector otelcollector/shared/helpers.go: the keys of TokenConfig.json
      return {
        endpoint: `${channel.ingestionBase}/api/v1/${rules}/${metricsStream}`,
        tokenEndpointUri,
        id: channelId,
        protocol,
      };
    default:
      return assertNever(protocol);
  }
}

function dataSources({ rule, channels, sources }: AgentRule): readonly JsonObject[] {
  const records = sources.flatMap((source) => {
    const channelIds = [...new Set(source.streams.map(({ channelId }) => channelId))];
    return channelIds.map((channelId) => recordSource(rule, source, channelId));
  });
  const metrics = channels.find(({ protocol }) => protocol === "prometheus");
  return metrics === undefined ? records : [...records, ...forwarders(rule, metrics.channelId)];
}

/** A data source with the streams of it that one channel carries. */
function recordSource(
  { immutableId }: CollectionRule,
  { kind, name, declared, streams }: RecordSource,
  channelId: string,
): JsonObject {
  const isExtension = kind === "extension";
  return {
    configuration: isExtension
      ? { extensionName: stringAt(declared, "extensionName") ?? "" }
      : {
          facilityNames: listAt(declared, "facilityNames"),
          logLevels: listAt(declared, "logLevels"),
        },
    id: name,
    kind,
    streams: streams
      .filter((carried) => carried.channelId === channelId)
      .map(({ stream }) => {
        const dataType = dataTypeOf(stream);
        const output = { extensionOutputStream: `${immutableId}:${name}:${dataType}` };
        return {
          stream: dataType,
          solution: solutionOf(dataType),
          ...(isExtension ? output : {}),
        };
      }),
    sendToChannels: [channelId],
  };
}

/** What agents call a stream: the high-scale one has the name of its twin. @see Docker-Provider source/plugins/go/src/extension */
const dataTypeOf = ({ name, table, dataType }: LogStream): string =>
  dataType ?? [...odsDataTypes.values()].find((one) => one.table === table)?.dataType ?? name;

const solutionOf = (dataType: string): string =>
  odsDataTypes.get(dataType)?.solution ?? "LogManagement";

/** By the extension's name, its settings and the ids under which it hands each data type to the sender. */
function extensionConfigurations({ rule, sources }: AgentRule): JsonObject {
  const byName = new Map<string, JsonObject[]>();
  for (const { kind, name, declared, streams } of sources) {
    if (kind !== "extension") continue;
    const settings = at(declared, "extensionSettings");
    const outputs = streams.map(({ stream }): [string, Json] => {
      const dataType = dataTypeOf(stream);
      return [dataType, `${rule.immutableId}:${name}:${dataType}`];
    });
    const extension = stringAt(declared, "extensionName") ?? "";
    const entry = {
      id: name,
      originIds: [rule.immutableId],
      extensionSettings: isObject(settings) ? settings : {},
      outputStreams: Object.fromEntries(outputs),
    };
    byName.set(extension, [...(byName.get(extension) ?? []), entry]);
  }
  return Object.fromEntries(byName);
}

/** The rule's Prometheus forwarders; a rule without data sources (for remote write) has none. */
const forwarders = (
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

function tokenEndpoint(
  { immutableId }: CollectionRule,
  channelId: string,
  { base, cluster, platform }: BodyContext,
): string {
  const path = `${cluster.id}/agentConfigurations/${immutableId}/channels/${channelId}/issueIngestionToken`;
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
