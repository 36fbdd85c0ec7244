/** Log Analytics workspaces: their shape, their tables and keys, and their links with private link scopes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { at, listAt, stringAt } from "../../arm/index.ts";
import type { JsonObject } from "../../arm/index.ts";
import { limits } from "../../core/index.ts";
import { endpointId, group, linkedEstate, openEstate, scopeId } from "../testing/estate.ts";
import { logAnalyticsWorkspaces } from "./workspaces.ts";

const lawId = `${group}/providers/Microsoft.OperationalInsights/workspaces/law-1`;
const guid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
const body = (properties: JsonObject = {}): JsonObject => ({ location: "eastus", properties });
const time = { name: "TimeGenerated", type: "dateTime" };
const custom = (columns: readonly JsonObject[]): JsonObject => ({
  properties: { schema: { columns } },
});

test("a workspace has a customer id of its own, open flags, thirty days and no cap, and keeps what it was", () => {
  const estate = openEstate();
  const made = estate.put(lawId, body({ sku: { name: "standalone" } }), "2015-11-01-preview");
  const { properties } = made;
  assert.match(stringAt(properties, "customerId") ?? "", guid);
  assert.equal(stringAt(properties, "sku", "name"), "Standalone");
  assert.equal(properties["retentionInDays"], 30);
  assert.equal(properties["publicNetworkAccessForIngestion"], "Enabled");
  assert.equal(properties["publicNetworkAccessForQuery"], "Enabled");
  const closed = { ...properties, publicNetworkAccessForIngestion: "Disabled" };
  assert.deepEqual(estate.put(lawId, body(closed)).properties, closed);
});

test("the daily cap is written as a double, whatever the version", () => {
  const estate = openEstate();
  estate.put(lawId, body());
  const shown = (): string => JSON.stringify(estate.view(lawId, "2022-10-01"));
  assert.match(shown(), /"workspaceCapping":\{"dailyQuotaGb":-1\.0\}/);
  estate.put(lawId, body({ workspaceCapping: { dailyQuotaGb: 0.5 } }));
  assert.match(shown(), /"dailyQuotaGb":0\.5\}/);
  assert.equal(
    at(estate.get(lawId).properties, "workspaceCapping", "dailyQuotaGb"),
    0.5,
    "the graph holds a number",
  );
});

test("retention and cap hold their limits, and what is not emulated is refused by name", () => {
  const estate = openEstate();
  const refusal = (properties: JsonObject): string =>
    estate.refusal(lawId, body(properties))[0] ?? "taken";
  const { logRetentionDaysMin, logRetentionDaysMax, dailyQuotaGbMin } = limits;
  assert.equal(refusal({ retentionInDays: logRetentionDaysMin }), "taken");
  assert.match(
    refusal({ retentionInDays: logRetentionDaysMin - 1 }),
    /^InvalidParameter: .*30 to 730/,
  );
  assert.equal(refusal({ retentionInDays: logRetentionDaysMax }), "taken");
  assert.match(refusal({ retentionInDays: logRetentionDaysMax + 1 }), /^InvalidRequestContent/);
  assert.equal(refusal({ retentionInDays: 7, sku: { name: "Free" } }), "taken");
  assert.match(refusal({ retentionInDays: 30, sku: { name: "Free" } }), /takes 7 days/);
  const quota = (dailyQuotaGb: number) => refusal({ workspaceCapping: { dailyQuotaGb } });
  assert.equal(quota(dailyQuotaGbMin), "taken");
  assert.match(quota(dailyQuotaGbMin - 0.001), /^InvalidParameter: 'DailyQuotaGb' is 0.022/);
  assert.match(quota(-2), /or -1 for no cap/);
  const named = [
    { publicNetworkAccessForQuery: "SecuredByPerimeter" },
    { sku: { name: "LACluster" } },
    { sku: { name: "CapacityReservation" } },
    { forceCmkForQuery: true },
    { features: { enableDataExport: true } },
    { replication: { enabled: true } },
    { defaultDataCollectionRuleResourceId: "/subscriptions/s" },
  ];
  for (const properties of named) {
    assert.match(refusal(properties), /^FeatureNotEmulated/, JSON.stringify(properties));
  }
  const identity = { ...body(), identity: { type: "SystemAssigned" } };
  assert.match(estate.refusal(lawId, identity)[0] ?? "", /^FeatureNotEmulated/);
  assert.match(
    estate.refusal(`${group}/providers/Microsoft.OperationalInsights/workspaces/law`, body())[0] ??
      "",
    /4 to 63 letters/,
  );
});

test("keys are in no resource, and both are answered on request and made anew", async () => {
  const estate = openEstate();
  const { properties } = estate.put(lawId, body());
  assert.doesNotMatch(JSON.stringify(estate.get(lawId)), /[Kk]ey/);
  const paths = logAnalyticsWorkspaces.actions?.map(({ path, method }) => `${method} ${path}`);
  assert.deepEqual(paths, ["POST sharedkeys", "POST listkeys", "POST regeneratesharedkey"]);
  const customerId = stringAt(properties, "customerId") ?? "";
  const expected = { primarySharedKey: `1 ${customerId}`, secondarySharedKey: `2 ${customerId}` };
  assert.deepEqual(await estate.ask(lawId, "sharedKeys"), { status: 200, body: expected });
  const renewed = await estate.ask(lawId, "regenerateSharedKey");
  assert.deepEqual(renewed.body, { primarySharedKey: "new 1", secondarySharedKey: "new 2" });
});

test("a linked workspace shows the scope, cannot be deleted, and has a member for each of its hosts", () => {
  const estate = linkedEstate();
  const { properties } = estate.put(lawId, body());
  const customerId = stringAt(properties, "customerId") ?? "";
  const linkId = `${scopeId}/scopedResources/law-1-connection`;
  estate.put(linkId, { properties: { linkedResourceId: lawId } });
  const [shown] = listAt(estate.get(lawId).properties, "privateLinkScopedResources");
  assert.equal(stringAt(shown, "resourceId"), linkId);
  assert.match(stringAt(shown, "scopeId") ?? "", guid);
  assert.match(estate.deleteRefusal(lawId)[0] ?? "", /^ResourceIsScoped: .*law-1-connection/);
  const names = listAt(estate.get(endpointId).properties, "customDnsConfigs")
    .map((config) => stringAt(config, "fqdn") ?? "")
    .filter((name) => name.startsWith(customerId));
  assert.deepEqual(names, [
    `${customerId}.oms.opinsights.azure.com`,
    `${customerId}.ods.opinsights.azure.com`,
    `${customerId}.agentsvc.azure-automation.net`,
  ]);
  estate.delete(linkId);
  assert.deepEqual(listAt(estate.get(lawId).properties, "privateLinkScopedResources"), []);
  estate.delete(lawId);
  assert.equal(estate.find(lawId), undefined);
});

test("workspaces of one region share their addresses, one for each zone", () => {
  const estate = linkedEstate();
  const addresses = (): number =>
    listAt(
      estate.graph().ofType("Microsoft.Network/networkInterfaces")[0]?.properties,
      "ipConfigurations",
    ).length;
  const before = addresses();
  for (const [index, location] of ["eastus", "eastus", "westeurope"].entries()) {
    const id = `${lawId}-${index}`;
    estate.put(id, { location });
    estate.put(`${scopeId}/scopedResources/${index}`, { properties: { linkedResourceId: id } });
    assert.equal(addresses() - before, index < 2 ? 3 : 6);
  }
});

test("a workspace has the tables of Azure, whose retention is its own or the workspace's", () => {
  const estate = openEstate();
  estate.put(lawId, body());
  const tables = estate.graph().under(lawId, "Microsoft.OperationalInsights/workspaces/tables");
  assert.equal(tables.length, 16);
  const tableId = `${lawId}/tables/ContainerLogV2`;
  const before = estate.get(tableId).properties;
  assert.equal(before["retentionInDays"], 30);
  assert.equal(before["retentionInDaysAsDefault"], true);
  const names = listAt(before, "schema", "columns").map((column) => stringAt(column, "name"));
  assert.ok(names.includes("LogMessage") && names.includes("TimeGenerated"));
  assert.deepEqual(estate.put(tableId, { properties: before }).properties, before);
  estate.put(lawId, body({ retentionInDays: 90 }));
  assert.equal(estate.get(tableId).properties["retentionInDays"], 90);
  const own = estate.put(tableId, { properties: { retentionInDays: 4 } }).properties;
  assert.equal(own["retentionInDays"], 4);
  assert.equal(own["totalRetentionInDays"], 4);
  estate.put(lawId, body({ retentionInDays: 60 }));
  assert.equal(estate.get(tableId).properties["retentionInDays"], 4);
  const again = estate.put(tableId, { properties: { retentionInDays: -1 } }).properties;
  assert.deepEqual([again["retentionInDays"], again["retentionInDaysAsDefault"]], [60, true]);
  const refusal = (properties: JsonObject) => estate.refusal(tableId, { properties })[0] ?? "taken";
  assert.match(refusal({ retentionInDays: limits.tableRetentionDaysMin - 1 }), /^InvalidParameter/);
  assert.match(
    refusal({ totalRetentionInDays: limits.logTotalRetentionDaysMax }),
    /^FeatureNotEmulated: .*archive/,
  );
  assert.match(
    refusal({ totalRetentionInDays: limits.logTotalRetentionDaysMax + 1 }),
    /^InvalidRequestContent/,
  );
  assert.match(refusal({ plan: "Basic" }), /^FeatureNotEmulated/);
  assert.match(refusal({ schema: { columns: [time] } }), /^FeatureNotEmulated: Custom columns/);
  assert.match(estate.deleteRefusal(tableId)[0] ?? "", /^InvalidOperation/);
});

test("a custom table has columns, keeps those that it had, and goes", () => {
  const estate = openEstate();
  estate.put(lawId, body());
  const tableId = `${lawId}/tables/Orders_CL`;
  const columns = [time, { name: "Amount", type: "real" }];
  const { properties } = estate.put(tableId, custom(columns));
  assert.equal(stringAt(properties, "schema", "tableType"), "CustomLog");
  assert.deepEqual(estate.put(tableId, { properties }).properties, properties);
  const refusal = (sent: JsonObject, id = tableId) => estate.refusal(id, sent)[0] ?? "taken";
  assert.equal(refusal(custom([...columns, { name: "Note", type: "string" }])), "taken");
  assert.match(
    refusal(custom([time])),
    /^FeatureNotEmulated: The column 'Amount' cannot be removed/,
  );
  assert.match(
    refusal(custom([time, { name: "Amount", type: "long" }])),
    /^InvalidParameter: .*cannot be changed/,
  );
  assert.match(refusal(custom([...columns, { name: "TenantId", type: "guid" }])), /is reserved/);
  assert.match(refusal(custom([...columns, { name: "amount", type: "real" }])), /given twice/);
  assert.match(
    refusal(custom([...columns, { name: "9x", type: "real" }])),
    /^InvalidRequestContent/,
  );
  assert.match(
    refusal({ properties: { schema: { name: "Other_CL" } } }),
    /the table's is 'Orders_CL'/,
  );
  const fresh = `${lawId}/tables/Fresh_CL`;
  assert.match(
    refusal(custom([{ name: "A", type: "int" }]), fresh),
    /needs the column 'TimeGenerated'/,
  );
  assert.match(refusal(custom([time]), `${lawId}/tables/Fresh`), /^InvalidResourceName/);
  const wide = (count: number) =>
    custom([
      time,
      ...Array.from({ length: count - 1 }, (_, at) => ({ name: `C${at}`, type: "int" })),
    ]);
  assert.equal(refusal(wide(limits.columnsPerTableMax), fresh), "taken");
  assert.match(refusal(wide(limits.columnsPerTableMax + 1), fresh), /^InvalidRequestContent/);
  estate.delete(tableId);
  assert.equal(estate.find(tableId), undefined);
});

test("a workspace takes so many custom tables and no more", () => {
  const estate = openEstate();
  estate.put(lawId, body());
  const type = "Microsoft.OperationalInsights/workspaces/tables";
  const seeded = (from: number, to: number) =>
    estate.seed(
      Array.from({ length: to - from }, (_, at) => ({
        id: `${lawId}/tables/T${from + at}_CL`,
        name: `T${from + at}_CL`,
        type,
        properties: {},
      })),
    );
  seeded(0, limits.customTablesPerWorkspaceMax - 1);
  const one = `${lawId}/tables/One_CL`;
  assert.deepEqual(estate.refusal(one, custom([time])), []);
  seeded(limits.customTablesPerWorkspaceMax - 1, limits.customTablesPerWorkspaceMax);
  assert.match(estate.refusal(one, custom([time]))[0] ?? "", /^TableLimitExceeded/);
});
