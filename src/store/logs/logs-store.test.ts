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

test("the Usage table tells each hour what each table took, and once what the end of the process left", async (t) => {
  const fixture = await logsFixture(t, { logHotMs: 60_000 });
  const { workspace, clock, reopen } = fixture;
  const resourceId = "/subscriptions/s/law";
  const settings = { dailyQuotaBytes: 50, retentionDays: 30, tableRetentionDays: new Map() };
  workspace.configure({ ...settings, resourceId });
  const usage = tableOf(
    "Usage",
    "TimeGenerated:datetime DataType Quantity:real IsBillable:bool Solution ResourceUri EndTime:datetime",
  );
  const told = async (one = workspace) =>
    ask(one, usage, 'SELECT * FROM "Usage" ORDER BY 1, 2, 3', usage.columns);
  const beat = tableOf("Heartbeat", "TimeGenerated:datetime Computer");
  const send = async (table = logs, rest: object = {}, one = workspace) =>
    one.append([batchOf(table, [{ PodName: "x" }], { receivedMs: clock.nowMs(), ...rest })]);
  const bytes = JSON.stringify([{ PodName: "x" }]).length;
  const solution = "ContainerInsights";
  assert.deepEqual(await send(logs, { solution, billedBytes: 50 }), { kind: "kept", records: 1 });
  // Past the cap what costs nothing is kept, and what is not kept is not told.
  assert.equal((await send()).kind, "capped");
  assert.equal((await send(beat, { billedBytes: 0 })).kind, "kept");
  assert.equal((await send(beat, { billedBytes: 0 })).kind, "kept");
  clock.advance(59 * 60_000);
  assert.deepEqual(await told(), []);
  clock.advance(60_000);
  const [first, second] = ["00", "01"].map((hour) => `2026-01-01T${hour}:00:00.0000000Z`);
  const free = [false, "LogManagement", resourceId, second];
  const hour = [
    [first, "ContainerLogV2", bytes / 1e6, true, solution, resourceId, second],
    [first, "Heartbeat", (2 * bytes) / 1e6, ...free],
  ];
  const ofTables = (rows: readonly (readonly unknown[])[]) =>
    rows.filter(([, name]) => name !== "Operation");
  // The record is under way: a query's answer comes before it, or the next one's does after it.
  while ((await told()).length === 0);
  assert.deepEqual(ofTables(await told()), hour);
  await send(beat, { billedBytes: 0 });
  const again = await reopen();
  const left = [second, "Heartbeat", bytes / 1e6, false, "LogManagement", resourceId];
  assert.deepEqual(ofTables(await told(again.workspace)), [
    ...hour,
    [...left, "2026-01-01T02:00:00.0000000Z"],
  ]);
});
