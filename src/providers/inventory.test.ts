/** Inventory types: stored as Azure shows them, linked and referred to, and refused by name where nothing stands behind them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { at, listAt, stringAt } from "../arm/index.ts";
import type { JsonObject } from "../arm/index.ts";
import { sharedScopeHosts } from "../azure/index.ts";
import {
  componentAccess,
  grafanasOf,
  reachAddress,
  resolveName,
  servedHosts,
} from "../rules/index.ts";
import {
  clusterId,
  connectionIdOf,
  group,
  insights,
  linkedEstate,
  namesOf,
  network,
  openEstate,
  scopeId,
  subnetId,
  vnetBody,
  vnetId,
  workspaceId,
} from "./testing/estate.ts";

const componentId = `${insights}/components/shop`;
const component: JsonObject = {
  location: "eastus",
  kind: "web",
  properties: { Application_Type: "web" },
};

test("a component has its flags and ids, and neither key nor connection string, since nothing takes telemetry", () => {
  const estate = openEstate();
  const { properties } = estate.put(componentId, component);
  assert.equal(properties["publicNetworkAccessForIngestion"], "Enabled");
  assert.equal(properties["ApplicationId"], "shop");
  assert.match(stringAt(properties, "AppId") ?? "", /^[0-9a-f-]{36}$/);
  assert.equal(properties["InstrumentationKey"], undefined);
  assert.equal(properties["ConnectionString"], undefined);
  const again = estate.put(componentId, component).properties;
  assert.equal(again["AppId"], properties["AppId"]);
  assert.match(
    estate.refusal(componentId, { ...component, properties: {} })[0] ?? "",
    /Application_Type/,
  );
  const orphan = {
    Application_Type: "web",
    WorkspaceResourceId: `${group}/providers/Microsoft.OperationalInsights/workspaces/none`,
  };
  assert.match(
    estate.refusal(componentId, { ...component, properties: orphan })[0] ?? "",
    /^InvalidResourceReference: The Log Analytics workspace .* was not found/,
  );
});

test("a scope links a component, which shows the link, gets no address, and is kept from deletion", () => {
  const estate = linkedEstate();
  const before = namesOf(estate).size;
  estate.put(componentId, component);
  const linkId = `${scopeId}/scopedResources/shop`;
  estate.put(linkId, { properties: { linkedResourceId: componentId } });
  const shown = listAt(estate.get(componentId).properties, "PrivateLinkScopedResources");
  assert.equal(stringAt(shown[0], "ResourceId"), linkId);
  assert.equal(namesOf(estate).size, before);
  assert.match(estate.deleteRefusal(componentId)[0] ?? "", /^ResourceIsScoped/);
  const origin = {
    kind: "private",
    endpointId: "e",
    targetId: scopeId,
    connectionName: "c",
  } as const;
  const ask = { origin, componentId, door: "ingestion" } as const;
  assert.equal(componentAccess(estate.graph(), ask).reasons[0]?.rule, "scope.links");
  estate.delete(linkId);
  assert.deepEqual(listAt(estate.get(componentId).properties, "PrivateLinkScopedResources"), []);
  estate.delete(componentId);
});

const grafanaId = `${group}/providers/Microsoft.Dashboard/grafana/graf`;
const managedId = `${grafanaId}/managedPrivateEndpoints/mpe`;
const grafanaBody = (): JsonObject => ({
  location: "eastus",
  sku: { name: "Standard" },
  identity: { type: "SystemAssigned" },
  properties: {
    grafanaIntegrations: {
      azureMonitorWorkspaceIntegrations: [{ azureMonitorWorkspaceResourceId: workspaceId }],
    },
  },
});
const managed = (targetId: string, groupId = "prometheusMetrics"): JsonObject => ({
  location: "eastus",
  properties: { privateLinkResourceId: targetId, groupIds: [groupId], requestMessage: "please" },
});
const stateOf = (estate: ReturnType<typeof openEstate>): string | undefined =>
  stringAt(estate.get(managedId).properties, "connectionState", "status");

test("Grafana has an identity of its own that stays, and no address, since nothing would answer there", () => {
  const estate = openEstate();
  estate.put(workspaceId, { location: "eastus" });
  const grafana = estate.put(grafanaId, grafanaBody());
  const principalId = stringAt(grafana.identity, "principalId");
  assert.match(principalId ?? "", /^[0-9a-f-]{36}$/);
  assert.equal(grafana.properties["endpoint"], undefined);
  const again = estate.put(grafanaId, grafanaBody());
  assert.equal(stringAt(again.identity, "principalId"), principalId);
  assert.deepEqual(grafanasOf(estate.graph())[0]?.workspaceIds, [workspaceId]);
  const user = { ...grafanaBody(), identity: { type: "UserAssigned" } };
  assert.match(estate.refusal(grafanaId, user)[0] ?? "", /identity of its own/);
});

test("a managed private endpoint waits at its target until the owner approves, and goes with its connection", () => {
  const estate = openEstate();
  estate.put(workspaceId, { location: "eastus" });
  estate.put(grafanaId, grafanaBody());
  estate.put(managedId, managed(workspaceId));
  assert.equal(stateOf(estate), "Pending");
  const connectionId = connectionIdOf(estate, workspaceId);
  assert.equal(
    stringAt(estate.get(connectionId).properties, "privateLinkServiceConnectionState", "status"),
    "Pending",
  );
  const approve = { properties: { privateLinkServiceConnectionState: { status: "Approved" } } };
  estate.put(connectionId, approve);
  assert.equal(stateOf(estate), "Approved");
  assert.equal(estate.act(grafanaId, "refreshmanagedprivateendpoints").status, 200);
  // Another PUT of the endpoint keeps what the owner decided.
  estate.put(managedId, managed(workspaceId));
  assert.equal(stateOf(estate), "Approved");
  estate.delete(connectionId);
  assert.equal(stateOf(estate), "Disconnected");
  estate.delete(managedId);
  estate.put(managedId, managed(workspaceId));
  estate.delete(managedId);
  assert.deepEqual(listAt(estate.get(workspaceId).properties, "privateEndpointConnections"), []);
});

test("a managed private endpoint leads to a workspace or a scope, by its one group, and stays with it", () => {
  const estate = openEstate();
  estate.put(workspaceId, { location: "eastus" });
  estate.put(grafanaId, grafanaBody());
  const refused = (body: JsonObject): string => estate.refusal(managedId, body)[0] ?? "";
  assert.match(
    refused(managed(vnetId)),
    /^FeatureNotEmulated: .*Azure Monitor workspaces and private link scopes/,
  );
  assert.match(refused(managed(`${workspaceId}x`)), /^InvalidResourceReference/);
  assert.match(
    refused(managed(workspaceId, "azuremonitor")),
    /^InvalidRequestContent: 'azuremonitor' is no group/,
  );
  estate.put(managedId, managed(workspaceId));
  estate.put(scopeId, {
    location: "global",
    properties: { accessModeSettings: { queryAccessMode: "Open", ingestionAccessMode: "Open" } },
  });
  assert.match(
    refused(managed(scopeId, "azuremonitor")),
    /^InvalidRequestContent: A managed private endpoint stays/,
  );
});

test("a storage account has its name in the blob zone's domain, no keys, and resolves nowhere here", () => {
  const estate = openEstate();
  const id = `${group}/providers/Microsoft.Storage/storageAccounts/shopdata`;
  const body: JsonObject = { location: "eastus", kind: "StorageV2", sku: { name: "Standard_LRS" } };
  const { properties } = estate.put(id, { ...body, properties: { accessTier: "Hot" } });
  assert.equal(
    stringAt(properties, "primaryEndpoints", "blob"),
    "https://shopdata.blob.core.windows.net/",
  );
  assert.equal(estate.put(id, { ...body, properties: {} }).properties["accessTier"], "Hot");
  const answer = resolveName(estate.graph(), {
    name: "shopdata.blob.core.windows.net",
    vnetId: undefined,
  });
  assert.equal(answer.outcome, "nxdomain");
  assert.match(estate.refusal(`${id}-x`, body)[0] ?? "", /lower-case letters and digits/);
  assert.match(estate.refusal(id, { ...body, kind: "Lake" })[0] ?? "", /kind/);
});

const nsgId = `${network}/networkSecurityGroups/nsg1`;
const rule = (name: string, more: JsonObject = {}): JsonObject => ({
  name,
  properties: {
    priority: 200,
    access: "Deny",
    direction: "Outbound",
    protocol: "*",
    sourceAddressPrefix: "*",
    sourcePortRange: "*",
    destinationAddressPrefix: "*",
    destinationPortRange: "443",
    ...more,
  },
});
const nsg = (...rules: readonly JsonObject[]): JsonObject => ({
  location: "eastus",
  properties: { securityRules: rules },
});

test("a security group shows its rules, Azure's own six, and its subnets, and holds what it guards", () => {
  const estate = openEstate();
  estate.put(nsgId, nsg(rule("no")));
  assert.equal(listAt(estate.get(nsgId).properties, "defaultSecurityRules").length, 6);
  estate.put(vnetId, vnetBody("10.0.0.0/16", { "snet-pe": "10.0.0.0/24" }));
  const guarded = {
    properties: { addressPrefix: "10.0.0.0/24", networkSecurityGroup: { id: nsgId } },
  };
  estate.put(subnetId, guarded);
  assert.deepEqual(at(estate.get(nsgId).properties, "subnets"), [{ id: subnetId }]);
  assert.match(estate.deleteRefusal(nsgId)[0] ?? "", /^InUseNetworkSecurityGroupCannotBeDeleted/);
  // The networks hold to it: what it denies arrives nowhere.
  const ask = { from: { subnetId }, address: "203.0.113.3" };
  assert.equal(reachAddress(estate.graph(), ask).kind, "none");
  const allow = rule("yes", { priority: 100, access: "Allow" });
  estate.put(`${nsgId}/securityRules/yes`, { properties: allow["properties"] ?? null });
  assert.equal(reachAddress(estate.graph(), ask).kind, "public");
  estate.delete(`${nsgId}/securityRules/yes`);
  assert.equal(listAt(estate.get(nsgId).properties, "securityRules").length, 1);
  estate.put(subnetId, { properties: { addressPrefix: "10.0.0.0/24" } });
  assert.deepEqual(at(estate.get(nsgId).properties, "subnets"), []);
  estate.delete(nsgId);
});

test("a network's own PUT gives its subnets their groups, and takes them away", () => {
  const estate = openEstate();
  estate.put(nsgId, nsg());
  const subnet = (extra: JsonObject): JsonObject => ({
    location: "eastus",
    properties: {
      addressSpace: { addressPrefixes: ["10.0.0.0/16"] },
      subnets: [{ name: "snet-pe", properties: { addressPrefix: "10.0.0.0/24", ...extra } }],
    },
  });
  estate.put(vnetId, subnet({ networkSecurityGroup: { id: nsgId } }));
  assert.deepEqual(at(estate.get(nsgId).properties, "subnets"), [{ id: subnetId }]);
  assert.match(
    estate.refusal(vnetId, subnet({ networkSecurityGroup: { id: `${nsgId}x` } }))[0] ?? "",
    /^InvalidResourceReference: The network security group .* was not found/,
  );
  estate.put(vnetId, subnet({}));
  assert.deepEqual(at(estate.get(nsgId).properties, "subnets"), []);
});

test("rules with addresses, tags, ports or priorities that cannot be held to are refused, each by its name", () => {
  const estate = openEstate();
  const refused = (...rules: readonly JsonObject[]): string =>
    estate.refusal(nsgId, nsg(...rules))[0] ?? "";
  assert.match(
    refused(rule("a", { destinationAddressPrefix: "Sql" })),
    /^FeatureNotEmulated: The rule 'a' has the destination 'Sql'/,
  );
  assert.match(
    refused(rule("a", { sourceAddressPrefix: "10.0.0.1/8" })),
    /^FeatureNotEmulated: .*source '10.0.0.1\/8'/,
  );
  assert.match(
    refused(rule("a", { destinationPortRange: "500-400" })),
    /^InvalidRequestContent: .*port range '500-400'/,
  );
  assert.match(refused(rule("a", { destinationPortRange: "65536" })), /65536/);
  assert.match(refused(rule("a", { protocol: "Icmp" })), /TCP and UDP/);
  assert.match(refused(rule("a"), rule("b")), /^SecurityRuleConflict: The rules 'a' and 'b'/);
  assert.match(refused(rule("a"), rule("A", { priority: 201 })), /given twice/);
  assert.match(refused(rule("a", { priority: 99 })), /priority/);
  assert.match(refused(rule("a", { priority: 4097 })), /priority/);
  estate.put(
    nsgId,
    nsg(
      rule("a", { destinationAddressPrefix: "AzureMonitor" }),
      rule("b", { priority: 4096, destinationPortRange: "0-65535" }),
    ),
  );
  assert.match(
    estate.refusal(`${nsgId}/securityRules/c`, {
      properties: rule("c")["properties"] ?? null,
    })[0] ?? "",
    /^SecurityRuleConflict/,
  );
});

test("no host of an inventory type is served: no certificate is made for it, and nothing takes what is sent there", () => {
  const estate = openEstate();
  estate.put(componentId, component);
  estate.put(workspaceId, { location: "eastus" });
  estate.put(grafanaId, grafanaBody());
  const account = `${group}/providers/Microsoft.Storage/storageAccounts/shopdata`;
  estate.put(account, { location: "eastus", kind: "StorageV2", sku: { name: "Standard_LRS" } });
  const ids = new Set([componentId, grafanaId, account]);
  const served = [...servedHosts(estate.graph()).values()];
  assert.deepEqual(
    served.filter(({ resourceId }) => ids.has(resourceId ?? "")),
    [],
  );
  const shared = sharedScopeHosts.filter(
    (host) => host.includes(".in.ai.") || host.startsWith("live."),
  );
  assert.equal(shared.length, 2);
  for (const host of [...shared, "shopdata.blob.core.windows.net"]) {
    assert.equal(servedHosts(estate.graph()).has(host), false, host);
  }
});

test("a cluster keeps its proxy settings as they are given", () => {
  const estate = openEstate();
  const httpProxyConfig = {
    httpsProxy: "http://proxy.example:3128",
    noProxy: ["localhost", ".svc"],
  };
  const body: JsonObject = {
    location: "eastus",
    identity: { type: "SystemAssigned" },
    properties: { dnsPrefix: "aks1", agentPoolProfiles: [{ name: "pool" }], httpProxyConfig },
  };
  assert.deepEqual(estate.put(clusterId, body).properties["httpProxyConfig"], httpProxyConfig);
});
