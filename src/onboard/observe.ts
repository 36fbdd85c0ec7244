/** Observation: what there is, read from ARM into one graph. Reads only; nothing is decided here. */
import { idKey, parseId, stringAt } from "../arm/index.ts";
import type { Graph, ResourceId } from "../arm/index.ts";
import { associationsWith, dcrsOf, types, workspaceOf } from "../rules/index.ts";
import { apiVersions, groupOf, subscriptionOf } from "./arm-access.ts";
import type { ArmReader } from "./arm-access.ts";
import { readLogs } from "./logs/observe-logs.ts";
import type { LogsAsked } from "./logs/observe-logs.ts";
import { logWorkspaceType, ruleLogWorkspaces } from "./logs/log-workspace.ts";
import { metricsNames } from "./names.ts";
import { observeNetwork, vnetOf } from "./observe-network.ts";
import { openReading } from "./reading.ts";
import type { Reading, Unreadable } from "./reading.ts";

export interface Observed {
  readonly graph: Graph;
  readonly unreadable: readonly Unreadable[];
}

/** What to look at. The workspace and the scope may be left out: then those that the cluster uses are found. */
export interface ObserveRequest {
  readonly clusterId: ResourceId;
  readonly workspaceId?: ResourceId;
  readonly scopeId?: ResourceId;
  /** Where logs are to be enabled: into which workspace, and where a new cluster is to stand. */
  readonly logs?: LogsAsked;
}

/**
 * Reads everything that planning and proving ask: the cluster with its associations, rules and endpoints, the workspace,
 * the scope, the network with its endpoints and zones, and who else uses them.
 *
 * @throws never for ARM's refusals (see `unreadable`); whatever else the reader throws.
 */
export async function observe(arm: ArmReader, request: ObserveRequest): Promise<Observed> {
  const unreadable: Unreadable[] = [];
  const reading = openReading(arm, unreadable);
  await reading.get(request.clusterId, apiVersions.cluster);
  await reading.get(request.scopeId, apiVersions.scope);
  await readAssociations(reading, request.clusterId);
  const workspaceIds = workspacesToRead(reading.graph(), request);
  for (const workspaceId of workspaceIds) await readWorkspace(reading, workspaceId, request);
  await readLogs(reading, request.clusterId, request.logs);
  await readUsers(reading, request, workspaceIds);
  const { clusterId: besideId } = request;
  const newVnetId = parseId(request.logs?.nodeSubnetId ?? "")?.parentId;
  const vnetId = vnetOf(reading.graph(), besideId) ?? newVnetId;
  await observeNetwork(reading, { besideId, vnetId, workspaceIds });
  return { graph: reading.graph(), unreadable };
}

/** The cluster's associations, with their rules and endpoints. */
async function readAssociations(reading: Reading, clusterId: ResourceId): Promise<void> {
  const path = `${clusterId}/providers/${types.association}`;
  for (const association of await reading.list(path, apiVersions.dataCollection)) {
    const { properties } = association;
    await reading.get(stringAt(properties, "dataCollectionEndpointId"), apiVersions.dataCollection);
    await readRule(reading, stringAt(properties, "dataCollectionRuleId"));
  }
}

async function readRule(reading: Reading, dcrId: ResourceId | undefined): Promise<void> {
  const rule = await reading.get(dcrId, apiVersions.dataCollection);
  const dceId = stringAt(rule?.properties, "dataCollectionEndpointId");
  await reading.get(dceId, apiVersions.dataCollection);
}

/** The workspace asked for, else those that the cluster's rules send metrics to. */
function workspacesToRead(graph: Graph, request: ObserveRequest): readonly ResourceId[] {
  if (request.workspaceId !== undefined) return [request.workspaceId];
  const ids = new Map<string, ResourceId>();
  const rules = new Map(dcrsOf(graph).map((rule) => [idKey(rule.id), rule]));
  for (const { dcrId } of associationsWith(graph, request.clusterId)) {
    for (const id of rules.get(idKey(dcrId ?? ""))?.workspaceIds ?? []) ids.set(idKey(id), id);
  }
  return [...ids.values()];
}

/** A workspace with its default endpoint and rule, and what enablement would make of the derived names. */
async function readWorkspace(
  reading: Reading,
  workspaceId: ResourceId,
  { clusterId }: ObserveRequest,
): Promise<void> {
  await reading.get(workspaceId, apiVersions.workspace);
  await reading.list(`${workspaceId}/privateEndpointConnections`, apiVersions.workspace);
  const workspace = workspaceOf(reading.graph(), workspaceId);
  await reading.get(workspace?.defaultDceId, apiVersions.dataCollection);
  await readRule(reading, workspace?.defaultDcrId);
  const cluster = reading.graph().get(clusterId);
  if (workspace === undefined || cluster === undefined) return;
  const names = metricsNames({
    clusterName: cluster.name,
    clusterRegion: (cluster.location ?? "").replaceAll(" ", "").toLowerCase(),
    workspaceRegion: workspace.region,
  });
  const inGroup = (type: string, name: string): ResourceId =>
    `${groupOf(cluster.id)}/providers/${type}/${name}`;
  await reading.get(inGroup(types.dce, names.dce), apiVersions.dataCollection);
  await reading.get(inGroup(types.dce, names.configurationDce), apiVersions.dataCollection);
  await readRule(reading, inGroup(types.dcr, names.dcr));
}

/** Who else uses the endpoints, rules and the scope that were read: the blast radius. */
async function readUsers(
  reading: Reading,
  request: ObserveRequest,
  workspaceIds: readonly ResourceId[],
): Promise<void> {
  const { dataCollection } = apiVersions;
  await reading.list(`${subscriptionOf(request.clusterId)}/providers/${types.dcr}`, dataCollection);
  const endpoints = reading.graph().ofType(types.dce);
  for (const dce of endpoints) await reading.list(`${dce.id}/associations`, dataCollection);
  const served = new Set(endpoints.map(({ id }) => idKey(id)));
  const ofLogs = reading.graph().ofType(logWorkspaceType);
  const wanted = new Set([...workspaceIds, ...ofLogs.map(({ id }) => id)].map(idKey));
  for (const rule of dcrsOf(reading.graph())) {
    const targets = [...rule.workspaceIds, ...ruleLogWorkspaces(reading.graph().get(rule.id))];
    const ofOurs =
      served.has(idKey(rule.dceId ?? "")) || targets.some((id) => wanted.has(idKey(id)));
    if (ofOurs) await reading.list(`${rule.id}/associations`, dataCollection);
  }
  for (const scopeId of scopesToRead(reading.graph(), request)) {
    await reading.get(scopeId, apiVersions.scope);
    await reading.list(`${scopeId}/scopedResources`, apiVersions.scope);
    await reading.list(`${scopeId}/privateEndpointConnections`, apiVersions.scope);
  }
}

/** The scope asked for, and those that link the endpoints in question, by the endpoints' own word. */
function scopesToRead(graph: Graph, request: ObserveRequest): readonly ResourceId[] {
  const ids = new Map<string, ResourceId>();
  if (request.scopeId !== undefined) ids.set(idKey(request.scopeId), request.scopeId);
  for (const dce of [...graph.ofType(types.dce), ...graph.ofType(logWorkspaceType)]) {
    const links = dce.properties["privateLinkScopedResources"];
    for (const link of Array.isArray(links) ? links : []) {
      const scopeId = parseId(stringAt(link, "resourceId") ?? "")?.parentId;
      if (scopeId !== undefined) ids.set(idKey(scopeId), scopeId);
    }
  }
  return [...ids.values()];
}
