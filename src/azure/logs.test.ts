/** The vocabulary of logs: tables and columns, the ways of records to them, workspace regions and hosts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  containerInsightsGroup,
  containerInsightsStreams,
  defaultWorkspace,
  highScaleStream,
  logsQueryHosts,
  logStreams,
  logTableOf,
  logTables,
  odsDataTypes,
  privateAlias,
  publicAddressOf,
  publicAlias,
  regions,
  standardLogColumns,
  streamsNamed,
  workspaceHosts,
  workspaceRegionOf,
} from "./index.ts";

const types = new Set(["bool", "datetime", "dynamic", "int", "long", "real", "string"]);

test("a workspace has sixteen tables, each with the standard columns, no column twice, and types that KQL knows", () => {
  assert.equal(logTables.length, 16);
  for (const { name, columns } of logTables) {
    const names = columns.map((column) => column.name);
    assert.equal(new Set(names).size, names.length, name);
    for (const column of columns) assert.ok(types.has(column.type), `${name}.${column.name}`);
    for (const { name: standard } of standardLogColumns) assert.ok(names.includes(standard), name);
  }
  assert.equal(logTableOf("ContainerLogV2")?.basicPlan, true);
  assert.equal(logTableOf("containerlogv2"), undefined);
  const message = logTableOf("ContainerLogV2")?.columns.find(({ name }) => name === "LogMessage");
  assert.equal(message?.type, "dynamic");
});

test("every data type of ODS fills a table, and its wire names lead to columns of it", () => {
  for (const { dataType, table, columns, unfold } of odsDataTypes.values()) {
    const names = logTableOf(table)?.columns.map(({ name }) => name) ?? [];
    assert.ok(names.length > 0, dataType);
    for (const column of Object.values(columns)) assert.ok(names.includes(column), column);
    assert.equal(unfold, dataType === "LINUX_PERF_BLOB" ? "perf" : undefined);
  }
});

test("the group of Container insights is its twelve streams, and only the high-scale stream has no data type", () => {
  assert.deepEqual(
    streamsNamed(containerInsightsGroup).map(({ name }) => name),
    containerInsightsStreams,
  );
  assert.equal(containerInsightsStreams.length, 12);
  assert.deepEqual(streamsNamed("Microsoft-Nothing"), []);
  for (const stream of logStreams.values()) {
    assert.equal(stream.highScale, stream.name === highScaleStream);
    assert.equal(stream.dataType === undefined, stream.highScale);
    assert.ok(logTableOf(stream.table) !== undefined, stream.name);
  }
});

test("a default workspace stands where the tooling puts it, in every cloud", () => {
  const cases = [
    ["West Europe", undefined, "westeurope", "WEU"],
    ["westindia", "AzureCloud", "centralindia", "CID"],
    ["germanynorth", "AzureCloud", "germanywestcentral", "DEWC"],
    ["southafricawest", "AzureCloud", "southafricanorth", "JNB"],
    ["centraluseuap", "AzureCloud", "eastus2euap", "EAP"],
    ["polandcentral", "AzureCloud", "eastus", "EUS"],
    ["__proto__", "AzureCloud", "eastus", "EUS"],
    ["chinanorth", "AzureChinaCloud", "chinaeast2", "EAST2"],
    ["usgovtexas", "AzureUSGovernment", "usgovvirginia", "USGV"],
    ["usgovarizona", "AzureUSGovernment", "usgovarizona", "PHX"],
    ["usnateast", "USNat", "usnateast", "USNE"],
    ["ussecwest", "USSec", "ussecwest", "USSW"],
  ] as const;
  for (const [location, cloudName, region, code] of cases) {
    assert.deepEqual(workspaceRegionOf(location, cloudName), { region, code }, location);
  }
  for (const { name } of regions) assert.notEqual(workspaceRegionOf(name).code, "", name);
  assert.deepEqual(defaultWorkspace({ subscriptionId: "s-1", location: "eastus2" }), {
    region: "eastus2",
    code: "EUS2",
    resourceGroup: "DefaultResourceGroup-EUS2",
    name: "DefaultWorkspace-s-1-EUS2",
  });
});

test("a workspace's hosts are named after its customer id, and have aliases in three zones of a scope", () => {
  const hosts = workspaceHosts("ABCDEF00-0000-4000-8000-000000000001");
  const label = "abcdef00-0000-4000-8000-000000000001";
  assert.deepEqual(hosts, {
    ods: `${label}.ods.opinsights.azure.com`,
    oms: `${label}.oms.opinsights.azure.com`,
    agentService: `${label}.agentsvc.azure-automation.net`,
  });
  const zones = Object.values(hosts).map((host) => privateAlias(host)?.zone);
  assert.deepEqual(zones, [
    "privatelink.ods.opinsights.azure.com",
    "privatelink.oms.opinsights.azure.com",
    "privatelink.agentsvc.azure-automation.net",
  ]);
});

test("queries have three hosts, and public DNS leads two of them to the one that a private link takes over", () => {
  assert.deepEqual(
    logsQueryHosts.map((host) => publicAlias(host)),
    [undefined, "api.monitor.azure.com", "api.monitor.azure.com"],
  );
  assert.equal(new Set(logsQueryHosts.map((host) => publicAddressOf(host))).size, 1);
});
