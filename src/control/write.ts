/** PUT and PATCH: body → shape → rules → derived fields → one durable transaction. */
import {
  etagMatches,
  newEtag,
  object,
  parseBody,
  schemaProblems,
  stored,
  systemDataOf,
} from "../arm/index.ts";
import type {
  ArmResource,
  Change,
  Derived,
  Json,
  ParsedId,
  Problem,
  RequestBody,
  ResourceId,
  ResourceType,
  TypeContext,
} from "../arm/index.ts";
import { limits } from "../core/index.ts";
import { json } from "../http/index.ts";
import type { HttpRequest, HttpResponse } from "../http/index.ts";
import { withDescendants } from "./descendants.ts";
import { inProvisioningState, operationHeaders } from "./operations.ts";
import type { Operations } from "./operations.ts";
import { placementOf } from "./placement.ts";
import { refuse, timestamp, viewOf } from "./platform.ts";
import type { Call, Platform } from "./platform.ts";
import { etagMismatch, lockedByOperation, resourceNotFound } from "./refusals.ts";
import { readResourceBody, readTags } from "./request-body.ts";
import { isResourceGroup } from "./resource-groups.ts";

/** The resource that a request names. */
export interface Target {
  readonly type: ResourceType;
  readonly parsed: ParsedId;
}

/**
 * Writes a resource. Runs without a pause from the first look at the state to the commit, so that no other write comes
 * between; the caller has read the body before.
 */
export function writeResource(
  platform: Platform,
  operations: Operations,
  target: Target,
  call: Call & { readonly sent: Json },
): HttpResponse {
  const admitted = admit(platform, operations, target, call);
  if (admitted.kind === "refused") return refuse(admitted.problem);
  const { previous, id, lockId } = admitted;
  const { type, parsed } = target;
  const context = typeContext(platform, call, { id, parsed, previous });
  const written =
    previous !== undefined && call.request.method === "PATCH" && type.patch !== "properties"
      ? retagged(type, call.sent, previous, context)
      : whole(type, call, context);
  if (written.kind === "refused") return refuse(...written.problems);
  return store(platform, operations, { ...written, type, previous, lockId, call });
}

type Admitted =
  | {
      readonly kind: "admitted";
      readonly id: ResourceId;
      readonly previous: ArmResource | undefined;
      readonly lockId: ResourceId | undefined;
    }
  | { readonly kind: "refused"; readonly problem: Problem };

/** Whether the write may begin: a place for it, its conditions, its name, its lock. */
function admit(
  platform: Platform,
  operations: Operations,
  { type, parsed }: Target,
  { request }: Call,
): Admitted {
  const graph = platform.state.graph();
  const placed = placementOf(graph, type, parsed, platform.subscriptionId);
  if (placed.kind === "missing") return { kind: "refused", problem: placed.problem };
  const previous = graph.get(placed.id);
  const id = previous?.id ?? placed.id;
  if (request.method === "PATCH" && previous === undefined) {
    return { kind: "refused", problem: resourceNotFound(parsed) };
  }
  const lockId = type.lock?.({ id, parsed });
  const problem =
    conditionProblem(request, previous) ??
    nameProblem(type, parsed, previous) ??
    (operations.isLocked(lockId) ? lockedByOperation() : undefined);
  return problem === undefined
    ? { kind: "admitted", id, previous, lockId }
    : { kind: "refused", problem };
}

type Written =
  | {
      readonly kind: "written";
      readonly resource: ArmResource;
      readonly effects: readonly Change[];
      readonly failure?: Problem | undefined;
    }
  | { readonly kind: "refused"; readonly problems: readonly Problem[] };

/** A PUT, or a PATCH of properties: the whole resource is read, asked for, and derived anew. */
function whole(
  type: ResourceType,
  call: Call & { readonly sent: Json },
  context: TypeContext,
): Written {
  const { previous } = context;
  const merges = call.request.method === "PATCH" || type.putIs === "merge";
  const { body, problems } = readResourceBody(type, call.sent, merges ? previous : undefined);
  const found = [...problems, ...locationProblem(type, body, previous)];
  if (found.length === 0) found.push(...(type.validate?.(body, context) ?? []));
  if (found.length > 0) return { kind: "refused", problems: found };
  const derived = type.derive?.(body, context) ?? {
    properties: { ...body.properties, provisioningState: "Succeeded" },
  };
  const resource = composed(type, body, derived, context);
  return { kind: "written", resource, effects: derived.effects ?? [], failure: derived.failure };
}

/**
 * A PATCH of tags: they are replaced as a whole, and nothing else may be sent.
 * @see azure-rest-api-specs common-types, TagsObject; that the map is replaced, not merged, is inferred.
 */
function retagged(
  type: ResourceType,
  sent: Json,
  previous: ArmResource,
  context: TypeContext,
): Written {
  const envelope = parseBody(object({ tags: stored(limits.armBodyBytesMax) }), sent);
  const { value, problems } = readTags(envelope.value["tags"]);
  const found = [...schemaProblems(envelope.problems), ...problems];
  if (found.length > 0) return { kind: "refused", problems: found };
  const resource = {
    ...previous,
    ...(value === undefined ? {} : { tags: value }),
    ...keptFields(type, context),
  };
  return { kind: "written", resource, effects: [] };
}

interface Storing {
  readonly type: ResourceType;
  readonly resource: ArmResource;
  readonly previous: ArmResource | undefined;
  readonly lockId: ResourceId | undefined;
  readonly call: Call;
  readonly effects: readonly Change[];
  readonly failure?: Problem | undefined;
}

function store(platform: Platform, operations: Operations, what: Storing): HttpResponse {
  const { type, previous, lockId, call, effects, failure } = what;
  const isAsync = type.writes === "async";
  const resource = isAsync ? inProvisioningState(what.resource, "Provisioning") : what.resource;
  const operation = isAsync ? operations.begin("write", resource, { lockId, failure }) : undefined;
  platform.state.commit({
    changes: withDescendants(platform.state.graph(), [{ kind: "put", resource }, ...effects]),
    ...(operation === undefined ? {} : { operations: [operation] }),
  });
  if (operation !== undefined) operations.run(operation);
  const status = previous === undefined ? 201 : 200;
  const headers =
    operation === undefined ? {} : operationHeaders(call.request, operation, call.apiVersion);
  const stored = platform.state.graph().get(resource.id) ?? resource;
  return json(status, viewOf(type, stored, call.apiVersion), headers);
}

/** What a type's functions see of this request. */
export function typeContext(
  platform: Platform,
  call: Call,
  about: Pick<TypeContext, "id" | "parsed" | "previous">,
): TypeContext {
  const graph = platform.state.graph();
  return {
    ...about,
    graph,
    apiVersion: call.apiVersion,
    tenantId: platform.tenantId,
    principalId: call.principal.objectId,
    now: timestamp(platform.clock),
    random: platform.random,
    sharedKeys: platform.sharedKeys,
    may: (action, scope) => platform.may(call.principal, action, scope, graph),
  };
}

/** The resource as it will be kept. */
function composed(
  type: ResourceType,
  body: RequestBody,
  derived: Derived,
  context: TypeContext,
): ArmResource {
  return {
    id: context.id,
    name: context.previous?.name ?? context.parsed.name,
    type: type.type,
    ...(body.location === undefined ? {} : { location: body.location }),
    ...(body.tags === undefined ? {} : { tags: body.tags }),
    ...body.top,
    ...keptFields(type, context),
    ...derived.top,
    properties: derived.properties,
  };
}

function keptFields(
  { keeps = [] }: ResourceType,
  context: TypeContext,
): Pick<ArmResource, "etag" | "systemData"> {
  return {
    ...(keeps.includes("systemData") ? { systemData: systemDataOf(context) } : {}),
    ...(keeps.includes("etag") ? { etag: newEtag(context.random) } : {}),
  };
}

function nameProblem(
  type: ResourceType,
  parsed: ParsedId,
  previous: ArmResource | undefined,
): Problem | undefined {
  if (previous !== undefined || type.name === undefined) return undefined;
  if (type.name.pattern.test(parsed.name)) return undefined;
  return {
    code: "InvalidResourceName",
    message: `The name '${parsed.name}' of the '${type.type}' is invalid: ${type.name.says}`,
    target: "name",
  };
}

/** `If-Match` and `If-None-Match`, where they are sent. */
export function conditionProblem(
  request: HttpRequest,
  resource: ArmResource | undefined,
): Problem | undefined {
  const match = request.headers["if-match"];
  if (match !== undefined && (resource === undefined || !etagMatches(match, resource.etag))) {
    return etagMismatch("If-Match", match);
  }
  const none = request.headers["if-none-match"];
  if (none !== undefined && resource !== undefined && etagMatches(none, resource.etag)) {
    return etagMismatch("If-None-Match", none);
  }
  return undefined;
}

function locationProblem(
  type: ResourceType,
  body: RequestBody,
  previous: ArmResource | undefined,
): readonly Problem[] {
  const before = previous?.location;
  if (previous === undefined || before === undefined || body.location === undefined) return [];
  if (before === body.location) return [];
  const isGroup = isResourceGroup(type);
  return [
    {
      code: isGroup ? "InvalidResourceGroupLocation" : "InvalidResourceLocation",
      status: 409,
      target: "location",
      message: isGroup
        ? `Invalid resource group location '${body.location}'. The Resource group already exists in location '${before}'.`
        : `The resource '${previous.name}' already exists in location '${before}'. A resource with the same name cannot be created in location '${body.location}'. Please select a new resource name.`,
    },
  ];
}
