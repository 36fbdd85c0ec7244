/** Azure Monitor workspaces: their shape, what comes and goes with them, and their versions. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { listAt, stringAt } from "../../arm/index.ts";
import {
  group,
  linkedEstate,
  openEstate,
  scopeId,
  subscription,
  workspaceId,
} from "../testing/estate.ts";

const managed = `${subscription}/resourceGroups/MA_amw1_eastus_managed`;
const defaultDce = `${managed}/providers/Microsoft.Insights/dataCollectionEndpoints/amw1`;
const defaultDcr = `${managed}/providers/Microsoft.Insights/dataCollectionRules/amw1`;

test("a workspace has an account id, a query host with a key of 16 characters, and its default endpoint and rule", () => {
  const estate = openEstate();
  const workspace = estate.put(workspaceId, { location: "eastus" });
  const { properties } = workspace;
  assert.match(stringAt(properties, "accountId") ?? "", /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
  assert.match(
    stringAt(properties, "metrics", "prometheusQueryEndpoint") ?? "",
    /^https:\/\/amw1-[a-z0-9]{16}\.eastus\.prometheus\.monitor\.azure\.com$/,
  );
  assert.equal(properties["publicNetworkAccess"], "Enabled");
  assert.equal(
    stringAt(properties, "defaultIngestionSettings", "dataCollectionEndpointResourceId"),
    defaultDce,
  );
  assert.equal(estate.get(managed).managedBy, workspaceId);
  const dce = estate.get(defaultDce);
  assert.equal(stringAt(dce.properties, "metadata", "provisionedBy"), "Microsoft.Monitor/accounts");
  assert.equal(stringAt(dce.properties, "metadata", "provisionedByResourceId"), workspaceId);
  const dcr = estate.get(defaultDcr);
  assert.equal(stringAt(dcr.properties, "dataCollectionEndpointId"), defaultDce);
  const [account] = listAt(dcr.properties, "destinations", "monitoringAccounts");
  assert.equal(stringAt(account, "accountResourceId"), workspaceId);
  assert.equal(stringAt(account, "accountId"), properties["accountId"]);
});

test("the default endpoint and rule are put back as they were read, and keep whose they are", () => {
  const estate = openEstate();
  estate.put(workspaceId, { location: "eastus" });
  for (const id of [defaultDce, defaultDcr]) {
    const before = estate.get(id);
    const after = estate.put(id, { location: "eastus", properties: before.properties });
    assert.deepEqual(after.properties, before.properties);
  }
});

test("a workspace that is put again keeps its account, host and defaults, and takes the new access", () => {
  const estate = openEstate();
  const before = estate.put(workspaceId, { location: "eastus" }).properties;
  const closed = { publicNetworkAccess: "Disabled" };
  const after = estate.put(workspaceId, { location: "eastus", properties: closed }).properties;
  assert.deepEqual(after, { ...before, ...closed });
});

test("each version shows what it has", () => {
  const estate = openEstate();
  estate.put(workspaceId, { location: "eastus" });
  const shown = (version: string) => estate.view(workspaceId, version).properties;
  assert.equal("publicNetworkAccess" in shown("2021-06-03-preview"), false);
  assert.equal("privateEndpointConnections" in shown("2021-06-03-preview"), false);
  assert.equal(shown("2023-04-03")["publicNetworkAccess"], "Enabled");
  const settings = (version: string) => shown(version)["defaultIngestionSettings"] ?? {};
  assert.equal("ingestionEndpoints" in (settings("2023-04-03") as object), false);
  assert.match(
    stringAt(settings("2025-05-03-preview"), "ingestionEndpoints", "metrics") ?? "",
    /\/dataCollectionRules\/dcr-[\da-f]{32}\/streams\/Microsoft-PrometheusMetrics\/api\/v1\/write\?api-version=2023-04-24$/,
  );
});

test("a workspace goes with its managed group, but not while a scope links its default endpoint", () => {
  const estate = linkedEstate();
  estate.put(workspaceId, { location: "eastus" });
  const link = `${scopeId}/scopedResources/amw1-connection`;
  estate.put(link, { properties: { linkedResourceId: defaultDce } });
  assert.match(estate.deleteRefusal(workspaceId)[0] ?? "", /^ResourceIsScoped: .*amw1-connection/);
  estate.delete(link);
  estate.delete(workspaceId);
  for (const id of [managed, defaultDce, defaultDcr]) assert.equal(estate.find(id), undefined);
});

test("a workspace is refused with a perimeter, with resource permissions, and where its managed group exists", () => {
  const estate = openEstate();
  const refusal = (properties: object) =>
    estate.refusal(workspaceId, { location: "eastus", properties: properties as never })[0] ?? "";
  assert.match(refusal({ publicNetworkAccess: "SecuredByPerimeter" }), /^FeatureNotEmulated/);
  assert.match(
    refusal({ metrics: { enableAccessUsingResourcePermissions: true } }),
    /^FeatureNotEmulated/,
  );
  estate.put(managed, { location: "eastus" });
  assert.match(refusal({}), /^ManagedResourceGroupExists/);
});

test("a workspace's name has letters, digits and hyphens, 44 at most", () => {
  const estate = openEstate();
  const refusal = (name: string) =>
    estate.refusal(`${group}/providers/Microsoft.Monitor/accounts/${name}`, { location: "eastus" });
  assert.deepEqual(refusal("a".repeat(44)), []);
  for (const name of ["a".repeat(45), "-abc", "abc-", "a_b", "__proto__"]) {
    assert.match(refusal(name)[0] ?? "", /^InvalidResourceName/);
  }
});

test("privateLinkResources of a workspace names prometheusMetrics", () => {
  const estate = openEstate();
  estate.put(workspaceId, { location: "eastus" });
  const { body } = estate.act(workspaceId, "privateLinkResources/prometheusMetrics");
  assert.equal(stringAt(body, "properties", "groupId"), "prometheusMetrics");
  assert.equal(
    stringAt(body, "properties", "requiredZoneNames", 0),
    "privatelink.eastus.prometheus.monitor.azure.com",
  );
});
