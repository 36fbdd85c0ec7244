/** How `query logs` draws and writes its answers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogsAnswer } from "../../client/index.ts";
import { csvLines } from "../views/csv.ts";
import { seriesOf, tableOf } from "./query-logs.ts";

const peer = { address: undefined, throughGateway: false, certificate: undefined };
const answerOf = (
  columns: readonly (readonly [string, string])[],
  rows: LogsAnswer["rows"],
): LogsAnswer => ({
  columns: columns.map(([name, type]) => ({ name, type })),
  rows,
  partial: undefined,
  peer,
});

test("a chart has a series for each value beside the times and numbers, oldest first", () => {
  const answer = answerOf(
    [
      ["TimeGenerated", "datetime"],
      ["Pod", "string"],
      ["n", "long"],
    ],
    [
      ["2026-01-01T00:01:00Z", "a", 2],
      ["2026-01-01T00:00:00Z", "a", 1],
      ["2026-01-01T00:00:00Z", "b", 5],
      ["2026-01-01T00:02:00Z", "b", null],
    ],
  );
  const start = Date.UTC(2026, 0, 1);
  assert.deepEqual(seriesOf(answer), [
    {
      name: "a",
      points: [
        [start, 1],
        [start + 60_000, 2],
      ],
    },
    { name: "b", points: [[start, 5]] },
  ]);
});

test("two numbers make two series; without a time or a number there is no chart", () => {
  const two = answerOf(
    [
      ["TimeGenerated", "datetime"],
      ["low", "real"],
      ["high", "real"],
    ],
    [["2026-01-01T00:00:00Z", 1, 2]],
  );
  assert.deepEqual(
    seriesOf(two).map(({ name }) => name),
    ["low", "high"],
  );
  for (const columns of [[["n", "long"]], [["TimeGenerated", "datetime"]]] as const) {
    assert.throws(() => seriesOf(answerOf(columns, [])), { code: "WrongUse" });
  }
});

test("what is too wide for the terminal is printed record by record, without what is empty", () => {
  const names = ["Name", "Message"];
  const rows = [
    ["web-1", "x".repeat(40)],
    ["web-2", null],
  ];
  const table = ["Name   Message", `web-1  ${"x".repeat(40)}`, "web-2"];
  assert.deepEqual(tableOf(names, rows, undefined), table);
  assert.deepEqual(tableOf(names, rows, 47), table);
  assert.deepEqual(tableOf(names, rows, 46), [
    "record 1",
    "  Name     web-1",
    `  Message  ${"x".repeat(40)}`,
    "record 2",
    "  Name  web-2",
  ]);
  assert.deepEqual(tableOf(names, [], 46), ["no records"]);
});

test("CSV quotes what RFC 4180 wants quoted", () => {
  assert.deepEqual(csvLines([["a", 'b"c', "d,e", "f\ng", ""]]), ['a,"b""c","d,e","f\ng",']);
});
