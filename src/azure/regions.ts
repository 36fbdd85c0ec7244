/** Azure's regions: the names that ids and hosts carry, and the names that people and `locations` answers use. */

export interface Region {
  readonly name: string;
  readonly displayName: string;
}

const table: readonly (readonly [string, string])[] = [
  ["australiacentral", "Australia Central"],
  ["australiacentral2", "Australia Central 2"],
  ["australiaeast", "Australia East"],
  ["australiasoutheast", "Australia Southeast"],
  ["brazilsouth", "Brazil South"],
  ["brazilsoutheast", "Brazil Southeast"],
  ["canadacentral", "Canada Central"],
  ["canadaeast", "Canada East"],
  ["centralindia", "Central India"],
  ["centralus", "Central US"],
  ["eastasia", "East Asia"],
  ["eastus", "East US"],
  ["eastus2", "East US 2"],
  ["francecentral", "France Central"],
  ["francesouth", "France South"],
  ["germanynorth", "Germany North"],
  ["germanywestcentral", "Germany West Central"],
  ["israelcentral", "Israel Central"],
  ["italynorth", "Italy North"],
  ["japaneast", "Japan East"],
  ["japanwest", "Japan West"],
  ["jioindiacentral", "Jio India Central"],
  ["jioindiawest", "Jio India West"],
  ["koreacentral", "Korea Central"],
  ["koreasouth", "Korea South"],
  ["mexicocentral", "Mexico Central"],
  ["newzealandnorth", "New Zealand North"],
  ["northcentralus", "North Central US"],
  ["northeurope", "North Europe"],
  ["norwayeast", "Norway East"],
  ["norwaywest", "Norway West"],
  ["polandcentral", "Poland Central"],
  ["qatarcentral", "Qatar Central"],
  ["southafricanorth", "South Africa North"],
  ["southafricawest", "South Africa West"],
  ["southcentralus", "South Central US"],
  ["southeastasia", "Southeast Asia"],
  ["southindia", "South India"],
  ["spaincentral", "Spain Central"],
  ["swedencentral", "Sweden Central"],
  ["switzerlandnorth", "Switzerland North"],
  ["switzerlandwest", "Switzerland West"],
  ["uaecentral", "UAE Central"],
  ["uaenorth", "UAE North"],
  ["uksouth", "UK South"],
  ["ukwest", "UK West"],
  ["westcentralus", "West Central US"],
  ["westeurope", "West Europe"],
  ["westindia", "West India"],
  ["westus", "West US"],
  ["westus2", "West US 2"],
  ["westus3", "West US 3"],
];

/**
 * The regions of the public cloud, in the order of their names. Canary regions (`eastus2euap`, `centraluseuap`) have
 * host names of another shape and are not among them.
 * @see learn.microsoft.com/azure/reliability/regions-list; Azure/azure-cli acs/addonconfiguration.py
 */
export const regions: readonly Region[] = table.map(([name, displayName]) => ({
  name,
  displayName,
}));

const byKey = new Map(regions.map((region) => [region.name, region]));

/** The region that a location names, in any spelling (`East US`, `eastus`), or undefined. */
export const regionOf = (location: string): Region | undefined =>
  byKey.get(location.replaceAll(" ", "").toLowerCase());
