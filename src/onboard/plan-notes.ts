/** What the plans of metrics and of logs note and wait for alike. */
import { parseId } from "../arm/index.ts";
import type { Graph, ResourceId } from "../arm/index.ts";
import { regionOf } from "../azure/index.ts";
import { dceOf, types } from "../rules/index.ts";
import type { ClusterView } from "./desired-collection.ts";
import type { DesiredEndpoint } from "./desired-network.ts";
import { awaitsApproval } from "./plan-network.ts";
import type { Note, Step, Wait } from "./plan-types.ts";
import type { Unreadable } from "./reading.ts";

/** The connections whose approval is waited for, each after its step. */
export const approvalWaits = (
  graph: Graph,
  endpoints: readonly { readonly endpoint: DesiredEndpoint; readonly after: Step }[],
): readonly Wait[] =>
  endpoints
    .filter(({ endpoint }) => awaitsApproval(graph, endpoint))
    .map(({ endpoint, after }) => ({
      kind: "approval",
      endpointId: endpoint.id,
      targetId: endpoint.targetId,
      after,
    }));

/** A kept endpoint that serves the configuration from another region than the cluster's. */
export function configurationNotes(
  graph: Graph,
  { cluster, dceId }: { readonly cluster: ClusterView; readonly dceId: ResourceId },
): readonly Note[] {
  const dce = dceOf(graph, dceId);
  if (dce === undefined || dce.region === cluster.region) return [];
  const says = `${dce.name} serves the configuration from ${dce.region}, but the cluster is in ${cluster.region}; agents need it in the cluster's region. It is kept, since it is associated already.`;
  const source =
    "learn.microsoft.com/azure/azure-monitor/data-collection/data-collection-endpoint-overview";
  return [{ id: dce.id, says, source }];
}

/** Regions that nobody knows. */
export const regionNotes = (
  places: readonly { readonly id: ResourceId; readonly name: string; readonly region: string }[],
): readonly Note[] =>
  places
    .filter(({ region }) => regionOf(region) === undefined)
    .map(({ id, name, region }) => ({
      id,
      says: `The region '${region}' of ${name} is not known.`,
    }));

/** What could not be read; the cluster itself is a blocker's. */
export const unreadableNotes = (unreadable: readonly Unreadable[]): readonly Note[] =>
  unreadable
    .filter(({ path }) => parseId(path)?.type !== types.cluster)
    .map(({ path, code, message }) => ({
      says: `${path} cannot be read (${code}: ${message}), so others that use these resources may be missing here.`,
    }));
