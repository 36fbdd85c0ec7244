/** GET, HEAD and LIST: answers from the committed graph. */
import { idKey } from "../arm/index.ts";
import type { ArmResource, ListFilter, Problem, ResourceId, ResourceType } from "../arm/index.ts";
import { limits } from "../core/index.ts";
import { json } from "../http/index.ts";
import type { HttpRequest, HttpResponse } from "../http/index.ts";
import { parseFilter } from "./filter.ts";
import { placementOf, placementOfScope } from "./placement.ts";
import { refuse, viewOf } from "./platform.ts";
import type { Call, Platform } from "./platform.ts";
import { groupNotFound, resourceNotFound } from "./refusals.ts";
import type { TypedRoute } from "./route.ts";
import type { Target } from "./write.ts";
import { isResourceGroup } from "./resource-groups.ts";

/** A resource: 200 with it, 404 without. HEAD asks whether it exists: 204 or 404, without a body. */
export function readResource(
  platform: Platform,
  { type, parsed }: Target,
  call: Call,
): HttpResponse {
  const graph = platform.state.graph();
  const placed = placementOf(graph, type, parsed, platform.subscriptionId);
  const resource = placed.kind === "placed" ? graph.get(placed.id) : undefined;
  if (call.request.method === "HEAD") return { status: resource === undefined ? 404 : 204 };
  if (resource !== undefined) return json(200, viewOf(type, resource, call.apiVersion));
  if (isResourceGroup(type) && placed.kind === "placed") {
    return refuse(groupNotFound(parsed.name));
  }
  const isParent = placed.kind === "missing" && placed.problem.code === "ParentResourceNotFound";
  return refuse(placed.kind === "missing" && !isParent ? placed.problem : resourceNotFound(parsed));
}

/** A list: `{value, nextLink}`, in the order of creation. */
export function listResources(
  platform: Platform,
  { type, scopeId }: Extract<TypedRoute, { kind: "list" }>,
  call: Call,
): HttpResponse {
  const graph = platform.state.graph();
  const scope = placementOfScope(graph, scopeId, platform.subscriptionId);
  if (scope.kind === "missing") return refuse(scope.problem);
  const parsed = parseFilter(filterText(call.request, type), type.filters ?? {});
  if (parsed.kind === "refused") return refuse(parsed.problem);
  const { filter } = parsed;
  const found =
    type.list?.({
      graph,
      scopeId: scope.id,
      filter,
      apiVersion: call.apiVersion,
      principalId: call.principal.objectId,
    }) ?? listed(platform, type, scope.id, filter);
  return page(call.request, found, (resource) => viewOf(type, resource, call.apiVersion));
}

/** `?kind=` of scoped resources is a filter in another dress; it is read as one where the type takes it. */
function filterText(request: HttpRequest, type: ResourceType): string | null {
  const kind = request.query.get("kind");
  const sent = request.query.get("$filter");
  if (kind === null || !(type.filters?.equals ?? []).includes("kind")) return sent;
  const term = `kind eq '${kind.replaceAll("'", "''")}'`;
  return sent === null ? term : `${sent} and ${term}`;
}

function listed(
  platform: Platform,
  type: ResourceType,
  scopeId: ResourceId,
  filter: ListFilter,
): readonly ArmResource[] {
  const graph = platform.state.graph();
  const all = graph.ofType(type.type);
  const isRoot = idKey(scopeId) === idKey(`/subscriptions/${platform.subscriptionId}`);
  const found = type.scope !== "resourceGroup" || !isRoot ? graph.under(scopeId, type.type) : all;
  if (filter.equals.size === 0) return found;
  return found.filter((resource) =>
    [...filter.equals].every(([name, value]) => fieldText(resource, name) === value.toLowerCase()),
  );
}

/** A field by its name in lower case: of the properties first, then of the envelope. */
function fieldText(resource: ArmResource, name: string): string | undefined {
  for (const holder of [resource.properties, resource as unknown as ArmResource["properties"]]) {
    const key = Object.keys(holder).find((one) => one.toLowerCase() === name);
    const value = key === undefined ? undefined : holder[key];
    if (typeof value === "string") return value.toLowerCase();
  }
  return undefined;
}

/**
 * One page of a list: `$top` entries or `limits.armListPageMax`, and the address of the next page.
 * `$skiptoken` is the number of entries before the page.
 */
export function page<T>(
  request: HttpRequest,
  items: readonly T[],
  show: (item: T) => unknown,
): HttpResponse {
  const top = countOf(request, "$top", limits.armListPageMax);
  const skip = countOf(request, "$skiptoken", 0);
  if (typeof top !== "number") return refuse(top);
  if (typeof skip !== "number") return refuse(skip);
  const size = Math.min(Math.max(top, 1), limits.armListPageMax);
  const value = items.slice(skip, skip + size).map(show);
  if (skip + size >= items.length) return json(200, { value });
  const query = new URLSearchParams(request.query);
  query.set("$skiptoken", String(skip + size));
  const path = request.path.replace(/^\/+/, "/");
  return json(200, { value, nextLink: `${request.origin}${path}?${query.toString()}` });
}

function countOf(request: HttpRequest, name: string, fallback: number): number | Problem {
  const text = request.query.get(name);
  if (text === null) return fallback;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  return {
    code: "InvalidQueryParameter",
    message: `The query parameter '${name}' is '${text.slice(0, 40)}'; it takes a whole number.`,
    target: name,
  };
}
