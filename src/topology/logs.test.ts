/** The topology of logs: the ways to a Log Analytics workspace, what the outside meets there, and queries by Resource Manager. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { graphFrom, idKey, withChanges } from "../arm/index.ts";
import type { ArmResource, Graph, JsonObject } from "../arm/index.ts";
import { endpointMembers } from "../rules/index.ts";
import { topologyOf } from "./index.ts";
import type { Topology } from "./index.ts";
import { estate, group, ids, resource } from "./testing/estate.ts";

const insights = `${group}/providers/Microsoft.Insights`;
const lawId = `${group}/providers/Microsoft.OperationalInsights/workspaces/law`;
const ruleId = `${insights}/dataCollectionRules/MSCI`;
const customerId = "11111111-2222-4333-8444-555555555555";
const association = `${ids.cluster}/providers/${"Microsoft.Insights/dataCollectionRuleAssociations"}/ContainerInsightsExtension`;

interface LogsOptions {
  readonly ingestion?: string;
  readonly query?: string;
  readonly streams?: readonly string[];
  readonly addon?: JsonObject;
  readonly linked?: boolean;
}

/** The private estate with logs beside its metrics; its scope's endpoint has the workspace's addresses too. */
function logsEstate(options: LogsOptions = {}): Graph {
  const { ingestion = "Disabled", query = "Disabled", streams, addon, linked = true } = options;
  const base = graphFrom([
    ...estate({ isPrivate: false }).all(),
    resource(lawId, {
      customerId,
      publicNetworkAccessForIngestion: ingestion,
      publicNetworkAccessForQuery: query,
      workspaceCapping: { dailyQuotaGb: 2 },
    }),
    ...(linked
      ? [resource(`${ids.scope}/scopedResources/law-link`, { linkedResourceId: lawId })]
      : []),
    ...(addon === undefined ? rulePart(streams) : [clusterWith(addon)]),
  ]);
  const put = (resources: readonly ArmResource[]) =>
    resources.map((one) => ({ kind: "put" as const, resource: one }));
  return withChanges(base, put(endpointOf(base)));
}

const rulePart = (
  streams: readonly string[] = ["Microsoft-ContainerInsights-Group-Default"],
): readonly ArmResource[] => [
  resource(ruleId, {
    dataCollectionEndpointId: ids.dce,
    dataSources: { extensions: [{ name: "x", extensionName: "ContainerInsights", streams }] },
    destinations: { logAnalytics: [{ workspaceResourceId: lawId, name: "one" }] },
    dataFlows: [{ streams, destinations: ["one"] }],
  }),
  resource(association, { dataCollectionRuleId: ruleId }),
];

const clusterWith = (omsAgent: JsonObject): ArmResource =>
  resource(ids.cluster, {
    agentPoolProfiles: [{ name: "system", vnetSubnetID: `${ids.vnet}/subnets/nodes` }],
    addonProfiles: { omsAgent },
  });

/** The scope's private endpoint with every member that the scope has, and its zones. */
function endpointOf(graph: Graph): readonly ArmResource[] {
  const network = `${group}/providers/Microsoft.Network`;
  const subnetId = `${ids.vnet}/subnets/snet`;
  const nic = `${network}/networkInterfaces/nic`;
  const members = endpointMembers(graph, ids.scope, "azuremonitor").map((member, index) => ({
    ...member,
    address: `10.1.1.${index + 4}`,
  }));
  const properties = { privateLinkServiceId: ids.scope, groupIds: ["azuremonitor"] };
  return [
    resource(ids.scopeEndpoint, {
      subnet: { id: subnetId },
      networkInterfaces: [{ id: nic }],
      privateLinkServiceConnections: [{ name: "one", properties }],
    }),
    resource(nic, {
      ipConfigurations: members.map(({ address, fqdn, memberName }) => ({
        properties: {
          privateIPAddress: address,
          subnet: { id: subnetId },
          privateLinkConnectionProperties: { requiredMemberName: memberName, fqdns: [fqdn] },
        },
      })),
    }),
    resource(`${ids.scope}/privateEndpointConnections/one.1`, {
      privateEndpoint: { id: ids.scopeEndpoint },
      privateLinkServiceConnectionState: { status: "Approved" },
    }),
    ...[...new Set(members.map(({ zone }) => zone))].flatMap((zone) => {
      const zoneId = `${network}/privateDnsZones/${zone}`;
      const own = members.filter((member) => member.zone === zone);
      return [
        resource(zoneId, {}),
        resource(`${zoneId}/virtualNetworkLinks/link`, { virtualNetwork: { id: ids.vnet } }),
        ...own.map(({ recordName, address }) =>
          resource(`${zoneId}/A/${recordName}`, { aRecords: [{ ipv4Address: address }] }),
        ),
      ];
    }),
  ];
}

const shown = ({ nodes }: Topology, id: string): string =>
  nodes.find((node) => node.id === id)?.name ?? id;
const paths = (options: LogsOptions): readonly string[] => {
  const topology = topologyOf(logsEstate(options));
  return topology.flows
    .filter(({ path, stops }) => path.startsWith("logs-") && stops[0] !== "outside")
    .map(
      ({ path, verdict, stops }) =>
        `${path} ${verdict}: ${stops.map((stop) => shown(topology, stop)).join(" → ")}`,
    );
};

test("logs go by the scope's endpoint to the workspace's own host, and so do queries", () => {
  assert.deepEqual(paths({}), [
    "logs-ingestion private: aks → pe-scope → ampls → law",
    "logs-query private: aks → pe-scope → ampls → law",
  ]);
});

test("at high scale container logs go by the rule's endpoint", () => {
  assert.deepEqual(paths({ streams: ["Microsoft-ContainerLogV2-HighScale"] }), [
    "logs-ingestion private: aks → pe-scope → ampls → law",
    "logs-ingestion-dce private: aks → pe-scope → ampls → dce → law",
    "logs-query private: aks → pe-scope → ampls → law",
  ]);
});

test("a workspace that is open to the public is reached both ways", () => {
  assert.deepEqual(
    paths({ ingestion: "Enabled", query: "Enabled" }).map((path) => path.split(":")[0]),
    ["logs-ingestion both", "logs-query both"],
  );
});

test("a workspace that the scope does not link is closed where no zone is in force for it, and its queries break inside", () => {
  assert.deepEqual(
    paths({ linked: false }).map((path) => path.split(":")[0]),
    ["logs-ingestion closed", "logs-query broken"],
  );
});

test("a legacy agent's logs are known by the addon, in whatever spelling", () => {
  const config = { loganalyticsworkspaceresourceid: lawId.toUpperCase(), useAADAuth: "false" };
  assert.equal(
    paths({ addon: { enabled: true, config } })[0]?.split(":")[0],
    "logs-ingestion private",
  );
  assert.deepEqual(paths({ addon: { enabled: false, config } }), []);
});

test("the outside meets records, queries and queries by Resource Manager, each by its flag", () => {
  const outside = (options: LogsOptions): readonly string[] =>
    topologyOf(logsEstate(options))
      .flows.filter(({ stops }) => stops[0] === "outside" && stops[1] === idKey(lawId))
      .map(({ title, verdict }) => `${title} ${verdict}`);
  assert.deepEqual(outside({}), [
    "outside: law closed",
    "outside: queries of law closed",
    "Resource Manager: law closed",
  ]);
  assert.deepEqual(outside({ query: "Enabled" }), [
    "outside: law closed",
    "outside: queries of law public",
    "Resource Manager: law public",
  ]);
});

test("the box of a workspace shows both flags, and a click its hosts and its cap", () => {
  const { nodes, edges } = topologyOf(logsEstate());
  const box = nodes.find(({ id }) => id === idKey(lawId));
  assert.equal(box?.kind, "log-workspace");
  assert.deepEqual(box?.lines, [
    "westeurope",
    "public ingestion Disabled",
    "public query Disabled",
  ]);
  const facts = new Map(box?.facts.map(({ label, value }) => [label, value]));
  assert.equal(facts.get("records come in at"), `${customerId}.ods.opinsights.azure.com`);
  assert.equal(facts.get("daily cap"), "2 GB");
  assert.ok(edges.some(({ from, to }) => from === idKey(ids.dce) && to === idKey(lawId)));
  const cluster = nodes.find(({ id }) => id === idKey(ids.cluster));
  assert.deepEqual(cluster?.lines, ["nodes", "Managed Prometheus", "Container insights"]);
});
