/** kill -9 of the edge, of its engine of logs and of control while records come in over HTTP: what was acknowledged is there, once. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { audiences } from "../../src/azure/index.ts";
import { connectTo } from "../../src/cli/platform/connect.ts";
import { lastingTransport } from "../../src/cli/platform/lasting-transport.ts";
import {
  agentConfigurationClient,
  logsQueryClient,
  managedIdentityClient,
} from "../../src/client/index.ts";
import type { LogsQueryClient, Transport } from "../../src/client/index.ts";
import { credentialOf } from "../support/private-estate.ts";
import { makePrivateLogs } from "../support/private-logs.ts";
import type { PrivateLogs } from "../support/private-logs.ts";
import { kill, linkscopeAt, place, platformOf, unmarkable, until } from "./marked-run.ts";
import type { Place } from "./marked-run.ts";
import { context } from "./recording-writer.ts";

const BATCH = 20;
const RETRY_MS = 25;
/** Between two requests of a sender: one rule takes 12,000 in a minute. */
const PACE_MS = 8;

/** A batch of records with numbers of its own, and what its sender was told. */
interface Batch {
  readonly first: number;
  /** Tries without an answer, or with one that says that nothing is acknowledged: each may have been kept, whole, or not. */
  unanswered: number;
  acknowledged: boolean;
}

interface Door {
  readonly transport: Transport;
  readonly url: string;
  readonly token: () => Promise<string>;
  readonly bodyOf: (numbers: readonly number[]) => string;
  /** The table's column with the number. */
  readonly column: string;
  readonly table: string;
}

/** Sends batch after batch, each again until it is acknowledged. */
class NumberedSender {
  readonly door: Door;
  readonly batches: Batch[] = [];
  readonly #ended: Promise<void>;
  #isStopped = false;

  constructor(door: Door) {
    this.door = door;
    this.#ended = this.#run();
    this.#ended.catch(() => {});
  }

  get acknowledged(): number {
    return this.batches.filter(({ acknowledged }) => acknowledged).length;
  }

  async more(count: number): Promise<void> {
    const goal = this.acknowledged + count;
    const reached = until(
      `${this.door.table}: ${count} more`,
      () => this.acknowledged >= goal,
      60_000,
    );
    await Promise.race([reached, this.#ended]);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const batch = { first: this.batches.length * BATCH, unanswered: 0, acknowledged: false };
      this.batches.push(batch);
      while (!batch.acknowledged && (!this.#isStopped || batch.unanswered < 400)) {
        batch.acknowledged = await this.#send(batch);
        if (batch.acknowledged) break;
        batch.unanswered++;
        await pause(RETRY_MS);
      }
      await pause(PACE_MS);
    }
  }

  async #send({ first }: Batch): Promise<boolean> {
    const { transport, url, token, bodyOf } = this.door;
    const numbers = Array.from({ length: BATCH }, (_, index) => first + index);
    try {
      const { status } = await transport.send({
        method: "POST",
        url,
        headers: { authorization: `Bearer ${await token()}`, "content-type": "application/json" },
        body: Buffer.from(bodyOf(numbers)),
      });
      if (status === 200 || status === 204) return true;
      assert.ok(status >= 500 || status === 429, `${url} answers ${status}`);
      return false;
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      return false;
    }
  }
}

/** Each record of an acknowledged batch is there; a batch stands there whole, and at most once for each of its tries. */
async function assertKept(
  client: LogsQueryClient,
  { door, batches }: NumberedSender,
): Promise<void> {
  const query = `${door.table} | summarize Copies = count() by N = tolong(${door.column})`;
  const answer = await client.query(query);
  assert.equal(answer.partial, undefined);
  const copies = new Map(answer.rows.map(([copy, number]) => [Number(number), Number(copy)]));
  if (answer.columns[0]?.name === "N") {
    copies.clear();
    for (const [number, copy] of answer.rows) copies.set(Number(number), Number(copy));
  }
  for (const { first, unanswered, acknowledged } of batches) {
    const found = copies.get(first) ?? 0;
    const what = `${door.table} ${first}: ${found} copies after ${unanswered} unanswered tries`;
    for (let index = 1; index < BATCH; index++) {
      assert.equal(copies.get(first + index) ?? 0, found, `${what}, not whole`);
    }
    const tries = unanswered + (acknowledged ? 1 : 0);
    assert.ok(found <= tries && (!acknowledged || found >= 1), what);
    // A batch that was acknowledged at its first try stands there once: nobody doubled it.
    if (acknowledged && unanswered === 0) assert.equal(found, 1, what);
  }
  const known = batches.length * BATCH;
  assert.ok([...copies.keys()].every((number) => number >= 0 && number < known));
}

/** The process of the place that is the edge's engine of logs. */
const enginePid = (at: Place): number | undefined =>
  at.pids().find((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("log-engine.ts");
    } catch {
      return false;
    }
  });

/** Waits while the edge or its engine is away, which is told by a status that says to ask again. */
const answering = (client: LogsQueryClient): Promise<unknown> =>
  until("queries are answered", () => client.query("Orders_CL | count").catch(() => false), 60_000);

async function doorsOf(
  data: string,
  estate: PrivateLogs,
): Promise<readonly [Door, Door, () => void]> {
  const file = platformOf(data);
  assert.ok(file !== undefined);
  const connection = connectTo(file, context);
  const { clusterId } = estate;
  const where = { kind: "vnet", vnet: estate.vnetName, as: clusterId } as const;
  const transport = await lastingTransport(connection, where);
  const { clock } = context;
  const configuration = agentConfigurationClient({
    transport,
    clock,
    token: managedIdentityClient({ transport, clock }),
    clusterId,
    region: "eastus",
  });
  const configurationId = estate.insights.immutableId;
  const channelId = `ods-${estate.customerId}`;
  const odsToken = await configuration.ingestionToken({ configurationId, channelId });
  const time = new Date().toISOString();
  const orders: Door = {
    transport,
    url: `https://${estate.logsHost}/dataCollectionRules/${estate.orders.immutableId}/streams/Custom-Orders?api-version=2023-01-01`,
    token: () => connection.token(audiences.monitor),
    bodyOf: (numbers) => JSON.stringify(numbers.map((Number) => ({ TimeGenerated: time, Number }))),
    table: "Orders_CL",
    column: "Number",
  };
  const events: Door = {
    transport,
    url: `https://${estate.odsHost}/OperationalData.svc/PostJsonDataItems?api-version=2016-04-01`,
    token: async () => odsToken.token,
    bodyOf: (numbers) =>
      JSON.stringify({
        DataType: "KUBE_EVENTS_BLOB",
        IPName: "ContainerInsights",
        DataItems: numbers.map((number) => ({ CollectionTime: time, Name: String(number) })),
      }),
    table: "KubeEvents",
    column: "Name",
  };
  const close = (): void => {
    transport.close();
    connection.close();
  };
  return [orders, events, close];
}

test(
  "kill -9 of edge, engine and control during ingestion loses and doubles nothing that was acknowledged",
  { skip: unmarkable, timeout: 170_000 },
  async (t) => {
    const at = place(t);
    const data = at.file("data");
    const run = linkscopeAt(at, ["up", "--data", data]);
    await run.printed("ready:");
    const file = platformOf(data);
    assert.ok(file !== undefined);
    const owner = connectTo(file, context);
    const { objectId, subscriptionId } = credentialOf({ ...file, data, pid: run.pid });
    const estate = await makePrivateLogs({ arm: owner.arm, subscriptionId, objectId });
    const [orders, events, close] = await doorsOf(data, estate);
    const senders = [orders, events].map((door) => new NumberedSender(door));
    const more = async (count: number): Promise<void> => {
      await Promise.all(senders.map((sender) => sender.more(count)));
    };
    await more(50);
    for (const name of ["edge", "control", "edge"]) {
      await t.test(`${name} is killed and started again, and records come in again`, async () => {
        const before = platformOf(data)?.processes[name];
        kill(before);
        await until(`${name} runs again`, () => {
          const now = platformOf(data)?.processes[name];
          return now !== undefined && now !== before;
        });
        await more(50);
      });
    }
    const { customerId } = estate;
    const client = logsQueryClient({ transport: orders.transport, token: owner.token, customerId });
    for (let round = 1; round <= 3; round++) {
      await t.test(`the engine is killed, ${round}, while the edge goes on`, async () => {
        const edge = platformOf(data)?.processes["edge"];
        // It starts when it is first asked, or has something to merge.
        await answering(client);
        const before = await until("there is an engine", () => enginePid(at));
        kill(before);
        await more(50);
        assert.equal(platformOf(data)?.processes["edge"], edge);
      });
    }
    await Promise.all(senders.map((sender) => sender.stop()));
    await answering(client);
    for (const sender of senders) {
      await assertKept(client, sender);
      const again = sender.batches.reduce((sum, { unanswered }) => sum + unanswered, 0);
      t.diagnostic(
        `${sender.door.table}: ${sender.acknowledged} batches acknowledged, ${again} tries unanswered`,
      );
    }
    // What a query sees after a restart is what it saw before: the log is read back, nothing of it twice.
    kill(platformOf(data)?.processes["edge"]);
    await answering(client);
    for (const sender of senders) await assertKept(client, sender);
    close();
    owner.close();
    run.signal("SIGTERM");
    assert.equal((await run.ended).code, 0, run.note());
    assert.deepEqual(at.pids(), []);
  },
);
