/** Gateways, on-premises networks and connections: shapes, and what is refused by name. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { listAt, stringAt } from "../../arm/index.ts";
import type { JsonObject } from "../../arm/index.ts";
import { forwarderTag, reachedNetworks } from "../../rules/index.ts";
import { network, openEstate, vnetBody, vnetId } from "../testing/estate.ts";
import type { Estate } from "../testing/estate.ts";

const localId = `${network}/localNetworkGateways/hq`;
const circuitId = `${network}/expressRouteCircuits/plant`;
const peeringId = `${circuitId}/peerings/AzurePrivatePeering`;
const gatewayId = (name: string): string => `${network}/virtualNetworkGateways/${name}`;
const connectionId = `${network}/connections/to`;
const location = "eastus";
const article =
  /"Configure the on-premises cluster to connect to an Azure VNET using a VPN gateway or ExpressRoutes with private-peering\."/;

const local = (prefix: string, extra: JsonObject = {}, tags: JsonObject = {}): JsonObject => ({
  location,
  tags,
  properties: {
    localNetworkAddressSpace: { addressPrefixes: [prefix] },
    gatewayIpAddress: "198.51.100.7",
    ...extra,
  },
});
const gateway = (
  gatewayType: string,
  extra: JsonObject = {},
  subnet = "GatewaySubnet",
): JsonObject => ({
  location,
  properties: {
    gatewayType,
    ipConfigurations: [
      { name: "default", properties: { subnet: { id: `${vnetId}/subnets/${subnet}` } } },
    ],
    ...extra,
  },
});
const connection = (connectionType: string, gatewayName: string, ends: JsonObject): JsonObject => ({
  location,
  properties: { connectionType, virtualNetworkGateway1: { id: gatewayId(gatewayName) }, ...ends },
});
const toLocal = { localNetworkGateway2: { id: localId } };
const toCircuit = { peer: { id: circuitId } };

/** A network with both gateways, `hq` and `plant`, not connected. */
function gatewayEstate(): Estate {
  const estate = openEstate();
  estate.put(
    vnetId,
    vnetBody("10.1.0.0/16", { GatewaySubnet: "10.1.0.0/27", other: "10.1.1.0/24" }),
  );
  estate.put(gatewayId("vpn"), gateway("Vpn"));
  estate.put(gatewayId("er"), gateway("ExpressRoute"));
  estate.put(localId, local("192.168.0.0/24"));
  estate.put(circuitId, { location, properties: {} });
  return estate;
}

test("a VPN connection ties a gateway to a local network gateway, and does not keep the shared key", () => {
  const estate = gatewayEstate();
  const stored = estate.put(
    connectionId,
    connection("IPsec", "vpn", { ...toLocal, sharedKey: "s3cret" }),
  );
  assert.equal(stringAt(stored.properties, "connectionStatus"), "Connected");
  assert.ok(!JSON.stringify(stored).includes("s3cret"));
});

test("what a connection uses cannot be deleted before it", () => {
  const estate = gatewayEstate();
  estate.put(connectionId, connection("IPsec", "vpn", toLocal));
  for (const id of [gatewayId("vpn"), localId]) {
    assert.match(estate.deleteRefusal(id)[0] ?? "", /^GatewayInUse: .*connections\/to\. Delete/);
  }
  const subnet = `${vnetId}/subnets/GatewaySubnet`;
  for (const id of [subnet, vnetId]) {
    assert.match(estate.deleteRefusal(id)[0] ?? "", /^InUseSubnetCannotBeDeleted: .*Gateways\/vpn/);
  }
  estate.delete(connectionId);
  estate.delete(localId);
});

test("an ExpressRoute connection needs the circuit's private peering, and says so in the article's words", () => {
  const estate = gatewayEstate();
  const body = connection("ExpressRoute", "er", toCircuit);
  const [refusal = ""] = estate.refusal(connectionId, body);
  assert.match(refusal, /^InvalidRequestContent: .*has no AzurePrivatePeering/);
  assert.match(refusal, article);
  estate.put(peeringId, {
    properties: { peeringType: "AzurePrivatePeering", peerASN: 65001, vlanId: 5 },
  });
  assert.equal(listAt(estate.get(circuitId).properties, "peerings").length, 1);
  estate.put(connectionId, body);
  assert.match(estate.deleteRefusal(peeringId)[0] ?? "", /^GatewayInUse/);
});

test("Microsoft peering is refused by name, as a resource and within a circuit", () => {
  const estate = gatewayEstate();
  const id = `${circuitId}/peerings/MicrosoftPeering`;
  const properties = { peeringType: "MicrosoftPeering" };
  const [refusal = ""] = estate.refusal(id, { properties });
  assert.match(refusal, /^FeatureNotEmulated: .*MicrosoftPeering/);
  assert.match(refusal, article);
  const inline = { location, properties: { peerings: [{ name: "MicrosoftPeering", properties }] } };
  assert.match(estate.refusal(circuitId, inline)[0] ?? "", article);
  const named = { properties: { peeringType: "AzurePrivatePeering" } };
  assert.match(estate.refusal(id, named)[0] ?? "", /^InvalidResourceName/);
});

test("a circuit's own body can be put back with its peerings, and a new one within it is refused", () => {
  const estate = gatewayEstate();
  const inline = {
    name: "AzurePrivatePeering",
    properties: { peeringType: "AzurePrivatePeering" },
  };
  const body = { location, properties: { peerings: [inline] } };
  assert.match(
    estate.refusal(circuitId, body)[0] ?? "",
    /Put it at .*peerings\/AzurePrivatePeering/,
  );
  estate.put(peeringId, { properties: { peeringType: "AzurePrivatePeering" } });
  const { properties } = estate.get(circuitId);
  estate.put(circuitId, { location, properties });
  estate.delete(peeringId);
  assert.deepEqual(listAt(estate.get(circuitId).properties, "peerings"), []);
});

test("ends that do not fit are named: types, missing ones, overlapping address spaces", () => {
  const estate = gatewayEstate();
  const refusal = (body: JsonObject): string => estate.refusal(connectionId, body).join("\n");
  assert.match(refusal(connection("IPsec", "er", toLocal)), /needs a gateway of type Vpn/);
  assert.match(refusal(connection("IPsec", "vpn", toCircuit)), /has a localNetworkGateway2/);
  assert.match(refusal(connection("ExpressRoute", "er", toLocal)), /has a peer, the circuit/);
  const gone = { localNetworkGateway2: { id: `${network}/localNetworkGateways/none` } };
  assert.match(refusal(connection("IPsec", "vpn", gone)), /^InvalidResourceReference/);
  assert.match(refusal(connection("IPsec", "none", toLocal)), /^InvalidResourceReference/);
  assert.match(refusal(connection("Vnet2Vnet", "vpn", toLocal)), /use virtualNetworkPeerings/);
  const bgp = connection("IPsec", "vpn", { ...toLocal, enableBgp: true });
  assert.match(refusal(bgp), /^FeatureNotEmulated: .*enableBgp/);
  estate.put(localId, local("10.1.128.0/24"));
  const overlap = refusal(connection("IPsec", "vpn", toLocal));
  assert.match(
    overlap,
    /^OverlappingAddressPrefixes: .*10\.1\.128\.0\/24 of 'hq' and 10\.1\.0\.0\/16/,
  );
});

test("a gateway stands in GatewaySubnet, one of each type to a network, and keeps both", () => {
  const estate = gatewayEstate();
  const refusal = (name: string, body: JsonObject): string =>
    estate.refusal(gatewayId(name), body).join("\n");
  assert.match(refusal("new", gateway("Vpn", {}, "other")), /named 'GatewaySubnet'/);
  assert.match(refusal("new", gateway("Vpn", {}, "none")), /^InvalidResourceReference/);
  assert.match(refusal("new", gateway("Vpn")), /^Conflict: .*has the Vpn gateway/);
  assert.match(refusal("vpn", gateway("ExpressRoute")), /^PropertyChangeNotAllowed/);
  assert.match(refusal("vpn", gateway("Vpn", { activeActive: true })), /^FeatureNotEmulated/);
  const policy = gateway("Vpn", { vpnType: "PolicyBased" });
  assert.match(refusal("vpn", policy), /traffic selectors are not emulated/);
});

test("an on-premises network has a device, prefixes, and a forwarder that is an address", () => {
  const estate = openEstate();
  const refusal = (body: JsonObject): string => estate.refusal(localId, body).join("\n");
  assert.match(refusal(local("10.0.0.0/33")), /^InvalidAddressPrefixFormat/);
  assert.match(refusal(local("10.0.0.0/8", { fqdn: "vpn.example" })), /one of them/);
  assert.match(refusal(local("10.0.0.0/8", { gatewayIpAddress: "x" })), /is no IPv4 address/);
  const tagged = local("10.0.0.0/8", {}, { [forwarderTag]: "dns.example" });
  assert.match(refusal(tagged), /^InvalidRequestContent: The tag 'linkscope-dns-forwarder'/);
  const circuit = { location, tags: { [forwarderTag]: "1.2.3" }, properties: {} };
  assert.match(estate.refusal(circuitId, circuit)[0] ?? "", /is no IPv4 address/);
});

test("an on-premises network reaches a peered network once both sides agree on gateway transit", () => {
  const estate = gatewayEstate();
  const spokeId = `${network}/virtualNetworks/spoke`;
  estate.put(spokeId, vnetBody("10.2.0.0/16", {}));
  estate.put(connectionId, connection("IPsec", "vpn", toLocal));
  const peer = (from: string, to: string, flags: JsonObject): void => {
    const properties = { remoteVirtualNetwork: { id: to }, ...flags };
    estate.put(`${from}/virtualNetworkPeerings/p`, { properties });
  };
  const reached = (): readonly string[] =>
    reachedNetworks(estate.graph(), localId).map((one) => one.vnetId);
  peer(vnetId, spokeId, {});
  peer(spokeId, vnetId, {});
  assert.deepEqual(reached(), [vnetId], "peering alone is not transitive");
  peer(vnetId, spokeId, { allowGatewayTransit: true });
  peer(spokeId, vnetId, { useRemoteGateways: true });
  assert.deepEqual(reached(), [vnetId, spokeId]);
});
