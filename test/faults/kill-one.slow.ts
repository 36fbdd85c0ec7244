/** kill -9 of each process during a load: what was acknowledged is there, none twice, and everything goes on. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import type { ArmResource } from "../../src/arm/index.ts";
import { audiences } from "../../src/azure/index.ts";
import { dataPaths, socketPaths } from "../../src/bin/paths.ts";
import { findResource } from "../../src/cli/platform/connect.ts";
import type { Connection } from "../../src/cli/platform/connect.ts";
import { openTransport, sendWriteRequest } from "../../src/client/index.ts";
import { connectGraphFeed } from "../../src/control/index.ts";
import { observe, proofTarget } from "../../src/onboard/index.ts";
import { kill, linkscopeAt, place, platformOf, unmarkable, until } from "./marked-run.ts";
import type { Place } from "./marked-run.ts";
import { context, goInside, RecordingWriter } from "./recording-writer.ts";
import type { Inside } from "./recording-writer.ts";
import { assertKept, assertOnce, newestMs, queryClient, rawSamples } from "./samples.ts";

const VNET = "vnet-aks";
const CLUSTER = "aks-prod";
const agentSeries = `up{cluster="${CLUSTER}"}`;

interface Hosts {
  readonly writeUrl: string;
  readonly queryHost: string;
}

async function hostsOf(connection: Connection): Promise<Hosts> {
  const type = "Microsoft.ContainerService/managedClusters";
  const clusterId = await findResource(connection, type, CLUSTER);
  const target = proofTarget(await observe(connection.arm, { clusterId }), { clusterId });
  assert.ok(target?.queryHost !== undefined);
  const path = `dataCollectionRules/${target.dcrImmutableId}/streams/Microsoft-PrometheusMetrics/api/v1/write`;
  return {
    writeUrl: `https://${target.metricsHost}/${path}?api-version=2023-04-24`,
    queryHost: target.queryHost,
  };
}

interface State {
  /** What ARM's GET returns, of every resource there is. */
  readonly resources: readonly ArmResource[];
  readonly authority: string;
  readonly credential: string;
  readonly linkIds: string;
}

async function stateOf(data: string): Promise<State> {
  const file = platformOf(data);
  assert.ok(file !== undefined);
  const feed = await connectGraphFeed({
    path: socketPaths(file.sockets).graphFeed,
    clock: context.clock,
  });
  const resources = [...feed.current().graph.all()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  await feed.close();
  const text = (name: string): string => readFileSync(name, "utf8");
  return {
    resources,
    authority: text(file.ca),
    credential: text(file.credential),
    linkIds: text(dataPaths(data).links),
  };
}

/** The status that a token gets at ARM and at the write door. */
async function statusesOf(
  { connection, transport }: Inside,
  tokens: { readonly arm: string; readonly monitor: string; readonly writeUrl: string },
): Promise<readonly number[]> {
  const { clock } = context;
  const outside = openTransport({ clock, caPem: connection.caPem });
  const get = await outside.send({
    method: "GET",
    url: `${connection.file.arm}/subscriptions/${connection.file.subscriptionId}?api-version=2021-01-01`,
    headers: { authorization: `Bearer ${tokens.arm}` },
  });
  outside.close();
  const { response } = await sendWriteRequest([], {
    transport,
    clock,
    url: tokens.writeUrl,
    token: tokens.monitor,
  });
  return [get.status, response.status];
}

/** The one process of the place that is an agent. */
function agentPid(at: Place): number | undefined {
  return at.pids().find((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("linkscope.ts\0agent\0");
    } catch {
      return false;
    }
  });
}

test(
  "kill -9 of control, edge, fabric, agent, of the parent, and of all at once loses and doubles nothing",
  {
    skip: unmarkable,
    timeout: 170_000,
  },
  async (t) => {
    const at = place(t);
    const data = at.file("data");
    const run = linkscopeAt(at, ["start"], { LINKSCOPE_DATA: data });
    await run.printed("The platform stays up", 90_000);
    const inside = await goInside(data, VNET);
    const { writeUrl, queryHost } = await hostsOf(inside.connection);
    const writer = new RecordingWriter({ data, vnet: VNET, url: writeUrl, name: "all" });
    const client = queryClient(inside, queryHost);
    await writer.more(200);

    for (const name of ["edge", "control", "fabric", "edge"]) {
      await t.test(`${name} is killed and started again, and the load goes on`, async () => {
        const before = platformOf(data)?.processes[name];
        assert.ok(before !== undefined);
        kill(before);
        const killedMs = Date.now();
        await until(`${name} runs again`, () => {
          const now = platformOf(data)?.processes[name];
          return now !== undefined && now !== before;
        });
        await writer.more(200);
        await until("the agent's series go on", async () => {
          const newest = await newestMs(client, agentSeries).catch(() => 0);
          return newest > killedMs;
        });
        t.diagnostic(`${name}: all goes on after ${Date.now() - killedMs} ms`);
      });
    }

    await t.test("the agent is killed and started again, and its series go on", async () => {
      const before = agentPid(at);
      kill(before);
      const killedMs = Date.now();
      await until(
        "the agent's series go on",
        async () => (await newestMs(client, agentSeries)) > killedMs,
      );
      assert.notEqual(agentPid(at), before);
      assertOnce(await rawSamples(client, `{cluster="${CLUSTER}"}`));
      t.diagnostic(`agent: its series go on after ${Date.now() - killedMs} ms`);
    });

    const before = await stateOf(data);
    const tokens = {
      arm: await inside.connection.token(audiences.arm),
      monitor: await inside.connection.token(audiences.monitor),
      writeUrl,
    };
    assert.deepEqual(await statusesOf(inside, tokens), [200, 204]);
    inside.close();
    await t.test(
      "the parent is killed, and the next platform on its folder takes over at once",
      async () => {
        const repeated = writer.repeated;
        kill(run.pid);
        const next = linkscopeAt(at, ["up", "--data", data]);
        await next.printed("ready:");
        await writer.more(200);
        assert.ok(writer.repeated > repeated);
        await until("nothing is left of the killed one", () => at.pids().length === 4);
      },
    );

    await t.test("all are killed at once, and none is left", async () => {
      for (const pid of at.pids()) kill(pid);
      await until("all are gone", () => at.pids().length === 0);
    });

    await t.test(
      "after a new start resources, names, authority, keys and samples are as before",
      async () => {
        const next = linkscopeAt(at, ["up", "--data", data]);
        await next.printed("ready:");
        await writer.more(200);
        const lanes = await writer.stop();
        const again = await goInside(data, VNET);
        assert.deepEqual(await stateOf(data), before);
        assert.deepEqual(await statusesOf(again, tokens), [200, 204]);
        const client = queryClient(again, queryHost);
        await assertKept(client, "all", lanes);
        assertOnce(await rawSamples(client, `{cluster="${CLUSTER}"}`));
        const acknowledged = lanes.reduce((sum, lane) => sum + lane.acknowledged, 0);
        t.diagnostic(`${acknowledged} writes acknowledged, ${writer.repeated} sent again`);
        again.close();
        next.signal("SIGTERM");
        assert.equal((await next.ended).code, 0, next.note());
        assert.deepEqual(at.pids(), []);
        assert.deepEqual(readdirSync(at.temporary), []);
      },
    );
  },
);
