/** What checks read: the graph, what of it could not be read, the clusters under check, and what probes saw. */
import { idKey } from "../arm/index.ts";
import type { ArmResource, Graph, ResourceId } from "../arm/index.ts";
import { completeCoverage } from "../snapshot/index.ts";
import type { CloudName, Coverage, ProbeFragment, Unread } from "../snapshot/index.ts";

export interface CheckFacts {
  readonly graph: Graph;
  /** The cloud that it was read from. Names in the graph and in fragments are spelled as the public cloud's. */
  readonly cloud: CloudName;
  /** What was read in full and what could not be; `presence` and `listing` ask it. */
  readonly coverage: Coverage;
  /** The clusters under check, in a stable order. */
  readonly clusters: readonly ResourceId[];
  /** What probes saw, newest first. */
  readonly probes: readonly ProbeFragment[];
  /** When the graph was read, milliseconds since the epoch. */
  readonly takenAtMs: number;
  readonly nowMs: number;
  /** What a plan or template would change, where one was laid over: its resources, and values that are not known before it is applied. */
  readonly planned: ReadonlySet<string>;
}

export type Presence =
  | { readonly kind: "there"; readonly resource: ArmResource }
  | { readonly kind: "absent" }
  | { readonly kind: "unknown"; readonly why: string };

/** Whether a resource is there, is certainly not, or could not be read (and why). */
export function presence({ graph, coverage }: CheckFacts, id: ResourceId): Presence {
  const resource = graph.get(id);
  if (resource !== undefined) return { kind: "there", resource };
  const unread = coverage.ofResource(id);
  return unread === undefined ? { kind: "absent" } : { kind: "unknown", why: whyUnread(unread) };
}

/**
 * Why a list is not known in full: all resources of `type` under a resource, group or subscription; undefined when it was
 * read, so that what is not in the graph is not there.
 */
export function listing(
  { coverage }: CheckFacts,
  scope: ResourceId,
  type: string,
): string | undefined {
  const unread = coverage.ofList(scope, type);
  return unread === undefined ? undefined : whyUnread(unread);
}

/** One sentence: what could not be read, and what ARM said. */
export const whyUnread = ({ path, status, code, says }: Unread): string =>
  status === 0
    ? `${path} was not read: ${says}`
    : `${path} could not be read (${status} ${code}): ${says}`;

/** The fragments that stood in a cluster's network, newest first. */
export const probesInside = (
  { probes }: CheckFacts,
  place: { readonly clusterId?: ResourceId; readonly vnetId?: ResourceId | undefined },
): readonly ProbeFragment[] =>
  probes.filter(
    ({ place: seen, clusterId, vnetId }) =>
      seen === "inside" &&
      (clusterId === undefined && vnetId === undefined
        ? true
        : same(clusterId, place.clusterId) || same(vnetId, place.vnetId)),
  );

/** The fragments that stood outside of all virtual networks, newest first. */
export const probesOutside = ({ probes }: CheckFacts): readonly ProbeFragment[] =>
  probes.filter(({ place }) => place === "outside");

const same = (a: ResourceId | undefined, b: ResourceId | undefined): boolean =>
  a !== undefined && b !== undefined && idKey(a) === idKey(b);

/** Facts of a graph that holds everything there is: for tests, estates in a file, and the platform read whole. */
export const completeFacts = (
  graph: Graph,
  more: Partial<Omit<CheckFacts, "graph">> & Pick<CheckFacts, "nowMs">,
): CheckFacts => ({
  cloud: "AzureCloud",
  coverage: completeCoverage,
  clusters: graph.ofType("Microsoft.ContainerService/managedClusters").map(({ id }) => id),
  probes: [],
  takenAtMs: more.nowMs,
  planned: new Set(),
  ...more,
  graph,
});
