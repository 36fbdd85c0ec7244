/** The article's steps for Managed Prometheus, one test each, against a platform of three processes, by its own APIs and commands. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, test } from "node:test";
import { listAt, stringAt } from "../../src/arm/index.ts";
import type { Json } from "../../src/arm/index.ts";
import { articleEstate, armOf } from "../support/arm.ts";
import type { TestArm } from "../support/arm.ts";
import { projectRoot, removeFolder, startPlatform } from "../support/command.ts";
import type { TestPlatform } from "../support/command.ts";

let platform: TestPlatform;
let access: TestArm;

before(async () => {
  platform = await startPlatform();
  access = armOf(platform.ready);
});
after(async () => {
  access.close();
  await platform.stop();
  removeFolder(platform.data);
});

const scopeVersion = "2021-09-01";
const scopeType = "Microsoft.Insights/privateLinkScopes";
const openModes = { queryAccessMode: "Open", ingestionAccessMode: "PrivateOnly" };
const zones = [
  "privatelink.monitor.azure.com",
  "privatelink.oms.opinsights.azure.com",
  "privatelink.ods.opinsights.azure.com",
  "privatelink.agentsvc.azure-automation.net",
  "privatelink.blob.core.windows.net",
];

type Estate = Awaited<ReturnType<typeof articleEstate>>;
const scopeBody = { location: "global", properties: { accessModeSettings: openModes } };

const defaultEndpointOf = ({ workspaceBody }: Estate): string =>
  stringAt(
    workspaceBody,
    "properties",
    "defaultIngestionSettings",
    "dataCollectionEndpointResourceId",
  ) ?? "";

const hostOf = (resource: Json | undefined, ...path: readonly string[]): string =>
  new URL(stringAt(resource, "properties", ...path) ?? "").hostname;

async function linkDce({ put, id }: Estate, scope: string, dce: string): Promise<string> {
  const name = `${dce.split("/").at(-1)}-connection`;
  const scoped = `${id(scopeType, scope)}/scopedResources/${name}`;
  await put(scoped, scopeVersion, { properties: { linkedResourceId: dce } });
  return scoped;
}

async function connectNetwork(
  { put, id, vnet }: Estate,
  region: string,
  scope: string,
): Promise<void> {
  const endpoint = id("Microsoft.Network/privateEndpoints", "pe-scope");
  await put(endpoint, "2023-05-01", {
    location: region,
    properties: {
      subnet: { id: `${vnet}/subnets/endpoints` },
      privateLinkServiceConnections: [
        {
          name: "scope",
          properties: { privateLinkServiceId: id(scopeType, scope), groupIds: ["azuremonitor"] },
        },
      ],
    },
  });
  const configs = [];
  for (const zone of zones) {
    const zoneId = id("Microsoft.Network/privateDnsZones", zone);
    await put(zoneId, "2020-06-01", { location: "global" });
    await put(`${zoneId}/virtualNetworkLinks/link`, "2020-06-01", {
      location: "global",
      properties: { registrationEnabled: false, virtualNetwork: { id: vnet } },
    });
    configs.push({ name: zone.replaceAll(".", "-"), properties: { privateDnsZoneId: zoneId } });
  }
  await put(`${endpoint}/privateDnsZoneGroups/default`, "2023-05-01", {
    properties: { privateDnsZoneConfigs: configs },
  });
}

const resolved = async (
  name: string,
  vnet: string,
): Promise<{ outcome: string; addresses: string[] }> =>
  JSON.parse((await platform.linkscope(["resolve", name, "--vnet", vnet, "-o", "json"])).out) as {
    outcome: string;
    addresses: string[];
  };

test("1. Create an AMPLS for Azure Monitor workspace: global, PrivateOnly for ingestion", async () => {
  const estate = await articleEstate(access, {
    name: "one",
    region: "eastus",
    workspaceRegion: "eastus",
    prefix: "10.1",
  });
  const made = await estate.put(estate.id(scopeType, "ampls"), scopeVersion, scopeBody);
  assert.equal(stringAt(made, "properties", "provisioningState"), "Succeeded");
  assert.equal(
    stringAt(made, "properties", "accessModeSettings", "ingestionAccessMode"),
    "PrivateOnly",
  );
  assert.equal(stringAt(made, "properties", "accessModeSettings", "queryAccessMode"), "Open");
  await assert.rejects(
    estate.put(estate.id(scopeType, "regional"), scopeVersion, {
      ...scopeBody,
      location: "eastus",
    }),
    {
      code: "LocationNotAvailableForResourceType",
    },
  );
});

test("2. Connect the AMPLS to the data collection endpoint of the workspace, which has the workspace's name", async () => {
  const estate = await articleEstate(access, {
    name: "two",
    region: "eastus",
    workspaceRegion: "eastus",
    prefix: "10.2",
  });
  await estate.put(estate.id(scopeType, "ampls"), scopeVersion, scopeBody);
  const shown = await platform.linkscope(["show", "--workspace", "amw-two", "-o", "json"]);
  const endpoints = listAt(JSON.parse(shown.out) as Json, "dataCollectionEndpoints");
  assert.equal(stringAt(endpoints[0], "name"), "amw-two");
  const dce = defaultEndpointOf(estate);
  const scoped = await linkDce(estate, "ampls", dce);
  assert.equal(
    stringAt(await access.arm.get(scoped, scopeVersion), "properties", "provisioningState"),
    "Succeeded",
  );
  const back = await access.arm.get(dce, "2022-06-01");
  assert.equal(
    stringAt(
      listAt(back, "properties", "privateLinkScopedResources")[0],
      "resourceId",
    )?.toLowerCase(),
    scoped.toLowerCase(),
  );
  const text = await platform.linkscope(["show", "--dce", "amw-two"]);
  assert.match(text.out, /scopes +\/subscriptions\/.*privateLinkScopes\/ampls/i);
  await assert.rejects(
    linkDce(estate, "ampls", estate.workspace),
    /cannot be linked|not supported|InvalidLinkedResource/i,
  );
});

test("2a. Configure DCEs: a cluster in another region gets its configuration from an endpoint of its own region", async () => {
  const estate = await articleEstate(access, {
    name: "twoa",
    region: "northeurope",
    workspaceRegion: "westeurope",
    prefix: "10.3",
  });
  const { put, id, cluster, workspaceBody } = estate;
  await put(id(scopeType, "ampls"), scopeVersion, scopeBody);
  const own = id("Microsoft.Insights/dataCollectionEndpoints", "dce-northeurope");
  const dce = await put(own, "2022-06-01", {
    location: "northeurope",
    kind: "Linux",
    properties: {},
  });
  const rule =
    stringAt(
      workspaceBody,
      "properties",
      "defaultIngestionSettings",
      "dataCollectionRuleResourceId",
    ) ?? "";
  assert.equal(rule.split("/").at(-1), "amw-twoa", "the rule has the workspace's name");
  const associations = `${cluster}/providers/Microsoft.Insights/dataCollectionRuleAssociations`;
  await put(`${associations}/amw-rule`, "2022-06-01", {
    properties: { dataCollectionRuleId: rule },
  });
  await put(`${associations}/configurationAccessEndpoint`, "2022-06-01", {
    properties: { dataCollectionEndpointId: own },
  });
  await linkDce(estate, "ampls", defaultEndpointOf(estate));
  await linkDce(estate, "ampls", own);
  await connectNetwork(estate, "northeurope", "ampls");
  const path = `${cluster}/agentConfigurations?operatingLocation=northeurope&platform=linux&api-version=2020-08-01-preview`;
  const asAgent = (url: string): Promise<{ out: string; note: string }> =>
    platform.linkscope([
      "exec",
      "--quiet",
      "--vnet",
      "vnet-twoa",
      "--as",
      "aks-twoa",
      "--",
      process.execPath,
      `${projectRoot}/test/support/agent-request.ts`,
      url,
    ]);
  const redirected = JSON.parse(
    (await asAgent(`https://global.handler.control.monitor.azure.com${path}`)).out,
  ) as Json;
  assert.equal(stringAt(redirected, "status"), "421");
  const told = stringAt(redirected, "endpoint") ?? "";
  assert.equal(told, stringAt(dce, "properties", "configurationAccess", "endpoint"));
  const served = JSON.parse((await asAgent(`${told}${path}`)).out) as Json;
  assert.equal(stringAt(served, "status"), "200");
  assert.match(stringAt(served, "body") ?? "", /metrics-dce-[0-9a-f]{32}/);
});

test("3. Connect the AMPLS to a private endpoint: five zones, and names that lead to its addresses", async () => {
  const estate = await articleEstate(access, {
    name: "three",
    region: "eastus",
    workspaceRegion: "eastus",
    prefix: "10.4",
  });
  await estate.put(estate.id(scopeType, "ampls"), scopeVersion, scopeBody);
  const dceId = defaultEndpointOf(estate);
  await linkDce(estate, "ampls", dceId);
  const dce = await access.arm.get(dceId, "2022-06-01");
  const metrics = hostOf(dce, "metricsIngestion", "endpoint");
  assert.equal((await resolved(metrics, "vnet-three")).outcome, "public");
  await connectNetwork(estate, "eastus", "ampls");
  const inside = await resolved(metrics, "vnet-three");
  assert.equal(inside.outcome, "private");
  assert.match(inside.addresses[0] ?? "", /^10\.4\.8\./);
  assert.equal(
    (await resolved("global.handler.control.monitor.azure.com", "vnet-three")).outcome,
    "private",
  );
  const connections = await access.arm.list(
    `${estate.id(scopeType, "ampls")}/privateEndpointConnections`,
    scopeVersion,
  );
  assert.equal(
    stringAt(connections[0], "properties", "privateLinkServiceConnectionState", "status"),
    "Approved",
  );
});

test("3. Connect the AMPLS to a private endpoint: the article's own choice, prometheusMetrics, carries queries only", async () => {
  const estate = await articleEstate(access, {
    name: "query",
    region: "eastus",
    workspaceRegion: "eastus",
    prefix: "10.5",
  });
  const { put, id, vnet, workspace } = estate;
  await put(id("Microsoft.Network/privateEndpoints", "pe-amw"), "2023-05-01", {
    location: "eastus",
    properties: {
      subnet: { id: `${vnet}/subnets/endpoints` },
      privateLinkServiceConnections: [
        {
          name: "amw",
          properties: { privateLinkServiceId: workspace, groupIds: ["prometheusMetrics"] },
        },
      ],
    },
  });
  const zone = id(
    "Microsoft.Network/privateDnsZones",
    "privatelink.eastus.prometheus.monitor.azure.com",
  );
  await put(zone, "2020-06-01", { location: "global" });
  await put(`${zone}/virtualNetworkLinks/link`, "2020-06-01", {
    location: "global",
    properties: { registrationEnabled: false, virtualNetwork: { id: vnet } },
  });
  await put(
    `${id("Microsoft.Network/privateEndpoints", "pe-amw")}/privateDnsZoneGroups/default`,
    "2023-05-01",
    {
      properties: {
        privateDnsZoneConfigs: [{ name: "prometheus", properties: { privateDnsZoneId: zone } }],
      },
    },
  );
  const dce = await access.arm.get(defaultEndpointOf(estate), "2022-06-01");
  const query = hostOf(
    await access.arm.get(workspace, "2023-04-03"),
    "metrics",
    "prometheusQueryEndpoint",
  );
  assert.equal((await resolved(query, "vnet-query")).outcome, "private");
  assert.equal(
    (await resolved(hostOf(dce, "metricsIngestion", "endpoint"), "vnet-query")).outcome,
    "public",
  );
});

test("4. Verify that metrics are ingested, over the private link, from a cluster in another region", async () => {
  await articleEstate(access, {
    name: "four",
    region: "northeurope",
    workspaceRegion: "westeurope",
    prefix: "10.6",
  });
  const agent = spawn(
    process.execPath,
    [
      `${projectRoot}/src/bin/linkscope.ts`,
      "agent",
      "--cluster",
      "aks-four",
      "--interval",
      "1s",
      "--data",
      platform.data,
    ],
    { stdio: "ignore" },
  );
  try {
    const words = [
      "enable",
      "metrics",
      "--cluster",
      "aks-four",
      "--workspace",
      "amw-four",
      "--scope",
      "ampls-four",
    ];
    const closing = ["--close-shared", "--close-query", "--wait", "90s"];
    const enabled = await platform.linkscope([...words, ...closing]);
    assert.equal(enabled.code, 0, enabled.note);
    const queried = await platform.linkscope([
      "query",
      "metrics",
      "up",
      "--workspace",
      "amw-four",
      "-o",
      "json",
    ]);
    assert.match(queried.out, /"cluster":"aks-four"/);
    const proof = await platform.linkscope(["prove", "--cluster", "aks-four", "-o", "json"]);
    assert.equal(proof.code, 0, proof.out);
    const verdicts = listAt(JSON.parse(proof.out) as Json, "paths").map((path) =>
      stringAt(path, "verdict"),
    );
    assert.deepEqual(verdicts, ["private", "private", "private"]);
    const again = await platform.linkscope([...words, ...closing]);
    assert.equal(again.code, 0, again.note);
    assert.match(again.note, /[Nn]othing to change/);
    const refused = await platform.linkscope([
      "query",
      "metrics",
      "up",
      "--workspace",
      "amw-four",
      "--public",
    ]);
    assert.equal(refused.code, 1);
  } finally {
    agent.kill("SIGTERM");
  }
});
