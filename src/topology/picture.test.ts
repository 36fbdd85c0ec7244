/** The picture: a layout without overlaps, arrows that meet their boxes, and an SVG that hostile names do not break. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { graphFrom, idKey } from "../arm/index.ts";
import type { Graph } from "../arm/index.ts";
import { layoutTopology, noRates, ratesBetween, rateText, svgOf, topologyOf } from "./index.ts";
import type { CounterReading, Drawing } from "./index.ts";
import { estate, group, ids, resource } from "./testing/estate.ts";

const drawn = (graph: Graph): Drawing => layoutTopology(topologyOf(graph));

test("the same graph gives the same picture", () => {
  assert.deepEqual(drawn(estate()), drawn(estate()));
});

test("no box lies over another, and members lie in their network's frame", () => {
  const { boxes, frames } = drawn(estate());
  for (const [index, a] of boxes.entries()) {
    for (const b of boxes.slice(index + 1)) {
      const apart =
        a.x + a.width <= b.x ||
        b.x + b.width <= a.x ||
        a.y + a.height <= b.y ||
        b.y + b.height <= a.y;
      assert.ok(apart, `${a.title} lies over ${b.title}`);
    }
  }
  const [frame] = frames;
  assert.ok(frame !== undefined);
  const within = boxes.filter(
    ({ x, y, width, height }) =>
      x >= frame.x &&
      y >= frame.y &&
      x + width <= frame.x + frame.width &&
      y + height <= frame.y + frame.height,
  );
  assert.deepEqual(within.map(({ kind }) => kind).sort(), [
    "cluster",
    "endpoint",
    "endpoint",
    "zones",
  ]);
});

test("every arrow begins under its box and ends on top of the next", () => {
  const { boxes, arrows } = drawn(estate());
  for (const { from, to, points } of arrows) {
    const start = boxes.find(({ id }) => id === from);
    const end = boxes.find(({ id }) => id === to);
    assert.equal(points[0]?.y, (start?.y ?? 0) + (start?.height ?? 0));
    assert.equal(points.at(-1)?.y, end?.y);
  }
});

test("an arrow that several flows share has the colour of the worst", () => {
  const { arrows } = drawn(estate({ status: "Pending" }));
  const broken = arrows.filter(({ tone }) => tone === "broken");
  assert.ok(broken.some(({ from }) => from === idKey(ids.cluster)));
});

test("an empty graph and a graph of an empty network have a picture", () => {
  assert.match(svgOf(drawn(graphFrom([]))), /^<svg .*<\/svg>\n$/s);
  const { boxes, frames } = drawn(graphFrom([resource(ids.vnet, {})]));
  assert.deepEqual([boxes.length, frames.length], [2, 0]);
});

test("the SVG has no script, no reference outside, and shows names that look like markup as text", () => {
  const name = `<script>alert(1)</script>"'&\u0000]]>`;
  const svg = svgOf(drawn(graphFrom([{ ...resource(ids.workspace, {}), name }])));
  assert.ok(!svg.includes("<script"));
  assert.ok(svg.includes("&lt;script&gt;"));
  assert.ok(!svg.includes("\u0000"));
  assert.ok(!/(?:href|src)=|url\((?!#head-)/.test(svg));
});

test("an SVG has both colours, and what moves", () => {
  const topology = topologyOf(estate());
  const rates = {
    ...noRates,
    flows: topology.flows.map(({ id }) => ({
      flowId: id,
      takenPerSecond: 2.5,
      refusedPerSecond: 0,
      taken: 5,
      refused: 0,
    })),
    workspaces: [{ workspaceId: idKey(ids.workspace), perSecond: 1234 }],
  };
  const svg = svgOf(layoutTopology(topology), rates);
  assert.match(svg, /@media\(prefers-color-scheme:dark\)/);
  assert.match(svg, />2\.5 req\/s</);
  assert.match(svg, />1\.23k samples\/s</);
  assert.match(svg, />metrics private</);
});

const reading = (atMs: number, taken: number): CounterReading => ({
  atMs,
  ways: [
    {
      kind: "metrics-ingestion",
      resourceId: idKey(ids.dce),
      way: idKey(ids.scopeEndpoint),
      outcome: "taken",
      value: taken,
    },
    {
      kind: "metrics-ingestion",
      resourceId: idKey(ids.dce),
      way: "public",
      outcome: "refused",
      value: 4,
    },
    { kind: "logs-ingestion", resourceId: "/other", way: "public", outcome: "taken", value: 99 },
  ],
  samples: [{ workspaceId: idKey(ids.workspace), value: taken * 10 }],
});

test("rates are of a flow's own way, kind and resource, and of the time between two readings", () => {
  const { flows } = topologyOf(estate());
  const rates = ratesBetween(reading(1_000, 10), reading(11_000, 30), flows);
  const of = (path: string) =>
    rates.flows.find(({ flowId }) => flowId.startsWith(path))?.takenPerSecond;
  assert.equal(of("metrics-ingestion"), 2);
  assert.equal(of("metrics-query"), 0);
  const outside = rates.flows.find(({ flowId }) => flowId === `outside ${idKey(ids.dce)}`);
  assert.deepEqual([outside?.taken, outside?.refused], [0, 4]);
  assert.deepEqual(rates.workspaces, [{ workspaceId: idKey(ids.workspace), perSecond: 20 }]);
});

test("one reading gives no rate, and a counter that fell counts from zero", () => {
  const { flows } = topologyOf(estate());
  const of = (before: CounterReading | undefined, after: CounterReading) =>
    ratesBetween(before, after, flows).flows.find(({ flowId }) =>
      flowId.startsWith("metrics-ingestion"),
    )?.takenPerSecond;
  assert.equal(of(undefined, reading(1_000, 10)), 0);
  assert.equal(of(reading(1_000, 100), reading(6_000, 5)), 1);
});

test("a rate is written in few figures, and not at all where nothing moves", () => {
  assert.deepEqual(
    [0, Number.NaN, 0.001, 0.25, 12.34, 250.6, 12_345].map((rate) => rateText(rate, "x")),
    ["", "", "<0.01 x/s", "0.25 x/s", "12 x/s", "251 x/s", "12.3k x/s"],
  );
});

test("a long name is cut in its middle, and a hundred clusters have a picture in good time", () => {
  const clusters = Array.from({ length: 100 }, (_, index) =>
    resource(
      `${group}/providers/Microsoft.ContainerService/managedClusters/${"x".repeat(60)}${index}`,
      {},
    ),
  );
  const svg = svgOf(drawn(graphFrom(clusters)));
  assert.match(svg, />x+…x+99</);
});
