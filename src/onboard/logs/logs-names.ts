/** Names of Container insights that first-party tools derive, so that what they made is found and what is made here is found by them. */

const dceCharsMax = 43;
const dcrCharsMax = 64;

export interface LogsNames {
  /** The rule, in the workspace's region and the cluster's group. */
  readonly dcr: string;
  /** The endpoint for configuration, in the cluster's region. */
  readonly configurationDce: string;
  /** The endpoint for ingestion at high scale, in the workspace's region. */
  readonly ingestionDce: string;
  readonly ruleAssociation: string;
}

/** As az cuts a name: to its length, then one '-' at the end away. */
const cut = (name: string, charsMax: number): string => name.slice(0, charsMax).replace(/-$/, "");

/**
 * The names of Container insights' endpoints, rule and association.
 * @see Azure/azure-cli acs/addonconfiguration.py; microsoft/Docker-Provider onboarding-using-msi-auth
 */
export function logsNames(of: {
  readonly clusterName: string;
  readonly clusterRegion: string;
  readonly workspaceRegion: string;
}): LogsNames {
  const { clusterName, clusterRegion, workspaceRegion } = of;
  return {
    dcr: cut(`MSCI-${workspaceRegion}-${clusterName}`, dcrCharsMax),
    configurationDce: cut(`MSCI-config-${clusterRegion}-${clusterName}`, dceCharsMax),
    ingestionDce: cut(`MSCI-ingest-${workspaceRegion}-${clusterName}`, dceCharsMax),
    ruleAssociation: "ContainerInsightsExtension",
  };
}
