/** A Prometheus configuration's scrape jobs, plain or as Azure's ConfigMap `ama-metrics-prometheus-config` holds them. */
import { limits } from "../core/index.ts";
import { parseDuration } from "./duration.ts";
import { readJob } from "./scrape-config-job.ts";
import type { JobDefaults } from "./scrape-config-job.ts";
import type { FileProblem, ScrapeJob } from "./scrape-job.ts";
import { blockText, openYaml, rootFields } from "./yaml-fields.ts";
import type { Fields, YamlText } from "./yaml-fields.ts";

export interface ScrapeConfig {
  readonly jobs: readonly ScrapeJob[];
  /** `global.external_labels`. */
  readonly externalLabels: Readonly<Record<string, string>>;
}

/** Words of Prometheus's configuration that are known and not supported. */
const REFUSED: ReadonlySet<string> = new Set([
  "rule_files",
  "alerting",
  "remote_write",
  "remote_read",
  "storage",
  "tracing",
  "scrape_config_files",
  "runtime",
  "otlp",
]);

const REFUSED_GLOBAL: ReadonlySet<string> = new Set([
  "evaluation_interval",
  "rule_query_offset",
  "query_log_file",
  "scrape_failure_log_file",
  "body_size_limit",
  "sample_limit",
  "label_limit",
  "label_name_length_limit",
  "label_value_length_limit",
  "target_limit",
  "keep_dropped_targets",
  "metric_name_validation_scheme",
  "metric_name_escaping_scheme",
  "scrape_classic_histograms",
  "scrape_native_histograms",
  "convert_classic_histograms_to_nhcb",
  "always_scrape_classic_histograms",
]);

/** Azure's name of the ConfigMap, and of the key in it. @see learn.microsoft.com/azure/azure-monitor/containers/prometheus-metrics-scrape-validate */
export const scrapeConfigMap = "ama-metrics-prometheus-config";
const CONFIG_KEY = "prometheus-config";

/**
 * Reads scrape jobs. Every problem is told with its line and column in the file, fields that are known and not supported
 * by their names; where there is one, no job of the file is to be used.
 *
 * In the ConfigMap `$$` stands for `$`, as Azure's agent has it. @see github.com/Azure/prometheus-collector
 */
export function parseScrapeConfig(
  file: string,
): ScrapeConfig | { readonly problems: readonly FileProblem[] } {
  const { root, report } = openYaml({ text: file });
  const fields = rootFields(root, report);
  if (fields === undefined) return { problems: report.problems };
  if (fields.has("scrape_configs") || fields.has("global")) {
    const config = readConfig(fields, { doubledDollars: false });
    return report.problems.length > 0 ? { problems: report.problems } : config;
  }
  const inner = configMapText(fields, file);
  if (inner === undefined) return { problems: report.problems };
  return parseInner(inner);
}

function parseInner(inner: YamlText): ScrapeConfig | { problems: readonly FileProblem[] } {
  const { root, report } = openYaml(inner);
  const fields = rootFields(root, report);
  const config = fields === undefined ? undefined : readConfig(fields, { doubledDollars: true });
  return report.problems.length > 0 || config === undefined
    ? { problems: report.problems }
    : config;
}

function configMapText(fields: Fields, file: string): YamlText | undefined {
  if (fields.text("kind") !== "ConfigMap") {
    fields.tell(undefined, "This is neither a ConfigMap nor a configuration with scrape_configs.");
    return undefined;
  }
  const data = fields.fields("data");
  if (data === undefined) {
    fields.tell(undefined, "The ConfigMap has no data.");
    return undefined;
  }
  const text = blockText(data, CONFIG_KEY, file);
  if (text === undefined) data.tell(undefined, `The ConfigMap has no ${CONFIG_KEY}.`);
  return text;
}

function readConfig(fields: Fields, how: { readonly doubledDollars: boolean }): ScrapeConfig {
  const global = fields.fields("global");
  const defaults = readGlobal(global);
  const jobs = fields.list("scrape_configs", limits.scrapeJobsMax).flatMap((job) => {
    const read = readJob(job, { ...defaults, ...how });
    return read === undefined ? [] : [{ job, read }];
  });
  const names = new Set<string>();
  for (const { job, read } of jobs) {
    if (names.has(read.name)) job.tell("job_name", `job_name "${read.name}" is given twice.`);
    names.add(read.name);
  }
  fields.end(REFUSED);
  const externalLabels = Object.fromEntries(global?.textMap("external_labels") ?? []);
  global?.end(REFUSED_GLOBAL);
  return { jobs: jobs.map(({ read }) => read), externalLabels };
}

/** @see prometheus config/config.go, DefaultGlobalConfig */
function readGlobal(global: Fields | undefined): JobDefaults {
  const duration = (name: string, byDefault: number): number => {
    const text = global?.text(name);
    if (text === undefined) return byDefault;
    const value = parseDuration(text);
    if (value === undefined) global?.tell(name, `${name} "${text}" is no duration.`);
    return value ?? byDefault;
  };
  return {
    intervalMs: duration("scrape_interval", 60_000),
    timeoutMs: duration("scrape_timeout", limits.scrapeTimeoutMs),
    protocols: global?.texts("scrape_protocols"),
  };
}
