/** What the case language cannot say of networks: subnets with tables of their own, routed endpoints, a firewall's sources, traces. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../arm/index.ts";
import { cloud } from "../azure/index.ts";
import { addressInVnet, fqdnMatches, pathOf, reachAddress, routeLoops, routeOf } from "./index.ts";
import { graphOf, group } from "./test-graph.ts";

const network = `${group}/providers/Microsoft.Network`;
const vnetId = `${network}/virtualNetworks/aks`;
const endpointId = `${network}/privateEndpoints/pe`;
const publicAddress = "203.0.113.3";

const subnet = (name: string, addressPrefix: string, extra: JsonObject = {}): JsonObject => ({
  id: `${vnetId}/subnets/${name}`,
  name,
  properties: { addressPrefix, ...extra },
});
const routedBy = (table: string): JsonObject => ({
  routeTable: { id: `${network}/routeTables/${table}` },
});
const route = (addressPrefix: string, nextHopType: string, nextHopIpAddress?: string) => ({
  name: addressPrefix,
  properties: {
    addressPrefix,
    nextHopType,
    ...(nextHopIpAddress === undefined ? {} : { nextHopIpAddress }),
  },
});

/** A network with two routed subnets, a firewall, and a private endpoint at 10.1.8.4. */
const graphWith = (options: {
  readonly policies?: string;
  readonly sources?: readonly string[];
  readonly second?: string;
  readonly prefix?: string;
}) =>
  graphOf({
    [vnetId]: {
      addressSpace: { addressPrefixes: ["10.1.0.0/16"] },
      subnets: [
        subnet("nodes", "10.1.0.0/24", routedBy("rt")),
        subnet("more", "10.1.1.0/24", routedBy(options.second ?? "rt")),
        subnet("pe", "10.1.8.0/24", { privateEndpointNetworkPolicies: options.policies ?? "" }),
        subnet("AzureFirewallSubnet", "10.1.250.0/26", routedBy("fw")),
      ],
    },
    [`${network}/routeTables/rt`]: {
      routes: [
        route("0.0.0.0/0", "VirtualAppliance", "10.1.250.4"),
        route(options.prefix ?? "10.9.0.0/16", "None"),
      ],
    },
    [`${network}/routeTables/none`]: { routes: [route("0.0.0.0/0", "None")] },
    [`${network}/routeTables/fw`]: { routes: [route("0.0.0.0/0", "Internet")] },
    [`${network}/azureFirewalls/fw`]: {
      ipConfigurations: [
        {
          properties: {
            subnet: { id: `${vnetId}/subnets/AzureFirewallSubnet` },
            privateIPAddress: "10.1.250.4",
          },
        },
      ],
      networkRuleCollections: [
        {
          name: "c",
          properties: {
            priority: 100,
            action: { type: "Allow" },
            rules: [
              {
                name: "r",
                protocols: ["Any"],
                sourceAddresses: options.sources ?? ["*"],
                destinationAddresses: ["203.0.113.0-203.0.113.9"],
                destinationPorts: ["400-500"],
              },
            ],
          },
        },
      ],
    },
    [endpointId]: {
      subnet: { id: `${vnetId}/subnets/pe` },
      networkInterfaces: [{ id: `${network}/networkInterfaces/nic` }],
    },
    [`${network}/networkInterfaces/nic`]: {
      ipConfigurations: [
        {
          properties: {
            privateIPAddress: "10.1.8.4",
            subnet: { id: `${vnetId}/subnets/pe` },
            privateLinkConnectionProperties: { fqdns: ["a.example"] },
          },
        },
      ],
    },
  });

const lastRule = (reasons: readonly { readonly rule: string }[]): string | undefined =>
  reasons.at(-1)?.rule;

test("subnets with different route tables make a network's own way ambiguous, and a named subnet clear", () => {
  const graph = graphWith({ second: "none" });
  const whole = reachAddress(graph, { from: { vnetId }, address: publicAddress });
  assert.equal(whole.kind, "none");
  assert.equal(whole.reasons[0]?.rule, "route.ambiguous");
  const from = (name: string) =>
    reachAddress(graph, {
      from: { subnetId: `${vnetId}/subnets/${name}` },
      address: publicAddress,
    }).kind;
  assert.equal(from("nodes"), "public");
  assert.equal(from("more"), "none");
  assert.equal(from("pe"), "public");
});

test("a private endpoint's own route is replaced only where its subnet takes route tables and the user's route is as long", () => {
  const hop = (options: Parameters<typeof graphWith>[0]): string =>
    routeOf(graphWith(options), { from: { vnetId }, address: "10.1.8.4" }).hop.kind;
  const long = "10.1.8.0/24";
  assert.equal(hop({ prefix: long }), "local");
  assert.equal(hop({ prefix: long, policies: "NetworkSecurityGroupEnabled" }), "local");
  assert.equal(hop({ prefix: long, policies: "RouteTableEnabled" }), "none");
  assert.equal(hop({ prefix: "10.1.0.0/16", policies: "Enabled" }), "none");
  assert.equal(hop({ prefix: "10.0.0.0/8", policies: "Enabled" }), "local");
  assert.equal(hop({ prefix: "10.1.8.4/32" }), "none");
});

test("a rule's sources must cover every address that the client may have", () => {
  const reach = (sources: readonly string[]) =>
    reachAddress(graphWith({ sources }), { from: { vnetId }, address: publicAddress });
  assert.equal(reach(["10.1.0.0/23"]).kind, "public");
  assert.equal(reach(["10.1.0.0/24", "10.1.1.0-10.1.1.255"]).kind, "public");
  assert.equal(lastRule(reach(["10.1.0.0/24"]).reasons), "firewall.no-rule");
});

test("network rules go by port and protocol", () => {
  const graph = graphWith({});
  const reach = (port: number, protocol: "TCP" | "UDP") =>
    reachAddress(graph, { from: { vnetId }, address: publicAddress, port, protocol }).kind;
  assert.equal(reach(443, "TCP"), "public");
  assert.equal(reach(400, "UDP"), "public");
  assert.equal(reach(501, "TCP"), "none");
});

test("a firewall's address is a server, and no endpoint", () => {
  const graph = graphWith({});
  assert.equal(reachAddress(graph, { from: { vnetId }, address: "10.1.250.4" }).kind, "server");
  const reached = addressInVnet(graph, { vnetId, address: "10.1.250.4" });
  assert.equal(reached.kind, "none");
  assert.deepEqual(routeLoops(graph), []);
});

test("what is no IPv4 address is dropped", () => {
  const { hop } = routeOf(graphWith({}), { from: { vnetId }, address: "::1" });
  assert.deepEqual(hop, { kind: "none", by: "dropped" });
});

test("a trace shows every hop to a public host, and stops where a firewall has no rule", () => {
  const graph = graphWith({});
  const open = pathOf(graph, {
    from: { vnetId },
    name: `${cloud.globalHandlerHost.toUpperCase()}.`,
  });
  assert.equal(open.outcome, "public");
  assert.deepEqual(
    open.hops.map(({ kind, passes }) => `${kind} ${passes}`),
    ["name true", "route true", "firewall true", "route true", "public true", "access true"],
  );
  assert.equal(open.hops[3]?.reasons[0]?.rule, "route.user");
  const closed = pathOf(graphWith({ sources: ["10.2.0.0/16"] }), {
    from: { vnetId },
    name: cloud.globalHandlerHost,
  });
  assert.equal(closed.outcome, "stopped");
  assert.equal(closed.hops.at(-1)?.kind, "firewall");
  const unknown = pathOf(graph, { from: { vnetId }, name: "nowhere.example" });
  assert.deepEqual(
    unknown.hops.map(({ kind, passes }) => `${kind} ${passes}`),
    ["name false"],
  );
});

test("an asterisk matches what stands to the left, of any depth, and nothing to the right", () => {
  assert.ok(fqdnMatches("*.azure.example", "a.b.c.azure.example"));
  assert.ok(!fqdnMatches("*.azure.example", "azure.example"));
  assert.ok(!fqdnMatches("*.azure.example", "azure.example.evil"));
  assert.ok(fqdnMatches("*azure.example", "notazure.example"));
  assert.ok(fqdnMatches("azure.example", "AZURE.example"));
  assert.ok(fqdnMatches("*", "anything"));
});
