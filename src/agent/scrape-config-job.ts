/** One entry of `scrape_configs`, read field by field. */
import { limits } from "../core/index.ts";
import { parseDuration } from "./duration.ts";
import { relabelRule } from "./relabel-rule.ts";
import type { RelabelRuleText } from "./relabel-rule.ts";
import { isLabelName } from "./relabel.ts";
import type { RelabelRule } from "./relabel.ts";
import { defaultProtocols, kubernetesRoles, noTls, scrapeProtocols } from "./scrape-job.ts";
import type {
  JobAuthorization,
  JobLimits,
  JobTls,
  KubernetesDiscovery,
  KubernetesRole,
  ScrapeJob,
  ScrapeProtocol,
  StaticTargets,
} from "./scrape-job.ts";
import type { Fields } from "./yaml-fields.ts";

export interface JobDefaults {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly protocols: readonly string[] | undefined;
}

type Context = JobDefaults & {
  /** Whether `$$` stands for `$` in rules. */
  readonly doubledDollars: boolean;
};

/** Prometheus's other ways to find targets. */
const DISCOVERIES =
  "aws azure consul digitalocean docker dockerswarm dns ec2 eureka file gce hetzner http ionos kuma lightsail linode " +
  "marathon nerve nomad openstack ovhcloud puppetdb scaleway serverset stackit triton uyuni vultr";

/** Fields of Prometheus that are known and not supported. */
const REFUSED: ReadonlySet<string> = new Set([
  "proxy_url",
  "no_proxy",
  "proxy_from_environment",
  "proxy_connect_header",
  "http_headers",
  "oauth2",
  "basic_auth",
  "bearer_token",
  "enable_http2",
  "track_timestamps_staleness",
  "scrape_classic_histograms",
  "scrape_native_histograms",
  "always_scrape_classic_histograms",
  "convert_classic_histograms_to_nhcb",
  "native_histogram_bucket_limit",
  "native_histogram_min_bucket_factor",
  "keep_dropped_targets",
  "metric_name_validation_scheme",
  "metric_name_escaping_scheme",
  "scrape_failure_log_file",
  ...DISCOVERIES.split(" ").map((name) => `${name}_sd_configs`),
]);

/** Reads a job; undefined where it cannot be one. Problems are told through its fields. */
export function readJob(job: Fields, context: Context): ScrapeJob | undefined {
  const name = job.text("job_name") ?? "";
  if (name === "") job.tell(undefined, "job_name is missing.");
  const times = readTimes(job, context);
  const read: ScrapeJob = {
    name,
    ...times,
    scheme: oneOf(job, "scheme", ["http", "https"]) ?? "http",
    metricsPath: job.text("metrics_path") ?? "/metrics",
    params: readParams(job),
    honorLabels: job.flag("honor_labels") ?? false,
    honorTimestamps: job.flag("honor_timestamps") ?? true,
    followRedirects: job.flag("follow_redirects") ?? true,
    compression: job.flag("enable_compression") ?? true,
    ...readProtocols(job, context),
    tls: readTls(job.fields("tls_config")),
    authorization: readAuthorization(job),
    relabel: readRules(job, "relabel_configs", context),
    metricRelabel: readRules(job, "metric_relabel_configs", context),
    limits: readLimits(job),
    static: job.list("static_configs", limits.scrapeRulesPerListMax).map(readStatic),
    kubernetes: job
      .list("kubernetes_sd_configs", limits.scrapeRulesPerListMax)
      .flatMap((fields) => readKubernetes(fields) ?? []),
  };
  if (!read.metricsPath.startsWith("/"))
    job.tell("metrics_path", "metrics_path must begin with /.");
  job.end(REFUSED);
  return name === "" ? undefined : read;
}

function oneOf<Word extends string>(
  fields: Fields,
  name: string,
  words: readonly Word[],
): Word | undefined {
  const text = fields.text(name);
  const word = words.find((one) => one === text);
  if (text !== undefined && word === undefined) {
    fields.tell(name, `${name} "${text}" is none of ${words.join(", ")}.`);
  }
  return word;
}

function readTimes(
  job: Fields,
  defaults: JobDefaults,
): { readonly intervalMs: number; readonly timeoutMs: number } {
  const duration = (name: string): number | undefined => {
    const text = job.text(name);
    const value = text === undefined ? undefined : parseDuration(text);
    if (text !== undefined && (value === undefined || value === 0)) {
      job.tell(name, `${name} "${text}" is no duration.`);
    }
    return value === 0 ? undefined : value;
  };
  const intervalMs = duration("scrape_interval") ?? defaults.intervalMs;
  const own = duration("scrape_timeout");
  if (own !== undefined && own > intervalMs) {
    job.tell("scrape_timeout", "scrape_timeout is longer than scrape_interval.");
  }
  if (intervalMs < 1_000) job.tell("scrape_interval", "scrape_interval is less than 1s.");
  return { intervalMs, timeoutMs: own ?? Math.min(defaults.timeoutMs, intervalMs) };
}

function readParams(job: Fields): ScrapeJob["params"] {
  const params = job.fields("params");
  return params?.names().map((name) => [name, params.texts(name) ?? []] as const) ?? [];
}

function readProtocols(
  job: Fields,
  { protocols }: JobDefaults,
): Pick<ScrapeJob, "protocols" | "fallbackProtocol"> {
  const known = (name: string, words: readonly string[]): readonly ScrapeProtocol[] =>
    words.flatMap((word) => {
      const protocol = scrapeProtocols.find((one) => one === word);
      if (protocol !== undefined) return [protocol];
      job.tell(name, `${name} "${word}" is none of ${scrapeProtocols.join(", ")}.`);
      return [];
    });
  const own = job.texts("scrape_protocols") ?? protocols;
  const fallback = job.text("fallback_scrape_protocol");
  return {
    protocols: own === undefined ? defaultProtocols : known("scrape_protocols", own),
    fallbackProtocol:
      (fallback === undefined ? undefined : known("fallback_scrape_protocol", [fallback])[0]) ??
      "PrometheusText0.0.4",
  };
}

const REFUSED_TLS: ReadonlySet<string> = new Set([
  "ca",
  "cert",
  "key",
  "ca_ref",
  "cert_ref",
  "key_ref",
  "min_version",
  "max_version",
]);

function readTls(tls: Fields | undefined): JobTls {
  if (tls === undefined) return noTls;
  const read = {
    caFile: tls.text("ca_file"),
    certFile: tls.text("cert_file"),
    keyFile: tls.text("key_file"),
    serverName: tls.text("server_name"),
    insecureSkipVerify: tls.flag("insecure_skip_verify") ?? false,
  };
  if ((read.certFile === undefined) !== (read.keyFile === undefined)) {
    tls.tell(undefined, "cert_file and key_file are given together.");
  }
  tls.end(REFUSED_TLS);
  return read;
}

/** A secret in the file itself is refused: it would be in the ConfigMap for all to read. */
const REFUSED_AUTHORIZATION: ReadonlySet<string> = new Set(["credentials", "credentials_ref"]);

function readAuthorization(job: Fields): JobAuthorization | undefined {
  const file = job.text("bearer_token_file");
  const fields = job.fields("authorization");
  if (fields === undefined) {
    return file === undefined ? undefined : { kind: "file", type: "Bearer", credentialsFile: file };
  }
  if (file !== undefined) {
    job.tell("bearer_token_file", "bearer_token_file and authorization are not given together.");
  }
  const type = fields.text("type") ?? "Bearer";
  const credentialsFile = fields.text("credentials_file");
  if (credentialsFile === undefined) fields.tell(undefined, "credentials_file is missing.");
  if (!/^[A-Za-z0-9_-]+$/.test(type) || type.toLowerCase() === "basic") {
    fields.tell("type", `The authorization type "${type}" is not supported.`);
  }
  fields.end(REFUSED_AUTHORIZATION);
  return credentialsFile === undefined ? undefined : { kind: "file", type, credentialsFile };
}

function readRules(job: Fields, name: string, context: Context): readonly RelabelRule[] {
  return job
    .list(name, limits.scrapeRulesPerListMax)
    .flatMap((fields) => readRule(fields, context));
}

const RULE_FIELDS: Readonly<Record<keyof RelabelRuleText, string>> = {
  action: "action",
  sourceLabels: "source_labels",
  separator: "separator",
  regex: "regex",
  targetLabel: "target_label",
  replacement: "replacement",
  modulus: "modulus",
};

function readRule(fields: Fields, { doubledDollars }: Context): readonly RelabelRule[] {
  const dollars = (text: string | undefined): string | undefined =>
    doubledDollars ? text?.replaceAll("$$", "$") : text;
  const text = {
    action: fields.text("action"),
    sourceLabels: fields.texts("source_labels"),
    separator: fields.text("separator"),
    regex: dollars(fields.text("regex")),
    targetLabel: dollars(fields.text("target_label")),
    replacement: dollars(fields.text("replacement")),
    modulus: fields.count("modulus"),
  };
  // An empty replacement is a word of its own: it deletes the label.
  const given = Object.fromEntries(
    Object.entries(text).filter(([, value]) => value !== undefined),
  ) as RelabelRuleText;
  fields.end(new Set());
  const made = relabelRule(given);
  if ("rule" in made) return [made.rule];
  for (const { field, says } of made.problems) fields.tell(RULE_FIELDS[field], says);
  return [];
}

const SIZES: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["B", 1],
  ["KB", 1024],
  ["MB", 1024 ** 2],
  ["GB", 1024 ** 3],
]);

function readLimits(job: Fields): JobLimits {
  const size = job.text("body_size_limit");
  const [, digits = "", unit = ""] = /^(\d{1,12})([A-Z]*)$/.exec(size ?? "0") ?? [];
  const factor = SIZES.get(unit);
  if (digits === "" || factor === undefined) {
    job.tell("body_size_limit", `body_size_limit "${size}" is no size in B, KB, MB or GB.`);
  }
  return {
    samples: job.count("sample_limit") ?? 0,
    labels: job.count("label_limit") ?? 0,
    labelNameBytes: job.count("label_name_length_limit") ?? 0,
    labelValueBytes: job.count("label_value_length_limit") ?? 0,
    bodyBytes: Number(digits) * (factor ?? 0),
    targets: job.count("target_limit") ?? 0,
  };
}

function readStatic(fields: Fields): StaticTargets {
  const labels = fields.textMap("labels") ?? [];
  for (const [name] of labels) {
    if (!isLabelName(name)) fields.tell("labels", `"${name}" is no label name.`);
  }
  const targets = fields.texts("targets") ?? [];
  for (const target of targets) {
    if (target === "" || target.includes("/")) {
      fields.tell("targets", `"${target}" is no host and port.`);
    }
  }
  fields.end(new Set());
  return { targets, labels: Object.fromEntries(labels) };
}

const REFUSED_KUBERNETES: ReadonlySet<string> = new Set([
  "api_server",
  "kubeconfig_file",
  "basic_auth",
  "authorization",
  "oauth2",
  "proxy_url",
  "no_proxy",
  "proxy_from_environment",
  "tls_config",
  "bearer_token",
  "bearer_token_file",
  "follow_redirects",
  "enable_http2",
  "http_headers",
]);

function readKubernetes(fields: Fields): KubernetesDiscovery | undefined {
  const role = readRole(fields);
  const namespaces = fields.fields("namespaces");
  const attach = fields.fields("attach_metadata");
  const read = {
    namespaces: namespaces?.texts("names") ?? [],
    ownNamespace: namespaces?.flag("own_namespace") ?? false,
    selectors: fields.list("selectors", limits.scrapeRulesPerListMax).flatMap((selector) => {
      const of = readRole(selector);
      const label = selector.text("label") ?? "";
      const field = selector.text("field") ?? "";
      selector.end(new Set());
      return of === undefined ? [] : [{ role: of, label, field }];
    }),
    attachNode: attach?.flag("node") ?? false,
  };
  namespaces?.end(new Set());
  attach?.end(new Set(["namespace"]));
  fields.end(REFUSED_KUBERNETES);
  return role === undefined ? undefined : { role, ...read };
}

function readRole(fields: Fields): KubernetesRole | undefined {
  if (fields.text("role") === "ingress") {
    fields.tell("role", 'The role "ingress" is not supported.');
    return undefined;
  }
  if (!fields.has("role")) fields.tell(undefined, "role is missing.");
  return oneOf(fields, "role", kubernetesRoles);
}
