/** Azure's vocabulary: hosts, aliases, zones, addresses, regions and roles. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cloud,
  dceHosts,
  fixedHosts,
  hostKey,
  hostOfEndpoint,
  isScopeZone,
  privateAlias,
  publicAddresses,
  publicAddressOf,
  publicFixedHosts,
  publicNameOf,
  publicServiceOf,
  regionOf,
  regions,
  roleDefinitionOf,
  roleDefinitions,
  scopeZones,
  sharedScopeHosts,
  workspaceQueryHost,
  workspaceZone,
} from "./index.ts";

const fred = { name: "FredEndpoint", key: "q7lu", region: "East US" };

test("a data collection endpoint has three hosts, in lower case, with key and region", () => {
  assert.deepEqual(dceHosts(fred), {
    configuration: "fredendpoint-q7lu.eastus-1.handler.control.monitor.azure.com",
    logs: "fredendpoint-q7lu.eastus-1.ingest.monitor.azure.com",
    metrics: "fredendpoint-q7lu.eastus-1.metrics.ingest.monitor.azure.com",
  });
});

test("a host label holds only what a label may hold, and stays within 63 characters", () => {
  const hosts = dceHosts({ name: `a_b.${"x".repeat(40)}`, key: "0000", region: "westeurope" });
  const label = hosts.metrics.split(".")[0] ?? "";
  assert.match(label, /^ab[x]{40}-0000$/);
  assert.ok(label.length <= 63);
});

test("a workspace has one query host, with its region", () => {
  assert.equal(
    workspaceQueryHost({ name: "ci-prom", key: "mih6", region: "eastus" }),
    "ci-prom-mih6.eastus.prometheus.monitor.azure.com",
  );
});

test("a host key depends on the id alone, in any case, and has the length asked for", () => {
  const id =
    "/subscriptions/S/resourceGroups/rg/providers/Microsoft.Insights/dataCollectionEndpoints/d";
  assert.equal(hostKey(id, 4), hostKey(id.toUpperCase(), 4));
  assert.match(hostKey(id, 4), /^[0-9a-z]{4}$/);
  assert.match(hostKey(id, 16), /^[0-9a-z]{16}$/);
  assert.notEqual(hostKey(id, 16), hostKey(`${id}2`, 16));
});

test("the host of an endpoint is read from its address, and of anything else is nothing", () => {
  assert.equal(hostOfEndpoint("https://Api.Monitor.Azure.com/v1"), "api.monitor.azure.com");
  assert.equal(hostOfEndpoint("not an address"), undefined);
});

test("every name behind a scope has an alias in one of its five zones", () => {
  assert.equal(scopeZones.length, 5);
  for (const host of [...sharedScopeHosts, ...Object.values(dceHosts(fred))]) {
    const alias = privateAlias(host);
    assert.ok(alias !== undefined && isScopeZone(alias.zone), host);
    assert.equal(`${alias.recordName}.${alias.zone}`, alias.alias);
    assert.equal(publicNameOf(alias.alias), host);
    assert.equal(alias.kind, "scope");
  }
  assert.equal(sharedScopeHosts.length, 8);
});

test("a workspace's alias carries its region before the suffix", () => {
  assert.deepEqual(privateAlias("AMW-mih6.eastus.prometheus.monitor.azure.com"), {
    alias: "amw-mih6.privatelink.eastus.prometheus.monitor.azure.com",
    zone: workspaceZone("East US"),
    recordName: "amw-mih6",
    kind: "workspace",
  });
});

test("names without a private link have no alias, and an alias has none of its own", () => {
  for (const host of [
    cloud.armHost,
    cloud.loginHost,
    "example.org",
    "other.blob.core.windows.net",
    "query.eastus.prometheus.monitor.azure.com",
    "privatelink.monitor.azure.com",
    "api.privatelink.monitor.azure.com",
    "a.b.eastus.prometheus.monitor.azure.com",
    "x.privatelink.eastus.prometheus.monitor.azure.com",
  ]) {
    assert.equal(privateAlias(host), undefined, host);
  }
  for (const name of [
    "privatelink.monitor.azure.com",
    "api.monitor.azure.com",
    "a.privatelink.example.org",
  ]) {
    assert.equal(publicNameOf(name), undefined, name);
  }
});

test("every public address lies in 203.0.113.0/24 and leads back to its service", () => {
  assert.equal(new Set(publicAddresses).size, publicAddresses.length);
  for (const address of publicAddresses) {
    const octet = Number(address.slice("203.0.113.".length));
    assert.ok(octet > 0 && octet < 255, address);
    assert.ok(publicServiceOf(address) !== undefined, address);
  }
  for (const host of [...publicFixedHosts, ...fixedHosts]) {
    assert.ok(publicAddresses.includes(publicAddressOf(host) ?? ""), host);
  }
});

test("hosts of one service and region share an address, and others do not", () => {
  const { configuration, metrics } = dceHosts(fred);
  assert.equal(publicAddressOf(configuration), publicAddressOf(metrics));
  assert.deepEqual(publicServiceOf(publicAddressOf(metrics) ?? ""), {
    service: "data-collection-endpoints",
    region: "eastus",
  });
  const query = workspaceQueryHost({ name: "amw", key: "k", region: "eastus" });
  assert.deepEqual(publicServiceOf(publicAddressOf(query) ?? ""), {
    service: "workspace-query",
    region: "eastus",
  });
  assert.equal(publicAddressOf("dce-1.nowhere-1.ingest.monitor.azure.com"), undefined);
  assert.equal(publicAddressOf("guid.ods.opinsights.azure.com"), "203.0.113.7");
  assert.equal(publicAddressOf("a.b.ods.opinsights.azure.com"), undefined);
  assert.equal(publicAddressOf("example.org"), undefined);
});

test("addresses that nobody has belong to no service", () => {
  for (const address of [
    "203.0.113.0",
    "203.0.113.127",
    "203.0.113.255",
    "10.0.0.1",
    "203.0.113.x",
  ]) {
    assert.equal(publicServiceOf(address), undefined, address);
  }
});

test("a region is found by its name and by its display name, and canaries are none", () => {
  assert.equal(regionOf("East US 2")?.name, "eastus2");
  assert.equal(regionOf("eastus2")?.displayName, "East US 2");
  assert.equal(regionOf("eastus2euap"), undefined);
  for (const { name, displayName } of regions) {
    assert.equal(displayName.replaceAll(" ", "").toLowerCase(), name);
  }
  assert.ok(regions.length <= 96, "public addresses leave room for 96 regions");
});

test("a role is found by its GUID and by its full id, and an unknown one is nothing", () => {
  const reader = roleDefinitions.find(({ roleName }) => roleName === "Reader");
  assert.ok(reader !== undefined);
  assert.equal(roleDefinitionOf(reader.id), reader);
  const id = `/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/${reader.id.toUpperCase()}`;
  assert.equal(roleDefinitionOf(id), reader);
  assert.equal(roleDefinitionOf("00000000-0000-0000-0000-000000000000"), undefined);
  assert.equal(new Set(roleDefinitions.map(({ id: guid }) => guid)).size, roleDefinitions.length);
});
