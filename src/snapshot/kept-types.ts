/** What is read of each resource type: the api-version, and the fields that checks and proofs need. */
import { keptFields } from "./keep-fields.ts";
import type { KeptFields } from "./keep-fields.ts";
import { networkTypeTable } from "./kept-network-types.ts";

export interface KeptType {
  /** In the provider's spelling. */
  readonly type: string;
  readonly apiVersion: string;
  readonly properties: KeptFields;
  /** What redacted names of the type begin with. */
  readonly noun: string;
}

/** A row of the tables: type, api-version, noun, fields. */
export type TypeRow = readonly [type: string, apiVersion: string, noun: string, fields: string];

/** A private endpoint's connection as its target shows it. */
export const connectionFields =
  "privateEndpoint{id} privateLinkServiceConnectionState{status actionsRequired} groupIds provisioningState";
/** Connections within their target. */
export const embeddedConnections = `privateEndpointConnections{id name type properties{${connectionFields}}}`;

const cluster = `provisioningState powerState{code} kubernetesVersion nodeResourceGroup
  agentPoolProfiles{name mode osType count vnetSubnetID podSubnetID}
  apiServerAccessProfile{enablePrivateCluster privateDNSZone}
  networkProfile{networkPlugin networkPluginMode outboundType dnsServiceIP podCidr serviceCidr}
  servicePrincipalProfile{clientId} identityProfile{*{resourceId clientId objectId}}
  addonProfiles{*{enabled config{logAnalyticsWorkspaceResourceID useAADAuth} identity{resourceId clientId objectId}}}
  azureMonitorProfile{metrics{enabled} containerInsights{enabled logAnalyticsWorkspaceResourceId}}
  httpProxyConfig{httpProxy httpsProxy noProxy}`;

const rule = `immutableId dataCollectionEndpointId provisioningState
  destinations{logAnalytics{workspaceResourceId workspaceId name} monitoringAccounts{accountResourceId accountId name}}
  dataFlows{streams destinations outputStream}
  dataSources{prometheusForwarder{name streams} extensions{name extensionName streams} syslog{name streams} logFiles{name streams}}
  endpoints{logsIngestion metricsIngestion}`;

const endpoint = `immutableId configurationAccess{endpoint} logsIngestion{endpoint} metricsIngestion{endpoint}
  networkAcls{publicNetworkAccess} privateLinkScopedResources{resourceId scopeId}
  metadata{provisionedBy provisionedByResourceId} provisioningState`;

const scope = `accessModeSettings{queryAccessMode ingestionAccessMode
    exclusions{privateEndpointConnectionName queryAccessMode ingestionAccessMode}}
  ${embeddedConnections} provisioningState`;

const logsWorkspace = `customerId publicNetworkAccessForIngestion publicNetworkAccessForQuery
  privateLinkScopedResources{resourceId scopeId} sku{name} retentionInDays
  workspaceCapping{dailyQuotaGb dataIngestionStatus} features{disableLocalAuth} provisioningState`;

const monitorTypes: readonly TypeRow[] = [
  ["Microsoft.ContainerService/managedClusters", "2024-09-01", "aks", cluster],
  [
    "Microsoft.Insights/dataCollectionRuleAssociations",
    "2022-06-01",
    "association",
    "dataCollectionRuleId dataCollectionEndpointId provisioningState",
  ],
  ["Microsoft.Insights/dataCollectionRules", "2022-06-01", "dcr", rule],
  ["Microsoft.Insights/dataCollectionEndpoints", "2022-06-01", "dce", endpoint],
  ["Microsoft.Insights/privateLinkScopes", "2021-09-01", "scope", scope],
  [
    "Microsoft.Insights/privateLinkScopes/scopedResources",
    "2021-09-01",
    "link",
    "linkedResourceId kind subscriptionLocation provisioningState",
  ],
  [
    "Microsoft.Insights/privateLinkScopes/privateEndpointConnections",
    "2021-09-01",
    "connection",
    connectionFields,
  ],
  [
    "Microsoft.Insights/components",
    "2020-02-02",
    "component",
    `WorkspaceResourceId IngestionMode publicNetworkAccessForIngestion publicNetworkAccessForQuery
     PrivateLinkScopedResources{ResourceId ScopeId} provisioningState`,
  ],
  [
    "Microsoft.Monitor/accounts",
    "2023-04-03",
    "amw",
    `accountId metrics{prometheusQueryEndpoint internalId} publicNetworkAccess
     defaultIngestionSettings{dataCollectionRuleResourceId dataCollectionEndpointResourceId}
     ${embeddedConnections} provisioningState`,
  ],
  [
    "Microsoft.Monitor/accounts/privateEndpointConnections",
    "2023-04-03",
    "connection",
    connectionFields,
  ],
  ["Microsoft.OperationalInsights/workspaces", "2022-10-01", "law", logsWorkspace],
  [
    "Microsoft.Dashboard/grafana",
    "2023-09-01",
    "grafana",
    `endpoint publicNetworkAccess ${embeddedConnections} provisioningState
     grafanaIntegrations{azureMonitorWorkspaceIntegrations{azureMonitorWorkspaceResourceId}}`,
  ],
  [
    "Microsoft.Dashboard/grafana/managedPrivateEndpoints",
    "2023-09-01",
    "managed-endpoint",
    `privateLinkResourceId privateLinkResourceRegion groupIds connectionState{status}
     privateLinkServicePrivateIP privateLinkServiceUrl provisioningState`,
  ],
  [
    "Microsoft.Storage/storageAccounts",
    "2023-01-01",
    "storage",
    `publicNetworkAccess primaryEndpoints{blob} ${embeddedConnections} networkAcls{defaultAction} provisioningState`,
  ],
  [
    "Microsoft.Authorization/roleAssignments",
    "2022-04-01",
    "grant",
    "roleDefinitionId principalId principalType scope condition conditionVersion",
  ],
  [
    "Microsoft.ManagedIdentity/userAssignedIdentities",
    "2023-01-31",
    "identity",
    "principalId clientId tenantId",
  ],
];

const table: ReadonlyMap<string, KeptType> = new Map(
  [...monitorTypes, ...networkTypeTable].map(([type, apiVersion, noun, fields]) => [
    type.toLowerCase(),
    { type, apiVersion, noun, properties: keptFields(fields) },
  ]),
);

/** What is kept of a type (any case), or undefined when resources of it are not read. */
export const keptType = (type: string): KeptType | undefined => table.get(type.toLowerCase());

/** Every type that a snapshot can hold. */
export const keptTypes = (): readonly KeptType[] => [...table.values()];
