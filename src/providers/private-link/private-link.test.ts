/** Private endpoints, scoped resources, connections and zone groups: what follows from each on the others. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { listAt, stringAt } from "../../arm/index.ts";
import { scopeZones, sharedScopeHosts } from "../../azure/index.ts";
import {
  connectionIdOf,
  dceBody,
  dceId,
  endpointBody,
  endpointId,
  insights,
  linkedEstate,
  namesOf,
  network,
  scopeId,
  statusOf,
  subnetId,
  vnetBody,
} from "../testing/estate.ts";
import type { Estate } from "../testing/estate.ts";

const groupId = `${endpointId}/privateDnsZoneGroups/default`;
const zoneId = (zone: string): string => `${network}/privateDnsZones/${zone}`;
const monitorZone = scopeZones[0] ?? "";
const link = (name: string): string => `${scopeId}/scopedResources/${name}-connection`;
const secondDce = `${insights}/dataCollectionEndpoints/dce2`;

function withZones(estate: Estate, group = groupId): Estate {
  for (const zone of scopeZones) estate.put(zoneId(zone), { location: "global" });
  estate.put(group, zoneGroupBody());
  return estate;
}

const zoneGroupBody = () => ({
  properties: {
    privateDnsZoneConfigs: scopeZones.map((zone) => ({
      name: zone.replaceAll(".", "-"),
      properties: { privateDnsZoneId: zoneId(zone) },
    })),
  },
});

const recordAddress = (estate: Estate, name: string, zone = monitorZone): string | undefined =>
  stringAt(estate.find(`${zoneId(zone)}/A/${name}`)?.properties, "aRecords", 0, "ipv4Address");

const interfaceOf = (estate: Estate, id = endpointId) =>
  estate.get(stringAt(estate.get(id).properties, "networkInterfaces", 0, "id") ?? "");

test("an endpoint of a scope has the eight shared members and three for each data collection endpoint", () => {
  const estate = linkedEstate();
  const configs = listAt(interfaceOf(estate).properties, "ipConfigurations");
  assert.equal(configs.length, 11);
  assert.equal(stringAt(configs[0], "properties", "privateIPAddress"), "10.1.1.4");
  assert.equal(stringAt(configs[10], "properties", "privateIPAddress"), "10.1.1.14");
  const link = configs[0];
  assert.equal(
    stringAt(link, "properties", "privateLinkConnectionProperties", "groupId"),
    "azuremonitor",
  );
  for (const host of sharedScopeHosts) assert.ok(namesOf(estate).has(host), host);
});

test("an endpoint shows its connection approved, and the scope and the subnet show the endpoint", () => {
  const estate = linkedEstate();
  assert.equal(statusOf(estate), "Approved");
  const connection = estate.get(connectionIdOf(estate));
  assert.match(connection.name, /^pe1\.[\da-f-]{36}$/);
  assert.equal(stringAt(connection.properties, "privateEndpoint", "id"), endpointId);
  assert.deepEqual(listAt(estate.get(subnetId).properties, "privateEndpoints"), [
    { id: endpointId },
  ]);
});

test("linking a data collection endpoint gives every endpoint of the scope three more addresses, and keeps the others", () => {
  const estate = linkedEstate();
  const before = namesOf(estate);
  estate.put(secondDce, dceBody);
  estate.put(link("dce2"), { properties: { linkedResourceId: secondDce } });
  const after = namesOf(estate);
  assert.equal(after.size, 14);
  for (const [host, address] of before) assert.equal(after.get(host), address);
  assert.equal(new Set(after.values()).size, 14);
});

test("unlinking takes the members and frees their addresses for the next", () => {
  const estate = linkedEstate();
  const freed = [...namesOf(estate).values()].slice(-3);
  estate.delete(link("dce1"));
  assert.equal(namesOf(estate).size, 8);
  assert.deepEqual(listAt(estate.get(dceId).properties, "privateLinkScopedResources"), []);
  estate.put(secondDce, dceBody);
  estate.put(link("dce2"), { properties: { linkedResourceId: secondDce } });
  assert.deepEqual([...namesOf(estate).values()].slice(-3), freed);
});

test("a linked data collection endpoint names the scoped resource, whatever the case of the id in the request", () => {
  const estate = linkedEstate();
  const [shown] = listAt(estate.get(dceId).properties, "privateLinkScopedResources");
  assert.equal(stringAt(shown, "resourceId"), link("dce1"));
  assert.match(stringAt(shown, "scopeId") ?? "", /^[\da-f]{8}-/);
  estate.put(secondDce, dceBody);
  const put = estate.put(link("dce2"), {
    properties: { linkedResourceId: secondDce.toLowerCase() },
  });
  assert.equal(put.properties["linkedResourceId"], secondDce);
});

test("a scoped resource fails when a subnet lacks the addresses, and the endpoint stays as it was", () => {
  const estate = linkedEstate();
  const small = `${network}/virtualNetworks/small`;
  estate.put(small, vnetBody("10.9.0.0/16", { s: "10.9.0.0/28" }));
  const smallEndpoint = `${network}/privateEndpoints/pe-small`;
  estate.put(smallEndpoint, endpointBody({ subnet: `${small}/subnets/s` }));
  const before = namesOf(estate, smallEndpoint);
  assert.equal(before.size, 11);
  estate.put(secondDce, dceBody);
  const failed = estate.put(link("dce2"), { properties: { linkedResourceId: secondDce } });
  assert.equal(failed.properties["provisioningState"], "Failed");
  assert.deepEqual(namesOf(estate, smallEndpoint), before);
  assert.deepEqual(namesOf(estate).size, 11, "a failed link brings no endpoint any members");
  assert.deepEqual(listAt(estate.get(secondDce).properties, "privateLinkScopedResources"), []);
});

test("an endpoint whose subnet has too few addresses is refused with the number that is missing", () => {
  const estate = linkedEstate();
  estate.put(`${network}/virtualNetworks/tiny`, vnetBody("10.8.0.0/16", { s: "10.8.0.0/29" }));
  const subnet = `${network}/virtualNetworks/tiny/subnets/s`;
  const [says] = estate.refusal(`${network}/privateEndpoints/pe2`, endpointBody({ subnet }));
  assert.match(says ?? "", /^SubnetIsFull: .*10\.8\.0\.0\/29.*8 IP addresses/);
});

test("a manual connection waits; its names are told when the owner approves, and records stay when it is rejected", () => {
  const estate = linkedEstate();
  estate.delete(endpointId);
  estate.put(endpointId, endpointBody({ manual: true }));
  assert.equal(statusOf(estate), "Pending");
  assert.equal(namesOf(estate).size, 0);
  assert.equal(listAt(interfaceOf(estate).properties, "ipConfigurations").length, 11);
  withZones(estate);
  assert.equal(recordAddress(estate, "global.handler.control"), undefined);
  const connection = connectionIdOf(estate);
  const state = (status: string) => ({
    properties: { privateLinkServiceConnectionState: { status, description: "by the owner" } },
  });
  const approved = estate.put(connection, state("Approved"));
  assert.equal(stringAt(approved.properties, "privateEndpoint", "id"), endpointId);
  assert.equal(statusOf(estate), "Approved");
  assert.equal(
    recordAddress(estate, "global.handler.control"),
    namesOf(estate).get("global.handler.control.monitor.azure.com"),
  );
  estate.put(connection, state("Rejected"));
  assert.equal(statusOf(estate), "Rejected");
  assert.notEqual(recordAddress(estate, "global.handler.control"), undefined);
});

test("who may not approve gets a pending connection, and may not approve it either", () => {
  const estate = linkedEstate();
  estate.delete(endpointId);
  const action = "Microsoft.Insights/PrivateLinkScopes/PrivateEndpointConnectionsApproval/action";
  estate.denied.add(`${action} ${scopeId}`.toLowerCase());
  estate.put(endpointId, endpointBody({}));
  assert.equal(statusOf(estate), "Pending");
  const [problem] = estate.problems(connectionIdOf(estate), {
    properties: { privateLinkServiceConnectionState: { status: "Approved" } },
  });
  assert.equal(problem?.code, "LinkedAuthorizationFailed");
  assert.equal(problem?.status, 403);
});

test("a removed connection leaves its endpoint disconnected, also when the endpoint is put again", () => {
  const estate = linkedEstate();
  estate.delete(connectionIdOf(estate));
  assert.equal(statusOf(estate), "Disconnected");
  assert.deepEqual(listAt(estate.get(scopeId).properties, "privateEndpointConnections"), []);
  estate.put(endpointId, endpointBody({}));
  assert.equal(statusOf(estate), "Disconnected");
});

test("a connection is not made by a PUT, not moved to another endpoint, and not set to Pending", () => {
  const estate = linkedEstate();
  const state = { status: "Approved" };
  const made = estate.refusal(`${scopeId}/privateEndpointConnections/mine`, {
    properties: { privateLinkServiceConnectionState: state },
  });
  assert.match(made[0] ?? "", /^PrivateEndpointConnectionNotFound/);
  const moved = estate.refusal(connectionIdOf(estate), {
    properties: {
      privateEndpoint: { id: `${network}/privateEndpoints/other` },
      privateLinkServiceConnectionState: state,
    },
  });
  assert.match(moved[0] ?? "", /^InvalidRequestContent: .*another private endpoint/);
  const pending = estate.refusal(connectionIdOf(estate), {
    properties: { privateLinkServiceConnectionState: { status: "Pending" } },
  });
  assert.match(pending[0] ?? "", /^InvalidRequestContent: .*cannot be set to 'Pending'/);
});

test("a connection can be put back whole as it was read, and stays", () => {
  const estate = linkedEstate();
  const id = connectionIdOf(estate);
  const before = estate.get(id);
  assert.deepEqual(estate.put(id, { properties: before.properties }).properties, before.properties);
});

test("a zone group writes a record for each member into its zone, with its writer's name, and counts them", () => {
  const estate = withZones(linkedEstate());
  const zone = estate.get(zoneId(monitorZone));
  assert.equal(zone.properties["numberOfRecordSets"], 11, "ten of the monitor zone and the SOA");
  const record = estate.get(`${zoneId(monitorZone)}/A/api`);
  assert.match(
    stringAt(record.properties, "metadata", "creator") ?? "",
    /^created by private endpoint pe1 with resource guid [\da-f-]{36}$/,
  );
  assert.equal(recordAddress(estate, "api"), namesOf(estate).get("api.monitor.azure.com"));
  const [config] = listAt(estate.get(groupId).properties, "privateDnsZoneConfigs");
  assert.equal(listAt(config, "properties", "recordSets").length, 10);
});

test("records follow the scope: a link adds three and an unlink takes them away", () => {
  const estate = withZones(linkedEstate());
  estate.put(secondDce, dceBody);
  estate.put(link("dce2"), { properties: { linkedResourceId: secondDce } });
  const endpoint = stringAt(estate.get(secondDce).properties, "metricsIngestion", "endpoint") ?? "";
  const name = endpoint.slice("https://".length, -".monitor.azure.com".length);
  assert.equal(recordAddress(estate, name), namesOf(estate).get(`${name}.monitor.azure.com`));
  estate.delete(link("dce2"));
  assert.equal(recordAddress(estate, name), undefined);
  assert.equal(estate.get(zoneId(monitorZone)).properties["numberOfRecordSets"], 11);
});

test("of two endpoints on one zone the last writer wins, and only it takes its record away", () => {
  const estate = withZones(linkedEstate());
  const other = `${network}/privateEndpoints/pe2`;
  estate.put(`${network}/virtualNetworks/vnet2`, vnetBody("10.2.0.0/16", { s: "10.2.0.0/24" }));
  estate.put(other, endpointBody({ subnet: `${network}/virtualNetworks/vnet2/subnets/s` }));
  estate.put(`${other}/privateDnsZoneGroups/default`, zoneGroupBody());
  assert.equal(recordAddress(estate, "api"), "10.2.0.4");
  estate.delete(endpointId);
  assert.equal(
    recordAddress(estate, "api"),
    "10.2.0.4",
    "the first endpoint's record was taken over",
  );
  estate.delete(other);
  assert.equal(recordAddress(estate, "api"), undefined);
});

test("deleting a zone group withdraws its records; the endpoint keeps its names", () => {
  const estate = withZones(linkedEstate());
  estate.delete(groupId);
  assert.equal(recordAddress(estate, "api"), undefined);
  assert.equal(estate.get(zoneId(monitorZone)).properties["numberOfRecordSets"], 1);
  assert.equal(namesOf(estate).size, 11);
});

test("deleting an endpoint takes its interface, connection and records with it", () => {
  const estate = withZones(linkedEstate());
  const nic = interfaceOf(estate).id;
  const connection = connectionIdOf(estate);
  estate.delete(endpointId);
  assert.equal(estate.find(nic), undefined);
  assert.equal(estate.find(connection), undefined);
  assert.equal(estate.find(groupId), undefined);
  assert.equal(recordAddress(estate, "api"), undefined);
  assert.deepEqual(listAt(estate.get(scopeId).properties, "privateEndpointConnections"), []);
  assert.equal(estate.get(subnetId).properties["privateEndpoints"], undefined);
});

test("deleting a scope disconnects its endpoints and frees what it linked", () => {
  const estate = linkedEstate();
  estate.delete(scopeId);
  assert.equal(statusOf(estate), "Disconnected");
  assert.deepEqual(estate.deleteRefusal(dceId), []);
});

test("a PUT of an endpoint that stands changes nothing", () => {
  const estate = withZones(linkedEstate());
  const before = [...estate.graph().all()];
  estate.put(endpointId, endpointBody({}));
  assert.deepEqual([...estate.graph().all()], before);
});

test("an endpoint can be put back whole as it was read", () => {
  const estate = linkedEstate();
  const before = estate.get(endpointId);
  estate.put(endpointId, { location: "eastus", properties: before.properties });
  assert.deepEqual(estate.get(endpointId), before);
});

test("privateLinkResources names the group and the members that an endpoint then has", () => {
  const estate = linkedEstate();
  const { body } = estate.act(scopeId, "privateLinkResources");
  const [resource] = listAt(body, "value");
  assert.equal(stringAt(resource, "name"), "azuremonitor");
  assert.equal(listAt(resource, "properties", "requiredMembers").length, 11);
  assert.deepEqual(estate.act(scopeId, "privateLinkResources/azuremonitor").body, resource);
});
