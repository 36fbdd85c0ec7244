/** ODS: a workspace's own host for records, as agents write to it. What Azure answers besides 200 and 403 is in no document. */
import { parseId, sameId } from "../arm/index.ts";
import type { ResourceId } from "../arm/index.ts";
import { odsDataTypes } from "../azure/index.ts";
import type { OdsDataType } from "../azure/index.ts";
import { CodedError, limits } from "../core/index.ts";
import type { HttpRequest, HttpResponse } from "../http/index.ts";
import { lawOf, odsAccess } from "../rules/index.ts";
import type { LawView } from "../rules/index.ts";
import { bearerOf, isIngestionToken, verifyWorkspaceToken } from "../tokens/index.ts";
import type { AgentCertificates, SigningKeys } from "../tokens/index.ts";
import { readJsonEnvelope } from "../wire/index.ts";
import type { JsonEnvelope, JsonRecords } from "../wire/index.ts";
import { ruleByImmutableId } from "./data-collection.ts";
import type { CollectionRule } from "./data-collection.ts";
import { note, passes, refusal, unauthenticated } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import { inflateBody } from "./inflate-body.ts";
import { lawTableOf, logDestination } from "./log-destination.ts";
import type { LogRoute } from "./log-destination.ts";
import { destinationProblem, recordsIn } from "./logs-ingestion.ts";
import { unfoldPerf } from "./unfold-perf.ts";
import { writeRecords } from "./write-records.ts";
import type { WriteRecordsContext } from "./write-records.ts";

const recordsPath = "/operationaldata.svc/postjsondataitems";
const version = "2016-04-01";
const SOURCE = "microsoft/Docker-Provider source/plugins/go/src/oms.go";

export interface OdsContext extends WriteRecordsContext {
  /** The agents that registered by a shared key, with a certificate. */
  readonly agentCertificates: Pick<AgentCertificates, "opens">;
  /** Verifies the tokens that the configuration service issued for `ods` channels. */
  readonly ingestionKey: SigningKeys;
}

/**
 * Answers `POST /OperationalData.svc/PostJsonDataItems` at a workspace's ODS host: 200 with an empty body when every
 * record is durable, all or none.
 *
 * The order is 401, 403 of the private link (empty, as Azure's is), 403 of the token's rule; then what the body deserves.
 *
 * @see microsoft/Docker-Provider source/plugins/go/src/oms.go
 */
export async function answerOds(exchange: Exchange, context: OdsContext): Promise<HttpResponse> {
  const { publication, origin, served } = exchange;
  const workspaceId = served.resourceId ?? "";
  const law = lawOf(publication.graph, workspaceId);
  if (law === undefined) return forbidden();
  const caller = odsCaller(exchange, law, context);
  if (caller.kind === "refused") return caller.response;
  if (!passes(exchange, odsAccess(publication.graph, { origin, workspaceId }))) return forbidden();
  if (caller.kind === "foreign") return forbidden();
  if (caller.kind === "agent" && law.localAuthDisabled) {
    const says = `${law.id} has features.disableLocalAuth: agents' certificates open nothing.`;
    note(exchange, { rule: "ods.local-auth-disabled", says, source: LOCAL_AUTH_SOURCE });
    return forbidden();
  }
  const problem = requestProblem(exchange.request);
  if (problem !== undefined) return problem;
  const envelope = await readEnvelope(exchange.request);
  if (envelope.kind === "refused") return envelope.response;
  return keep(exchange, { law, caller, envelope: envelope.value }, context);
}

/** Azure's refusal at ODS: no body. @see learn.microsoft.com/azure/azure-monitor/containers/container-insights-troubleshoot */
const forbidden = (): HttpResponse => ({ status: 403 });

type OdsCaller =
  /** The holder of an ingestion token of this workspace. */
  | { readonly kind: "rule"; readonly rule: CollectionRule; readonly targetId: ResourceId }
  /** A legacy agent, by the certificate that it registered; no rule says what it may send. */
  | { readonly kind: "agent" }
  /** A token that opens another workspace, or a rule that is gone. */
  | { readonly kind: "foreign" }
  | { readonly kind: "refused"; readonly response: HttpResponse };

const LOCAL_AUTH_SOURCE =
  "learn.microsoft.com/azure/azure-monitor/containers/container-insights-authentication";

function odsCaller(
  exchange: Exchange,
  law: LawView,
  { ingestionKey, agentCertificates }: OdsContext,
): OdsCaller {
  const { request, nowMs, publication, trail, certificateThumbprint } = exchange;
  const token = bearerOf(request.headers["authorization"]);
  if (token === undefined && certificateThumbprint !== undefined) {
    if (agentCertificates.opens(law.customerId, certificateThumbprint)) {
      trail.principalId = `agent-certificate:${certificateThumbprint}`;
      return { kind: "agent" };
    }
    const says = "The client's certificate is not registered with this workspace.";
    return { kind: "refused", response: unauthenticated(exchange, "AuthenticationFailed", says) };
  }
  if (token === undefined || !isIngestionToken(token)) {
    const says =
      "ODS takes the ingestion token of an `ods` channel of the agent configuration service, as a bearer token, or a registered certificate.";
    return { kind: "refused", response: unauthenticated(exchange, "AuthenticationFailed", says) };
  }
  const jwks = ingestionKey.jwks();
  const found = verifyWorkspaceToken(token, { jwks, workspaceId: law.customerId, nowMs });
  if (!found.ok) {
    if (found.code !== "IngestionTokenForAnotherRule") {
      return { kind: "refused", response: unauthenticated(exchange, found.code, found.says) };
    }
    note(exchange, { rule: `token.${found.code}`, says: found.says, source: SOURCE });
    return { kind: "foreign" };
  }
  const { ruleImmutableId, targetId } = found.grant;
  trail.principalId = `ingestion-token:${ruleImmutableId}`;
  const rule = ruleByImmutableId(publication.graph, ruleImmutableId);
  if (rule !== undefined) return { kind: "rule", rule, targetId };
  const says = `The token's data collection rule ${ruleImmutableId} is not there any more.`;
  note(exchange, { rule: "ods.rule-gone", says, source: "inferred" });
  return { kind: "foreign" };
}

function requestProblem({ method, path, query }: HttpRequest): HttpResponse | undefined {
  if (path.toLowerCase() !== recordsPath) {
    const says =
      `ODS serves no ${path} here. Emulated is POST /OperationalData.svc/PostJsonDataItems; neither blobs ` +
      "(ContainerService.svc) nor the HTTP Data Collector API (/api/logs) are.";
    return refusal("FeatureNotEmulated", says);
  }
  if (method !== "POST") {
    const says = `${method} is not served here; use POST.`;
    return refusal("MethodNotAllowed", says, { allow: "POST" });
  }
  const asked = query.get("api-version");
  if (asked === null || asked === version) return undefined;
  const says = `The api-version '${asked}' is not supported here; supported is ${version}, or none.`;
  return refusal("UnsupportedApiVersion", says);
}

type Envelope =
  | { readonly kind: "value"; readonly value: JsonEnvelope }
  | { readonly kind: "refused"; readonly response: HttpResponse };

async function readEnvelope(request: HttpRequest): Promise<Envelope> {
  const bytesMax = limits.odsBodyBytesMax;
  const body = await request.body(bytesMax);
  const encoding = request.headers["content-encoding"];
  const accepted = ["deflate", "gzip"] as const;
  const inflated = await inflateBody(body, encoding, { accepted, bytesMax });
  if (inflated.kind === "too-large") {
    const says = `The request body inflates to more than ${bytesMax} bytes. Send less in one request.`;
    throw new CodedError("BodyTooLarge", says, { status: 413 });
  }
  if (inflated.kind === "unreadable") {
    return { kind: "refused", response: refusal("InvalidContentEncoding", inflated.says) };
  }
  const read = recordsIn(() =>
    readJsonEnvelope(inflated.bytes, {
      depthMax: limits.logsJsonDepthMax,
      recordsName: "DataItems",
      decidedBy: "DataType",
      recordsOptions: (texts) => ({
        depthMax: limits.logsJsonDepthMax,
        recordsMax: limits.logsRecordsPerRequestMax,
        fieldsMax: limits.logsFieldsPerRecordMax,
        fieldBytesMax: limits.logsFieldBytesMax,
        renames: columnsOf(texts.get("DataType") ?? ""),
      }),
    }),
  );
  if (read.kind === "refused") return read;
  return read.value === undefined
    ? { kind: "refused", response: refusal("InvalidPayload", "The body has no DataItems.") }
    : { kind: "value", value: read.value };
}

const columnMaps = new Map<string, ReadonlyMap<string, string>>();

/** The columns that fields of a data type become, where their names differ. */
function columnsOf(dataType: string): ReadonlyMap<string, string> {
  const found = odsDataTypes.get(dataType);
  if (found === undefined) return new Map();
  const known = columnMaps.get(dataType) ?? new Map(Object.entries(found.columns));
  columnMaps.set(dataType, known);
  return known;
}

interface Kept {
  readonly law: LawView;
  readonly caller: Extract<OdsCaller, { kind: "rule" | "agent" }>;
  readonly envelope: JsonEnvelope;
}

async function keep(
  exchange: Exchange,
  { law, caller, envelope }: Kept,
  context: OdsContext,
): Promise<HttpResponse> {
  const name = envelope.texts.get("DataType") ?? "";
  const dataType = odsDataTypes.get(name);
  if (dataType === undefined) {
    const known = [...odsDataTypes.keys()].join(", ");
    const says = `The DataType '${name.slice(0, 80)}' is not known here; known are ${known}.`;
    return refusal("UnknownDataType", says);
  }
  const found = routesOf(exchange, { law, caller }, dataType);
  if (found.kind === "refused") return found.response;
  const records: JsonRecords = dataType.unfold === "perf" ? unfoldPerf(envelope) : envelope;
  const write = {
    law,
    routes: found.routes,
    records,
    rule: caller.kind === "rule" ? caller.rule.rule : undefined,
    resourceId: resourceOf(exchange, caller),
  };
  await writeRecords(exchange, write, context);
  return { status: 200 };
}

type Routes =
  | { readonly kind: "routes"; readonly routes: readonly LogRoute[] }
  | { readonly kind: "refused"; readonly response: HttpResponse };

/** The heartbeat belongs to the agent and to no flow of a rule. */
const withoutFlow: ReadonlySet<string> = new Set(["HEALTH_ASSESSMENT_BLOB"]);

function routesOf(
  exchange: Exchange,
  { law, caller }: Pick<Kept, "law" | "caller">,
  { dataType, table: tableName, stream }: OdsDataType,
): Routes {
  const { graph } = exchange.publication;
  if (caller.kind === "agent" || withoutFlow.has(dataType)) {
    const table = lawTableOf(graph, law.id, tableName);
    const route = table && { table, source: table, transformKql: undefined };
    return { kind: "routes", routes: route === undefined ? [] : [route] };
  }
  const destination = logDestination(graph, caller.rule, stream);
  if (destination.kind === "routes" && sameId(destination.law.id, law.id)) return destination;
  if (destination.kind === "routes" || destination.kind === "no-flow") {
    const says = `The rule ${caller.rule.immutableId} sends ${stream} not to ${law.id}.`;
    note(exchange, { rule: "ods.no-flow", says, source: "inferred" });
    return { kind: "refused", response: forbidden() };
  }
  return { kind: "refused", response: destinationProblem(caller.rule, stream, destination) };
}

/** The agent's header names the cluster that the token was issued to; where it names another, the token's word holds (inferred). */
function resourceOf(exchange: Exchange, caller: Kept["caller"]): ResourceId | undefined {
  const named = exchange.request.headers["x-ms-azureresourceid"];
  const known = named !== undefined && parseId(named) !== undefined ? named : undefined;
  if (caller.kind === "agent") return known;
  const { targetId } = caller;
  if (named !== undefined && !sameId(known, targetId)) {
    const says = `x-ms-AzureResourceId names ${named.slice(0, 200)}; the token was issued to ${targetId}, which is kept.`;
    note(exchange, { rule: "ods.other-resource", says, source: "inferred" });
  }
  return targetId;
}
