/** The platform in one process: ready at once, reached as any platform, and gone without a trace. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { askFabric, openSession } from "../cli/exec/index.ts";
import { armClient, openTransport, tokenClient } from "../client/index.ts";
import { stringAt } from "../arm/index.ts";
import { cloud } from "../azure/index.ts";
import { systemClock, systemRandom } from "../core/index.ts";
import { startOneProcess } from "./one-process.ts";
import type { OneProcess } from "./one-process.ts";

// node:tls judges certificates by the machine's time, so that the platform needs it too.
const clock = systemClock();
const machine = { clock, random: systemRandom() };

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "one-process-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function started(t: TestContext, folder: string): Promise<OneProcess> {
  const notes: string[] = [];
  const platform = await startOneProcess({
    ...machine,
    folder,
    note: (text) => void notes.push(text),
  });
  t.after(async () => {
    await platform.close();
    assert.deepEqual(notes, []);
  });
  return platform;
}

function armOf(t: TestContext, platform: OneProcess) {
  const transport = openTransport({ clock, caPem: platform.caPem });
  t.after(() => transport.close());
  const { arm: endpoint } = platform;
  const token = tokenClient({ transport, clock, endpoint, ...platform.credential });
  return armClient({ transport, clock, token, endpoint });
}

const groupOf = ({ credential }: OneProcess): string =>
  `/subscriptions/${credential.subscriptionId}/resourceGroups/one`;

async function putNetwork(t: TestContext, platform: OneProcess): Promise<string> {
  const arm = armOf(t, platform);
  await arm.put(groupOf(platform), { apiVersion: "2021-04-01", body: { location: "eastus" } });
  const id = `${groupOf(platform)}/providers/Microsoft.Network/virtualNetworks/vnet`;
  const properties = { addressSpace: { addressPrefixes: ["10.1.0.0/16"] } };
  await arm.put(id, { apiVersion: "2022-01-01", body: { location: "eastus", properties } });
  return id;
}

test("what ARM is told is known to the fabric and to the edge when the answer comes", async (t) => {
  const platform = await started(t, newFolder(t));
  const vnetId = await putNetwork(t, platform);
  const { vnets } = (await askFabric(platform.adminSocket, "/vnets")) as {
    vnets: { id: string }[];
  };
  assert.deepEqual(
    vnets.map(({ id }) => id),
    [vnetId],
  );
});

test("a session reaches ARM and the edge by their real names", async (t) => {
  const platform = await started(t, newFolder(t));
  await putNetwork(t, platform);
  const session = await openSession(platform.adminSocket, { kind: "vnet", vnet: "vnet" });
  t.after(() => session.close());
  const inside = openTransport({ clock, caPem: platform.caPem, gateway: session.doors.gatewayUrl });
  t.after(() => inside.close());
  const atArm = await inside.send({
    method: "GET",
    url: `https://${cloud.armHost}/metadata/endpoints?api-version=2019-05-01`,
  });
  assert.equal(atArm.status, 200);
  const atEdge = await inside.send({ method: "GET", url: `https://${cloud.globalHandlerHost}/` });
  assert.equal(atEdge.status, 401);
});

test("a second start on the folder finds the resources, the authority and the credential", async (t) => {
  const folder = newFolder(t);
  const first = await started(t, folder);
  await putNetwork(t, first);
  await first.close();
  const second = await started(t, folder);
  assert.equal(second.caPem, first.caPem);
  assert.deepEqual(second.credential, first.credential);
  const group = await armOf(t, second).get(groupOf(second), "2021-04-01");
  assert.equal(stringAt(group, "name"), "one");
});

test("two platforms stand in one process, and neither knows the other's resources", async (t) => {
  const [one, other] = await Promise.all([started(t, newFolder(t)), started(t, newFolder(t))]);
  await putNetwork(t, one);
  assert.deepEqual(await askFabric(other.adminSocket, "/vnets"), { vnets: [] });
});

test("sockets lie in a folder that only their owner enters, and are gone after the end", async (t) => {
  const platform = await started(t, newFolder(t));
  const sockets = dirname(platform.adminSocket);
  assert.equal(statSync(sockets).mode & 0o777, 0o700);
  await platform.close();
  assert.equal(existsSync(sockets), false);
});

test("a platform that cannot start leaves no sockets behind", async (t) => {
  const folder = newFolder(t);
  const first = await started(t, folder);
  await first.close();
  // The state is one of another tenant now.
  rmSync(join(folder, "tenant.json"));
  const temporaryFolder = newFolder(t);
  const failing = startOneProcess({ ...machine, folder, temporaryFolder, note: () => {} });
  await assert.rejects(failing, { code: "StateOfAnotherTenant" });
  assert.deepEqual(readdirSync(temporaryFolder), []);
});
