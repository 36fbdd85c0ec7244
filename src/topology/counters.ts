/** Rates of the flows, from two readings of the edge's counters. Pure, and free of imports, so that the page can use it. */
import type { CountedWay, Flow } from "./topology.ts";

/** One counter of the edge: requests of one kind to one resource by one way, with what became of them. */
export interface WayCounter {
  readonly kind: string;
  /** Lower case. */
  readonly resourceId: string;
  /** A private endpoint's id in lower case, or `public`. */
  readonly way: string;
  readonly outcome: "taken" | "refused" | "failed";
  readonly value: number;
}

/** A reading of the edge's counters. */
export interface CounterReading {
  readonly atMs: number;
  readonly ways: readonly WayCounter[];
  /** Samples acknowledged since the edge began, by workspace in lower case; of a Log Analytics workspace, records. */
  readonly samples: readonly { readonly workspaceId: string; readonly value: number }[];
}

/** Requests a second. */
export interface FlowRate {
  readonly flowId: string;
  readonly takenPerSecond: number;
  readonly refusedPerSecond: number;
  /** Since the edge began. */
  readonly taken: number;
  readonly refused: number;
}

export interface Rates {
  readonly flows: readonly FlowRate[];
  /** Samples a second, by workspace in lower case; of a Log Analytics workspace, records. */
  readonly workspaces: readonly { readonly workspaceId: string; readonly perSecond: number }[];
  /** The time between the two readings; 0 where there is one only, and every rate is 0 then. */
  readonly windowMs: number;
}

/** The rates between two readings; a counter that fell was reset, and counts from zero. */
export function ratesBetween(
  earlier: CounterReading | undefined,
  later: CounterReading,
  flows: readonly Flow[],
): Rates {
  const windowMs = earlier === undefined ? 0 : Math.max(0, later.atMs - earlier.atMs);
  const perSecond = (before: number, after: number): number => {
    if (windowMs === 0) return 0;
    return ((after < before ? after : after - before) * 1000) / windowMs;
  };
  const rate = (flow: Flow, counted: CountedWay): FlowRate => {
    const [before, after] = [earlier, later].map((reading) => sums(reading, counted));
    return {
      flowId: flow.id,
      takenPerSecond: perSecond(before?.taken ?? 0, after?.taken ?? 0),
      refusedPerSecond: perSecond(before?.refused ?? 0, after?.refused ?? 0),
      taken: after?.taken ?? 0,
      refused: after?.refused ?? 0,
    };
  };
  return {
    flows: flows.flatMap((flow) => (flow.counted === undefined ? [] : rate(flow, flow.counted))),
    workspaces: later.samples.map(({ workspaceId, value }) => ({
      workspaceId,
      perSecond: perSecond(samplesOf(earlier, workspaceId), value),
    })),
    windowMs,
  };
}

function sums(
  reading: CounterReading | undefined,
  { kinds, resourceId, way }: CountedWay,
): { readonly taken: number; readonly refused: number } {
  let taken = 0;
  let refused = 0;
  for (const counter of reading?.ways ?? []) {
    if (counter.resourceId !== resourceId || counter.way !== way) continue;
    if (!kinds.includes(counter.kind)) continue;
    if (counter.outcome === "taken") taken += counter.value;
    else refused += counter.value;
  }
  return { taken, refused };
}

const samplesOf = (reading: CounterReading | undefined, workspaceId: string): number =>
  reading?.samples.find((entry) => entry.workspaceId === workspaceId)?.value ?? 0;

/** No rates: for a picture of a graph alone. */
export const noRates: Rates = { flows: [], workspaces: [], windowMs: 0 };

/** A rate in three figures at most: `12.4/s`, `0.2/s`; empty where nothing moves. */
export function rateText(perSecond: number, unit: string): string {
  if (!(perSecond > 0)) return "";
  if (perSecond >= 1000) return `${(perSecond / 1000).toPrecision(3)}k ${unit}/s`;
  if (perSecond < 0.01) return `<0.01 ${unit}/s`;
  const figures = perSecond >= 100 ? perSecond.toFixed(0) : perSecond.toPrecision(2);
  return `${figures} ${unit}/s`;
}
