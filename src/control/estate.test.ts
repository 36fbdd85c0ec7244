/** A whole estate of the platform's own types through the front door: made, restarted, taken down. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { listAt, stringAt } from "../arm/index.ts";
import { resourceTypes, roleDefinitionResources } from "../providers/index.ts";
import { clusterId, withCluster } from "./testing/sample-estate.ts";
import { group, sampleControl, subscription } from "./testing/sample-types.ts";
import type { SampleControl } from "./testing/sample-types.ts";

const insights = `${group}/providers/Microsoft.Insights`;
const scope = `${insights}/privateLinkScopes/ampls1`;
const endpoint = `${insights}/dataCollectionEndpoints/dce1`;
const workspace = `${group}/providers/Microsoft.Monitor/accounts/amw1`;
const network = `${group}/providers/Microsoft.Network`;
const zone = `${network}/privateDnsZones/privatelink.example.net`;

const location = "eastus";
const steps: readonly (readonly [string, string, object])[] = [
  [endpoint, "2022-06-01", { location }],
  [workspace, "2023-04-03", { location }],
  [
    scope,
    "2021-07-01-preview",
    { location: "global", properties: { accessModeSettings: { queryAccessMode: "Open" } } },
  ],
  [
    `${scope}/scopedResources/dce1`,
    "2021-07-01-preview",
    { properties: { linkedResourceId: endpoint } },
  ],
  [
    `${network}/virtualNetworks/vnet1`,
    "2022-01-01",
    {
      location,
      properties: {
        addressSpace: { addressPrefixes: ["10.1.0.0/16"] },
        subnets: [{ name: "snet1", properties: { addressPrefix: "10.1.0.0/24" } }],
      },
    },
  ],
  [zone, "2020-06-01", { location: "global" }],
  [
    `${zone}/virtualNetworkLinks/l1`,
    "2020-06-01",
    {
      location: "global",
      properties: {
        virtualNetwork: { id: `${network}/virtualNetworks/vnet1` },
        registrationEnabled: false,
      },
    },
  ],
  [
    `${network}/privateEndpoints/pe1`,
    "2022-01-01",
    {
      location,
      properties: {
        subnet: { id: `${network}/virtualNetworks/vnet1/subnets/snet1` },
        privateLinkServiceConnections: [
          { name: "pe1", properties: { groupIds: ["azuremonitor"], privateLinkServiceId: scope } },
        ],
      },
    },
  ],
  [
    `${clusterId}/providers/Microsoft.Insights/dataCollectionRuleAssociations/configurationAccessEndpoint`,
    "2022-06-01",
    { properties: { dataCollectionEndpointId: endpoint } },
  ],
];

async function build(sample: SampleControl): Promise<void> {
  for (const [path, version, body] of steps) {
    const answer = await sample.ask("PUT", path, { version, body });
    assert.ok(answer.status < 300, `${path}: ${answer.message} ${JSON.stringify(answer.body)}`);
    sample.clock.advance(1_000);
  }
}

test("an estate stands after a restart as it stood before, and every write of it can be repeated", async () => {
  const database = new DatabaseSync(":memory:");
  const first = await withCluster({ database });
  await build(first);
  const before = [...first.control.source.current().graph.all()];
  await first.control.close();
  const second = sampleControl({ database, types: resourceTypes });
  assert.deepEqual([...second.control.source.current().graph.all()], before);
  await build(second);
  assert.equal(second.control.source.current().graph.size, before.length);
});

test("every resource of an estate is read by its own id", async () => {
  const { ask, control } = await (async () => {
    const sample = await withCluster();
    await build(sample);
    return sample;
  })();
  for (const resource of control.source.current().graph.all()) {
    const type = resourceTypes.find((one) => one.type === resource.type);
    const read = await ask("GET", resource.id, { version: type?.apiVersions.at(-1) });
    assert.equal(read.status, 200, resource.id);
    assert.equal(read.body["id"], resource.id);
  }
});

test("deleting the groups takes everything down but the built-in roles", async () => {
  const sample = await withCluster();
  await build(sample);
  const { ask, control } = sample;
  const version = "2021-04-01";
  const managed = await ask("GET", `${subscription}/resourceGroups`, { version });
  const names = listAt(managed.body, "value").map((one) => stringAt(one, "name"));
  assert.ok(
    names.some((name) => name?.startsWith("MA_amw1_")),
    String(names),
  );
  const gone = await ask("DELETE", group, { version });
  assert.equal(gone.status, 200, JSON.stringify(gone.body));
  const left = [...control.source.current().graph.all()].map(({ id }) => id);
  assert.deepEqual(
    left,
    roleDefinitionResources(subscription).map(({ id }) => id),
  );
});
