/** The agent configuration service (AMCS): which rules a cluster's agents follow, and the tokens they ingest with. */
import { parseId } from "../arm/index.ts";
import type { ArmResource } from "../arm/index.ts";
import { audiences } from "../azure/index.ts";
import { limits } from "../core/index.ts";
import { json } from "../http/index.ts";
import type { HttpResponse } from "../http/index.ts";
import { configurationAccess, endpointRequiredMessage } from "../rules/index.ts";
import type { ConfigurationAccess } from "../rules/index.ts";
import { issueIngestionToken } from "../tokens/index.ts";
import type { SigningKeys } from "../tokens/index.ts";
import { agentRules } from "./agent-channels.ts";
import type { AgentChannel, AgentRule } from "./agent-channels.ts";
import { configurationBody, tagOf } from "./agent-configuration-body.ts";
import { clusterIdentities, clusterOf } from "./data-collection.ts";
import { authenticate, networkRefusal, note, refusal } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";

const configurationVersions = ["2020-08-01-preview", "2022-06-02"];
const tokenVersions = ["2020-04-01-preview", "2020-08-01-preview", "2022-06-02"];
const platforms = ["linux", "windows"];
const SOURCE =
  "microsoft/Docker-Provider source/plugins/go/src/ingestion_token_utils.go; Azure/prometheus-collector otelcollector/shared/helpers.go";

export interface AgentConfigurationContext {
  /** Signs the ingestion tokens; its own key, known to no other service. */
  readonly ingestionKey: SigningKeys;
}

/**
 * Answers a request at the global handler host or at the handler host of a data collection endpoint.
 *
 * 200 with the configuration or the token; 304; 401 without a token for Azure Monitor; 403 where the private link
 * rules or the token's identity forbid it; 421 with `x-ms-agent-config-endpoint` where the cluster has an endpoint of its own.
 */
export function answerAgentConfiguration(
  exchange: Exchange,
  { ingestionKey }: AgentConfigurationContext,
): HttpResponse {
  const authentication = authenticate(exchange, audiences.monitor);
  if (authentication.kind === "refused") return authentication.response;

  const asked = parsePath(exchange.request.path);
  if (asked === undefined) {
    return refusal("NotFound", `The configuration service serves no ${exchange.request.path}.`);
  }
  const cluster = clusterOf(exchange.publication.graph, asked.clusterId);
  const access = accessTo(exchange, cluster);
  if (access.kind === "refuse") return refuseWay(exchange, access);
  // A cluster that is not there and another one's identity get one answer, so that nobody learns which ids exist.
  if (cluster === undefined || !isOwnIdentity(exchange, cluster)) return foreignIdentity(exchange);
  const problem = requestProblem(exchange, asked);
  if (problem !== undefined) return problem;
  if (access.kind === "redirect") return redirect(access);

  const { rules, withoutEndpoint } = agentRules(exchange.publication.graph, cluster);
  for (const immutableId of withoutEndpoint) {
    const says = `Rule ${immutableId} names a data collection endpoint or workspace that does not exist, so that no channel leads there.`;
    note(exchange, { rule: "configuration.rule-without-endpoint", says, source: SOURCE });
  }
  const { token } = asked;
  if (token === undefined) return configuration(exchange, cluster, rules);
  const agentRule = rules.find(({ rule }) => same(rule.immutableId, token.configurationId));
  const channel = agentRule?.channels.find(({ channelId }) => same(channelId, token.channelId));
  return agentRule === undefined || channel === undefined
    ? refusal("ResourceNotFound", "The configuration of this cluster has no such channel.")
    : ingestionToken(exchange, { cluster, agentRule, channel, ingestionKey });
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

interface Asked {
  readonly clusterId: string;
  /** Present when an ingestion token is asked for, else the configuration itself. */
  readonly token: { readonly configurationId: string; readonly channelId: string } | undefined;
}

/** Reads `[/locations/REGION]{clusterId}/agentConfigurations[/{configuration}/channels/{channel}/issueIngestionToken]`. */
function parsePath(path: string): Asked | undefined {
  const segments = path.split("/").slice(1).map(decoded);
  if (segments.includes(undefined)) return undefined;
  const names = segments.filter((segment) => segment !== undefined);
  const lower = names.map((name) => name.toLowerCase());
  const start = lower[0] === "locations" ? 2 : 0;
  const mark = lower.lastIndexOf("agentconfigurations");
  if (mark <= start) return undefined;
  const clusterId = `/${names.slice(start, mark).join("/")}`;
  if (parseId(clusterId) === undefined) return undefined;
  const [configurationId, channels, channelId, verb, ...rest] = names.slice(mark + 1);
  if (configurationId === undefined) return { clusterId, token: undefined };
  const asksToken =
    channels?.toLowerCase() === "channels" &&
    channelId !== undefined &&
    verb?.toLowerCase() === "issueingestiontoken" &&
    rest.length === 0;
  return asksToken ? { clusterId, token: { configurationId, channelId } } : undefined;
}

function decoded(segment: string): string | undefined {
  try {
    const text = decodeURIComponent(segment);
    return text.includes("/") ? undefined : text;
  } catch {
    return undefined;
  }
}

/** A cluster that does not exist is treated as one without an association, so that it cannot be told from one. */
function accessTo(exchange: Exchange, cluster: ArmResource | undefined): ConfigurationAccess {
  const { publication, origin, served } = exchange;
  const atGlobalHost = served.kind === "configuration-global";
  if (cluster === undefined && atGlobalHost && origin.kind === "public") {
    return { kind: "serve", reasons: [] };
  }
  const clusterId = cluster?.id ?? "";
  const access = configurationAccess(publication.graph, { origin, host: served, clusterId });
  note(exchange, ...access.reasons);
  return access;
}

/** Over a private link the refusal has Azure's own text; its status 403 is from the agents' telemetry. */
function refuseWay({ origin }: Exchange, access: ConfigurationAccess): HttpResponse {
  if (origin.kind === "private") return refusal("InvalidAccess", `${endpointRequiredMessage}.`);
  if (access.reasons.some(({ rule }) => rule.startsWith("dce."))) return networkRefusal();
  return refusal(
    "InvalidAccess",
    "The agent configuration of this resource is not served at this data collection endpoint.",
  );
}

function isOwnIdentity(exchange: Exchange, cluster: ArmResource): boolean {
  const own = clusterIdentities(cluster).has((exchange.trail.principalId ?? "").toLowerCase());
  const rule = own ? "configuration.own-identity" : "configuration.foreign-identity";
  const says = `${exchange.trail.principalId} is ${own ? "an" : "no"} identity of ${cluster.id}.`;
  note(exchange, { rule, says, source: "inferred: AMCS demands the resource's own identity" });
  return own;
}

const foreignIdentity = ({ trail }: Exchange): HttpResponse =>
  refusal(
    "AuthorizationFailed",
    `The identity ${trail.principalId} may not read this resource's agent configuration; only the resource's own identities may.`,
  );

function requestProblem({ request }: Exchange, asked: Asked): HttpResponse | undefined {
  if (request.method !== "GET") {
    return refusal("MethodNotAllowed", `${request.method} is not served here; use GET.`, {
      allow: "GET",
    });
  }
  const versions = asked.token === undefined ? configurationVersions : tokenVersions;
  const version = request.query.get("api-version") ?? "";
  if (!versions.includes(version)) {
    return refusal(
      "UnsupportedApiVersion",
      `The api-version '${version}' is not supported here; supported are ${versions.join(", ")}.`,
    );
  }
  const platform = request.query.get("platform") ?? "";
  if (platforms.includes(platform.toLowerCase())) return undefined;
  return refusal(
    "InvalidParameter",
    `The platform '${platform}' is not known; it must be linux or windows.`,
  );
}

const redirect = ({
  endpoint,
  message,
}: Extract<ConfigurationAccess, { kind: "redirect" }>): HttpResponse =>
  refusal("MisdirectedAgentRequest", message, { "x-ms-agent-config-endpoint": endpoint });

function configuration(
  { request, served }: Exchange,
  cluster: ArmResource,
  rules: readonly AgentRule[],
): HttpResponse {
  const platform = request.query.get("platform")?.toLowerCase() ?? "";
  const body = configurationBody(rules, { cluster, base: `https://${served.host}`, platform });
  const etag = `"${tagOf(body)}"`;
  if (request.headers["if-none-match"] === etag) return { status: 304, headers: { etag } };
  return json(200, body, { etag });
}

/** The token's claims are those seen in Azure's; it opens one rule's endpoint, or of an `ods` channel one workspace, and nothing else. */
function ingestionToken(
  exchange: Exchange,
  issue: {
    readonly cluster: ArmResource;
    readonly agentRule: AgentRule;
    readonly channel: AgentChannel;
    readonly ingestionKey: SigningKeys;
  },
): HttpResponse {
  const { channel } = issue;
  const { immutableId } = issue.agentRule.rule;
  const ingestionAuthToken = issueIngestionToken(issue.ingestionKey, {
    ruleImmutableId: immutableId,
    targetId: issue.cluster.id,
    region: issue.cluster.location ?? "",
    ...(channel.protocol === "ods" ? { workspaceId: channel.law.customerId } : {}),
    nowMs: exchange.nowMs,
  });
  const maxAge = `max-age=${limits.ingestionTokenLifeSeconds}`;
  return json(
    200,
    { configurationId: immutableId, ingestionAuthToken },
    { "cache-control": maxAge },
  );
}
