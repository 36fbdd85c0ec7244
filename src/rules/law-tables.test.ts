/** What rules read of Log Analytics workspaces: their flags, flows that lead to them, tables and retention. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { graphFrom } from "../arm/index.ts";
import type { ArmResource, JsonObject } from "../arm/index.ts";
import { lawByCustomerId, lawOf, lawsOf, lawTablesOf, logFlowsOf, types } from "./index.ts";

const group = "/subscriptions/s/resourceGroups/g/providers";
const lawId = `${group}/Microsoft.OperationalInsights/workspaces/law-1`;
const ruleId = `${group}/Microsoft.Insights/dataCollectionRules/rule-1`;
const customerId = "0000000A-0000-4000-8000-000000000001";
const made = (id: string, type: string, properties: JsonObject): ArmResource => ({
  id,
  name: id.slice(id.lastIndexOf("/") + 1),
  type,
  location: "West Europe",
  properties,
});
const law = made(lawId, types.law, {
  customerId,
  retentionInDays: 60,
  publicNetworkAccessForQuery: "Disabled",
  workspaceCapping: { dailyQuotaGb: 0.5 },
  features: { disableLocalAuth: true },
});

test("a workspace is found by its id and by its customer id in any case, with Azure's defaults where it is silent", () => {
  const graph = graphFrom([law, made(`${lawId}-2`, types.law, {})]);
  assert.deepEqual(
    lawsOf(graph).map(({ name }) => name),
    ["law-1"],
    "one without a customer id has no hosts, and is none yet",
  );
  const view = lawOf(graph, lawId.toUpperCase());
  assert.equal(view, lawByCustomerId(graph, customerId.toLowerCase()));
  assert.deepEqual(
    [view?.region, view?.publicIngestion, view?.publicQuery, view?.localAuthDisabled],
    ["westeurope", "Enabled", "Disabled", true],
  );
  assert.deepEqual([view?.dailyQuotaGb, view?.retentionDays], [0.5, 60]);
  assert.equal(lawOf(graph, ruleId), undefined);
  assert.equal(lawByCustomerId(graph, "__proto__"), undefined);
});

test("a workspace has Azure's tables and its own, each kept as long as it or the workspace says", () => {
  const table = (name: string, properties: JsonObject) =>
    made(`${lawId}/tables/${name}`, types.lawTable, properties);
  const columns = [
    { name: "TimeGenerated", type: "dateTime" },
    { name: "Paid", type: "boolean" },
    { name: "What", type: "geography" },
    { name: "Type", type: "string" },
  ];
  const graph = graphFrom([
    law,
    table("Orders_CL", { retentionInDays: 7, schema: { columns } }),
    table("Perf", { retentionInDays: 4, schema: { columns: [] } }),
  ]);
  const tables = lawTablesOf(graph, lawId);
  assert.equal(tables.size, 17);
  assert.equal(tables, lawTablesOf(graph, lawId));
  assert.equal(tables.get("Heartbeat")?.retentionDays, 60);
  assert.equal(tables.get("Perf")?.retentionDays, 4);
  assert.ok((tables.get("Perf")?.columns.length ?? 0) > 10, "Azure's columns stay");
  const orders = tables.get("Orders_CL");
  assert.deepEqual([orders?.kind, orders?.retentionDays], ["custom", 7]);
  assert.deepEqual(
    orders?.columns.map(({ name, type }) => `${name}:${type}`),
    [
      "TenantId:string",
      "TimeGenerated:datetime",
      "Paid:bool",
      "SourceSystem:string",
      "Type:string",
      "_ResourceId:string",
      "_SubscriptionId:string",
      "_TimeReceived:datetime",
    ],
  );
  assert.equal(lawTablesOf(graph, ruleId).size, 0);
});

test("flows are those that lead to workspaces, with what is done to their records", () => {
  const rule = made(ruleId, types.dcr, {
    destinations: {
      logAnalytics: [{ name: "la", workspaceResourceId: lawId }],
      monitoringAccounts: [{ name: "m", accountResourceId: "/x" }],
    },
    dataFlows: [
      { streams: ["Microsoft-PrometheusMetrics"], destinations: ["m"] },
      {
        streams: ["Custom-A"],
        destinations: ["la"],
        transformKql: "source",
        outputStream: "Custom-A_CL",
      },
    ],
  });
  assert.deepEqual(logFlowsOf(graphFrom([rule]), ruleId.toLowerCase()), [
    {
      streams: ["Custom-A"],
      lawIds: [lawId],
      transformKql: "source",
      outputStream: "Custom-A_CL",
    },
  ]);
  assert.deepEqual(logFlowsOf(graphFrom([]), ruleId), []);
});
