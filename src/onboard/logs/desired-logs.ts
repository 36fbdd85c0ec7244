/** Which endpoints, rule and associations are to carry a cluster's logs: those that stand, or those to be made. */
import { idKey } from "../../arm/index.ts";
import type { Graph, ResourceId } from "../../arm/index.ts";
import { configurationAssociationName, types } from "../../rules/index.ts";
import { groupOf } from "../arm-access.ts";
import { standingConfiguration } from "../desired-collection.ts";
import type { ClusterView, Collection } from "../desired-collection.ts";
import { logsRuleOf } from "./log-workspace.ts";
import type { LogsRule, LogWorkspaceView } from "./log-workspace.ts";
import { logsNames } from "./logs-names.ts";
import type { LogsRequest } from "./logs-request.ts";

export interface LogsCollection {
  readonly ruleId: ResourceId;
  /** The rule that Azure's tooling would make: the only one that is changed where it stands. */
  readonly ownRuleId: ResourceId;
  readonly ruleAssociationId: ResourceId;
  /** A rule association with this workspace that stands already. */
  readonly keptRule: LogsRule | undefined;
  /** The endpoint that container logs come in by at high scale, in the workspace's region. */
  readonly ingestionDceId: ResourceId | undefined;
  /** The endpoint that the cluster's agents get their configuration from: one for metrics and logs. */
  readonly configurationDceId: ResourceId;
  readonly configurationAssociationId: ResourceId;
  readonly configuration: Collection["configuration"];
}

/** The rule, the endpoints and the associations of managed identity authentication. */
export function desiredLogs(
  graph: Graph,
  asked: {
    readonly request: LogsRequest;
    readonly cluster: ClusterView;
    readonly workspace: LogWorkspaceView;
  },
): LogsCollection {
  const { request, cluster, workspace } = asked;
  const names = logsNames({
    clusterName: cluster.name,
    clusterRegion: cluster.region,
    workspaceRegion: workspace.region,
  });
  const inGroup = (type: string, name: string): ResourceId =>
    `${groupOf(cluster.id)}/providers/${type}/${name}`;
  const association = (name: string): ResourceId =>
    `${cluster.id}/providers/${types.association}/${name}`;
  const keptRule = logsRuleOf(graph, { clusterId: cluster.id, workspaceId: workspace.id });
  const standing = standingConfiguration(graph, cluster.id);
  const ownRuleId = inGroup(types.dcr, names.dcr);
  const keptDceId = keptRule?.rule.properties["dataCollectionEndpointId"];
  return {
    ruleId: keptRule?.rule.id ?? ownRuleId,
    ownRuleId,
    ruleAssociationId: keptRule?.associationId ?? association(names.ruleAssociation),
    keptRule,
    ingestionDceId:
      typeof keptDceId === "string" && keptDceId !== ""
        ? keptDceId
        : request.highLogScale
          ? inGroup(types.dce, names.ingestionDce)
          : undefined,
    configurationDceId: standing.dceId ?? inGroup(types.dce, names.configurationDce),
    configurationAssociationId: standing.id ?? association(configurationAssociationName),
    configuration: standing.state,
  };
}

/** What the scope is to link, each once, in the order of az: the configuration's endpoint, the workspace, the endpoint for ingestion. */
export function linkedByLogs(
  workspaceId: ResourceId,
  collection: LogsCollection | undefined,
): readonly ResourceId[] {
  const ids = [collection?.configurationDceId, workspaceId, collection?.ingestionDceId];
  return [...new Map(ids.flatMap((id) => (id === undefined ? [] : [[idKey(id), id]]))).values()];
}
