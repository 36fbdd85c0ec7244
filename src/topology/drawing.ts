/** The drawing: boxes, frames and arrows with their places in pixels, and the words on them. Shared by the page and the files. */
import type { FlowPath, FlowVerdict, NodeKind } from "./topology.ts";

export interface Place {
  /** The left upper corner. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A resource. */
export interface Box extends Place {
  readonly id: string;
  readonly kind: NodeKind;
  readonly title: string;
  readonly lines: readonly string[];
  readonly alarm: string | undefined;
}

/** A network around what stands in it. */
export interface Frame extends Place {
  readonly id: string;
  readonly title: string;
  readonly says: string;
}

/** What a colour means: a verdict, or a tie of resources that no flow goes by. */
export type Tone = FlowVerdict | "tie";

/** One row of an arrow's label: a path with its verdict; its rate is put in when it is drawn. */
export interface LabelRow {
  readonly path: FlowPath;
  readonly verdict: FlowVerdict;
  readonly flowIds: readonly string[];
}

export interface Arrow {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly tone: Tone;
  readonly points: readonly Point[];
  readonly rows: readonly LabelRow[];
  /** Where the label stands; absent without rows. */
  readonly label: Place | undefined;
  readonly flowIds: readonly string[];
  readonly ties: readonly string[];
}

export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly frames: readonly Frame[];
  readonly boxes: readonly Box[];
  readonly arrows: readonly Arrow[];
}

/** Sizes of what is drawn, in pixels. */
export const sizes = {
  boxWidth: 222,
  zonesWidth: 290,
  titleHeight: 46,
  lineHeight: 17,
  boxPadding: 12,
  framePadding: 22,
  frameHeader: 46,
  rowHeight: 22,
  rowWidth: 228,
  outsideRowWidth: 84,
  margin: 24,
} as const;

/** The words on an arrow. */
export const pathWords: Readonly<Record<FlowPath, string>> = {
  configuration: "configuration",
  "metrics-ingestion": "metrics",
  "metrics-query": "metrics query",
  "logs-ingestion": "logs",
  "logs-ingestion-dce": "container logs",
  "logs-query": "logs query",
  "logs-query-arm": "by ARM",
  outside: "outside",
};

/** What a workspace keeps: `samples`, or `records` of logs. */
export const keptIn = (kind: NodeKind): string =>
  kind === "log-workspace" ? "records" : "samples";

/** A verdict in one word; what meets the outside is a door that is open or refuses. */
export const verdictWord = ({ path, verdict }: Pick<LabelRow, "path" | "verdict">): string => {
  if (path !== "outside" && path !== "logs-query-arm") return verdict;
  return verdict === "public" ? "open" : verdict === "closed" ? "refused" : verdict;
};

/** The path of a smooth line through an arrow's points, in SVG's notation. It leaves and enters upright, and meets every point. */
export function smoothPath(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return "";
  let before = first;
  let path = `M${at(first)}`;
  for (const here of rest) {
    const middle = (before.y + here.y) / 2;
    path += `C${at({ x: before.x, y: middle })} ${at({ x: here.x, y: middle })} ${at(here)}`;
    before = here;
  }
  return path;
}

const at = ({ x, y }: Point): string => `${round(x)},${round(y)}`;
const round = (value: number): number => Math.round(value * 10) / 10;

/** A text cut in its middle to what fits, as names differ at their ends. `charWidth` in pixels. */
export function fitText(text: string, width: number, charWidth: number): string {
  const charsMax = Math.max(4, Math.floor(width / charWidth));
  const chars = [...text];
  if (chars.length <= charsMax) return text;
  const head = Math.ceil((charsMax - 1) / 2);
  return `${chars.slice(0, head).join("")}…${chars.slice(head - charsMax + 1).join("")}`;
}
