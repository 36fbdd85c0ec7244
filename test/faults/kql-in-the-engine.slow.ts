/** The cases of KQL through the store's own engine: records come in as JSON, and the answers are those of the query API. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startLogEngine } from "../../src/bin/start-log-engine.ts";
import { systemClock } from "../../src/core/index.ts";
import type { LogColumnType, LogTable } from "../../src/core/index.ts";
import { translateKql } from "../../src/kql/translate.ts";
import { openLogsStore } from "../../src/store/index.ts";
import type { OpenedLogsStore, WorkspaceLogs } from "../../src/store/index.ts";
import { parseCases } from "../conformance/kql/parse-cases.ts";
import type { CaseTable, CaseValue, KqlCase } from "../conformance/kql/parse-cases.ts";

const cases = new URL("../conformance/kql/", import.meta.url);
const folder = mkdtempSync(join(tmpdir(), "kql-engine-"));
let store: OpenedLogsStore;
before(async () => {
  store = await openLogsStore({
    folder,
    clock: systemClock(),
    startEngine: () => startLogEngine(folder),
    onNote: (says) => assert.fail(says),
  });
});
after(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

const NUMBERS: ReadonlySet<LogColumnType> = new Set(["int", "long", "real"]);

function jsonValue(value: string, type: LogColumnType): unknown {
  if (type === "dynamic") return JSON.parse(value);
  if (type === "bool") return value === "true";
  return NUMBERS.has(type) ? Number(value) : value;
}

/** A workspace that holds the tables' rows as records that were sent. */
async function filled(name: string, tables: readonly CaseTable[]): Promise<WorkspaceLogs> {
  const workspace = await store.workspace(name);
  for (const table of tables) {
    const records = table.rows.map((row) =>
      Object.fromEntries(
        table.columns.flatMap(({ name: field, type }, index) => {
          const value = row[index];
          return value === undefined ? [] : [[field, jsonValue(value, type)]];
        }),
      ),
    );
    const json = Buffer.from(JSON.stringify(records));
    const receivedMs = Date.UTC(2026, 0, 1, 12);
    await workspace.append([
      { table, json, records: records.length, receivedMs, constants: {}, billedBytes: json.length },
    ]);
  }
  return workspace;
}

/** A value of the query API as the cases write it. */
function written(value: unknown, type: LogColumnType): CaseValue {
  if (value === null) return undefined;
  const text = String(value);
  if (type === "datetime") return text.replace(/\.?0+Z$/, "Z");
  return type === "timespan" ? text.replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "") : text;
}

async function check(each: KqlCase, workspace: WorkspaceLogs): Promise<void> {
  const { text, tables, nowMs, use, timespan, expected } = each;
  assert.ok(expected.kind === "rows");
  const translation = translateKql({
    text,
    tables: tables.map(({ name, columns }): LogTable => ({ name, columns })),
    nowMs,
    use,
    ...(timespan === undefined ? {} : { timespan }),
  });
  assert.ok(translation.ok);
  const { rows } = await workspace.query({
    sql: translation.sql,
    parameters: translation.parameters,
    columns: translation.columns,
    tables: tables.filter(({ name }) => translation.tables.includes(name)),
    timeoutMs: 30_000,
    signal: new AbortController().signal,
  });
  const got = rows.map((row) =>
    JSON.stringify(
      row.map((value, at) => written(value, translation.columns[at]?.type ?? "string")),
    ),
  );
  const wanted = expected.rows.map((row) => JSON.stringify(row));
  if (each.inOrder) assert.deepEqual(got, wanted);
  else assert.deepEqual(got.toSorted(), wanted.toSorted());
}

let workspaces = 0;
for (const file of readdirSync(cases).filter((name) => name.endsWith(".case"))) {
  const asked = parseCases(readFileSync(new URL(file, cases), "utf8")).filter(
    ({ expected, use }) => expected.kind === "rows" && use === "query",
  );
  const opened = new Map<string, Promise<WorkspaceLogs>>();
  for (const each of asked) {
    test(`${file}:${each.line} ${each.name}`, async () => {
      const key = JSON.stringify(each.tables);
      const name = `00000000-0000-0000-0000-${String(++workspaces).padStart(12, "0")}`;
      const workspace = opened.get(key) ?? filled(name, each.tables);
      opened.set(key, workspace);
      await check(each, await workspace);
    });
  }
}
