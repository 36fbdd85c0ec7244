/** Each limit of the logs' store at it and one past it; the daily cap; and what a query may not do. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogColumn } from "../../core/index.ts";
import { ask, batchOf, CUSTOMER, logsFixture, tableOf } from "../testing/logs-fixture.ts";
import type { LogsFixture } from "../testing/logs-fixture.ts";
import { dayStart, resetHourOf } from "./daily-cap.ts";
import { QueryGate } from "./engine/query-gate.ts";
import type { LogBatch, LogQuestion } from "./seams.ts";

const table = tableOf("T", "TimeGenerated:datetime a");
const DAY_MS = 86_400_000;

function batch({ clock }: LogsFixture, rest: Partial<LogBatch> = {}): LogBatch {
  return batchOf(table, [{ a: "x" }], { receivedMs: clock.nowMs(), ...rest });
}

function question(
  sql: string,
  columns: readonly LogColumn[],
  rest: Partial<LogQuestion> = {},
): LogQuestion {
  const { signal } = new AbortController();
  return { sql, parameters: [], columns, tables: [table], timeoutMs: 60_000, signal, ...rest };
}

const n: readonly LogColumn[] = [{ name: "n", type: "long" }];
const count = `SELECT count(*) FROM "T"`;

test("bytes that wait for the disk, in the log and in tables are bounded, each at its limit and one past it", async (t) => {
  const probe = await logsFixture(t);
  const { length } = batch(probe).json;
  const pending = await logsFixture(t, { logWalPendingBytesMax: 2 * length });
  const both = [
    pending.workspace.append([batch(pending)]),
    pending.workspace.append([batch(pending)]),
  ];
  await assert.rejects(pending.workspace.append([batch(pending)]), {
    code: "LogsBusy",
    status: 429,
    message: new RegExp(`${3 * length} bytes would wait for the disk; the limit is ${2 * length}`),
  });
  await Promise.all(both);
  await pending.workspace.append([batch(pending)]);

  await probe.workspace.append([batch(probe)]);
  const used = probe.workspace.stats().walBytes - 8;
  const unmerged = await logsFixture(t, { logUnmergedBytesMax: used + length });
  await unmerged.workspace.append([batch(unmerged)]);
  await unmerged.workspace.append([batch(unmerged)]);
  await assert.rejects(unmerged.workspace.append([batch(unmerged)]), /bytes would wait in the log/);
  await unmerged.store.merge(CUSTOMER);
  await unmerged.workspace.append([batch(unmerged)]);

  await probe.store.merge(CUSTOMER);
  const { segmentBytes } = probe.workspace.stats();
  for (const [logWorkspaceBytesMax, fits] of [
    [segmentBytes, true],
    [segmentBytes - 1, false],
  ] as const) {
    const full = await logsFixture(t, { logWorkspaceBytesMax });
    await full.workspace.append([batch(full)]);
    await full.store.merge(CUSTOMER);
    const appended = full.workspace.append([batch(full)]);
    if (fits) await appended;
    else await assert.rejects(appended, /bytes are in the workspace's tables; the limit is/);
  }
});

test("records become segments by themselves at so many bytes and at such an age", async (t) => {
  const probe = await logsFixture(t);
  await probe.workspace.append([batch(probe)]);
  const { walBytes } = probe.workspace.stats();
  const below = await logsFixture(t, { logHotBytesMax: walBytes - 7 });
  await below.workspace.append([batch(below)]);
  assert.deepEqual((await below.workspace.query(question(count, n))).rows, [[1]]);
  assert.equal(below.workspace.stats().segments, 0);
  // Eight bytes are the file's head.
  const byBytes = await logsFixture(t, { logHotBytesMax: walBytes - 8 });
  await byBytes.workspace.append([batch(byBytes)]);
  const segmented = async ({ workspace }: LogsFixture): Promise<void> => {
    // The flush is under way: a query's answer comes behind it, or the next one's does.
    while (workspace.stats().segments === 0) await workspace.query(question(count, n));
  };
  await segmented(byBytes);
  const byAge = await logsFixture(t, { logHotMs: 1000 });
  await byAge.workspace.append([batch(byAge)]);
  byAge.clock.advance(999);
  assert.deepEqual((await byAge.workspace.query(question(count, n))).rows, [[1]]);
  assert.equal(byAge.workspace.stats().segments, 0);
  byAge.clock.advance(1);
  await segmented(byAge);
});

test("an answer is cut at so many rows and at so many bytes, and says so", async (t) => {
  const fixture = await logsFixture(t, { logQueryRowsMax: 3, logQueryResultBytesMax: 40 });
  const rows = (end: number): LogQuestion => question(`SELECT range FROM range(${end})`, n);
  assert.deepEqual(await fixture.workspace.query(rows(3)), { rows: [[0], [1], [2]], cut: false });
  assert.deepEqual(await fixture.workspace.query(rows(4)), { rows: [[0], [1], [2]], cut: true });
  const text: readonly LogColumn[] = [{ name: "s", type: "string" }];
  const long = (chars: number): LogQuestion =>
    question(`SELECT repeat('x', ${chars}) FROM range(2)`, text);
  assert.equal((await fixture.workspace.query(long(20))).cut, false);
  const cut = await fixture.workspace.query(long(21));
  assert.deepEqual([cut.rows.length, cut.cut], [1, true]);
});

test("a query may spill so many bytes to its own folder, and no more", async (t) => {
  const MB = 1024 * 1024;
  const distinct = `SELECT count(*) FROM (SELECT DISTINCT md5(range::VARCHAR) || md5((range + 1)::VARCHAR) AS k FROM range(800000))`;
  for (const [spillMb, fits] of [
    [256, true],
    [1, false],
  ] as const) {
    const fixture = await logsFixture(t, {
      logEngineMemoryBytesMax: 48 * MB,
      logEngineTemporaryBytesMax: spillMb * MB,
    });
    const asked = fixture.workspace.query(question(distinct, n));
    if (fits) assert.deepEqual((await asked).rows, [[800_000]]);
    else await assert.rejects(asked, { code: "LogQueryMemory" });
  }
});

test("a merge of more rows than are sorted joins its sorted runs", async (t) => {
  for (const [logSortRowsMax, sorted] of [
    [16, true],
    [15, false],
  ] as const) {
    const fixture = await logsFixture(t, { logSortRowsMax });
    const { workspace, store, clock } = fixture;
    for (let run = 0; run < 8; run++) {
      const times = [run, 100 - run].map((s) => new Date(clock.nowMs() + s * 1000).toISOString());
      const records = times.map((TimeGenerated) => ({ TimeGenerated }));
      await workspace.append([batchOf(table, records, { receivedMs: clock.nowMs() })]);
      await store.merge(CUSTOMER);
    }
    assert.equal(workspace.stats().segments, 1);
    const times = await ask(workspace, table, `SELECT "TimeGenerated" FROM "T"`, [
      { name: "t", type: "datetime" },
    ]);
    const inOrder = times.map(([time]) => String(time));
    assert.equal(inOrder.length, 16);
    assert.equal(inOrder.join() === inOrder.toSorted().join(), sorted);
  }
});

const endless =
  "SELECT count(*) FROM range(1000000000) a, range(1000000000) b WHERE a.range * b.range = 7";

test("a query that runs too long, that its caller gives up, that needs too much memory or has no answer is told apart", async (t) => {
  const fixture = await logsFixture(t, {
    logEngineMemoryBytesMax: 64 * 1024 * 1024,
    logEngineTemporaryBytesMax: 1024,
  });
  const { workspace } = fixture;
  const late = workspace.query(question(endless, n, { timeoutMs: 50 }));
  await assert.rejects(late, {
    code: "LogQueryTimeout",
    status: 504,
    message: /longer than 50 ms/,
  });
  const given = new AbortController();
  const stopped = workspace.query(question(endless, n, { signal: given.signal }));
  given.abort();
  await assert.rejects(stopped, { code: "LogQueryFailed" });
  await assert.rejects(
    workspace.query(question("SELECT length(string_agg(repeat('x', 1000))) FROM range(300000)", n)),
    { code: "LogQueryMemory", status: 422 },
  );
  await assert.rejects(workspace.query(question("SELECT CAST('x' AS BIGINT)", n)), {
    code: "LogQueryFailed",
    status: 400,
    message: /\(Conversion Error\)/,
  });
  assert.deepEqual((await workspace.query(question("SELECT 1", n))).rows, [[1]]);
});

test("a statement reaches no file, no extension, no setting and no other workspace, and no path is told", async (t) => {
  const fixture = await logsFixture(t);
  const { workspace, store, folder } = fixture;
  const other = "33333333-3333-4444-8555-666666666666";
  await (await store.workspace(other)).append([batch(fixture)]);
  await store.merge(other);
  for (const sql of [
    "SELECT 1 FROM read_text('/etc/hostname')",
    `SELECT 1 FROM read_parquet('${folder}/${other}/tables/segments/0000000001.parquet')`,
    `SELECT 1 FROM read_parquet('${folder}/${CUSTOMER}/tables/../../${other}/tables/segments/*.parquet')`,
    `SELECT 1 FROM glob('${folder}/*')`,
    "SELECT 1 FROM read_csv('https://127.0.0.1:1/x')",
    "COPY (SELECT 1) TO '/tmp/linkscope-never.csv'",
    "ATTACH '/tmp/linkscope-never.db'",
    "SET threads = 8",
    "SET enable_external_access = true",
    "INSTALL httpfs",
    "LOAD httpfs",
    'SELECT 1; DROP TABLE "hot 1"',
  ]) {
    await assert.rejects(workspace.query(question(sql, n)), (error: Error) => {
      assert.equal((error as { readonly code?: string }).code, "LogQueryFailed", sql);
      assert.ok(
        !error.message.includes(folder) && !/tmp|etc|http/.test(error.message),
        error.message,
      );
      return true;
    });
  }
});

test("two queries of a workspace run at once, and so many more wait, no more", async () => {
  const gate = new QueryGate({ atOnceMax: 2, waitingMax: 1 });
  const first = await gate.enter();
  await gate.enter();
  const third = gate.enter();
  await assert.rejects(gate.enter(), { code: "LogsBusy", message: /the limit is 1/ });
  first();
  first();
  const leaveThird = await third;
  const fourth = gate.enter();
  leaveThird();
  await fourth;
});

test("past the daily cap nothing is kept until its hour comes, and the Operation table says so once a day", async (t) => {
  const fixture = await logsFixture(t);
  const { clock } = fixture;
  const settings = {
    dailyQuotaBytes: 100,
    retentionDays: 30,
    tableRetentionDays: new Map(),
    resetHour: 5,
  };
  fixture.workspace.configure(settings);
  const day = Date.UTC(2026, 0, 1);
  assert.equal(clock.nowMs(), day);
  const kept = { kind: "kept", records: 1 };
  const capped = { kind: "capped", resetsMs: day + 5 * 3_600_000 };
  assert.deepEqual(await fixture.workspace.append([batch(fixture, { billedBytes: 99 })]), kept);
  assert.deepEqual(await fixture.workspace.append([batch(fixture, { billedBytes: 1 })]), kept);
  assert.deepEqual(await fixture.workspace.append([batch(fixture, { billedBytes: 1 })]), capped);
  assert.deepEqual(await fixture.workspace.append([batch(fixture)]), capped);
  assert.deepEqual(
    [fixture.workspace.stats().billedBytesToday, fixture.workspace.stats().recordsCapped],
    [100, 2],
  );
  const told = tableOf("Operation", "TimeGenerated:datetime OperationCategory Detail");
  const operations = (one: LogsFixture) =>
    ask(one.workspace, told, 'SELECT * FROM "Operation" ORDER BY 1');
  const [time, category, detail] = (await operations(fixture))[0] ?? [];
  assert.deepEqual([time, category], ["2026-01-01T00:00:00.0000000Z", "Data Collection Status"]);
  assert.match(String(detail), /^Data collection stopped .* OverQuota$/);
  // The account outlives the process, from the log and from the segments alike.
  let again = await fixture.reopen();
  again.workspace.configure(settings);
  assert.deepEqual(await again.workspace.append([batch(again)]), capped);
  await again.store.merge(CUSTOMER);
  again = await fixture.reopen();
  again.workspace.configure(settings);
  assert.deepEqual(await again.workspace.append([batch(again)]), capped);
  assert.equal((await operations(again)).length, 1);
  clock.advance(5 * 3_600_000);
  assert.deepEqual(await again.workspace.append([batch(again, { billedBytes: 100 })]), kept);
  assert.equal((await again.workspace.append([batch(again)])).kind, "capped");
  const all = (await operations(again)).map((row) => String(row[2]).split(" ")[2]);
  assert.deepEqual(all.toSorted(), ["resumed", "stopped", "stopped"]);
  clock.advance(DAY_MS);
  assert.equal(again.workspace.stats().billedBytesToday, 0);
});

test("each workspace has its own hour at which its day begins", () => {
  assert.equal(resetHourOf("00000019-0000-4000-8000-000000000000"), 1);
  const nowMs = Date.UTC(2026, 0, 1, 4, 59, 59);
  assert.equal(dayStart(nowMs, 5), Date.UTC(2025, 11, 31, 5));
  assert.equal(dayStart(nowMs + 1000, 5), Date.UTC(2026, 0, 1, 5));
});

test("rows past their table's retention are not seen, and their segments are deleted", async (t) => {
  const fixture = await logsFixture(t, { logHotMs: 1000 * DAY_MS });
  const { workspace, store, clock } = fixture;
  const kept = tableOf("Kept", "TimeGenerated:datetime a");
  const configure = (days: number): void =>
    workspace.configure({
      dailyQuotaBytes: undefined,
      retentionDays: days,
      tableRetentionDays: new Map([["Kept", 90]]),
    });
  configure(4);
  const add = () => workspace.append([batch(fixture), { ...batch(fixture), table: kept }]);
  await add();
  clock.advance(2 * DAY_MS);
  await add();
  await store.merge(CUSTOMER);
  const counts = async () => [
    ...((await workspace.query(question(count, n))).rows[0] ?? []),
    ...((await ask(workspace, kept, `SELECT count(*) FROM "Kept"`, n))[0] ?? []),
  ];
  assert.deepEqual(await counts(), [2, 2]);
  // The older row is out of sight while its segment, which has the younger one too, is not a day past it.
  clock.advance(2 * DAY_MS + 1);
  assert.deepEqual(await counts(), [1, 2]);
  await store.merge(CUSTOMER);
  configure(40);
  assert.deepEqual(await counts(), [2, 2]);
  configure(4);
  clock.advance(DAY_MS);
  await store.merge(CUSTOMER);
  configure(40);
  assert.deepEqual(await counts(), [1, 2]);
  configure(1);
  await store.merge(CUSTOMER);
  assert.equal(workspace.stats().segments, 1);
});

test("eight segments of a table become one, with every row once, while they are read", async (t) => {
  const fixture = await logsFixture(t);
  const { workspace, store } = fixture;
  const counts: unknown[] = [];
  for (let round = 1; round <= 17; round++) {
    await workspace.append([batch(fixture, { constants: { Type: String(round) } })]);
    const reading = workspace.query(question(count, n));
    await store.merge(CUSTOMER);
    counts.push(
      (await reading).rows[0]?.[0],
      (await workspace.query(question(count, n))).rows[0]?.[0],
    );
  }
  assert.deepEqual(counts, Array.from({ length: 17 }, (_, index) => [index + 1, index + 1]).flat());
  assert.equal(workspace.stats().segments, 3);
  const typed = tableOf("T", "Type");
  const again = await fixture.reopen();
  const types = await ask(again.workspace, typed, `SELECT count(DISTINCT "Type") FROM "T"`, n);
  assert.deepEqual(types, [[17]]);
});
