/** What is refused of a private endpoint and of its zone group, and the limits of both. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { listAt, stringAt } from "../../arm/index.ts";
import type { JsonObject } from "../../arm/index.ts";
import { endpointMembers } from "../../rules/index.ts";
import { limits } from "../../core/index.ts";
import {
  endpointBody,
  endpointId,
  insights,
  linkedEstate,
  namesOf,
  network,
  openEstate,
  scopeBody,
  scopeId,
  subnetId,
  vnetBody,
  vnetId,
  workspaceId,
} from "../testing/estate.ts";
import type { Estate } from "../testing/estate.ts";

const other = `${network}/privateEndpoints/pe2`;

/** Another network with a subnet `s`. */
function anotherNetwork(estate: Estate, index: number): string {
  const id = `${network}/virtualNetworks/n${index}`;
  estate.put(id, vnetBody(`10.${index}.0.0/16`, { s: `10.${index}.0.0/24` }));
  return `${id}/subnets/s`;
}

const wrong: readonly (readonly [string, JsonObject, RegExp])[] = [
  [
    "without a connection",
    { location: "eastus", properties: { subnet: { id: subnetId } } },
    /exactly one connection.*has 0/,
  ],
  [
    "with an automatic and a manual connection",
    endpointBody({
      extra: {
        manualPrivateLinkServiceConnections: [
          { name: "b", properties: { privateLinkServiceId: scopeId, groupIds: ["azuremonitor"] } },
        ],
      },
    }),
    /exactly one connection.*has 2/,
  ],
  [
    "in a subnet that does not exist",
    endpointBody({ subnet: `${vnetId}/subnets/none` }),
    /^InvalidResourceReference: Resource .*none referenced by resource/,
  ],
  [
    "in another region than its network",
    { ...endpointBody({}), location: "westus" },
    /^InvalidResourceReference: .*'westus'.*'eastus'/,
  ],
  [
    "to a scope that does not exist",
    endpointBody({ target: `${scopeId}x` }),
    /^LinkedResourceNotFound/,
  ],
  [
    "to a storage account",
    endpointBody({ target: `${network.replace("Network", "Storage")}/storageAccounts/s` }),
    /^FeatureNotEmulated/,
  ],
  [
    "with the workspace's group id for a scope",
    endpointBody({ groupId: "prometheusMetrics" }),
    /^InvalidGroupId: .*has 'azuremonitor'/,
  ],
  [
    "with application security groups",
    endpointBody({ extra: { applicationSecurityGroups: [{ id: "x" }] } }),
    /applicationSecurityGroups/,
  ],
  ["with IPv6", endpointBody({ extra: { ipVersionType: "IPv6" } }), /^FeatureNotEmulated/],
  ["with an id that has a blank", endpointBody({ target: `${scopeId} ` }), /has a blank/],
];
for (const [name, body, says] of wrong) {
  test(`an endpoint ${name} is refused`, () => {
    assert.match(linkedEstate().refusal(other, body)[0] ?? "", says);
  });
}

test("an endpoint needs the right to join its subnet", () => {
  const estate = linkedEstate();
  estate.denied.add(
    `microsoft.network/virtualnetworks/subnets/join/action ${subnetId.toLowerCase()}`,
  );
  const [problem] = estate.problems(other, endpointBody({}));
  assert.equal(problem?.code, "LinkedAuthorizationFailed");
  assert.equal(problem?.verdict?.outcome, "deny");
});

test("a network has one endpoint to a private link scope; a rejected one does not count", () => {
  assert.equal(limits.scopeEndpointsPerVnetMax, 1);
  const estate = linkedEstate();
  const second = `${insights}/privateLinkScopes/ampls2`;
  estate.put(second, scopeBody);
  const body = endpointBody({ target: second });
  assert.match(
    estate.refusal(other, body)[0] ?? "",
    /^VirtualNetworkAlreadyLinked: .*pe1.*limit is 1/,
  );
  const connection = listAt(estate.get(scopeId).properties, "privateEndpointConnections")[0];
  estate.put(stringAt(connection, "id") ?? "", {
    properties: { privateLinkServiceConnectionState: { status: "Rejected" } },
  });
  assert.deepEqual(estate.refusal(other, body), []);
});

test("a scope takes as many endpoints as the limit and not one more", () => {
  const estate = linkedEstate();
  for (let index = 2; index <= limits.privateEndpointsPerScopeMax; index++) {
    const subnet = anotherNetwork(estate, index);
    estate.put(`${network}/privateEndpoints/e${index}`, endpointBody({ subnet }));
  }
  const subnet = anotherNetwork(estate, 99);
  const [says] = estate.refusal(`${network}/privateEndpoints/e99`, endpointBody({ subnet }));
  assert.match(says ?? "", /^PrivateEndpointLimitExceeded: .*has 10 private endpoints/);
});

test("an endpoint's subnet and connection stay for its life", () => {
  const estate = linkedEstate();
  const subnet = anotherNetwork(estate, 5);
  assert.match(
    estate.refusal(endpointId, endpointBody({ subnet }))[0] ?? "",
    /^PropertyChangeNotAllowed: The subnet/,
  );
  const second = `${insights}/privateLinkScopes/ampls2`;
  estate.put(second, scopeBody);
  const moved = estate.refusal(endpointId, endpointBody({ target: second }));
  assert.match(moved[0] ?? "", /^PropertyChangeNotAllowed: The connection/);
});

test("an endpoint of a workspace has one member, in the zone of the workspace's region", () => {
  const estate = linkedEstate();
  estate.put(workspaceId, { location: "westus3" });
  estate.put(other, endpointBody({ target: workspaceId, groupId: "prometheusmetrics" }));
  const names = [...namesOf(estate, other)];
  assert.equal(names.length, 1);
  assert.match(
    names[0]?.[0] ?? "",
    /^amw1-[a-z0-9]{16}\.westus3\.prometheus\.monitor\.azure\.com$/,
  );
  const [shown] = listAt(estate.get(other).properties, "privateLinkServiceConnections");
  assert.equal(stringAt(shown, "properties", "groupIds", 0), "prometheusMetrics");
  assert.equal(listAt(estate.get(workspaceId).properties, "privateEndpointConnections").length, 1);
  estate.delete(workspaceId);
  const [gone] = listAt(estate.get(other).properties, "privateLinkServiceConnections");
  assert.equal(
    stringAt(gone, "properties", "privateLinkServiceConnectionState", "status"),
    "Disconnected",
  );
});

test("an endpoint whose scope is gone can still be put as it was", () => {
  const estate = linkedEstate();
  estate.delete(scopeId);
  const before = estate.get(endpointId);
  estate.put(endpointId, { location: "eastus", properties: before.properties });
  assert.deepEqual(estate.get(endpointId), before);
});

test("an endpoint's interface takes the name that is asked for", () => {
  const estate = linkedEstate();
  estate.delete(endpointId);
  estate.put(endpointId, endpointBody({ extra: { customNetworkInterfaceName: "nic-pe1" } }));
  const nic = stringAt(estate.get(endpointId).properties, "networkInterfaces", 0, "id");
  assert.equal(nic, `${network}/networkInterfaces/nic-pe1`);
});

function staticBody(estate: Estate, first = 20): JsonObject {
  const members = endpointMembers(estate.graph(), scopeId, "azuremonitor");
  return endpointBody({
    extra: {
      ipConfigurations: members.map(({ memberName }, index) => ({
        name: `ip${index}`,
        properties: {
          groupId: "azuremonitor",
          memberName,
          privateIPAddress: `10.1.1.${first + index}`,
        },
      })),
    },
  });
}

test("static addresses are used, and a later member without one fails its link", () => {
  const estate = linkedEstate();
  estate.delete(endpointId);
  estate.put(endpointId, staticBody(estate));
  assert.equal([...namesOf(estate).values()][0], "10.1.1.20");
  const dce = `${insights}/dataCollectionEndpoints/dce2`;
  estate.put(dce, { location: "eastus" });
  const link = estate.put(`${scopeId}/scopedResources/b`, {
    properties: { linkedResourceId: dce },
  });
  assert.equal(link.properties["provisioningState"], "Failed");
});

test("static addresses that are taken, outside, missing or of no member are refused", () => {
  const estate = linkedEstate();
  estate.delete(endpointId);
  const says = (body: JsonObject): string => estate.refusal(endpointId, body).join("\n");
  assert.match(says(staticBody(estate, 250)), /PrivateIPAddressNotInSubnet: .*10\.1\.1\.255/);
  const one = endpointBody({
    extra: {
      ipConfigurations: [
        {
          name: "a",
          properties: { groupId: "azuremonitor", memberName: "api", privateIPAddress: "10.1.1.9" },
        },
        {
          name: "b",
          properties: { groupId: "azuremonitor", memberName: "none", privateIPAddress: "10.1.1.9" },
        },
      ],
    },
  });
  assert.match(says(one), /^InvalidMemberName: .*'none'/m);
  assert.match(says(one), /^PrivateIPAddressInUse: .*10\.1\.1\.9/m);
  assert.match(says(one), /^BadRequest: .*Mismatching RequiredMembers in Request: no address for/m);
});

const groupOf = (name: string): string => `${endpointId}/privateDnsZoneGroups/${name}`;
const zone = (index: number): string => `${network}/privateDnsZones/z${index}.example`;
const configs = (count: number): JsonObject => ({
  properties: {
    privateDnsZoneConfigs: Array.from({ length: count }, (_, index) => ({
      name: `z${index}`,
      properties: { privateDnsZoneId: zone(index) },
    })),
  },
});

test("a zone group takes five zones and not six, and an endpoint takes one group", () => {
  const estate = linkedEstate();
  for (let index = 0; index <= limits.zoneConfigsPerGroupMax; index++) {
    estate.put(zone(index), { location: "global" });
  }
  estate.put(groupOf("default"), configs(limits.zoneConfigsPerGroupMax));
  assert.match(
    estate.refusal(groupOf("default"), configs(limits.zoneConfigsPerGroupMax + 1))[0] ?? "",
    /6 items; it takes at most 5/,
  );
  assert.equal(limits.zoneGroupsPerEndpointMax, 1);
  assert.match(
    estate.refusal(groupOf("b"), configs(1))[0] ?? "",
    /^PrivateDnsZoneGroupLimitExceeded/,
  );
});

test("a zone group needs its zones, the right to join them, and each of them once", () => {
  const estate = linkedEstate();
  assert.match(
    estate.refusal(groupOf("default"), configs(1))[0] ?? "",
    /^InvalidResourceReference/,
  );
  estate.put(zone(0), { location: "global" });
  const twice = configs(1);
  const list = listAt(twice["properties"], "privateDnsZoneConfigs");
  const repeated = { properties: { privateDnsZoneConfigs: [...list, ...list] } };
  assert.match(estate.refusal(groupOf("default"), repeated)[0] ?? "", /in the group twice/);
  estate.denied.add(`microsoft.network/privatednszones/join/action ${zone(0).toLowerCase()}`);
  assert.match(
    estate.refusal(groupOf("default"), configs(1))[0] ?? "",
    /^LinkedAuthorizationFailed/,
  );
});

test("an endpoint without address space for it is refused before anything is stored", () => {
  const estate = openEstate();
  estate.put(vnetId, vnetBody("10.1.0.0/16", { "snet-pe": "10.1.1.0/29" }));
  estate.put(scopeId, scopeBody);
  assert.match(
    estate.refusal(endpointId, endpointBody({}))[0] ?? "",
    /^SubnetIsFull: .*5 IP addresses/,
  );
  assert.equal(estate.find(endpointId), undefined);
});
