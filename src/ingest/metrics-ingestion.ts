/** Metrics ingestion at a data collection endpoint: who may write into which rule, and which workspace keeps it. */
import { sameId, stringAt } from "../arm/index.ts";
import type { ArmResource, ResourceId } from "../arm/index.ts";
import { dataActions } from "../azure/index.ts";
import type { HttpResponse } from "../http/index.ts";
import { ingestionAccess } from "../rules/index.ts";
import type { Appendable, MetricsStore } from "../store/index.ts";
import type { SigningKeys } from "../tokens/index.ts";
import { destinationAccounts, hasStream, metricsStream } from "./data-collection.ts";
import type { CollectionRule } from "./data-collection.ts";
import { networkRefusal, passes, refusal } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import type { receiveRemoteWrite } from "./remote-write.ts";
import { boundRule, refuseCaller, ruleCaller } from "./rule-access.ts";

/** The versions of the remote write URL. @see Azure/prometheus-collector internal/remotewrite/sidecar.yaml */
const writeVersions = ["2021-11-01-preview", "2023-04-24"];

export interface MetricsIngestionContext {
  readonly store: Pick<MetricsStore, "workspace">;
  /** Verifies the tokens that the configuration service issued. */
  readonly ingestionKey: SigningKeys;
  readonly receiveRemoteWrite: typeof receiveRemoteWrite;
  /** Told of what was kept, for the platform's own metrics. */
  readonly onAppended: (workspaceId: ResourceId, samples: number) => void;
}

/**
 * Answers a write at the metrics host of a data collection endpoint, in both of its URL shapes:
 * `/dataCollectionRules/{rule}/streams/{stream}/api/v1/write?api-version=…` (remote write, an Entra token) and
 * `/api/v1/dataCollectionRules/{rule}/streams/{stream}[/api/v1/write]` (the agents' way, an ingestion token or an Entra token).
 *
 * The order is 401, 403 of the private link, 404 and 403 of the rule, 403 of the role; then the remote write answers.
 */
export async function answerMetricsIngestion(
  exchange: Exchange,
  context: MetricsIngestionContext,
): Promise<HttpResponse> {
  const asked = parsePath(exchange.request.path);
  const ruleOfAgents = asked?.agent === true ? asked.immutableId : undefined;
  const caller = ruleCaller(exchange, ruleOfAgents, context.ingestionKey);
  if (caller.kind === "refused") return caller.response;

  const { publication, origin, served } = exchange;
  const dceId = served.resourceId ?? "";
  if (!passes(exchange, ingestionAccess(publication.graph, { origin, dceId }))) {
    return networkRefusal();
  }
  if (asked === undefined) {
    return refusal("NotFound", `Metrics ingestion serves no ${exchange.request.path}.`);
  }
  const problem = requestProblem(exchange, asked);
  if (problem !== undefined) return problem;

  const found = boundRule(exchange, asked.immutableId);
  if (found.kind === "refused") return found.response;
  const { rule } = found;
  const refused =
    streamProblem(rule, asked.stream) ??
    refuseCaller(exchange, caller, { rule, dataAction: dataActions.writeMetrics });
  if (refused !== undefined) return refused;
  return write(exchange, rule, context);
}

interface Asked {
  readonly immutableId: string;
  readonly stream: string;
  /** The agents' shape of the URL, which alone takes ingestion tokens and has no api-version. */
  readonly agent: boolean;
}

function parsePath(path: string): Asked | undefined {
  const parts = path.split("/").slice(1);
  const agent = parts[0] === "api" && parts[1] === "v1";
  const [rules, immutableId, streams, stream, ...rest] = agent ? parts.slice(2) : parts;
  if (rules?.toLowerCase() !== "datacollectionrules" || streams?.toLowerCase() !== "streams") {
    return undefined;
  }
  if (immutableId === undefined || stream === undefined) return undefined;
  const tail = rest.join("/");
  const known = tail === "api/v1/write" || (agent && tail === "");
  return known ? { immutableId, stream, agent } : undefined;
}

function requestProblem({ request }: Exchange, asked: Asked): HttpResponse | undefined {
  if (request.method !== "POST") {
    return refusal("MethodNotAllowed", `${request.method} is not served here; use POST.`, {
      allow: "POST",
    });
  }
  const version = request.query.get("api-version");
  if (asked.agent && version === null) return undefined;
  if (writeVersions.includes(version ?? "")) return undefined;
  return refusal(
    "UnsupportedApiVersion",
    `The api-version '${version ?? ""}' is not supported here; supported are ${writeVersions.join(", ")}.`,
  );
}

/** The refusal of a stream that is not one of metrics, or that the rule has no flow for. */
function streamProblem(rule: CollectionRule, stream: string): HttpResponse | undefined {
  if (stream === metricsStream && hasStream(rule, stream)) return undefined;
  const says = `The stream '${stream}' is not configured in the data collection rule '${rule.immutableId}'.`;
  return refusal("UnknownStream", says);
}

async function write(
  exchange: Exchange,
  rule: CollectionRule,
  context: MetricsIngestionContext,
): Promise<HttpResponse> {
  const accounts = destinationAccounts(exchange.publication.graph, rule, metricsStream);
  const [account, another] = accounts;
  const accountId = stringAt(account?.properties, "accountId");
  if (account === undefined || accountId === undefined) {
    return refusal(
      "DestinationUnavailable",
      `The data collection rule '${rule.immutableId}' has no Azure Monitor workspace that exists.`,
      { "retry-after": "30" },
    );
  }
  if (another !== undefined && !sameId(another.id, account.id)) {
    return refusal(
      "FeatureNotEmulated",
      `The data collection rule '${rule.immutableId}' sends one stream to ${accounts.length} workspaces; one is supported.`,
    );
  }
  const workspace = await context.store.workspace(accountId);
  const counting = counted(workspace, account, context.onAppended);
  return context.receiveRemoteWrite(exchange.request, counting);
}

/** The workspace, with each append told to the platform's metrics. */
const counted = (
  workspace: Appendable,
  account: ArmResource,
  onAppended: MetricsIngestionContext["onAppended"],
): Appendable => ({
  async appendWriteRequest(message) {
    const result = await workspace.appendWriteRequest(message);
    onAppended(account.id, result.samplesAppended);
    return result;
  },
});
