/** The topology: each path's verdict and way, as the rules decide them, and the boxes and arrows that they give. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { graphFrom, idKey, withChanges } from "../arm/index.ts";
import { limits } from "../core/index.ts";
import { topologyOf } from "./index.ts";
import type { Topology } from "./index.ts";
import { estate, group, ids, resource } from "./testing/estate.ts";
import type { EstateOptions } from "./testing/estate.ts";

/** `path verdict: stop → stop`, of the cluster's paths. */
function paths(options: EstateOptions): readonly string[] {
  const topology = topologyOf(estate(options));
  return topology.flows
    .filter(({ path }) => path !== "outside")
    .map(({ path, verdict, stops }) => `${path} ${verdict}: ${way(topology, stops)}`);
}

const way = ({ nodes }: Topology, stops: readonly string[]): string =>
  stops.map((stop) => nodes.find(({ id }) => id === stop)?.name ?? stop).join(" → ");

const outside = (options: EstateOptions): readonly string[] =>
  topologyOf(estate(options))
    .flows.filter(({ path }) => path === "outside")
    .map(({ title, verdict }) => `${title} ${verdict}`);

test("a private estate's paths are private, each by its own endpoint", () => {
  assert.deepEqual(paths({}), [
    "configuration private: aks → pe-scope → ampls → dce",
    "metrics-ingestion private: aks → pe-scope → ampls → dce → amw",
    "metrics-query private: aks → pe-query → amw",
  ]);
  assert.deepEqual(outside({}), ["outside: dce closed", "outside: amw closed"]);
});

test("an estate whose public doors are open as well is both", () => {
  assert.deepEqual(
    paths({ publicAccess: "Enabled" }).map((path) => path.split(" ")[1]),
    ["both:", "both:", "both:"],
  );
  assert.deepEqual(outside({ publicAccess: "Enabled" }), [
    "outside: dce public",
    "outside: amw public",
  ]);
});

test("an estate without private endpoints is public, by the outside", () => {
  assert.deepEqual(paths({ isPrivate: false, publicAccess: "Enabled" }), [
    "configuration public: aks → Outside → dce",
    "metrics-ingestion public: aks → Outside → dce → amw",
    "metrics-query public: aks → Outside → amw",
  ]);
});

test("doors that are shut without a private way are closed", () => {
  assert.deepEqual(paths({ isPrivate: false }), [
    "configuration closed: aks → Outside → dce",
    "metrics-ingestion closed: aks → Outside → dce → amw",
    "metrics-query closed: aks → Outside → amw",
  ]);
});

test("a scope that does not link the endpoint breaks what goes by it, and says so", () => {
  const topology = topologyOf(estate({ linked: false }));
  const ingestion = topology.flows.find(({ path }) => path === "metrics-ingestion");
  // The network's zone is in force and lacks the endpoint's names.
  assert.equal(ingestion?.verdict, "broken");
  assert.ok(ingestion?.reasons.some(({ rule }) => rule === "dns.no-record"));
  assert.deepEqual(way(topology, ingestion?.stops ?? []), "aks → dce → amw");
});

test("a pending connection breaks its paths, which end at its box, and alarms it", () => {
  assert.deepEqual(paths({ status: "Pending" }), [
    "configuration broken: aks → pe-scope",
    "metrics-ingestion broken: aks → pe-scope",
    "metrics-query broken: aks → pe-query",
  ]);
  const topology = topologyOf(estate({ status: "Pending" }));
  assert.deepEqual(
    topology.flows.filter(({ verdict }) => verdict === "broken").map(({ path }) => path),
    ["configuration", "metrics-ingestion", "metrics-query"],
  );
  const box = topology.nodes.find(({ id }) => id === idKey(ids.scopeEndpoint));
  assert.equal(box?.alarm, "Pending");
});

test("zones that are linked to no network are alarmed and answer nothing", () => {
  const topology = topologyOf(estate({ zonesLinked: false }));
  const zones = topology.nodes.filter(({ kind }) => kind === "zones");
  assert.deepEqual(
    zones.map(({ alarm, networkId }) => [alarm, networkId]),
    [["not linked", undefined]],
  );
  assert.equal(topology.flows[0]?.verdict, "closed");
});

test("a perimeter that nobody here can ask leaves the verdict unknown", () => {
  assert.deepEqual(
    paths({ publicAccess: "SecuredByPerimeter" }).map((path) => path.split(" ")[1]),
    ["private:", "unknown:", "unknown:"],
  );
});

test("every flow has reasons with sources, from inside and from outside", () => {
  for (const { path, reasons, outsideReasons } of topologyOf(estate()).flows) {
    assert.ok(reasons.length > 0);
    assert.ok([...reasons, ...outsideReasons].every(({ source }) => source !== ""));
    assert.equal(outsideReasons.length > 0, path !== "outside");
  }
});

test("endpoints, clusters and zones stand in their network; zones lead to the endpoints of their records", () => {
  const { nodes, edges } = topologyOf(estate());
  const vnet = idKey(ids.vnet);
  assert.deepEqual(
    nodes.filter(({ networkId }) => networkId === vnet).map(({ kind }) => kind),
    ["cluster", "endpoint", "endpoint", "zones"],
  );
  const fromZones = edges.filter(({ from }) => from.startsWith("zones:")).map(({ to }) => to);
  assert.deepEqual(fromZones, [idKey(ids.scopeEndpoint), idKey(ids.queryEndpoint)]);
});

test("a cluster without a subnet or rules stands alone and has no paths", () => {
  const id = `${group}/providers/Microsoft.ContainerService/managedClusters/plain`;
  const topology = topologyOf(graphFrom([resource(id, {})]));
  assert.deepEqual(
    topology.nodes.map(({ name, lines }) => [name, lines[0]]),
    [
      ["plain", "no subnet of its own"],
      ["Outside", "every public network"],
    ],
  );
  assert.deepEqual(topology.flows, []);
});

test("a graph of as many boxes as a picture takes is whole, and one more is counted as left out", () => {
  const workspaces = (count: number) =>
    Array.from({ length: count }, (_, index) =>
      resource(`${group}/providers/Microsoft.Monitor/accounts/amw${index}`, {}),
    );
  const atLimit = topologyOf(graphFrom(workspaces(limits.topologyNodesMax - 1)));
  assert.deepEqual([atLimit.nodes.length, atLimit.omitted], [limits.topologyNodesMax, 0]);
  const past = topologyOf(graphFrom(workspaces(limits.topologyNodesMax)));
  assert.deepEqual([past.nodes.length, past.omitted], [limits.topologyNodesMax, 1]);
  assert.equal(past.nodes.at(-1)?.kind, "outside");
  const ids = new Set(past.nodes.map(({ id }) => id));
  assert.ok(past.edges.every(({ from, to }) => ids.has(from) && ids.has(to)));
});

test("what is gone from the graph is gone from the picture", () => {
  const graph = withChanges(estate(), [{ kind: "delete", id: ids.vnet }]);
  const { nodes, edges } = topologyOf(graph);
  assert.ok(!nodes.some(({ networkId }) => networkId !== undefined));
  const known = new Set(nodes.map(({ id }) => id));
  assert.ok(edges.every(({ from, to }) => known.has(from) && known.has(to)));
});

test("firewalls, gateways, resolvers and on-premises networks are drawn where they stand, with what ties them", () => {
  const of = (type: string, name: string): string =>
    `${group}/providers/Microsoft.Network/${type}/${name}`;
  const placed = (name: string, address: string) => ({
    name: "one",
    properties: { privateIPAddress: address, subnet: { id: `${ids.vnet}/subnets/${name}` } },
  });
  const table = of("routeTables", "to-firewall");
  const route = { addressPrefix: "0.0.0.0/0", nextHopIpAddress: "10.1.3.4" };
  const nodes = {
    name: "nodes",
    properties: { addressPrefix: "10.1.0.0/24", routeTable: { id: table } },
  };
  const graph = withChanges(
    estate(),
    [
      resource(ids.vnet, {
        addressSpace: { addressPrefixes: ["10.1.0.0/16"] },
        subnets: [nodes],
        virtualNetworkPeerings: [
          {
            name: "to-hub",
            properties: {
              remoteVirtualNetwork: { id: of("virtualNetworks", "hub") },
              peeringState: "Connected",
              useRemoteGateways: true,
            },
          },
        ],
      }),
      resource(table, { routes: [{ name: "all", properties: route }] }),
      resource(of("azureFirewalls", "fw"), {
        ipConfigurations: [placed("AzureFirewallSubnet", "10.1.3.4")],
        applicationRuleCollections: [{ properties: { rules: [{ name: "monitor" }] } }],
      }),
      resource(of("virtualNetworkGateways", "vpn"), {
        gatewayType: "Vpn",
        ipConfigurations: [placed("GatewaySubnet", "10.1.4.4")],
      }),
      resource(of("dnsResolvers", "dns"), { virtualNetwork: { id: ids.vnet } }),
      resource(of("dnsResolvers", "dns/inboundEndpoints/in"), {
        ipConfigurations: [{ privateIpAddress: "10.1.5.4" }],
      }),
      resource(of("localNetworkGateways", "office"), {
        localNetworkAddressSpace: { addressPrefixes: ["192.168.0.0/16"] },
      }),
      resource(of("connections", "line"), {
        connectionType: "IPsec",
        virtualNetworkGateway1: { id: of("virtualNetworkGateways", "vpn") },
        localNetworkGateway2: { id: of("localNetworkGateways", "office") },
      }),
    ].map((one) => ({ kind: "put", resource: one })),
  );
  const topology = topologyOf(graph);
  const devices = topology.nodes.filter(({ kind }) =>
    ["firewall", "gateway", "resolver", "on-premises"].includes(kind),
  );
  const vnet = idKey(ids.vnet);
  assert.deepEqual(
    devices.map(({ kind, lines, networkId }) => [kind, lines.join(" "), networkId === vnet]),
    [
      ["firewall", "10.1.3.4 1 rule", true],
      ["gateway", "Vpn", true],
      ["resolver", "10.1.5.4", true],
      ["on-premises", "192.168.0.0/16", false],
    ],
  );
  assert.deepEqual(
    topology.edges
      .filter(({ ties }) => ties.some((tie) => /route|egress|IPsec/.test(tie) && !/rule/.test(tie)))
      .map(({ from, to, ties }) => `${way(topology, [from, to])}: ${ties.join()}`),
    ["office → vpn: IPsec", "aks → fw: route 0.0.0.0/0", "fw → Outside: egress"],
  );
  const network = topology.nodes.find(({ id }) => id === vnet);
  assert.deepEqual(
    network?.facts.find(({ label }) => label === "peered with")?.value,
    "hub (Connected, by its gateway)",
  );
});

/** The public estate behind a firewall that opens these names. */
function behindFirewall(targetFqdns: readonly string[]) {
  const of = (type: string, name: string): string =>
    `${group}/providers/Microsoft.Network/${type}/${name}`;
  const routed = (table: string) => ({ routeTable: { id: of("routeTables", table) } });
  const route = (nextHop: object) => ({
    routes: [{ name: "all", properties: { addressPrefix: "0.0.0.0/0", ...nextHop } }],
  });
  const open = {
    priority: 100,
    action: { type: "Allow" },
    rules: [
      {
        name: "monitor",
        protocols: [{ protocolType: "Https", port: 443 }],
        sourceAddresses: ["*"],
        targetFqdns,
      },
    ],
  };
  const subnets = [
    { name: "nodes", properties: { addressPrefix: "10.1.0.0/24", ...routed("nodes") } },
    { name: "AzureFirewallSubnet", properties: { addressPrefix: "10.1.3.0/26", ...routed("out") } },
  ].map((subnet) => ({ id: `${ids.vnet}/subnets/${subnet.name}`, ...subnet }));
  const firewallSubnet = { id: `${ids.vnet}/subnets/AzureFirewallSubnet` };
  return topologyOf(
    withChanges(
      estate({ isPrivate: false, publicAccess: "Enabled" }),
      [
        resource(ids.vnet, { addressSpace: { addressPrefixes: ["10.1.0.0/16"] }, subnets }),
        resource(
          of("routeTables", "nodes"),
          route({ nextHopType: "VirtualAppliance", nextHopIpAddress: "10.1.3.4" }),
        ),
        resource(of("routeTables", "out"), route({ nextHopType: "Internet" })),
        resource(of("azureFirewalls", "fw"), {
          ipConfigurations: [
            { properties: { subnet: firewallSubnet, privateIPAddress: "10.1.3.4" } },
          ],
          applicationRuleCollections: [{ name: "monitor", properties: open }],
        }),
      ].map((one) => ({ kind: "put", resource: one })),
    ),
  );
}

test("a path by a firewall goes by its box, and ends there where no rule opens the name", () => {
  const ways = (topology: Topology): readonly string[] =>
    topology.flows
      .filter(({ path }) => path !== "outside")
      .map(({ path, verdict, stops }) => `${path} ${verdict}: ${way(topology, stops)}`);
  assert.deepEqual(ways(behindFirewall(["*.monitor.azure.com"])), [
    "configuration public: aks → fw → Outside → dce",
    "metrics-ingestion public: aks → fw → Outside → dce → amw",
    "metrics-query public: aks → fw → Outside → amw",
  ]);
  const shut = behindFirewall(["*.example.com"]);
  assert.deepEqual(ways(shut), [
    "configuration broken: aks → fw",
    "metrics-ingestion broken: aks → fw",
    "metrics-query broken: aks → fw",
  ]);
  assert.ok(shut.flows[0]?.reasons.some(({ rule }) => rule === "firewall.no-rule"));
});

/** The private estate, with an office that is connected to its network and forwards names to an address, or to nobody. */
function withOffice(forwarder?: string): Topology {
  const of = (type: string, name: string): string =>
    `${group}/providers/Microsoft.Network/${type}/${name}`;
  const subnet = (name: string) => ({ subnet: { id: `${ids.vnet}/subnets/${name}` } });
  const tags = forwarder === undefined ? {} : { tags: { "linkscope-dns-forwarder": forwarder } };
  return topologyOf(
    withChanges(
      estate(),
      [
        { ...resource(of("localNetworkGateways", "office"), {}), ...tags },
        resource(of("virtualNetworkGateways", "vpn"), {
          ipConfigurations: [{ properties: subnet("GatewaySubnet") }],
        }),
        resource(of("connections", "line"), {
          virtualNetworkGateway1: { id: of("virtualNetworkGateways", "vpn") },
          localNetworkGateway2: { id: of("localNetworkGateways", "office") },
        }),
        resource(of("dnsResolvers", "dns/inboundEndpoints/in"), {
          ipConfigurations: [{ privateIpAddress: "10.1.5.4", ...subnet("dns") }],
        }),
      ].map((one) => ({ kind: "put", resource: one })),
    ),
  );
}

test("what an office writes goes by its gateway where its names are forwarded, and else to a shut door", () => {
  const written = (topology: Topology): readonly string[] =>
    topology.flows
      .filter(({ title }) => title.startsWith("office"))
      .map(({ verdict, stops }) => `${verdict}: ${way(topology, stops)}`);
  assert.deepEqual(written(withOffice("10.1.5.4")), [
    "private: office → vpn → pe-scope → ampls → dce → amw",
  ]);
  assert.deepEqual(written(withOffice()), ["closed: office → Outside → dce → amw"]);
  assert.deepEqual(written(withOffice("10.9.9.9")), ["broken: office → dce → amw"]);
});
