/** Managed clusters: what clients read of them, the merge of their PUTs, identities, and what is refused by name. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { at, stringAt } from "../../arm/index.ts";
import type { JsonObject } from "../../arm/index.ts";
import {
  clusterId,
  group,
  openEstate,
  subnetId,
  tenantId,
  vnetBody,
  vnetId,
} from "../testing/estate.ts";

const body = (properties: JsonObject = {}, rest: JsonObject = {}): JsonObject => ({
  location: "eastus",
  ...rest,
  properties: {
    dnsPrefix: "aks1",
    agentPoolProfiles: [{ name: "nodepool1", count: 3, vmSize: "Standard_DS2_v2" }],
    apiServerAccessProfile: { enablePrivateCluster: true, authorizedIPRanges: [] },
    ...properties,
  },
});

test("a cluster shows what the CLI reads unasked (wire rule 16)", () => {
  const estate = openEstate();
  const cluster = estate.put(clusterId, body());
  assert.equal(cluster.location, "eastus");
  const { properties } = cluster;
  assert.equal(stringAt(properties, "servicePrincipalProfile", "clientId"), "msi");
  assert.match(
    stringAt(properties, "identityProfile", "kubeletidentity", "objectId") ?? "",
    /^[\da-f-]{36}$/,
  );
  assert.equal(stringAt(properties, "agentPoolProfiles", 0, "name"), "nodepool1");
  assert.equal(stringAt(properties, "agentPoolProfiles", 0, "provisioningState"), "Succeeded");
  assert.equal(at(properties, "apiServerAccessProfile", "enablePrivateCluster"), true);
  assert.equal(at(properties, "azureMonitorProfile", "metrics", "enabled"), false);
  assert.equal(stringAt(properties, "powerState", "code"), "Running");
  assert.equal(stringAt(cluster.identity, "type"), "SystemAssigned");
  assert.equal(stringAt(cluster.identity, "tenantId"), tenantId);
});

test("a PUT is a merge: an old client that knows no azureMonitorProfile leaves metrics on (wire rule 17)", () => {
  const estate = openEstate();
  estate.put(clusterId, body());
  const metrics = {
    enabled: true,
    kubeStateMetrics: { metricLabelsAllowlist: "", metricAnnotationsAllowList: "" },
  };
  estate.put(
    clusterId,
    { location: "eastus", properties: { azureMonitorProfile: { metrics } } },
    "2023-01-01",
  );
  estate.put(clusterId, body(), "2022-11-01");
  const { properties } = estate.get(clusterId);
  assert.deepEqual(at(properties, "azureMonitorProfile", "metrics"), metrics);
  assert.equal(at(properties, "apiServerAccessProfile", "enablePrivateCluster"), true);
});

test("a template's junk among the properties is set aside (wire rule 17)", () => {
  const estate = openEstate();
  estate.put(clusterId, body());
  const cluster = estate.put(clusterId, {
    location: "eastus",
    properties: {
      mode: "Incremental",
      id: clusterId,
      azureMonitorProfile: { metrics: { enabled: true } },
    },
  });
  assert.equal("mode" in cluster.properties, false);
  assert.equal(at(cluster.properties, "azureMonitorProfile", "metrics", "enabled"), true);
});

test("identities stay over rewrites, and over a new cluster of the same id", () => {
  const estate = openEstate();
  const first = estate.put(clusterId, body());
  const again = estate.put(clusterId, body());
  assert.deepEqual(again.identity, first.identity);
  assert.deepEqual(again.properties["identityProfile"], first.properties["identityProfile"]);
  estate.delete(clusterId);
  assert.deepEqual(estate.put(clusterId, body()).identity, first.identity);
});

test("a user-assigned identity gives the cluster its principal, and must exist", () => {
  const estate = openEstate();
  const id = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/uai1`;
  const identity = { type: "UserAssigned", userAssignedIdentities: { [id]: {} } };
  assert.match(
    estate.refusal(clusterId, body({}, { identity }))[0] ?? "",
    /^InvalidResourceReference/,
  );
  const own = estate.put(id, { location: "eastus" });
  const cluster = estate.put(clusterId, body({}, { identity }));
  assert.equal(
    stringAt(cluster.identity, "userAssignedIdentities", id, "principalId"),
    stringAt(own.properties, "principalId"),
  );
});

test("properties of the cluster itself are kept as given", () => {
  const networkProfile = { networkPlugin: "azure", serviceCidr: "10.0.0.0/16" };
  const cluster = openEstate().put(clusterId, body({ networkProfile, kubernetesVersion: "1.33" }));
  assert.deepEqual(cluster.properties["networkProfile"], networkProfile);
});

test("a pool's subnet must exist and may be joined", () => {
  const estate = openEstate();
  const pools = (vnetSubnetID: string) =>
    body({ agentPoolProfiles: [{ name: "a", vnetSubnetID }] });
  assert.match(estate.refusal(clusterId, pools(subnetId))[0] ?? "", /^InvalidResourceReference/);
  estate.put(vnetId, vnetBody("10.1.0.0/16", { "snet-pe": "10.1.1.0/24" }));
  assert.deepEqual(estate.refusal(clusterId, pools(subnetId)), []);
  assert.match(
    estate.refusal(clusterId, pools(`${subnetId} `))[0] ?? "",
    /^InvalidParameter: .*has a blank/,
  );
  estate.denied.add(
    `microsoft.network/virtualnetworks/subnets/join/action ${subnetId.toLowerCase()}`,
  );
  assert.match(estate.refusal(clusterId, pools(subnetId))[0] ?? "", /^LinkedAuthorizationFailed/);
});

const refused: readonly (readonly [string, JsonObject, RegExp])[] = [
  [
    "no pools",
    { agentPoolProfiles: null },
    /^InvalidParameter: Required parameter agentPoolProfiles/,
  ],
  [
    "a bad pool name",
    { agentPoolProfiles: [{ name: "Pool-1" }] },
    /^InvalidParameter: The agent pool name/,
  ],
  [
    "a service principal's secret",
    { servicePrincipalProfile: { clientId: "x", secret: "y" } },
    /^FeatureNotEmulated/,
  ],
  ["application monitoring", { azureMonitorProfile: { appMonitoring: {} } }, /^FeatureNotEmulated/],
  [
    "a property that AKS does not have",
    { azureMonitorProfil: {} },
    /^InvalidRequestContent: .*unknown/,
  ],
];
for (const [name, properties, says] of refused) {
  test(`a cluster with ${name} is refused`, () => {
    assert.match(openEstate().refusal(clusterId, body(properties))[0] ?? "", says);
  });
}

test("credentials of a cluster are refused by name", () => {
  const estate = openEstate();
  estate.put(clusterId, body());
  const answer = estate.act(clusterId, "listClusterUserCredential");
  assert.equal(answer.status, 400);
  assert.equal(stringAt(answer.body, "error", "code"), "FeatureNotEmulated");
});

const lawId = `${group}/providers/Microsoft.OperationalInsights/workspaces/law-1`;
const monitored = (config: JsonObject, name = "omsagent"): JsonObject =>
  body({ addonProfiles: { [name]: { enabled: true, config } } });

test("the add-on of Container insights names a workspace that is there, in any spelling, and has an identity", () => {
  const estate = openEstate();
  const config = { logAnalyticsWorkspaceResourceID: lawId, useAADAuth: "True" };
  assert.match(estate.refusal(clusterId, monitored(config))[0] ?? "", /^InvalidResourceReference/);
  estate.put(lawId, { location: "eastus" });
  const addon = at(
    estate.put(clusterId, monitored(config)).properties,
    "addonProfiles",
    "omsagent",
  );
  assert.deepEqual(at(addon, "config"), config);
  assert.match(
    stringAt(addon, "identity", "resourceId") ?? "",
    /userAssignedIdentities\/omsagent-aks1$/,
  );
  const lower = { loganalyticsworkspaceresourceid: lawId, useaadauth: "false" };
  const { properties } = estate.put(clusterId, monitored(lower, "omsAgent"));
  assert.deepEqual(Object.keys(at(properties, "addonProfiles") as JsonObject), ["omsagent"]);
  assert.equal(stringAt(properties, "addonProfiles", "omsagent", "config", "useAADAuth"), "false");
  const off = { addonProfiles: { omsagent: { enabled: false, config: null } } };
  assert.deepEqual(at(estate.put(clusterId, body(off)).properties, "addonProfiles"), {
    omsagent: { enabled: false },
  });
});

test("the add-on's settings are strings that are known, and linking the workspace needs the right to its keys", () => {
  const estate = openEstate();
  estate.put(lawId, { location: "eastus" });
  const refusal = (config: JsonObject): string =>
    estate.refusal(clusterId, monitored(config))[0] ?? "taken";
  const named = { logAnalyticsWorkspaceResourceID: lawId };
  assert.match(refusal({}), /^InvalidParameter: Container insights needs a workspace/);
  assert.match(refusal({ ...named, useAADAuth: true }), /^InvalidRequestContent/);
  assert.match(refusal({ ...named, useAADAuth: "yes" }), /^InvalidParameter: 'useAADAuth'/);
  assert.match(refusal({ ...named, other: "1" }), /^FeatureNotEmulated: The setting 'other'/);
  assert.match(
    refusal({ logAnalyticsWorkspaceResourceID: clusterId }),
    /^InvalidParameter: .*names a/,
  );
  const profile = (id: string | null) => ({
    azureMonitorProfile: {
      containerInsights: { enabled: true, logAnalyticsWorkspaceResourceId: id },
    },
  });
  assert.deepEqual(estate.refusal(clusterId, body(profile(lawId))), []);
  assert.match(estate.refusal(clusterId, body(profile(null)))[0] ?? "", /^InvalidParameter/);
  estate.denied.add(
    `microsoft.operationalinsights/workspaces/sharedkeys/read ${lawId.toLowerCase()}`,
  );
  assert.match(refusal(named), /^LinkedAuthorizationFailed/);
});
