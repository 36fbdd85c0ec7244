/** Charts and tables as a person sees them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { chartLines, shortNumber } from "./chart.ts";
import { printable, tableLines } from "./table.ts";

const ramp = Array.from({ length: 20 }, (_, i) => [i * 60_000, i] as const);

test("a chart has its axis, its times and a legend with the newest value", () => {
  const lines = chartLines([{ name: "up", points: ramp }], { columns: 40, rows: 4 });
  assert.match(lines[0] ?? "", /^ *19 ┤/);
  assert.match(lines[3] ?? "", /^ *0 ┤[^\u2800]/);
  assert.match(lines[5] ?? "", /00:00:00 +00:19:00$/);
  assert.deepEqual(lines.slice(-2), ["newest  series", "19      up"]);
});

test("a rising line fills the lower left and the upper right", () => {
  const lines = chartLines([{ name: "up", points: ramp }], { columns: 40, rows: 4 });
  const inked = (row: number): number =>
    [...(lines[row] ?? "").replace(/^.*┤/, "")].findIndex((cell) => cell !== "\u2800");
  assert.ok(inked(0) > inked(3));
});

test("a chart of a range shows the whole range, though the samples fill only its end", () => {
  const range = { fromMs: -60 * 60_000, toMs: 19 * 60_000 };
  const lines = chartLines([{ name: "up", points: ramp }], { columns: 40, rows: 4, range });
  assert.match(lines[5] ?? "", /23:00:00 +00:19:00$/);
  assert.match(lines[3] ?? "", /┤\u2800{10}/);
});

test("a chart of nothing says so, and NaN leaves a gap", () => {
  assert.deepEqual(
    chartLines([{ name: "x", points: [[0, Number.NaN]] }], { columns: 40, rows: 4 }),
    ["no samples to draw"],
  );
});

test("past eight series the rest is counted, not drawn", () => {
  const series = Array.from({ length: 10 }, (_, i) => ({ name: `s${i}`, points: ramp }));
  assert.equal(chartLines(series, { columns: 40, rows: 4 }).at(-1), "and 2 more series, not drawn");
});

test("numbers are shown with three digits and a unit", () => {
  assert.deepEqual([0.5, 999, 1500, 2_340_000, -12_000].map(shortNumber), [
    "0.5",
    "999",
    "1.5k",
    "2.34M",
    "-12k",
  ]);
});

test("a table pads to its widest cell and lets no terminal escape through", () => {
  assert.deepEqual(
    tableLines([
      ["a", "b"],
      ["long", "\u001b[31mred"],
    ]),
    ["a     b", "long  ·[31mred"],
  );
  assert.equal(printable("a\u0007b"), "a·b");
});
