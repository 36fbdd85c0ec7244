/** The commands by which a user of az builds the private link, and closes a workspace. @see github.com/Azure/azure-cli, network and monitor command modules */
import { listAt, stringAt } from "../../src/arm/index.ts";
import type { Json, JsonObject } from "../../src/arm/index.ts";
import { groupIds, scopeZones } from "../../src/azure/index.ts";
import type { AzClient } from "./az-client.ts";

/** Where a user works: a group, and the names in it. */
export interface AzPlace {
  readonly az: AzClient;
  readonly group: string;
  readonly location: string;
  /** `10.7` */
  readonly prefix: string;
}

const groupPath = ({ az, group }: AzPlace): string => `${az.subscription}/resourceGroups/${group}`;
export const networkPath = (place: AzPlace, type: string, name: string): string =>
  `${groupPath(place)}/providers/Microsoft.Network/${type}/${name}`;
export const vnetPath = (place: AzPlace): string => networkPath(place, "virtualNetworks", "vnet");
export const scopePath = (place: AzPlace): string =>
  `${groupPath(place)}/providers/Microsoft.Insights/privateLinkScopes/ampls`;

type Modes = { readonly queryAccessMode: string; readonly ingestionAccessMode: string };

/** `az resource create … --resource-type Microsoft.Insights/privateLinkScopes`: an empty parent path leaves two slashes, twice. */
export async function createScope(place: AzPlace, modes: Modes): Promise<void> {
  const path = `${groupPath(place)}/providers/Microsoft.Insights//privateLinkScopes/ampls`;
  const body = { location: "global", properties: { accessModeSettings: modes } };
  await place.az.sdk("PUT", path, "2021-07-01-preview", body);
  await place.az.sdk("GET", path, "2021-07-01-preview");
}

/** `az group create`, `az network vnet create`. */
export async function createNetwork(place: AzPlace): Promise<void> {
  const { az, group, location, prefix } = place;
  await az.sdk("PUT", `${az.subscription}/resourcegroups/${group}`, "2021-04-01", { location });
  await az.sdk("GET", groupPath(place), "2021-04-01");
  await az.sdk("PUT", vnetPath(place), "2022-01-01", {
    location,
    properties: {
      addressSpace: { addressPrefixes: [`${prefix}.0.0/16`] },
      enableDdosProtection: false,
      enableVmProtection: false,
      subnets: [
        { name: "nodes", properties: { addressPrefix: `${prefix}.0.0/22` } },
        { name: "endpoints", properties: { addressPrefix: `${prefix}.8.0/26` } },
      ],
    },
  });
}

/** `az network private-endpoint create`, `private-dns zone create` and `link vnet create` for each zone, `dns-zone-group create` and `add`. */
export async function createEndpoint(place: AzPlace): Promise<void> {
  const { az, location } = place;
  await az.sdk("GET", groupPath(place), "2021-04-01");
  const endpoint = networkPath(place, "privateEndpoints", "pe");
  await az.sdk("PUT", endpoint, "2022-01-01", {
    location,
    properties: {
      privateLinkServiceConnections: [
        {
          name: "ampls",
          properties: {
            groupIds: [groupIds.azureMonitor],
            privateLinkServiceId: scopePath(place),
          },
        },
      ],
      subnet: { id: `${vnetPath(place)}/subnets/endpoints` },
    },
  });
  const configs: Json[] = [];
  const zoneGroup = `${endpoint}/privateDnsZoneGroups/default`;
  for (const zone of scopeZones) {
    const zonePath = networkPath(place, "privateDnsZones", zone);
    await az.sdk("PUT", zonePath, "2020-06-01", { location: "global" });
    await az.sdk("PUT", `${zonePath}/virtualNetworkLinks/link`, "2020-06-01", {
      location: "global",
      properties: { virtualNetwork: { id: vnetPath(place) }, registrationEnabled: false },
    });
    const name = zone.replaceAll(".", "-");
    if (configs.length > 0) await az.sdk("GET", zoneGroup, "2022-01-01");
    configs.push({ name, properties: { privateDnsZoneId: zonePath } });
    await az.sdk("PUT", zoneGroup, "2022-01-01", {
      name: "default",
      properties: { privateDnsZoneConfigs: configs },
    });
  }
}

/** `az monitor log-analytics workspace create [--ingestion-access Disabled]`. */
export async function createWorkspace(
  place: AzPlace,
  name: string,
  access: JsonObject = {},
): Promise<string> {
  const { az, location } = place;
  await az.sdk("GET", groupPath(place), "2021-04-01");
  const path = `${groupPath(place)}/providers/Microsoft.OperationalInsights/workspaces/${name}`;
  await az.sdk("PUT", path, "2021-12-01-preview", {
    location,
    properties: { ...access, retentionInDays: 30, sku: { name: "PerGB2018" } },
  });
  return path;
}

/** `az monitor log-analytics workspace update --ingestion-access Disabled [--query-access Disabled]`: the whole resource goes back, without what is read-only. */
export async function closeWorkspace(
  { az }: AzPlace,
  workspace: string,
  flags: JsonObject,
): Promise<JsonObject> {
  const version = "2021-12-01-preview";
  const { properties, location, tags } = await az.sdk("GET", workspace, version);
  const {
    customerId: _customerId,
    createdDate: _created,
    modifiedDate: _modified,
    privateLinkScopedResources: _scopes,
    provisioningState: _state,
    source: _source,
    ...kept
  } = properties as JsonObject;
  return az.sdk("PUT", workspace, version, {
    location,
    tags,
    properties: { ...kept, ...flags },
  });
}

/** `az monitor private-link-scope scoped-resource create --linked-resource`. */
export async function linkResource(place: AzPlace, linked: string): Promise<void> {
  const name = `${linked.split("/").at(-1)}-connection`;
  const path = `${scopePath(place)}/scopedResources/${name}`;
  const body = { properties: { linkedResourceId: linked } };
  await place.az.sdk("PUT", path, "2019-10-17-preview", body);
}

/** The linked ids of the scope, in lower case, as the CLI reads them before it links. */
export async function linkedIds(place: AzPlace): Promise<ReadonlySet<string>> {
  const path = `${scopePath(place)}/scopedresources`;
  const listed = await place.az.raw("GET", path, "2021-07-01-preview");
  return new Set(
    listAt(listed, "value").map((one) =>
      (stringAt(one, "properties", "linkedResourceId") ?? "").toLowerCase(),
    ),
  );
}
