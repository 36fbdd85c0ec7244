/**
 * What the agent configuration service (AMCS) tells the agent of Container insights: its streams, settings and ways.
 * @see github.com/microsoft/Docker-Provider source/plugins/go/src/ingestion_token_utils.go
 */
import { at, isObject, listAt, stringAt } from "../arm/index.ts";
import type { Json, JsonObject } from "../arm/index.ts";
import { cloud, highScaleStream } from "../azure/index.ts";
import { clientError } from "./errors.ts";
import type { PeerEvidence } from "./transport.ts";

/** Where records go, with a token of its own. */
export type LogsChannel =
  /** To a workspace: `https://<workspace id>.ods.<domain>`. */
  | { readonly kind: "ods"; readonly channelId: string; readonly endpoint: string }
  /** Through a data collection endpoint: a URL with `<STREAM>` where the stream's name goes. */
  | { readonly kind: "gig"; readonly channelId: string; readonly endpointTemplate: string };

export type NamespaceFilter = "Off" | "Include" | "Exclude";

/** `dataCollectionSettings` of the rule, with the product's defaults. */
export interface LogsSettings {
  readonly intervalMs: number;
  readonly namespaceFilter: NamespaceFilter;
  readonly namespaces: readonly string[];
  readonly containerLogV2: boolean;
}

/** Messages of syslog that a rule collects; `*` is all. */
export interface SyslogChoice {
  readonly facilities: readonly string[];
  /** `Debug` to `Emergency`. */
  readonly levels: readonly string[];
}

export interface LogsConfiguration {
  /** The rule's immutable id. */
  readonly configurationId: string;
  /** The first is the one for everything; one of kind `gig` takes what its stream names. */
  readonly channels: readonly LogsChannel[];
  readonly settings: LogsSettings;
  /** Data types that the rule collects, as `outputStreams` names them: `KUBE_EVENTS_BLOB`. */
  readonly streams: ReadonlySet<string>;
  /** What the rule's syslog sources choose; empty where it has none. */
  readonly syslog: readonly SyslogChoice[];
  /** The origin that answered. */
  readonly base: string;
  readonly peer: PeerEvidence;
}

const EXTENSION = "ContainerInsights";
const CONTAINER_LOG_V2 = "CONTAINERINSIGHTS_CONTAINERLOGV2";
const SYSLOG_STREAMS: readonly string[] = ["LINUX_SYSLOGS_BLOB", "Microsoft-Syslog"];

/**
 * Reads the configuration of Container insights from an answer; undefined where it has none.
 *
 * The agent of Azure reads the first configuration and its first channel only. A cluster that also has a rule for metrics
 * may be told that one first, so that the first with the extension is taken here.
 *
 * @throws CodedError ConfigurationUnreadable, UrlRefused.
 */
export function readLogsConfiguration(
  body: JsonObject,
  where: { readonly base: string; readonly peer: PeerEvidence },
): LogsConfiguration | undefined {
  for (const configuration of listAt(body, "configurations")) {
    const content = at(configuration, "content") ?? null;
    const [extension] = listAt(content, "extensionConfigurations", EXTENSION);
    if (extension === undefined) continue;
    const configurationId = stringAt(configuration, "configurationId");
    if (configurationId === undefined || !plainSegment.test(configurationId)) {
      throw unreadable("A configuration of Container insights has no configurationId.");
    }
    const channels = listAt(content, "channels").flatMap(readChannel);
    if (channels.length === 0) {
      throw unreadable(`The configuration ${configurationId} has no channel for logs.`);
    }
    const sources = listAt(content, "dataSources");
    return {
      configurationId,
      channels,
      settings: readSettings(at(extension, "extensionSettings", "dataCollectionSettings") ?? null),
      streams: new Set([...streamsOf(extension, sources), ...highScaleStreams(sources, channels)]),
      syslog: sources.filter(isSyslog).map(syslogChoice),
      ...where,
    };
  }
  return undefined;
}

function streamsOf(extension: Json, sources: readonly Json[]): ReadonlySet<string> {
  const outputs = at(extension, "outputStreams");
  const named = sources
    .filter((source) => stringAt(source, "configuration", "extensionName") === EXTENSION)
    .flatMap((source) => listAt(source, "streams"))
    .map((stream) => (typeof stream === "string" ? stream : (stringAt(stream, "stream") ?? "")));
  return new Set([...(isObject(outputs) ? Object.keys(outputs) : []), ...named]);
}

/** At high scale the container log has its twin's data type; that its source sends to a `gig` channel tells them apart. */
function highScaleStreams(
  sources: readonly Json[],
  channels: readonly LogsChannel[],
): readonly string[] {
  const gigs = channels.flatMap(({ kind, channelId }) => (kind === "gig" ? [channelId] : []));
  const sendsThere = (source: Json): boolean =>
    listAt(source, "sendToChannels").some((id) => typeof id === "string" && gigs.includes(id));
  const hasContainerLog = (source: Json): boolean =>
    listAt(source, "streams").some((stream) => stringAt(stream, "stream") === CONTAINER_LOG_V2);
  return sources.some((source) => sendsThere(source) && hasContainerLog(source))
    ? [highScaleStream]
    : [];
}

const syslogChoice = (source: Json): SyslogChoice => ({
  facilities: textsAt(source, "facilityNames"),
  levels: textsAt(source, "logLevels"),
});

const textsAt = (source: Json, name: string): readonly string[] =>
  listAt(source, "configuration", name).filter((text) => typeof text === "string");

const isSyslog = (source: Json): boolean =>
  stringAt(source, "kind") === "syslog" ||
  listAt(source, "streams").some((stream) =>
    SYSLOG_STREAMS.includes(
      typeof stream === "string" ? stream : (stringAt(stream, "stream") ?? ""),
    ),
  );

function readChannel(channel: Json): LogsChannel[] {
  const protocol = stringAt(channel, "protocol");
  if (protocol !== "ods" && protocol !== "gig") return [];
  const channelId = stringAt(channel, "id") ?? "";
  if (!plainSegment.test(channelId)) {
    throw unreadable(`${JSON.stringify(channelId.slice(0, 80))} is no channel id.`);
  }
  if (protocol === "ods") {
    const endpoint = trustedUrl(stringAt(channel, "endpoint") ?? "", cloud.odsSuffix).origin;
    return [{ kind: "ods", channelId, endpoint }];
  }
  const endpointTemplate = stringAt(channel, "endpointUriTemplate") ?? "";
  trustedUrl(endpointTemplate.replaceAll("<STREAM>", "stream"), cloud.monitorSuffix);
  return [{ kind: "gig", channelId, endpointTemplate }];
}

/** @throws CodedError UrlRefused when it is no https URL below `suffix`: tokens go to Azure Monitor's hosts only. */
function trustedUrl(text: string, suffix: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "https:" && url.hostname.endsWith(`.${suffix}`)) return url;
  const says = `${JSON.stringify(text.slice(0, 200))} is no https URL below ${suffix}; no token goes there.`;
  throw clientError("UrlRefused", says);
}

/** @see learn.microsoft.com/azure/azure-monitor/containers/kubernetes-data-collection-configure (interval 1m to 30m) */
function readSettings(value: Json): LogsSettings {
  const filter = (stringAt(value, "namespaceFilteringMode") ?? "Off").toLowerCase();
  const namespaceFilter: NamespaceFilter =
    filter === "include" ? "Include" : filter === "exclude" ? "Exclude" : "Off";
  return {
    intervalMs: intervalMs(stringAt(value, "interval") ?? "1m"),
    namespaceFilter,
    namespaces: listAt(value, "namespaces").filter((name) => typeof name === "string"),
    containerLogV2: at(value, "enableContainerLogV2") === true,
  };
}

const MINUTE_MS = 60_000;

/** `1m` to `30m`; as the product does, anything else is one minute. */
function intervalMs(text: string): number {
  const minutes = Number(/^(\d{1,2})m$/.exec(text)?.[1]);
  return minutes >= 1 && minutes <= 30 ? minutes * MINUTE_MS : MINUTE_MS;
}

/** Ids go into paths: nothing but letters, digits and hyphens. */
const plainSegment = /^[\w-]{1,200}$/;

const unreadable = (says: string): Error => clientError("ConfigurationUnreadable", says);
