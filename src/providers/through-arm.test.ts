/** The declarations through ARM's front door: the article's order of steps, with the bodies that az and templates send. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { at, listAt, stringAt } from "../arm/index.ts";
import type { JsonObject } from "../arm/index.ts";
import { sampleControl } from "../control/testing/sample-types.ts";
import { scopeZones, workspaceZone } from "../azure/index.ts";
import { resolveName } from "../rules/index.ts";
import { resourceProviders, resourceTypes, roleDefinitionResources } from "./index.ts";

const subscription = "/subscriptions/22222222-2222-4222-8222-222222222222";
const group = `${subscription}/resourceGroups/rg1`;
const network = `${group}/providers/Microsoft.Network`;
const insights = `${group}/providers/Microsoft.Insights`;
const vnet = `${network}/virtualNetworks/vnet1`;
const cluster = `${group}/providers/Microsoft.ContainerService/managedClusters/aks1`;
const workspace = `${group}/providers/Microsoft.Monitor/accounts/amw1`;
const scope = `${insights}/privateLinkScopes/ampls1`;

const versions: Readonly<Record<string, string>> = {
  "microsoft.resources": "2021-04-01",
  "microsoft.network/virtualnetworks": "2022-01-01",
  "microsoft.network/privateendpoints": "2022-01-01",
  "microsoft.network/privatednszones": "2020-06-01",
  "microsoft.insights/privatelinkscopes": "2021-07-01-preview",
  "microsoft.insights/datacollection": "2022-06-01",
  "microsoft.monitor": "2023-04-03",
  "microsoft.containerservice": "2023-01-01",
  "microsoft.authorization": "2022-04-01",
};

function versionOf(id: string): string {
  const lower = id.toLowerCase();
  const provider = lower.slice(lower.lastIndexOf("/providers/") + "/providers/".length);
  const key = Object.keys(versions).find((prefix) => provider.startsWith(prefix));
  return versions[key ?? "microsoft.resources"] ?? "";
}

function platform() {
  const sample = sampleControl({
    types: resourceTypes,
    providers: resourceProviders,
    seed: roleDefinitionResources(subscription),
  });
  const ask = (method: string, id: string, body?: JsonObject) =>
    sample.ask(method, id, { version: versionOf(id), ...(body === undefined ? {} : { body }) });
  const put = async (id: string, body: JsonObject): Promise<JsonObject> => {
    const answer = await ask("PUT", id, body);
    assert.ok(
      answer.status === 200 || answer.status === 201,
      `${id}: ${JSON.stringify(answer.body)}`,
    );
    sample.clock.advance(1000);
    return answer.body;
  };
  return { ...sample, asked: sample.ask, ask, put };
}

/** Everything of the article's steps, in the order that works. */
async function onboarded() {
  const estate = platform();
  const { put } = estate;
  await put(group, { location: "East US" });
  await put(vnet, {
    location: "eastus",
    properties: {
      addressSpace: { addressPrefixes: ["10.1.0.0/16"] },
      enableDdosProtection: false,
      enableVmProtection: false,
      subnets: [
        { name: "nodes", properties: { addressPrefix: "10.1.0.0/24" } },
        { name: "snet-private-endpoints", properties: { addressPrefix: "10.1.1.0/26" } },
      ],
    },
  });
  await put(cluster, {
    location: "eastus",
    identity: { type: "SystemAssigned" },
    properties: {
      dnsPrefix: "aks1-rg1-222222",
      agentPoolProfiles: [
        {
          name: "nodepool1",
          count: 3,
          vmSize: "Standard_DS2_v2",
          vnetSubnetID: `${vnet}/subnets/nodes`,
        },
      ],
      apiServerAccessProfile: { authorizedIPRanges: [], enablePrivateCluster: true },
    },
  });
  await put(workspace, { location: "eastus" });
  await put(scope, {
    location: "global",
    properties: { accessModeSettings: { queryAccessMode: "Open", ingestionAccessMode: "Open" } },
  });
  const dce = `${insights}/dataCollectionEndpoints/MSProm-eastus-aks1`;
  const dcr = `${insights}/dataCollectionRules/MSProm-eastus-aks1`;
  await put(dce, { location: "eastus", kind: "Linux", properties: {} });
  await put(dcr, {
    location: "eastus",
    kind: "Linux",
    properties: {
      dataCollectionEndpointId: dce,
      dataSources: {
        prometheusForwarder: [
          {
            name: "PrometheusDataSource",
            streams: ["Microsoft-PrometheusMetrics"],
            labelIncludeFilter: {},
          },
        ],
      },
      dataFlows: [
        { destinations: ["MonitoringAccount1"], streams: ["Microsoft-PrometheusMetrics"] },
      ],
      description: "DCR description",
      destinations: {
        monitoringAccounts: [
          { accountResourceId: workspace.toLowerCase(), name: "MonitoringAccount1" },
        ],
      },
    },
  });
  await put(`${scope}/scopedResources/MSProm-eastus-aks1-connection`, {
    properties: { linkedResourceId: dce },
  });
  const pe = `${network}/privateEndpoints/pe-ampls`;
  await put(pe, {
    location: "eastus",
    properties: {
      subnet: { id: `${vnet}/subnets/snet-private-endpoints` },
      privateLinkServiceConnections: [
        {
          name: "pe-ampls",
          properties: { privateLinkServiceId: scope, groupIds: ["azuremonitor"] },
        },
      ],
    },
  });
  await zones(estate, pe, scopeZones);
  const query = `${network}/privateEndpoints/pe-amw`;
  await put(query, {
    location: "eastus",
    properties: {
      subnet: { id: `${vnet}/subnets/snet-private-endpoints` },
      privateLinkServiceConnections: [
        {
          name: "pe-amw",
          properties: { privateLinkServiceId: workspace, groupIds: ["prometheusMetrics"] },
        },
      ],
    },
  });
  await zones(estate, query, [workspaceZone("eastus")]);
  const associations = `${cluster}/providers/Microsoft.Insights/dataCollectionRuleAssociations`;
  await put(`${associations}/ContainerInsightsMetricsExtension`, {
    location: "eastus",
    properties: { dataCollectionRuleId: dcr, description: "Promtheus data collection association" },
  });
  await put(`${associations}/configurationAccessEndpoint`, {
    location: "eastus",
    properties: { dataCollectionEndpointId: dce },
  });
  await put(cluster, {
    location: "eastus",
    properties: {
      mode: "Incremental",
      id: cluster,
      azureMonitorProfile: {
        metrics: {
          enabled: true,
          kubeStateMetrics: { metricLabelsAllowlist: "", metricAnnotationsAllowList: "" },
        },
      },
    },
  });
  return { ...estate, dce, dcr, pe };
}

async function zones(
  { put }: Pick<ReturnType<typeof platform>, "put">,
  endpoint: string,
  names: readonly string[],
): Promise<void> {
  for (const zone of names) {
    await put(`${network}/privateDnsZones/${zone}`, { location: "global" });
    await put(`${network}/privateDnsZones/${zone}/virtualNetworkLinks/vnet1`, {
      location: "global",
      properties: { virtualNetwork: { id: vnet }, registrationEnabled: false },
    });
  }
  await put(`${endpoint}/privateDnsZoneGroups/default`, {
    name: "default",
    properties: {
      privateDnsZoneConfigs: names.map((zone) => ({
        name: zone.replaceAll(".", "-"),
        properties: { privateDnsZoneId: `${network}/privateDnsZones/${zone}` },
      })),
    },
  });
}

test("the article's steps give a cluster whose ingestion, configuration and query names are private", async () => {
  const { ask, control, dce } = await onboarded();
  const graph = control.source.current().graph;
  const endpoint = (await ask("GET", dce)).body;
  const account = (await ask("GET", workspace)).body;
  const hosts = [
    at(endpoint, "properties", "metricsIngestion", "endpoint"),
    at(endpoint, "properties", "configurationAccess", "endpoint"),
    at(account, "properties", "metrics", "prometheusQueryEndpoint"),
    "https://global.handler.control.monitor.azure.com",
  ];
  for (const host of hosts) {
    const name = new URL(String(host)).hostname;
    const { outcome, addresses } = resolveName(graph, { name, vnetId: vnet });
    assert.equal(outcome, "private", name);
    assert.match(addresses[0] ?? "", /^10\.1\.1\./);
  }
});

test("a merging PUT of a cluster keeps what it does not say (wire rule 17)", async () => {
  const { ask } = await onboarded();
  const { body } = await ask("GET", cluster);
  assert.equal(at(body, "properties", "azureMonitorProfile", "metrics", "enabled"), true);
  assert.equal(at(body, "properties", "apiServerAccessProfile", "enablePrivateCluster"), true);
  assert.equal(stringAt(body, "properties", "agentPoolProfiles", 0, "name"), "nodepool1");
  assert.equal(stringAt(body, "properties", "servicePrincipalProfile", "clientId"), "msi");
  assert.equal(stringAt(body, "identity", "type"), "SystemAssigned");
});

test("each resource of the estate can be put back whole as it was read", async () => {
  const { ask, control, clock } = await onboarded();
  for (const { id, type } of control.source.current().graph.all()) {
    const declared = resourceTypes.find((one) => one.type === type);
    if (declared?.methods.includes("PUT") !== true) continue;
    const before = await ask("GET", id);
    assert.equal(before.status, 200, id);
    const again = await ask("PUT", id, before.body);
    clock.advance(1000);
    assert.equal(again.status, 200, `${id}: ${JSON.stringify(again.body)}`);
    assert.deepEqual(
      { ...(again.body["properties"] as JsonObject), provisioningState: "" },
      { ...(before.body["properties"] as JsonObject), provisioningState: "" },
      id,
    );
  }
});

test("tags of each type that takes a PATCH change, and nothing else does", async () => {
  const { ask, control, clock } = await onboarded();
  for (const { id, type } of control.source.current().graph.all()) {
    const declared = resourceTypes.find((one) => one.type === type);
    if (declared?.methods.includes("PATCH") !== true || declared.patch !== "tags") continue;
    clock.advance(1000);
    const before = await ask("GET", id);
    const patched = await ask("PATCH", id, { tags: { a: "b" } });
    assert.equal(patched.status, 200, `${id}: ${JSON.stringify(patched.body)}`);
    clock.advance(1000);
    const after = await ask("GET", id);
    assert.deepEqual(after.body["tags"], { a: "b" });
    assert.deepEqual(after.body["properties"], before.body["properties"], id);
  }
});

test("a scoped data collection endpoint holds itself, its workspace and its resource group", async () => {
  const { ask, put } = await onboarded();
  const account = (await ask("GET", workspace)).body;
  const defaultDce = stringAt(
    account,
    "properties",
    "defaultIngestionSettings",
    "dataCollectionEndpointResourceId",
  );
  assert.ok(defaultDce);
  await put(`${scope}/scopedResources/amw1-connection`, {
    properties: { linkedResourceId: defaultDce },
  });
  for (const id of [defaultDce, workspace]) {
    const refused = await ask("DELETE", id);
    assert.equal(refused.status, 409);
    assert.equal(refused.code, "ResourceIsScoped");
  }
  const managed = defaultDce.slice(0, defaultDce.indexOf("/providers/"));
  const blocked = await ask("DELETE", managed);
  assert.equal(blocked.status, 409);
  assert.equal(blocked.code, "ResourceGroupDeletionBlocked");
});

test("deleting the resource group deletes everything in it, and the workspace's managed group", async () => {
  const { ask, control } = await onboarded();
  const answer = await ask("DELETE", group);
  assert.ok(answer.status === 200 || answer.status === 202, JSON.stringify(answer.body));
  const left = [...control.source.current().graph.all()].filter(
    ({ type }) => type !== "Microsoft.Authorization/roleDefinitions",
  );
  assert.deepEqual(
    left.map(({ id }) => id),
    [],
  );
});

test("a scoped resource whose members find no addresses ends Failed, and stays so when its operation ends", async () => {
  const { ask, asked, put, clock, pe } = await onboarded();
  const full = `${network}/virtualNetworks/full`;
  await put(full, {
    location: "eastus",
    properties: {
      addressSpace: { addressPrefixes: ["10.9.0.0/16"] },
      subnets: [{ name: "s", properties: { addressPrefix: "10.9.0.0/28" } }],
    },
  });
  const second = await ask("GET", pe);
  await put(`${network}/privateEndpoints/pe-full`, {
    location: "eastus",
    properties: {
      subnet: { id: `${full}/subnets/s` },
      privateLinkServiceConnections: listAt(
        second.body,
        "properties",
        "privateLinkServiceConnections",
      ),
    },
  });
  const dce = `${insights}/dataCollectionEndpoints/dce2`;
  await put(dce, { location: "eastus" });
  const link = `${scope}/scopedResources/dce2-connection`;
  const answer = await ask("PUT", link, { properties: { linkedResourceId: dce } });
  assert.equal(stringAt(answer.body, "properties", "provisioningState"), "Failed");
  const [operation = ""] = (answer.headers["azure-asyncoperation"] ?? "").split("?");
  const statusOf = () =>
    asked("GET", new URL(operation).pathname, { version: "2021-07-01-preview" });
  assert.equal((await statusOf()).body["status"], "InProgress");
  clock.advance(60_000);
  const failed = await statusOf();
  assert.deepEqual([failed.status, failed.body["status"]], [200, "Failed"]);
  assert.deepEqual([failed.code, /pe-full/.test(failed.message)], ["SubnetIsFull", true]);
  const ended = await ask("GET", link);
  assert.equal(stringAt(ended.body, "properties", "provisioningState"), "Failed");
});

test("providers show their types with display names of regions (wire rule 23)", async () => {
  const { ask } = platform();
  const provider = await ask(
    "GET",
    `${subscription}/providers/Microsoft.Monitor?api-version=2022-01-01`,
  );
  assert.equal(provider.status, 200, JSON.stringify(provider.body));
  const accounts = listAt(provider.body, "resourceTypes").find(
    (type) => stringAt(type, "resourceType") === "accounts",
  );
  assert.ok(listAt(accounts, "locations").includes("East US"));
});

test("a role definition is read by its id and found by its name", async () => {
  const { ask } = platform();
  const id = `${subscription}/providers/Microsoft.Authorization/roleDefinitions/b0d8363b-8ddd-447d-831f-62ca05bff136`;
  assert.equal(
    stringAt((await ask("GET", id)).body, "properties", "roleName"),
    "Monitoring Data Reader",
  );
});
