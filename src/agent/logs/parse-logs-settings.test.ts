/** Azure's ConfigMap of the agent of logs: what it says, every problem of it, and what is named as not done. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultLogsSettings } from "./logs-settings.ts";
import { parseLogsSettings } from "./parse-logs-settings.ts";

const file = (settings: string, more = ""): string =>
  [
    "kind: ConfigMap",
    "apiVersion: v1",
    "data:",
    "  schema-version: v1",
    "  config-version: ver1",
    "  log-data-collection-settings: |-",
    ...settings.split("\n").map((line) => `    ${line}`),
    ...(more === "" ? [] : [more]),
    "metadata:",
    "  name: container-azm-ms-agentconfig",
    "  namespace: kube-system",
    "",
  ].join("\n");

test("without a key the defaults of Azure hold", () => {
  const read = parseLogsSettings(file("[log_collection_settings]\n# nothing"));
  assert.deepEqual(read, { settings: defaultLogsSettings, notDone: [] });
});

test("each key changes what it names, with quotes around a switch or without", () => {
  const read = parseLogsSettings(
    file(`[log_collection_settings]
   [log_collection_settings.stdout]
      enabled = true
      exclude_namespaces = ["kube-system", "noisy"] # two
      collect_system_pod_logs = ["kube-system:coredns"]
   [log_collection_settings.stderr]
      enabled = "false"
   [log_collection_settings.env_var]
      enabled = false
   [log_collection_settings.collect_all_kube_events]
      enabled = true
   [log_collection_settings.schema]
      containerlog_schema_version = "v2"
   [log_collection_settings.enable_multiline_logs]
      enabled = "true"
      stacktrace_languages = ["java", "Python"]
   [log_collection_settings.metadata_collection]
      enabled = true
      include_fields = ["podLabels", "image"]
   [log_collection_settings.filter_using_annotations]
      enabled = true`),
  );
  assert.ok("settings" in read, JSON.stringify(read));
  assert.deepEqual(read.settings, {
    stdout: {
      enabled: true,
      excludedNamespaces: new Set(["kube-system", "noisy"]),
      includedSystemPods: [{ namespace: "kube-system", controller: "coredns" }],
    },
    stderr: { ...defaultLogsSettings.stderr, enabled: false },
    schemaVersion: "v2",
    traceLanguages: new Set(["java", "python"]),
    metadataFields: new Set(["podLabels", "image"]),
    enrich: false,
    environment: false,
    normalEvents: true,
    filterByAnnotation: true,
  });
});

test("every problem has its line and column, and names what is wrong", () => {
  const read = parseLogsSettings(
    file(
      `[log_collection_settings.stdout]
enabled = perhaps
exclude_namespaces = "one"
unknown = true
[log_collection_settings.schema]
containerlog_schema_version = "v3"
[log_collection_settings.enable_multiline_logs]
stacktrace_languages = ["cobol"]
no assignment`,
      "  other-section: x",
    ),
  );
  assert.ok("problems" in read);
  assert.deepEqual(
    read.problems.map(({ line, column, says }) => `${line}:${column} ${says}`).sort(),
    [
      "10:5 unknown is no key of [log_collection_settings.stdout] here.",
      '12:5 containerlog_schema_version must be "v1" or "v2".',
      '14:5 "cobol" is none of dotnet, go, java, python.',
      "15:5 Expected [table] or key = value.",
      "16:3 other-section is no section of schema v1.",
      "8:5 The value of enabled cannot be read.",
      "9:5 exclude_namespaces must be a list of texts.",
    ],
  );
});

test("what Azure's agent does and this one does not is named", () => {
  const read = parseLogsSettings(
    file(
      "[log_collection_settings.multi_tenancy]\nenabled = true",
      "  prometheus-data-collection-settings: x",
    ),
  );
  assert.ok("settings" in read);
  assert.deepEqual(read.notDone, [
    "multi_tenancy (logs of namespaces by rules of their own) is not done by this agent.",
    "prometheus-data-collection-settings is not read by this agent.",
  ]);
});

test("a file that is no ConfigMap is refused", () => {
  const read = parseLogsSettings("kind: Secret\n");
  assert.ok("problems" in read);
  assert.match(read.problems[0]?.says ?? "", /no ConfigMap with data/);
});
