/** The channels of a cluster's agents: by which rule, through which host, and with which token their data travels. */
import { listAt, stringAt } from "../arm/index.ts";
import type { ArmResource, Graph, Json } from "../arm/index.ts";
import { streamsNamed } from "../azure/index.ts";
import type { LogStream } from "../azure/index.ts";
import { associationsWith, lawOf, logFlowsOf } from "../rules/index.ts";
import type { LawView } from "../rules/index.ts";
import { collectionRule, endpointOf, hasStream, metricsStream } from "./data-collection.ts";
import type { CollectionRule } from "./data-collection.ts";

export type AgentChannel =
  /** Records to a workspace's ODS host: `ods-<customerId>`. */
  | { readonly protocol: "ods"; readonly channelId: string; readonly law: LawView }
  /** Records to the logs host of the rule's endpoint: `gigl-dce-<immutable id without its prefix>`. */
  | { readonly protocol: "gig"; readonly channelId: string; readonly ingestionBase: string }
  /** Metrics to the metrics host of the rule's endpoint: `metrics-<immutable id>`, inferred after the others. */
  | { readonly protocol: "prometheus"; readonly channelId: string; readonly ingestionBase: string };

/** A stream of a data source, with the channel that carries it. */
export interface CarriedStream {
  readonly stream: LogStream;
  readonly channelId: string;
}

/** One data source of records: an extension's, or the system log's. */
export interface RecordSource {
  readonly kind: "extension" | "syslog";
  readonly name: string;
  /** As the rule has it. */
  readonly declared: Json;
  readonly streams: readonly CarriedStream[];
}

/** One rule that a cluster's agents follow. */
export interface AgentRule {
  readonly rule: CollectionRule;
  /** `ods` before `gig` before `prometheus`: agents of logs look at the first one only. */
  readonly channels: readonly AgentChannel[];
  readonly sources: readonly RecordSource[];
}

export interface AgentRules {
  /** Those with the extension ContainerInsights first: its agent reads the first configuration and no other. */
  readonly rules: readonly AgentRule[];
  /** Rules some of whose data has no way: their endpoint or workspace is missing. Their immutable ids. */
  readonly withoutEndpoint: readonly string[];
}

/**
 * What a cluster's agents collect, by the rules that are associated with it, in the order of their association.
 *
 * @see microsoft/Docker-Provider source/plugins/go/src/ingestion_token_utils.go: `configurations[0]`, `channels[0]`
 */
export function agentRules(graph: Graph, cluster: ArmResource): AgentRules {
  const found: AgentRule[] = [];
  const withoutEndpoint: string[] = [];
  const seen = new Set<string>();
  for (const { dcrId } of associationsWith(graph, cluster.id)) {
    const resource = dcrId === undefined ? undefined : graph.get(dcrId);
    if (resource === undefined || seen.has(resource.id)) continue;
    seen.add(resource.id);
    const { whole, ...agentRule } = agentRuleOf(graph, collectionRule(resource));
    if (!whole) withoutEndpoint.push(agentRule.rule.immutableId);
    if (agentRule.channels.length > 0) found.push(agentRule);
  }
  const first = found.filter(isContainerInsights);
  const others = found.filter((rule) => !isContainerInsights(rule));
  return { rules: [...first, ...others], withoutEndpoint };
}

const isContainerInsights = ({ sources }: AgentRule): boolean =>
  sources.some(({ declared }) => stringAt(declared, "extensionName") === "ContainerInsights");

function agentRuleOf(graph: Graph, rule: CollectionRule): AgentRule & { readonly whole: boolean } {
  const channels = new Map<string, AgentChannel>();
  let whole = true;
  const keep = (channel: AgentChannel | undefined): string | undefined => {
    if (channel === undefined) whole = false;
    else channels.set(channel.channelId, channel);
    return channel?.channelId;
  };
  const sources = recordSources(rule).map((source) => ({
    ...source,
    streams: streamsIn(source.declared).flatMap((stream): readonly CarriedStream[] => {
      const flow = logFlowsOf(graph, rule.rule.id).find(({ streams }) =>
        streams.some((name) => streamsNamed(name).some((one) => one.name === stream.name)),
      );
      if (flow === undefined) return [];
      // A workspace's channel is there even where all of its records go by the endpoint: agents look at the first one.
      const odsId = keep(odsChannel(graph, flow.lawIds[0] ?? ""));
      const channelId = stream.highScale ? keep(gigChannel(graph, rule)) : odsId;
      return channelId === undefined ? [] : [{ stream, channelId }];
    }),
  }));
  if (hasStream(rule, metricsStream)) keep(metricsChannel(graph, rule));
  const order = ["ods", "gig", "prometheus"];
  const sorted = [...channels.values()].toSorted(
    (a, b) => order.indexOf(a.protocol) - order.indexOf(b.protocol),
  );
  return { rule, channels: sorted, sources, whole };
}

type Declared = Omit<RecordSource, "streams">;

function recordSources({ rule: { properties } }: CollectionRule): readonly Declared[] {
  const of = (kind: RecordSource["kind"], list: string): readonly Declared[] =>
    listAt(properties, "dataSources", list).map((declared) => ({
      kind,
      name: stringAt(declared, "name") ?? "",
      declared,
    }));
  return [...of("extension", "extensions"), ...of("syslog", "syslog")];
}

/** The streams that a source names, groups unfolded. The high-scale one takes the place of its plain twin. */
function streamsIn(declared: Json): readonly LogStream[] {
  const named = listAt(declared, "streams").filter((name) => typeof name === "string");
  const streams = new Map(named.flatMap(streamsNamed).map((stream) => [stream.name, stream]));
  const replaced = new Set(
    [...streams.values()].filter(({ highScale }) => highScale).map(({ table }) => table),
  );
  return [...streams.values()].filter(({ table, highScale }) => highScale || !replaced.has(table));
}

function odsChannel(graph: Graph, lawId: string): AgentChannel | undefined {
  const law = lawOf(graph, lawId);
  return law && { protocol: "ods", channelId: `ods-${law.customerId}`, law };
}

/** The URL and the id as AMCS writes them. @see MicrosoftDocs agents/troubleshooter: `gigl-dce-<32 hex digits>` */
function gigChannel(graph: Graph, rule: CollectionRule): AgentChannel | undefined {
  const endpoint = endpointOf(graph, rule);
  const ingestionBase = stringAt(endpoint?.properties, "logsIngestion", "endpoint");
  const immutableId = stringAt(endpoint?.properties, "immutableId");
  if (ingestionBase === undefined || immutableId === undefined) return undefined;
  const channelId = `gigl-dce-${immutableId.replace(/^dce-/, "")}`;
  return { protocol: "gig", channelId, ingestionBase };
}

function metricsChannel(graph: Graph, rule: CollectionRule): AgentChannel | undefined {
  const endpoint = endpointOf(graph, rule);
  const ingestionBase = stringAt(endpoint?.properties, "metricsIngestion", "endpoint");
  const immutableId = stringAt(endpoint?.properties, "immutableId");
  if (ingestionBase === undefined || immutableId === undefined) return undefined;
  return { protocol: "prometheus", channelId: `metrics-${immutableId}`, ingestionBase };
}
