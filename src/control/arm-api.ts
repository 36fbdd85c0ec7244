/** The ARM front door: authenticate, authorize, find the route, read the body, and hand over to reads and writes. */
import { readJson } from "../arm/index.ts";
import type { Json, Problem, ResourceId, ResourceType } from "../arm/index.ts";
import { CodedError, guid, limits, messageOf } from "../core/index.ts";
import { json } from "../http/index.ts";
import type { HttpHandler, HttpRequest, HttpResponse } from "../http/index.ts";
import { armLogsResource, READ_LOGS, serveArmLogs } from "./arm-logs.ts";
import type { PassLogsQuery } from "./arm-logs.ts";
import { explainedRequestId, serveExplained } from "./explained-requests.ts";
import type { FindRequest } from "./explained-requests.ts";
import { armPath } from "./arm-path.ts";
import { builtInRoute } from "./built-in.ts";
import type { BuiltIn } from "./built-in.ts";
import { challenge } from "./challenge.ts";
import { metadataEndpoints } from "./metadata.ts";
import type { Operations } from "./operations.ts";
import { placementOf } from "./placement.ts";
import { errorAnswer, problemsOf, refuse } from "./platform.ts";
import type { Authentication, Call, Platform, Principal } from "./platform.ts";
import { queryProblems } from "./query-problems.ts";
import { listResources, readResource } from "./read.ts";
import * as refusals from "./refusals.ts";
import { locationsOf } from "./request-body.ts";
import { deleteResource } from "./remove.ts";
import { typedRoute } from "./route.ts";
import type { TypedRoute } from "./route.ts";
import { typeContext, writeResource } from "./write.ts";
import { isResourceGroup } from "./resource-groups.ts";

/** One line about a request, for the access log. It holds no token and no body. */
export interface ControlNote {
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly principalId: string | undefined;
  readonly tookMs: number;
  /** Why it was refused, with the rules that spoke; empty where it was not. */
  readonly problems: readonly Problem[];
  /** Set where the platform itself failed. */
  readonly error?: string;
}

export interface ArmApi {
  readonly platform: Platform;
  readonly operations: Operations;
  readonly authenticate: (request: HttpRequest) => Authentication | Promise<Authentication>;
  /** Resolves when what a write has changed may be relied upon everywhere. */
  readonly settled: () => Promise<void>;
  /** Without it queries of logs are refused. */
  readonly passLogsQuery?: PassLogsQuery | undefined;
  /** Without it no request is found. */
  readonly findRequest?: FindRequest | undefined;
  readonly onNote?: ((note: ControlNote) => void) | undefined;
}

/** Serves ARM. Never rejects: what goes wrong becomes ARM's error envelope. */
export function armApi(api: ArmApi): HttpHandler {
  return async (request) => {
    const { clock, random } = api.platform;
    const requestId = guid(random);
    const startMs = clock.nowMs();
    const caller: { principal?: Principal } = {};
    let error: string | undefined;
    let answer: HttpResponse;
    try {
      answer = await serve(api, request, requestId, caller);
      if (request.method !== "GET" && request.method !== "HEAD") await api.settled();
    } catch (thrown) {
      const coded = asCoded(thrown);
      if (coded.status >= 500) error = coded.message;
      answer = errorAnswer(coded);
    }
    api.onNote?.({
      requestId,
      method: request.method,
      path: request.path,
      status: answer.status,
      principalId: caller.principal?.objectId,
      tookMs: clock.nowMs() - startMs,
      problems: problemsOf(answer),
      ...(error === undefined ? {} : { error }),
    });
    return { ...answer, headers: { ...answer.headers, ...requestHeaders(request, requestId) } };
  };
}

const asCoded = (thrown: unknown): CodedError =>
  thrown instanceof CodedError
    ? thrown
    : new CodedError("InternalServerError", messageOf(thrown), { status: 500, cause: thrown });

function requestHeaders(
  { headers }: HttpRequest,
  requestId: string,
): Readonly<Record<string, string>> {
  const client = headers["x-ms-client-request-id"] ?? "";
  return {
    "x-ms-request-id": requestId,
    "x-ms-correlation-request-id": requestId,
    "cache-control": "no-cache",
    ...(/^[\w-]{1,64}$/.test(client) ? { "x-ms-client-request-id": client } : {}),
  };
}

async function serve(
  api: ArmApi,
  request: HttpRequest,
  requestId: string,
  caller: { principal?: Principal },
): Promise<HttpResponse> {
  const path = armPath(request.path);
  if (path.kind === "path" && path.lower.join("/") === "metadata/endpoints") {
    return metadataEndpoints(request);
  }
  const authentication = await api.authenticate(request);
  if (!authentication.ok) return challenge(authentication, api.platform.tenantId);
  caller.principal = authentication.principal;
  if (path.kind === "refused") return refuse(path.problem);
  const apiVersion = request.query.get("api-version") ?? "";
  const call: Call = { request, requestId, principal: authentication.principal, apiVersion };
  const resourceId = armLogsResource(path.segments, path.lower);
  if (resourceId !== undefined) return serveLogsOf(api, resourceId, call);
  const explained = explainedRequestId(path.lower);
  if (explained !== undefined) {
    return serveExplained(api.platform, api.findRequest, { requestId: explained, call });
  }
  const builtIn = builtInRoute(api.platform, path.segments, path.lower);
  if (builtIn !== undefined) return serveBuiltIn(api.platform, builtIn, call);
  return serveTyped(api, typedRoute(api.platform.types, path.segments, apiVersion), call);
}

/** Whether the caller may; the refusal where not. */
function forbidden(
  platform: Platform,
  call: Call,
  needs: { readonly action: string; readonly scope: ResourceId },
): Problem | undefined {
  const { principal } = call;
  const verdict = platform.may(principal, needs.action, needs.scope, platform.state.graph());
  return verdict.outcome === "allow"
    ? undefined
    : { ...refusals.notAuthorized(principal, needs), verdict };
}

async function serveLogsOf(
  { platform, passLogsQuery }: ArmApi,
  resourceId: ResourceId,
  call: Call,
): Promise<HttpResponse> {
  const problem = forbidden(platform, call, { action: READ_LOGS, scope: resourceId });
  return problem === undefined
    ? serveArmLogs(platform, passLogsQuery, { resourceId, call })
    : refuse(problem);
}

function serveBuiltIn(platform: Platform, route: BuiltIn, call: Call): HttpResponse {
  const problem = route.needs === undefined ? undefined : forbidden(platform, call, route.needs);
  if (problem !== undefined) return refuse(problem);
  if (!route.methods.includes(call.request.method)) {
    return refuse(refusals.methodNotAllowed(call.request.method, `'${call.request.path}'`));
  }
  if (call.apiVersion === "") return refuse(refusals.versionMissing());
  const { apiVersions } = route;
  if (apiVersions !== "any" && !apiVersions.includes(call.apiVersion)) {
    return refuse(refusals.versionInvalid(call.apiVersion, apiVersions));
  }
  return route.answer(call);
}

async function serveTyped(api: ArmApi, route: TypedRoute, call: Call): Promise<HttpResponse> {
  const { platform } = api;
  const problem = forbidden(platform, call, neededRight(route, call.request.method));
  if (problem !== undefined) return refuse(problem);
  if (call.apiVersion === "") return refuse(refusals.versionMissing());
  if (route.kind === "unknown") return refuse(route.problem);
  const version = versionProblem(route.type, call.apiVersion);
  if (version !== undefined) return refuse(version);
  const unread = unreadParameter(call.request);
  if (unread !== undefined) return refuse(unread);
  switch (route.kind) {
    case "list":
      return call.request.method === "GET" && route.type.methods.includes("LIST")
        ? listResources(platform, route, call)
        : refuse(refusals.methodNotAllowed(call.request.method, `a list of '${route.type.type}'`));
    case "action":
      return serveAction(platform, route, call);
    case "resource":
      return serveResource(api, route, call);
  }
}

const verbs: Readonly<Record<string, string>> = {
  GET: "read",
  HEAD: "read",
  PUT: "write",
  PATCH: "write",
  DELETE: "delete",
};

function neededRight(
  route: TypedRoute,
  method: string,
): { readonly action: string; readonly scope: ResourceId } {
  const typeName = route.kind === "unknown" ? route.typeName : route.type.type;
  const verb = verbs[method] ?? "action";
  // The right to a group is named after the subscription that holds it.
  const named = isResourceGroup({ type: typeName })
    ? "Microsoft.Resources/subscriptions/resourceGroups"
    : typeName;
  if (route.kind === "list") return { action: `${named}/read`, scope: route.scopeId || "/" };
  const chosen =
    route.kind === "action" ? route.actions.find((action) => action.method === method) : undefined;
  return { action: `${named}/${chosen?.action ?? verb}`, scope: route.id };
}

function versionProblem(type: ResourceType, version: string): Problem | undefined {
  if (type.apiVersions.includes(version)) return undefined;
  const wellFormed = /^\d{4}-\d{2}-\d{2}(-[a-z]{1,20})?$/.test(version);
  if (!wellFormed || isResourceGroup(type)) {
    return refusals.versionInvalid(version, type.apiVersions);
  }
  const locations = locationsOf(type);
  return refusals.versionUnsupported(type, {
    version,
    location: locations[0] ?? "global",
    locations: locations.join(", "),
  });
}

/** A `$` parameter that nothing reads is refused: to ignore it would answer another question than was asked. */
function unreadParameter({ query }: HttpRequest): Problem | undefined {
  const read = ["$filter", "$top", "$skiptoken"];
  const name = [...query.keys()].find((key) => key.startsWith("$") && !read.includes(key));
  if (name === undefined) return undefined;
  return {
    code: "FeatureNotEmulated",
    message: `The query parameter '${name.slice(0, 40)}' is not emulated here; emulated are ${read.join(", ")}.`,
    target: name.slice(0, 40),
  };
}

async function serveResource(
  api: ArmApi,
  route: Extract<TypedRoute, { kind: "resource" }>,
  call: Call,
): Promise<HttpResponse> {
  const { platform, operations } = api;
  const { method } = call.request;
  const declared = (route.type.methods as readonly string[]).includes(
    method === "HEAD" ? "GET" : method,
  );
  if (!declared) {
    return refuse(refusals.methodNotAllowed(method, `'${route.type.type}'`));
  }
  if (method !== "GET" && method !== "HEAD" && route.type.lockEndsWithAnswer === true) {
    // Whoever comes while the lock is held comes after its holder was answered: the body is not read yet.
    operations.settle(route.type.lock?.({ id: route.id, parsed: route.parsed }));
  }
  switch (method) {
    case "GET":
    case "HEAD":
      return readResource(platform, route, call);
    case "DELETE":
      // Older clients send the resource along; it is read, so that the connection stays usable, and has no meaning.
      await call.request.body(limits.armBodyBytesMax);
      return deleteResource(platform, operations, route, call);
    default: {
      const read = readJson(await call.request.body(limits.armBodyBytesMax));
      if (read.kind !== "json")
        return refuse(noBody(read.kind === "invalid" ? read.says : undefined));
      const problems =
        method === "PUT" ? await queryProblems(platform, route.type, read.value) : [];
      if (problems.length > 0) return refuse(...problems);
      return writeResource(platform, operations, route, { ...call, sent: read.value });
    }
  }
}

const noBody = (says: string | undefined): Problem => ({
  code: "InvalidRequestContent",
  message: says ?? "The request content is empty; a resource as JSON is needed.",
});

async function serveAction(
  platform: Platform,
  route: Extract<TypedRoute, { kind: "action" }>,
  call: Call,
): Promise<HttpResponse> {
  const { type, parsed, actions } = route;
  const { method } = call.request;
  const action = actions.find((one) => one.method === method);
  if (action === undefined) {
    return refuse(refusals.methodNotAllowed(method, `the action '${actions[0]?.path}'`));
  }
  if (method === "POST") {
    const read = readJson(await call.request.body(limits.armBodyBytesMax));
    if (read.kind === "invalid") return refuse(noBody(read.says));
  }
  const graph = platform.state.graph();
  const placed = placementOf(graph, type, parsed, platform.subscriptionId);
  const resource = placed.kind === "placed" ? graph.get(placed.id) : undefined;
  if (resource === undefined) {
    return refuse(placed.kind === "missing" ? placed.problem : refusals.resourceNotFound(parsed));
  }
  const about = { id: resource.id, parsed, previous: resource };
  const { status, body } = await action.answer({ ...typeContext(platform, call, about), resource });
  return status === 204 ? { status } : json(status, body as Json);
}
