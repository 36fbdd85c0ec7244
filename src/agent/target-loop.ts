/** The life of one source: scraped at its interval, its report and its staleness markers made, all of it queued. */
import { formatLabels } from "../core/index.ts";
import type { Clock, Labels, Timer } from "../core/index.ts";
import type { WriteSeries } from "../wire/index.ts";
import { seriesLabels } from "./scrape.ts";
import type { SampleSource, ScrapedSample, ScrapeOutcome } from "./scrape.ts";

export interface TargetState {
  readonly job: string;
  readonly instance: string;
  readonly up: boolean | undefined;
  readonly lastScrapeMs: number | undefined;
  readonly lastDurationMs: number | undefined;
  readonly lastSamples: number;
  readonly scrapes: number;
  readonly failures: number;
  /** Why the last scrape failed. */
  readonly lastFailure: string | undefined;
}

export interface TargetLoop {
  state(): TargetState;
  /** Ends the loop at once; a scrape under way comes to nothing. `gone`: the target is no more, and all its series end with staleness markers. */
  stop(options: { readonly gone: boolean }): void;
}

export interface TargetLoopOptions {
  readonly source: SampleSource;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly clock: Clock;
  /** Takes the series of one scrape; it never throws. */
  readonly queue: (series: readonly WriteSeries[]) => void;
}

/**
 * Scrapes at once and then at each interval from there; an interval that is still being scraped is passed over.
 *
 * @see prometheus scrape/scrape.go: report samples and staleness
 */
export function startTargetLoop(options: TargetLoopOptions): TargetLoop {
  const { clock, source } = options;
  const series = seriesMemory();
  let state = initialState(source);
  let timer: Timer | undefined;
  let stopped = false;
  const beginMs = clock.nowMs();
  const run = async (): Promise<void> => {
    const startMs = clock.nowMs();
    const outcome = await source.read();
    if (stopped) return;
    state = takeScrape(options, series, { outcome, startMs, before: state });
    const sinceMs = clock.nowMs() - beginMs;
    timer = clock.after(source.intervalMs - (sinceMs % source.intervalMs), () => void run());
  };
  void run();
  return {
    state: () => state,
    stop({ gone }) {
      stopped = true;
      timer?.cancel();
      if (gone) options.queue(staleSeries(series.end(), clock.nowMs()));
    },
  };
}

function initialState({ job, instance }: SampleSource): TargetState {
  return {
    job,
    instance,
    up: undefined,
    lastScrapeMs: undefined,
    lastDurationMs: undefined,
    lastSamples: 0,
    scrapes: 0,
    failures: 0,
    lastFailure: undefined,
  };
}

/** Queues what a scrape gave, and what it no longer has. */
function takeScrape(
  options: TargetLoopOptions,
  memory: SeriesMemory,
  scrape: {
    readonly outcome: ScrapeOutcome;
    readonly startMs: number;
    readonly before: TargetState;
  },
): TargetState {
  const { outcome, startMs, before } = scrape;
  const { clock } = options;
  const durationMs = clock.nowMs() - startMs;
  const samples = outcome.kind === "scraped" ? outcome.samples : [];
  const up = outcome.kind === "scraped";
  const scraped = labelled(samples, options);
  const gone = memory.next(scraped);
  const report = { up: up ? 1 : 0, durationMs, samples: samples.length };
  options.queue([
    ...withTimes(scraped, startMs),
    ...staleSeries(gone, startMs),
    ...memory.report(reportSeries(report, options), startMs),
  ]);
  return {
    ...before,
    up,
    lastScrapeMs: startMs,
    lastDurationMs: durationMs,
    lastSamples: samples.length,
    scrapes: before.scrapes + 1,
    failures: before.failures + (up ? 0 : 1),
    lastFailure: outcome.kind === "failed" ? outcome.says : undefined,
  };
}

const targetLabels = ({ source }: TargetLoopOptions): Readonly<Record<string, string>> => ({
  ...source.labels,
  job: source.job,
  instance: source.instance,
});

/** A series with the target's labels; the first of those that are then alike wins. */
interface LabelledSample {
  readonly key: string;
  readonly labels: Labels;
  readonly sample: ScrapedSample;
}

function labelled(
  samples: readonly ScrapedSample[],
  options: TargetLoopOptions,
): readonly LabelledSample[] {
  const own = targetLabels(options);
  const seen = new Set<string>();
  const kept: LabelledSample[] = [];
  for (const sample of samples) {
    const labels = seriesLabels(sample.labels, own, options.externalLabels);
    const key = formatLabels(labels);
    if (seen.has(key)) continue;
    seen.add(key);
    kept.push({ key, labels, sample });
  }
  return kept;
}

const withTimes = (scraped: readonly LabelledSample[], startMs: number): WriteSeries[] =>
  scraped.map(({ labels, sample: { value, timestampMs } }) => ({
    labels,
    samples: [{ timestampMs: timestampMs ?? startMs, value }],
  }));

const staleSeries = (gone: readonly Labels[], timestampMs: number): WriteSeries[] =>
  gone.map((labels) => ({ labels, samples: [{ timestampMs, value: "stale" }] }));

function reportSeries(
  report: { readonly up: number; readonly durationMs: number; readonly samples: number },
  options: TargetLoopOptions,
): readonly { readonly labels: Labels; readonly value: number }[] {
  const own = targetLabels(options);
  const named = (name: string): Labels =>
    seriesLabels([{ name: "__name__", value: name }], own, options.externalLabels);
  return [
    { labels: named("up"), value: report.up },
    { labels: named("scrape_duration_seconds"), value: report.durationMs / 1000 },
    { labels: named("scrape_samples_scraped"), value: report.samples },
  ];
}

/** Which series the last scrape had, so that those that vanish are ended. */
interface SeriesMemory {
  /** Takes a scrape's series; answers with those of the last one that it lacks. */
  readonly next: (scraped: readonly LabelledSample[]) => readonly Labels[];
  /** The report's series, remembered so that they end with the target. */
  readonly report: (
    series: readonly { readonly labels: Labels; readonly value: number }[],
    timestampMs: number,
  ) => readonly WriteSeries[];
  /** All series of the target. */
  readonly end: () => readonly Labels[];
}

function seriesMemory(): SeriesMemory {
  let last = new Map<string, Labels>();
  let reported: readonly Labels[] = [];
  return {
    next(scraped) {
      const now = new Map<string, Labels>();
      for (const { key, labels, sample } of scraped) {
        // A series with times of its own has no interval to be missed in, and gets no marker.
        if (sample.timestampMs === undefined) now.set(key, labels);
      }
      const gone = [...last].filter(([key]) => !now.has(key)).map(([, labels]) => labels);
      last = now;
      return gone;
    },
    report(series, timestampMs) {
      reported = series.map(({ labels }) => labels);
      return series.map(({ labels, value }) => ({ labels, samples: [{ timestampMs, value }] }));
    },
    end() {
      const all = [...last.values(), ...reported];
      last = new Map();
      reported = [];
      return all;
    },
  };
}
