/** The planner of logs on plain data: order, names, what is kept, what blocks. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { at, stringAt } from "../../arm/index.ts";
import { planLogs } from "../index.ts";
import type { Change, LogsRequest, Observed, OnboardCode } from "../index.ts";
import { dce, group, ids, observedOf } from "../testing/plain-estate.ts";
import { askedLogs, clusterWith, logIds, logsRule, logWorkspace } from "../testing/plain-logs.ts";
import { logsNames } from "./logs-names.ts";
import { insightsStreams } from "./logs-rule.ts";

const observed = (...more: readonly Parameters<typeof observedOf>[0][]): Observed =>
  observedOf(Object.assign({}, logWorkspace(), ...more));
const asking = (more: Partial<LogsRequest>): LogsRequest => ({ ...askedLogs, ...more });
const blockersOf = (request: LogsRequest, seen: Observed): readonly OnboardCode[] =>
  planLogs(request, seen).blockers.map(({ code }) => code);
const short = ({ id, action, step }: Change): string => `${step} ${action} ${id.split("/").at(-1)}`;
const writes = (request: LogsRequest, seen: Observed): readonly Change[] =>
  planLogs(request, seen).changes.filter(({ action }) => action !== "none");
const streamsIn = (change: Change | undefined): unknown =>
  at(change?.after, "properties", "dataFlows", 0, "streams");

test("everything is there before the addon is enabled, and closing comes last", () => {
  const plan = planLogs(asking({ closeShared: true, closeQuery: true }), observed());
  assert.deepEqual(plan.blockers, []);
  const order = plan.changes.filter(({ action }) => action !== "none").map(short);
  assert.deepEqual(
    order.filter((line) => !line.startsWith("network")),
    [
      "scope create ampls",
      "collection create MSCI-config-westeurope-aks",
      "collection create MSCI-westeurope-aks",
      "links create MSCI-config-westeurope-aks-connection",
      "links create law-connection",
      "associations create ContainerInsightsExtension",
      "associations create configurationAccessEndpoint",
      "cluster update aks",
      "close update ampls",
      "close update law",
    ],
  );
  assert.deepEqual(plan.staysPublic, []);
  assert.ok(plan.waits.some(({ kind }) => kind === "data"));
});

test("the legacy order: workspace closed, scope open, endpoint, scope private, then the addon", () => {
  const plan = planLogs(asking({ auth: "legacy", closeShared: true }), observed());
  const order = plan.changes.filter(({ action }) => action !== "none").map(short);
  assert.equal(order[0], "isolate update law");
  assert.equal(order[1], "scope create ampls");
  const [endpoint, isPrivate, addon] = [
    order.findIndex((line) => line.startsWith("network create pe-")),
    order.indexOf("isolate update ampls"),
    order.indexOf("cluster update aks"),
  ];
  assert.ok(endpoint > 0 && endpoint < isPrivate && isPrivate < addon, order.join("\n"));
  assert.ok(!order.some((line) => line.includes("MSCI")), "legacy agents have no rule");
  const enabled = plan.changes.find(({ step }) => step === "cluster");
  const omsagent = at(enabled?.after, "properties", "addonProfiles", "omsagent");
  assert.equal(stringAt(omsagent, "config", "useAADAuth"), "false");
  assert.ok(plan.notes.some(({ says }) => says.includes("2026-09-30")));
});

test("the workspace's public flags change only with the flags that ask for it", () => {
  const flagsOf = (more: Partial<LogsRequest>): readonly unknown[] => {
    const change = writes(asking(more), observed()).find(({ id }) => id === logIds.workspace);
    return ["publicNetworkAccessForIngestion", "publicNetworkAccessForQuery"].map((name) =>
      at(change?.after, "properties", name),
    );
  };
  assert.deepEqual(flagsOf({}), [undefined, undefined]);
  assert.deepEqual(flagsOf({ auth: "legacy" }), [undefined, undefined]);
  assert.deepEqual(flagsOf({ closeShared: true }), ["Disabled", "Enabled"]);
  assert.deepEqual(flagsOf({ closeQuery: true }), ["Enabled", "Disabled"]);
  const open = planLogs(askedLogs, observed()).staysPublic.map(({ path, flag }) => [path, flag]);
  assert.deepEqual(open, [
    ["logs-ingestion", "--close-shared"],
    ["logs-query", "--close-query"],
    ["logs-query-arm", "--close-query"],
  ]);
});

test("high log scale makes an endpoint in the workspace's region, and names each stream", () => {
  const changes = writes(asking({ highLogScale: true, syslog: true }), observed());
  const rule = changes.find(({ id }) => id === logIds.rule);
  const streams = streamsIn(rule) as readonly string[];
  assert.equal(streams.length, 12);
  assert.ok(streams.includes("Microsoft-ContainerLogV2-HighScale"));
  assert.ok(!streams.includes("Microsoft-ContainerLogV2"));
  assert.equal(
    stringAt(rule?.after, "properties", "dataCollectionEndpointId"),
    logIds.ingestionDce,
  );
  assert.deepEqual(at(rule?.after, "properties", "dataFlows", 1, "streams"), ["Microsoft-Syslog"]);
  const linked = changes.filter(({ step }) => step === "links").map(short);
  assert.deepEqual(linked, [
    "links create MSCI-config-westeurope-aks-connection",
    "links create law-connection",
    "links create MSCI-ingest-westeurope-aks-connection",
  ]);
});

test("a rule of ours that stands gets the streams it lacks, and keeps its settings", () => {
  const seen = observed({
    [logIds.rule]: logsRule([logIds.workspace]),
    [ids.association("ContainerInsightsExtension")]: { dataCollectionRuleId: logIds.rule },
  });
  assert.ok(!writes(askedLogs, seen).some(({ id }) => id === logIds.rule), "it is kept");
  const rule = writes(asking({ highLogScale: true }), seen).find(({ id }) => id === logIds.rule);
  const settings = ["dataSources", "extensions", 0, "extensionSettings", "dataCollectionSettings"];
  assert.deepEqual(at(rule?.after, "properties", ...settings), {
    interval: "5m",
    enableContainerLogV2: true,
  });
  assert.equal((streamsIn(rule) as readonly string[]).length, 12);
});

test("high log scale that stands stays, where something else is asked for", () => {
  const scaled = {
    ...logsRule([logIds.workspace], insightsStreams({ highLogScale: true })),
    dataCollectionEndpointId: logIds.ingestionDce,
  };
  const seen = observed({
    [logIds.rule]: scaled,
    [logIds.ingestionDce]: dce("MSCI-ingest-westeurope-aks", "Disabled"),
    [ids.association("ContainerInsightsExtension")]: { dataCollectionRuleId: logIds.rule },
  });
  assert.ok(!writes(askedLogs, seen).some(({ id }) => id === logIds.rule), "nothing is asked");
  const rule = writes(asking({ syslog: true }), seen).find(({ id }) => id === logIds.rule);
  assert.ok((streamsIn(rule) as readonly string[]).includes("Microsoft-ContainerLogV2-HighScale"));
  assert.deepEqual(at(rule?.after, "properties", "dataFlows", 1, "streams"), ["Microsoft-Syslog"]);
  assert.match(rule?.says ?? "", /^Change the rule/);
});

test("a standing rule with streams of its owner's choice is kept, and asked things are added to it", () => {
  const own = ["Microsoft-ContainerLogV2", "Microsoft-KubeEvents"];
  const seen = observed({
    [logIds.rule]: logsRule([logIds.workspace], own),
    [ids.association("ContainerInsightsExtension")]: { dataCollectionRuleId: logIds.rule },
  });
  assert.ok(!writes(askedLogs, seen).some(({ id }) => id === logIds.rule));
  const rule = writes(asking({ syslog: true }), seen).find(({ id }) => id === logIds.rule);
  assert.deepEqual(streamsIn(rule), own);
});

test("a rule of another's making is kept, and blocks where it lacks streams", () => {
  const theirs = `${group}/providers/Microsoft.Insights/dataCollectionRules/theirs`;
  const seen = observed({
    [theirs]: logsRule([logIds.workspace]),
    [ids.association("their-association")]: { dataCollectionRuleId: theirs },
  });
  const plan = planLogs(askedLogs, seen);
  assert.deepEqual(plan.blockers, []);
  const kept = plan.changes.filter(({ because }) => because === "kept").map(short);
  assert.deepEqual(kept, ["collection none theirs", "associations none their-association"]);
  assert.deepEqual(blockersOf(asking({ syslog: true }), seen), ["RuleLacksStreams"]);
});

test("the endpoint that metrics get their configuration from is kept, linked, and serves logs too", () => {
  const seen = observed({
    [ids.dce]: dce("MSProm-westeurope-aks", "Disabled"),
    [ids.association("configurationAccessEndpoint")]: { dataCollectionEndpointId: ids.dce },
  });
  const changes = planLogs(askedLogs, seen).changes;
  assert.ok(!changes.some(({ id }) => id === logIds.configurationDce));
  assert.ok(changes.some((one) => short(one) === "links create MSProm-westeurope-aks-connection"));
  const association = changes.find(({ id }) => id.endsWith("/configurationAccessEndpoint"));
  assert.deepEqual([association?.action, association?.because], ["none", "kept"]);
});

test("an association with an endpoint that is gone is mended", () => {
  const gone = { dataCollectionEndpointId: `${ids.dce}-gone` };
  const seen = observed({ [ids.association("configurationAccessEndpoint")]: gone });
  const mended = writes(askedLogs, seen).find(({ because }) => because === "broken");
  assert.equal(
    stringAt(mended?.after, "properties", "dataCollectionEndpointId"),
    logIds.configurationDce,
  );
});

test("the default workspace follows the region of the cluster's group, and is made with its own", () => {
  const { workspaceId: _, ...without } = askedLogs;
  assert.deepEqual(blockersOf(without, observed()), ["ResourceMissing"], "the group is not known");
  const seen = observed({ [group]: { location: "northeurope" } });
  const plan = planLogs(without, seen);
  assert.deepEqual(plan.blockers, []);
  const made = plan.changes.filter(({ step }) => step === "resources").map(short);
  assert.deepEqual(made, [
    "resources create DefaultResourceGroup-NEU",
    "resources create DefaultWorkspace-00000000-0000-4000-8000-000000000001-NEU",
  ]);
  const rule = plan.changes.find(({ id }) => id.endsWith("/MSCI-northeurope-aks"));
  assert.equal(rule?.after?.["location"], "northeurope");
  const addon = plan.changes.find(({ step }) => step === "cluster");
  assert.match(JSON.stringify(addon?.after), /DefaultWorkspace-.*-NEU/);
});

test("a new cluster is made private in its subnet, without the addon, which comes last", () => {
  const nodeSubnetId = `${ids.vnet}/subnets/nodes`;
  const request = asking({ nodeSubnetId });
  const subnet = { [nodeSubnetId]: { addressPrefix: "10.1.0.0/24" } };
  const seen = observed({ [ids.cluster]: undefined, ...subnet });
  const plan = planLogs(request, seen);
  assert.deepEqual(plan.blockers, []);
  const own = plan.changes.filter(({ id, action }) => id === ids.cluster && action !== "none");
  assert.deepEqual(own.map(short), ["resources create aks", "cluster update aks"]);
  assert.equal(
    at(own[0]?.after, "properties", "apiServerAccessProfile", "enablePrivateCluster"),
    true,
  );
  assert.equal(at(own[0]?.after, "properties", "addonProfiles"), undefined);
  const standing = planLogs(request, observed(subnet));
  assert.deepEqual(standing.blockers, [], "one that stands is taken as it is");
  assert.deepEqual(blockersOf(request, observed({ [ids.cluster]: undefined })), [
    "ResourceMissing",
  ]);
});

test("what az refuses of a cluster is refused: a public one, a service principal, another workspace", () => {
  const isPublic = clusterWith({ apiServerAccessProfile: {} });
  assert.deepEqual(blockersOf(askedLogs, observed(isPublic)), ["ClusterNotPrivate"]);
  const principal = clusterWith({ servicePrincipalProfile: { clientId: "some-application" } });
  assert.deepEqual(blockersOf(askedLogs, observed(principal)), ["ClusterWithoutIdentity"]);
  assert.deepEqual(blockersOf(asking({ auth: "legacy" }), observed(principal)), []);
  const config = { loganalyticsworkspaceresourceid: `${logIds.workspace}-2`, useAADAuth: "true" };
  const elsewhere = clusterWith({ addonProfiles: { omsAgent: { enabled: true, config } } });
  assert.deepEqual(blockersOf(askedLogs, observed(elsewhere)), ["LogsOfOtherWorkspace"]);
});

test("an addon that is enabled already, in whatever spelling, is left alone", () => {
  const config = {
    loganalyticsworkspaceresourceid: logIds.workspace.toUpperCase(),
    useAADAuth: "True",
  };
  const on = clusterWith({ addonProfiles: { omsAgent: { enabled: true, config } } });
  assert.ok(!writes(askedLogs, observed(on)).some(({ step }) => step === "cluster"));
  assert.ok(
    writes(asking({ auth: "legacy" }), observed(on)).some(({ step }) => step === "cluster"),
  );
});

test("high log scale and Syslog need a rule, which legacy agents have none of", () => {
  const request = asking({ auth: "legacy", highLogScale: true, syslog: true });
  assert.deepEqual(blockersOf(request, observed()), [
    "NeedsManagedIdentity",
    "NeedsManagedIdentity",
  ]);
});

test("ids with blanks, as in the article's examples, and of other types are refused, all at once", () => {
  const request = asking({
    scopeId: "/subscriptions/my-subscription /x",
    workspaceId: ids.workspace,
  });
  assert.deepEqual(blockersOf(request, observed()), ["InvalidId", "InvalidId"]);
});

test("a rule of the expected name into another workspace is not taken over", () => {
  const seen = observed({ [logIds.rule]: logsRule([`${logIds.workspace}-2`]) });
  assert.deepEqual(blockersOf(askedLogs, seen), ["RuleOfOtherWorkspace"]);
});

test("a perimeter around the workspace is refused", () => {
  const seen = observed(logWorkspace({ publicNetworkAccessForQuery: "SecuredByPerimeter" }));
  assert.deepEqual(blockersOf(askedLogs, seen), ["PerimeterUnsupported"]);
});

test("names are cut as az cuts them, and lose one '-' at the end", () => {
  const names = logsNames({
    clusterName: `${"a".repeat(22)}-${"b".repeat(40)}`,
    clusterRegion: "eastus",
    workspaceRegion: "westeurope",
  });
  assert.equal(names.configurationDce, `MSCI-config-eastus-${"a".repeat(22)}-b`);
  assert.equal(names.configurationDce.length, 43);
  assert.equal(names.ingestionDce, `MSCI-ingest-westeurope-${"a".repeat(20)}`);
  assert.equal(names.dcr.length, 64);
  const ends = logsNames({
    clusterName: `${"a".repeat(23)}-b`,
    clusterRegion: "eastus",
    workspaceRegion: "eastus",
  });
  assert.equal(ends.configurationDce, `MSCI-config-eastus-${"a".repeat(23)}`);
});
