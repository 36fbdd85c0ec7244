/** The resource types that commands name, with the api-version in which they read them. */

export const types = {
  cluster: { type: "Microsoft.ContainerService/managedClusters", apiVersion: "2024-09-01" },
  workspace: { type: "Microsoft.Monitor/accounts", apiVersion: "2023-04-03" },
  law: { type: "Microsoft.OperationalInsights/workspaces", apiVersion: "2023-09-01" },
  scope: { type: "Microsoft.Insights/privateLinkScopes", apiVersion: "2021-09-01" },
  vnet: { type: "Microsoft.Network/virtualNetworks", apiVersion: "2023-05-01" },
  localGateway: { type: "Microsoft.Network/localNetworkGateways", apiVersion: "2023-05-01" },
  circuit: { type: "Microsoft.Network/expressRouteCircuits", apiVersion: "2023-05-01" },
  dce: { type: "Microsoft.Insights/dataCollectionEndpoints", apiVersion: "2022-06-01" },
  dcr: { type: "Microsoft.Insights/dataCollectionRules", apiVersion: "2022-06-01" },
  endpoint: { type: "Microsoft.Network/privateEndpoints", apiVersion: "2023-05-01" },
  identity: { type: "Microsoft.ManagedIdentity/userAssignedIdentities", apiVersion: "2023-01-31" },
} as const;

const nouns: ReadonlyMap<string, string> = new Map([
  [types.cluster.type, "managed cluster"],
  [types.workspace.type, "Azure Monitor workspace"],
  [types.law.type, "Log Analytics workspace"],
  [types.scope.type, "private link scope"],
  [types.vnet.type, "virtual network"],
  [types.localGateway.type, "local network gateway"],
  [types.circuit.type, "ExpressRoute circuit"],
  [types.dce.type, "data collection endpoint"],
  [types.dcr.type, "data collection rule"],
  [types.endpoint.type, "private endpoint"],
  [types.identity.type, "managed identity"],
]);

/** What people call a resource type. */
export const nounOf = (type: string): string => nouns.get(type) ?? type;
