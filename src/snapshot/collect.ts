/** Collection: from clusters by ids to all that their telemetry leans on, over subscriptions and tenants. Reads only. */
import { idKey, listAt, parseId, sameId, stringAt } from "../arm/index.ts";
import type { ArmResource, ResourceId } from "../arm/index.ts";
import { limits } from "../core/index.ts";
import { configurationAssociationName, types } from "../rules/index.ts";
import { collectNetworks } from "./collect-network.ts";
import { clusterTypes, inventoryTypes } from "./inventory-types.ts";
import type { Gathering } from "./gathering.ts";

export interface CollectOptions {
  readonly clusters: readonly ResourceId[];
  /** Asks Resource Graph for the inventory of all subscriptions that may be read; absent where there is none. */
  readonly inventory?: (gathering: Gathering) => Promise<void>;
}

/** Reads all that checks and proofs of the clusters ask. What ARM refuses is noted; the rest goes on. */
export async function collect(gathering: Gathering, options: CollectOptions): Promise<void> {
  const { clusters } = options;
  await all(clusters, (id) => readCluster(gathering, id));
  await options.inventory?.(gathering);
  await readDestinations(gathering);
  const subscriptions = new Set<ResourceId>();
  for (let before = -1; before < subscriptions.size;) {
    before = subscriptions.size;
    await collectNetworks(gathering, clusters);
    for (const id of subscriptionsOf(gathering.core())) subscriptions.add(id);
    await all([...subscriptions], (id) => readInventory(gathering, id));
    await readScopes(gathering);
    await readDestinations(gathering);
  }
  await collectNetworks(gathering, clusters);
  await readUsers(gathering);
}

/** Runs a read for each; they share the turns of the reads. */
export async function all<Value>(
  values: readonly Value[],
  read: (value: Value) => Promise<unknown>,
): Promise<void> {
  await Promise.all(values.map(read));
}

/** The subscriptions that resources lie in: `/subscriptions/S`. */
function subscriptionsOf(resources: readonly ArmResource[]): readonly ResourceId[] {
  const ids = new Map<string, ResourceId>();
  for (const { id } of resources) {
    const subscription = parseId(id)?.subscriptionId;
    if (subscription === undefined) continue;
    ids.set(subscription.toLowerCase(), `/subscriptions/${subscription}`);
  }
  return [...ids.values()];
}

/** A cluster with its associations; that of its endpoint by its fixed name too, for a list may lag behind. */
async function readCluster(gathering: Gathering, clusterId: ResourceId): Promise<void> {
  const cluster = await gathering.get(clusterId);
  const path = `${clusterId}/providers/${types.association}`;
  const associations = await gathering.list(path, types.association);
  const named = await gathering.get(`${path}/${configurationAssociationName}`);
  await all([...associations, ...(named === undefined ? [] : [named])], async ({ properties }) => {
    await gathering.get(stringAt(properties, "dataCollectionEndpointId"));
    await gathering.get(stringAt(properties, "dataCollectionRuleId"));
  });
  await all(addonWorkspaces(cluster), (id) => gathering.get(id));
  const identities = cluster?.identity?.["userAssignedIdentities"];
  await all(
    Object.keys(typeof identities === "object" && identities !== null ? identities : {}),
    (id) => gathering.get(id),
  );
}

/** The workspaces that the monitoring addon names. The key's spelling differs between tools. */
function addonWorkspaces(cluster: ArmResource | undefined): readonly ResourceId[] {
  const addons = cluster?.properties["addonProfiles"];
  if (typeof addons !== "object" || addons === null) return [];
  return Object.values(addons).flatMap((addon) => {
    const config = typeof addon === "object" && addon !== null ? addon : {};
    const inner = "config" in config ? config["config"] : undefined;
    if (typeof inner !== "object" || inner === null) return [];
    return Object.entries(inner).flatMap(([name, value]) =>
      name.toLowerCase() === "loganalyticsworkspaceresourceid" && typeof value === "string"
        ? [value]
        : [],
    );
  });
}

/** What rules lead to: their endpoints, and the workspaces of both kinds with what comes with those. */
async function readDestinations(gathering: Gathering): Promise<void> {
  await all(gathering.core(types.dcr), async ({ properties }) => {
    await gathering.get(stringAt(properties, "dataCollectionEndpointId"));
    const accounts = listAt(properties, "destinations", "monitoringAccounts");
    await all(accounts, (one) => gathering.get(stringAt(one, "accountResourceId")));
    const workspaces = listAt(properties, "destinations", "logAnalytics");
    await all(workspaces, (one) => gathering.get(stringAt(one, "workspaceResourceId")));
  });
  await all(gathering.core(types.workspace), async ({ properties }) => {
    const settings = "defaultIngestionSettings";
    await gathering.get(stringAt(properties, settings, "dataCollectionEndpointResourceId"));
    await gathering.get(stringAt(properties, settings, "dataCollectionRuleResourceId"));
  });
}

/** Everything of a subscription that shares the way: lists by type. */
async function readInventory(gathering: Gathering, subscription: ResourceId): Promise<void> {
  await all([...inventoryTypes], (type) =>
    gathering.list(`${subscription}/providers/${type}`, type, "beside"),
  );
}

/** The scopes that resources say they are in, with their links and connections, and what they link. */
async function readScopes(gathering: Gathering): Promise<void> {
  const ids = new Map<string, ResourceId>();
  for (const resource of gathering.core()) {
    for (const scopeId of scopesNamedBy(resource)) ids.set(idKey(scopeId), scopeId);
  }
  await all([...ids.values()], async (scopeId) => {
    await gathering.get(scopeId);
    await gathering.list(
      `${scopeId}/privateEndpointConnections`,
      `${types.scope}/privateEndpointConnections`,
    );
    const links = await gathering.list(`${scopeId}/scopedResources`, types.scopedResource);
    const linked = links.slice(0, limits.snapshotLinkedMax);
    await all(linked, ({ properties }) =>
      gathering.get(stringAt(properties, "linkedResourceId"), "beside"),
    );
  });
  // A list may lag behind: the links that resources name themselves are read by their ids.
  await all(gathering.core(), (resource) => all(backLinks(resource), (id) => gathering.get(id)));
}

/** The scopes that a resource names: itself, the parents of its links, and where an endpoint leads. */
function scopesNamedBy(resource: ArmResource): readonly ResourceId[] {
  if (idKey(resource.type) === idKey(types.scope)) return [resource.id];
  const links = backLinks(resource).flatMap((id) => parseId(id)?.parentId ?? []);
  const connections = ["privateLinkServiceConnections", "manualPrivateLinkServiceConnections"];
  const targets = connections
    .flatMap((name) => listAt(resource.properties, name))
    .flatMap((one) => stringAt(one, "properties", "privateLinkServiceId") ?? []);
  return [...links, ...targets].filter(
    (id) => idKey(parseId(id)?.type ?? "") === idKey(types.scope),
  );
}

/** The scoped resources by which a resource says it is linked. Components spell it with a capital. */
const backLinks = ({ properties }: ArmResource): readonly ResourceId[] => [
  ...listAt(properties, "privateLinkScopedResources").flatMap(
    (one) => stringAt(one, "resourceId") ?? [],
  ),
  ...listAt(properties, "PrivateLinkScopedResources").flatMap(
    (one) => stringAt(one, "ResourceId") ?? [],
  ),
];

/** Who else uses the clusters' rules and endpoints, and who may write to and read from them. */
async function readUsers(gathering: Gathering): Promise<void> {
  const graph = gathering.graph();
  const used = new Map<string, ResourceId>();
  for (const { properties } of graph.ofType(types.association)) {
    for (const name of ["dataCollectionRuleId", "dataCollectionEndpointId"]) {
      const id = stringAt(properties, name);
      if (id !== undefined && graph.get(id) !== undefined) used.set(idKey(id), id);
    }
  }
  await all([...used.values()], (id) => gathering.list(`${id}/associations`, types.association));
  const granted = [...used.values()].filter(
    (id) => idKey(parseId(id)?.type ?? "") === idKey(types.dcr),
  );
  const accounts = gathering.core(types.workspace).map(({ id }) => id);
  await all([...granted, ...accounts], (id) =>
    gathering.list(`${id}/providers/${types.roleAssignment}`, types.roleAssignment),
  );
  const asks = graph.ofType(clusterTypes.grafana).filter((one) => queries(one, accounts));
  await all(asks, ({ id }) =>
    gathering.list(`${id}/managedPrivateEndpoints`, clusterTypes.managedEndpoint),
  );
}

/** Whether a managed Grafana is set up to query one of the workspaces. */
const queries = ({ properties }: ArmResource, accounts: readonly ResourceId[]): boolean =>
  listAt(properties, "grafanaIntegrations", "azureMonitorWorkspaceIntegrations").some((one) =>
    accounts.some((id) => sameId(id, stringAt(one, "azureMonitorWorkspaceResourceId"))),
  );
