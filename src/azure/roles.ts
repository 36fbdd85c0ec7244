/** Built-in roles: what their holders may do. Patterns as ARM has them: `*` stands for any characters. */

export interface RoleDefinition {
  /** The GUID that names it in every subscription. */
  readonly id: string;
  readonly roleName: string;
  readonly description: string;
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
  readonly dataActions: readonly string[];
  readonly notDataActions: readonly string[];
  readonly source: string;
}

/** The data actions that the data plane asks for. */
export const dataActions = {
  /** Metrics into a data collection rule. */
  writeMetrics: "Microsoft.Insights/Metrics/Write",
  /** Logs into a data collection rule. */
  writeTelemetry: "Microsoft.Insights/Telemetry/Write",
  /** PromQL queries of an Azure Monitor workspace. */
  readMetrics: "Microsoft.Monitor/accounts/data/metrics/read",
} as const;

const source = "learn.microsoft.com/azure/role-based-access-control/built-in-roles";

const role = (
  id: string,
  roleName: string,
  rest: Partial<RoleDefinition> & Pick<RoleDefinition, "description">,
): RoleDefinition => ({
  id,
  roleName,
  actions: [],
  notActions: [],
  dataActions: [],
  notDataActions: [],
  source,
  ...rest,
});

const support = "Microsoft.Support/*";
const readGroups = "Microsoft.Resources/subscriptions/resourceGroups/read";

/** The built-in roles that the platform knows. Others are refused by name when they are assigned. */
export const roleDefinitions: readonly RoleDefinition[] = [
  role("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner", {
    description: "Manages all resources, and who has access to them.",
    actions: ["*"],
  }),
  role("b24988ac-6180-42a0-ab88-20f7382dd24c", "Contributor", {
    description: "Manages all resources, but not who has access to them.",
    actions: ["*"],
    notActions: [
      "Microsoft.Authorization/*/Delete",
      "Microsoft.Authorization/*/Write",
      "Microsoft.Authorization/elevateAccess/Action",
      "Microsoft.Blueprint/blueprintAssignments/write",
      "Microsoft.Blueprint/blueprintAssignments/delete",
      "Microsoft.Compute/galleries/share/action",
      "Microsoft.Purview/consents/write",
      "Microsoft.Purview/consents/delete",
      "Microsoft.Resources/deploymentStacks/manageDenySetting/action",
      "Microsoft.Subscription/cancel/action",
      "Microsoft.Subscription/enable/action",
    ],
  }),
  role("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader", {
    description: "Views all resources, and changes none.",
    actions: ["*/read"],
  }),
  role("18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", "User Access Administrator", {
    description: "Manages who has access to resources.",
    actions: ["*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"],
  }),
  role("3913510d-42f4-4e42-8a64-420c390055eb", "Monitoring Metrics Publisher", {
    description: "Publishes metrics.",
    actions: ["Microsoft.Insights/Register/Action", "Microsoft.Support/*", readGroups],
    dataActions: [dataActions.writeMetrics, dataActions.writeTelemetry],
  }),
  role("b0d8363b-8ddd-447d-831f-62ca05bff136", "Monitoring Data Reader", {
    description: "Reads the data of Azure Monitor workspaces.",
    dataActions: [dataActions.readMetrics],
  }),
  role("43d0d8ad-25c7-4714-9337-8ba259a9fe05", "Monitoring Reader", {
    description: "Views all monitoring data and settings.",
    actions: ["*/read", "Microsoft.OperationalInsights/workspaces/search/action", support],
  }),
  role("73c42c96-874c-492b-b04d-ab87d138a893", "Log Analytics Reader", {
    description: "Views and queries all logs, and monitoring settings, but no shared keys.",
    actions: [
      "*/read",
      "Microsoft.OperationalInsights/workspaces/analytics/query/action",
      "Microsoft.OperationalInsights/workspaces/search/action",
      support,
    ],
    notActions: ["Microsoft.OperationalInsights/workspaces/sharedKeys/read"],
  }),
  role("92aaf0da-9dab-42b6-94a3-d43ce8d29293", "Log Analytics Contributor", {
    description: "Reads all monitoring data and edits monitoring settings.",
    actions: [
      "*/read",
      "Microsoft.Insights/alertRules/*",
      "Microsoft.Insights/diagnosticSettings/*",
      "Microsoft.OperationalInsights/*",
      "Microsoft.OperationsManagement/*",
      "Microsoft.Resources/deployments/*",
      "Microsoft.Resources/subscriptions/resourcegroups/deployments/*",
      support,
    ],
  }),
  role("4d97b98b-1d4f-4787-a291-c67834d212e7", "Network Contributor", {
    description: "Manages networks.",
    actions: [
      "Microsoft.Authorization/*/read",
      "Microsoft.Insights/alertRules/*",
      "Microsoft.Network/*",
      "Microsoft.ResourceHealth/availabilityStatuses/read",
      "Microsoft.Resources/deployments/*",
      readGroups,
      "Microsoft.Support/*",
    ],
  }),
  role("b12aa53e-6015-4669-85d0-8515ebb3ae7f", "Private DNS Zone Contributor", {
    description: "Manages private DNS zones, but not the virtual networks they are linked to.",
    actions: [
      "Microsoft.Insights/alertRules/*",
      "Microsoft.Resources/deployments/*",
      readGroups,
      "Microsoft.Network/privateDnsZones/*",
      "Microsoft.Network/privateDnsOperationResults/*",
      "Microsoft.Network/privateDnsOperationStatuses/*",
      "Microsoft.Network/virtualNetworks/read",
      "Microsoft.Network/virtualNetworks/join/action",
      "Microsoft.Authorization/*/read",
    ],
  }),
];

const byId = new Map(roleDefinitions.map((definition) => [definition.id, definition]));

/** A built-in role by its GUID, or by the last segment of a role definition's id; undefined when it is not known. */
export const roleDefinitionOf = (idOrGuid: string): RoleDefinition | undefined =>
  byId.get(idOrGuid.slice(idOrGuid.lastIndexOf("/") + 1).toLowerCase());
