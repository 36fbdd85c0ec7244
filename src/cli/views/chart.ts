/** A chart of series in the terminal: braille dots, one line of legend for each series. */
import { tableLines } from "./table.ts";

export interface ChartSeries {
  readonly name: string;
  /** [milliseconds, value], oldest first. NaN and infinities leave a gap. */
  readonly points: readonly (readonly [number, number])[];
}

export interface ChartSize {
  readonly columns: number;
  readonly rows: number;
  /** The range that was asked for, where it is wider than the samples. */
  readonly range?: { readonly fromMs: number; readonly toMs: number };
}

const SERIES_DRAWN_MAX = 8;
const LEGEND_CHARS_MAX = 100;
/** Braille: two dots across and four down in each character. @see Unicode block 2800 */
const DOTS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;

interface Bounds {
  readonly fromMs: number;
  readonly toMs: number;
  readonly low: number;
  readonly high: number;
}

/** The chart's lines: the plot with its axis, the time axis, the legend. Says so when there is nothing to draw. */
export function chartLines(series: readonly ChartSeries[], size: ChartSize): readonly string[] {
  const drawn = series.slice(0, SERIES_DRAWN_MAX);
  const bounds = within(boundsOf(drawn), size.range);
  if (bounds === undefined) return ["no samples to draw"];
  const labels = axisLabels(bounds, size.rows);
  const margin = Math.max(...labels.map((label) => label.length));
  const width = Math.max(16, size.columns - margin - 3);
  const cells = plot(drawn, bounds, { columns: width, rows: size.rows });
  const lines = cells.map(
    (row, index) =>
      `${(labels[index] ?? "").padStart(margin)} ┤${String.fromCodePoint(...row.map((dots) => 0x2800 + dots))}`,
  );
  const from = clockTime(bounds.fromMs);
  const to = clockTime(bounds.toMs);
  lines.push(`${" ".repeat(margin)} └${"─".repeat(width)}`);
  lines.push(
    `${" ".repeat(margin + 2)}${from}${to.padStart(Math.max(to.length + 1, width - from.length))}`,
  );
  return [...lines, "", ...legend(series)];
}

function boundsOf(series: readonly ChartSeries[]): Bounds | undefined {
  let bounds: Bounds | undefined;
  for (const { points } of series) {
    for (const [atMs, value] of points) {
      if (!Number.isFinite(value)) continue;
      bounds = {
        fromMs: Math.min(bounds?.fromMs ?? atMs, atMs),
        toMs: Math.max(bounds?.toMs ?? atMs, atMs),
        low: Math.min(bounds?.low ?? value, value),
        high: Math.max(bounds?.high ?? value, value),
      };
    }
  }
  return bounds;
}

const within = (bounds: Bounds | undefined, range: ChartSize["range"]): Bounds | undefined =>
  bounds === undefined || range === undefined ? bounds : { ...bounds, ...range };

function plot(
  series: readonly ChartSeries[],
  bounds: Bounds,
  size: ChartSize,
): readonly number[][] {
  const cells = Array.from({ length: size.rows }, () =>
    Array.from({ length: size.columns }, () => 0),
  );
  const across = size.columns * 2 - 1;
  const down = size.rows * 4 - 1;
  for (const { points } of series) {
    let before: readonly [number, number] | undefined;
    for (const [atMs, value] of points) {
      if (!Number.isFinite(value)) {
        before = undefined;
        continue;
      }
      const x = Math.round(((atMs - bounds.fromMs) / (bounds.toMs - bounds.fromMs || 1)) * across);
      const y = Math.round((1 - (value - bounds.low) / (bounds.high - bounds.low || 1)) * down);
      line(cells, before ?? [x, y], [x, y]);
      before = [x, y];
    }
  }
  return cells;
}

function line(
  cells: number[][],
  from: readonly [number, number],
  to: readonly [number, number],
): void {
  const steps = Math.max(Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]), 1);
  for (let step = 0; step <= steps; step++) {
    const x = Math.round(from[0] + ((to[0] - from[0]) * step) / steps);
    const y = Math.round(from[1] + ((to[1] - from[1]) * step) / steps);
    const row = cells[y >> 2];
    const dot = DOTS[(x & 1) as 0 | 1][(y & 3) as 0 | 1 | 2 | 3];
    if (row !== undefined) row[x >> 1] = (row[x >> 1] ?? 0) | dot;
  }
}

function axisLabels({ low, high }: Bounds, rows: number): readonly string[] {
  return Array.from({ length: rows }, (_, row) => {
    const shown = row === 0 || row === rows - 1 || row === Math.floor(rows / 2);
    return shown ? shortNumber(high - ((high - low) * row) / Math.max(1, rows - 1)) : "";
  });
}

function legend(series: readonly ChartSeries[]): readonly string[] {
  const rows = series
    .slice(0, SERIES_DRAWN_MAX)
    .map(({ name, points }) => [
      shortNumber(points.at(-1)?.[1] ?? Number.NaN),
      name.slice(0, LEGEND_CHARS_MAX),
    ]);
  const more = series.length - SERIES_DRAWN_MAX;
  const lines = tableLines([["newest", "series"], ...rows]);
  return more > 0 ? [...lines, `and ${more} more series, not drawn`] : lines;
}

/** Three significant digits with k, M, G or T. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const units = ["", "k", "M", "G", "T", "P"];
  let scaled = value;
  let unit = 0;
  while (Math.abs(scaled) >= 1000 && unit < units.length - 1) {
    scaled /= 1000;
    unit++;
  }
  return `${Number(scaled.toPrecision(3))}${units[unit]}`;
}

const clockTime = (atMs: number): string => new Date(atMs).toISOString().slice(11, 19);
