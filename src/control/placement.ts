/** Whether what a resource stands under exists, and under which canonical id the resource is kept. */
import { canonicalId, parseId } from "../arm/index.ts";
import type { Graph, ParsedId, Problem, ResourceId, ResourceType } from "../arm/index.ts";
import {
  groupNotFound,
  parentNotFound,
  resourceNotFound,
  subscriptionNotFound,
} from "./refusals.ts";

export type Placement =
  | { readonly kind: "placed"; readonly id: ResourceId }
  | { readonly kind: "missing"; readonly problem: Problem };

/** Where a resource is or would be kept. Names of what exists keep the spelling in which it was made. */
export function placementOf(
  graph: Graph,
  type: ResourceType,
  parsed: ParsedId,
  subscriptionId: string,
): Placement {
  const parentId = parsed.parentId ?? "";
  if (type.scope === "parent") {
    const group = placementOfScope(graph, groupOf(parentId), subscriptionId);
    if (group.kind === "missing") return group;
  }
  const parent = placementOfScope(graph, parentId, subscriptionId);
  if (parent.kind === "missing") {
    const nested = type.scope === "parent" && parent.problem.code === "ResourceNotFound";
    return nested ? { kind: "missing", problem: parentNotFound(type.type, parentId) } : parent;
  }
  return { kind: "placed", id: canonicalId(parsed, type.type, parent.id) };
}

/** The canonical id of a subscription, resource group or resource, or why it is not there. "" is the tenant. */
export function placementOfScope(
  graph: Graph,
  scopeId: ResourceId,
  subscriptionId: string,
): Placement {
  if (scopeId === "") return { kind: "placed", id: "" };
  const parsed = parseId(scopeId);
  const subscription = parsed?.subscriptionId;
  if (subscription !== undefined && subscription.toLowerCase() !== subscriptionId.toLowerCase()) {
    return { kind: "missing", problem: subscriptionNotFound(subscription) };
  }
  if (parsed?.type === "Microsoft.Resources/subscriptions") {
    return { kind: "placed", id: `/subscriptions/${subscriptionId}` };
  }
  const found = graph.get(scopeId);
  if (found !== undefined) return { kind: "placed", id: found.id };
  if (parsed === undefined) {
    const message = `'${scopeId}' is not a resource id.`;
    return { kind: "missing", problem: { code: "InvalidRequestUri", message } };
  }
  const group = groupOf(scopeId);
  const problem =
    group !== "" && graph.get(group) === undefined
      ? groupNotFound(parsed.resourceGroup ?? "")
      : resourceNotFound(parsed);
  return { kind: "missing", problem };
}

/** The id of the resource group within an id, or "". */
function groupOf(id: ResourceId): ResourceId {
  const parsed = parseId(id);
  if (parsed?.resourceGroup === undefined) return "";
  return `/subscriptions/${parsed.subscriptionId}/resourceGroups/${parsed.resourceGroup}`;
}
