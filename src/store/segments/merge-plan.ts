/** Which segments become one, and which go: pure decisions over a folder's segments. */
import type { Segment } from "./segment.ts";

/** So many of one size class become one. */
const FAN_IN = 8;
/** The first class ends here; each next one is `FAN_IN` times as large. */
const CLASS_BYTES = 64 * 1024;
const DAY_MS = 24 * 60 * 60 * 1000;

export interface SegmentWork {
  /** Deleted whole: every row is past its retention. */
  readonly expired: readonly Segment[];
  /** Each group is rewritten as one segment, without the rows that are past their retention. */
  readonly merges: readonly (readonly Segment[])[];
}

/**
 * What is to be done to a folder's segments. A row is rewritten once a size class, small to large; segments whose rows are
 * past their retention for a day or more are rewritten without them.
 *
 * @param cutoffMs - rows of a table that are older than this are past their retention.
 */
export function planSegmentWork(
  segments: readonly Segment[],
  options: {
    readonly cutoffMs: (table: string) => number;
    readonly segmentBytesMax: number;
  },
): SegmentWork {
  const expired = segments.filter(({ table, maxMs }) => maxMs < options.cutoffMs(table));
  const left = segments.filter((segment) => !expired.includes(segment));
  const merges: (readonly Segment[])[] = [];
  const classes = Map.groupBy(left, ({ table, bytes }) => `${sizeClass(bytes)} ${table}`);
  for (const group of classes.values()) {
    for (let at = 0; at + FAN_IN <= group.length; at += FAN_IN) {
      const some = group.slice(at, at + FAN_IN);
      const bytes = some.reduce((sum, segment) => sum + segment.bytes, 0);
      if (bytes <= options.segmentBytesMax) merges.push(some);
    }
  }
  const merged = new Set(merges.flat());
  for (const segment of left) {
    if (merged.has(segment)) continue;
    if (segment.minMs < options.cutoffMs(segment.table) - DAY_MS) merges.push([segment]);
  }
  return { expired, merges };
}

/** The class of a size: 0 below 64 KiB, then one for each factor of eight. */
export function sizeClass(bytes: number): number {
  let bound = CLASS_BYTES;
  let index = 0;
  for (; bytes >= bound; index++) bound *= FAN_IN;
  return index;
}
