/** Where Azure's tooling puts the default Log Analytics workspace of a cluster, and how it names it. */

/** The clouds that the tooling has tables for. */
export type WorkspaceCloud =
  "AzureCloud" | "AzureChinaCloud" | "AzureUSGovernment" | "USNat" | "USSec";

interface CloudTable {
  /** Regions with workspaces, and their codes. */
  readonly codes: Readonly<Record<string, string>>;
  /** Regions whose workspaces stand in another region. */
  readonly elsewhere: Readonly<Record<string, string>>;
  /** For a region that the table does not know. */
  readonly unknown: string;
}

const tables: Readonly<Record<WorkspaceCloud, CloudTable>> = {
  AzureCloud: {
    codes: {
      australiacentral: "CAU",
      australiacentral2: "CBR2",
      australiaeast: "EAU",
      australiasoutheast: "ASE",
      brazilsouth: "CQ",
      brazilsoutheast: "BRSE",
      canadacentral: "CCA",
      canadaeast: "YQ",
      centralindia: "CID",
      centralus: "CUS",
      eastasia: "EA",
      eastus: "EUS",
      eastus2: "EUS2",
      eastus2euap: "EAP",
      francecentral: "PAR",
      francesouth: "MRS",
      germanywestcentral: "DEWC",
      japaneast: "EJP",
      japanwest: "OS",
      jioindiacentral: "JINC",
      jioindiawest: "JINW",
      koreacentral: "SE",
      koreasouth: "PS",
      northcentralus: "NCUS",
      northeurope: "NEU",
      norwayeast: "NOE",
      norwaywest: "NOW",
      qatarcentral: "QAC",
      southafricanorth: "JNB",
      southcentralus: "SCUS",
      southeastasia: "SEA",
      southindia: "MA",
      swedencentral: "SEC",
      switzerlandnorth: "CHN",
      switzerlandwest: "CHW",
      uaecentral: "AUH",
      uaenorth: "DXB",
      uksouth: "SUK",
      ukwest: "WUK",
      westcentralus: "WCUS",
      westeurope: "WEU",
      westus: "WUS",
      westus2: "WUS2",
      westus3: "USW3",
    },
    elsewhere: {
      germanynorth: "germanywestcentral",
      southafricawest: "southafricanorth",
      westindia: "centralindia",
      centraluseuap: "eastus2euap",
    },
    unknown: "eastus",
  },
  AzureChinaCloud: {
    codes: { chinaeast2: "EAST2" },
    elsewhere: { chinaeast: "chinaeast2", chinanorth: "chinaeast2", chinanorth2: "chinaeast2" },
    unknown: "chinaeast2",
  },
  AzureUSGovernment: {
    codes: { usgovvirginia: "USGV", usgovarizona: "PHX" },
    elsewhere: { usgovtexas: "usgovvirginia" },
    unknown: "usgovvirginia",
  },
  USNat: { codes: { usnatwest: "USNW", usnateast: "USNE" }, elsewhere: {}, unknown: "usnatwest" },
  USSec: { codes: { usseceast: "USSE", ussecwest: "USSW" }, elsewhere: {}, unknown: "ussecwest" },
};

export interface WorkspaceRegion {
  /** The workspace's region. */
  readonly region: string;
  /** The code in the default workspace's name. */
  readonly code: string;
}

/**
 * The region that gets the default workspace of a cluster, and its code.
 *
 * @param location - of the cluster's resource group, not of the cluster, in any spelling.
 * @see Azure/azure-cli src/azure-cli/azure/cli/command_modules/acs/addonconfiguration.py
 */
export function workspaceRegionOf(
  location: string,
  cloudName: WorkspaceCloud = "AzureCloud",
): WorkspaceRegion {
  const { codes, elsewhere, unknown } = tables[cloudName];
  const asked = location.replaceAll(" ", "").toLowerCase();
  const moved = new Map(Object.entries(elsewhere)).get(asked) ?? asked;
  const known = new Map(Object.entries(codes));
  const region = known.has(moved) ? moved : unknown;
  return { region, code: known.get(region) ?? "" };
}

export interface DefaultWorkspace extends WorkspaceRegion {
  /** `DefaultResourceGroup-WEU` */
  readonly resourceGroup: string;
  /** `DefaultWorkspace-<subscription>-WEU` */
  readonly name: string;
}

/** The default workspace of a subscription's clusters in a region: where it stands, and what it is called. Its group is in the same region. */
export function defaultWorkspace(asked: {
  readonly subscriptionId: string;
  /** Of the cluster's resource group. */
  readonly location: string;
  readonly cloudName?: WorkspaceCloud;
}): DefaultWorkspace {
  const found = workspaceRegionOf(asked.location, asked.cloudName);
  return {
    ...found,
    resourceGroup: `DefaultResourceGroup-${found.code}`,
    name: `DefaultWorkspace-${asked.subscriptionId}-${found.code}`,
  };
}
