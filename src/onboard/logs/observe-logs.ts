/** Observation of logs: the Log Analytics workspaces that a cluster sends to or is to send to, and what tooling derives from their names. */
import { idKey, parseId, regionKey, stringAt } from "../../arm/index.ts";
import type { Graph, ResourceId } from "../../arm/index.ts";
import { associationsWith, types } from "../../rules/index.ts";
import { apiVersions, groupOf } from "../arm-access.ts";
import type { Reading } from "../reading.ts";
import { logsAddonOf, logWorkspaceOf, ruleLogWorkspaces } from "./log-workspace.ts";
import { logsNames } from "./logs-names.ts";
import type { LogsRequest } from "./logs-request.ts";
import { defaultWorkspaceIds } from "./planned-resources.ts";

/** What is asked of logs where they are to be enabled. */
export type LogsAsked = Pick<LogsRequest, "clusterId" | "workspaceId" | "nodeSubnetId">;

/** Reads the workspaces that a cluster's rules and addon name, and where logs are to be enabled, those of the request. */
export async function readLogs(
  reading: Reading,
  clusterId: ResourceId,
  logs: LogsAsked | undefined,
): Promise<void> {
  if (logs !== undefined) await readPlace(reading, logs);
  const ids = new Map(usedWorkspaces(reading.graph(), clusterId).map((id) => [idKey(id), id]));
  if (logs?.workspaceId !== undefined) ids.set(idKey(logs.workspaceId), logs.workspaceId);
  for (const id of ids.values()) await reading.get(id, apiVersions.logWorkspace);
  if (logs !== undefined) await readDerived(reading, clusterId, [...ids.values()]);
}

/** The workspaces that a cluster sends logs to now. */
export function usedWorkspaces(graph: Graph, clusterId: ResourceId): readonly ResourceId[] {
  const rules = associationsWith(graph, clusterId).flatMap(({ dcrId }) =>
    ruleLogWorkspaces(dcrId === undefined ? undefined : graph.get(dcrId)),
  );
  const addon = logsAddonOf(graph.get(clusterId));
  return [...rules, ...(addon?.workspaceId === undefined ? [] : [addon.workspaceId])];
}

/** Where a new cluster is to stand, and the default workspace where none is named. */
async function readPlace(reading: Reading, { clusterId, workspaceId, nodeSubnetId }: LogsAsked) {
  if (nodeSubnetId !== undefined) {
    await reading.get(parseId(nodeSubnetId)?.parentId, apiVersions.network);
    await reading.get(nodeSubnetId, apiVersions.network);
  }
  if (workspaceId !== undefined) return;
  await reading.get(groupOf(clusterId), apiVersions.resourceGroup);
  const ids = defaultWorkspaceIds(reading.graph(), clusterId);
  if (ids === undefined) return;
  const group = await reading.get(ids.groupId, apiVersions.resourceGroup);
  if (group !== undefined) await reading.get(ids.workspaceId, apiVersions.logWorkspace);
}

/** The rule and the endpoints of the names that tooling derives, which may stand unassociated. */
async function readDerived(
  reading: Reading,
  clusterId: ResourceId,
  named: readonly ResourceId[],
): Promise<void> {
  const graph = reading.graph();
  const standing = defaultWorkspaceIds(graph, clusterId)?.workspaceId;
  const ids = new Set([...named, ...(standing === undefined ? [] : [standing])]);
  const clusterRegion = regionKey(graph.get(clusterId)?.location ?? "");
  for (const id of ids) {
    const workspace = logWorkspaceOf(graph, id);
    if (workspace === undefined) continue;
    const names = logsNames({
      clusterName: parseId(clusterId)?.name ?? "",
      clusterRegion,
      workspaceRegion: workspace.region,
    });
    const inGroup = (type: string, name: string): ResourceId =>
      `${groupOf(clusterId)}/providers/${type}/${name}`;
    for (const name of [names.configurationDce, names.ingestionDce]) {
      await reading.get(inGroup(types.dce, name), apiVersions.dataCollection);
    }
    const rule = await reading.get(inGroup(types.dcr, names.dcr), apiVersions.dataCollection);
    const dceId = stringAt(rule?.properties, "dataCollectionEndpointId");
    await reading.get(dceId, apiVersions.dataCollection);
  }
}
