/** The agent's settings as Azure's ConfigMap `ama-metrics-settings-configmap` has them, schema v1 and v2. */
import { RE2JS } from "re2js";
import { parseDuration } from "./duration.ts";
import { regexMistake } from "./relabel-rule.ts";
import type { FileProblem } from "./scrape-job.ts";
import { readAssignments } from "./settings-text.ts";
import type { Assignment } from "./settings-text.ts";
import { blockText, openYaml, rootFields } from "./yaml-fields.ts";
import type { Fields, YamlReport } from "./yaml-fields.ts";

export const settingsConfigMap = "ama-metrics-settings-configmap";

/** Targets that this agent scrapes by default or on demand, by Azure's keys, with what Azure has them be by default. */
export const defaultTargets = {
  kubelet: true,
  coredns: false,
  cadvisor: true,
  kubeproxy: false,
  apiserver: false,
  kubestate: true,
  nodeexporter: true,
} as const;

export type DefaultTarget = keyof typeof defaultTargets;

/**
 * Targets of Azure's that this agent does not scrape: switched off they are taken, switched on they are refused by name,
 * but for those that Azure's own file switches on for clusters that may have nothing of the kind.
 */
const OTHER_TARGETS: ReadonlyMap<string, "on-by-default" | "off-by-default"> = new Map([
  ["windowsexporter", "off-by-default"],
  ["windowskubeproxy", "off-by-default"],
  ["kappiebasic", "on-by-default"],
  ["networkobservabilityRetina", "on-by-default"],
  ["networkobservabilityHubble", "on-by-default"],
  ["networkobservabilityCilium", "on-by-default"],
  ["prometheuscollectorhealth", "off-by-default"],
  ["controlplane-apiserver", "on-by-default"],
  ["controlplane-cluster-autoscaler", "off-by-default"],
  ["controlplane-node-auto-provisioning", "off-by-default"],
  ["controlplane-kube-scheduler", "off-by-default"],
  ["controlplane-kube-controller-manager", "off-by-default"],
  ["controlplane-etcd", "on-by-default"],
  ["acstor-capacity-provisioner", "on-by-default"],
  ["acstor-metrics-exporter", "on-by-default"],
  ["local-csi-driver", "on-by-default"],
]);

export interface AgentSettings {
  /** The `cluster` label of every series; the cluster's name where empty. */
  readonly clusterAlias: string;
  readonly enabled: ReadonlySet<DefaultTarget>;
  /** Pods with annotations are scraped in namespaces that match; none where empty. */
  readonly podAnnotationNamespaces: string;
  /** Metrics that are kept beside those of the minimal profile, by target, `podannotations` among them. */
  readonly keepLists: ReadonlyMap<string, string>;
  readonly minimalProfile: boolean;
  /** Milliseconds, by target, `podannotations` among them. */
  readonly intervalsMs: ReadonlyMap<string, number>;
  /** Targets that the file switches on as Azure's own does, and which are not scraped here. */
  readonly notScraped: readonly string[];
}

export const defaultScrapeIntervalMs = 30_000;

/** What holds without a ConfigMap. @see github.com/Azure/prometheus-collector otelcollector/configmaps */
export const defaultSettings: AgentSettings = {
  clusterAlias: "",
  enabled: new Set(targetNames().filter((target) => defaultTargets[target])),
  podAnnotationNamespaces: "",
  keepLists: new Map(),
  minimalProfile: true,
  intervalsMs: new Map(),
  notScraped: [],
};

export function targetNames(): readonly DefaultTarget[] {
  return Object.keys(defaultTargets) as DefaultTarget[];
}

/**
 * Reads the ConfigMap. Every problem is told with line and column in the file: unknown sections and keys, values of the
 * wrong type, expressions that RE2 refuses, and what is known and not supported by its name.
 */
export function parseSettings(
  file: string,
): { readonly settings: AgentSettings } | { readonly problems: readonly FileProblem[] } {
  const { root, report } = openYaml({ text: file });
  const fields = rootFields(root, report);
  if (fields === undefined) return { problems: report.problems };
  const data = fields.fields("data");
  if (fields.text("kind") !== "ConfigMap" || data === undefined) {
    fields.tell(undefined, `This is no ConfigMap with data, as ${settingsConfigMap} is.`);
    return { problems: report.problems };
  }
  const schema = (data.text("schema-version") ?? "v1").trim();
  data.text("config-version");
  const reader = new SettingsReader(report.problems);
  if (schema === "v1") readV1({ data, file, reader });
  else if (schema === "v2") readV2({ data, file, reader, report });
  else data.tell("schema-version", `schema-version "${schema}" is none of v1, v2.`);
  return report.problems.length > 0
    ? { problems: report.problems }
    : { settings: reader.settings() };
}

interface DataSource {
  readonly data: Fields;
  readonly file: string;
  readonly reader: SettingsReader;
}

function readV1({ data, file, reader }: DataSource): void {
  for (const section of data.names()) {
    if (section === "schema-version" || section === "config-version") continue;
    const take = sectionsV1.get(section);
    if (take === undefined) {
      const says = REFUSED_SECTIONS.has(section)
        ? "is not supported"
        : "is no section of schema v1";
      data.tell(section, `${section} ${says}.`);
      continue;
    }
    const block = blockText(data, section, file);
    if (block === undefined) continue;
    for (const one of readAssignments(block, reader.problems)) take(reader, one, "");
  }
}

/** Sections of v2 are texts within texts: `cluster-metrics` holds what v1 has at the top. */
function readV2({
  data,
  file,
  reader,
  report,
}: DataSource & { readonly report: YamlReport }): void {
  for (const section of data.names()) {
    if (section === "schema-version" || section === "config-version") continue;
    if (section === "prometheus-collector-settings") {
      const block = blockText(data, section, file);
      if (block === undefined) continue;
      for (const one of readAssignments(block, reader.problems)) takeCollector(reader, one);
      continue;
    }
    if (section !== "cluster-metrics" && section !== "controlplane-metrics") {
      const says = REFUSED_SECTIONS.has(section)
        ? "is not supported"
        : "is no section of schema v2";
      data.tell(section, `${section} ${says}.`);
      continue;
    }
    const block = blockText(data, section, file);
    if (block === undefined) continue;
    const inner = openYaml(block);
    const fields = rootFields(inner.root, inner.report);
    const prefix = section === "controlplane-metrics" ? "controlplane-" : "";
    if (fields !== undefined) readInner({ fields, block, reader, prefix });
    report.problems.push(...inner.report.problems);
  }
}

function readInner(from: {
  readonly fields: Fields;
  readonly block: { readonly text: string; readonly offset: { lines: number; columns: number } };
  readonly reader: SettingsReader;
  readonly prefix: string;
}): void {
  const { fields, block, reader, prefix } = from;
  for (const section of fields.names()) {
    const take = sectionsV2.get(section);
    if (take === undefined) {
      fields.tell(section, `${section} is no section of schema v2.`);
      continue;
    }
    const part = blockText(fields, section, block.text);
    if (part === undefined) continue;
    const offset = {
      lines: part.offset.lines + block.offset.lines,
      columns: part.offset.columns + block.offset.columns,
    };
    for (const one of readAssignments({ text: part.text, offset }, reader.problems)) {
      take(reader, one, prefix);
    }
  }
}

type Take = (reader: SettingsReader, one: Assignment, prefix: string) => void;

const REFUSED_SECTIONS: ReadonlySet<string> = new Set(["ksm-config", "opentelemetry-metrics"]);

const takeCollector = (reader: SettingsReader, one: Assignment): void => reader.collector(one);
const takeEnabled: Take = (reader, one, prefix) => reader.enable(one, prefix);
const takeKeep: Take = (reader, one, prefix) => reader.keep(one, prefix);
const takeInterval: Take = (reader, one, prefix) => reader.interval(one, prefix);
const takePods: Take = (reader, one) => reader.podNamespaces(one);
const takeMinimal: Take = (reader, one, prefix) => reader.minimal(one, prefix);
const takeOff: Take = (reader, one) => reader.off(one);

const sectionsV1: ReadonlyMap<string, Take> = new Map<string, Take>([
  ["prometheus-collector-settings", takeCollector],
  ["default-scrape-settings-enabled", takeEnabled],
  ["pod-annotation-based-scraping", takePods],
  ["default-targets-metrics-keep-list", takeKeep],
  ["default-targets-scrape-interval-settings", takeInterval],
  ["debug-mode", takeOff],
  ["opentelemetry-metrics", takeOff],
]);

const sectionsV2: ReadonlyMap<string, Take> = new Map<string, Take>([
  ["default-targets-scrape-enabled", takeEnabled],
  ["pod-annotation-based-scraping", takePods],
  ["default-targets-metrics-keep-list", takeKeep],
  ["default-targets-scrape-interval-settings", takeInterval],
  ["minimal-ingestion-profile", takeMinimal],
]);

const PODS = "podannotations";

/** Takes one assignment after another; each is refused where it says what it cannot. */
class SettingsReader {
  readonly problems: FileProblem[];
  readonly #enabled = new Set<DefaultTarget>(defaultSettings.enabled);
  readonly #keepLists = new Map<string, string>();
  readonly #intervalsMs = new Map<string, number>();
  readonly #notScraped: string[] = [];
  #clusterAlias = "";
  #podNamespaces = "";
  #minimal = true;

  constructor(problems: FileProblem[]) {
    this.problems = problems;
  }

  settings(): AgentSettings {
    return {
      clusterAlias: this.#clusterAlias,
      enabled: this.#enabled,
      podAnnotationNamespaces: this.#podNamespaces,
      keepLists: this.#keepLists,
      minimalProfile: this.#minimal,
      intervalsMs: this.#intervalsMs,
      notScraped: this.#notScraped,
    };
  }

  collector(one: Assignment): void {
    if (one.key === "cluster_alias") {
      // As Azure's agent: what could not stand in a label's value without quoting becomes an underscore.
      this.#clusterAlias = (this.#text(one) ?? "")
        .trim()
        .replace(/[^0-9a-zA-Z]+/g, "_")
        .replace(/^_+|_+$/g, "");
    } else if (one.key === "debug-mode") this.off(one);
    else if (one.key === "https_config") this.#flag(one);
    else if (one.key === "default_metric_account_name")
      this.#refuse(one, `${one.key} is not supported.`);
    else this.#unknown(one);
  }

  enable(one: Assignment, prefix: string): void {
    const on = this.#flag(one);
    const target = prefix + one.key;
    if (isDefaultTarget(target)) {
      if (on === true) this.#enabled.add(target);
      else this.#enabled.delete(target);
      return;
    }
    const other = OTHER_TARGETS.get(target);
    if (other === undefined) this.#unknown(one);
    else if (on === true && other === "off-by-default") {
      this.#refuse(one, `The target ${target} is not supported.`);
    } else if (on === true) this.#notScraped.push(target);
  }

  keep(one: Assignment, prefix: string): void {
    if (one.key === "minimalingestionprofile") {
      this.#minimal = this.#flag(one) ?? true;
      return;
    }
    const text = this.#text(one);
    if (!this.#isTarget(one, prefix) || text === undefined || text === "") return;
    if (this.#isRegex(one, text)) this.#keepLists.set(prefix + one.key, text);
  }

  interval(one: Assignment, prefix: string): void {
    const text = this.#text(one);
    if (!this.#isTarget(one, prefix) || text === undefined) return;
    const ms = parseDuration(text);
    if (ms === undefined || ms < 1_000) {
      this.#refuse(one, `${one.key} "${text}" is no duration of at least 1s.`);
    } else this.#intervalsMs.set(prefix + one.key, ms);
  }

  podNamespaces(one: Assignment): void {
    if (one.key !== "podannotationnamespaceregex") return this.#unknown(one);
    const text = this.#text(one) ?? "";
    if (text !== "" && this.#isRegex(one, text)) this.#podNamespaces = text;
  }

  minimal(one: Assignment, prefix: string): void {
    if (one.key !== "enabled") return this.#unknown(one);
    const on = this.#flag(one) ?? true;
    if (prefix === "") this.#minimal = on;
  }

  off(one: Assignment): void {
    if (one.key !== "enabled" && one.key !== "debug-mode") return this.#unknown(one);
    if (this.#flag(one) === true) this.#refuse(one, `${one.section ?? one.key} is not supported.`);
  }

  #isTarget(one: Assignment, prefix: string): boolean {
    const target = prefix + one.key;
    if (isDefaultTarget(target) || target === PODS || OTHER_TARGETS.has(target)) return true;
    this.#unknown(one);
    return false;
  }

  #isRegex(one: Assignment, text: string): boolean {
    try {
      RE2JS.compile(text, RE2JS.DOTALL);
      return true;
    } catch (error) {
      this.#refuse(one, `${one.key} is no expression of RE2: ${regexMistake(error)}.`);
      return false;
    }
  }

  #flag(one: Assignment): boolean | undefined {
    if (typeof one.value === "boolean") return one.value;
    this.#refuse(one, `${one.key} must be true or false.`);
    return undefined;
  }

  #text(one: Assignment): string | undefined {
    if (typeof one.value === "string") return one.value;
    this.#refuse(one, `${one.key} must be text in quotes.`);
    return undefined;
  }

  #unknown(one: Assignment): void {
    this.#refuse(one, `${one.key} is no key of this section.`);
  }

  #refuse({ line, column }: Assignment, says: string): void {
    this.problems.push({ line, column, says });
  }
}

const isDefaultTarget = (name: string): name is DefaultTarget =>
  Object.hasOwn(defaultTargets, name);
