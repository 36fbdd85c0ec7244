/** The properties of a managed cluster: those that monitoring reads are checked, the cluster's own are kept as given. */
import {
  boolean,
  id,
  integer,
  list,
  map,
  object,
  oneOf,
  readOnly,
  refused,
  required,
  stored,
  string,
} from "../../arm/index.ts";
import type { Schema } from "../../arm/index.ts";
import { typeNames } from "../type-names.ts";

/** Properties of the cluster itself, which no part of monitoring reads. */
const kept = [
  "aadProfile",
  "agentPoolProfiles",
  "aiToolchainOperatorProfile",
  "autoScalerProfile",
  "autoUpgradeProfile",
  "bootstrapProfile",
  "controlPlaneScalingProfile",
  "creationData",
  "diskEncryptionSetID",
  "enableNamespaceResources",
  "enablePodSecurityPolicy",
  "fqdnSubdomain",
  "guardrailsProfile",
  "hostedSystemProfile",
  "httpProxyConfig",
  "identityProfile",
  "ingressProfile",
  "kubernetesVersion",
  "linuxProfile",
  "metricsProfile",
  "networkProfile",
  "nodeProvisioningProfile",
  "nodeResourceGroupProfile",
  "oidcIssuerProfile",
  "podIdentityProfile",
  "privateLinkResources",
  "publicNetworkAccess",
  "safeguardsProfile",
  "schedulerProfile",
  "securityProfile",
  "serviceMeshProfile",
  "storageProfile",
  "supportPlan",
  "upgradeSettings",
  "windowsProfile",
  "workloadAutoScalerProfile",
];

export const clusterProperties = object({
  ...Object.fromEntries(kept.map((name): [string, Schema] => [name, stored()])),
  // A pool is kept as given; the network that it stands in is read. A list is replaced as a whole.
  agentPoolProfiles: list(stored(), { countMax: 100, countMin: 1 }),
  dnsPrefix: string({
    charsMax: 54,
    pattern: /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,52}[A-Za-z0-9])?$/,
    says: "it has 1 to 54 letters, digits and '-', and begins and ends with a letter or digit.",
  }),
  nodeResourceGroup: string({ charsMax: 90 }),
  enableRBAC: boolean(),
  disableLocalAccounts: boolean(),
  servicePrincipalProfile: object({
    clientId: string({ charsMax: 64 }),
    secret: refused("clusters have managed identities. Leave the secret out."),
  }),
  apiServerAccessProfile: object({
    enablePrivateCluster: boolean(),
    enablePrivateClusterPublicFQDN: boolean(),
    privateDNSZone: string({ charsMax: 2048 }),
    authorizedIPRanges: list(string({ charsMax: 64 }), { countMax: 2000 }),
    disableRunCommand: boolean(),
    enableVnetIntegration: boolean(),
    subnetId: string({ charsMax: 2048 }),
  }),
  addonProfiles: map(
    object({
      enabled: required(boolean()),
      config: map(string({ charsMax: 2048 })),
      identity: readOnly(),
    }),
  ),
  azureMonitorProfile: object({
    metrics: object({
      enabled: required(boolean()),
      kubeStateMetrics: object({
        metricLabelsAllowlist: string(),
        metricAnnotationsAllowList: string(),
      }),
      controlPlane: refused("the control plane's own metrics are not emulated."),
    }),
    // The preview versions' own way to say what the add-on omsagent says.
    containerInsights: object({
      enabled: required(boolean()),
      logAnalyticsWorkspaceResourceId: id(typeNames.logAnalyticsWorkspaces),
      disableCustomMetrics: boolean(),
      disablePrometheusMetricsScraping: boolean(),
      syslogPort: integer({ min: 1, max: 65_535 }),
    }),
    appMonitoring: refused("application monitoring is not emulated."),
    logs: refused("name the workspace in the add-on omsagent or in containerInsights."),
  }),
  // Templates put what belongs to a deployment among the properties. @see Azure/prometheus-collector AddonArmTemplate
  mode: readOnly(),
  id: readOnly(),
  azurePortalFQDN: readOnly(),
  currentKubernetesVersion: readOnly(),
  fqdn: readOnly(),
  maxAgentPools: readOnly(),
  powerState: readOnly(),
  privateFQDN: readOnly(),
  privateLinkFQDN: readOnly(),
  provisioningState: readOnly(),
  resourceUID: readOnly(),
  status: readOnly(),
});

export const clusterTop = object({
  identity: object({
    type: required(oneOf(["SystemAssigned", "UserAssigned", "None"])),
    userAssignedIdentities: map(object({ clientId: readOnly(), principalId: readOnly() })),
    delegatedResources: refused("identities are not delegated."),
    principalId: readOnly(),
    tenantId: readOnly(),
  }),
  sku: object({
    name: oneOf(["Base", "Basic", "Automatic"]),
    tier: oneOf(["Free", "Paid", "Standard", "Premium"]),
  }),
  kind: string({ charsMax: 64 }),
  extendedLocation: refused("there are no edge zones."),
});
