/** Peerings as ARM keeps them: two sides, their states, and what is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { at, listAt, stringAt } from "../../arm/index.ts";
import type { JsonObject, ResourceId } from "../../arm/index.ts";
import { limits } from "../../core/index.ts";
import { openEstate, network, vnetBody } from "../testing/estate.ts";
import type { Estate } from "../testing/estate.ts";

const vnet = (name: string): ResourceId => `${network}/virtualNetworks/${name}`;
const side = (from: string, to: string): ResourceId =>
  `${vnet(from)}/virtualNetworkPeerings/to-${to}`;
const to = (name: string, extra: JsonObject = {}): JsonObject => ({
  properties: { remoteVirtualNetwork: { id: vnet(name) }, ...extra },
});

function hubAndSpokes(): Estate {
  const estate = openEstate();
  estate.put(vnet("hub"), vnetBody("10.0.0.0/16", {}));
  estate.put(vnet("spoke"), vnetBody("10.1.0.0/16", {}));
  estate.put(vnet("other"), vnetBody("10.1.0.0/24", {}));
  return estate;
}

const stateOf = (estate: Estate, id: ResourceId): string | undefined =>
  stringAt(estate.get(id).properties, "peeringState");

test("a peering is Initiated until the other side is made, and both are shown in their networks", () => {
  const estate = hubAndSpokes();
  estate.put(side("hub", "spoke"), to("spoke"));
  assert.equal(stateOf(estate, side("hub", "spoke")), "Initiated");
  estate.put(side("spoke", "hub"), to("hub", { allowForwardedTraffic: true }));
  assert.equal(stateOf(estate, side("hub", "spoke")), "Connected");
  assert.equal(stateOf(estate, side("spoke", "hub")), "Connected");
  const shown = listAt(estate.get(vnet("hub")).properties, "virtualNetworkPeerings");
  assert.equal(stringAt(shown[0], "properties", "peeringState"), "Connected");
  assert.deepEqual(at(shown[0], "properties", "remoteAddressSpace"), {
    addressPrefixes: ["10.1.0.0/16"],
  });
});

test("a network put back with its peerings keeps them; its address space stays while they stand", () => {
  const estate = hubAndSpokes();
  estate.put(side("hub", "spoke"), to("spoke"));
  const { properties } = estate.get(vnet("hub"));
  estate.put(vnet("hub"), { location: "eastus", properties });
  assert.equal(stateOf(estate, side("hub", "spoke")), "Initiated");
  assert.match(
    estate.refusal(vnet("hub"), vnetBody("10.0.0.0/17", {}))[0] ?? "",
    /^FeatureNotEmulated: .*peerings \(to-spoke\)/,
  );
});

test("the side that is left is Disconnected, and no new side joins it", () => {
  const estate = hubAndSpokes();
  estate.put(side("hub", "spoke"), to("spoke"));
  estate.put(side("spoke", "hub"), to("hub"));
  estate.delete(side("hub", "spoke"));
  assert.equal(stateOf(estate, side("spoke", "hub")), "Disconnected");
  assert.match(
    estate.refusal(side("hub", "spoke"), to("spoke"))[0] ?? "",
    /^RemotePeeringIsDisconnected/,
  );
  estate.put(side("spoke", "hub"), to("hub"));
  estate.put(side("hub", "spoke"), to("spoke"));
  assert.equal(stateOf(estate, side("spoke", "hub")), "Connected");
});

test("a network that goes leaves the other side Disconnected", () => {
  const estate = hubAndSpokes();
  estate.put(side("hub", "spoke"), to("spoke"));
  estate.put(side("spoke", "hub"), to("hub"));
  estate.delete(vnet("spoke"));
  assert.equal(stateOf(estate, side("hub", "spoke")), "Disconnected");
});

test("overlapping address spaces are refused, also with what is already peered", () => {
  const estate = hubAndSpokes();
  assert.match(
    estate.refusal(side("spoke", "other"), to("other"))[0] ?? "",
    /^VnetAddressSpacesOverlap: .*Overlapping address prefixes: 10\.1\.0\.0\/16\./,
  );
  estate.put(side("hub", "spoke"), to("spoke"));
  assert.match(
    estate.refusal(side("hub", "other"), to("other"))[0] ?? "",
    /^VnetAddressSpaceOverlapsWithAlreadyPeeredVnet: .*10\.1\.0\.0\/24/,
  );
});

test("a peering names another network that is there, once, and for good", () => {
  const estate = hubAndSpokes();
  const first = (id: ResourceId, body: JsonObject): string => estate.refusal(id, body)[0] ?? "";
  assert.match(first(side("hub", "gone"), to("gone")), /^InvalidResourceReference/);
  assert.match(first(side("hub", "hub"), to("hub")), /^InvalidRequestContent: .*itself/);
  estate.put(side("hub", "spoke"), to("spoke"));
  assert.match(
    first(`${vnet("hub")}/virtualNetworkPeerings/again`, to("spoke")),
    /^AnotherPeeringAlreadyReferencesRemoteVnet/,
  );
  assert.match(first(side("hub", "spoke"), to("other")), /^PropertyChangeNotAllowed/);
  const part = { peerCompleteVnets: false };
  assert.match(first(side("hub", "spoke"), to("spoke", part)), /^FeatureNotEmulated/);
  estate.denied.add(`microsoft.network/virtualnetworks/peer/action ${vnet("spoke")}`.toLowerCase());
  assert.match(first(side("hub", "spoke"), to("spoke")), /^LinkedAuthorizationFailed/);
});

test("a remote gateway is used where there is one, and its side allows transit", () => {
  const estate = hubAndSpokes();
  const uses = to("hub", { useRemoteGateways: true });
  const refusal = (): string => estate.refusal(side("spoke", "hub"), uses)[0] ?? "";
  assert.match(refusal(), /^PeeringGatewayNotUsable: .*has no gateway/);
  estate.seed([
    {
      id: `${network}/virtualNetworkGateways/vpn`,
      name: "vpn",
      type: "Microsoft.Network/virtualNetworkGateways",
      properties: {
        ipConfigurations: [
          { properties: { subnet: { id: `${vnet("hub")}/subnets/GatewaySubnet` } } },
        ],
      },
    },
  ]);
  estate.put(side("hub", "spoke"), to("spoke"));
  assert.match(refusal(), /does not allow gateway transit/);
  estate.put(side("hub", "spoke"), to("spoke", { allowGatewayTransit: true }));
  estate.put(side("spoke", "hub"), uses);
  assert.equal(at(estate.get(side("spoke", "hub")).properties, "useRemoteGateways"), true);
});

test("a network takes as many peerings as the limit and not one more", () => {
  const estate = hubAndSpokes();
  const type = "Microsoft.Network/virtualNetworks/virtualNetworkPeerings";
  const seeded = (count: number): void =>
    estate.seed(
      Array.from({ length: count }, (_, index) => ({
        id: side("hub", `n${index}`),
        name: `to-n${index}`,
        type,
        properties: { remoteVirtualNetwork: { id: vnet(`n${index}`) } },
      })),
    );
  seeded(limits.peeringsPerVnetMax - 1);
  assert.deepEqual(estate.refusal(side("hub", "spoke"), to("spoke")), []);
  seeded(limits.peeringsPerVnetMax);
  assert.match(
    estate.refusal(side("hub", "spoke"), to("spoke"))[0] ?? "",
    /^PeeringLimitExceeded: .*limit is 500/,
  );
});
