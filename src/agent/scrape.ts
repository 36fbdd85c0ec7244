/** One scrape of one target: its text fetched within bounds, and read. @see prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config */
import type { Transport, TransportResponse } from "../client/index.ts";
import { CodedError, limits, messageOf } from "../core/index.ts";
import type { Clock, Label, Labels } from "../core/index.ts";
import { parseExposition } from "../wire/index.ts";

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
}

export type ScrapeOutcome =
  | { readonly kind: "scraped"; readonly samples: readonly ScrapedSample[] }
  | { readonly kind: "failed"; readonly says: string };

/** Where samples come from: a target over HTTP, or this machine. */
export interface SampleSource {
  readonly job: string;
  readonly instance: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly intervalMs: number;
  /** Never throws for what the world does; labels are as the source has them, without job and instance. */
  readonly read: () => Promise<ScrapeOutcome>;
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
    read: async () => {
      try {
        const endMs = clock.nowMs() + timeoutMs;
        const response = await fetchMetrics(url, { transport, clock, endMs });
        return readMetrics(response);
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

async function fetchMetrics(
  first: URL,
  bounds: { readonly transport: Transport; readonly clock: Clock; readonly endMs: number },
): Promise<TransportResponse> {
  const { transport, clock, endMs } = bounds;
  let url = first;
  for (let redirects = 0; ; redirects += 1) {
    const response = await transport.send({
      method: "GET",
      url: url.href,
      headers: {
        accept: "text/plain;version=0.0.4;q=1,*/*;q=0.1",
        "accept-encoding": "identity",
        "user-agent": "linkscope",
      },
      timeoutMs: Math.max(1, endMs - clock.nowMs()),
      answerBytesMax: limits.scrapeBytesMax,
    });
    if (response.status === 200) return response;
    const location = response.headers["location"];
    if (response.status < 300 || response.status > 399 || location === undefined) {
      throw failed(`the target answered ${response.status}`);
    }
    if (redirects >= limits.scrapeRedirectsMax) {
      throw failed(`more than ${limits.scrapeRedirectsMax} redirects`);
    }
    const next = URL.canParse(location, url.href) ? new URL(location, url.href) : undefined;
    if (next?.origin !== first.origin) throw failed("a redirect to another host is not followed");
    url = next;
  }
}

function readMetrics({ headers, body }: TransportResponse): ScrapeOutcome {
  const type = (headers["content-type"] ?? "text/plain").split(";")[0]?.trim().toLowerCase();
  if (type !== "text/plain")
    throw failed(`content type ${type} is not supported; text/plain 0.0.4 is`);
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding !== "identity") throw failed(`content encoding ${encoding} was not asked for`);
  const { samples, errors } = parseExposition(body.toString("utf8"));
  const [error] = errors;
  // As Prometheus does: a body with a mistake gives nothing, for half a scrape looks like vanished series.
  if (error !== undefined)
    throw failed(`line ${error.line}, column ${error.column}: ${error.says}`);
  return { kind: "scraped", samples };
}

const failed = (says: string): CodedError => new CodedError("ScrapeFailed", says);

/**
 * The labels of a scraped series: the target's and the external ones added. A label of the series that the target has as
 * well is kept as `exported_…`; an external label never replaces one. @see prometheus scrape/scrape.go, mutateSampleLabels
 */
export function seriesLabels(
  scraped: Labels,
  target: Readonly<Record<string, string>>,
  external: Readonly<Record<string, string>>,
): Labels {
  const labels = new Map<string, string>();
  for (const { name, value } of scraped) labels.set(name, value);
  for (const [name, value] of Object.entries(target)) {
    const own = labels.get(name);
    if (own !== undefined) labels.set(exportedName(name, labels), own);
    labels.set(name, value);
  }
  for (const [name, value] of Object.entries(external)) {
    if (!labels.has(name)) labels.set(name, value);
  }
  const sorted: Label[] = [...labels].map(([name, value]) => ({ name, value }));
  return sorted
    .filter(({ value }) => value !== "")
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function exportedName(name: string, taken: ReadonlyMap<string, string>): string {
  let exported = `exported_${name}`;
  while (taken.has(exported)) exported = `exported_${exported}`;
  return exported;
}
