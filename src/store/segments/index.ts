/** Sorted Parquet segments on disk: what belongs to a folder, what is merged, what goes. One for every kind of store. */
export { planSegmentWork } from "./merge-plan.ts";
export { segmentFile } from "./segment.ts";
export type { Segment } from "./segment.ts";
export { readManifest, SegmentFolder } from "./segment-folder.ts";
