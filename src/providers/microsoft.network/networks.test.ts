/** Virtual networks, subnets, zones, links and record sets: shapes, refusals, and what each does to the others. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { listAt, stringAt } from "../../arm/index.ts";
import type { ArmResource } from "../../arm/index.ts";
import { limits } from "../../core/index.ts";
import {
  linkedEstate,
  network,
  openEstate,
  subnetId,
  vnetBody,
  vnetId,
} from "../testing/estate.ts";

const zoneId = `${network}/privateDnsZones/privatelink.monitor.azure.com`;
const linkId = `${zoneId}/virtualNetworkLinks/l1`;
const linkBody = (vnet = vnetId, extra = {}) => ({
  location: "global",
  properties: { virtualNetwork: { id: vnet }, registrationEnabled: false, ...extra },
});

test("inline subnets become addressable children and are shown in the network (wire rule 20)", () => {
  const estate = openEstate();
  const vnet = estate.put(vnetId, vnetBody("10.1.0.0/16", { "snet-pe": "10.1.1.0/24" }));
  const subnet = estate.get(subnetId);
  assert.equal(subnet.name, "snet-pe");
  assert.equal(stringAt(subnet.properties, "addressPrefix"), "10.1.1.0/24");
  assert.equal(stringAt(subnet.properties, "provisioningState"), "Succeeded");
  const [shown] = listAt(vnet.properties, "subnets");
  assert.equal(stringAt(shown, "id"), subnetId);
  assert.deepEqual((shown as { properties: unknown }).properties, subnet.properties);
});

test("a subnet that is put at its own address is shown in the network, and gone when it is deleted", () => {
  const estate = openEstate();
  estate.put(vnetId, vnetBody("10.1.0.0/16", {}));
  estate.put(`${vnetId}/subnets/b`, { name: "b", properties: { addressPrefix: "10.1.2.0/24" } });
  assert.equal(stringAt(estate.get(vnetId).properties, "subnets", 0, "name"), "b");
  estate.delete(`${vnetId}/subnets/b`);
  assert.deepEqual(listAt(estate.get(vnetId).properties, "subnets"), []);
});

test("a PUT without subnets leaves them; a PUT with a list removes those left out", () => {
  const estate = openEstate();
  estate.put(vnetId, vnetBody("10.1.0.0/16", { a: "10.1.1.0/24", b: "10.1.2.0/24" }));
  const { subnets: _, ...rest } = vnetBody("10.1.0.0/16", {})["properties"] as Record<
    string,
    never
  >;
  estate.put(vnetId, { location: "eastus", properties: rest });
  assert.equal(listAt(estate.get(vnetId).properties, "subnets").length, 2);
  estate.put(vnetId, vnetBody("10.1.0.0/16", { a: "10.1.1.0/24" }));
  assert.equal(estate.find(`${vnetId}/subnets/b`), undefined);
});

const wrongSpaces: readonly (readonly [
  string,
  string,
  Readonly<Record<string, string>>,
  RegExp,
])[] = [
  ["no CIDR notation", "10.1.0.0", {}, /^InvalidAddressPrefixFormat/],
  ["an octet over 255", "10.256.0.0/16", {}, /^InvalidAddressPrefixFormat/],
  ["IPv6", "fd00::/48", {}, /^FeatureNotEmulated: .*IPv6/],
  ["bits below the mask", "10.1.0.1/16", {}, /^InvalidCIDRNotation: .*should be 10\.1\.0\.0\/16/],
  ["a subnet outside", "10.1.0.0/16", { a: "10.2.0.0/24" }, /^NetcfgInvalidSubnet/],
  ["a subnet larger than the space", "10.1.0.0/24", { a: "10.1.0.0/16" }, /^NetcfgInvalidSubnet/],
  [
    "overlapping subnets",
    "10.1.0.0/16",
    { a: "10.1.0.0/24", b: "10.1.0.128/25" },
    /^NetcfgSubnetRangesOverlap/,
  ],
  ["a subnet smaller than /29", "10.1.0.0/16", { a: "10.1.0.0/30" }, /^SubnetTooSmall/],
];
for (const [name, space, subnets, says] of wrongSpaces) {
  test(`a network with ${name} is refused`, () => {
    const refusal = openEstate().refusal(vnetId, vnetBody(space, subnets));
    assert.match(refusal[0] ?? "", says);
  });
}

test("the smallest subnet is /29", () => {
  assert.equal(limits.subnetPrefixLengthMax, 29);
  openEstate().put(vnetId, vnetBody("10.1.0.0/16", { a: "10.1.0.0/29" }));
});

test("overlapping prefixes of a network, a subnet given twice, and a subnet without prefix are refused", () => {
  const estate = openEstate();
  const body = (subnets: readonly object[], prefixes = ["10.1.0.0/16"]) => ({
    location: "eastus",
    properties: { addressSpace: { addressPrefixes: prefixes }, subnets: subnets as never },
  });
  const a = { name: "a", properties: { addressPrefix: "10.1.0.0/24" } };
  assert.match(
    estate.refusal(vnetId, body([], ["10.1.0.0/16", "10.1.2.0/24"]))[0] ?? "",
    /^OverlappingAddressPrefixes/,
  );
  assert.match(estate.refusal(vnetId, body([a, { ...a, name: "A" }]))[0] ?? "", /given twice/);
  assert.match(
    estate.refusal(vnetId, body([{ name: "a", properties: {} }]))[0] ?? "",
    /no addressPrefix/,
  );
  assert.match(
    estate.refusal(vnetId, body([{ ...a, name: "../x" }]))[0] ?? "",
    /^InvalidResourceName/,
  );
});

test("a network takes as many subnets as the limit and not one more", () => {
  const estate = openEstate();
  const subnets = (count: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [
        `s${index}`,
        `10.${Math.floor(index / 8192)}.${Math.floor(index / 32) % 256}.${(index % 32) * 8}/29`,
      ]),
    );
  const past = vnetBody("10.0.0.0/8", subnets(limits.subnetsPerVnetMax + 1));
  assert.match(estate.refusal(vnetId, past)[0] ?? "", /^InvalidRequestContent: .*3001 items/);
  assert.deepEqual(
    estate.refusal(vnetId, vnetBody("10.0.0.0/8", subnets(limits.subnetsPerVnetMax))),
    [],
  );
});

test("what a network does not emulate is refused by name", () => {
  const estate = openEstate();
  const body = (extra: object) => ({
    location: "eastus",
    properties: { addressSpace: { addressPrefixes: ["10.1.0.0/16"] }, ...extra },
  });
  const refused = [
    { virtualNetworkPeerings: [{ name: "to-hub", properties: {} }] },
    { enableDdosProtection: true },
    { enableVmProtection: true },
    { encryption: { enabled: true } },
    {
      subnets: [
        { name: "a", properties: { addressPrefix: "10.1.0.0/24", natGateway: { id: "x" } } },
      ],
    },
  ];
  for (const extra of refused) {
    assert.match(estate.refusal(vnetId, body(extra as never))[0] ?? "", /^FeatureNotEmulated/);
  }
});

test("a subnet in use keeps its endpoints' addresses, and neither it nor its network can be deleted", () => {
  const estate = linkedEstate();
  const shrunk = (addressPrefix: string) =>
    estate.refusal(subnetId, { properties: { addressPrefix } });
  assert.deepEqual(shrunk("10.1.1.0/28"), [], "eleven addresses fit into a /28");
  assert.match(shrunk("10.1.1.0/29")[0] ?? "", /^InUsePrefixCannotBeDeleted: .*8 addresses/);
  const moved = { properties: { addressPrefix: "10.1.2.0/24" } };
  assert.match(
    estate.refusal(subnetId, moved)[0] ?? "",
    /^InUsePrefixCannotBeDeleted: .*10\.1\.1\.4/,
  );
  assert.match(
    estate.refusal(vnetId, vnetBody("10.1.0.0/16", {}))[0] ?? "",
    /^InUseSubnetCannotBeDeleted: Subnet snet-pe is in use by/,
  );
  assert.match(estate.deleteRefusal(subnetId)[0] ?? "", /^InUseSubnetCannotBeDeleted/);
  assert.match(estate.deleteRefusal(vnetId)[0] ?? "", /^InUseSubnetCannotBeDeleted/);
});

test("a subnet at its own address is checked against its network and its neighbours", () => {
  const estate = openEstate();
  estate.put(vnetId, vnetBody("10.1.0.0/16", { a: "10.1.0.0/24" }));
  const put = (addressPrefix: string) =>
    estate.refusal(`${vnetId}/subnets/b`, { properties: { addressPrefix } })[0] ?? "";
  assert.match(put("10.1.0.0/25"), /^NetcfgSubnetRangesOverlap/);
  assert.match(put("10.9.0.0/24"), /^NetcfgInvalidSubnet/);
  assert.match(put("10.1.1.0/30"), /^SubnetTooSmall/);
  assert.equal(put("10.1.1.0/29"), "");
  assert.match(
    estate.refusal(`${vnetId}/subnets/b`, { properties: {} })[0] ?? "",
    /no addressPrefix/,
  );
});

test("a zone has its SOA and counts, and lists all its record sets", () => {
  const estate = openEstate();
  const zone = estate.put(zoneId, { location: "global" });
  assert.equal(zone.properties["numberOfRecordSets"], 1);
  estate.put(`${zoneId}/A/api`, {
    properties: { ttl: 3600, aRecords: [{ ipv4Address: "10.1.0.4" }] },
  });
  const { body } = estate.act(zoneId, "ALL");
  assert.deepEqual(
    listAt(body, "value").map((record) => stringAt(record, "type")),
    ["Microsoft.Network/privateDnsZones/SOA", "Microsoft.Network/privateDnsZones/A"],
  );
  assert.equal(estate.get(zoneId).properties["numberOfRecordSets"], 2);
  estate.delete(`${zoneId}/A/api`);
  assert.equal(estate.get(zoneId).properties["numberOfRecordSets"], 1);
});

test("a record set shows its full name and takes IPv4 addresses only, as many as the limit", () => {
  const estate = openEstate();
  estate.put(zoneId, { location: "global" });
  const record = (count: number, address = "10.1.0.4") => ({
    properties: { aRecords: Array.from({ length: count }, () => ({ ipv4Address: address })) },
  });
  const put = estate.put(`${zoneId}/A/api`, record(limits.recordsPerSetMax));
  assert.equal(put.properties["fqdn"], "api.privatelink.monitor.azure.com.");
  assert.equal(put.properties["ttl"], 3600);
  assert.match(
    estate.refusal(`${zoneId}/A/api`, record(limits.recordsPerSetMax + 1))[0] ?? "",
    /21 items; it takes at most 20/,
  );
  assert.match(
    estate.refusal(`${zoneId}/A/x`, record(1, "10.1.0"))[0] ?? "",
    /'10\.1\.0' is no IPv4/,
  );
});

test("a zone takes as many record sets and links as the limits and not one more", () => {
  const estate = openEstate();
  estate.put(zoneId, { location: "global" });
  const seeded = (type: "A" | "virtualNetworkLinks", count: number): readonly ArmResource[] =>
    Array.from({ length: count }, (_, index) => ({
      id: `${zoneId}/${type}/n${index}`,
      name: `n${index}`,
      type: `Microsoft.Network/privateDnsZones/${type}`,
      properties: {},
    }));
  const record = { properties: { aRecords: [{ ipv4Address: "10.1.0.4" }] } };
  estate.seed(seeded("A", limits.recordSetsPerZoneMax - 2));
  estate.put(`${zoneId}/A/last`, record);
  assert.match(estate.refusal(`${zoneId}/A/more`, record)[0] ?? "", /^RecordSetLimitExceeded/);
  estate.put(vnetId, vnetBody("10.1.0.0/16", {}));
  const second = `${network}/virtualNetworks/vnet2`;
  estate.put(second, vnetBody("10.2.0.0/16", {}));
  estate.seed(seeded("virtualNetworkLinks", limits.linksPerZoneMax - 1));
  estate.put(linkId, linkBody());
  const past = estate.refusal(`${zoneId}/virtualNetworkLinks/l2`, linkBody(second));
  assert.match(past[0] ?? "", /^VirtualNetworkLinkLimitExceeded/);
});

test("a link is completed, counted, and takes a resolution policy with 2024-06-01 only", () => {
  const estate = openEstate();
  estate.put(vnetId, vnetBody("10.1.0.0/16", {}));
  estate.put(zoneId, { location: "global" });
  const link = estate.put(linkId, linkBody(), "2020-06-01");
  assert.equal(link.properties["virtualNetworkLinkState"], "Completed");
  assert.equal(estate.get(zoneId).properties["numberOfVirtualNetworkLinks"], 1);
  const policy = linkBody(vnetId, { resolutionPolicy: "NxDomainRedirect" });
  assert.match(estate.refusal(linkId, policy, "2020-06-01")[0] ?? "", /use 2024-06-01/);
  estate.put(linkId, policy, "2024-06-01");
  estate.put(linkId, linkBody(), "2020-06-01");
  assert.equal(estate.get(linkId).properties["resolutionPolicy"], "NxDomainRedirect");
  assert.equal(estate.view(linkId, "2020-06-01").properties["resolutionPolicy"], undefined);
  assert.equal(
    estate.view(linkId, "2024-06-01").properties["resolutionPolicy"],
    "NxDomainRedirect",
  );
});

test("a link needs its network, the right to join it, and no other zone of the name", () => {
  const estate = openEstate();
  estate.put(zoneId, { location: "global" });
  assert.match(estate.refusal(linkId, linkBody())[0] ?? "", /^InvalidResourceReference/);
  estate.put(vnetId, vnetBody("10.1.0.0/16", {}));
  estate.put(linkId, linkBody());
  assert.match(
    estate.refusal(`${zoneId}/virtualNetworkLinks/l2`, linkBody())[0] ?? "",
    /^Conflict/,
  );
  const registering = linkBody(vnetId, { registrationEnabled: true });
  assert.match(estate.refusal(linkId, registering)[0] ?? "", /^FeatureNotEmulated/);
  const second = `${network}/virtualNetworks/vnet2`;
  estate.put(second, vnetBody("10.2.0.0/16", {}));
  assert.match(estate.refusal(linkId, linkBody(second))[0] ?? "", /^PropertyChangeNotAllowed/);
  estate.denied.add(`microsoft.network/virtualnetworks/join/action ${second.toLowerCase()}`);
  const denied = estate.refusal(`${zoneId}/virtualNetworkLinks/l2`, linkBody(second));
  assert.match(denied[0] ?? "", /^LinkedAuthorizationFailed: .*join\/action/);
});

test("a network's links go with it, and the zone counts them no more", () => {
  const estate = openEstate();
  estate.put(vnetId, vnetBody("10.1.0.0/16", {}));
  estate.put(zoneId, { location: "global" });
  estate.put(linkId, linkBody());
  estate.delete(vnetId);
  assert.equal(estate.find(linkId), undefined);
  assert.equal(estate.get(zoneId).properties["numberOfVirtualNetworkLinks"], 0);
});

const badNames: readonly (readonly [string, string])[] = [
  ["a network", `${network}/virtualNetworks/-a`],
  ["a network", `${network}/virtualNetworks/__proto__`],
  ["a network", `${network}/virtualNetworks/${"a".repeat(81)}`],
  ["a zone of one label", `${network}/privateDnsZones/local`],
  ["a zone", `${network}/privateDnsZones/a..b`],
  ["a zone", `${network}/privateDnsZones/${"a".repeat(64)}.com`],
  ["a record", `${zoneId}/A/a b`],
  ["a private endpoint", `${network}/privateEndpoints/pe.`],
];
for (const [what, id] of badNames) {
  test(`the name of ${what} is refused: ${id.slice(id.lastIndexOf("/") + 1).slice(0, 20)}`, () => {
    const estate = openEstate();
    estate.put(zoneId, { location: "global" });
    assert.match(estate.refusal(id, { location: "global" })[0] ?? "", /^InvalidResourceName/);
  });
}
