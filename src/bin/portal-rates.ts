/** The edge's counters, read again and again for the portal: what moves on each way, in the last minute. */
import { get } from "node:http";
import { messageOf } from "../core/index.ts";
import type { Clock, Timer } from "../core/index.ts";
import { ratesBetween } from "../topology/index.ts";
import type { CounterReading, Flow, Rates, WayCounter } from "../topology/index.ts";
import { parseExposition } from "../wire/index.ts";

const READ_EVERY_MS = 5_000;
const WINDOW_MS = 60_000;
const TEXT_BYTES_MAX = 8 * 1024 * 1024;
const READ_TIMEOUT_MS = 2_000;

export interface RatesWatch {
  /** The rates of the last minute, or of the time since the watch began. */
  readonly rates: (flows: readonly Flow[]) => Rates;
  /** Reads the counters now; what cannot be read leaves the older readings. */
  readonly read: () => Promise<void>;
  readonly close: () => void;
}

/** Reads the counters every five seconds. `metricsText` answers undefined while the edge is not there. */
export function watchRates(options: {
  readonly metricsText: () => Promise<string | undefined>;
  readonly clock: Clock;
}): RatesWatch {
  const { clock, metricsText } = options;
  let readings: readonly CounterReading[] = [];
  let timer: Timer | undefined;
  let isClosed = false;
  const read = async (): Promise<void> => {
    const text = await metricsText().catch(() => undefined);
    const nowMs = clock.nowMs();
    const kept = readings.filter(({ atMs }) => nowMs - atMs <= WINDOW_MS);
    readings = text === undefined ? kept : [...kept, readingOf(text, nowMs)];
  };
  const again = (): void => {
    if (isClosed) return;
    timer = clock.after(READ_EVERY_MS, () => void read().then(again));
  };
  again();
  return {
    read,
    rates: (flows) => {
      const last = readings.at(-1) ?? { atMs: 0, ways: [], samples: [] };
      return ratesBetween(readings.length > 1 ? readings[0] : undefined, last, flows);
    },
    close: () => {
      isClosed = true;
      timer?.cancel();
    },
  };
}

const outcomes: readonly WayCounter["outcome"][] = ["taken", "refused", "failed"];

/** The counters of the flows in the edge's metrics text. */
export function readingOf(text: string, atMs: number): CounterReading {
  const ways: WayCounter[] = [];
  const samples: { workspaceId: string; value: number }[] = [];
  const records = new Map<string, number>();
  for (const { labels, value } of parseExposition(text).samples) {
    const label = (name: string): string => labels.find((one) => one.name === name)?.value ?? "";
    if (label("__name__") === "linkscope_edge_samples_appended_total") {
      samples.push({ workspaceId: label("workspace").toLowerCase(), value });
    }
    if (label("__name__") === "linkscope_edge_records_total" && label("outcome") === "kept") {
      const workspaceId = label("workspace").toLowerCase();
      records.set(workspaceId, (records.get(workspaceId) ?? 0) + value);
    }
    if (label("__name__") !== "linkscope_edge_ways_total") continue;
    const outcome = outcomes.find((known) => known === label("outcome"));
    if (outcome === undefined) continue;
    ways.push({
      kind: label("kind"),
      resourceId: label("resource").toLowerCase(),
      way: label("way").toLowerCase(),
      outcome,
      value,
    });
  }
  const kept = [...records].map(([workspaceId, value]) => ({ workspaceId, value }));
  return { atMs, ways, samples: [...samples, ...kept] };
}

/** Reads a text over HTTP from this machine's own listener; undefined when it is elsewhere, too long, or not there. */
export function localText(url: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    if (!URL.canParse(url) || new URL(url).hostname !== "127.0.0.1") return resolve(undefined);
    const request = get(url, { timeout: READ_TIMEOUT_MS }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > TEXT_BYTES_MAX) request.destroy(new Error("the edge's metrics are too long"));
        else chunks.push(chunk);
      });
      response.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
      response.on("error", reject);
    });
    request.on("timeout", () => request.destroy(new Error("the edge did not answer in time")));
    request.on("error", (error) => reject(new Error(messageOf(error))));
  });
}
