/** Reads Azure's ConfigMap `container-azm-ms-agentconfig`. What it has and this agent does not do is named, never passed over. */
import type { FileProblem } from "../scrape-job.ts";
import { blockText, openYaml, rootFields } from "../yaml-fields.ts";
import { readLogsAssignments } from "./logs-settings-text.ts";
import type { LogsAssignment } from "./logs-settings-text.ts";
import type { LogStream } from "./cri-line.ts";
import { defaultLogsSettings, logsConfigMap, metadataFields } from "./logs-settings.ts";
import type { LogsAgentSettings, MetadataField, StreamSettings } from "./logs-settings.ts";
import { traceLanguages } from "./stack-traces.ts";
import type { TraceLanguage } from "./stack-traces.ts";

export interface ReadLogsSettings {
  readonly settings: LogsAgentSettings;
  /** What the file switches on and this agent does not do, one sentence each. */
  readonly notDone: readonly string[];
}

/** Sections of the ConfigMap that are for other parts of Azure's agent: said, where they are there. */
const OTHER_SECTIONS: ReadonlySet<string> = new Set([
  "prometheus-data-collection-settings",
  "metric_collection_settings",
  "alertable-metrics-configuration-settings",
  "integrations",
  "agent-settings",
  "geneva-logs-settings",
]);

/**
 * Reads the ConfigMap. Every problem is told with line and column: unknown tables and keys, values of the wrong type.
 *
 * @see github.com/microsoft/Docker-Provider kubernetes/container-azm-ms-agentconfig.yaml
 */
export function parseLogsSettings(
  file: string,
): ReadLogsSettings | { readonly problems: readonly FileProblem[] } {
  const { root, report } = openYaml({ text: file });
  const fields = rootFields(root, report);
  if (fields === undefined) return { problems: report.problems };
  const data = fields.fields("data");
  if (fields.text("kind") !== "ConfigMap" || data === undefined) {
    fields.tell(undefined, `This is no ConfigMap with data, as ${logsConfigMap} is.`);
    return { problems: report.problems };
  }
  const schema = (data.text("schema-version") ?? "v1").trim();
  if (schema !== "v1") data.tell("schema-version", `schema-version "${schema}" is not v1.`);
  const notDone: string[] = [];
  const draft = new SettingsDraft(report.problems, notDone);
  for (const section of data.names()) {
    if (section === "schema-version" || section === "config-version") continue;
    if (OTHER_SECTIONS.has(section)) {
      notDone.push(`${section} is not read by this agent.`);
      continue;
    }
    if (section !== "log-data-collection-settings") {
      data.tell(section, `${section} is no section of schema v1.`);
      continue;
    }
    const block = blockText(data, section, file);
    if (block === undefined) continue;
    for (const one of readLogsAssignments(block, report.problems)) draft.take(one);
  }
  const settings = draft.settings();
  return report.problems.length > 0 ? { problems: report.problems } : { settings, notDone };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

class SettingsDraft {
  readonly #problems: FileProblem[];
  readonly #notDone: string[];
  readonly #made: Mutable<LogsAgentSettings> = { ...defaultLogsSettings };
  #multiline = false;
  #languages: ReadonlySet<TraceLanguage> = new Set(traceLanguages);
  #metadata = false;
  #fields: ReadonlySet<MetadataField> = new Set(metadataFields);

  constructor(problems: FileProblem[], notDone: string[]) {
    this.#problems = problems;
    this.#notDone = notDone;
  }

  settings(): LogsAgentSettings {
    return {
      ...this.#made,
      traceLanguages: this.#multiline ? this.#languages : new Set(),
      metadataFields: this.#metadata ? this.#fields : undefined,
    };
  }

  take(one: LogsAssignment): void {
    const take = this.#keys.get(
      `${one.table.replace(/^log_collection_settings\.?/, "")} ${one.key}`,
    );
    if (take === undefined) return this.#tell(one, `${one.key} is no key of [${one.table}] here.`);
    take(one);
  }

  readonly #keys: ReadonlyMap<string, (one: LogsAssignment) => void> = new Map([
    ...(["stdout", "stderr"] as const).flatMap((stream) => this.#streamKeys(stream)),
    this.#switch("env_var", (on) => (this.#made.environment = on)),
    this.#switch("enrich_container_logs", (on) => (this.#made.enrich = on)),
    this.#switch("collect_all_kube_events", (on) => (this.#made.normalEvents = on)),
    this.#switch("filter_using_annotations", (on) => (this.#made.filterByAnnotation = on)),
    this.#switch("enable_multiline_logs", (on) => (this.#multiline = on)),
    this.#switch("metadata_collection", (on) => (this.#metadata = on)),
    this.#switch("multi_tenancy", (on) => {
      if (on)
        this.#notDone.push(
          "multi_tenancy (logs of namespaces by rules of their own) is not done by this agent.",
        );
    }),
    ["schema containerlog_schema_version", (one) => this.#schema(one)],
    [
      "enable_multiline_logs stacktrace_languages",
      (one) => {
        const names = this.#names(one, traceLanguages);
        if (names !== undefined) this.#languages = names;
      },
    ],
    [
      "metadata_collection include_fields",
      (one) => {
        const names = this.#names(one, metadataFields);
        if (names !== undefined) this.#fields = names;
      },
    ],
  ]);

  #switch(table: string, set: (on: boolean) => void): [string, (one: LogsAssignment) => void] {
    return [
      `${table} enabled`,
      (one) => {
        const on = this.#flag(one);
        if (on !== undefined) set(on);
      },
    ];
  }

  #streamKeys(stream: LogStream): [string, (one: LogsAssignment) => void][] {
    const change = (part: Partial<StreamSettings>): void => {
      this.#made[stream] = { ...this.#made[stream], ...part };
    };
    return [
      this.#switch(stream, (enabled) => change({ enabled })),
      [
        `${stream} exclude_namespaces`,
        (one) => {
          const names = this.#texts(one);
          if (names !== undefined) change({ excludedNamespaces: new Set(names) });
        },
      ],
      [
        `${stream} collect_system_pod_logs`,
        (one) => {
          const includedSystemPods = this.#texts(one)?.flatMap((name) => {
            const [, namespace, controller] = /^([a-z0-9-]+):([a-z0-9.-]+)$/.exec(name) ?? [];
            if (namespace !== undefined && controller !== undefined)
              return { namespace, controller };
            this.#tell(one, `${JSON.stringify(name)} is not NAMESPACE:CONTROLLER.`);
            return [];
          });
          if (includedSystemPods !== undefined) change({ includedSystemPods });
        },
      ],
      [
        `${stream} only_system_pods`,
        (one) => {
          if (this.#flag(one) === true)
            this.#notDone.push(`[${stream}] only_system_pods is not done by this agent.`);
        },
      ],
    ];
  }

  #schema(one: LogsAssignment): void {
    if (one.value === "v1" || one.value === "v2") this.#made.schemaVersion = one.value;
    else this.#tell(one, `${one.key} must be "v1" or "v2".`);
  }

  /** Azure's file writes switches with and without quotes. */
  #flag(one: LogsAssignment): boolean | undefined {
    const text = String(one.value).toLowerCase();
    if (text === "true" || text === "false") return text === "true";
    this.#tell(one, `${one.key} must be true or false.`);
    return undefined;
  }

  #texts(one: LogsAssignment): readonly string[] | undefined {
    if (typeof one.value === "object") return one.value;
    this.#tell(one, `${one.key} must be a list of texts.`);
    return undefined;
  }

  #names<Name extends string>(
    one: LogsAssignment,
    known: readonly Name[],
  ): ReadonlySet<Name> | undefined {
    const texts = this.#texts(one);
    if (texts === undefined) return undefined;
    const names = texts.flatMap((text) => {
      const name = known.find((each) => each.toLowerCase() === text.toLowerCase());
      if (name === undefined)
        this.#tell(one, `${JSON.stringify(text)} is none of ${known.join(", ")}.`);
      return name ?? [];
    });
    return new Set(names);
  }

  #tell({ line, column }: LogsAssignment, says: string): void {
    this.#problems.push({ line, column, says });
  }
}
