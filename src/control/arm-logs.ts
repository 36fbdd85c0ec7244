/**
 * `{resourceId}/providers/microsoft.insights/logs`: queries of logs through Resource Manager. Control authorizes; the
 * edge, which has the logs, answers.
 *
 * @see learn.microsoft.com/azure/azure-monitor/logs/api/azure-resource-queries
 */
import { parseId } from "../arm/index.ts";
import type { Problem, ResourceId } from "../arm/index.ts";
import type { HttpRequest, HttpResponse } from "../http/index.ts";
import { refuse } from "./platform.ts";
import type { Call, Platform } from "./platform.ts";
import * as refusals from "./refusals.ts";

/** A query that control has authorized. */
export interface ArmLogsQuery {
  readonly resourceId: ResourceId;
  readonly principalId: string;
  readonly requestId: string;
  readonly request: HttpRequest;
}

/** Passes a query on. @throws CodedError LogsQueryUnreachable (503) where nothing answers. */
export type PassLogsQuery = (asked: ArmLogsQuery) => Promise<HttpResponse>;

const versions = ["2018-03-01-preview"];
const TAIL = ["providers", "microsoft.insights", "logs"];

/** The resource whose logs a path asks for; undefined for any other path. */
export function armLogsResource(
  segments: readonly string[],
  lower: readonly string[],
): ResourceId | undefined {
  const at = lower.length - TAIL.length;
  if (at <= 0 || !TAIL.every((word, index) => lower[at + index] === word)) return undefined;
  return `/${segments.slice(0, at).join("/")}`;
}

/** The right to a resource's logs, of all tables. */
export const READ_LOGS = "Microsoft.Insights/logs/read";

/** Answers or passes on; the caller has been found to have the right `READ_LOGS` at the resource. */
export async function serveArmLogs(
  platform: Platform,
  pass: PassLogsQuery | undefined,
  { resourceId, call }: { readonly resourceId: ResourceId; readonly call: Call },
): Promise<HttpResponse> {
  const problem = requestProblem(platform, resourceId, call);
  if (problem !== undefined) return refuse(problem);
  if (pass === undefined) {
    return refuse({
      code: "FeatureNotEmulated",
      message: "Queries of logs are not answered by this control plane: it runs without an edge.",
    });
  }
  return pass({
    resourceId: platform.state.graph().get(resourceId)?.id ?? resourceId,
    principalId: call.principal.objectId,
    requestId: call.requestId,
    request: call.request,
  });
}

function requestProblem(
  platform: Platform,
  resourceId: ResourceId,
  { apiVersion, request }: Call,
): Problem | undefined {
  if (apiVersion === "") return refusals.versionMissing();
  if (!versions.includes(apiVersion)) return refusals.versionInvalid(apiVersion, versions);
  if (request.method !== "GET" && request.method !== "POST") {
    return refusals.methodNotAllowed(request.method, "the logs of a resource");
  }
  const parsed = parseId(resourceId);
  if (parsed === undefined) {
    return { code: "InvalidRequestUri", message: `'${resourceId}' is no resource id.` };
  }
  return platform.state.graph().get(resourceId) === undefined
    ? refusals.resourceNotFound(parsed)
    : undefined;
}
