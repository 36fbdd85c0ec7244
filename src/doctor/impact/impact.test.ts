/** The blast radius, failure mode by failure mode: who loses what, in which network, by which rule. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { estateGraph } from "../../../test/conformance/doctor/estate-graph.ts";
import { parseEstateLine, withLine } from "../../../test/conformance/doctor/estate-lines.ts";
import { loadEstates } from "../../../test/conformance/doctor/parse-cases.ts";
import type { Graph, ResourceId } from "../../arm/index.ts";
import { parseId } from "../../arm/index.ts";
import { impactOf } from "./impact.ts";
import type { Impact } from "./impact.ts";
import type { PlannedChange } from "./planned-change.ts";

const providers =
  "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/estate/providers";
const scopeId = `${providers}/Microsoft.Insights/privateLinkScopes/ampls`;
const network = (name: string): ResourceId =>
  `${providers}/Microsoft.Network/virtualNetworks/${name}`;

function graphOf(estate: string, ...lines: readonly string[]): Graph {
  const base = loadEstates().get(estate) ?? [];
  return estateGraph(lines.reduce((all, line) => withLine(all, parseEstateLine(line)), base));
}

function impact(graph: Graph, change: Omit<PlannedChange, "scopeId">, scope = scopeId): Impact {
  const answer = impactOf(graph, { scopeId: scope, ...change });
  assert.ok(answer.ok, answer.ok ? "" : answer.says);
  return answer.impact;
}

const nameOf = (id: ResourceId): string => parseId(id)?.name ?? id;
const lines = ({ losses }: Impact): readonly string[] =>
  losses.map(
    ({ networkId, resourceId, use, before, users, why }) =>
      `${nameOf(networkId)}: ${use} of ${nameOf(resourceId)} (${before}) by ${users.map(nameOf).join(",") || "nobody known"}: ${why.rule}`,
  );

test("F08: PrivateOnly shuts out what is not in the scope, in every network that shares the DNS", () => {
  const graph = graphOf(
    "hub",
    "network spoke2 dns=dnspr",
    "peering spoke2 with=hub",
    "component shop ingestion=Enabled query=Enabled",
    "logs-workspace other ingestion=Enabled",
  );
  const found = impact(graph, { mode: "PrivateOnly" });
  assert.deepEqual(found.networks.map(nameOf).toSorted(), ["hub", "spoke", "spoke2"]);
  assert.deepEqual(
    lines(found)
      .filter((line) => line.startsWith("spoke2"))
      .toSorted(),
    [
      "spoke2: logs query of other (private) by nobody known: scope.query-private-only",
      "spoke2: telemetry of shop (private) by nobody known: component.private-only",
      "spoke2: telemetry query of shop (private) by nobody known: component.private-only",
    ],
  );
  assert.equal(found.losses.length, 9);
  assert.deepEqual(found.linked.map(nameOf), ["dce-prod", "law"]);
});

test("F08: a scope that links everything can be made PrivateOnly, and one that is, opened", () => {
  const graph = graphOf("private", "component shop ingestion=Enabled", "scope ampls links=+shop");
  assert.deepEqual(lines(impact(graph, { mode: "PrivateOnly" })), []);
  assert.deepEqual(lines(impact(graph, { mode: "Open" })), []);
});

test("F04: linking a zone to a network of others takes from it what the zone does not hold", () => {
  const graph = graphOf(
    "private",
    "network shop",
    "cluster store network=shop private=no metrics=prom2",
    "rule prom2 dce=dce-store workspace=amw-store",
    "dce dce-store public=Enabled",
    "metrics-workspace amw-store public=Enabled",
  );
  const found = impact(graph, {
    linkZone: { zone: "privatelink.monitor.azure.com", vnetId: network("shop") },
  });
  const users = lines(found).filter((line) => line.includes("by store"));
  assert.deepEqual(users, [
    "shop: configuration of store (public) by store: reach.other-network",
    "shop: logs ingestion of dce-store (public) by store: dns.no-record",
    "shop: metrics ingestion of dce-store (public) by store: dns.no-record",
  ]);
  // The clusters' own losses stand first.
  assert.ok(found.losses[0]?.users.length === 1);
  // The scope's own network loses nothing.
  assert.ok(found.losses.every(({ networkId }) => nameOf(networkId) === "shop"));
});

test("F04: a new zone is empty, and hides everything", () => {
  const graph = graphOf("public", "scope ampls");
  const found = impact(graph, {
    linkZone: { zone: "privatelink.monitor.azure.com", vnetId: network("aks") },
  });
  assert.match(found.notes[0] ?? "", /taken for a new one, which is empty/);
  assert.deepEqual(
    lines(found)
      .filter((line) => line.includes("by prod"))
      .toSorted(),
    [
      "aks: configuration of prod (public) by prod: dns.no-record",
      "aks: logs ingestion of dce-prom (public) by prod: dns.no-record",
      "aks: logs query of law (public) by prod: dns.no-record",
      "aks: metrics ingestion of dce-prom (public) by prod: dns.no-record",
    ],
  );
});

test("F09: a network that has a scope of its own loses it when another scope's zone takes the place", () => {
  const graph = graphOf(
    "private",
    "network other",
    "dce dce-other",
    "scope ampls-2 links=dce-other",
    "endpoint pe-2 network=other to=ampls-2 dns=other-dns",
  );
  const found = impact(
    graph,
    { linkZone: { zone: "privatelink.monitor.azure.com", vnetId: network("aks") } },
    `${providers}/Microsoft.Insights/privateLinkScopes/ampls-2`,
  );
  assert.match(found.notes[0] ?? "", /one zone of a name/);
  assert.deepEqual(
    lines(found)
      .filter((line) => line.includes("by prod"))
      .toSorted(),
    [
      "aks: configuration of prod (private) by prod: reach.other-network",
      "aks: logs ingestion of dce-prod (private) by prod: dns.no-record",
      "aks: logs query of law (private) by prod: reach.other-network",
      "aks: metrics ingestion of dce-prod (private) by prod: dns.no-record",
    ],
  );
});

test("F17: a region's zone hides the workspaces that have endpoints elsewhere", () => {
  const graph = graphOf(
    "private",
    "network ops",
    "metrics-workspace amw-2 public=Enabled",
    "endpoint pe-ops network=ops to=amw-2 dns=ops-dns",
    "network desk",
  );
  const zone = `${providers.replace("estate", "dns")}/Microsoft.Network/privateDnsZones/privatelink.westeurope.prometheus.monitor.azure.com`;
  assert.deepEqual(lines(impact(graph, { linkZone: { zone, vnetId: network("desk") } })), [
    "desk: metrics query of amw-2 (public) by nobody known: dns.no-record",
  ]);
});

test("F20: a cluster whose association was moved to an endpoint out of the scope loses its configuration with the zone", () => {
  const graph = graphOf(
    "private",
    "network shop",
    "dce MSCI-config public=Enabled",
    "rule prom2 dce=dce-prod workspace=amw",
    "cluster store network=shop metrics=prom2 configuration=MSCI-config private=no",
    "peering shop with=aks",
  );
  const found = impact(graph, {
    linkZone: { zone: "privatelink.monitor.azure.com", vnetId: network("shop") },
  });
  assert.deepEqual(
    lines(found).filter((line) => line.includes("configuration")),
    ["shop: configuration of store (public) by store: dns.no-record"],
  );
});

test("F27: the blob zone hides storage accounts with private endpoints elsewhere, and no others", () => {
  const graph = graphOf(
    "private",
    "network shop",
    "network data",
    "storage shopdata network=data",
    "storage plain",
  );
  const found = impact(graph, {
    linkZone: { zone: "privatelink.blob.core.windows.net", vnetId: network("shop") },
  });
  assert.match(found.notes.join(), /^$/);
  assert.deepEqual(lines(found), [
    "shop: storage of shopdata (public) by nobody known: dns.no-record",
  ]);
});

test("a change that names what is not there is refused with what is missing", () => {
  const graph = graphOf("private");
  const refused = (change: Partial<PlannedChange>): string => {
    const answer = impactOf(graph, { scopeId, ...change });
    return answer.ok ? "taken" : answer.says;
  };
  assert.match(refused({ scopeId: `${scopeId}2` }), /There is no scope .*ampls2/);
  const zone = "privatelink.monitor.azure.com";
  assert.match(refused({ linkZone: { zone, vnetId: network("none") } }), /no virtual network/);
  assert.match(
    refused({ linkZone: { zone: "/subscriptions/x", vnetId: network("aks") } }),
    /There is no zone/,
  );
  assert.match(
    refused({ linkZone: { zone: "no zone; rm -rf", vnetId: network("aks") } }),
    /neither a zone's id nor a zone's name/,
  );
  const same = impact(graph, { linkZone: { zone, vnetId: network("aks") } });
  assert.deepEqual([same.losses, same.notes], [[], [`${zone} is linked to that network already.`]]);
});

test("two zones of one name have to be told apart", () => {
  const graph = graphOf(
    "private",
    "network other",
    "scope ampls-2",
    "endpoint pe-2 network=other to=ampls-2 dns=other-dns",
    "network shop",
    "scope ampls-3",
  );
  const answer = impactOf(graph, {
    scopeId: `${providers}/Microsoft.Insights/privateLinkScopes/ampls-3`,
    linkZone: { zone: "privatelink.monitor.azure.com", vnetId: network("shop") },
  });
  assert.ok(!answer.ok);
  assert.match(answer.says, /Several zones are named .*Give the id\./);
});
