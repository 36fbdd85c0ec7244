/** A private estate as a graph, and what can be wrong with it, for the tests of the picture. */
import { graphFrom, parseId, withChanges } from "../../arm/index.ts";
import type { ArmResource, Graph, JsonObject, ResourceId } from "../../arm/index.ts";
import { dceHosts, workspaceQueryHost } from "../../azure/index.ts";
import { endpointMembers } from "../../rules/index.ts";

export const group = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/rg";
const insights = `${group}/providers/Microsoft.Insights`;
const network = `${group}/providers/Microsoft.Network`;

export const ids = {
  cluster: `${group}/providers/Microsoft.ContainerService/managedClusters/aks`,
  workspace: `${group}/providers/Microsoft.Monitor/accounts/amw`,
  scope: `${insights}/privateLinkScopes/ampls`,
  dce: `${insights}/dataCollectionEndpoints/dce`,
  dcr: `${insights}/dataCollectionRules/rule`,
  vnet: `${network}/virtualNetworks/vnet`,
  scopeEndpoint: `${network}/privateEndpoints/pe-scope`,
  queryEndpoint: `${network}/privateEndpoints/pe-query`,
};

export interface EstateOptions {
  readonly publicAccess?: "Enabled" | "Disabled" | "SecuredByPerimeter";
  /** Whether the scope links the endpoint. */
  readonly linked?: boolean;
  readonly status?: string;
  /** Whether there are private endpoints, zones and links at all. */
  readonly isPrivate?: boolean;
  /** Whether the zones are linked to the network. */
  readonly zonesLinked?: boolean;
  readonly clusterName?: string;
}

const region = "westeurope";
const https = (host: string): JsonObject => ({ endpoint: `https://${host}` });

export function resource(id: ResourceId, properties: JsonObject): ArmResource {
  const parsed = parseId(id);
  if (parsed === undefined) throw new Error(`'${id}' is no resource id`);
  return { id, name: parsed.name, type: parsed.type, location: region, properties };
}

/** The example estate: one cluster whose telemetry is private, unless an option says what is amiss. */
export function estate(options: EstateOptions = {}): Graph {
  const { isPrivate = true, linked = true, publicAccess = "Disabled" } = options;
  const clusterId = ids.cluster.replace(/aks$/, options.clusterName ?? "aks");
  const hosts = dceHosts({ name: "dce", key: "k", region });
  const association = (name: string): ResourceId =>
    `${clusterId}/providers/Microsoft.Insights/dataCollectionRuleAssociations/${name}`;
  const base = graphFrom([
    resource(ids.vnet, { addressSpace: { addressPrefixes: ["10.1.0.0/16"] } }),
    resource(clusterId, {
      agentPoolProfiles: [{ name: "system", vnetSubnetID: `${ids.vnet}/subnets/nodes` }],
      apiServerAccessProfile: { enablePrivateCluster: true },
    }),
    resource(ids.workspace, {
      publicNetworkAccess: publicAccess,
      defaultIngestionSettings: { dataCollectionEndpointResourceId: ids.dce },
      metrics: {
        prometheusQueryEndpoint: `https://${workspaceQueryHost({ name: "amw", key: "k", region })}`,
      },
    }),
    resource(ids.dce, {
      configurationAccess: https(hosts.configuration),
      logsIngestion: https(hosts.logs),
      metricsIngestion: https(hosts.metrics),
      networkAcls: { publicNetworkAccess: publicAccess },
    }),
    resource(ids.dcr, {
      dataCollectionEndpointId: ids.dce,
      destinations: { monitoringAccounts: [{ accountResourceId: ids.workspace, name: "one" }] },
      dataFlows: [{ streams: ["Microsoft-PrometheusMetrics"], destinations: ["one"] }],
    }),
    resource(association("MSProm"), { dataCollectionRuleId: ids.dcr }),
    resource(association("configurationAccessEndpoint"), { dataCollectionEndpointId: ids.dce }),
    resource(ids.scope, {
      accessModeSettings: { ingestionAccessMode: "PrivateOnly", queryAccessMode: "Open" },
    }),
    ...(linked
      ? [resource(`${ids.scope}/scopedResources/dce-link`, { linkedResourceId: ids.dce })]
      : []),
  ]);
  return isPrivate ? withEndpoints(base, options) : base;
}

function withEndpoints(base: Graph, options: EstateOptions): Graph {
  const resources = [
    ...endpoint(base, { id: ids.scopeEndpoint, targetId: ids.scope, subnet: 1, ...options }),
    ...endpoint(base, { id: ids.queryEndpoint, targetId: ids.workspace, subnet: 2, ...options }),
  ];
  return withChanges(
    base,
    resources.map((one) => ({ kind: "put", resource: one })),
  );
}

interface EndpointOptions extends EstateOptions {
  readonly id: ResourceId;
  readonly targetId: ResourceId;
  readonly subnet: number;
}

function endpoint(graph: Graph, options: EndpointOptions): readonly ArmResource[] {
  const { id, targetId, subnet, status = "Approved", zonesLinked = true } = options;
  const groupId = targetId === ids.scope ? "azuremonitor" : "prometheusMetrics";
  const members = endpointMembers(graph, targetId, groupId).map((member, index) => ({
    ...member,
    address: `10.1.${subnet}.${index + 4}`,
  }));
  const subnetId = `${ids.vnet}/subnets/snet-private-endpoints`;
  const nic = `${network}/networkInterfaces/${id.split("/").at(-1)}.nic`;
  const zones = [...new Set(members.map(({ zone }) => zone))];
  return [
    resource(id, {
      subnet: { id: subnetId },
      networkInterfaces: [{ id: nic }],
      privateLinkServiceConnections: [
        { name: "one", properties: { privateLinkServiceId: targetId, groupIds: [groupId] } },
      ],
    }),
    resource(nic, {
      ipConfigurations: members.map(({ address, fqdn, memberName }) => ({
        properties: {
          privateIPAddress: address,
          subnet: { id: subnetId },
          privateLinkConnectionProperties: { requiredMemberName: memberName, fqdns: [fqdn] },
        },
      })),
    }),
    resource(`${targetId}/privateEndpointConnections/one.1`, {
      privateEndpoint: { id },
      privateLinkServiceConnectionState: { status },
    }),
    ...zones.flatMap((zone) => {
      const zoneId = `${network}/privateDnsZones/${zone}`;
      const link = resource(`${zoneId}/virtualNetworkLinks/to-vnet`, {
        virtualNetwork: { id: ids.vnet },
      });
      return [
        resource(zoneId, {}),
        ...(zonesLinked ? [link] : []),
        ...members
          .filter((member) => member.zone === zone)
          .map(({ recordName, address }) =>
            resource(`${zoneId}/A/${recordName}`, {
              ttl: 10,
              aRecords: [{ ipv4Address: address }],
            }),
          ),
      ];
    }),
  ];
}
