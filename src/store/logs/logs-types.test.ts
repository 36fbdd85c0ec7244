/** Records' values as columns: each type takes what is of it and makes null of the rest; names are only names. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { LogTable } from "../../core/index.ts";
import { ask, batchOf, CUSTOMER, logsFixture, tableOf } from "../testing/logs-fixture.ts";
import type { LogsFixture } from "../testing/logs-fixture.ts";

const all = (table: LogTable, order = "1"): string =>
  `SELECT * FROM "${table.name.replaceAll('"', '""')}" ORDER BY ${order}`;

/** Answers hot and, after a merge, the same from segments. */
async function hotAndMerged(
  { store, workspace }: LogsFixture,
  table: LogTable,
  sql = all(table),
): Promise<readonly (readonly unknown[])[]> {
  const hot = await ask(workspace, table, sql);
  await store.merge(CUSTOMER);
  assert.deepEqual(await ask(workspace, table, sql), hot);
  return hot;
}

test("a value that is not of its column's type is null, and one that can be read as it is taken", async (t) => {
  const fixture = await logsFixture(t);
  const table = tableOf(
    "Types_CL",
    "i:int l:long r:real b:bool s:string d:datetime t:timespan y:dynamic g:guid m:decimal",
  );
  const guid = "0F8FAD5B-D9CB-469F-A165-70867728950E";
  const records = [
    { i: 1, l: 9007199254740993n, r: 1.5, b: true, s: "x", d: "2025-12-31T10:00:00Z" },
    { i: 2, l: "12", r: "2.5", b: "False", s: 5, d: "2025-12-31T10:00:00.1234567+02:00" },
    { i: 3, l: 1.5, r: "x", b: "yes", s: { a: 1 }, d: "infinity" },
    { i: 4, l: 2.0, r: [], b: 1, s: true, d: 1700000000 },
    { i: 5, l: "1e3", r: "NaN", b: {}, s: null, d: "2025-12-31" },
    { i: 6, l: true, r: null, b: null, s: "", d: "epoch" },
    { i: 7, t: "1.02:03:04.0000050", y: { a: [1, "é\u0000"] }, g: guid, m: "1.25" },
    { i: 8, t: "-00:00:01", y: "text", g: "no guid", m: "x" },
    { i: 9, t: 5, y: 5, m: 3 },
    { i: "10", t: "1d", y: null },
    { i: 2 ** 31 },
  ];
  const json = Buffer.from(
    JSON.stringify(records, (_, value: unknown) =>
      typeof value === "bigint" ? `#${value}#` : value,
    ).replaceAll(/"#(\d+)#"/g, "$1"),
  );
  const batch = {
    ...batchOf(table, records.slice(0, 0), { receivedMs: fixture.clock.nowMs() }),
    json,
  };
  await fixture.workspace.append([{ ...batch, records: records.length }]);
  const none = [null, null, null, null];
  assert.deepEqual(await hotAndMerged(fixture, table, all(table, "1 NULLS LAST, 2")), [
    [1, 9007199254740993n, 1.5, true, "x", "2025-12-31T10:00:00.0000000Z", ...none],
    [2, 12, 2.5, false, "5", "2025-12-31T08:00:00.1234560Z", ...none],
    [3, null, null, null, '{"a":1}', null, ...none],
    [4, 2, null, true, "true", null, ...none],
    [5, 1000, "NaN", null, null, "2025-12-31T00:00:00.0000000Z", ...none],
    [6, null, null, null, "", null, ...none],
    [
      7,
      null,
      null,
      null,
      null,
      null,
      "1.02:03:04.0000050",
      '{"a":[1,"é\\u0000"]}',
      guid.toLowerCase(),
      "1.2500000000000000",
    ],
    [8, null, null, null, null, null, "-00:00:01", '"text"', null, null],
    [9, null, null, null, null, null, null, "5", null, "3.0000000000000000"],
    [10, null, null, null, null, null, null, null, null, null],
    [null, null, null, null, null, null, null, null, null, null],
  ]);
});

test("a column that was added later is null in older rows, one whose type changed is read anew, one that went is not seen", async (t) => {
  const fixture = await logsFixture(t);
  const receivedMs = fixture.clock.nowMs();
  const first = tableOf("T_CL", "a:string n:string old:string");
  const second = tableOf("T_CL", "a:string n:long b:string");
  await fixture.workspace.append([batchOf(first, [{ a: "1", n: "12", old: "o" }], { receivedMs })]);
  await fixture.store.merge(CUSTOMER);
  await fixture.workspace.append([batchOf(first, [{ a: "2", n: "x" }], { receivedMs })]);
  await fixture.workspace.append([batchOf(second, [{ a: "3", n: 3, b: "new" }], { receivedMs })]);
  assert.deepEqual(await hotAndMerged(fixture, second), [
    ["1", 12, null],
    ["2", null, null],
    ["3", 3, "new"],
  ]);
  const never = tableOf("Never_CL", "TimeGenerated:datetime a");
  assert.deepEqual(await ask(fixture.workspace, never, all(never)), []);
});

test("names may be anything: case that differs only, quotes, words of SQL, and the names of other tables", async (t) => {
  const fixture = await logsFixture(t);
  const receivedMs = fixture.clock.nowMs();
  const columns = [
    `a`,
    `A`,
    `"; DROP TABLE x; --`,
    `it's`,
    `select`,
    `#batch`,
    `/a~b`,
    `TimeGenerated`,
  ];
  const table: LogTable = {
    name: `"T'; --`,
    columns: columns.map((name) => ({
      name,
      type: name === "TimeGenerated" ? "datetime" : "string",
    })),
  };
  const record = Object.fromEntries(columns.slice(0, -1).map((name, index) => [name, `v${index}`]));
  const other = tableOf("hot", "a A:dynamic");
  await fixture.workspace.append([
    batchOf(table, [record], { receivedMs, constants: { "it's": "o'clock", nowhere: "x" } }),
    batchOf(other, [{ a: "lower", A: { upper: 1 } }], { receivedMs }),
  ]);
  const wanted = ["v0", "v1", "v2", "o'clock", "v4", "v5", "v6", "2026-01-01T00:00:00.0000000Z"];
  assert.deepEqual(await hotAndMerged(fixture, table), [wanted]);
  assert.deepEqual(await hotAndMerged(fixture, other), [["lower", '{"upper":1}']]);
});

test("a record's time is its own, but for one that lies too far from its receipt", async (t) => {
  const fixture = await logsFixture(t, { logTimePastMs: 2000, logTimeFutureMs: 1000 });
  const table = tableOf("T", "TimeGenerated:datetime a _TimeReceived:datetime");
  const receivedMs = fixture.clock.nowMs();
  const near = (ms: number): string => new Date(receivedMs + ms).toISOString();
  const records = [near(-2000), near(-2001), near(1000), near(1001), "never"].map(
    (TimeGenerated, a) => ({ TimeGenerated, a }),
  );
  await fixture.workspace.append([batchOf(table, records, { receivedMs })]);
  const rows = await hotAndMerged(fixture, table, all(table, "2"));
  const shown = (ms: number): string => near(ms).replace("Z", "0000Z");
  assert.deepEqual(
    rows.map(([time]) => time),
    [shown(-2000), shown(0), shown(1000), shown(0), shown(0)],
  );
  assert.ok(rows.every((row) => row[2] === shown(0)));
});

test("records that JSON allows and the engine's reader does not are kept like all others, and what is no JSON is set aside", async (t) => {
  const fixture = await logsFixture(t);
  const table = tableOf("T", "a b");
  const { notes, workspace, clock, folder } = fixture;
  const raw = (json: string, records: number): Promise<unknown> =>
    workspace.append([
      { ...batchOf(table, [], { receivedMs: clock.nowMs() }), json: Buffer.from(json), records },
    ]);
  await raw('[{"a":"1","b":"\\ud800x"}]', 1);
  await raw(' [ {"a":"2","a":"3"} , {"a":"4"} ]\n', 2);
  await raw("[ ]", 0);
  await raw('[{"a":"5"}]', 1);
  assert.deepEqual(await hotAndMerged(fixture, table), [
    ["1", "\u{FFFD}x"],
    ["3", null],
    ["4", null],
    ["5", null],
  ]);
  assert.equal(notes.length, 0);
  await raw('[{"a":"6"},{"a":]', 2);
  await raw('[{"a":"7"}]', 1);
  await fixture.store.merge(CUSTOMER);
  assert.equal((await hotAndMerged(fixture, table)).length, 5);
  assert.match(notes[0]?.says ?? "", /^Records of T cannot be read .* are kept in /);
  const chunks = join(folder, CUSTOMER, "tables", "chunks");
  const [aside = ""] = await readdir(chunks);
  assert.equal(await readFile(join(chunks, aside), "utf8"), '[{"a":"6"},{"a":]');
});

test("a record cannot pass for the mark between batches, nor change the constants of others", async (t) => {
  const fixture = await logsFixture(t);
  const table = tableOf("T", "a Type");
  const { workspace, clock } = fixture;
  const hostile = [
    { "#marker": "7", "#batch": "9", Type: "other", a: "1" },
    { a: "2", Type: null },
  ];
  const rest = { receivedMs: clock.nowMs() };
  await workspace.append([
    batchOf(table, hostile, { ...rest, constants: { Type: "T" } }),
    batchOf(table, [{ a: "3", Type: "own" }], rest),
    batchOf(table, [{ a: "4" }], { ...rest, constants: { Type: "U" } }),
  ]);
  assert.deepEqual(await hotAndMerged(fixture, table), [
    ["1", "T"],
    ["2", "T"],
    ["3", "own"],
    ["4", "U"],
  ]);
});

test("constants past their limit become columns of their rows", async (t) => {
  const fixture = await logsFixture(t, { logConstantSetsMax: 2 });
  const table = tableOf("T", "a _ResourceId n:long");
  const { workspace, clock } = fixture;
  for (const a of ["1", "2", "3", "4"]) {
    const constants = { _ResourceId: `/r/${a}`, n: a };
    await workspace.append([batchOf(table, [{ a }], { receivedMs: clock.nowMs(), constants })]);
  }
  const wanted = ["1", "2", "3", "4"].map((a) => [a, `/r/${a}`, Number(a)]);
  assert.deepEqual(await hotAndMerged(fixture, table), wanted);
  const again = await fixture.reopen();
  assert.deepEqual(await ask(again.workspace, table, all(table)), wanted);
});
