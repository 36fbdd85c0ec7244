/** Texts of the tools that make the resources: az, templates, Terraform, and Azure Resource Manager's refusals. */
import type { KnownText } from "./known-text.ts";

const addon =
  "github.com/Azure/azure-cli src/azure-cli/azure/cli/command_modules/acs/addonconfiguration.py";
const acs = "github.com/Azure/azure-cli src/azure-cli/azure/cli/command_modules/acs/_validators.py";
const monitor = "github.com/Azure/azure-cli/issues/28338";
const extension = "github.com/Azure/azure-cli-extensions src/k8s-extension, Container insights";

type Row = Omit<KnownText, "kind" | "checks" | "failures"> &
  Partial<Pick<KnownText, "kind" | "checks" | "failures">>;

const rows: readonly Row[] = [
  {
    id: "az.private-cluster-only",
    fragments: ["can only be used with private cluster in msi mode"],
    example: "--ampls-resource-id can only be used with private cluster in MSI mode.",
    means:
      "The command takes a scope for private clusters with managed identity only. The scope itself needs neither.",
    remedy: "`linkscope enable logs` makes the same resources for any cluster.",
    failures: ["F18"],
    source: "github.com/Azure/azure-cli/issues/30918",
  },
  {
    id: "az.managed-identity-only",
    fragments: ["--ampls-resource-id supported only in msi auth mode"],
    example: "--ampls-resource-id supported only in MSI auth mode.",
    means: "The command takes a scope only when the agents sign in with a managed identity.",
    remedy: "Leave managed identity on for monitoring.",
    checks: ["LS0212"],
    failures: ["F18", "F38"],
    source: addon,
  },
  {
    id: "az.scope-id",
    fragments: ["--ampls-resource-id", "not in the correct format"],
    example:
      "--ampls-resource-id  not in the correct format. It should match '/subscriptions/<subscriptionId>/resourceGroups/<resourceGroupName>/providers/microsoft.insights/privatelinkscopes/<resourceName>'",
    means: "The scope's id is not one.",
    remedy: "Give the whole id, without blanks in it.",
    failures: ["F18"],
    source: addon,
  },
  {
    id: "az.needs-managed-identity",
    fragments: ["can not be used without msi auth"],
    example: "--enable-syslog can not be used without MSI auth.",
    means: "The option needs agents that sign in with a managed identity.",
    remedy: "Leave managed identity on for monitoring.",
    source: acs,
  },
  {
    id: "az.service-principal",
    fragments: [
      "--enable-msi-auth-for-monitoring can not be used on clusters with service principal auth",
    ],
    example:
      "--enable-msi-auth-for-monitoring can not be used on clusters with service principal auth.",
    means: "A cluster that runs as a service principal has no managed identity for its agents.",
    remedy: "Give the cluster a managed identity first.",
    checks: ["LS0212"],
    failures: ["F38"],
    source: acs,
  },
  {
    id: "az.addon-on",
    fragments: ["the monitoring addon is already enabled for this managed cluster"],
    example: "The monitoring addon is already enabled for this managed cluster.",
    means: "The command does not add a scope to an addon that is on.",
    remedy: "`linkscope enable logs` changes what is there; az wants the addon off first.",
    failures: ["F18"],
    source: addon,
  },
  {
    id: "az.metrics-on",
    fragments: ["azure monitor metrics is already enabled for this cluster"],
    example:
      "Azure Monitor Metrics is already enabled for this cluster. Please use `az aks update`",
    means: "Metrics are on already. The command gives them no private link, on or off.",
    remedy: "`linkscope enable metrics` adds what a private link needs.",
    checks: ["LS0202"],
    failures: ["F19"],
    source: "github.com/Azure/azure-cli azuremonitormetrics/azuremonitorprofile.py",
  },
  {
    id: "az.workspace-region",
    fragments: ["data collection rules are not supported for la workspace region"],
    example: "Data Collection Rules are not supported for LA workspace region westeurope2",
    means: "The tool's list of regions does not have the workspace's.",
    remedy: "Check the workspace's region; a newer tool has a newer list.",
    source: extension,
  },
  {
    id: "az.cluster-region",
    fragments: ["data collection rule associations are not supported for cluster region"],
    example: "Data Collection Rule Associations are not supported for cluster region westeurope2",
    means: "The tool's list of regions does not have the cluster's.",
    remedy: "Check the cluster's region; a newer tool has a newer list.",
    source: extension,
  },
  {
    id: "az.workspace-group",
    fragments: ["could not locate resource group in workspace-resource-id"],
    example: "Could not locate resource group in workspace-resource-id, please check the format",
    means: "The workspace's id is cut short.",
    remedy: "Give the whole resource id of the workspace.",
    source: addon,
  },
  {
    id: "az.workspace-name",
    fragments: ["could not locate workspace name in --workspace-resource-id"],
    example: "Could not locate workspace name in --workspace-resource-id.",
    means: "The workspace's id is cut short.",
    remedy: "Give the whole resource id of the workspace.",
    source: addon,
  },
  {
    id: "az.settings-interval-format",
    fragments: ["interval format must be in <number>m"],
    example: "interval format must be in <number>m",
    means: "The file of data collection settings has an interval that is none.",
    remedy: "Write whole minutes, as 1m.",
    source: addon,
  },
  {
    id: "az.settings-interval-range",
    fragments: ["interval value must be in the range from 1m to 30m"],
    example: "interval value MUST be in the range from 1m to 30m",
    means: "The file of data collection settings has an interval out of range.",
    remedy: "Write 1m to 30m.",
    source: addon,
  },
  {
    id: "az.settings-filtering",
    fragments: ["namespacefilteringmode value must be either off or exclude or include"],
    example: "namespaceFilteringMode value MUST be either Off or Exclude or Include",
    means: "The file of data collection settings has a mode that is none.",
    remedy: "Write Off, Include or Exclude.",
    source: addon,
  },
  {
    id: "az.settings-namespaces",
    fragments: ["namespaces must be an array type"],
    example: "namespaces must be an array type",
    means: "The file of data collection settings has namespaces that are no list.",
    remedy: "Write a JSON list of names.",
    source: addon,
  },
  {
    id: "az.settings-streams",
    fragments: ["streams must be an array type"],
    example: "streams must be an array type",
    means: "The file of data collection settings has streams that are no list.",
    remedy: "Write a JSON list of streams.",
    source: addon,
  },
  {
    id: "association.endpoint-name",
    fragments: [
      "an association of data collection endpoint must be named 'configurationaccessendpoint'",
    ],
    example:
      "InvalidEndpointAssociationName: An association of data collection endpoint must be named 'configurationAccessEndpoint'",
    means: "Azure fixes the name of the association between a resource and an endpoint.",
    remedy: "Name it configurationAccessEndpoint.",
    failures: ["F21"],
    source: "github.com/Azure/arm-template-whatif/issues/282",
  },
  {
    id: "association.endpoint-name-code",
    fragments: ["invalidendpointassociationname"],
    example: '{"error":{"code":"InvalidEndpointAssociationName","message":""}}',
    means: "Azure fixes the name of the association between a resource and an endpoint.",
    remedy: "Name it configurationAccessEndpoint.",
    failures: ["F21"],
    source: "github.com/Azure/arm-template-whatif/issues/282",
  },
  {
    id: "association.endpoint-name-az",
    fragments: ["association name for resource to endpoint must be configurationaccessendpoint"],
    example: "Association name for resource to endpoint must be configurationAccessEndpoint",
    means: "Azure fixes the name of the association between a resource and an endpoint.",
    remedy: "Name it configurationAccessEndpoint.",
    failures: ["F21"],
    source: monitor,
  },
  {
    id: "association.one-of-two",
    fragments: ["an association of data collection endpoint cannot include data collection rule"],
    example: "An association of data collection endpoint cannot include data collection rule",
    means: "One association names an endpoint or a rule, never both.",
    remedy: "Make two associations.",
    failures: ["F21"],
    source: "github.com/Azure/bicep/issues/10542",
  },
  {
    id: "scope.already-linked",
    fragments: [
      "scoped resource with same linked resource id already exists in this private link scope",
    ],
    example:
      "(Conflict) Scoped resource with same linked resource id already exists in this private link scope",
    means: "The scope links the resource already, under another name.",
    remedy: "Leave that link as it is: find it by the resource that it links, not by its name.",
    failures: ["F22"],
    source: "github.com/Azure/azure-rest-api-specs/issues/28176",
  },
  {
    id: "scope.busy",
    fragments: ["cannot modify resource while in provisioning state"],
    example: "Cannot modify resource while in provisioning state: 'Provisioning'",
    means: "A scope takes one change at a time, and another is under way.",
    remedy: "Make the changes of a scope one after another, and try again.",
    failures: ["F23"],
    source: "github.com/hashicorp/terraform-provider-azurerm/issues/22236",
  },
  {
    id: "scope.members-changed",
    fragments: ["mismatching requiredmembers in request"],
    example:
      "BadRequest: Call to microsoft.insights/privateLinkScopes failed. Error message: Mismatching RequiredMembers in Request",
    means: "The scope's members changed while its private endpoint was made.",
    remedy: "Link everything first, make the endpoint last, and try again.",
    failures: ["F23"],
    source: "github.com/Azure/bicep/issues/13851",
  },
  {
    id: "policy.disallowed",
    fragments: ["was disallowed by policy"],
    example: "Resource 'amw-1' was disallowed by policy. Reasons: 'public access'",
    means:
      "A policy refuses a resource; the rule and endpoint that a workspace makes for itself stand in a managed group that it may not know of.",
    remedy: "Exempt the managed group, or use an endpoint and a rule of your own.",
    checks: ["LS0201"],
    failures: ["F29"],
    source: "github.com/Azure/prometheus-collector/issues/440",
  },
  {
    id: "rule.invalid",
    fragments: ["data collection rule is invalid"],
    example: 'InvalidPayload: "Data collection rule is invalid"',
    means: "A data flow names a stream or a table that the rule does not have.",
    remedy: "The details name the place in the rule.",
    source: "github.com/microsoft/Docker-Provider, onboarding templates",
  },
];

export const toolTexts: readonly KnownText[] = rows.map((row) => ({
  kind: "refusal",
  checks: [],
  failures: [],
  ...row,
}));
