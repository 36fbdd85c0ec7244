/** Logs, from the append to the answer: what is acknowledged is asked for, hot and merged alike. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, batchOf, CUSTOMER, logsFixture, tableOf } from "../testing/logs-fixture.ts";

const logs = tableOf(
  "ContainerLogV2",
  "TimeGenerated:datetime PodName LogMessage:dynamic Type _ResourceId",
);

test("a record is answered right after its acknowledgement, and the same after it was merged and reopened", async (t) => {
  const { workspace, store, clock, reopen } = await logsFixture(t);
  const receivedMs = clock.nowMs();
  const constants = { Type: "ContainerLogV2", _ResourceId: "/subscriptions/s/it's" };
  const batch = batchOf(
    logs,
    [
      {
        TimeGenerated: "2025-12-31T23:59:58.1234567Z",
        PodName: "web-1",
        LogMessage: { a: [1] },
        Nothing: 1,
      },
      { PodName: 7, LogMessage: "plain", Type: "mine" },
    ],
    { receivedMs, constants },
  );
  assert.deepEqual(await workspace.append([batch]), { kind: "kept", records: 2 });
  const wanted = [
    [
      "2025-12-31T23:59:58.1234560Z",
      "web-1",
      '{"a":[1]}',
      "ContainerLogV2",
      "/subscriptions/s/it's",
    ],
    ["2026-01-01T00:00:00.0000000Z", "7", '"plain"', "ContainerLogV2", "/subscriptions/s/it's"],
  ];
  const all = `SELECT * FROM "ContainerLogV2" ORDER BY "TimeGenerated"`;
  assert.deepEqual(await ask(workspace, logs, all), wanted);
  await store.merge(CUSTOMER);
  assert.deepEqual(await ask(workspace, logs, all), wanted);
  assert.equal(workspace.stats().segments, 1);
  const again = await reopen();
  assert.deepEqual(await ask(again.workspace, logs, all), wanted);
});
