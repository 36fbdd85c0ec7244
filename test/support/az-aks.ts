/** The requests of `az aks … --enable-addons monitoring`, of its generations B (2.61) and C (from June 2024). @see github.com/Azure/azure-cli acs/addonconfiguration.py, at both times */
import { stringAt } from "../../src/arm/index.ts";
import type { Json, JsonObject } from "../../src/arm/index.ts";
import { containerInsightsGroup, defaultWorkspace } from "../../src/azure/index.ts";
import { linkedIds, scopePath, vnetPath } from "./az-network.ts";
import type { AzPlace } from "./az-network.ts";

export type Generation = "B" | "C";

const clusterVersion = "2024-02-01";
const workspaceVersion = "2015-11-01-preview";
const insights = "providers/Microsoft.Insights";

export const clusterName = ({ group }: AzPlace): string => `aks-${group}`;
export const clusterPath = (place: AzPlace): string =>
  `${place.az.subscription}/resourceGroups/${place.group}/providers/Microsoft.ContainerService/managedClusters/${clusterName(place)}`;

const insightsPath = (place: AzPlace, type: string, name: string): string =>
  `${place.az.subscription}/resourceGroups/${place.group}/${insights}/${type}/${name}`;

/** The addon's words in the cluster's body. */
const addon = (workspace: string, useAADAuth: string): JsonObject => ({
  omsagent: {
    enabled: true,
    config: { logAnalyticsWorkspaceResourceID: workspace, useAADAuth },
  },
});

const clusterBody = (place: AzPlace, addonProfiles: JsonObject): JsonObject => ({
  location: place.location,
  identity: { type: "SystemAssigned" },
  properties: {
    kubernetesVersion: "",
    dnsPrefix: `${clusterName(place)}-${place.group}-000000`.slice(0, 54),
    agentPoolProfiles: [
      {
        count: 3,
        vmSize: "Standard_DS2_v2",
        osType: "Linux",
        type: "VirtualMachineScaleSets",
        mode: "System",
        name: "nodepool1",
        vnetSubnetID: `${vnetPath(place)}/subnets/nodes`,
      },
    ],
    addonProfiles,
    enableRBAC: true,
    apiServerAccessProfile: { authorizedIPRanges: [], enablePrivateCluster: true },
    disableLocalAccounts: false,
  },
});

/** `az aks create --enable-private-cluster`, without monitoring. */
export const createCluster = (place: AzPlace): Promise<JsonObject> =>
  place.az.sdk("PUT", clusterPath(place), clusterVersion, clusterBody(place, {}));

/** Finds or makes the default workspace, as the CLI does without `--workspace-resource-id`. */
export async function ensureDefaultWorkspace(place: AzPlace): Promise<string> {
  const { az } = place;
  const group = await az.sdk(
    "GET",
    `${az.subscription}/resourceGroups/${place.group}`,
    "2021-04-01",
  );
  const wanted = defaultWorkspace({
    subscriptionId: az.subscription.split("/").at(-1) ?? "",
    location: stringAt(group, "location") ?? "",
  });
  const groupPath = `${az.subscription}/resourcegroups/${wanted.resourceGroup}`;
  const path = `${az.subscription}/resourceGroups/${wanted.resourceGroup}/providers/Microsoft.OperationalInsights/workspaces/${wanted.name}`;
  if ((await az.status("HEAD", groupPath, "2021-04-01")) === 204) {
    if ((await az.status("GET", path, workspaceVersion)) === 200) return path;
  } else {
    await az.sdk("PUT", groupPath, "2021-04-01", { location: wanted.region });
  }
  const properties = { sku: { name: "standalone" } };
  await az.sdk("PUT", path, workspaceVersion, { location: wanted.region, properties });
  return path;
}

export interface Monitoring {
  readonly generation: Generation;
  /** Absent: the default workspace. */
  readonly workspace?: string;
}

/** `az aks enable-addons -a monitoring … --ampls-resource-id`. @returns the workspace. */
export async function enableAddons(place: AzPlace, asked: Monitoring): Promise<string> {
  const { az } = place;
  const cluster = await az.sdk("GET", clusterPath(place), clusterVersion);
  const workspace = asked.workspace ?? (await ensureDefaultWorkspace(place));
  const parts = await partsOf(place, workspace, asked.generation);
  await putEndpoints(parts);
  await putRule(parts);
  await associate(parts);
  // The whole object goes back with the addon in it; what the client's model lacks is left out.
  const { properties, location, identity } = cluster;
  const { servicePrincipalProfile: _, ...rest } = properties as JsonObject;
  await az.sdk("PUT", clusterPath(place), clusterVersion, {
    location,
    identity: { type: stringAt(identity, "type") ?? "SystemAssigned" },
    properties: { ...rest, addonProfiles: addon(workspace, "true") },
  });
  return workspace;
}

/** `az aks create --enable-addons monitoring … --ampls-resource-id`: the rule before the cluster, the associations after it. */
export async function createMonitored(place: AzPlace, asked: Monitoring): Promise<string> {
  const { az } = place;
  const workspace = asked.workspace ?? (await ensureDefaultWorkspace(place));
  const before = await partsOf(place, workspace, asked.generation);
  await putEndpoints(before);
  await putRule(before);
  const body = clusterBody(place, addon(workspace, "true"));
  await az.sdk("PUT", clusterPath(place), clusterVersion, body);
  const after = await partsOf(place, workspace, asked.generation);
  await putEndpoints(after);
  await associate(after);
  return workspace;
}

/** `az aks enable-addons … --enable-msi-auth-for-monitoring false`: no rule; the role of the agent's identity follows. */
export async function enableLegacy(place: AzPlace, workspace: string): Promise<void> {
  const { az } = place;
  const path = clusterPath(place);
  const { properties, location, identity } = await az.sdk("GET", path, "2022-11-01");
  await az.sdk("GET", workspace, workspaceVersion);
  const { servicePrincipalProfile: _, azureMonitorProfile: __, ...rest } = properties as JsonObject;
  const enabled = await az.sdk("PUT", path, "2022-11-01", {
    location,
    identity: { type: stringAt(identity, "type") ?? "SystemAssigned" },
    properties: { ...rest, addonProfiles: addon(workspace, "False") },
  });
  const authorization = `${path}/providers/Microsoft.Authorization`;
  const filter = encodeURIComponent("roleName eq 'Monitoring Metrics Publisher'");
  const roles = await az.sdk(
    "GET",
    `${authorization}/roleDefinitions?$filter=${filter}`,
    "2018-01-01-preview",
  );
  await az.sdk(
    "PUT",
    `${authorization}/roleAssignments/00000000-0000-4000-8000-0000000000a5`,
    "2020-04-01-preview",
    {
      properties: {
        roleDefinitionId: stringAt(roles, "value", 0, "id"),
        principalId: stringAt(
          enabled,
          "properties",
          "addonProfiles",
          "omsagent",
          "identity",
          "objectId",
        ),
      },
    },
  );
}

/** `az aks disable-addons -a monitoring`, 2.45: the association goes, with a body; rule, endpoint and links stay. */
export async function disableAddons(place: AzPlace): Promise<JsonObject> {
  const { az } = place;
  const path = clusterPath(place);
  const { properties, location, identity } = await az.sdk("GET", path, "2022-11-01");
  const association = `${path}/${insights}/dataCollectionRuleAssociations/ContainerInsightsExtension`;
  await az.raw("DELETE", association, "2021-04-01", { location: "", properties: {} });
  const { servicePrincipalProfile: _, ...rest } = properties as JsonObject;
  return az.sdk("PUT", path, "2022-11-01", {
    location,
    identity: { type: stringAt(identity, "type") ?? "SystemAssigned" },
    properties: { ...rest, addonProfiles: { omsagent: { enabled: false, config: null } } },
  });
}

interface Parts {
  readonly place: AzPlace;
  readonly generation: Generation;
  readonly workspace: string;
  readonly region: string;
  readonly endpoint: string;
  readonly rule: string;
  readonly put: (path: string, body: Json, version?: string) => Promise<JsonObject>;
}

/** A name cut to its length; generation C also drops one hyphen at its end. */
const cut = (name: string, chars: number, generation: Generation): string =>
  generation === "B" ? name.slice(0, chars) : name.slice(0, chars).replace(/-$/, "");

async function partsOf(place: AzPlace, workspace: string, generation: Generation): Promise<Parts> {
  const { az, location } = place;
  const found = await az.sdk("GET", workspace, workspaceVersion);
  const region = (stringAt(found, "location") ?? "").replaceAll(" ", "").toLowerCase();
  const cluster = clusterName(place);
  const endpoint =
    generation === "B" ? `MSCI-${region}-${cluster}` : `MSCI-config-${location}-${cluster}`;
  return {
    place,
    generation,
    workspace,
    region,
    endpoint: insightsPath(place, "dataCollectionEndpoints", cut(endpoint, 43, generation)),
    rule: insightsPath(
      place,
      "dataCollectionRules",
      cut(`MSCI-${region}-${cluster}`, 64, generation),
    ),
    // Generation C waits for none of its writes; the pollers that it leaves behind run between them.
    put: (path, body, version = "2022-06-01") =>
      generation === "B" ? az.raw("PUT", path, version, body) : az.sdk("PUT", path, version, body),
  };
}

/** B: one endpoint in the workspace's region, for both. C: one for configuration, in the cluster's. */
async function putEndpoints({ place, generation, region, endpoint, put }: Parts): Promise<void> {
  await put(endpoint, {
    location: generation === "B" ? region : place.location,
    kind: "Linux",
    properties: { networkAcls: { publicNetworkAccess: "Disabled" } },
  });
}

async function putRule(parts: Parts): Promise<void> {
  const { place, generation, workspace, region, rule, endpoint, put } = parts;
  const { az } = place;
  await az.raw("GET", `${az.subscription}/locations`, "2019-11-01");
  await az.status("GET", `/${rule}`, "2022-06-01");
  const streams = [containerInsightsGroup];
  await put(rule, {
    location: region,
    tags: {},
    kind: "Linux",
    properties: {
      dataSources: {
        extensions: [
          {
            name: "ContainerInsightsExtension",
            streams,
            extensionName: "ContainerInsights",
            extensionSettings: { dataCollectionSettings: { enableContainerLogV2: true } },
          },
        ],
      },
      dataFlows: [{ streams, destinations: ["la-workspace"] }],
      destinations: {
        logAnalytics: [{ workspaceResourceId: workspace, name: "la-workspace" }],
      },
      dataCollectionEndpointId: generation === "B" ? endpoint : null,
    },
  });
}

async function associate(parts: Parts): Promise<void> {
  const { place, generation, workspace, rule, endpoint, put } = parts;
  const { location } = place;
  const path = `${clusterPath(place)}/${insights}/dataCollectionRuleAssociations`;
  const routes = "routes monitoring data to a Log Analytics workspace";
  const isB = generation === "B";
  await put(`${path}/ContainerInsightsExtension`, {
    location,
    properties: {
      dataCollectionRuleId: rule,
      description: isB ? routes : "associates dataCollectionRule to the AKS",
    },
  });
  await put(`${path}/configurationAccessEndpoint`, {
    location,
    properties: {
      dataCollectionEndpointId: endpoint,
      description: isB
        ? routes
        : "associates config dataCollectionEndpoint to AKS cluster resource",
    },
  });
  for (const linked of [endpoint, workspace]) {
    // B links without a look, and would meet 409 where it is linked already.
    if (!isB && (await linkedIds(place)).has(linked.toLowerCase())) continue;
    const scoped = `${scopePath(place)}/scopedresources/${linked.split("/").at(-1)}-connection`;
    const body = { properties: { linkedResourceId: linked } };
    await put(scoped, body, "2021-07-01-preview");
  }
}
