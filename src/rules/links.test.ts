/** What the case language cannot say: members, missing resources, aliases in zones, unknown networks. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Graph, JsonObject } from "../arm/index.ts";
import { cloud, fixedHosts } from "../azure/index.ts";
import {
  addressInVnet,
  configurationAccess,
  endpointMembers,
  groupIdsOf,
  ingestionAccess,
  publicOrigin,
  resolveName,
  servedHosts,
  workspaceQueryAccess,
} from "./index.ts";
import { graphOf, group } from "./test-graph.ts";

const insights = `${group}/providers/Microsoft.Insights`;
const network = `${group}/providers/Microsoft.Network`;
const scopeId = `${insights}/privateLinkScopes/ampls`;
const workspaceId = `${group}/providers/Microsoft.Monitor/accounts/amw`;
const vnetId = `${network}/virtualNetworks/aks`;
const zoneId = `${network}/privateDnsZones/corp.example`;

const dce = (name: string): readonly [string, JsonObject & { location: string }] => [
  `${insights}/dataCollectionEndpoints/${name}`,
  {
    location: "East US",
    configurationAccess: {
      endpoint: `https://${name}-k.eastus-1.handler.control.monitor.azure.com`,
    },
    logsIngestion: { endpoint: `https://${name}-k.eastus-1.ingest.monitor.azure.com` },
    metricsIngestion: { endpoint: `https://${name}-k.eastus-1.metrics.ingest.monitor.azure.com` },
  },
];
const link = (name: string, provisioningState = "Succeeded"): readonly [string, JsonObject] => [
  `${scopeId}/scopedResources/${name}-connection`,
  {
    linkedResourceId: `${insights}/dataCollectionEndpoints/${name}`.toLowerCase(),
    provisioningState,
  },
];

test("a scope's endpoint has eight shared members and three for each linked endpoint", () => {
  const graph = graphOf(
    Object.fromEntries([[scopeId, {}], dce("a"), dce("b"), link("a"), link("b")]),
  );
  const members = endpointMembers(graph, scopeId, "azuremonitor");
  assert.equal(members.length, 8 + 3 * 2);
  assert.deepEqual(
    members.filter(({ shared }) => shared).map(({ recordName }) => recordName),
    [
      "api",
      "global.in.ai",
      "live",
      "profiler",
      "snapshot",
      "diagservices-query",
      "global.handler.control",
      "scadvisorcontentpl",
    ],
  );
  assert.deepEqual(
    members.slice(8, 11).map(({ recordName }) => recordName),
    ["a-k.eastus-1.handler.control", "a-k.eastus-1.ingest", "a-k.eastus-1.metrics.ingest"],
  );
  assert.equal(new Set(members.map(({ memberName }) => memberName)).size, members.length);
});

test("a failed link and a link to nothing give no members", () => {
  const graph = graphOf(
    Object.fromEntries([[scopeId, {}], dce("a"), link("a", "Failed"), link("gone")]),
  );
  assert.equal(endpointMembers(graph, scopeId, "azuremonitor").length, 8);
});

test("a workspace's endpoint has one member, and no target has another's group", () => {
  const queryEndpoint = "https://amw-k.eastus.prometheus.monitor.azure.com";
  const graph = graphOf({
    [scopeId]: {},
    [workspaceId]: { metrics: { prometheusQueryEndpoint: queryEndpoint } },
  });
  assert.deepEqual(endpointMembers(graph, workspaceId, "PrometheusMetrics"), [
    {
      memberName: "prometheusMetrics",
      fqdn: "amw-k.eastus.prometheus.monitor.azure.com",
      zone: "privatelink.eastus.prometheus.monitor.azure.com",
      recordName: "amw-k",
      shared: false,
    },
  ]);
  assert.deepEqual(endpointMembers(graph, workspaceId, "azuremonitor"), []);
  assert.deepEqual(endpointMembers(graph, scopeId, "prometheusMetrics"), []);
  assert.deepEqual(endpointMembers(graph, vnetId, "azuremonitor"), []);
  assert.deepEqual(groupIdsOf(graph, scopeId), ["azuremonitor"]);
  assert.deepEqual(groupIdsOf(graph, workspaceId), ["prometheusMetrics"]);
  assert.deepEqual(groupIdsOf(graph, vnetId), []);
});

test("the fixed hosts are served before any resource exists, and no resource takes them", () => {
  const graph = graphOf({
    [workspaceId]: { metrics: { prometheusQueryEndpoint: `https://${cloud.armHost}` } },
  });
  assert.deepEqual([...servedHosts(graph).keys()], [...fixedHosts]);
  assert.equal(servedHosts(graph).get(cloud.armHost)?.kind, "arm");
  assert.equal(servedHosts(graph), servedHosts(graph));
});

test("what does not exist takes nothing and answers nothing", () => {
  const graph = graphOf({ [vnetId]: {} });
  const [dceId] = dce("a");
  const first = (verdict: { reasons: readonly { rule: string }[] }): string | undefined =>
    verdict.reasons[0]?.rule;
  assert.equal(first(ingestionAccess(graph, { origin: publicOrigin, dceId })), "dce.unknown");
  assert.equal(
    first(workspaceQueryAccess(graph, { origin: publicOrigin, workspaceId })),
    "workspace.unknown",
  );
  const reached = addressInVnet(graph, { vnetId: `${vnetId}2`, address: "10.1.0.4" });
  assert.equal(first(reached), "reach.unknown-network");
});

test("a host that is no handler answers for no configuration", () => {
  const graph = graphOf({ [vnetId]: {} });
  const host = { kind: "arm", host: cloud.armHost } as const;
  const access = configurationAccess(graph, { origin: publicOrigin, host, clusterId: vnetId });
  assert.equal(access.kind, "refuse");
  assert.equal(access.reasons[0]?.rule, "configuration.not-a-handler");
});

const withAliases = (aliases: Readonly<Record<string, string>>): Graph =>
  graphOf({
    [vnetId]: {},
    [zoneId]: {},
    [`${zoneId}/virtualNetworkLinks/l`]: { virtualNetwork: { id: vnetId } },
    ...Object.fromEntries(
      Object.entries(aliases).map(([name, cname]) => [
        `${zoneId}/CNAME/${name}`,
        { ttl: 30, cnameRecord: { cname } },
      ]),
    ),
  });

test("an alias in a private zone is followed into public DNS", () => {
  const graph = withAliases({ monitor: "API.monitor.azure.com." });
  const found = resolveName(graph, { name: "monitor.corp.example", vnetId });
  assert.equal(found.outcome, "public");
  assert.deepEqual(
    found.chain.map(({ cname }) => cname),
    ["api.monitor.azure.com", "api.privatelink.monitor.azure.com"],
  );
  assert.equal(found.chain[0]?.ttlSeconds, 30);
  assert.ok(found.reasons.some(({ rule }) => rule === "dns.record-alias"));
});

test("a chain of eight aliases is followed, and a ninth ends it", () => {
  const chain = (length: number): Graph =>
    withAliases(
      Object.fromEntries(
        Array.from({ length }, (_, at) => [
          `n${at}`,
          at + 1 === length ? cloud.armHost : `n${at + 1}.corp.example`,
        ]),
      ),
    );
  const ask = (graph: Graph): string =>
    resolveName(graph, { name: "n0.corp.example", vnetId }).outcome;
  assert.equal(ask(chain(8)), "public");
  assert.equal(ask(chain(9)), "nxdomain");
  const loop = withAliases({ a: "b.corp.example", b: "a.corp.example" });
  const found = resolveName(loop, { name: "a.corp.example", vnetId });
  assert.equal(found.reasons.at(-1)?.rule, "dns.chain-too-long");
});
