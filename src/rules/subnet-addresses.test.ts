/** Subnet addresses: what Azure keeps, what is taken, what is next. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../arm/index.ts";
import {
  formatIpv4,
  parseIpv4,
  parseIpv4Prefix,
  prefixContains,
  subnetFreeAddresses,
} from "./index.ts";
import { graphOf, group } from "./test-graph.ts";

const vnetId = `${group}/providers/Microsoft.Network/virtualNetworks/aks`;
const subnetId = `${vnetId}/subnets/s`;
const nic = (...addresses: readonly string[]): JsonObject => ({
  ipConfigurations: addresses.map((privateIPAddress) => ({
    properties: { privateIPAddress, subnet: { id: subnetId.toUpperCase() } },
  })),
});
const nicId = `${group}/providers/Microsoft.Network/networkInterfaces/n`;

test("the first four addresses and the last are Azure's", () => {
  const graph = graphOf({ [subnetId]: { addressPrefix: "10.1.0.0/29" } });
  const found = subnetFreeAddresses(graph, { subnetId, count: 3 });
  assert.deepEqual(found.free, ["10.1.0.4", "10.1.0.5", "10.1.0.6"]);
  assert.equal(found.usable, 3);
  assert.deepEqual(found.reasons, []);
});

test("one address more than a subnet has is refused with the numbers and the remedy", () => {
  const graph = graphOf({ [subnetId]: { addressPrefix: "10.1.0.0/29" } });
  const { free, reasons } = subnetFreeAddresses(graph, { subnetId, count: 4 });
  assert.equal(free.length, 3);
  assert.equal(reasons[0]?.rule, "subnet.full");
  assert.match(
    reasons[0]?.says ?? "",
    /3 usable addresses, 0 are taken, and 4 are needed\. Use a larger/,
  );
});

test("addresses of interfaces are taken, and gaps are filled from below", () => {
  const graph = graphOf({
    [subnetId]: { addressPrefix: "10.1.0.0/27" },
    [nicId]: nic("10.1.0.4", "10.1.0.6"),
  });
  const found = subnetFreeAddresses(graph, { subnetId, count: 2 });
  assert.deepEqual(found.free, ["10.1.0.5", "10.1.0.7"]);
  assert.equal(found.used, 2);
});

test("a subnet that only its network lists is known", () => {
  const graph = graphOf({
    [vnetId]: { subnets: [{ id: subnetId, properties: { addressPrefixes: ["10.1.0.0/28"] } }] },
  });
  assert.equal(subnetFreeAddresses(graph, { subnetId, count: 1 }).usable, 11);
});

test("an unknown subnet and one that is not IPv4 have no addresses, and say why", () => {
  const unknown = subnetFreeAddresses(graphOf({}), { subnetId, count: 1 });
  assert.equal(unknown.reasons[0]?.rule, "subnet.unknown");
  const six = graphOf({ [subnetId]: { addressPrefix: "fd00::/64" } });
  assert.equal(
    subnetFreeAddresses(six, { subnetId, count: 1 }).reasons[0]?.rule,
    "subnet.not-ipv4",
  );
});

test("a large subnet is not written out", () => {
  const graph = graphOf({ [subnetId]: { addressPrefix: "10.0.0.0/8" } });
  const found = subnetFreeAddresses(graph, { subnetId, count: 1 });
  assert.deepEqual(found.free, ["10.0.0.4"]);
  assert.equal(found.usable, 2 ** 24 - 5);
});

test("addresses and prefixes are read strictly, and written back", () => {
  for (const text of ["0.0.0.0", "10.1.2.3", "255.255.255.255"]) {
    assert.equal(formatIpv4(parseIpv4(text) ?? -1), text);
  }
  for (const text of ["", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.256", "a.b.c.d", "::1"]) {
    assert.equal(parseIpv4(text), undefined, text);
  }
  for (const text of ["10.0.0.0", "10.0.0.0/33", "10.0.0.1/24", "10.0.0.0/a", "10.0.0.0/8/8"]) {
    assert.equal(parseIpv4Prefix(text), undefined, text);
  }
  const [outer, inner] = [parseIpv4Prefix("10.1.0.0/16"), parseIpv4Prefix("10.1.255.0/24")];
  assert.ok(outer !== undefined && inner !== undefined);
  assert.equal(prefixContains(outer, inner), true);
  assert.equal(prefixContains(inner, outer), false);
});
