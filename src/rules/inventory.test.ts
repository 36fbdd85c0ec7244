/** What is known and not served: components behind scopes, storage names behind zones, security groups on the way. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { graphFrom } from "../arm/index.ts";
import type { ArmResource, Graph, JsonObject } from "../arm/index.ts";
import type { Verdict } from "../core/index.ts";
import { componentAccess } from "./component-access.ts";
import { grafanasOf, storageAccountsOf } from "./inventory-view.ts";
import { resolveName } from "./name-resolution.ts";
import { reachAddress } from "./reach.ts";
import { securityDecision } from "./security-groups.ts";

const group = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/g/providers";
const insights = `${group}/Microsoft.Insights`;
const network = `${group}/Microsoft.Network`;

const resource = (id: string, type: string, properties: JsonObject): ArmResource => ({
  id,
  name: id.slice(id.lastIndexOf("/") + 1),
  type,
  properties,
});
const rules = ({ outcome, reasons }: Verdict): readonly string[] => [
  outcome,
  ...reasons.map(({ rule }) => rule),
];

const scopeId = `${insights}/privateLinkScopes/ampls`;
const componentId = `${insights}/components/shop`;
const through = {
  kind: "private",
  endpointId: `${network}/privateEndpoints/pe`,
  targetId: scopeId,
  connectionName: "pe.1",
} as const;

function componentGraph(flag: string, settings: JsonObject, linked: boolean = false): Graph {
  const type = "Microsoft.Insights/privateLinkScopes";
  return graphFrom([
    resource(componentId, "Microsoft.Insights/components", {
      publicNetworkAccessForIngestion: flag,
      publicNetworkAccessForQuery: flag,
    }),
    resource(scopeId, type, { accessModeSettings: settings }),
    ...(linked
      ? [
          resource(`${scopeId}/scopedResources/one`, `${type}/scopedResources`, {
            linkedResourceId: componentId,
          }),
        ]
      : []),
  ]);
}

test("a component is decided by its scope's mode, the connection's own, and its flag", () => {
  const open = { ingestionAccessMode: "Open", queryAccessMode: "Open" };
  const closed = { ingestionAccessMode: "PrivateOnly", queryAccessMode: "Open" };
  const except = {
    ...closed,
    exclusions: [{ privateEndpointConnectionName: "pe.1", ingestionAccessMode: "Open" }],
  };
  const ask = (graph: Graph, door: "ingestion" | "query" = "ingestion", origin = through) =>
    rules(componentAccess(graph, { origin, componentId, door }));
  assert.deepEqual(ask(componentGraph("Disabled", closed, true)), ["allow", "scope.links"]);
  assert.deepEqual(ask(componentGraph("Enabled", closed)), [
    "deny",
    "scope.does-not-link",
    "component.private-only",
  ]);
  assert.deepEqual(ask(componentGraph("Enabled", closed), "query"), [
    "allow",
    "scope.does-not-link",
    "component.public-enabled",
  ]);
  assert.deepEqual(ask(componentGraph("Enabled", except)).at(0), "allow");
  assert.deepEqual(ask(componentGraph("Disabled", open)).at(-1), "component.public-disabled");
  assert.deepEqual(ask(componentGraph("SecuredByPerimeter", open)).at(-1), "component.perimeter");
  const graph = componentGraph("Disabled", open);
  assert.deepEqual(
    rules(componentAccess(graph, { origin: { kind: "public" }, componentId, door: "query" })),
    ["deny", "component.public-disabled"],
  );
  assert.deepEqual(
    rules(componentAccess(graph, { origin: through, componentId: scopeId, door: "query" })),
    ["deny", "component.unknown"],
  );
  const elsewhere = { ...through, targetId: `${group}/Microsoft.Monitor/accounts/amw` };
  assert.deepEqual(
    rules(componentAccess(graph, { origin: elsewhere, componentId, door: "query" })),
    ["deny", "endpoint.other-resource"],
  );
});

const vnetId = `${network}/virtualNetworks/v`;

test("a linked blob zone hides a storage account that has a private endpoint elsewhere, and no other", () => {
  const zoneId = `${network}/privateDnsZones/privatelink.blob.core.windows.net`;
  const account = (name: string, connections: number): ArmResource =>
    resource(
      `${group}/Microsoft.Storage/storageAccounts/${name}`,
      "Microsoft.Storage/storageAccounts",
      {
        primaryEndpoints: { blob: `https://${name}.blob.core.windows.net/` },
        privateEndpointConnections: Array.from({ length: connections }, () => ({ id: "x" })),
      },
    );
  const graph = graphFrom([
    account("linked", 1),
    account("plain", 0),
    resource(vnetId, "Microsoft.Network/virtualNetworks", {}),
    resource(zoneId, "Microsoft.Network/privateDnsZones", {}),
    resource(
      `${zoneId}/virtualNetworkLinks/v`,
      "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
      {
        virtualNetwork: { id: vnetId },
      },
    ),
  ]);
  assert.deepEqual(
    storageAccountsOf(graph).map(({ name, isLinked }) => [name, isLinked]),
    [
      ["linked", true],
      ["plain", false],
    ],
  );
  const hidden = resolveName(graph, { name: "linked.blob.core.windows.net", vnetId });
  assert.equal(hidden.outcome, "nxdomain");
  assert.equal(hidden.answeredBy, "private-zone");
  assert.deepEqual(
    hidden.reasons.map(({ rule }) => rule),
    ["dns.no-zone", "dns.storage-alias", "dns.zone", "dns.no-record"],
  );
  // Its public address is not the platform's: the name does not resolve there, and nobody is misled.
  const plain = resolveName(graph, { name: "plain.blob.core.windows.net", vnetId });
  assert.equal(plain.answeredBy, "public-dns");
});

const nsgId = `${network}/networkSecurityGroups/nsg`;
const rule = (name: string, priority: number, more: JsonObject): JsonObject => ({
  name,
  properties: {
    priority,
    access: "Deny",
    direction: "Outbound",
    protocol: "*",
    sourceAddressPrefix: "*",
    destinationAddressPrefix: "*",
    destinationPortRange: "*",
    ...more,
  },
});

/** A network with a node subnet and an endpoint subnet, one of them with the group. */
function groupGraph(
  rulesOf: readonly JsonObject[],
  at: "nodes" | "endpoints",
  policies = "Enabled",
): Graph {
  const subnet = (name: string, addressPrefix: string): ArmResource =>
    resource(`${vnetId}/subnets/${name}`, "Microsoft.Network/virtualNetworks/subnets", {
      addressPrefix,
      ...(name === at ? { networkSecurityGroup: { id: nsgId } } : {}),
      privateEndpointNetworkPolicies: policies,
    });
  const subnets = [subnet("nodes", "10.0.0.0/24"), subnet("endpoints", "10.0.1.0/24")];
  const interfaceId = `${network}/networkInterfaces/nic`;
  return graphFrom([
    resource(nsgId, "Microsoft.Network/networkSecurityGroups", { securityRules: rulesOf }),
    ...subnets,
    resource(vnetId, "Microsoft.Network/virtualNetworks", {
      addressSpace: { addressPrefixes: ["10.0.0.0/16"] },
      subnets: subnets.map(({ id, name, properties }) => ({ id, name, properties })),
    }),
    resource(`${network}/privateEndpoints/pe`, "Microsoft.Network/privateEndpoints", {
      subnet: { id: subnets[1]?.id ?? "" },
      networkInterfaces: [{ id: interfaceId }],
    }),
    resource(interfaceId, "Microsoft.Network/networkInterfaces", {
      ipConfigurations: [
        {
          properties: { privateIPAddress: "10.0.1.4", subnet: { id: subnets[1]?.id ?? "" } },
        },
      ],
    }),
  ]);
}

const reached = (graph: Graph, from: object = { vnetId }): readonly string[] => {
  const { kind, hops } = reachAddress(graph, {
    from: from as { vnetId: string },
    address: "10.0.1.4",
  });
  return [
    kind,
    ...hops
      .filter((hop) => hop.kind === "security-group")
      .map(({ reasons }) => reasons[0]?.rule ?? ""),
  ];
};

test("a security group stops a connection on leaving and on arriving, by the first rule that matches", () => {
  const deny = rule("no", 200, { destinationAddressPrefix: "10.0.1.0/24" });
  assert.deepEqual(reached(groupGraph([deny], "nodes")), ["none", "group.denies"]);
  assert.deepEqual(reached(groupGraph([deny], "nodes"), { subnetId: `${vnetId}/subnets/nodes` }), [
    "none",
    "group.denies",
  ]);
  // The endpoint subnet has no group, and a client that stands in it is not held.
  assert.deepEqual(
    reached(groupGraph([deny], "nodes"), { subnetId: `${vnetId}/subnets/endpoints` }),
    ["endpoint"],
  );
  const before = rule("yes", 100, { access: "Allow", destinationAddressPrefix: "VirtualNetwork" });
  assert.deepEqual(reached(groupGraph([deny, before], "nodes")), ["endpoint", "group.allows"]);
  const inbound = rule("in", 100, { direction: "Inbound", destinationPortRange: "400-443" });
  assert.deepEqual(reached(groupGraph([inbound], "endpoints")), ["none", "group.denies"]);
  // Groups speak for private endpoints only where the subnet says so.
  assert.deepEqual(reached(groupGraph([inbound], "endpoints", "Disabled")), ["endpoint"]);
});

test("rules of another port, protocol, source or address are silent, and Azure's own rules let the rest pass", () => {
  for (const more of [
    { destinationPortRange: "80" },
    { destinationPortRange: "444-500" },
    { protocol: "Udp" },
    { sourceAddressPrefix: "10.9.0.0/16" },
    { destinationAddressPrefix: "10.9.0.0/16" },
    { destinationAddressPrefix: "Internet" },
    { destinationAddressPrefix: "AzureMonitor" },
    { direction: "Inbound" },
  ]) {
    assert.deepEqual(reached(groupGraph([rule("x", 100, more)], "nodes")), ["endpoint"]);
  }
  const asked = {
    direction: "Outbound",
    vnetId,
    sources: [],
    address: "203.0.113.3",
    port: 443,
    protocol: "TCP",
  } as const;
  const tag = groupGraph(
    [rule("x", 100, { destinationAddressPrefix: "AzureMonitor.WestEurope" })],
    "nodes",
  );
  assert.equal(securityDecision(tag, nsgId, asked).passes, false);
  const other = groupGraph([rule("x", 100, { destinationAddressPrefix: "Storage" })], "nodes");
  assert.equal(securityDecision(other, nsgId, asked).reasons[0]?.rule, "group.default");
  assert.equal(securityDecision(other, `${nsgId}2`, asked).reasons[0]?.rule, "group.unknown");
});

test("Grafana's managed private endpoints stand with it, as it last saw them", () => {
  const id = `${group}/Microsoft.Dashboard/grafana/g`;
  const workspaceId = `${group}/Microsoft.Monitor/accounts/amw`;
  const graph = graphFrom([
    {
      ...resource(id, "Microsoft.Dashboard/grafana", {
        grafanaIntegrations: {
          azureMonitorWorkspaceIntegrations: [{ azureMonitorWorkspaceResourceId: workspaceId }],
        },
      }),
      identity: { principalId: "p" },
    },
    resource(
      `${id}/managedPrivateEndpoints/m`,
      "Microsoft.Dashboard/grafana/managedPrivateEndpoints",
      {
        privateLinkResourceId: workspaceId,
        groupIds: ["prometheusMetrics"],
      },
    ),
  ]);
  const [grafana] = grafanasOf(graph);
  assert.deepEqual(
    [grafana?.principalId, grafana?.workspaceIds, grafana?.managedEndpoints[0]?.status],
    ["p", [workspaceId], "Pending"],
  );
});
