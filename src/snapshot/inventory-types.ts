/** The types that are listed whole for each subscription: what shares a scope, a network or its DNS. */
import { networkTypes, types } from "../rules/index.ts";

/** Types that no rule reads and checks do. */
export const clusterTypes = {
  grafana: "Microsoft.Dashboard/grafana",
  managedEndpoint: "Microsoft.Dashboard/grafana/managedPrivateEndpoints",
  component: "Microsoft.Insights/components",
  logsWorkspace: "Microsoft.OperationalInsights/workspaces",
  storageAccount: "Microsoft.Storage/storageAccounts",
  securityGroup: "Microsoft.Network/networkSecurityGroups",
} as const;

export const inventoryTypes: readonly string[] = [
  types.scope,
  types.dce,
  types.dcr,
  types.workspace,
  clusterTypes.component,
  clusterTypes.logsWorkspace,
  clusterTypes.grafana,
  clusterTypes.storageAccount,
  networkTypes.vnet,
  networkTypes.endpoint,
  networkTypes.zone,
  networkTypes.firewall,
  networkTypes.dnsResolver,
  networkTypes.ruleset,
];
