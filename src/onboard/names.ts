/** Names that first-party tools derive, so that what they made is found and what is made here is found by them. */

const dceCharsMax = 44;
const dcrCharsMax = 64;
const networkCharsMax = 80;

export interface MetricsNames {
  readonly dce: string;
  readonly dcr: string;
  /** The endpoint for configuration in the cluster's region, needed where the regions differ. */
  readonly configurationDce: string;
  readonly ruleAssociation: string;
}

/** As az cuts a DCE's name: to its length, then only letters, digits and '-', then no '-' at the end. */
const endpointName = (name: string): string =>
  name
    .slice(0, dceCharsMax)
    .replaceAll(/[^A-Za-z0-9-]/g, "")
    .replace(/[^A-Za-z0-9]+$/, "");

/**
 * The names of Managed Prometheus's endpoint, rule and association.
 * @see Azure/azure-cli acs/azuremonitormetrics; Azure/prometheus-collector AddonTerraformTemplate/main.tf for MSProm-PL
 */
export function metricsNames(of: {
  readonly clusterName: string;
  readonly clusterRegion: string;
  readonly workspaceRegion: string;
}): MetricsNames {
  const base = `MSProm-${of.workspaceRegion}-${of.clusterName}`;
  return {
    dce: endpointName(base),
    dcr: base.slice(0, dcrCharsMax),
    configurationDce: endpointName(`MSProm-PL-${of.clusterRegion}-${of.clusterName}`),
    ruleAssociation: "ContainerInsightsMetricsExtension",
  };
}

/** The name of a scoped resource: `<linked resource's name>-connection`. @see microsoft/Docker-Provider existingClusterOnboarding.json */
export const scopedResourceName = (linkedName: string): string => `${linkedName}-connection`;

/** A name in Microsoft.Network: at most 80 characters, with a letter or digit at its end. */
export const networkName = (...parts: readonly string[]): string =>
  parts
    .join("-")
    .slice(0, networkCharsMax)
    .replace(/[^A-Za-z0-9]+$/, "");

/** The name of a zone in a zone group: with '-' for '.'. @see learn.microsoft.com/azure/private-link/private-endpoint-dns */
export const zoneConfigName = (zone: string): string => zone.replaceAll(".", "-");
