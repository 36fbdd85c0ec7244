/** The gateway: who may use it, what it reaches, what it refuses by name; and the managed-identity endpoint through it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { openSession } from "../cli/exec/index.ts";
import type { OpenSession, Where } from "../cli/exec/index.ts";
import { cloud, fixedAddresses, publicAddressOf } from "../azure/index.ts";
import { fakeClock, limits } from "../core/index.ts";
import { networkErrors } from "./errors.ts";
import { bytesFrom, closed, connectThrough, fetchThrough, open, text } from "./testing/clients.ts";
import type { ProxyAnswer } from "./testing/clients.ts";
import { addresses, hosts, ids } from "./testing/estate.ts";
import { fabricRig } from "./testing/fabric-rig.ts";
import type { FabricRig } from "./testing/fabric-rig.ts";

const clock = fakeClock();
const inside: Where = { kind: "vnet", vnet: ids.inside };
const outside: Where = { kind: "public" };
const tokenUrl = `http://${fixedAddresses.instanceMetadata}/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://monitor.azure.com/`;

async function session(test: TestContext, rig: FabricRig, where: Where): Promise<OpenSession> {
  const opened = await openSession(rig.fabric.adminSocket, where);
  test.after(opened.close);
  return opened;
}

/** The code of a refusal, which stands in its body, its header and its reason phrase alike. */
function codeOf(answer: ProxyAnswer): string {
  const { error } = JSON.parse(answer.body) as { error: { code: keyof typeof networkErrors } };
  assert.equal(answer.status, networkErrors[error.code].status);
  assert.equal(answer.headers["x-linkscope-code"], error.code);
  return error.code;
}

test("a tunnel to a served host goes by the place's own DNS, and says which address it reached", async (t) => {
  const rig = await fabricRig(t, { clock });
  for (const [where, host, address, at] of [
    [inside, hosts.metrics, addresses.metrics, "private"],
    [inside, hosts.metrics.toUpperCase(), addresses.metrics, "private"],
    [inside, `${hosts.configuration}.`, addresses.configuration, "private"],
    [inside, cloud.armHost, publicAddressOf(cloud.armHost), "control"],
    [outside, hosts.metrics, publicAddressOf(hosts.metrics), "edge"],
    [{ kind: "vnet", vnet: "VNET-PLAIN" }, hosts.metrics, publicAddressOf(hosts.metrics), "edge"],
    [{ kind: "vnet", vnet: ids.redirected }, hosts.metrics, publicAddressOf(hosts.metrics), "edge"],
    [inside, addresses.metrics, addresses.metrics, "private"],
    [outside, publicAddressOf(hosts.metrics) ?? "", publicAddressOf(hosts.metrics), "edge"],
  ] as const) {
    const { doors } = await session(t, rig, where);
    const { status, headers, socket } = await connectThrough(doors.gatewayUrl, `${host}:443`);
    assert.equal(status, 200, host);
    assert.equal(headers["x-linkscope-address"], address);
    assert.ok(socket !== undefined);
    socket.write("hello");
    assert.equal((await bytesFrom(socket, 5)).toString(), "hello");
    socket.destroy();
    assert.equal(rig.arrivals.at(-1)?.at, at, host);
    assert.equal(rig.accesses.at(-1)?.outcome, "connected");
    assert.equal(rig.accesses.at(-1)?.address, address);
  }
});

test("without the secret of an open session every request is 407 and reaches nothing", async (t) => {
  const rig = await fabricRig(t, { clock });
  const opened = await openSession(rig.fabric.adminSocket, inside);
  const right = new URL(opened.doors.gatewayUrl);
  const wrong = (change: (url: URL) => void): string => {
    const url = new URL(right);
    change(url);
    return url.href;
  };
  const tries = [
    wrong((url) => (url.username = "")),
    wrong((url) => (url.password = "x")),
    wrong((url) => (url.password = url.password.slice(0, -1))),
    wrong((url) => (url.username = "0000000000000000")),
    wrong((url) => (url.username = "__proto__")),
  ];
  for (const url of tries) {
    const answer = await connectThrough(url, `${hosts.metrics}:443`);
    assert.equal(codeOf(answer), "ProxyAuthenticationRequired", url);
    assert.match(String(answer.headers["proxy-authenticate"]), /^Basic /);
    assert.equal(
      codeOf(await fetchThrough(url, tokenUrl, { metadata: "true" })),
      "ProxyAuthenticationRequired",
    );
  }
  await opened.close();
  const ended = await connectThrough(right.href, `${hosts.metrics}:443`);
  assert.equal(codeOf(ended), "ProxyAuthenticationRequired");
  assert.deepEqual(rig.arrivals, []);
  assert.ok(rig.accesses.every(({ sessionId }) => sessionId === undefined));
  assert.equal(rig.fabric.counters().gateway.refused["ProxyAuthenticationRequired"], 11);
});

test("what the platform does not serve is refused by name", async (t) => {
  const rig = await fabricRig(t, { clock });
  const { doors } = await session(t, rig, inside);
  for (const [authority, code] of [
    ["example.org:443", "HostNotServed"],
    ["localhost:443", "HostNotServed"],
    [`nobody.${cloud.monitorSuffix}:443`, "HostNotServed"],
    ["__proto__:443", "HostNotServed"],
    [`${hosts.metrics}:80`, "PortNotServed"],
    [`${addresses.metrics}:22`, "PortNotServed"],
    ["127.0.0.1:443", "AddressNotReachable"],
    ["1.1.1.1:443", "AddressNotReachable"],
    [`${addresses.free}:443`, "AddressNotReachable"],
    ["[::1]:443", "AddressNotReachable"],
    [`${fixedAddresses.instanceMetadata}:80`, "PortNotServed"],
    ["nothing", "InvalidAuthority"],
    [":443", "InvalidAuthority"],
    [`${hosts.metrics}:0`, "InvalidAuthority"],
    [`${hosts.metrics}:65536`, "InvalidAuthority"],
    [`${hosts.metrics}:4x3`, "InvalidAuthority"],
  ] as const) {
    const answer = await connectThrough(doors.gatewayUrl, authority);
    assert.equal(codeOf(answer), code, authority);
    assert.equal(answer.reason, code);
  }
  assert.deepEqual(rig.arrivals, []);
});

test("a name without an address there is 502 with the rules' reasons", async (t) => {
  const rig = await fabricRig(t, { clock });
  const { doors } = await session(t, rig, { kind: "vnet", vnet: ids.empty });
  const answer = await connectThrough(doors.gatewayUrl, `${hosts.metrics}:443`);
  assert.equal(codeOf(answer), "NameNotResolved");
  assert.match(answer.body, /nxdomain.*holds no/);
});

test("an endpoint without an edge behind it is 502", async (t) => {
  const rig = await fabricRig(t, { clock, edge: false });
  const { doors } = await session(t, rig, inside);
  assert.equal(
    codeOf(await connectThrough(doors.gatewayUrl, `${hosts.metrics}:443`)),
    "ListenerUnavailable",
  );
});

test("plain HTTP goes to the managed-identity endpoint alone", async (t) => {
  const rig = await fabricRig(t, { clock });
  const { doors } = await session(t, rig, { ...inside, as: ids.cluster } as Where);
  for (const url of [
    "http://example.org/",
    `http://${hosts.metrics}/`,
    `https://${fixedAddresses.instanceMetadata}/`,
    `http://${fixedAddresses.instanceMetadata}:8080/`,
    "/metadata/identity/oauth2/token",
  ]) {
    assert.equal(codeOf(await fetchThrough(doors.gatewayUrl, url)), "RequestNotProxied", url);
  }
  const token = await fetchThrough(doors.gatewayUrl, tokenUrl, { metadata: "true" });
  assert.equal(token.status, 200);
  assert.deepEqual(rig.tokenRequests, [
    { identityId: ids.cluster, resource: "https://monitor.azure.com/" },
  ]);
});

test("the gateway's header is taken at its byte limit and refused one past it", async (t) => {
  const rig = await fabricRig(t, { clock });
  const { port, username, password } = new URL((await session(t, rig, inside)).doors.gatewayUrl);
  const send = async (bytes: number): Promise<string> => {
    const socket = await open({ host: "127.0.0.1", port: Number(port) });
    const basic = Buffer.from(`${username}:${password}`).toString("base64");
    const head = `CONNECT x:443 HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Basic ${basic}\r\nX: `;
    socket.end(`${head}${"a".repeat(bytes - head.length - 4)}\r\n\r\n`);
    return text(socket);
  };
  assert.match(await send(limits.gatewayHeaderBytesMax / 2), /^HTTP\/1.1 403 HostNotServed/);
  assert.match(await send(limits.gatewayHeaderBytesMax + 64), /^HTTP\/1.1 431 /);
});

test("the gateway's port is kept where it is free, and another is taken where it is not", async (t) => {
  const first = await fabricRig(t, { clock });
  const second = await fabricRig(t, { clock, gatewayPort: first.fabric.gatewayPort });
  assert.notEqual(second.fabric.gatewayPort, first.fabric.gatewayPort);
  const { gatewayPort } = second.fabric;
  await second.fabric.close();
  const third = await fabricRig(t, { clock, gatewayPort });
  assert.equal(third.fabric.gatewayPort, gatewayPort);
});

test("a client that ends before its tunnel stands leaves nothing open", async (t) => {
  const rig = await fabricRig(t, { clock });
  const { doors } = await session(t, rig, inside);
  const { socket } = await connectThrough(doors.gatewayUrl, `${hosts.metrics}:443`);
  assert.ok(socket !== undefined);
  socket.write("x");
  await bytesFrom(socket, 1);
  const [arrival] = rig.arrivals;
  assert.ok(arrival !== undefined);
  const gone = once(arrival.socket, "close");
  socket.resetAndDestroy();
  await gone;
});

test("the fabric's end is every tunnel's end", async (t) => {
  const rig = await fabricRig(t, { clock });
  const opened = await openSession(rig.fabric.adminSocket, inside);
  const { socket } = await connectThrough(opened.doors.gatewayUrl, `${hosts.metrics}:443`);
  assert.ok(socket !== undefined);
  await rig.fabric.close();
  await closed(socket);
  await once(opened.lost, "abort").catch(() => {});
  await opened.close();
});
