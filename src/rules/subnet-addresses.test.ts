/** IPv4 prefixes and addresses: what is read, and what Azure keeps of a subnet. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  formatIpv4,
  parseIpv4,
  parseIpv4Prefix,
  prefixContains,
  subnetPrefix,
  usableAddresses,
} from "./index.ts";
import { graphOf, group } from "./test-graph.ts";

const vnetId = `${group}/providers/Microsoft.Network/virtualNetworks/aks`;
const subnetId = `${vnetId}/subnets/s`;
test("the first four addresses and the last of a subnet are Azure's", () => {
  const usable = (prefix: string): number => {
    const read = parseIpv4Prefix(prefix);
    return read === undefined ? -1 : usableAddresses(read);
  };
  assert.deepEqual(["10.1.0.0/29", "10.1.0.0/28", "10.0.0.0/8"].map(usable), [3, 11, 2 ** 24 - 5]);
  assert.deepEqual(["10.1.0.0/30", "10.1.0.0/32"].map(usable), [0, 0]);
});

test("a subnet's prefix is its own, or the one that its network lists", () => {
  const own = graphOf({ [subnetId]: { addressPrefix: "10.1.0.0/29" } });
  assert.equal(subnetPrefix(own, subnetId), "10.1.0.0/29");
  const listed = graphOf({
    [vnetId]: { subnets: [{ id: subnetId, properties: { addressPrefixes: ["10.1.0.0/28"] } }] },
  });
  assert.equal(subnetPrefix(listed, subnetId.toUpperCase()), "10.1.0.0/28");
  assert.equal(subnetPrefix(graphOf({}), subnetId), undefined);
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
