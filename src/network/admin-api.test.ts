/** The administration socket: sessions and their ends, resolution with reasons, networks, and what it refuses. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { askFabric, openSession } from "../cli/exec/index.ts";
import { cloud } from "../azure/index.ts";
import { fakeClock, limits } from "../core/index.ts";
import { createServer } from "node:net";
import { closed, connectThrough, open, text } from "./testing/clients.ts";
import { addresses, estate, hosts, ids } from "./testing/estate.ts";
import { fabricRig } from "./testing/fabric-rig.ts";
import { listenOnPath } from "./unix-socket.ts";

const clock = fakeClock();

test("a session has its doors, and each of them is its owner's alone", async (t) => {
  const rig = await fabricRig(t, { clock });
  const { doors, close } = await openSession(rig.fabric.adminSocket, {
    kind: "vnet",
    vnet: "vnet-inside",
    as: ids.cluster,
  });
  t.after(close);
  assert.equal(doors.vnetId, ids.inside);
  assert.equal(doors.identityId, ids.cluster);
  assert.equal(Buffer.from(doors.secret, "base64url").length, 32);
  assert.equal(new URL(doors.gatewayUrl).password, doors.secret);
  assert.deepEqual(doors.prefixes, [
    "10.10.0.0/16",
    "10.20.0.0/16",
    "10.30.0.0/16",
    "10.40.0.0/16",
    "203.0.113.0/24",
  ]);
  assert.deepEqual([doors.dns, doors.instanceMetadata], ["168.63.129.16", "169.254.169.254"]);
  assert.deepEqual(doors.hiddenFolders, [`${rig.folder}/s`, `${rig.folder}/e`]);
  assert.equal(statSync(dirname(doors.relaySocket)).mode & 0o777, 0o700);
  for (const path of [doors.relaySocket, rig.fabric.adminSocket]) {
    assert.equal(statSync(path).mode & 0o777, 0o600);
  }
});

test("a session ends with the connection that made it, and the next one has another secret", async (t) => {
  const rig = await fabricRig(t, { clock });
  const body = '{"public":true}';
  const socket = await open({ path: rig.fabric.adminSocket });
  socket.write(
    `POST /sessions HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  const [chunk] = (await once(socket, "data")) as [Buffer];
  assert.match(chunk.toString(), /^HTTP\/1.1 201 /);
  assert.equal(rig.fabric.counters().sessions, 1);
  const { gatewayUrl } = JSON.parse(chunk.toString().split("\r\n\r\n")[1] ?? "") as {
    gatewayUrl: string;
  };
  const tunnel = await connectThrough(gatewayUrl, `${hosts.metrics}:443`);
  assert.ok(tunnel.socket !== undefined);
  socket.destroy();
  await closed(tunnel.socket);
  assert.equal((await connectThrough(gatewayUrl, "x:443")).status, 407);
  assert.equal(rig.fabric.counters().sessions, 0);
});

test("as many sessions as the limit are open, and one past it is refused until one ends", async (t) => {
  const rig = await fabricRig(t, { clock });
  const where = { kind: "public" } as const;
  const opened = await Promise.all(
    Array.from({ length: limits.sessionsMax }, () => openSession(rig.fabric.adminSocket, where)),
  );
  assert.equal(new Set(opened.map(({ doors }) => doors.secret)).size, limits.sessionsMax);
  await assert.rejects(openSession(rig.fabric.adminSocket, where), { code: "TooManySessions" });
  await opened[0]?.close();
  opened[0] = await openSession(rig.fabric.adminSocket, where);
  await Promise.all(opened.map(({ close }) => close()));
  assert.equal(rig.fabric.counters().sessions, 0);
});

test("a place that is none, or more than one, is refused by name", async (t) => {
  const twin = estate([
    {
      id: `${ids.inside.replace("rg-a", "rg-z")}`,
      name: "vnet-inside",
      type: "Microsoft.Network/virtualNetworks",
      properties: { addressSpace: { addressPrefixes: ["::/0", "10.10.0.0/16", "nonsense"] } },
    },
  ]);
  const rig = await fabricRig(t, { clock, graph: twin });
  const begin = (where: Parameters<typeof openSession>[1]) =>
    openSession(rig.fabric.adminSocket, where);
  await assert.rejects(begin({ kind: "vnet", vnet: "vnet-inside" }), {
    code: "InvalidSession",
    message: /2 virtual networks are named vnet-inside/,
  });
  await assert.rejects(begin({ kind: "vnet", vnet: "nowhere" }), {
    code: "VirtualNetworkNotFound",
    message: /There are: vnet-inside/,
  });
  await assert.rejects(begin({ kind: "vnet", vnet: ids.inside, as: "/a b" }), {
    code: "InvalidSession",
    message: /blank/,
  });
  const { doors, close } = await begin({ kind: "vnet", vnet: ids.inside.toUpperCase() });
  t.after(close);
  assert.equal(doors.vnetId, ids.inside);
  assert.ok(!doors.prefixes.includes("::/0") && !doors.prefixes.includes("nonsense"));
});

async function raw(socketPath: string, request: string): Promise<string> {
  const socket = await open({ path: socketPath });
  socket.end(request);
  return text(socket);
}

test("bodies that are no session, too long ones and unknown operations are refused", async (t) => {
  const rig = await fabricRig(t, { clock });
  const post = (body: string): Promise<string> =>
    raw(
      rig.fabric.adminSocket,
      `POST /sessions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
  for (const body of [
    "",
    "[]",
    "null",
    "{}",
    '{"public":true,"vnetId":"x"}',
    '{"vnetId":7}',
    '{"__proto__":{"public":true}}',
  ]) {
    assert.match(await post(body), /400[^]*InvalidSession/, body);
  }
  const padded = (bytes: number): string => `{"public":true,"x":"${"a".repeat(bytes - 22)}"}`;
  assert.match(await post(padded(limits.adminBodyBytesMax)), /^HTTP\/1.1 201/);
  assert.match(await post(padded(limits.adminBodyBytesMax + 1)), /413[^]*BodyTooLarge/);
  const other = "GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  assert.match(await raw(rig.fabric.adminSocket, other), /404[^]*AdminRequestUnknown/);
  const gone = "DELETE /sessions/0123456789abcdef HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  assert.match(await raw(rig.fabric.adminSocket, gone), /404[^]*SessionNotFound/);
});

test("resolve answers the whole chain with its reasons, per network and for public DNS", async (t) => {
  const rig = await fabricRig(t, { clock });
  const ask = (query: string): Promise<unknown> =>
    askFabric(rig.fabric.adminSocket, `/resolve?${query}`);
  const inside = (await ask(`name=${hosts.metrics}&vnet=vnet-inside`)) as Record<string, unknown>;
  assert.equal(inside["outcome"], "private");
  assert.deepEqual(inside["addresses"], [addresses.metrics]);
  assert.equal((inside["zone"] as { name: string }).name, `privatelink.${cloud.monitorSuffix}`);
  assert.ok((inside["reasons"] as unknown[]).length > 1);
  const outside = (await ask(`name=${hosts.metrics}`)) as Record<string, unknown>;
  assert.equal(outside["outcome"], "public");
  const none = (await ask(`name=${hosts.metrics}&vnet=vnet-inside&type=AAAA`)) as Record<
    string,
    unknown
  >;
  assert.equal(none["outcome"], "nodata");
  await assert.rejects(ask("name=x&vnet=nowhere"), { code: "VirtualNetworkNotFound" });
});

test("each network has a resolver of its own, which comes and goes with it", async (t) => {
  const rig = await fabricRig(t, { clock });
  interface Vnets {
    readonly vnets: readonly {
      name: string;
      prefixes: string[];
      resolver: { port: number } | null;
    }[];
  }
  const { vnets } = (await askFabric(rig.fabric.adminSocket, "/vnets")) as Vnets;
  assert.deepEqual(
    vnets.map(({ name }) => name),
    ["vnet-inside", "vnet-plain", "vnet-empty", "vnet-redirected"],
  );
  assert.equal(new Set(vnets.map(({ resolver }) => resolver?.port)).size, 4);
  assert.equal(rig.fabric.resolverPorts().length, 5);
  const counters = (await askFabric(rig.fabric.adminSocket, "/counters")) as { sessions: number };
  assert.equal(counters.sessions, 0);
});

test("a socket's path at the system's limit is taken, and one past it is refused by name", async (t) => {
  const rig = await fabricRig(t, { clock });
  const pathOf = (bytes: number): string =>
    `${rig.folder}/${"a".repeat(bytes - rig.folder.length - 1)}`;
  const server = createServer();
  await listenOnPath(server, pathOf(limits.socketPathBytesMax));
  assert.ok(existsSync(pathOf(limits.socketPathBytesMax)));
  server.close();
  await assert.rejects(listenOnPath(createServer(), pathOf(limits.socketPathBytesMax + 1)), {
    code: "SocketPathTooLong",
  });
});

test("a folder too long for a session's socket refuses the session, and one too long for the fabric's the start", async (t) => {
  const rig = await fabricRig(t, { clock });
  const longest = limits.socketPathBytesMax - rig.folder.length - 2;
  const admin = "fabric-admin.sock".length;
  const roomy = await fabricRig(t, { clock, socketFolder: "a".repeat(longest - admin) });
  await assert.rejects(openSession(roomy.fabric.adminSocket, { kind: "public" }), {
    code: "SocketPathTooLong",
  });
  assert.equal(roomy.fabric.counters().sessions, 0);
  await assert.rejects(fabricRig(t, { clock, socketFolder: "a".repeat(longest - admin + 1) }), {
    code: "SocketPathTooLong",
  });
});

test("a name at the limit is resolved, and an empty or longer one is refused", async (t) => {
  const rig = await fabricRig(t, { clock });
  const ask = (name: string): Promise<unknown> =>
    askFabric(rig.fabric.adminSocket, `/resolve?name=${name}`);
  await ask("a".repeat(limits.dnsNameCharsMax));
  for (const name of ["", "a".repeat(limits.dnsNameCharsMax + 1)]) {
    await assert.rejects(ask(name), { code: "InvalidName" });
  }
});

test("sockets that a killed fabric left are removed, and nothing else in the folder", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "ls-old-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const left = join(folder, "relay-0123456789abcdef.sock");
  for (const path of [left, join(folder, "other.sock")]) writeFileSync(path, "");
  await fabricRig(t, { clock, socketFolder: relative(tmpdir(), folder).replace(/^/, "../") });
  assert.deepEqual([existsSync(left), existsSync(join(folder, "other.sock"))], [false, true]);
});

test("nothing on the socket is an error that says what to do", async () => {
  await assert.rejects(askFabric("/nonexistent/fabric.sock", "/vnets"), {
    code: "PlatformUnavailable",
    message: /Is it running/,
  });
});
