/** Two estates, a and b, that share nothing: cluster, endpoint, rule, workspace, scope and private endpoints of each. */
import { graphFrom } from "../../arm/index.ts";
import type { ArmResource, Graph, JsonObject, ResourceId } from "../../arm/index.ts";
import { dceHosts, hostKey, hostKeyChars, workspaceQueryHost } from "../../azure/index.ts";
import { types } from "../../rules/index.ts";

export type Side = "a" | "b";

const subscription = "/subscriptions/00000000-0000-0000-0000-000000000001";
const region = "westeurope";
const group = (side: Side): string => `${subscription}/resourceGroups/rg-${side}`;
export const inGroup = (side: Side, type: string, name: string): ResourceId =>
  `${group(side)}/providers/${type}/${name}`;
const digit = (side: Side): string => (side === "a" ? "a" : "b");

export const ids = {
  cluster: (side: Side) => inGroup(side, types.cluster, `aks-${side}`),
  dce: (side: Side) => inGroup(side, types.dce, `dce-${side}`),
  dcr: (side: Side) => inGroup(side, types.dcr, `dcr-${side}`),
  workspace: (side: Side) => inGroup(side, types.workspace, `amw-${side}`),
  scope: (side: Side) => inGroup(side, types.scope, `scope-${side}`),
  scopeEndpoint: (side: Side) =>
    inGroup(side, "Microsoft.Network/privateEndpoints", `pe-scope-${side}`),
  queryEndpoint: (side: Side) =>
    inGroup(side, "Microsoft.Network/privateEndpoints", `pe-query-${side}`),
};

/** The link ids that the network layer would have given. */
export const linkIds = { scopeA: 1, scopeB: 2, queryA: 3, queryB: 4, unknown: 99 } as const;

export const linkOf = (linkId: number): ResourceId | undefined =>
  [
    undefined,
    ids.scopeEndpoint("a"),
    ids.scopeEndpoint("b"),
    ids.queryEndpoint("a"),
    ids.queryEndpoint("b"),
  ][linkId];

export const principals = {
  clusterIdentity: (side: Side) => `00000000-0000-0000-0001-00000000000${digit(side)}`,
  kubelet: (side: Side) => `00000000-0000-0000-0002-00000000000${digit(side)}`,
  /** Has Monitoring Metrics Publisher on the rule and Monitoring Data Reader on the workspace of its side. */
  operator: (side: Side) => `00000000-0000-0000-0003-00000000000${digit(side)}`,
  stranger: "00000000-0000-0000-0004-000000000000",
};

export const immutableIds = {
  dcr: (side: Side) => `dcr-${digit(side).repeat(32)}`,
  dce: (side: Side) => `dce-${digit(side).repeat(32)}`,
  account: (side: Side) => `00000000-0000-0000-0005-00000000000${digit(side)}`,
};

const keyed = (id: ResourceId, name: string, chars: number) => ({
  name,
  region,
  key: hostKey(id, chars),
});

export const hosts = {
  dce: (side: Side) => dceHosts(keyed(ids.dce(side), `dce-${side}`, hostKeyChars.dce)),
  query: (side: Side) =>
    workspaceQueryHost(keyed(ids.workspace(side), `amw-${side}`, hostKeyChars.workspace)),
};

export const resource = (
  id: ResourceId,
  type: string,
  properties: JsonObject,
  rest: Partial<ArmResource> = {},
): ArmResource => ({
  id,
  name: id.slice(id.lastIndexOf("/") + 1),
  type,
  location: region,
  properties,
  ...rest,
});

export const dce = (side: Side, publicNetworkAccess: string): ArmResource => {
  const { configuration, logs, metrics } = hosts.dce(side);
  return resource(ids.dce(side), types.dce, {
    immutableId: immutableIds.dce(side),
    configurationAccess: { endpoint: `https://${configuration}` },
    logsIngestion: { endpoint: `https://${logs}` },
    metricsIngestion: { endpoint: `https://${metrics}` },
    networkAcls: { publicNetworkAccess },
    provisioningState: "Succeeded",
  });
};

export const workspace = (side: Side, publicNetworkAccess: string): ArmResource =>
  resource(ids.workspace(side), types.workspace, {
    accountId: immutableIds.account(side),
    metrics: { prometheusQueryEndpoint: `https://${hosts.query(side)}` },
    publicNetworkAccess,
    provisioningState: "Succeeded",
  });

export const connection = (target: ResourceId, endpoint: ResourceId, status: string): ArmResource =>
  resource(
    `${target}/privateEndpointConnections/c1`,
    target.includes("privateLinkScopes")
      ? `${types.scope}/privateEndpointConnections`
      : `${types.workspace}/privateEndpointConnections`,
    { privateEndpoint: { id: endpoint }, privateLinkServiceConnectionState: { status } },
  );

export const configurationAssociation = (side: Side, to: Side): ArmResource =>
  resource(
    `${ids.cluster(side)}/providers/${types.association}/configurationAccessEndpoint`,
    types.association,
    { dataCollectionEndpointId: ids.dce(to) },
  );

const rule = (side: Side): ArmResource =>
  resource(ids.dcr(side), types.dcr, {
    immutableId: immutableIds.dcr(side),
    dataCollectionEndpointId: ids.dce(side),
    dataSources: {
      prometheusForwarder: [
        {
          name: "PrometheusDataSource",
          streams: ["Microsoft-PrometheusMetrics"],
          labelIncludeFilter: {},
        },
      ],
    },
    destinations: {
      monitoringAccounts: [{ accountResourceId: ids.workspace(side), name: "MonitoringAccount1" }],
    },
    dataFlows: [{ streams: ["Microsoft-PrometheusMetrics"], destinations: ["MonitoringAccount1"] }],
  });

const privateEndpoint = (id: ResourceId, target: ResourceId, groupId: string): ArmResource =>
  resource(id, "Microsoft.Network/privateEndpoints", {
    privateLinkServiceConnections: [
      { name: "c1", properties: { privateLinkServiceId: target, groupIds: [groupId] } },
    ],
  });

export const assignment = (scope: ResourceId, principalId: string, roleGuid: string): ArmResource =>
  resource(
    `${scope}/providers/${types.roleAssignment}/${principalId.slice(0, -1)}f`,
    types.roleAssignment,
    {
      principalId,
      roleDefinitionId: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${roleGuid}`,
    },
  );

export const roleGuids = {
  metricsPublisher: "3913510d-42f4-4e42-8a64-420c390055eb",
  dataReader: "b0d8363b-8ddd-447d-831f-62ca05bff136",
};

const side = (name: Side): readonly ArmResource[] => [
  dce(name, "Disabled"),
  rule(name),
  workspace(name, "Disabled"),
  resource(
    ids.cluster(name),
    types.cluster,
    { identityProfile: { kubeletidentity: { objectId: principals.kubelet(name) } } },
    { identity: { type: "SystemAssigned", principalId: principals.clusterIdentity(name) } },
  ),
  resource(`${ids.cluster(name)}/providers/${types.association}/MSProm`, types.association, {
    dataCollectionRuleId: ids.dcr(name),
  }),
  configurationAssociation(name, name),
  resource(ids.scope(name), types.scope, {}),
  resource(`${ids.scope(name)}/scopedResources/dce-connection`, types.scopedResource, {
    linkedResourceId: ids.dce(name),
  }),
  privateEndpoint(ids.scopeEndpoint(name), ids.scope(name), "azuremonitor"),
  privateEndpoint(ids.queryEndpoint(name), ids.workspace(name), "prometheusMetrics"),
  connection(ids.scope(name), ids.scopeEndpoint(name), "Approved"),
  connection(ids.workspace(name), ids.queryEndpoint(name), "Approved"),
  assignment(ids.dcr(name), principals.operator(name), roleGuids.metricsPublisher),
  assignment(ids.workspace(name), principals.operator(name), roleGuids.dataReader),
];

/** Both sides, closed to public networks and open through their own private endpoints. */
export const closedEstate = (): Graph => graphFrom([...side("a"), ...side("b")]);
