/** Which endpoints, rule and associations are to carry a cluster's metrics: those that stand, or those to be made. */
import { idKey, parseId, sameId } from "../arm/index.ts";
import type { Graph, ResourceId } from "../arm/index.ts";
import {
  associationsWith,
  configurationAssociation,
  configurationAssociationName,
  dceOf,
  dcrOf,
  types,
} from "../rules/index.ts";
import type { AssociationView, DcrView, WorkspaceView } from "../rules/index.ts";
import { groupOf } from "./arm-access.ts";
import { metricsNames } from "./names.ts";

/** The stream of Managed Prometheus. */
export const prometheusStream = "Microsoft-PrometheusMetrics";

export interface ClusterView {
  readonly id: ResourceId;
  readonly name: string;
  readonly region: string;
}

export interface Collection {
  /** The endpoint by which metrics come in, in the workspace's region. */
  readonly ingestionDceId: ResourceId;
  readonly ruleId: ResourceId;
  readonly ruleAssociationId: ResourceId;
  /** A Prometheus rule association with this workspace that stands already. */
  readonly keptRule: { readonly association: AssociationView; readonly rule: DcrView } | undefined;
  /** The endpoint that the cluster's agents get their configuration from. */
  readonly configurationDceId: ResourceId;
  readonly configurationAssociationId: ResourceId;
  /** `kept`: an association stands. `broken`: one stands, and names an endpoint that is not there. */
  readonly configuration: "kept" | "broken" | "absent";
  /** Every endpoint to be linked to the scope, each once. */
  readonly linkedIds: readonly ResourceId[];
}

/**
 * One Prometheus rule association per cluster and workspace: an existing one is kept, with its rule and endpoint.
 * The configuration comes from the endpoint that is associated already, else from the one for ingestion where the
 * regions are equal, else from one of its own in the cluster's region.
 * @see learn.microsoft.com/azure/azure-monitor/data-collection/data-collection-endpoint-overview for the region rules
 */
export function desiredCollection(
  graph: Graph,
  { cluster, workspace }: { readonly cluster: ClusterView; readonly workspace: WorkspaceView },
): Collection {
  const names = metricsNames({
    clusterName: cluster.name,
    clusterRegion: cluster.region,
    workspaceRegion: workspace.region,
  });
  const inGroup = (type: string, name: string): ResourceId =>
    `${groupOf(cluster.id)}/providers/${type}/${name}`;
  const association = (name: string): ResourceId =>
    `${cluster.id}/providers/${types.association}/${name}`;

  const keptRule = keptPrometheusRule(graph, cluster.id, workspace.id);
  const ingestionDceId = keptRule?.rule.dceId ?? inGroup(types.dce, names.dce);
  const ingestionRegion = dceOf(graph, ingestionDceId)?.region ?? workspace.region;
  const ownDceId =
    ingestionRegion === cluster.region
      ? ingestionDceId
      : inGroup(types.dce, names.configurationDce);
  const standing = standingConfiguration(graph, cluster.id);
  const configurationDceId = standing.dceId ?? ownDceId;
  const linked = [ingestionDceId, configurationDceId, workspace.defaultDceId ?? []].flat();
  return {
    ingestionDceId,
    ruleId: keptRule?.rule.id ?? inGroup(types.dcr, names.dcr),
    ruleAssociationId: keptRule?.association.id ?? association(names.ruleAssociation),
    keptRule,
    configurationDceId,
    configurationAssociationId: standing.id ?? association(configurationAssociationName),
    configuration: standing.state,
    linkedIds: [...new Map(linked.map((id) => [idKey(id), id])).values()],
  };
}

/** The association by which a cluster gets its configuration, as it stands: one for all of its agents. */
export function standingConfiguration(
  graph: Graph,
  clusterId: ResourceId,
): {
  readonly id?: ResourceId;
  readonly dceId?: ResourceId;
  readonly state: Collection["configuration"];
} {
  const standing = configurationAssociation(graph, clusterId);
  if (standing === undefined) return { state: "absent" };
  const dce = standing.dceId === undefined ? undefined : dceOf(graph, standing.dceId);
  const { id } = standing;
  return dce === undefined ? { id, state: "broken" } : { id, dceId: dce.id, state: "kept" };
}

function keptPrometheusRule(
  graph: Graph,
  clusterId: ResourceId,
  workspaceId: ResourceId,
): Collection["keptRule"] {
  for (const association of associationsWith(graph, clusterId)) {
    const rule = association.dcrId === undefined ? undefined : dcrOf(graph, association.dcrId);
    if (rule === undefined || !rule.streams.includes(prometheusStream)) continue;
    if (rule.workspaceIds.some((id) => sameId(id, workspaceId))) return { association, rule };
  }
  return undefined;
}

/** The last name of an id. */
export const nameOf = (id: ResourceId): string => parseId(id)?.name ?? id;
