/** The layout: places for the boxes, frames and arrows of a topology, in ranks from top to bottom. The same topology gives the same picture. */
import * as dagre from "@dagrejs/dagre";
import { sizes } from "./drawing.ts";
import type { Arrow, Box, Drawing, Frame, LabelRow, Place, Point, Tone } from "./drawing.ts";
import type { Flow, FlowVerdict, Topology, TopologyEdge, TopologyNode } from "./topology.ts";

/** The worst first: an arrow that several flows share has the colour of the worst. */
const severity: readonly FlowVerdict[] = [
  "broken",
  "unknown",
  "public",
  "both",
  "closed",
  "private",
];

/** Of several orders of the same boxes the one with the fewest crossings is taken, while they are few. */
const TRIED_ORDERS_NODES_MAX = 80;

/** Lays a topology out. */
export function layoutTopology(topology: Topology): Drawing {
  const { nodes, edges } = topology;
  const orders = [
    topology,
    { ...topology, edges: edges.toReversed() },
    { ...topology, nodes: nodes.toReversed() },
    { ...topology, nodes: nodes.toReversed(), edges: edges.toReversed() },
  ];
  const tried = nodes.length > TRIED_ORDERS_NODES_MAX ? orders.slice(0, 1) : orders;
  let best = layoutOf(topology);
  let fewest = crossings(best);
  for (const order of tried.slice(1)) {
    if (fewest === 0) break;
    const drawing = layoutOf(order);
    const count = crossings(drawing);
    if (count < fewest) [best, fewest] = [drawing, count];
  }
  return best;
}

/** How often arrows cross; where a flow is crossed it counts more. */
function crossings({ arrows }: Drawing): number {
  const segments = arrows.flatMap(({ id, points, tone }) =>
    points.slice(1).map((to, index) => ({ id, tone, from: points[index] ?? to, to })),
  );
  let count = 0;
  for (const [index, one] of segments.entries()) {
    for (const other of segments.slice(index + 1)) {
      if (one.id === other.id || !meet(one, other)) continue;
      count += one.tone === "tie" || other.tone === "tie" ? 1 : 3;
    }
  }
  return count;
}

interface Segment {
  readonly from: Point;
  readonly to: Point;
}

/** Whether two segments cross within themselves. */
function meet(a: Segment, b: Segment): boolean {
  const side = (p: Point, q: Point, r: Point): number =>
    Math.sign((q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x));
  return (
    side(a.from, a.to, b.from) * side(a.from, a.to, b.to) < 0 &&
    side(b.from, b.to, a.from) * side(b.from, b.to, a.to) < 0
  );
}

function layoutOf(topology: Topology): Drawing {
  const flows = new Map(topology.flows.map((flow) => [flow.id, flow]));
  const rows = new Map(topology.edges.map((edge) => [edge.id, labelRows(edge, flows)]));
  const graph = ranked(topology, rows);
  dagre.layout(graph);
  const boxes = topology.nodes
    .filter((node) => node.kind !== "network" || !hasMembers(topology, node.id))
    .map((node) => boxAt(node, placeOf(graph.node(node.id) as Place)));
  const arrows = topology.edges.map((edge) =>
    arrowOf(edge, {
      rows: rows.get(edge.id) ?? [],
      routed: graph.edge(edge.from, edge.to) as Routed,
      tone: toneOf(edge.flows.flatMap((id) => flows.get(id)?.verdict ?? [])),
    }),
  );
  const frames = topology.nodes
    .filter((node) => node.kind === "network" && hasMembers(topology, node.id))
    .map((node) => {
      const members = membersOf(topology, boxes, node.id);
      return frameAround(node, [...members, ...labelsWithin(arrows, members)]);
    });
  return fitted({ boxes, frames, arrows: withPorts(arrows, boxes) });
}

/** How far apart arrows leave and enter a box, at most. */
const PORT_STEP = 40;

/** A line bends no nearer to a box than this. */
const BEND_ROOM = 14;

/** Lets every arrow leave its box below and enter above, in the order of where they go. */
function withPorts(arrows: readonly Arrow[], boxes: readonly Box[]): readonly Arrow[] {
  const places = new Map(boxes.map((box) => [box.id, box]));
  const starts = new Map<string, Point>();
  const ends = new Map<string, Point>();
  for (const box of boxes) {
    const leaving = arrows.filter(({ from }) => from === box.id);
    const entering = arrows.filter(({ to }) => to === box.id);
    spread(box, leaving, (arrow) => arrow.points[1]?.x ?? 0).forEach((x, id) =>
      starts.set(id, { x, y: box.y + box.height }),
    );
    spread(box, entering, (arrow) => arrow.points.at(-2)?.x ?? 0).forEach((x, id) =>
      ends.set(id, { x, y: box.y }),
    );
  }
  return arrows.map((arrow) => {
    const start = starts.get(arrow.id);
    const end = ends.get(arrow.id);
    const from = places.get(arrow.from);
    const to = places.get(arrow.to);
    // An arrow that leads back keeps the way that was found for it.
    if (start === undefined || end === undefined || from === undefined || to === undefined) {
      return arrow;
    }
    if (end.y <= start.y) return arrow;
    const between = arrow.points
      .slice(1, -1)
      .filter(({ y }) => y > start.y + BEND_ROOM && y < end.y - BEND_ROOM);
    return { ...arrow, points: [start, ...between, end] };
  });
}

/** Where arrows meet one side of a box, by arrow. */
function spread(
  box: Place,
  arrows: readonly Arrow[],
  heading: (arrow: Arrow) => number,
): ReadonlyMap<string, number> {
  const sorted = arrows.toSorted((a, b) => heading(a) - heading(b));
  const step = Math.min(PORT_STEP, (box.width - 40) / Math.max(1, sorted.length));
  const left = box.x + box.width / 2 - ((sorted.length - 1) * step) / 2;
  return new Map(sorted.map(({ id }, index) => [id, left + index * step]));
}

type DagreGraph = InstanceType<typeof dagre.graphlib.Graph>;

interface Routed {
  readonly points: readonly Point[];
  readonly x?: number;
  readonly y?: number;
  readonly width?: number;
  readonly height?: number;
}

const hasMembers = (topology: Topology, networkId: string): boolean =>
  topology.nodes.some((node) => node.networkId === networkId);

const membersOf = (
  topology: Topology,
  boxes: readonly Box[],
  networkId: string,
): readonly Box[] => {
  const ids = new Set(
    topology.nodes.filter((node) => node.networkId === networkId).map(({ id }) => id),
  );
  return boxes.filter(({ id }) => ids.has(id));
};

function ranked(topology: Topology, rows: ReadonlyMap<string, readonly LabelRow[]>): DagreGraph {
  const graph = new dagre.graphlib.Graph({ compound: true });
  graph.setGraph({ rankdir: "TB", nodesep: 40, edgesep: 24, ranksep: 42 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of topology.nodes) graph.setNode(node.id, { ...sizeOf(node) });
  for (const { id, networkId } of topology.nodes) {
    if (networkId !== undefined) graph.setParent(id, networkId);
  }
  for (const edge of topology.edges) {
    const label = rows.get(edge.id) ?? [];
    graph.setEdge(edge.from, edge.to, {
      width: label.length === 0 ? 0 : rowWidth(label) + 20,
      height: label.length * sizes.rowHeight,
      labelpos: "c",
      // Flows are kept straight before ties are.
      weight: edge.flows.length > 0 ? 4 : 1,
    });
  }
  return graph;
}

const rowWidth = (rows: readonly LabelRow[]): number =>
  rows.every(({ path }) => path === "outside") ? sizes.outsideRowWidth : sizes.rowWidth;

/** The size of a box, by its lines. */
function sizeOf(node: TopologyNode): Pick<Place, "width" | "height"> {
  return {
    width: node.kind === "zones" ? sizes.zonesWidth : sizes.boxWidth,
    height: sizes.titleHeight + node.lines.length * sizes.lineHeight + sizes.boxPadding,
  };
}

/** A label stands where a flow begins; further on its colour is enough. */
function labelRows(edge: TopologyEdge, flows: ReadonlyMap<string, Flow>): readonly LabelRow[] {
  const rows = new Map<string, { path: Flow["path"]; verdict: FlowVerdict; flowIds: string[] }>();
  for (const id of edge.flows) {
    const flow = flows.get(id);
    if (flow === undefined || flow.stops[0] !== edge.from) continue;
    const { path, verdict } = flow;
    const key = `${path} ${verdict}`;
    const row = rows.get(key) ?? { path, verdict, flowIds: [] };
    row.flowIds.push(id);
    rows.set(key, row);
  }
  return [...rows.values()];
}

const placeOf = ({ x, y, width, height }: Place): Place => ({
  x: x - width / 2,
  y: y - height / 2,
  width,
  height,
});

const boxAt = (node: TopologyNode, place: Place): Box => ({
  id: node.id,
  kind: node.kind,
  title: node.name,
  lines: node.lines,
  alarm: node.alarm,
  ...place,
});

/** The labels of arrows from one member of a network to another. */
const labelsWithin = (arrows: readonly Arrow[], members: readonly Box[]): readonly Place[] => {
  const ids = new Set(members.map(({ id }) => id));
  return arrows.flatMap(({ from, to, label }) =>
    label !== undefined && ids.has(from) && ids.has(to) ? [label] : [],
  );
};

function frameAround(node: TopologyNode, members: readonly Place[]): Frame {
  const pad = sizes.framePadding;
  const x = Math.min(...members.map((box) => box.x)) - pad;
  const y = Math.min(...members.map((box) => box.y)) - pad - sizes.frameHeader;
  return {
    id: node.id,
    title: node.name,
    says: node.lines.join(" "),
    x,
    y,
    width: Math.max(...members.map((box) => box.x + box.width)) + pad - x,
    height: Math.max(...members.map((box) => box.y + box.height)) + pad - y,
  };
}

function arrowOf(
  edge: TopologyEdge,
  {
    rows,
    routed,
    tone,
  }: { readonly rows: readonly LabelRow[]; readonly routed: Routed; readonly tone: Tone },
): Arrow {
  const { x, y } = routed;
  const width = rowWidth(rows);
  const height = rows.length * sizes.rowHeight;
  const isLabelled = rows.length > 0 && x !== undefined && y !== undefined;
  return {
    id: edge.id,
    from: edge.from,
    to: edge.to,
    tone,
    points: routed.points,
    rows,
    label: isLabelled ? { x: x - width / 2, y: y - height / 2, width, height } : undefined,
    flowIds: edge.flows,
    ties: edge.ties,
  };
}

/** The worst verdict among flows; a tie where there is none. */
export function toneOf(verdicts: readonly FlowVerdict[]): Tone {
  return severity.find((verdict) => verdicts.includes(verdict)) ?? "tie";
}

/** Moves everything so that the picture begins at its margin. */
function fitted({ boxes, frames, arrows }: Omit<Drawing, "width" | "height">): Drawing {
  const places: readonly Place[] = [
    ...boxes,
    ...frames,
    ...arrows.flatMap(({ label }) => label ?? []),
    ...arrows.flatMap(({ points }) => points.map((point) => ({ ...point, width: 0, height: 0 }))),
  ];
  const left = Math.min(0, ...places.map(({ x }) => x)) - sizes.margin;
  const top = Math.min(0, ...places.map(({ y }) => y)) - sizes.margin;
  const move = <Thing extends Point>(thing: Thing): Thing => ({
    ...thing,
    x: thing.x - left,
    y: thing.y - top,
  });
  return {
    width: Math.max(...places.map(({ x, width }) => x + width)) - left + sizes.margin,
    height: Math.max(...places.map(({ y, height }) => y + height)) - top + sizes.margin,
    boxes: boxes.map(move),
    frames: frames.map(move),
    arrows: arrows.map((arrow) => ({
      ...arrow,
      points: arrow.points.map(move),
      label: arrow.label === undefined ? undefined : move(arrow.label),
    })),
  };
}
