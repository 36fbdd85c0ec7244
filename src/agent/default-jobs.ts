/**
 * The jobs that Managed Prometheus scrapes by default, made of the settings. Azure's agent stands on each node and asks
 * that node; this one stands once in the cluster's network, and asks each node that the API server knows.
 *
 * @see github.com/Azure/prometheus-collector otelcollector/configmapparser/default-prom-configs
 */
import { assert, limits } from "../core/index.ts";
import { minimalProfile } from "./minimal-profile.ts";
import { relabelRule } from "./relabel-rule.ts";
import type { RelabelRuleText } from "./relabel-rule.ts";
import type { RelabelRule } from "./relabel.ts";
import { defaultProtocols, noLimits, noTls } from "./scrape-job.ts";
import type { KubernetesDiscovery, KubernetesRole, ScrapeJob } from "./scrape-job.ts";
import { defaultScrapeIntervalMs, targetNames } from "./settings.ts";
import type { AgentSettings, DefaultTarget } from "./settings.ts";

/** inferred: node-exporter of AKS nodes, which Azure's agent is told in NODE_EXPORTER_TARGETPORT. */
const NODE_EXPORTER_PORT = "19100";

/** Azure's limits of every default job. @see learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits */
const LIMITS = { ...noLimits, labels: 63, labelNameBytes: 511, labelValueBytes: 1023 };

/** The default jobs that `settings` leave on, and that of annotated pods where they name namespaces. */
export function defaultJobs(settings: AgentSettings): readonly ScrapeJob[] {
  const on = targetNames().filter((target) => settings.enabled.has(target));
  const jobs = on.map((target) => ({
    ...BUILD[target](),
    metricRelabel: keepRules(target, settings),
    ...timesOf(target, settings),
  }));
  return settings.podAnnotationNamespaces === "" ? jobs : [...jobs, annotatedPods(settings)];
}

function timesOf(
  target: string,
  { intervalsMs }: AgentSettings,
): Pick<ScrapeJob, "intervalMs" | "timeoutMs"> {
  const intervalMs = intervalsMs.get(target) ?? defaultScrapeIntervalMs;
  return { intervalMs, timeoutMs: Math.min(intervalMs, limits.scrapeTimeoutMs) };
}

/** What is kept: the minimal profile and the file's own list; everything where neither is. */
function keepRules(target: DefaultTarget, settings: AgentSettings): readonly RelabelRule[] {
  const own = settings.keepLists.get(target);
  const minimal = settings.minimalProfile ? minimalProfile[target] : [];
  const parts = [...(own === undefined ? [] : [own]), ...minimal];
  return parts.length === 0
    ? []
    : [rule({ action: "keep", sourceLabels: ["__name__"], regex: parts.join("|") })];
}

/** A rule of our own that is wrong is a bug. */
function rule(text: RelabelRuleText): RelabelRule {
  const made = relabelRule(text);
  assert("rule" in made, `A default job's rule is wrong: ${JSON.stringify(text)}`);
  return made.rule;
}

function job(
  name: string,
  more: Partial<ScrapeJob> & { readonly role: KubernetesRole; readonly namespace?: string },
): ScrapeJob {
  const { role, namespace, ...fields } = more;
  const discovery: KubernetesDiscovery = {
    role,
    namespaces: namespace === undefined ? [] : [namespace],
    ownNamespace: false,
    selectors: [],
    attachNode: false,
  };
  return {
    name,
    scheme: "http",
    metricsPath: "/metrics",
    params: [],
    intervalMs: defaultScrapeIntervalMs,
    timeoutMs: limits.scrapeTimeoutMs,
    honorLabels: false,
    honorTimestamps: true,
    followRedirects: true,
    compression: true,
    protocols: defaultProtocols,
    fallbackProtocol: "PrometheusText0.0.4",
    tls: noTls,
    authorization: undefined,
    relabel: [],
    metricRelabel: [],
    limits: LIMITS,
    static: [],
    kubernetes: [discovery],
    ...fields,
  };
}

/**
 * Kubelets have certificates of their own making: Azure's agent does not verify them, and so does this. They, and the API
 * server, are asked with the agent's own token.
 */
const overTls: Partial<ScrapeJob> = {
  scheme: "https",
  tls: { ...noTls, insecureSkipVerify: true },
  authorization: { kind: "own" },
};

const onLinux = (): RelabelRule =>
  rule({
    action: "keep",
    sourceLabels: ["__meta_kubernetes_node_label_kubernetes_io_os"],
    regex: "linux",
  });

const metricsPath = (): RelabelRule =>
  rule({ sourceLabels: ["__metrics_path__"], targetLabel: "metrics_path" });

const BUILD: Readonly<Record<DefaultTarget, () => ScrapeJob>> = {
  kubelet: () => job("kubelet", { role: "node", ...overTls, relabel: [onLinux(), metricsPath()] }),
  cadvisor: () =>
    job("cadvisor", {
      role: "node",
      ...overTls,
      metricsPath: "/metrics/cadvisor",
      relabel: [onLinux()],
    }),
  nodeexporter: () =>
    job("node", {
      role: "node",
      relabel: [
        onLinux(),
        rule({
          sourceLabels: ["__address__"],
          regex: "(.+?)(?::\\d+)?",
          replacement: `$1:${NODE_EXPORTER_PORT}`,
          targetLabel: "__address__",
        }),
        metricsPath(),
      ],
    }),
  // Azure's agent asks the service by its name, which only the cluster's own DNS knows. Here its endpoints are asked,
  // under the same instance.
  kubestate: () =>
    job("kube-state-metrics", {
      role: "endpoints",
      namespace: "kube-system",
      relabel: [
        rule({
          action: "keep",
          sourceLabels: ["__meta_kubernetes_service_name", "__meta_kubernetes_endpoint_port_name"],
          regex: "(?:ama-metrics-ksm|kube-state-metrics);(?:http|http-metrics|)",
        }),
        rule({
          sourceLabels: ["__meta_kubernetes_service_name", "__meta_kubernetes_namespace"],
          regex: "(.+);(.+)",
          replacement: "$1.$2.svc.cluster.local:8080",
          targetLabel: "instance",
        }),
      ],
    }),
  coredns: () =>
    job("kube-dns", {
      role: "pod",
      namespace: "kube-system",
      relabel: [
        rule({
          action: "keep",
          sourceLabels: ["__meta_kubernetes_pod_name", "__meta_kubernetes_pod_container_port_name"],
          regex: "coredns.+;metrics",
        }),
        rule({ sourceLabels: ["__meta_kubernetes_pod_name"], targetLabel: "pod" }),
      ],
    }),
  kubeproxy: () =>
    job("kube-proxy", {
      role: "pod",
      namespace: "kube-system",
      relabel: [
        rule({
          action: "keep",
          sourceLabels: ["__meta_kubernetes_pod_name"],
          regex: "kube-proxy.+",
        }),
        rule({
          sourceLabels: ["__address__"],
          regex: "(.+?)(?::\\d+)?",
          replacement: "$1:10249",
          targetLabel: "__address__",
        }),
      ],
    }),
  apiserver: () =>
    job("kube-apiserver", {
      role: "endpoints",
      namespace: "default",
      ...overTls,
      relabel: [
        rule({
          action: "keep",
          sourceLabels: ["__meta_kubernetes_service_name", "__meta_kubernetes_endpoint_port_name"],
          regex: "kubernetes;https",
        }),
      ],
    }),
};

/** @see …/default-prom-configs/podannotationsDefault.yml */
function annotatedPods(settings: AgentSettings): ScrapeJob {
  const annotation = (name: string): string =>
    `__meta_kubernetes_pod_annotation_prometheus_io_${name}`;
  const keep = settings.keepLists.get("podannotations");
  return {
    ...job("kubernetes-pods", {
      role: "pod",
      relabel: [
        rule({ action: "keep", sourceLabels: [annotation("scrape")], regex: "true" }),
        rule({
          sourceLabels: [annotation("path")],
          regex: "(.+)",
          targetLabel: "__metrics_path__",
        }),
        rule({
          sourceLabels: ["__address__", annotation("port")],
          regex: "([^:]+)(?::\\d+)?;(\\d+)",
          replacement: "$1:$2",
          targetLabel: "__address__",
        }),
        rule({
          sourceLabels: [annotation("scheme")],
          regex: "(https?)",
          targetLabel: "__scheme__",
        }),
        rule({ action: "labelmap", regex: "__meta_kubernetes_pod_label_(.+)" }),
        rule({
          sourceLabels: ["__meta_kubernetes_namespace"],
          targetLabel: "kubernetes_namespace",
        }),
        rule({ sourceLabels: ["__meta_kubernetes_pod_name"], targetLabel: "kubernetes_pod_name" }),
        rule({
          action: "keep",
          sourceLabels: ["__meta_kubernetes_namespace"],
          regex: settings.podAnnotationNamespaces,
        }),
      ],
    }),
    metricRelabel:
      keep === undefined ? [] : [rule({ action: "keep", sourceLabels: ["__name__"], regex: keep })],
    ...timesOf("podannotations", settings),
  };
}
