/** The agent in the laboratory's cluster: what Managed Prometheus scrapes by default, found and scraped over real sockets. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { systemClock } from "../../src/core/index.ts";
import type { Lab } from "../lab/index.ts";
import { labFor } from "../lab/testing.ts";
import { jobsOfConfig, jobsOfSettings, startLabAgent } from "./lab-agent.ts";

const settings = `kind: ConfigMap
apiVersion: v1
metadata: { name: ama-metrics-settings-configmap, namespace: kube-system }
data:
  schema-version: v1
  config-version: ver1
  default-scrape-settings-enabled: |-
    nodeexporter = false
  pod-annotation-based-scraping: |-
    podannotationnamespaceregex = "shop"
  default-targets-scrape-interval-settings: |-
    kubelet = "1s"
    cadvisor = "1s"
    kubestate = "1s"
    podannotations = "1s"
`;

/** The node exporters of the laboratory have a port each, which an annotation of their node names. */
const nodeExporters = `scrape_configs:
  - job_name: node
    scrape_interval: 1s
    kubernetes_sd_configs: [{ role: node }]
    relabel_configs:
      - source_labels: [__address__, __meta_kubernetes_node_annotation_lab_linkscope_dev_node_exporter_port]
        regex: ([^:]+)(?::\\d+)?;(\\d+)
        replacement: $1:$2
        target_label: __address__
`;

let lab: Lab;
before(async () => {
  lab = await labFor(systemClock());
});
after(() => lab.close());

test("the default jobs find kubelets, cAdvisor, kube-state-metrics and annotated pods, and the file's job the node exporters", async () => {
  const jobs = [...jobsOfSettings(settings), ...jobsOfConfig(nodeExporters)];
  const { agent, taken, until, close } = await startLabAgent(lab, jobs);
  try {
    const up = (job: string): Set<string> =>
      new Set(
        taken.flatMap(({ series, value }) =>
          value === 1 && series.startsWith("up{") && series.includes(`job="${job}"`) ? series : [],
        ),
      );
    await until("three kubelets", () => up("kubelet").size === 3);
    await until("three cAdvisors", () => up("cadvisor").size === 3);
    await until("three node exporters", () => up("node").size === 3);
    await until("kube-state-metrics", () => up("kube-state-metrics").size > 0);
    await until("annotated pods", () => up("kubernetes-pods").size > 0);
    assert.ok(
      [...up("kubelet")].every((series) =>
        /cluster="lab", instance="[^"]+", job="kubelet", metrics_path="\/metrics"/.test(series),
      ),
      [...up("kubelet")].join("\n"),
    );
    assert.match(
      [...up("kube-state-metrics")].join(),
      /instance="ama-metrics-ksm\.kube-system\.svc\.cluster\.local:8080"/,
    );
    const { discovery, targets } = agent.state();
    assert.deepEqual(
      discovery?.lists.filter(({ failure }) => failure !== undefined),
      [],
    );
    assert.equal(discovery?.invalid, 0, discovery?.lastInvalid);
    assert.deepEqual(
      targets.flatMap(({ lastFailure }) => lastFailure ?? []),
      [],
    );
    const metrics = new Set(taken.map(({ series }) => series.slice(0, series.indexOf("{"))));
    assert.ok(metrics.has("container_memory_working_set_bytes"));
    assert.ok(metrics.has("kube_pod_info"));
  } finally {
    await close();
  }
});

test("a deployment that grows is scraped as it grows, through a cut and a compaction, and what goes ends with staleness markers", async () => {
  const { agent, taken, until, close } = await startLabAgent(lab, jobsOfSettings(settings));
  try {
    const pods = (): number =>
      agent.state().targets.filter(({ job, up }) => job === "kubernetes-pods" && up === true)
        .length;
    await until("the first pods", () => pods() > 0);
    const first = pods();
    lab.compact();
    lab.cut();
    lab.scenarios.scale({ namespace: "shop", name: "web" }, first + 20);
    await until("twenty more pods or so", () => pods() >= first + 15);
    const stale = (): number =>
      taken.filter(({ series, value }) => series.startsWith("up{") && value === "stale").length;
    const before = stale();
    lab.scenarios.scale({ namespace: "shop", name: "web" }, 1);
    await until("markers of pods that went", () => stale() > before + 10);
    assert.ok(pods() < first + 15);
  } finally {
    await close();
  }
});
