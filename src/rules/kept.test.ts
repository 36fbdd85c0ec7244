/** What is kept of a graph's answers is what would be answered afresh, and stays within its limit. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { graphFrom, withChanges } from "../arm/index.ts";
import type { ArmResource } from "../arm/index.ts";
import { limits } from "../core/index.ts";
import { dceOf, dcesOf, resolveName, scopeLinks } from "./index.ts";

const group = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/g/providers";
const dce = (name: string): ArmResource => ({
  id: `${group}/Microsoft.Insights/dataCollectionEndpoints/${name}`,
  name,
  type: "Microsoft.Insights/dataCollectionEndpoints",
  location: "westeurope",
  properties: {
    metricsIngestion: {
      endpoint: `https://${name}-key1.westeurope-1.metrics.ingest.monitor.azure.com`,
    },
  },
});
const vnet: ArmResource = {
  id: `${group}/Microsoft.Network/virtualNetworks/v`,
  name: "v",
  type: "Microsoft.Network/virtualNetworks",
  properties: {},
};
const zoneId = `${group}/Microsoft.Network/privateDnsZones/privatelink.monitor.azure.com`;
const link: ArmResource = {
  id: `${zoneId}/virtualNetworkLinks/v`,
  name: "v",
  type: "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
  properties: { virtualNetwork: { id: vnet.id } },
};
const ask = { name: "a-key1.westeurope-1.metrics.ingest.monitor.azure.com", vnetId: vnet.id };

test("an answer that is kept is the same, and another version of the graph answers for itself", () => {
  const before = graphFrom([dce("a"), vnet]);
  const first = resolveName(before, ask);
  assert.equal(first.outcome, "public");
  assert.equal(resolveName(before, ask), first);
  const after = withChanges(before, [{ kind: "put", resource: link }]);
  assert.equal(resolveName(after, ask).outcome, "nxdomain");
  assert.equal(resolveName(before, ask), first);
  // Another type, and Azure's own server, are other questions.
  assert.equal(resolveName(before, { ...ask, recordType: "AAAA" }).outcome, "nodata");
  assert.deepEqual(resolveName(before, { ...ask, server: "azure" }), first);
  assert.deepEqual(resolveName(before, { ...ask, name: ask.name.toUpperCase() }), first);
});

test("names that nobody has are not kept, and those of resources up to the limit", () => {
  const graph = graphFrom([dce("a"), vnet]);
  const nobody = { name: "made-up.monitor.azure.com", vnetId: vnet.id };
  assert.notEqual(resolveName(graph, nobody), resolveName(graph, nobody));
  const first = resolveName(graph, ask);
  // Networks that do not exist are networks to ask in as well.
  for (let index = 0; index < limits.keptResolutionsMax - 1; index++) {
    resolveName(graph, { ...ask, vnetId: `/${index}` });
  }
  assert.equal(resolveName(graph, ask), first);
  resolveName(graph, { ...ask, vnetId: "/one-more" });
  assert.notEqual(resolveName(graph, ask), first);
  assert.deepEqual(resolveName(graph, ask), first);
});

test("ids are found in any spelling, and a link to what is gone is a link still", () => {
  const scopeId = `${group}/Microsoft.Insights/privateLinkScopes/s`;
  const graph = graphFrom([
    dce("a"),
    { id: scopeId, name: "s", type: "Microsoft.Insights/privateLinkScopes", properties: {} },
    ...["a", "gone"].map((name) => ({
      id: `${scopeId}/scopedResources/${name}`,
      name,
      type: "Microsoft.Insights/privateLinkScopes/scopedResources",
      properties: { linkedResourceId: dce(name).id.toUpperCase() },
    })),
  ]);
  const [own] = dcesOf(graph);
  assert.equal(dceOf(graph, own?.id.toLowerCase() ?? ""), own);
  for (const id of [dce("a").id, dce("a").id.toLowerCase(), dce("gone").id]) {
    assert.equal(scopeLinks(graph, { scopeId, resourceId: id }), true, id);
    assert.equal(scopeLinks(graph, { scopeId: scopeId.toUpperCase(), resourceId: id }), true, id);
  }
  assert.equal(scopeLinks(graph, { scopeId, resourceId: dce("b").id }), false);
  assert.equal(dceOf(graph, `${group}/x`), undefined);
});
