/** Private endpoints as forwarders: the header they send, the bytes they carry, and what they refuse to reach. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openSession } from "../cli/exec/index.ts";
import type { OpenSession, Where } from "../cli/exec/index.ts";
import { cloud, publicAddressOf } from "../azure/index.ts";
import { fakeClock, limits } from "../core/index.ts";
import { bytesFrom, closed, open } from "./testing/clients.ts";
import {
  addresses,
  endpointResources,
  estate,
  estateWithoutEndpoint,
  hosts,
  ids,
} from "./testing/estate.ts";
import { fabricRig } from "./testing/fabric-rig.ts";
import type { FabricRig } from "./testing/fabric-rig.ts";
import { encodeRelayHeader, relayAccepted, relayRefused } from "./relay-header.ts";
import type { Socket } from "node:net";

const clock = fakeClock();
const inside: Where = { kind: "vnet", vnet: ids.inside };
const source = { address: "10.10.0.4", port: 40_000 };

async function session(test: TestContext, rig: FabricRig, where: Where): Promise<OpenSession> {
  const opened = await openSession(rig.fabric.adminSocket, where);
  test.after(opened.close);
  return opened;
}

/** Dials as a relay does; the first byte of the answer says whether it stands. */
async function dial(
  opened: OpenSession,
  address: string,
  port = 443,
): Promise<{ socket: Socket; first: number | undefined }> {
  const socket = await open({ path: opened.doors.relaySocket });
  socket.write(encodeRelayHeader({ kind: "tcp", destination: { address, port }, source }));
  return { socket, first: (await bytesFrom(socket, 1))[0] };
}

/** One byte there and back: by then the edge has seen the connection. */
async function echoed(socket: Socket): Promise<void> {
  socket.write("x");
  await bytesFrom(socket, 1);
  socket.destroy();
}

test("a connection to a private endpoint begins with its link id, on disk by then, and carries bytes both ways", async (t) => {
  const rig = await fabricRig(t, { clock });
  const opened = await session(t, rig, inside);
  const { socket, first } = await dial(opened, addresses.metrics);
  assert.equal(first, relayAccepted);
  socket.write("hello");
  assert.equal((await bytesFrom(socket, 5)).toString(), "hello");
  assert.deepEqual(
    rig.arrivals.map(({ at, header }) => ({ at, header })),
    [
      {
        at: "private",
        header: { source, destination: { address: addresses.metrics, port: 443 }, linkId: 1 },
      },
    ],
  );
  const file = readFileSync(join(rig.folder, "links.json"), "utf8");
  assert.equal(
    (JSON.parse(file) as { links: Record<string, number> }).links[ids.endpoint.toLowerCase()],
    1,
  );
  socket.destroy();
});

test("all addresses of one endpoint have one link id, and each connection names the one it was made to", async (t) => {
  const rig = await fabricRig(t, { clock });
  const opened = await session(t, rig, inside);
  for (const address of [addresses.metrics, addresses.configuration]) {
    await echoed((await dial(opened, address)).socket);
  }
  assert.deepEqual(
    rig.arrivals.map(({ header }) => [header?.destination.address, header?.linkId]),
    [
      [addresses.metrics, 1],
      [addresses.configuration, 1],
    ],
  );
});

test("public addresses lead to control for ARM and sign-in and to the edge for the rest, without a header", async (t) => {
  const rig = await fabricRig(t, { clock });
  for (const where of [inside, { kind: "public" }] as const) {
    const opened = await session(t, rig, where);
    for (const host of [cloud.armHost, cloud.loginHost, hosts.metrics, cloud.globalHandlerHost]) {
      const { socket, first } = await dial(opened, publicAddressOf(host) ?? "");
      assert.equal(first, relayAccepted, host);
      await echoed(socket);
    }
  }
  const expected = ["control", "control", "edge", "edge"];
  assert.deepEqual(
    rig.arrivals.map(({ at }) => at),
    [...expected, ...expected],
  );
  assert.ok(rig.arrivals.every(({ header }) => header === undefined));
});

test("nothing else is reached: other addresses, other networks' addresses, other ports, the machine itself", async (t) => {
  const rig = await fabricRig(t, { clock });
  const opened = await session(t, rig, inside);
  const plain = await session(t, rig, { kind: "vnet", vnet: "vnet-plain" });
  const outside = await session(t, rig, { kind: "public" });
  for (const [from, address, port, code] of [
    [opened, "1.1.1.1", 443, "AddressNotReachable"],
    [opened, "127.0.0.1", 443, "AddressNotReachable"],
    [opened, "169.254.169.254", 443, "AddressNotReachable"],
    [opened, addresses.free, 443, "AddressNotReachable"],
    [opened, "203.0.113.255", 443, "AddressNotReachable"],
    [opened, addresses.metrics, 80, "PortNotServed"],
    [opened, addresses.metrics, 22, "PortNotServed"],
    [plain, addresses.metrics, 443, "AddressNotReachable"],
    [outside, addresses.metrics, 443, "AddressNotReachable"],
  ] as const) {
    const { socket, first } = await dial(from, address, port);
    assert.equal(first, relayRefused, address);
    await closed(socket);
    assert.equal(rig.accesses.at(-1)?.outcome, code, `${address}:${port}`);
  }
  assert.deepEqual(rig.arrivals, []);
  assert.deepEqual(rig.fabric.counters().dials, {
    open: 0,
    opened: { endpoint: 0, public: 0 },
    refused: { AddressNotReachable: 7, PortNotServed: 2 },
  });
});

test("a listener that is down is a refusal with its code, and no crash", async (t) => {
  const rig = await fabricRig(t, { clock, edge: false });
  const { first } = await dial(await session(t, rig, inside), addresses.metrics);
  assert.equal(first, relayRefused);
  assert.equal(rig.accesses.at(-1)?.outcome, "ListenerUnavailable");
});

test("half a connection may end while the other half goes on", async (t) => {
  const rig = await fabricRig(t, {
    clock,
    serve: ({ socket }) => {
      socket.resume();
      socket.once("end", () => socket.end("all read"));
    },
  });
  const { socket } = await dial(await session(t, rig, inside), addresses.metrics);
  socket.end("request");
  assert.equal((await bytesFrom(socket, 8)).toString(), "all read");
  await closed(socket);
});

test("a megabyte goes both ways whole, to a peer that reads late", async (t) => {
  const rig = await fabricRig(t, { clock });
  const { socket } = await dial(await session(t, rig, inside), addresses.metrics);
  const sent = Buffer.alloc(1024 * 1024, "0123456789abcdef");
  socket.end(sent);
  await new Promise((done) => setImmediate(done));
  const chunks: Buffer[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
  assert.ok(Buffer.concat(chunks).equals(sent));
});

test("a peer that fails takes its other end with it", async (t) => {
  const rig = await fabricRig(t, { clock, serve: ({ socket }) => void socket.destroy() });
  const { socket } = await dial(await session(t, rig, inside), addresses.metrics);
  await closed(socket);
});

test("an endpoint's end is its connections' end, and made again it has another link id", async (t) => {
  const rig = await fabricRig(t, { clock });
  const opened = await session(t, rig, inside);
  const { socket } = await dial(opened, addresses.metrics);
  rig.publish(estateWithoutEndpoint());
  await closed(socket);
  assert.equal((await dial(opened, addresses.metrics)).first, relayRefused);
  rig.publish(estate());
  await echoed((await dial(opened, addresses.metrics)).socket);
  assert.equal(rig.arrivals.at(-1)?.header?.linkId, 2);
  assert.equal(endpointResources.length, 2);
});

test("a session's end is its connections' end", async (t) => {
  const rig = await fabricRig(t, { clock });
  const opened = await openSession(rig.fabric.adminSocket, inside);
  const { socket } = await dial(opened, addresses.metrics);
  await opened.close();
  await closed(socket);
  await assert.rejects(open({ path: opened.doors.relaySocket }));
});

test("a relay's line comes in time and in size, or its connection ends", async (t) => {
  const time = fakeClock();
  const rig = await fabricRig(t, { clock: time });
  const { relaySocket } = (await session(t, rig, inside)).doors;
  const late = await open({ path: relaySocket });
  late.write("LINKSCOPE/1 ");
  const early = await open({ path: relaySocket });
  early.write(
    encodeRelayHeader({
      kind: "tcp",
      destination: { address: addresses.metrics, port: 443 },
      source,
    }),
  );
  await bytesFrom(early, 1);
  time.advance(limits.relayHeaderTimeoutMs);
  await closed(late);
  early.write("still");
  await bytesFrom(early, 5);
  early.destroy();
  const long = await open({ path: relaySocket });
  long.write("a".repeat(limits.relayHeaderBytesMax + 1));
  await closed(long);
  const strange = await open({ path: relaySocket });
  strange.write("GET / HTTP/1.1\n");
  await closed(strange);
});

test("a session holds as many connections as its limit, and no more", async (t) => {
  const rig = await fabricRig(t, { clock });
  const { relaySocket } = (await session(t, rig, inside)).doors;
  const held = await Promise.all(
    Array.from({ length: limits.connectionsPerSessionMax }, () => open({ path: relaySocket })),
  );
  const last = held.at(-1);
  assert.ok(last !== undefined);
  last.write(encodeRelayHeader({ kind: "dns-udp" }));
  const over = await open({ path: relaySocket });
  await closed(over);
  last.write(Buffer.from([0, 1, 0]));
  assert.deepEqual(await bytesFrom(last, 2), Buffer.from([0, 0]));
  for (const socket of held) socket.destroy();
});
