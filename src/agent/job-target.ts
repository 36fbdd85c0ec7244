/** From what was discovered to what is scraped: a job's defaults, its relabelling, and the URL that comes of it. Pure. */
import { createHash } from "node:crypto";
import { parseDuration } from "./duration.ts";
import { relabel } from "./relabel.ts";
import type { LabelMap } from "./relabel.ts";
import type { ScrapeJob } from "./scrape-job.ts";

/** A target of a job, ready to be scraped. */
export interface JobTarget {
  readonly job: ScrapeJob;
  /** What makes it another target: its URL, labels, times. */
  readonly key: string;
  readonly url: string;
  /** Those that every series gets; `job` and `instance` among them. */
  readonly labels: Readonly<Record<string, string>>;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

export type JobTargetOutcome =
  | { readonly kind: "target"; readonly target: JobTarget }
  /** A rule dropped it. */
  | { readonly kind: "dropped" }
  | { readonly kind: "invalid"; readonly says: string };

/**
 * Decides what becomes of one discovered target.
 *
 * @param discovered - `__address__` and whatever discovery says; it is not changed.
 * @see prometheus scrape/target.go, PopulateLabels
 */
export function jobTarget(
  job: ScrapeJob,
  discovered: ReadonlyMap<string, string>,
): JobTargetOutcome {
  const labels: LabelMap = new Map(discovered);
  const byDefault = (name: string, value: string): void => {
    if ((labels.get(name) ?? "") === "") labels.set(name, value);
  };
  byDefault("job", job.name);
  byDefault("__scrape_interval__", `${job.intervalMs}ms`);
  byDefault("__scrape_timeout__", `${job.timeoutMs}ms`);
  byDefault("__metrics_path__", job.metricsPath);
  byDefault("__scheme__", job.scheme);
  for (const [name, [first]] of job.params)
    if (first !== undefined) byDefault(`__param_${name}`, first);
  if (!relabel(labels, job.relabel)) return { kind: "dropped" };
  return finished(job, labels);
}

function finished(job: ScrapeJob, labels: LabelMap): JobTargetOutcome {
  const invalid = (says: string): JobTargetOutcome => ({ kind: "invalid", says });
  const scheme = labels.get("__scheme__") ?? "";
  const address = labels.get("__address__") ?? "";
  if (address === "") return invalid("no address");
  if (scheme !== "http" && scheme !== "https") return invalid(`"${scheme}" is no scheme`);
  const host = withPort(address, scheme);
  if (host === undefined) return invalid(`"${address}" is no host and port`);
  const times = timesOf(labels);
  if (times === undefined) {
    return invalid(
      "the interval is no duration of at least 1s, or the timeout none of at most that",
    );
  }
  const url = urlOf(job, { scheme, host, labels });
  if (url === undefined) return invalid("the URL cannot be made");
  if ((labels.get("instance") ?? "") === "") labels.set("instance", host);
  const own = [...labels]
    .filter(([name, value]) => !name.startsWith("__") && value !== "")
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const key = JSON.stringify([job.name, url, times, own]);
  return {
    kind: "target",
    target: { job, key, url, labels: Object.fromEntries(own), ...times },
  };
}

function timesOf(
  labels: LabelMap,
): { readonly intervalMs: number; readonly timeoutMs: number } | undefined {
  const intervalMs = parseDuration(labels.get("__scrape_interval__") ?? "") ?? 0;
  const timeoutMs = parseDuration(labels.get("__scrape_timeout__") ?? "") ?? 0;
  const sound = intervalMs >= 1_000 && timeoutMs > 0 && timeoutMs <= intervalMs;
  return sound ? { intervalMs, timeoutMs } : undefined;
}

/** As Prometheus 2 has it, the port is always there. */
function withPort(address: string, scheme: string): string | undefined {
  if (/[/?#@\s]/.test(address)) return undefined;
  const url = `${scheme}://${address}/`;
  if (!URL.canParse(url)) return undefined;
  const { hostname, port } = new URL(url);
  if (hostname === "") return undefined;
  if (port !== "") return `${hostname}:${port}`;
  // A port that is the scheme's own is not in `port`.
  return `${hostname}:${scheme === "https" ? 443 : 80}`;
}

function urlOf(
  job: ScrapeJob,
  { scheme, host, labels }: { scheme: string; host: string; labels: LabelMap },
): string | undefined {
  const path = labels.get("__metrics_path__") ?? "";
  const base = `${scheme}://${host}`;
  const text = `${base}${path.startsWith("/") ? "" : "/"}${path}`;
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.host !== new URL(base).host) return undefined;
  const params = new Map(job.params);
  for (const [name, value] of labels) {
    if (!name.startsWith("__param_")) continue;
    const param = name.slice("__param_".length);
    params.set(param, [value, ...(params.get(param) ?? []).slice(1)]);
  }
  for (const [name, values] of params)
    for (const value of values) url.searchParams.append(name, value);
  return url.href;
}

/** Where in its interval a target is scraped: spread by what it is, and the same after a restart. */
export function offsetMs({ key, intervalMs }: JobTarget): number {
  const hash = createHash("md5").update(key).digest().readUInt32BE(0);
  return Math.floor((hash / 2 ** 32) * intervalMs);
}
