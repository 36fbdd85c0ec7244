/** The Logs Ingestion API at a data collection endpoint: who may write which stream of which rule, and what is taken of a body. */
import { dataActions, logStreams, odsDataTypes } from "../azure/index.ts";
import { CodedError, limits } from "../core/index.ts";
import type { HttpRequest, HttpResponse } from "../http/index.ts";
import { ingestionAccess } from "../rules/index.ts";
import { readJsonRecords } from "../wire/index.ts";
import type { SigningKeys } from "../tokens/index.ts";
import type { CollectionRule } from "./data-collection.ts";
import { networkRefusal, passes, refusal } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import { inflateBody } from "./inflate-body.ts";
import { logDestination } from "./log-destination.ts";
import type { LogDestination } from "./log-destination.ts";
import { boundRule, refuseCaller, ruleCaller } from "./rule-access.ts";
import type { RuleQuota } from "./rule-quota.ts";
import { writeRecords } from "./write-records.ts";
import type { WriteRecordsContext } from "./write-records.ts";

/** @see SPEC monitor/data-plane/Ingestion: its stable version and its previews */
const versions = ["2021-11-01-preview", "2023-01-01", "2023-04-01-preview"];

export interface LogsIngestionContext extends WriteRecordsContext {
  /** Verifies the tokens that the configuration service issued for `gig` channels. */
  readonly ingestionKey: SigningKeys;
  readonly ruleQuota: RuleQuota;
}

/**
 * Answers `POST /dataCollectionRules/{rule}/streams/{stream}?api-version=…` at the logs host of an endpoint.
 *
 * The order is 401, 403 of the private link, 404 and 403 of the rule, 403 of the role, 400 of the stream, 429, then what
 * the body deserves. 204: every record is durable, or left out by a transformation or the daily cap. All or none is kept.
 *
 * That the times of one call may lie 30 minutes apart at most (`RecordsTimeRangeIsMoreThan30Minutes`) is said of Auxiliary
 * tables only, which are refused when they are made; times that are too far from now are replaced in the store.
 *
 * @see learn.microsoft.com/azure/azure-monitor/logs/logs-ingestion-api-overview
 */
export async function answerLogsIngestion(
  exchange: Exchange,
  context: LogsIngestionContext,
): Promise<HttpResponse> {
  const { publication, origin, served, request } = exchange;
  const asked = parsePath(request.path);
  const caller = ruleCaller(exchange, asked?.immutableId, context.ingestionKey);
  if (caller.kind === "refused") return caller.response;
  const dceId = served.resourceId ?? "";
  if (!passes(exchange, ingestionAccess(publication.graph, { origin, dceId }))) {
    return networkRefusal();
  }
  if (asked === undefined) return refusal("NotFound", `Logs ingestion serves no ${request.path}.`);
  const problem = requestProblem(request);
  if (problem !== undefined) return problem;

  const found = boundRule(exchange, asked.immutableId);
  if (found.kind === "refused") return found.response;
  const { rule } = found;
  const refused = refuseCaller(exchange, caller, { rule, dataAction: dataActions.writeTelemetry });
  if (refused !== undefined) return refused;
  const destination = logDestination(publication.graph, rule, streamOf(asked.stream));
  if (destination.kind !== "routes") return destinationProblem(rule, asked.stream, destination);
  const resourceId = caller.kind === "ingestion" ? caller.targetId : undefined;
  return takeBody(exchange, { rule, destination, resourceId }, context);
}

interface Asked {
  readonly immutableId: string;
  readonly stream: string;
}

function parsePath(path: string): Asked | undefined {
  const [, rules, immutableId, streams, stream, ...rest] = path.split("/");
  if (rules?.toLowerCase() !== "datacollectionrules" || streams?.toLowerCase() !== "streams") {
    return undefined;
  }
  if (!immutableId || !stream || rest.length > 0) return undefined;
  return { immutableId, stream };
}

/**
 * Agents put the data type's name where the stream's belongs; the high-scale stream is the one that has no ODS.
 *
 * @see microsoft/Docker-Provider, whose `outputStreams` name `CONTAINERINSIGHTS_CONTAINERLOGV2` in both modes
 */
function streamOf(name: string): string {
  const stream = odsDataTypes.get(name)?.stream ?? name;
  const twin = `${stream}-HighScale`;
  return stream !== name && logStreams.has(twin) ? twin : stream;
}

function requestProblem({ method, query }: HttpRequest): HttpResponse | undefined {
  if (method !== "POST") {
    return refusal("MethodNotAllowed", `${method} is not served here; use POST.`, {
      allow: "POST",
    });
  }
  const version = query.get("api-version") ?? "";
  if (versions.includes(version)) return undefined;
  return refusal(
    "UnsupportedApiVersion",
    `The api-version '${version}' is not supported here; supported are ${versions.join(", ")}.`,
  );
}

/** The refusal of a stream whose records would go nowhere, or to more places than are kept as one. */
export function destinationProblem(
  { immutableId }: CollectionRule,
  stream: string,
  destination: Exclude<LogDestination, { kind: "routes" }>,
): HttpResponse {
  switch (destination.kind) {
    case "no-flow":
      return refusal(
        "UnknownStream",
        `The stream '${stream}' is not configured in the data collection rule '${immutableId}'.`,
      );
    case "missing":
      return refusal(
        "DestinationUnavailable",
        `The data collection rule '${immutableId}' sends the stream '${stream}' to ${destination.what}, which is not there.`,
        { "retry-after": "30" },
      );
    case "several":
      return refusal(
        "FeatureNotEmulated",
        `The data collection rule '${immutableId}' sends the stream '${stream}' to ${destination.workspaces} workspaces; one is supported.`,
      );
  }
}

interface Target {
  readonly rule: CollectionRule;
  readonly destination: Extract<LogDestination, { kind: "routes" }>;
  readonly resourceId: string | undefined;
}

async function takeBody(
  exchange: Exchange,
  { rule, destination, resourceId }: Target,
  context: LogsIngestionContext,
): Promise<HttpResponse> {
  const { request } = exchange;
  const quota = context.ruleQuota;
  const waitSeconds = quota.request(rule.immutableId);
  if (waitSeconds !== undefined) return tooMany(rule, waitSeconds);
  const body = await readBody(request);
  if (body.kind === "refused") return body.response;
  const waitForBytes = quota.bytes(rule.immutableId, body.bytes.length);
  if (waitForBytes !== undefined) return tooMany(rule, waitForBytes);
  const read = recordsIn(() =>
    readJsonRecords(body.bytes, {
      depthMax: limits.logsJsonDepthMax,
      recordsMax: limits.logsRecordsPerRequestMax,
      fieldsMax: limits.logsFieldsPerRecordMax,
      fieldBytesMax: limits.logsFieldBytesMax,
    }),
  );
  if (read.kind === "refused") return read.response;
  const { law, routes } = destination;
  const write = { law, routes, records: read.value, rule: rule.rule, resourceId };
  await writeRecords(exchange, write, context);
  return { status: 204 };
}

const tooMany = ({ immutableId }: CollectionRule, waitSeconds: number): HttpResponse =>
  refusal(
    "TooManyRequests",
    `The data collection rule '${immutableId}' takes ${limits.logsRuleRequestsPerMinuteMax} requests and ` +
      `${limits.logsRuleBytesPerMinuteMax} bytes in a minute. Send again in ${waitSeconds} seconds.`,
    { "retry-after": String(waitSeconds) },
  );

type Body =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "refused"; readonly response: HttpResponse };

/** The body, which has 1 MB at most both as it came and inflated. */
async function readBody(request: HttpRequest): Promise<Body> {
  const bytesMax = limits.logsIngestionBytesMax;
  let body: Uint8Array;
  try {
    body = await request.body(bytesMax);
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== "BodyTooLarge") throw error;
    return { kind: "refused", response: tooLarge(request.headers["content-length"]) };
  }
  const encoding = request.headers["content-encoding"];
  const inflated = await inflateBody(body, encoding, { accepted: ["gzip"], bytesMax });
  switch (inflated.kind) {
    case "bytes":
      return inflated;
    case "too-large":
      return { kind: "refused", response: tooLarge(undefined) };
    case "unreadable":
      return { kind: "refused", response: refusal("InvalidContentEncoding", inflated.says) };
  }
}

/** Azure's own text, which names the length where the request does. @see JulianHayward/AzADServicePrincipalInsights issue 30 */
const tooLarge = (length: string | undefined): HttpResponse =>
  refusal(
    "ContentLengthLimitExceeded",
    `Maximum allowed content length: ${limits.logsIngestionBytesMax} bytes (1 MB).` +
      (length === undefined ? "" : ` Provided content length: ${length} bytes.`),
  );

export type ReadRecords<Value> =
  | { readonly kind: "value"; readonly value: Value }
  | { readonly kind: "refused"; readonly response: HttpResponse };

/** What a reader of records makes of a body; what is wrong with it becomes a 400, with the reader's own code inside. */
export function recordsIn<Value>(read: () => Value): ReadRecords<Value> {
  try {
    return { kind: "value", value: read() };
  } catch (error) {
    if (!(error instanceof CodedError) || !error.code.startsWith("Json")) throw error;
    const { code, message } = error;
    return { kind: "refused", response: refusal("InvalidPayload", `${code}: ${message}`) };
  }
}
