/** The life of one source: scraped at its interval, its report and its staleness markers made, all of it queued. */
import { formatLabels, messageOf } from "../core/index.ts";
import type { Clock, Timer } from "../core/index.ts";
import { encodeLabels } from "../wire/index.ts";
import type { WriteExemplar, WrittenSample } from "../wire/index.ts";
import type { SampleSource, ScrapedSample, ScrapeOutcome } from "./scrape.ts";
import { SeriesCache, seriesBudget } from "./series-cache.ts";
import type { KeptSeries, SeriesBudget } from "./series-cache.ts";
import { labelMaker, rulesOf, seriesLabels } from "./series-labels.ts";

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
  readonly queue: (series: readonly WrittenSample[]) => void;
  /** Shared by all loops of an agent; a loop alone has no limit. */
  readonly budget?: SeriesBudget;
  /** Waits until this scrape may begin; what it answers is called at its end. Absent: at once. */
  readonly turn?: () => Promise<() => void>;
}

/**
 * Scrapes at the source's place in its interval and then at each interval from there; an interval that is still being
 * scraped is passed over.
 *
 * @see prometheus scrape/scrape.go: report samples and staleness
 */
export function startTargetLoop(options: TargetLoopOptions): TargetLoop {
  return new TargetLoopRun(options);
}

/** What one scrape comes to. */
interface Taken {
  readonly up: boolean;
  readonly says: string | undefined;
  readonly scraped: number;
  readonly series: readonly WrittenSample[];
  readonly gone: readonly KeptSeries[];
  readonly added: number;
}

class TargetLoopRun implements TargetLoop {
  readonly #options: TargetLoopOptions;
  readonly #cache: SeriesCache;
  readonly #reports: readonly Report[];
  #state: TargetState;
  #timer: Timer | undefined;
  #stopped = false;
  #beginMs: number;

  constructor(options: TargetLoopOptions) {
    const { source, externalLabels, clock, budget = seriesBudget(Infinity) } = options;
    this.#options = options;
    this.#cache = new SeriesCache({ make: labelMaker(source, externalLabels), budget });
    this.#reports = reportsOf(options);
    this.#state = initialState(source);
    this.#beginMs = clock.nowMs() + (source.offsetMs ?? 0);
    if (source.offsetMs === undefined) void this.#run();
    else this.#timer = clock.after(source.offsetMs, () => void this.#run());
  }

  state(): TargetState {
    return this.#state;
  }

  stop({ gone }: { readonly gone: boolean }): void {
    this.#stopped = true;
    this.#timer?.cancel();
    const ended = this.#cache.clear();
    if (!gone) return;
    const reported = this.#state.scrapes > 0 ? this.#reports : [];
    this.#options.queue(staleSeries([...ended, ...reported], this.#options.clock.nowMs()));
  }

  async #run(): Promise<void> {
    const { clock, source, turn } = this.#options;
    const end = await turn?.();
    if (!this.#stopped) {
      const startMs = clock.nowMs();
      const outcome = await source.read(this.#cache);
      if (!this.#stopped) this.#take(outcome, startMs);
    }
    end?.();
    if (this.#stopped) return;
    const sinceMs = clock.nowMs() - this.#beginMs;
    const waitMs = source.intervalMs - (sinceMs % source.intervalMs);
    this.#timer = clock.after(waitMs, () => void this.#run());
  }

  /** Queues what a scrape gave, and what it no longer has. */
  #take(outcome: ScrapeOutcome, startMs: number): void {
    const { clock, queue } = this.#options;
    const durationMs = clock.nowMs() - startMs;
    const taken = this.#read(outcome, startMs);
    const values: Readonly<Record<ReportName, number>> = {
      up: taken.up ? 1 : 0,
      scrape_duration_seconds: durationMs / 1000,
      scrape_samples_scraped: taken.scraped,
      scrape_samples_post_metric_relabeling: taken.series.length,
      scrape_series_added: taken.added,
    };
    const report = this.#reports.map(({ name, encoded }) => ({
      encodedLabels: encoded,
      timestampMs: startMs,
      value: values[name],
    }));
    queue([...taken.series, ...staleSeries(taken.gone, startMs), ...report]);
    this.#state = {
      ...this.#state,
      up: taken.up,
      lastScrapeMs: startMs,
      lastDurationMs: durationMs,
      lastSamples: taken.scraped,
      scrapes: this.#state.scrapes + 1,
      failures: this.#state.failures + (taken.up ? 0 : 1),
      lastFailure: taken.says,
    };
  }

  #read(outcome: ScrapeOutcome, startMs: number): Taken {
    const failed = (says: string, scraped: number): Taken => ({
      up: false,
      says,
      scraped,
      series: [],
      added: 0,
      gone: this.#cache.clear(),
    });
    if (outcome.kind === "failed") return failed(outcome.says, 0);
    const { samples } = outcome;
    const { limits, honorTimestamps } = rulesOf(this.#options.source);
    this.#cache.begin();
    const series: WrittenSample[] = [];
    try {
      for (const sample of samples) {
        const kept = this.#cache.take(sample.labels);
        if (kept !== undefined) series.push(written(kept, sample, { startMs, honorTimestamps }));
      }
      if (limits.samples > 0 && series.length > limits.samples) {
        throw new Error(
          `the target has ${series.length} samples; sample_limit is ${limits.samples}`,
        );
      }
    } catch (error) {
      return failed(messageOf(error), samples.length);
    }
    const { added } = this.#cache;
    const gone = this.#cache.end();
    return { up: true, says: undefined, scraped: samples.length, series, gone, added };
  }
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

function written(
  kept: KeptSeries,
  { value, timestampMs, exemplar }: ScrapedSample,
  { startMs, honorTimestamps }: { readonly startMs: number; readonly honorTimestamps: boolean },
): WrittenSample {
  const own = honorTimestamps ? timestampMs : undefined;
  kept.tracked = own === undefined;
  const series = { encodedLabels: kept.encoded, timestampMs: own ?? startMs, value };
  if (exemplar === undefined || sameExemplar(exemplar, kept.exemplar)) return series;
  kept.exemplar = exemplar;
  const sent: WriteExemplar = { ...exemplar, timestampMs: exemplar.timestampMs ?? startMs };
  return { ...series, exemplars: [sent] };
}

/** A target repeats its last exemplar at each scrape; it is one exemplar all the same. */
const sameExemplar = (
  a: NonNullable<ScrapedSample["exemplar"]>,
  b: ScrapedSample["exemplar"],
): boolean =>
  b !== undefined &&
  Object.is(a.value, b.value) &&
  a.timestampMs === b.timestampMs &&
  formatLabels(a.labels) === formatLabels(b.labels);

const staleSeries = (
  gone: readonly { readonly encoded: string }[],
  timestampMs: number,
): WrittenSample[] =>
  gone.map(({ encoded }) => ({
    encodedLabels: encoded,
    timestampMs,
    value: "stale",
  }));

const REPORTS = [
  "up",
  "scrape_duration_seconds",
  "scrape_samples_scraped",
  "scrape_samples_post_metric_relabeling",
  "scrape_series_added",
] as const;

type ReportName = (typeof REPORTS)[number];

interface Report {
  readonly name: ReportName;
  readonly encoded: string;
}

function reportsOf({ source, externalLabels }: TargetLoopOptions): readonly Report[] {
  const own = { ...source.labels, job: source.job, instance: source.instance };
  return REPORTS.map((name) => {
    const labels = seriesLabels([{ name: "__name__", value: name }], own, externalLabels);
    return { name, encoded: encodeLabels(labels).toString("latin1") };
  });
}
