/** The engine from outside: what it answers when it dies, when a workspace goes, and when it transforms. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { fakeClock } from "../../core/index.ts";
import type { FakeClock, LogColumn } from "../../core/index.ts";
import { openLogsStore } from "../index.ts";
import type { LogsNote, OpenedLogsStore } from "../index.ts";
import {
  ask,
  batchOf,
  CUSTOMER,
  engineHere,
  logsFixture,
  tableOf,
} from "../testing/logs-fixture.ts";
import type { BoundValue } from "./seams.ts";

const table = tableOf("T", "TimeGenerated:datetime a");
const count = `SELECT count(*) FROM "T"`;
const n: readonly LogColumn[] = [{ name: "n", type: "long" }];

interface Mortal {
  readonly store: OpenedLogsStore;
  readonly clock: FakeClock;
  readonly folder: string;
  readonly notes: LogsNote[];
  readonly engines: ReturnType<typeof engineHere>[];
}

async function mortalEngine(t: TestContext): Promise<Mortal> {
  const folder = await mkdtemp(join(tmpdir(), "linkscope-engine-"));
  const clock = fakeClock();
  const engines: ReturnType<typeof engineHere>[] = [];
  const notes: LogsNote[] = [];
  const store = await openLogsStore({
    folder,
    clock,
    startEngine: () => {
      const engine = engineHere();
      engines.push(engine);
      return engine;
    },
    onNote: (_, note) => void notes.push(note),
  });
  t.after(async () => {
    await store.close();
    for (const engine of engines) await engine.close();
    await rm(folder, { recursive: true, force: true });
  });
  return { store, clock, folder, notes, engines };
}

test("without its engine the store takes records and answers 503; with the next one every record is there once", async (t) => {
  const { store, clock, notes, engines } = await mortalEngine(t);
  const workspace = await store.workspace(CUSTOMER);
  const add = () => workspace.append([batchOf(table, [{ a: "x" }], { receivedMs: clock.nowMs() })]);
  await add();
  assert.equal(engines.length, 0, "nothing needs the engine before the first question");
  assert.deepEqual(await ask(workspace, table, count, n), [[1]]);
  const asked = ask(workspace, table, count, n);
  engines[0]?.die();
  await assert.rejects(asked, { code: "LogsUnavailable", status: 503 });
  await add();
  await assert.rejects(ask(workspace, table, count, n), { code: "LogsUnavailable" });
  await assert.rejects(store.merge(CUSTOMER), { code: "LogsUnavailable" });
  assert.match(notes[0]?.says ?? "", /^The engine of logs ended/);
  clock.advance(250);
  assert.deepEqual(await ask(workspace, table, count, n), [[2]]);
  // Once more at once: it is waited for twice as long. After a long life: not at all.
  engines[1]?.die();
  clock.advance(499);
  await assert.rejects(ask(workspace, table, count, n), { code: "LogsUnavailable" });
  clock.advance(1);
  assert.deepEqual(await ask(workspace, table, count, n), [[2]]);
  clock.advance(10_000);
  engines[2]?.die();
  await add();
  assert.deepEqual(await ask(workspace, table, count, n), [[3]]);
  assert.equal(engines.length, 4);
});

test("an engine that cannot write leaves records in the log, where queries see them, and tells why", async (t) => {
  const { store, clock, folder, notes } = await mortalEngine(t);
  const workspace = await store.workspace(CUSTOMER);
  const add = () => workspace.append([batchOf(table, [{ a: "x" }], { receivedMs: clock.nowMs() })]);
  await add();
  await store.merge(CUSTOMER);
  // A folder stands where the next manifest is to be written.
  const blocked = join(folder, CUSTOMER, "tables", "segments", "manifest.json.new");
  await mkdir(blocked);
  await add();
  await assert.rejects(store.merge(CUSTOMER), (error: Error) => {
    assert.equal((error as { readonly code?: string }).code, "LogsUnavailable");
    return !error.message.includes(folder);
  });
  assert.match(notes.at(-1)?.says ?? "", /^Records stay in the log: /);
  assert.deepEqual(await ask(workspace, table, count, n), [[2]]);
  await rm(blocked, { recursive: true });
  await add();
  await store.merge(CUSTOMER);
  assert.deepEqual(await ask(workspace, table, count, n), [[3]]);
  assert.equal(workspace.stats().walBytes, 0);
});

test("a removed workspace's folder goes, whoever asked it, and one of its name begins empty", async (t) => {
  const { store, workspace, clock, folder } = await logsFixture(t);
  await workspace.append([batchOf(table, [{ a: "x" }], { receivedMs: clock.nowMs() })]);
  assert.deepEqual(await ask(workspace, table, count, n), [[1]]);
  await store.merge(CUSTOMER);
  await store.remove(CUSTOMER);
  assert.ok(!existsSync(join(folder, CUSTOMER)));
  await assert.rejects(
    workspace.append([batchOf(table, [{ a: "x" }], { receivedMs: clock.nowMs() })]),
    { code: "LogsUnavailable" },
  );
  assert.deepEqual(await ask(await store.workspace(CUSTOMER), table, count, n), [[0]]);
  for (const id of ["../x", CUSTOMER.slice(1), `${CUSTOMER}/..`, "A".repeat(36)]) {
    await assert.rejects(store.workspace(id), { code: "InvalidCustomerId", status: 400 });
  }
});

test("parameters are values of their types and never a part of the statement", async (t) => {
  const { workspace } = await logsFixture(t);
  const hostile = `'; DROP TABLE "T"; --`;
  const parameters: readonly BoundValue[] = [
    { type: "string", value: hostile },
    { type: "long", value: 2n ** 60n },
    { type: "real", value: Number.NaN },
    { type: "bool", value: false },
    { type: "datetime", microseconds: 1_700_000_000_123_456n },
    { type: "timespan", microseconds: -90_061_000_001n },
    { type: "null", of: "dynamic" },
    { type: "null", of: "decimal" },
  ];
  const types = [
    "string",
    "long",
    "real",
    "bool",
    "datetime",
    "timespan",
    "dynamic",
    "decimal",
  ] as const;
  const { rows } = await workspace.query({
    sql: `SELECT ${parameters.map((_, index) => `$${index + 1}`).join(", ")}`,
    parameters,
    columns: types.map((type) => ({ name: type, type })),
    tables: [table],
    timeoutMs: 60_000,
    signal: new AbortController().signal,
  });
  const time = "2023-11-14T22:13:20.1234560Z";
  assert.deepEqual(rows, [
    [hostile, 2n ** 60n, "NaN", false, time, "-1.01:01:01.0000010", null, null],
  ]);
});

test("a transformation gives the records that it lets through, in its own columns, and counts the rest", async (t) => {
  const { store } = await logsFixture(t);
  const source = tableOf("source", "TimeGenerated:datetime a:long y:dynamic t:timespan s");
  const columns = tableOf(
    "",
    `TimeGenerated:datetime twice:long y:dynamic t:timespan "it's":string g:bool`,
  ).columns;
  const records = [
    { TimeGenerated: "2026-01-01T00:00:00Z", a: 1, y: { k: ["v"] }, t: "-1.00:00:00.5", s: 'q"' },
    { a: 2, y: "text", s: "\ud800" },
    { a: "none" },
  ];
  const ask = (sql: string) =>
    store.transform({
      sql,
      parameters: [{ type: "long", value: 2n }],
      columns,
      source,
      json: Buffer.from(JSON.stringify(records)),
      records: records.length,
      receivedMs: 0,
    });
  const done = await ask(
    `SELECT "TimeGenerated", "a" * $1, "y", "t", "s", true FROM "source" WHERE "a" IS NOT NULL`,
  );
  assert.deepEqual([done.records, done.dropped], [2, 1]);
  assert.deepEqual(JSON.parse(Buffer.from(done.json).toString()), [
    {
      TimeGenerated: "2026-01-01T00:00:00.0000000Z",
      twice: 2,
      y: { k: ["v"] },
      t: "-1.00:00:00.500000",
      '"it\'s"': 'q"',
      g: true,
    },
    { TimeGenerated: null, twice: 4, y: "text", t: null, '"it\'s"': "\u{FFFD}", g: true },
  ]);
  const none = await ask(`SELECT NULL, $1, NULL, NULL, NULL, NULL FROM "source" WHERE false`);
  assert.deepEqual([Buffer.from(none.json).toString(), none.records, none.dropped], ["[]", 0, 3]);
  await assert.rejects(ask(`SELECT error('x'), $1 FROM "source"`), {
    code: "LogTransformFailed",
    status: 400,
  });
});

const endless =
  "SELECT count(*) FROM range(1000000000) a, range(1000000000) b WHERE a.range * b.range = 7";

test("a workspace whose queries never end takes nothing from another", async (t) => {
  const { store, workspace, clock } = await logsFixture(t);
  const other = await store.workspace("33333333-3333-4444-8555-666666666666");
  const given = new AbortController();
  const asked = Array.from({ length: 3 }, () =>
    workspace.query({
      sql: endless,
      parameters: [],
      columns: n,
      tables: [table],
      timeoutMs: 60_000,
      signal: given.signal,
    }),
  );
  await other.append([batchOf(table, [{ a: "x" }], { receivedMs: clock.nowMs() })]);
  assert.deepEqual(await ask(other, table, count, n), [[1]]);
  await store.merge("33333333-3333-4444-8555-666666666666");
  assert.deepEqual(await ask(other, table, count, n), [[1]]);
  given.abort();
  await Promise.all(asked.map((one) => assert.rejects(one, { code: "LogQueryFailed" })));
});

test("a workspace that nobody asks is closed in the engine, and answers when it is asked again", async (t) => {
  const { store, workspace, clock } = await logsFixture(t, { logHotMs: 1000 });
  await workspace.append([batchOf(table, [{ a: "x" }], { receivedMs: clock.nowMs() })]);
  await store.merge(CUSTOMER);
  for (let look = 0; look < 3; look++) clock.advance(1000);
  assert.deepEqual(await ask(workspace, table, count, n), [[1]]);
});
