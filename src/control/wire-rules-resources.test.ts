/** The wire rules that every ARM client relies on, 13 to 23: what bodies and resources look like. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { listAt, stringAt } from "../arm/index.ts";
import type { JsonObject } from "../arm/index.ts";
import { resourceTypes } from "../providers/index.ts";
import { group, sampleControl, subscription } from "./testing/sample-types.ts";
import {
  clusterId as cluster,
  platformControl as platform,
  withCluster,
} from "./testing/sample-estate.ts";

const insights = `${group}/providers/Microsoft.Insights`;
const scope = `${insights}/privateLinkScopes/ampls1`;
const endpoint = `${insights}/dataCollectionEndpoints/dce1`;
const vnet = `${group}/providers/Microsoft.Network/virtualNetworks/vnet1`;
const privateEndpoint = `${group}/providers/Microsoft.Network/privateEndpoints/pe1`;
const [ampls, network, dce, aks] = ["2021-07-01-preview", "2022-01-01", "2022-06-01", "2023-01-01"];

const scopeBody = {
  location: "Global",
  properties: {
    accessModeSettings: { queryAccessMode: "Open", ingestionAccessMode: "PrivateOnly" },
  },
};

test("rule 13: a body without the read-only keys, and with nulls for what is absent, is taken", async () => {
  const { ask } = await platform();
  const body = {
    location: "eastus",
    kind: "Linux",
    tags: null,
    properties: { description: null, networkAcls: { publicNetworkAccess: "Enabled" } },
  };
  const put = await ask("PUT", endpoint, { version: dce, body });
  assert.equal(put.status, 201, put.message);
  assert.deepEqual(
    [put.body["id"], put.body["name"], put.body["kind"]],
    [endpoint, "dce1", "Linux"],
  );
  const back = await ask("PUT", endpoint, { version: dce, body: put.body });
  assert.equal(back.status, 200, back.message);
});

test("rule 14: DELETE with a body is a DELETE", async () => {
  const { ask } = await withCluster();
  const association = `${cluster}/providers/Microsoft.Insights/dataCollectionRuleAssociations/configurationAccessEndpoint`;
  await ask("PUT", endpoint, { version: dce, body: { location: "eastus" } });
  const body = { properties: { dataCollectionEndpointId: endpoint } };
  const put = await ask("PUT", association, { version: "2022-06-01", body });
  assert.ok(put.status < 300, put.message);
  assert.equal(
    (await ask("DELETE", association, { version: "2022-06-01", body: put.body })).status,
    200,
  );
  assert.equal((await ask("GET", association, { version: "2022-06-01" })).status, 404);
});

test("rule 15: no header of a client is needed, and none of them disturbs", async () => {
  const { ask } = await platform();
  const headers = {
    "user-agent": "python/3.11.2 (Linux) AZURECLI/2.61.0 azuremonitormetrics.create_dce",
    "x-ms-client-request-id": "9d9c1e1a-0000-4000-8000-000000000000",
    commandname: "aks update",
    parametersetname: "--enable-azure-monitor-metrics",
  };
  assert.equal((await ask("PUT", scope, { version: ampls, body: scopeBody, headers })).status, 201);
  assert.equal((await ask("PUT", scope, { version: ampls, body: scopeBody })).status, 200);
});

test("rule 16: a managed cluster shows what az reads of it without looking", async () => {
  const { ask } = await withCluster();
  const { body } = await ask("GET", cluster, { version: "2022-11-01" });
  assert.equal(stringAt(body, "properties", "servicePrincipalProfile", "clientId"), "msi");
  assert.equal(body["location"], "eastus");
  assert.ok(stringAt(body, "identity", "principalId"));
  assert.ok(stringAt(body, "properties", "identityProfile", "kubeletidentity", "objectId"));
  assert.equal(listAt(body, "properties", "agentPoolProfiles").length, 1);
  const { properties } = body as { properties: JsonObject };
  assert.equal((properties["apiServerAccessProfile"] as JsonObject)["enablePrivateCluster"], false);
  assert.equal(
    ((properties["azureMonitorProfile"] as JsonObject)["metrics"] as JsonObject)["enabled"],
    true,
  );
});

test("rule 17: a managed cluster's PUT is a merge: what an old client or a template leaves out stays", async () => {
  const { ask, clock } = await withCluster();
  const before = (await ask("GET", cluster, { version: aks })).body["properties"] as JsonObject;
  const bodies = [
    { location: "eastus", properties: { agentPoolProfiles: before["agentPoolProfiles"] } },
    { location: "eastus", properties: { mode: "Incremental", id: cluster, addonProfiles: {} } },
  ];
  for (const body of bodies) {
    const put = await ask("PUT", cluster, { version: "2022-11-01", body });
    assert.equal(put.status, 200, put.message);
    clock.advance(1_000);
  }
  const after = (await ask("GET", cluster, { version: aks })).body["properties"] as JsonObject;
  for (const name of [
    "agentPoolProfiles",
    "azureMonitorProfile",
    "servicePrincipalProfile",
    "dnsPrefix",
  ]) {
    assert.deepEqual(after[name], before[name], name);
  }
});

const vnetBody = {
  location: "eastus",
  properties: {
    addressSpace: { addressPrefixes: ["10.1.0.0/16"] },
    subnets: [{ name: "snet1", properties: { addressPrefix: "10.1.0.0/24" } }],
  },
};

test("rule 20: subnets given inline are children with addresses of their own", async () => {
  const { ask } = await platform();
  const put = await ask("PUT", vnet, { version: network, body: vnetBody });
  assert.equal(put.status, 201, put.message);
  assert.equal(
    stringAt(listAt(put.body, "properties", "subnets")[0], "id"),
    `${vnet}/subnets/snet1`,
  );
  const subnet = await ask("GET", `${vnet}/subnets/snet1`, { version: network });
  assert.equal(stringAt(subnet.body, "properties", "addressPrefix"), "10.1.0.0/24");
  const second = await ask("PUT", `${vnet}/subnets/snet2`, {
    version: network,
    body: { name: "snet2", properties: { addressPrefix: "10.1.1.0/24" } },
  });
  assert.equal(second.status, 201, second.message);
  const { body } = await ask("GET", vnet, { version: network });
  assert.deepEqual(
    listAt(body, "properties", "subnets").map((one) => stringAt(one, "name")),
    ["snet1", "snet2"],
  );
});

test("rule 21: an endpoint shows the scopes that link it", async () => {
  const { ask, clock } = await platform();
  await ask("PUT", scope, { version: ampls, body: scopeBody });
  await ask("PUT", endpoint, { version: dce, body: { location: "eastus" } });
  const conn = `${scope}/scopedResources/conn`;
  await ask("PUT", conn, { version: ampls, body: { properties: { linkedResourceId: endpoint } } });
  clock.advance(1_000);
  const { body } = await ask("GET", endpoint, { version: dce });
  const [shown] = listAt(body, "properties", "privateLinkScopedResources");
  assert.equal(stringAt(shown, "resourceId")?.toLowerCase(), conn.toLowerCase());
  assert.ok(stringAt(shown, "scopeId"));
});

test("rule 22: an approval that says the state alone keeps the private endpoint", async () => {
  const { ask, clock } = await platform();
  await ask("PUT", scope, { version: ampls, body: scopeBody });
  await ask("PUT", vnet, { version: network, body: vnetBody });
  const body = {
    location: "eastus",
    properties: {
      subnet: { id: `${vnet}/subnets/snet1` },
      manualPrivateLinkServiceConnections: [
        {
          name: "pe1",
          properties: {
            groupIds: ["azuremonitor"],
            privateLinkServiceId: scope,
            requestMessage: "please",
          },
        },
      ],
    },
  };
  const made = await ask("PUT", privateEndpoint, { version: network, body });
  assert.equal(made.status, 201, made.message);
  clock.advance(1_000);
  const list = await ask("GET", `${scope}/privateEndpointConnections`, { version: ampls });
  const path = stringAt(listAt(list.body, "value")[0], "id") ?? "";
  const state = { status: "Approved", description: "yes" };
  const approved = await ask("PUT", path, {
    version: ampls,
    body: { properties: { privateLinkServiceConnectionState: state } },
  });
  assert.equal(approved.status, 200, approved.message);
  clock.advance(1_000);
  const after = await ask("GET", path, { version: ampls });
  assert.equal(
    stringAt(after.body, "properties", "privateEndpoint", "id")?.toLowerCase(),
    privateEndpoint.toLowerCase(),
  );
  assert.equal(
    stringAt(after.body, "properties", "privateLinkServiceConnectionState", "status"),
    "Approved",
  );
});

test("rule 23: locations and providers name regions alike", async () => {
  const { ask } = sampleControl({ types: resourceTypes });
  const locations = await ask("GET", `${subscription}/locations?api-version=2019-11-01`);
  const known = new Set(listAt(locations.body, "value").map((one) => stringAt(one, "displayName")));
  assert.ok(known.has("East US"));
  const provider = await ask(
    "GET",
    `${subscription}/providers/Microsoft.Insights?api-version=2020-10-01`,
  );
  const rules = listAt(provider.body, "resourceTypes").find(
    (one) => stringAt(one, "resourceType") === "dataCollectionRules",
  );
  const shown = listAt(rules, "locations");
  assert.ok(shown.includes("East US"));
  assert.ok(shown.every((one) => known.has(String(one))));
});
