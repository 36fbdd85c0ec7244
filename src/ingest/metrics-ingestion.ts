/** Metrics ingestion at a data collection endpoint: who may write into which rule, and which workspace keeps it. */
import { sameId, stringAt } from "../arm/index.ts";
import type { ArmResource, ResourceId } from "../arm/index.ts";
import { audiences, dataActions } from "../azure/index.ts";
import type { HttpResponse } from "../http/index.ts";
import { ingestionAccess, roleAccess } from "../rules/index.ts";
import type { Appendable, MetricsStore } from "../store/index.ts";
import { bearerOf, isIngestionToken, verifyIngestionToken } from "../tokens/index.ts";
import type { SigningKeys } from "../tokens/index.ts";
import {
  destinationAccounts,
  hasStream,
  isBoundTo,
  metricsStream,
  ruleByImmutableId,
} from "./data-collection.ts";
import type { MetricsRule } from "./data-collection.ts";
import {
  authenticate,
  networkRefusal,
  note,
  passes,
  refusal,
  unauthenticated,
} from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import type { receiveRemoteWrite } from "./remote-write.ts";

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
  const caller = callerOf(exchange, asked, context);
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

  const found = ruleFor(exchange, asked);
  if (found.kind === "refused") return found.response;
  const refused = refuseCaller(exchange, caller, found.rule);
  if (refused !== undefined) return refused;
  return write(exchange, found.rule, context);
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

type Caller =
  | { readonly kind: "principal"; readonly objectId: string }
  /** The holder of an ingestion token: it may write into one rule, which is this one or not. */
  | { readonly kind: "ingestion"; readonly ownRule: boolean }
  | { readonly kind: "refused"; readonly response: HttpResponse };

/** Ingestion tokens are taken in the agents' shape of the URL alone; elsewhere one is an access token of a wrong issuer. */
function callerOf(
  exchange: Exchange,
  asked: Asked | undefined,
  { ingestionKey }: MetricsIngestionContext,
): Caller {
  const token = bearerOf(exchange.request.headers["authorization"]);
  if (asked?.agent === true && token !== undefined && isIngestionToken(token)) {
    return ingestionCaller(exchange, token, { asked, ingestionKey });
  }
  const authentication = authenticate(exchange, audiences.monitor);
  return authentication.kind === "refused"
    ? authentication
    : { kind: "principal", objectId: authentication.principal.objectId };
}

function ingestionCaller(
  exchange: Exchange,
  token: string,
  { asked, ingestionKey }: { readonly asked: Asked; readonly ingestionKey: SigningKeys },
): Caller {
  const rule = ruleByImmutableId(exchange.publication.graph, asked.immutableId);
  const ruleImmutableId = rule?.immutableId ?? asked.immutableId;
  const jwks = ingestionKey.jwks();
  const found = verifyIngestionToken(token, { jwks, ruleImmutableId, nowMs: exchange.nowMs });
  if (found.ok) {
    exchange.trail.principalId = `ingestion-token:${ruleImmutableId}`;
    return { kind: "ingestion", ownRule: true };
  }
  if (found.code === "IngestionTokenForAnotherRule") {
    note(exchange, { rule: `token.${found.code}`, says: found.says, source: SOURCE });
    return { kind: "ingestion", ownRule: false };
  }
  return { kind: "refused", response: unauthenticated(exchange, found.code, found.says) };
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

type FoundRule =
  | { readonly kind: "rule"; readonly rule: MetricsRule }
  | { readonly kind: "refused"; readonly response: HttpResponse };

function ruleFor({ publication, served }: Exchange, asked: Asked): FoundRule {
  const refused = (response: HttpResponse): FoundRule => ({ kind: "refused", response });
  const rule = ruleByImmutableId(publication.graph, asked.immutableId);
  if (rule === undefined) {
    const says = `Data collection rule with immutable Id '${asked.immutableId}' not found.`;
    return refused(refusal("ResourceNotFound", says));
  }
  if (!isBoundTo(rule, served.resourceId)) {
    return refused(accessRefusal(rule, { binding: false, rbac: "" }));
  }
  if (asked.stream !== metricsStream || !hasStream(rule, asked.stream)) {
    const says = `The stream '${asked.stream}' is not configured in the data collection rule '${rule.immutableId}'.`;
    return refused(refusal("UnknownStream", says));
  }
  return { kind: "rule", rule };
}

function refuseCaller(
  exchange: Exchange,
  caller: Exclude<Caller, { kind: "refused" }>,
  rule: MetricsRule,
): HttpResponse | undefined {
  const refused = accessRefusal(rule, { binding: true, rbac: "False" });
  if (caller.kind === "ingestion") return caller.ownRule ? undefined : refused;
  const verdict = roleAccess(exchange.publication.graph, {
    principalId: caller.objectId,
    dataAction: dataActions.writeMetrics,
    scope: rule.rule.id,
  });
  return passes(exchange, verdict) ? undefined : refused;
}

const SOURCE = "microsoft/Docker-Provider source/plugins/go/src/ingestion_token_utils.go";

/** Azure's own text. It is cut off after DcrArmId in every report of it, and so is ours. @see Azure/azure-sdk-for-net issue 37173 */
const accessRefusal = (
  { immutableId }: MetricsRule,
  result: { readonly binding: boolean; readonly rbac: "" | "False" },
): HttpResponse =>
  refusal(
    "OperationFailed",
    `The authentication token provided does not have access to ingest data for the data collection rule with immutable Id '${immutableId}' ` +
      `PipelineAccessResult: AccessGranted: False, IsRbacPresent: ${result.rbac}, IsDcrDceBindingValid: ${result.binding ? "" : "False"}`,
  );

async function write(
  exchange: Exchange,
  rule: MetricsRule,
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
