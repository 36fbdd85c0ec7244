/** When the inventory is taken: by the rule's interval, events each minute, and each event once, over a full queue too. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject, KubernetesClient, LogsConfiguration } from "../../client/index.ts";
import { testFolder } from "../../client/testing/servers.ts";
import { fakeClock, seededRandom } from "../../core/index.ts";
import { defaultLogsSettings } from "../logs/logs-settings.ts";
import type { AgentRecord, RecordIntake } from "../logs/record-intake.ts";
import { recordTypes } from "../logs/record-types.ts";
import { clusterInventory } from "./cluster-inventory.ts";

/** An API server with these objects, whose watches stay silent. */
function apiServer(objects: Readonly<Record<string, readonly JsonObject[]>>) {
  const asked: string[] = [];
  const client: KubernetesClient = {
    namespace: "default",
    token: () => Promise.resolve(undefined),
    list({ path, fieldSelector = "" }) {
      asked.push(`${path} ${fieldSelector}`.trim());
      return Promise.resolve({ items: objects[path] ?? [], resourceVersion: "1", next: undefined });
    },
    read: () => Promise.resolve({}),
    async *watch(_query, { signal }) {
      await new Promise<void>((_done, fail) => {
        signal.addEventListener("abort", () => fail(signal.reason as Error), { once: true });
      });
      yield { type: "BOOKMARK", object: {} };
    },
    close: () => undefined,
  };
  return { client, asked };
}

function scene(objects: Readonly<Record<string, readonly JsonObject[]>>) {
  const clock = fakeClock();
  const put: {
    readonly type: string;
    readonly atMinute: number;
    readonly names: readonly unknown[];
  }[] = [];
  const startMs = clock.nowMs();
  let isFull = false;
  const intake: RecordIntake = {
    put(type: string, records: readonly AgentRecord[]) {
      const atMinute = Math.floor((clock.nowMs() - startMs) / 60_000);
      if (isFull) return false;
      put.push({ type, atMinute, names: records.map((one) => one["Name"] ?? one["Computer"]) });
      return true;
    },
    state: () => ({ recordsNotQueued: 0, failure: undefined }),
  };
  const { client, asked } = apiServer(objects);
  const folder = testFolder();
  const start = (normalEvents = false) =>
    clusterInventory({
      client,
      scope: { clusterId: "/c", clusterName: "c" },
      settings: { ...defaultLogsSettings, normalEvents },
      folder,
      clock,
      random: seededRandom(1),
    });
  const minutes = async (count: number): Promise<void> => {
    for (let at = 0; at < count * 60; at += 1) {
      clock.advance(1_000);
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    }
  };
  return { start, intake, put, asked, minutes, fill: (full: boolean) => void (isFull = full) };
}

const configuration = (intervalMs: number, types: readonly string[]): LogsConfiguration =>
  ({
    streams: new Set(types),
    settings: { intervalMs, namespaceFilter: "Off", namespaces: [], containerLogV2: true },
  }) as unknown as LogsConfiguration;

const MINUTE_MS = 60_000;
const node = { metadata: { name: "node-1" } };
const event = (uid: string, count: number): JsonObject => ({
  metadata: { uid, name: uid, namespace: "n" },
  involvedObject: { kind: "Pod", name: uid, namespace: "n" },
  type: "Warning",
  count,
});

test("the inventory comes at once and then by the rule's interval, and by another from the next round on", async () => {
  const { start, intake, put, minutes } = scene({ "/api/v1/nodes": [node] });
  const inventory = start();
  const types = [recordTypes.nodeInventory];
  inventory.take(configuration(5 * MINUTE_MS, types), intake);
  await minutes(11);
  assert.deepEqual(
    put.map(({ atMinute }) => atMinute),
    [0, 5, 10],
  );
  inventory.take(configuration(MINUTE_MS, types), intake);
  await minutes(7);
  assert.deepEqual(
    put.map(({ atMinute }) => atMinute),
    [0, 5, 10, 15, 16, 17],
  );
  assert.deepEqual(put[0]?.names, ["node-1"]);
  await inventory.stop();
});

test("events go each minute, warnings only unless the settings ask for all, and once each, over a restart and a full queue", async () => {
  const events = [event("a", 1), event("b", 1)];
  const { start, intake, put, asked, minutes, fill } = scene({ "/api/v1/events": events });
  const types = [recordTypes.events];
  fill(true);
  const first = start();
  first.take(configuration(30 * MINUTE_MS, types), intake);
  await minutes(2);
  assert.deepEqual(put, []);
  fill(false);
  await minutes(3);
  assert.deepEqual(
    put.splice(0).map(({ names }) => names),
    [["a", "b"]],
  );
  await first.stop();
  assert.ok(asked.includes("/api/v1/events type!=Normal"));
  events[1] = event("b", 2);
  events.push(event("c", 1));
  const second = start(true);
  second.take(configuration(30 * MINUTE_MS, types), intake);
  await minutes(3);
  assert.deepEqual(
    put.map(({ names }) => names),
    [["b", "c"]],
  );
  assert.ok(asked.includes("/api/v1/events"));
  await second.stop();
});
