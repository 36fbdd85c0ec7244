/** What an estate stands for in a subscription: the resources that onboarding does not make, and the requests for it. */
import type { JsonObject, ResourceId } from "../arm/index.ts";
import { networkTypes, types } from "../rules/index.ts";
import { apiVersions } from "./arm-access.ts";
import type { ArmWriter } from "./arm-access.ts";
import type { Estate, EstateCluster, EstateLink } from "./estate.ts";
import { logsRequest } from "./logs/logs-request.ts";
import type { LogsRequest } from "./logs/logs-request.ts";
import { metricsRequest } from "./request.ts";
import type { MetricsRequest } from "./request.ts";

/** One PUT that builds an estate. */
export interface EstateResource {
  readonly id: ResourceId;
  readonly apiVersion: string;
  readonly body: JsonObject;
}

const idsIn = (estate: Estate, subscriptionId: string) => {
  const group = `/subscriptions/${subscriptionId}/resourceGroups/${estate.resourceGroup}`;
  const id =
    (type: string) =>
    (name: string): ResourceId =>
      `${group}/providers/${type}/${name}`;
  return {
    group,
    vnet: id(networkTypes.vnet),
    workspace: id(types.workspace),
    logAnalyticsWorkspace: id(types.law),
    cluster: id(types.cluster),
    scope: id(types.scope),
  };
};

/**
 * The resources of an estate before onboarding, each after those that it names. They are for what is not there yet: a
 * network that is written again would lose the subnets that onboarding made.
 */
export function estateResources(
  estate: Estate,
  { subscriptionId }: { readonly subscriptionId: string },
): readonly EstateResource[] {
  const ids = idsIn(estate, subscriptionId);
  return [
    {
      id: ids.group,
      apiVersion: apiVersions.resourceGroup,
      body: { location: estate.region },
    },
    ...estate.networks.map((network) => ({
      id: ids.vnet(network.name),
      apiVersion: apiVersions.network,
      body: {
        location: networkRegion(estate, network.name),
        properties: {
          addressSpace: { addressPrefixes: network.addressSpace },
          subnets: network.subnets.map(({ name, prefix }) => ({
            name,
            properties: { addressPrefix: prefix },
          })),
        },
      },
    })),
    ...estate.workspaces.map(({ name, region }) => ({
      id: ids.workspace(name),
      apiVersion: apiVersions.workspace,
      body: { location: region },
    })),
    ...(estate.logAnalyticsWorkspaces ?? []).map(({ name, region }) => ({
      id: ids.logAnalyticsWorkspace(name),
      apiVersion: apiVersions.logWorkspace,
      body: { location: region, properties: { sku: { name: "PerGB2018" } } },
    })),
    ...estate.clusters.map((cluster) => ({
      id: ids.cluster(cluster.name),
      apiVersion: apiVersions.cluster,
      body: clusterBody(cluster, ids.vnet(cluster.network)),
    })),
  ];
}

/** A network is where its clusters are. */
const networkRegion = (estate: Estate, name: string): string =>
  estate.clusters.find(({ network }) => network === name)?.region ?? estate.region;

/** A cluster's name may have '_' and 63 characters; its DNS prefix has 54 letters, digits and '-'. */
const dnsPrefix = (name: string): string =>
  name.replaceAll("_", "-").slice(0, 54).replace(/-$/, "x");

const clusterBody = (cluster: EstateCluster, vnetId: ResourceId): JsonObject => ({
  location: cluster.region,
  identity: { type: "SystemAssigned" },
  properties: {
    dnsPrefix: dnsPrefix(cluster.name),
    agentPoolProfiles: [
      {
        name: "system",
        mode: "System",
        count: 1,
        vmSize: "Standard_D4s_v5",
        vnetSubnetID: `${vnetId}/subnets/${cluster.subnet}`,
      },
    ],
    apiServerAccessProfile: { enablePrivateCluster: cluster.private },
  },
});

/** What building an estate did. */
export interface EstateBuilding {
  readonly made: readonly ResourceId[];
  readonly kept: readonly ResourceId[];
}

/** Makes what of an estate is not there, in order, and leaves what is there as it is. @throws what `arm` throws. */
export async function buildEstate(
  estate: Estate,
  { arm, subscriptionId }: { readonly arm: ArmWriter; readonly subscriptionId: string },
): Promise<EstateBuilding> {
  const made: ResourceId[] = [];
  const kept: ResourceId[] = [];
  for (const { id, apiVersion, body } of estateResources(estate, { subscriptionId })) {
    if ((await arm.get(id, apiVersion)) !== undefined) kept.push(id);
    else {
      await arm.put(id, { apiVersion, body });
      made.push(id);
    }
  }
  return { made, kept };
}

/** The requests for onboarding metrics that an estate's clusters make, in the order of the file. */
export function estateRequests(
  estate: Estate,
  { subscriptionId }: { readonly subscriptionId: string },
): readonly MetricsRequest[] {
  const ids = idsIn(estate, subscriptionId);
  return estate.clusters.flatMap(({ name, metrics }) =>
    metrics === undefined
      ? []
      : [
          metricsRequest({
            clusterId: ids.cluster(name),
            workspaceId: ids.workspace(metrics.workspace),
            ...linkOf(metrics, ids.scope),
          }),
        ],
  );
}

/** The requests for onboarding logs that an estate's clusters make, in the order of the file. */
export function estateLogsRequests(
  estate: Estate,
  { subscriptionId }: { readonly subscriptionId: string },
): readonly LogsRequest[] {
  const ids = idsIn(estate, subscriptionId);
  return estate.clusters.flatMap(({ name, logs }) => {
    if (logs === undefined) return [];
    const { workspace, auth, highLogScale, syslog } = logs;
    return [
      logsRequest({
        clusterId: ids.cluster(name),
        ...(workspace === undefined ? {} : { workspaceId: ids.logAnalyticsWorkspace(workspace) }),
        auth,
        highLogScale,
        syslog,
        ...linkOf(logs, ids.scope),
      }),
    ];
  });
}

const linkOf = (link: EstateLink, scopeId: (name: string) => ResourceId) => ({
  scopeId: scopeId(link.scope),
  subnetName: link.subnet,
  ingestionAccessMode: link.ingestionAccessMode,
  queryAccessMode: link.queryAccessMode,
  closeShared: link.closeShared,
  closeQuery: link.closeQuery,
});
