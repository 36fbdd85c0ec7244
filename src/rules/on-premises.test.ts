/** On-premises networks: what they reach, how names resolve there, and why. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject, ResourceId } from "../arm/index.ts";
import { forwarderTag, reachedNetworks, reachFromOnPremises, resolveFrom } from "./index.ts";
import { graphFrom, parseId } from "../arm/index.ts";
import type { Graph } from "../arm/index.ts";
import { publicAddressOf } from "../azure/index.ts";
import { group } from "./test-graph.ts";

const network = `${group}/providers/Microsoft.Network`;
const vnet = (name: string): ResourceId => `${network}/virtualNetworks/${name}`;
const hq = `${network}/localNetworkGateways/hq`;
const dce = `${group}/providers/Microsoft.Insights/dataCollectionEndpoints/d`;
const host = "d-k.eastus-1.metrics.ingest.monitor.azure.com";
const zoneId = `${network}/privateDnsZones/privatelink.monitor.azure.com`;
const from = { kind: "on-premises", networkId: hq } as const;

type Plain = Readonly<Record<ResourceId, JsonObject>>;

const peering = (remote: string, flags: JsonObject): JsonObject => ({
  name: `to-${remote}`,
  properties: {
    remoteVirtualNetwork: { id: vnet(remote) },
    peeringState: "Connected",
    allowVirtualNetworkAccess: true,
    ...flags,
  },
});

/** An endpoint with one address in a network. */
const endpoint = (name: string, inVnet: string, privateIPAddress: string): Plain => ({
  [`${network}/privateEndpoints/${name}`]: {
    subnet: { id: `${vnet(inVnet)}/subnets/pe` },
    networkInterfaces: [{ id: `${network}/networkInterfaces/${name}` }],
  },
  [`${network}/networkInterfaces/${name}`]: {
    ipConfigurations: [
      { properties: { privateIPAddress, subnet: { id: `${vnet(inVnet)}/subnets/pe` } } },
    ],
  },
});

const space = (prefix: string, peerings: readonly JsonObject[] = []): JsonObject => ({
  addressSpace: { addressPrefixes: [prefix] },
  subnets: [{ name: "GatewaySubnet", id: "", properties: { addressPrefix: prefix } }],
  virtualNetworkPeerings: peerings,
});

/** `hq` is connected to `hub`; `spoke` uses the hub's gateway, `aside` is peered without it, `far` is only known. */
const base: Plain = {
  [vnet("hub")]: space("10.1.0.0/16", [
    peering("spoke", { allowGatewayTransit: true }),
    peering("aside", { allowGatewayTransit: true }),
  ]),
  [vnet("spoke")]: space("10.2.0.0/16", [peering("hub", { useRemoteGateways: true })]),
  [vnet("aside")]: space("10.3.0.0/16", [peering("hub", {})]),
  [vnet("far")]: space("10.4.0.0/16"),
  [`${network}/virtualNetworkGateways/vpn`]: {
    ipConfigurations: [{ properties: { subnet: { id: `${vnet("hub")}/subnets/GatewaySubnet` } } }],
  },
  [`${network}/connections/c`]: {
    virtualNetworkGateway1: { id: `${network}/virtualNetworkGateways/vpn` },
    localNetworkGateway2: { id: hq },
  },
  ...endpoint("in-hub", "hub", "10.1.9.4"),
  ...endpoint("in-spoke", "spoke", "10.2.9.4"),
  ...endpoint("in-aside", "aside", "10.3.9.4"),
  [`${network}/dnsResolvers/r/inboundEndpoints/in`]: {
    ipConfigurations: [
      { privateIpAddress: "10.1.2.4", subnet: { id: `${vnet("hub")}/subnets/dns` } },
    ],
  },
  [`${network}/dnsResolvers/f/inboundEndpoints/in`]: {
    ipConfigurations: [
      { privateIpAddress: "10.4.2.4", subnet: { id: `${vnet("far")}/subnets/dns` } },
    ],
  },
  [dce]: { metricsIngestion: { endpoint: `https://${host}` } },
  [zoneId]: {},
  [`${zoneId}/virtualNetworkLinks/hub`]: { virtualNetwork: { id: vnet("hub") } },
  [`${zoneId}/A/d-k.eastus-1.metrics.ingest`]: { aRecords: [{ ipv4Address: "10.1.9.4" }] },
};

/** The estate with `hq` forwarding to an address, or to nobody. */
function estate(forwarder?: string): Graph {
  const tags = forwarder === undefined ? {} : { [forwarderTag]: forwarder };
  const all: Plain = { ...base, [hq]: {} };
  return graphFrom(
    Object.entries(all).map(([id, properties]) => {
      const parsed = parseId(id);
      assert.ok(parsed, id);
      const own = id === hq ? { tags } : {};
      return { id, name: parsed.name, type: parsed.type, properties, ...own };
    }),
  );
}

const reasonOf = (graph: Graph, name: string): string =>
  resolveFrom(graph, from, { name }).reasons[0]?.rule ?? "";

test("an on-premises network reaches its gateway's network, and peered ones by gateway transit only", () => {
  const reached = reachedNetworks(estate(), hq).map(({ vnetId }) => vnetId);
  assert.deepEqual(reached, [vnet("hub"), vnet("spoke")]);
  const to = (address: string) => reachFromOnPremises(estate(), { networkId: hq, address });
  assert.equal(to("10.1.9.4").kind, "endpoint");
  const spoke = to("10.2.9.4");
  assert.equal(spoke.kind, "endpoint");
  assert.match(
    spoke.reasons[0]?.says ?? "",
    /connected to .*hub by .*\/c, and on by gateway transit/,
  );
  const aside = to("10.3.9.4");
  assert.deepEqual([aside.kind, aside.reasons[0]?.rule], ["none", "reach.on-premises-none"]);
});

test("public addresses are reached by the network's own line, and an unknown network reaches nothing", () => {
  const address = publicAddressOf(host) ?? "";
  const reach = reachFromOnPremises(estate(), { networkId: hq, address });
  assert.deepEqual([reach.kind, reach.reasons[0]?.rule], ["public", "reach.on-premises-public"]);
  const nowhere = reachFromOnPremises(estate(), { networkId: vnet("none"), address });
  assert.deepEqual([nowhere.kind, nowhere.reasons[0]?.rule], ["none", "reach.unknown-network"]);
});

test("a resolver that forwards to an inbound endpoint gets private answers for Azure's suffixes, and no others", () => {
  const graph = estate("10.1.2.4");
  const { outcome, addresses } = resolveFrom(graph, from, { name: host });
  assert.deepEqual([outcome, addresses], ["private", ["10.1.9.4"]]);
  assert.equal(reasonOf(graph, host), "dns.on-premises-forwarded");
  assert.equal(reasonOf(graph, "monitor.azure.com"), "dns.on-premises-forwarded");
  assert.equal(reasonOf(graph, "notmonitor.azure.com"), "dns.on-premises");
});

test("a resolver that forwards nothing resolves publicly, and says why", () => {
  const graph = estate();
  assert.equal(resolveFrom(graph, from, { name: host }).outcome, "public");
  assert.equal(reasonOf(graph, host), "dns.on-premises");
});

test("a forwarder that is no inbound endpoint, or one out of reach, answers nobody", () => {
  for (const forwarder of ["10.1.9.9", "10.4.2.4"]) {
    const { outcome, reasons } = resolveFrom(estate(forwarder), from, { name: host });
    assert.deepEqual([outcome, reasons[0]?.rule], ["servfail", "dns.on-premises-unanswered"]);
  }
  const unknown = { kind: "on-premises", networkId: vnet("none") } as const;
  const { outcome, reasons } = resolveFrom(estate(), unknown, { name: host });
  assert.deepEqual([outcome, reasons[0]?.rule], ["servfail", "dns.unknown-network"]);
});
