/** The cases of KQL, translated and run in DuckDB. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { translateKql } from "../../../src/kql/translate.ts";
import { logTables } from "../../../src/azure/index.ts";
import { openDuckdb, putTable, runTranslation } from "./duckdb.ts";
import { parseCases } from "./parse-cases.ts";
import type { CaseTable, KqlCase } from "./parse-cases.ts";

const folder = new URL(".", import.meta.url);
const connection = await openDuckdb();
const there = new Map<string, CaseTable>();

async function check(each: KqlCase): Promise<void> {
  const { text, nowMs, timespan, use, tables, expected } = each;
  const translation = translateKql({
    text,
    tables: tables.map(({ name, columns }) => ({ name, columns })),
    nowMs,
    use,
    ...(timespan === undefined ? {} : { timespan }),
  });
  if (expected.kind === "problem") {
    const said = translation.ok
      ? "no problem"
      : translation.problems.map(({ kind, code, says }) => `${kind} ${code}: ${says}`).join("\n");
    assert.equal(said.slice(0, expected.says.length), expected.says);
    return;
  }
  assert.ok(translation.ok, translation.ok ? "" : JSON.stringify(translation.problems));
  assert.deepEqual(translation.columns, expected.columns);
  for (const table of tables) {
    if (there.get(table.name) === table) continue;
    await putTable(connection, table);
    there.set(table.name, table);
  }
  const rows = (await runTranslation(connection, translation)).map((row) => JSON.stringify(row));
  const wanted = expected.rows.map((row) => JSON.stringify(row));
  if (each.inOrder) assert.deepEqual(rows, wanted);
  else assert.deepEqual(rows.toSorted(), wanted.toSorted());
}

for (const file of readdirSync(folder).filter((name) => name.endsWith(".case"))) {
  const cases = parseCases(readFileSync(new URL(file, folder), "utf8"));
  for (const each of cases) {
    test(`${file}:${each.line} ${each.name}`, () => check(each));
  }
}

const sample = readFileSync(new URL("container-insights.kql", folder), "utf8");
const queries = sample
  .split(/\n\s*\n/)
  .slice(1)
  .map((text) => text.trim());

test("every sample of Container insights is translated over a workspace's tables, and runs", async () => {
  const tables = logTables.map(({ name, columns }) => ({ name, columns }));
  for (const table of tables) await putTable(connection, { ...table, rows: [] });
  assert.ok(queries.length >= 20);
  for (const text of queries) {
    const translation = translateKql({ text, tables, nowMs: 0, use: "query" });
    assert.ok(
      translation.ok,
      translation.ok ? "" : `${text}\n${JSON.stringify(translation.problems)}`,
    );
    await runTranslation(connection, translation);
  }
});
