/** Data collection rules of logs: the rule of Container insights, syslog, streams of one's own, and transformations. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { listAt, stringAt } from "../../arm/index.ts";
import type { JsonObject, QueryChecked } from "../../arm/index.ts";
import { containerInsightsGroup, containerInsightsStreams } from "../../azure/index.ts";
import { limits } from "../../core/index.ts";
import type { LogColumn } from "../../core/index.ts";
import { dceBody, dceId, group, insights, openEstate, workspaceId } from "../testing/estate.ts";
import { ruleQueries } from "./rule-queries.ts";

const lawId = `${group}/providers/Microsoft.OperationalInsights/workspaces/law-1`;
const ruleId = `${insights}/dataCollectionRules/MSCI-eastus-aks1`;
const all = [containerInsightsGroup];
const la = { name: "la-workspace", workspaceResourceId: lawId };
const highScale = "Microsoft-ContainerLogV2-HighScale";

const extension = (streams: readonly string[], settings: JsonObject = {}): JsonObject => ({
  name: "ContainerInsightsExtension",
  streams,
  extensionName: "ContainerInsights",
  extensionSettings: { dataCollectionSettings: settings },
});
const flow = (streams: readonly string[], more: JsonObject = {}): JsonObject => ({
  streams,
  destinations: ["la-workspace"],
  ...more,
});
const rule = (properties: JsonObject = {}): JsonObject => ({
  location: "eastus",
  kind: "Linux",
  properties: {
    dataSources: { extensions: [extension(all, { enableContainerLogV2: true })] },
    destinations: { logAnalytics: [la] },
    dataFlows: [flow(all)],
    dataCollectionEndpointId: null,
    ...properties,
  },
});

function estateWithWorkspace() {
  const estate = openEstate();
  estate.put(lawId, { location: "eastus" });
  estate.put(dceId, dceBody);
  const refusal = (properties: JsonObject): string =>
    estate.refusal(ruleId, rule(properties)).join("\n") || "taken";
  return { estate, refusal };
}

test("the rule of Container insights is kept as it is sent, with the workspace's customer id", () => {
  const { estate } = estateWithWorkspace();
  const { properties } = estate.put(
    ruleId,
    rule({ destinations: { logAnalytics: [{ ...la, workspaceResourceId: lawId.toLowerCase() }] } }),
  );
  const [destination] = listAt(properties, "destinations", "logAnalytics");
  assert.equal(stringAt(destination, "workspaceResourceId"), lawId);
  const customerId = stringAt(estate.get(lawId).properties, "customerId");
  assert.equal(stringAt(destination, "workspaceId"), customerId);
  const again = estate.put(ruleId, { location: "eastus", kind: "Linux", properties });
  assert.deepEqual(again.properties, properties);
});

test("the settings of Container insights hold the limits that az holds before it sends", () => {
  const { refusal } = estateWithWorkspace();
  const settings = (given: JsonObject) =>
    refusal({ dataSources: { extensions: [extension(all, given)] } });
  for (const interval of ["1m", "30m"]) assert.equal(settings({ interval }), "taken");
  for (const interval of ["0m", "31m", "60s", "m", "1"]) {
    assert.match(settings({ interval }), /InvalidExtensionSettings: The interval is/, interval);
  }
  assert.equal(
    settings({ namespaceFilteringMode: "exclude", namespaces: ["kube-system"] }),
    "taken",
  );
  assert.match(settings({ namespaceFilteringMode: "Some" }), /^InvalidRequestContent/);
  const namespaces = (count: number) =>
    settings({ namespaces: Array.from({ length: count }, (_, at) => `n${at}`) });
  assert.equal(namespaces(limits.filteredNamespacesMax), "taken");
  assert.match(namespaces(limits.filteredNamespacesMax + 1), /^InvalidRequestContent/);
  assert.match(settings({ unknown: true }), /^InvalidRequestContent|^FeatureNotEmulated/);
});

test("streams are known and carried: by their group, by themselves, and the high-scale one through an endpoint", () => {
  const { refusal } = estateWithWorkspace();
  assert.equal(refusal({ dataFlows: [flow(containerInsightsStreams)] }), "taken");
  const sources = (streams: readonly string[]) => ({
    dataSources: { extensions: [extension(streams)] },
  });
  assert.equal(refusal(sources(["Microsoft-Perf"])), "taken");
  assert.match(
    refusal({ dataFlows: [flow(["Microsoft-Perf"])] }),
    /InvalidStream: No data flow carries the stream 'Microsoft-ContainerInsights-Group-Default'/,
  );
  assert.match(
    refusal(sources(["Microsoft-RetinaNetworkFlowLogs"])),
    /InvalidStream: The extension/,
  );
  assert.match(
    refusal({ dataFlows: [flow(all), flow(["Microsoft-X"])] }),
    /InvalidStream: The stream 'Microsoft-X' cannot go/,
  );
  assert.match(refusal({ dataFlows: [flow(all), flow(["Custom-X"])] }), /is not declared/);
  const scaled = { ...sources([highScale]), dataFlows: [flow([highScale])] };
  assert.match(refusal(scaled), /needs a data collection endpoint/);
  assert.equal(refusal({ ...scaled, dataCollectionEndpointId: dceId }), "taken");
  const other = { dataSources: { extensions: [{ ...extension(all), extensionName: "Other" }] } };
  assert.match(refusal(other), /FeatureNotEmulated: The extension 'Other'/);
});

test("syslog has its own stream, and as many facilities as the limit", () => {
  const { refusal } = estateWithWorkspace();
  const facilities =
    "auth authpriv cron daemon mark kern local0 local1 local2 local3 local4 local5 local6 local7 lpr mail news syslog user uucp".split(
      " ",
    );
  const syslog = (facilityNames: readonly string[], streams = ["Microsoft-Syslog"]) =>
    refusal({
      dataSources: {
        syslog: [
          { name: "sysLogsDataSource", streams, facilityNames, logLevels: ["Debug", "Emergency"] },
        ],
      },
      dataFlows: [flow(["Microsoft-Syslog"])],
    });
  assert.equal(facilities.length, limits.syslogFacilitiesMax);
  assert.equal(syslog(facilities), "taken");
  assert.match(syslog([...facilities, "ftp"]), /21 items/);
  assert.match(syslog(["none"]), /^InvalidRequestContent/);
  assert.match(syslog(["auth"], ["Microsoft-Perf"]), /InvalidStream: A syslog source/);
});

test("a workspace exists, stands in the rule's region and may be read, and a stream goes to one of them", () => {
  const { estate, refusal } = estateWithWorkspace();
  const to = (id: string) => ({
    destinations: { logAnalytics: [{ ...la, workspaceResourceId: id }] },
  });
  assert.match(refusal(to(`${lawId}x`)), /^LinkedResourceNotFound/);
  estate.put(`${lawId}-w`, { location: "westus" });
  assert.match(
    refusal(to(`${lawId}-w`)),
    /^InvalidRegion: The Log Analytics workspace is in 'westus'/,
  );
  estate.put(`${lawId}-2`, { location: "eastus" });
  const two = { ...la, name: "two", workspaceResourceId: `${lawId}-2` };
  const several = {
    destinations: { logAnalytics: [la, two] },
    dataFlows: [flow(all), { streams: ["Microsoft-Perf"], destinations: ["two"] }],
  };
  assert.match(refusal(several), /InvalidDestination: The stream 'Microsoft-Perf' goes to two/);
  estate.put(workspaceId, { location: "eastus" });
  const mixed = {
    destinations: {
      logAnalytics: [la],
      monitoringAccounts: [{ name: "m", accountResourceId: workspaceId }],
    },
    dataFlows: [flow(all), { streams: ["Microsoft-Perf"], destinations: ["m"] }],
  };
  assert.match(refusal(mixed), /InvalidStream: The stream 'Microsoft-Perf' is not supported/);
  estate.denied.add(`microsoft.operationalinsights/workspaces/read ${lawId.toLowerCase()}`);
  assert.match(refusal({}), /^LinkedAuthorizationFailed/);
});

const columns = [
  { name: "TimeGenerated", type: "datetime" },
  { name: "Amount", type: "real" },
];
const declared = { streamDeclarations: { "Custom-Orders": { columns } } };
const orders = (more: JsonObject = {}) => ({
  ...declared,
  dataSources: {},
  dataFlows: [flow(["Custom-Orders"], { outputStream: "Custom-Orders_CL", ...more })],
});

test("a stream of one's own is declared, and goes to a table that is there", () => {
  const { estate, refusal } = estateWithWorkspace();
  assert.match(
    refusal(orders()),
    /InvalidOutputTable: Table for output stream 'Custom-Orders_CL' is not available for destination 'la-workspace'/,
  );
  estate.put(`${lawId}/tables/Orders_CL`, {
    properties: {
      schema: {
        columns: [
          { name: "TimeGenerated", type: "dateTime" },
          { name: "Amount", type: "real" },
        ],
      },
    },
  });
  assert.equal(refusal(orders()), "taken");
  assert.match(refusal(orders({ outputStream: null })), /needs an 'outputStream'/);
  assert.match(refusal(orders({ outputStream: "Microsoft-Usage" })), /InvalidOutputTable/);
  assert.match(
    refusal({ streamDeclarations: { Orders: { columns } } }),
    /InvalidStreamDeclaration: A declared stream is named 'Custom-'/,
  );
  const twice = { streamDeclarations: { "Custom-A": { columns: [...columns, columns[1] ?? {}] } } };
  assert.match(refusal(twice), /InvalidStreamDeclaration: The column 'Amount' is given twice/);
  assert.match(
    refusal({ dataFlows: [flow(all, { transformKql: "source" })] }),
    /FeatureNotEmulated: A flow with/,
  );
  const kql = (chars: number) => orders({ transformKql: `source${" ".repeat(chars - 6)}` });
  assert.equal(refusal(kql(limits.transformKqlCharsMax)), "taken");
  assert.match(refusal(kql(limits.transformKqlCharsMax + 1)), /^InvalidRequestContent/);
});

test("a transformation reads the declared columns, and what it gives must fit the table", () => {
  const { estate } = estateWithWorkspace();
  estate.put(`${lawId}/tables/Orders_CL`, {
    properties: {
      schema: {
        columns: [
          { name: "TimeGenerated", type: "dateTime" },
          { name: "Amount", type: "real" },
        ],
      },
    },
  });
  const asked = (properties: JsonObject) =>
    ruleQueries(
      {
        location: "eastus",
        tags: undefined,
        properties: rule(properties)["properties"] as JsonObject,
        top: {},
      },
      estate.graph(),
    );
  assert.deepEqual(asked(orders({ transformKql: " source " })), []);
  const [query] = asked(orders({ transformKql: "source | where Amount > 1" }));
  assert.deepEqual(query?.source, { name: "source", columns });
  const judge = (checked: QueryChecked): string =>
    (query?.judge(checked) ?? []).map(({ code, message }) => `${code}: ${message}`).join("\n");
  const gives = (columns: readonly LogColumn[]) => judge({ ok: true, columns });
  const time: LogColumn = { name: "TimeGenerated", type: "datetime" };
  assert.equal(
    gives([time, { name: "Amount", type: "real" }, { name: "More", type: "string" }]),
    "",
  );
  assert.equal(
    gives([time, { name: "Amount", type: "string" }]),
    "InvalidPayload: Data collection rule is invalid\nInvalidTransformOutput: Types of transform output columns do not match the ones defined by the output stream: Amount [produced:'string', output:'real']",
  );
  assert.match(
    gives([{ name: "Amount", type: "real" }]),
    /InvalidTransformOutput: .*no column 'TimeGenerated'/,
  );
  const says = (kind: "semantic" | "unsupported") =>
    judge({ ok: false, problems: [{ kind, code: "KS142", says: "The name 'x' is unknown." }] });
  assert.match(says("semantic"), /InvalidTransformQuery: .*KS142: The name 'x'/);
  assert.match(says("unsupported"), /FeatureNotEmulated: The transformation is not emulated/);
});
