/** DELETE: what it would break is asked first; then the resource, what stands under it, and what refers to it change together. */
import { descendantsOf, idKey, parseId, withChanges } from "../arm/index.ts";
import type { ArmResource, Change, Graph, Problem } from "../arm/index.ts";
import type { HttpResponse } from "../http/index.ts";
import { withDescendants } from "./descendants.ts";
import { operationHeaders } from "./operations.ts";
import type { Operations } from "./operations.ts";
import { placementOf } from "./placement.ts";
import { refuse } from "./platform.ts";
import type { Call, Platform } from "./platform.ts";
import { lockedByOperation } from "./refusals.ts";
import { isResourceGroup } from "./resource-groups.ts";
import { conditionProblem, typeContext } from "./write.ts";
import type { Target } from "./write.ts";

/** Deletes a resource: 200, or 202 with an operation, or 204 where there was none. */
export function deleteResource(
  platform: Platform,
  operations: Operations,
  { type, parsed }: Target,
  call: Call,
): HttpResponse {
  const graph = platform.state.graph();
  const placed = placementOf(graph, type, parsed, platform.subscriptionId);
  if (placed.kind === "missing") {
    const isParent = placed.problem.code === "ParentResourceNotFound";
    return isParent ? { status: 204 } : refuse(placed.problem);
  }
  const resource = graph.get(placed.id);
  const condition = conditionProblem(call.request, resource);
  if (condition !== undefined) return refuse(condition);
  if (resource === undefined) return { status: 204 };
  const lockId = type.lock?.({ id: resource.id, parsed });
  if (operations.isLocked(lockId)) return refuse(lockedByOperation());
  const removal = isResourceGroup(type)
    ? groupRemoval(platform, call, resource)
    : removalOf(platform, call, { graph, resource });
  if (removal.kind === "refused") return refuse(...removal.problems);
  return commitRemoval(platform, operations, {
    type,
    resource,
    lockId,
    call,
    changes: removal.changes,
  });
}

function commitRemoval(
  platform: Platform,
  operations: Operations,
  what: {
    readonly type: Target["type"];
    readonly resource: ArmResource;
    readonly lockId: string | undefined;
    readonly call: Call;
    readonly changes: readonly Change[];
  },
): HttpResponse {
  if (what.type.writes === "sync") {
    platform.state.commit({ changes: what.changes });
    return { status: 200 };
  }
  const operation = operations.begin("delete", what.resource, { lockId: what.lockId });
  platform.state.commit({ changes: what.changes, operations: [operation] });
  operations.run(operation);
  return {
    status: 202,
    headers: operationHeaders(what.call.request, operation, what.call.apiVersion),
  };
}

type Removal =
  | { readonly kind: "changes"; readonly changes: readonly Change[] }
  | { readonly kind: "refused"; readonly problems: readonly Problem[] };

/**
 * What deleting one resource changes, in `graph`. Only the resource itself is asked whether it may go; what stands under
 * it goes along, with its effects on others.
 */
function removalOf(
  platform: Platform,
  call: Call,
  { graph, resource }: { readonly graph: Graph; readonly resource: ArmResource },
): Removal {
  const type = platform.types.find(resource.type);
  const context = contextOf(platform, call, graph, resource);
  const problems = context === undefined ? [] : (type?.validateDelete?.(resource, context) ?? []);
  if (problems.length > 0) return { kind: "refused", problems };
  let working = graph;
  const changes: Change[] = [];
  const below = [...descendantsOf(graph, resource.id)].toReversed();
  for (const one of [...below, resource]) {
    const effects = effectsOf(platform, call, working, one);
    changes.push(...effects);
    working = effects.length === 0 ? working : withChanges(working, effects, graph.version);
  }
  changes.push({ kind: "delete", id: resource.id });
  return { kind: "changes", changes: withDescendants(graph, changes) };
}

function effectsOf(
  platform: Platform,
  call: Call,
  graph: Graph,
  resource: ArmResource,
): readonly Change[] {
  const context = contextOf(platform, call, graph, resource);
  const type = platform.types.find(resource.type);
  return context === undefined ? [] : (type?.deleteEffects?.(resource, context) ?? []);
}

function contextOf(
  platform: Platform,
  call: Call,
  graph: Graph,
  resource: ArmResource,
): ReturnType<typeof typeContext> | undefined {
  const parsed = parseId(resource.id);
  if (parsed === undefined) return undefined;
  return { ...typeContext(platform, call, { id: resource.id, parsed, previous: resource }), graph };
}

/**
 * What deleting a resource group changes: its resources go in an order in which each may go. What is held from outside
 * (a data collection endpoint that a scope of another group links) holds the group.
 */
function groupRemoval(platform: Platform, call: Call, group: ArmResource): Removal {
  const changes: Change[] = [];
  const prefix = `${idKey(group.id)}/`;
  let working = platform.state.graph();
  let left = topLevel(working, group);
  let refused: readonly Held[] = [];
  for (let before = Infinity; left.length > 0 && left.length < before;) {
    before = left.length;
    const pass = removalPass(platform, call, working, left);
    changes.push(...pass.changes);
    working = pass.graph;
    refused = pass.held;
    left = refused.flatMap(({ id }) => working.get(id) ?? []);
  }
  if (left.length > 0) return { kind: "refused", problems: groupBlocked(group, refused) };
  const outside = changes.filter((change) => {
    const id = change.kind === "put" ? change.resource.id : change.id;
    return !idKey(id).startsWith(prefix);
  });
  const all: readonly Change[] = [...outside, { kind: "delete", id: group.id }];
  return { kind: "changes", changes: withDescendants(platform.state.graph(), all) };
}

interface Held {
  readonly id: string;
  readonly problems: readonly Problem[];
}

/** One attempt at each resource. Those that change nothing else go together: each step of the graph costs what its types hold. */
function removalPass(
  platform: Platform,
  call: Call,
  start: Graph,
  resources: readonly ArmResource[],
): { readonly graph: Graph; readonly changes: readonly Change[]; readonly held: readonly Held[] } {
  const changes: Change[] = [];
  const held: Held[] = [];
  let graph = start;
  let applied = 0;
  const apply = (): void => {
    if (applied < changes.length) graph = withChanges(graph, changes.slice(applied));
    applied = changes.length;
  };
  for (const { id } of resources) {
    const reaches = reachesOthers(platform, graph, id);
    if (reaches) apply();
    const resource = graph.get(id);
    if (resource === undefined) continue;
    const removal = removalOf(platform, call, { graph, resource });
    if (removal.kind === "refused") held.push({ id, problems: removal.problems });
    else changes.push(...removal.changes);
    if (reaches) apply();
  }
  apply();
  return { graph, changes, held };
}

/** Whether deleting a resource, or what stands under it, changes others. */
const reachesOthers = ({ types }: Platform, graph: Graph, id: string): boolean =>
  [graph.get(id), ...descendantsOf(graph, id)].some(
    (resource) => types.find(resource?.type ?? "")?.deleteEffects !== undefined,
  );

/** What stands in the group itself, not under another of its resources. */
const topLevel = (graph: Graph, group: ArmResource): readonly ArmResource[] =>
  [...descendantsOf(graph, group.id)].filter(({ id }) => {
    const parentId = parseId(id)?.parentId;
    return parentId !== undefined && idKey(parentId) === idKey(group.id);
  });

/** The code and the head of the text are ARM's; that everything stays as it was is inferred: ARM deletes what it can. */
function groupBlocked(group: ArmResource, held: readonly Held[]): readonly Problem[] {
  const ids = held.map(({ id }) => id).join(", ");
  return [
    {
      code: "ResourceGroupDeletionBlocked",
      status: 409,
      message: `Deletion of resource group '${group.name}' failed as resources with identifiers '${ids}' are currently in use. Nothing was deleted.`,
    },
    ...held.flatMap(({ id, problems }) => problems.map((problem) => ({ ...problem, target: id }))),
  ];
}
