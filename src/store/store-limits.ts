/** The limits that a store is opened with: those of the platform, which a test may lower. */
import { limits } from "../core/index.ts";

export interface StoreLimits {
  readonly headMs: number;
  readonly headSeriesMax: number;
  readonly headBytesMax: number;
  readonly walPendingBytesMax: number;
  readonly walSegmentBytesMax: number;
  readonly futureSampleMs: number;
  readonly seriesPerRequestMax: number;
  readonly querySamplesMax: number;
  readonly querySeriesMax: number;
}

export const storeLimits: StoreLimits = limits;
