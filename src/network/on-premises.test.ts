/** The fabric from on-premises: sessions, resolution and dialling, by the graph of that moment. */
import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { graphFrom, parseId } from "../arm/index.ts";
import type { ArmResource, JsonObject, ResourceId } from "../arm/index.ts";
import { publicAddressOf } from "../azure/index.ts";
import { askFabric, openSession } from "../cli/exec/index.ts";
import type { OpenSession, Where } from "../cli/exec/index.ts";
import { CodedError, fakeClock } from "../core/index.ts";
import type { NameResolution } from "../rules/index.ts";
import { forwarderTag } from "../rules/index.ts";
import { bytesFrom, connectThrough, fetchThrough, text } from "./testing/clients.ts";
import { addresses, estate, hosts, ids } from "./testing/estate.ts";
import { fabricRig } from "./testing/fabric-rig.ts";
import type { FabricRig } from "./testing/fabric-rig.ts";

const clock = fakeClock();
const network = ids.inside.slice(0, ids.inside.indexOf("/virtualNetworks/"));
const forwarder = "10.10.2.4";

const resource = (id: ResourceId, properties: JsonObject, tags: JsonObject = {}): ArmResource => {
  const parsed = parseId(id);
  assert.ok(parsed);
  return { id, name: parsed.name, type: parsed.type, properties, tags };
};

const subnet = (name: string): JsonObject => ({ id: `${ids.inside}/subnets/${name}` });
const connection = resource(`${network}/connections/c`, {
  virtualNetworkGateway1: { id: `${network}/virtualNetworkGateways/vpn` },
  localNetworkGateway2: { id: `${network}/localNetworkGateways/hq` },
});
const described: readonly ArmResource[] = [
  resource(`${network}/localNetworkGateways/hq`, {}, { [forwarderTag]: forwarder }),
  resource(`${network}/expressRouteCircuits/plant`, {}),
  resource(`${network}/virtualNetworkGateways/vpn`, {
    ipConfigurations: [{ properties: { subnet: subnet("GatewaySubnet") } }],
  }),
  resource(`${network}/dnsResolvers/r/inboundEndpoints/in`, {
    ipConfigurations: [{ privateIpAddress: forwarder, subnet: subnet("dns") }],
  }),
];
const onPremises = (name: string): Where => ({ kind: "on-premises", network: name });
const rigOf = (t: TestContext): Promise<FabricRig> =>
  fabricRig(t, { clock, graph: estate([...described, connection]) });

async function session(t: TestContext, rig: FabricRig, where: Where): Promise<OpenSession> {
  const opened = await openSession(rig.fabric.adminSocket, where);
  t.after(opened.close);
  return opened;
}

test("a tunnel from on-premises goes through the endpoint where the resolver forwards, and out publicly where it does not", async (t) => {
  const rig = await rigOf(t);
  for (const [name, address, at] of [
    ["hq", addresses.metrics, "private"],
    ["plant", publicAddressOf(hosts.metrics), "edge"],
  ] as const) {
    const { doors } = await session(t, rig, onPremises(name));
    assert.deepEqual([doors.vnetId, doors.networkId?.endsWith(`/${name}`)], [null, true]);
    assert.ok(doors.resolver !== null);
    const answer = await connectThrough(doors.gatewayUrl, `${hosts.metrics}:443`);
    assert.deepEqual([answer.status, answer.headers["x-linkscope-address"]], [200, address]);
    assert.ok(answer.socket !== undefined);
    answer.socket.write("hello");
    assert.equal((await bytesFrom(answer.socket, 5)).toString(), "hello");
    answer.socket.destroy();
    assert.equal(rig.arrivals.at(-1)?.at, at);
  }
});

test("a network that is no longer connected reaches no private address, and its names are not answered", async (t) => {
  const rig = await rigOf(t);
  const { doors } = await session(t, rig, onPremises("hq"));
  rig.publish(estate(described));
  const direct = await connectThrough(doors.gatewayUrl, `${addresses.metrics}:443`);
  assert.match(direct.body, /"AddressNotReachable".*hq is connected to no virtual network/);
  const named = await connectThrough(doors.gatewayUrl, `${hosts.metrics}:443`);
  assert.match(named.body, /"NameNotResolved".*servfail.*which hq does not reach/);
  rig.publish(graphFrom([]));
  const gone = await connectThrough(doors.gatewayUrl, `${addresses.metrics}:443`);
  assert.match(gone.body, /There is no on-premises network/);
});

test("there is no managed identity on-premises", async (t) => {
  const rig = await rigOf(t);
  const { doors } = await session(t, rig, onPremises("hq"));
  const url =
    "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=x";
  const answer = await fetchThrough(doors.gatewayUrl, url, { metadata: "true" });
  assert.equal(answer.status, 404);
  assert.match(answer.body, /answers only inside a virtual network/);
});

test("the administration socket resolves in an on-premises network, and refuses what is none or two places", async (t) => {
  const rig = await rigOf(t);
  const { adminSocket } = rig.fabric;
  const answer = (await askFabric(
    adminSocket,
    `/resolve?name=${hosts.metrics}&network=hq`,
  )) as NameResolution;
  assert.deepEqual([answer.outcome, answer.addresses], ["private", [addresses.metrics]]);
  const refused = async (where: Where, code: string): Promise<void> => {
    await assert.rejects(openSession(adminSocket, where), (error) => {
      assert.ok(error instanceof CodedError);
      assert.equal(error.code, code);
      return true;
    });
  };
  await refused(onPremises("nowhere"), "VirtualNetworkNotFound");
  const both = { networkId: "hq", vnetId: ids.inside };
  const says = await bodyOfSession(adminSocket, both);
  assert.match(says, /"InvalidSession".*one of them/);
});

/** What the socket says to a session's request that no client of ours sends. */
function bodyOfSession(adminSocket: string, body: object): Promise<string> {
  return new Promise((done, fail) => {
    const sent = request({ socketPath: adminSocket, method: "POST", path: "/sessions" }, (got) => {
      text(got).then(done, fail);
    });
    sent.on("error", fail);
    sent.end(JSON.stringify(body));
  });
}
