/** One scrape of one target: its text fetched within bounds, and read. @see prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config */
import type { Transport, TransportResponse } from "../client/index.ts";
import { CodedError, limits, messageOf } from "../core/index.ts";
import type { Clock, Labels } from "../core/index.ts";
import type { Exemplar, SeriesTexts } from "../wire/index.ts";
import { offsetMs } from "./job-target.ts";
import type { JobTarget } from "./job-target.ts";
import type { JobTransports } from "./job-transports.ts";
import type { RelabelRule } from "./relabel.ts";
import { acceptHeader, failed, readBody } from "./scrape-format.ts";
import { defaultProtocols } from "./scrape-job.ts";
import type { JobLimits, ScrapeProtocol } from "./scrape-job.ts";

/** A target of the agent's list. */
export interface ScrapeTarget {
  readonly job: string;
  /** `http://127.0.0.1:9100/metrics`. */
  readonly url: string;
  /** The `instance` label; the URL's host and port where absent. */
  readonly instance?: string;
  /** More labels for every series. */
  readonly labels?: Readonly<Record<string, string>>;
  /** `limits.scrapeIntervalMs` where absent. */
  readonly intervalMs?: number;
  /** At most the interval; the lesser of it and `limits.scrapeTimeoutMs` where absent. */
  readonly timeoutMs?: number;
}

export interface ScrapedSample {
  readonly labels: Labels;
  readonly value: number;
  /** Undefined where the target leaves the time to its scraper. */
  readonly timestampMs: number | undefined;
  readonly exemplar?: Exemplar;
}

export type ScrapeOutcome =
  | { readonly kind: "scraped"; readonly samples: readonly ScrapedSample[] }
  | { readonly kind: "failed"; readonly says: string };

/** Where samples come from: a target over HTTP, or this machine. */
export interface SampleSource {
  readonly job: string;
  readonly instance: string;
  /** Beside job and instance. */
  readonly labels: Readonly<Record<string, string>>;
  readonly intervalMs: number;
  /** When in its interval the first scrape is; at once where absent. */
  readonly offsetMs?: number;
  readonly rules?: SeriesRules;
  /**
   * Never throws for what the world does; labels are as the source has them, without job and instance.
   *
   * @param series what the target's scrapes before this one have read.
   */
  readonly read: (series?: SeriesTexts) => Promise<ScrapeOutcome>;
}

/** What a job does with the series of its targets. */
export interface SeriesRules {
  readonly honorLabels: boolean;
  readonly honorTimestamps: boolean;
  readonly relabel: readonly RelabelRule[];
  readonly limits: JobLimits;
}

/**
 * A target as a source.
 *
 * @throws CodedError TargetInvalid.
 */
export function targetSource(
  target: ScrapeTarget,
  { transport, clock }: { readonly transport: Transport; readonly clock: Clock },
): SampleSource {
  const url = checkTarget(target);
  const intervalMs = target.intervalMs ?? limits.scrapeIntervalMs;
  const timeoutMs = target.timeoutMs ?? Math.min(intervalMs, limits.scrapeTimeoutMs);
  return {
    job: target.job,
    instance: target.instance ?? hostAndPort(url),
    labels: target.labels ?? {},
    intervalMs,
    read: (series) =>
      scrape({ url, transport, clock, timeoutMs, headers: {}, ...textsOf(series), ...plainScrape }),
  };
}

/** A target of a job as a source. */
export function jobSource(
  target: JobTarget,
  { transports, clock }: { readonly transports: JobTransports; readonly clock: Clock },
): SampleSource {
  const { job, labels, intervalMs, timeoutMs } = target;
  const { job: name = job.name, instance = "", ...rest } = labels;
  const url = new URL(target.url);
  const { bodyBytes } = job.limits;
  return {
    job: name,
    instance,
    labels: rest,
    intervalMs,
    offsetMs: offsetMs(target),
    rules: {
      honorLabels: job.honorLabels,
      honorTimestamps: job.honorTimestamps,
      relabel: job.metricRelabel,
      limits: job.limits,
    },
    read: async (series) => {
      try {
        const way = await transports.open(job);
        return await scrape({
          url,
          ...way,
          clock,
          timeoutMs,
          ...textsOf(series),
          protocols: job.protocols,
          fallback: job.fallbackProtocol,
          compression: job.compression,
          redirectsMax: job.followRedirects ? limits.scrapeRedirectsMax : 0,
          bytesMax:
            bodyBytes > 0 ? Math.min(bodyBytes, limits.scrapeBytesMax) : limits.scrapeBytesMax,
        });
      } catch (error) {
        return { kind: "failed", says: messageOf(error) };
      }
    },
  };
}

/** As Prometheus spells it: the port is always there. */
const hostAndPort = ({ hostname, port, protocol }: URL): string =>
  `${hostname}:${port === "" ? (protocol === "https:" ? "443" : "80") : port}`;

const labelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

function checkTarget(target: ScrapeTarget): URL {
  const { job, labels = {}, intervalMs = limits.scrapeIntervalMs, timeoutMs = 1 } = target;
  const url = URL.canParse(target.url) ? new URL(target.url) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== "") {
    throw invalid(target, "the URL must be http or https, without a user");
  }
  if (job === "") throw invalid(target, "the job is empty");
  const reserved = Object.keys(labels).find(
    (name) =>
      !labelName.test(name) || name.startsWith("__") || name === "job" || name === "instance",
  );
  if (reserved !== undefined)
    throw invalid(target, `"${reserved}" is no label that a target may have`);
  if (!(intervalMs >= 1_000) || !(timeoutMs > 0) || timeoutMs > intervalMs) {
    throw invalid(
      target,
      `intervalMs ${intervalMs} must be at least 1000, and timeoutMs at most that`,
    );
  }
  return url;
}

const invalid = (target: ScrapeTarget, says: string): CodedError =>
  new CodedError("TargetInvalid", `Target ${target.job} ${target.url.split("?")[0]}: ${says}.`);

interface HowToScrape {
  readonly protocols: readonly ScrapeProtocol[];
  readonly fallback: ScrapeProtocol;
  readonly compression: boolean;
  readonly redirectsMax: number;
  readonly bytesMax: number;
}

const plainScrape: HowToScrape = {
  protocols: defaultProtocols,
  fallback: "PrometheusText0.0.4",
  compression: true,
  redirectsMax: limits.scrapeRedirectsMax,
  bytesMax: limits.scrapeBytesMax,
};

interface Scrape extends HowToScrape {
  readonly url: URL;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly series?: SeriesTexts;
}

const textsOf = (series: SeriesTexts | undefined): { series?: SeriesTexts } =>
  series === undefined ? {} : { series };

async function scrape(asked: Scrape): Promise<ScrapeOutcome> {
  try {
    const response = await fetchMetrics(asked);
    return { kind: "scraped", samples: await readBody(response, asked) };
  } catch (error) {
    return { kind: "failed", says: messageOf(error) };
  }
}

/** A redirect within the target's origin is followed; to another host never, for it would take the token with it. */
async function fetchMetrics(asked: Scrape): Promise<TransportResponse> {
  const { transport, clock, timeoutMs, redirectsMax } = asked;
  const endMs = clock.nowMs() + timeoutMs;
  let { url } = asked;
  for (let redirects = 0; ; redirects += 1) {
    const response = await transport.send({
      method: "GET",
      url: url.href,
      headers: {
        accept: acceptHeader(asked.protocols),
        "accept-encoding": asked.compression ? "gzip" : "identity",
        "user-agent": "linkscope",
        "x-prometheus-scrape-timeout-seconds": String(timeoutMs / 1000),
        ...asked.headers,
      },
      timeoutMs: Math.max(1, endMs - clock.nowMs()),
      answerBytesMax: asked.bytesMax,
    });
    if (response.status === 200) return response;
    const location = response.headers["location"];
    if (response.status < 300 || response.status > 399 || location === undefined) {
      throw failed(`the target answered ${response.status}`);
    }
    if (redirects >= redirectsMax) {
      throw failed(
        redirectsMax === 0 ? "redirects are not followed" : `more than ${redirectsMax} redirects`,
      );
    }
    const next = URL.canParse(location, url.href) ? new URL(location, url.href) : undefined;
    if (next?.origin !== asked.url.origin) {
      throw failed("a redirect to another host is not followed");
    }
    url = next;
  }
}
