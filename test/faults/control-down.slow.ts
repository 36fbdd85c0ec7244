/** Control is killed and stays down: writes and queries go on through the private endpoints, and no right changes. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { stringAt } from "../../src/arm/index.ts";
import type { ResourceId } from "../../src/arm/index.ts";
import { audiences, groupIds, roleDefinitions, workspaceZone } from "../../src/azure/index.ts";
import { openSession } from "../../src/cli/exec/index.ts";
import {
  armClient,
  managedIdentityClient,
  openTransport,
  prometheusClient,
  sendWriteRequest,
  tokenClient,
} from "../../src/client/index.ts";
import type { ArmClient, Transport } from "../../src/client/index.ts";
import { labelsOf, systemClock } from "../../src/core/index.ts";
import { credentialOf, makePrivateEstate } from "../support/private-estate.ts";
import type { PrivateEstate } from "../support/private-estate.ts";
import { until } from "./marked-run.ts";
import { rawSamples } from "./samples.ts";
import { threeProcesses } from "./three-processes.ts";
import type { ThreeProcesses } from "./three-processes.ts";

const clock = systemClock();
const COUNT = 1_000;
const AT_ONCE = 8;

/** The ready line that `up` would print of these processes. */
const readyOf = ({ data, said }: ThreeProcesses) => ({
  arm: `https://localhost:${said("control", "armPort")}`,
  portal: `http://127.0.0.1:${said("control", "portalPort")}/`,
  ca: said("control", "ca"),
  credential: said("control", "credential"),
  data,
  pid: process.pid,
});

function armOf(t: TestContext, three: ThreeProcesses): ArmClient {
  const ready = readyOf(three);
  const transport = openTransport({ clock, caPem: readFileSync(ready.ca, "utf8") });
  t.after(() => transport.close());
  const { arm: endpoint } = ready;
  const token = tokenClient({ transport, clock, endpoint, ...credentialOf(ready) });
  return armClient({ transport, clock, token, endpoint });
}

/** A client inside the estate's network, with an identity or without. */
async function inside(
  t: TestContext,
  three: ThreeProcesses,
  { vnetName, as }: { readonly vnetName: string; readonly as?: ResourceId },
): Promise<Transport> {
  const where = { kind: "vnet" as const, vnet: vnetName, ...(as === undefined ? {} : { as }) };
  const session = await openSession(three.said("fabric", "adminSocket"), where);
  const caPem = readFileSync(three.said("control", "ca"), "utf8");
  const transport = openTransport({ clock, caPem, gateway: session.doors.gatewayUrl });
  t.after(async () => {
    transport.close();
    await session.close();
  });
  return transport;
}

/** A private endpoint for the workspace's queries, beside the scope's for ingestion. */
async function putQueryEndpoint(arm: ArmClient, { workspaceId, vnetName }: PrivateEstate) {
  const group = workspaceId.split("/providers/")[0] ?? "";
  const network = `${group}/providers/Microsoft.Network`;
  const vnet = `${network}/virtualNetworks/${vnetName}`;
  const endpoint = `${network}/privateEndpoints/pe-queries`;
  const zone = `${network}/privateDnsZones/${workspaceZone("eastus")}`;
  const properties = {
    privateLinkServiceId: workspaceId,
    groupIds: [groupIds.prometheusMetrics],
  };
  await arm.put(endpoint, {
    apiVersion: "2022-01-01",
    body: {
      location: "eastus",
      properties: {
        subnet: { id: `${vnet}/subnets/snet-private-endpoints` },
        privateLinkServiceConnections: [{ name: "pe-queries", properties }],
      },
    },
  });
  await arm.put(zone, { apiVersion: "2020-06-01", body: { location: "global" } });
  await arm.put(`${zone}/virtualNetworkLinks/${vnetName}`, {
    apiVersion: "2020-06-01",
    body: {
      location: "global",
      properties: { virtualNetwork: { id: vnet }, registrationEnabled: false },
    },
  });
  await arm.put(`${endpoint}/privateDnsZoneGroups/default`, {
    apiVersion: "2022-01-01",
    body: {
      properties: {
        privateDnsZoneConfigs: [{ name: "queries", properties: { privateDnsZoneId: zone } }],
      },
    },
  });
  // From now on a query from outside is refused: what passes came by the endpoint.
  await arm.put(workspaceId, {
    apiVersion: "2023-04-03",
    body: { location: "eastus", properties: { publicNetworkAccess: "Disabled" } },
  });
}

/** A new identity, and a right for it to write to the estate's rules, not yet given. */
async function newIdentity(arm: ArmClient, { workspaceId }: PrivateEstate) {
  const group = workspaceId.split("/providers/")[0] ?? "";
  const id = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-writer`;
  const made = await arm.put(id, { apiVersion: "2023-01-31", body: { location: "eastus" } });
  const role = roleDefinitions.find(({ roleName }) => roleName === "Monitoring Metrics Publisher");
  const subscription = group.split("/resourceGroups/")[0] ?? "";
  const assignment = `${group}/providers/Microsoft.Authorization/roleAssignments/00000000-0000-4000-8000-0000000000e7`;
  const give = () =>
    arm.put(assignment, {
      apiVersion: "2022-04-01",
      body: {
        properties: {
          principalId: stringAt(made, "properties", "principalId") ?? "",
          principalType: "ServicePrincipal",
          roleDefinitionId: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${role?.id}`,
        },
      },
    });
  return { id, give };
}

/** Runs `count` pieces of work, some at once. */
async function each(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

test(
  "with control killed, 1,000 writes and queries pass and no role is given; after its restart one is",
  {
    timeout: 120_000,
  },
  async (t) => {
    const three = await threeProcesses(t);
    const arm = armOf(t, three);
    const estate = await makePrivateEstate(readyOf(three));
    t.after(() => estate.close());
    await putQueryEndpoint(arm, estate);
    const identity = await newIdentity(arm, estate);
    const { vnetName, writeUrl, token } = estate;
    const standing = { transport: await inside(t, three, { vnetName }) };
    const asIdentity = await inside(t, three, { vnetName, as: identity.id });
    const identityToken = await managedIdentityClient({ transport: asIdentity, clock })(
      audiences.monitor,
    );
    const ownToken = await token(audiences.monitor);
    const queries = (transport: Transport) =>
      prometheusClient({ transport, token, endpoint: estate.queryUrl });
    // Every token that is needed is there before control goes.
    await queries(standing.transport).query("vector(1)");

    const firstMs = Date.now();
    const write = async (index: number): Promise<void> => {
      const series = {
        labels: labelsOf({ __name__: "kept_down", lane: String(index % AT_ONCE) }),
        samples: [{ timestampMs: firstMs + index, value: index }],
      };
      const { transport } = standing;
      const to = { transport, clock, url: writeUrl, token: ownToken };
      const { kind, response } = await sendWriteRequest([series], to);
      assert.equal(kind, "taken", `write ${index}: ${response.status} ${response.body.toString()}`);
    };
    const statusOfIdentity = async (): Promise<number> => {
      const to = { transport: asIdentity, clock, url: writeUrl, token: identityToken };
      return (await sendWriteRequest([], to)).response.status;
    };
    assert.equal(await statusOfIdentity(), 403);
    await three.kill("control");

    await t.test("1,000 writes and 1,000 queries pass", async () => {
      const startedMs = Date.now();
      await each(COUNT, write);
      const client = queries(standing.transport);
      await each(COUNT, async (index) => {
        const { result } = await client.query(`count(last_over_time(kept_down[10m])) * ${index}`);
        assert.deepEqual(stringAt(result, 0, "value", 1), String(AT_ONCE * index));
      });
      t.diagnostic(`1,000 writes and 1,000 queries in ${Date.now() - startedMs} ms, control down`);
    });

    await t.test("a role cannot be given, and who had none has none", async () => {
      await assert.rejects(identity.give(), { code: "ConnectionFailed" });
      assert.equal(await statusOfIdentity(), 403);
    });

    await t.test(
      "edge and fabric are killed as well, start without control, and go on",
      async () => {
        await three.kill("edge");
        await three.kill("fabric");
        await three.start("edge");
        await three.start("fabric");
        standing.transport = await inside(t, three, { vnetName });
        for (let index = COUNT; index < COUNT + AT_ONCE; index++) await write(index);
        const found = await rawSamples(queries(standing.transport), "kept_down");
        assert.equal(found.length, AT_ONCE);
        for (const { labels, timestampsMs, values } of found) {
          const lane = Number(labels["lane"]);
          const wanted = Array.from(
            { length: values.length },
            (_, round) => lane + AT_ONCE * round,
          );
          assert.equal(values.length, COUNT / AT_ONCE + 1);
          assert.deepEqual(values, wanted);
          assert.deepEqual(
            timestampsMs,
            wanted.map((index) => firstMs + index),
          );
        }
      },
    );

    await t.test("control starts again, the role is given, and its holder writes", async () => {
      await three.start("control");
      await identity.give();
      const again = await inside(t, three, { vnetName, as: identity.id });
      const to = { transport: again, clock, url: writeUrl, token: identityToken };
      await until("the new role is in force", async () => {
        const { response } = await sendWriteRequest([], to);
        assert.ok([204, 403].includes(response.status));
        return response.status === 204;
      });
    });
  },
);
