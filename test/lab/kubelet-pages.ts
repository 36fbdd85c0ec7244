/** What a kubelet answers: its metrics, cAdvisor's, the probes', and the stats summary, computed from the node's pods. */
import { family } from "./exposition.ts";
import type { Family, LabelSet } from "./exposition.ts";
import { listAt, numberAt, textAt, timeOf } from "./kube.ts";
import type { KubeObject } from "./kube.ts";
import { round, usageOf } from "./usage.ts";
import type { Usage } from "./usage.ts";

export interface NodeView {
  readonly node: KubeObject;
  readonly pods: readonly KubeObject[];
  readonly nowMs: number;
}

interface ContainerView {
  readonly labels: LabelSet;
  readonly usage: Usage;
  readonly limitBytes: number;
}

const startOf = (object: KubeObject): number =>
  Date.parse(textAt(object, "status", "startTime") || (object.metadata.creationTimestamp ?? ""));

const isRunning = (pod: KubeObject): boolean => textAt(pod, "status", "phase") === "Running";

function containersOf({ pods, nowMs }: NodeView): readonly ContainerView[] {
  return pods.filter(isRunning).flatMap((pod) =>
    listAt(pod, "spec", "containers").map((container): ContainerView => {
      const name = textAt(container, "name");
      const uid = pod.metadata.uid ?? "";
      return {
        labels: {
          container: name,
          id: `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uid.replaceAll("-", "_")}.slice/${name}`,
          image: textAt(container, "image"),
          name: `${uid}-${name}`,
          namespace: pod.metadata.namespace ?? "",
          pod: pod.metadata.name,
        },
        usage: usageOf(`${uid}/${name}`, startOf(pod), nowMs),
        limitBytes: memoryOf(textAt(container, "resources", "limits", "memory")),
      };
    }),
  );
}

/** `256Mi` and `1Gi`, the only forms that the lab's cluster writes; 0 when there is no limit. */
function memoryOf(quantity: string): number {
  const parsed = /^(\d+)(Mi|Gi|Ki)$/.exec(quantity);
  if (parsed === null) return 0;
  const factor = { Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3 }[parsed[2] ?? "Ki"] ?? 1;
  return Number(parsed[1]) * factor;
}

/** `/metrics/cadvisor`. */
export function cadvisorFamilies(view: NodeView): readonly Family[] {
  const containers = containersOf(view);
  const of = (value: (container: ContainerView) => number, more: LabelSet = {}) =>
    containers.map((container): readonly [LabelSet, number] => [
      { ...container.labels, ...more },
      value(container),
    ]);
  const network = view.pods
    .filter(isRunning)
    .map((pod): readonly [LabelSet, number] => [
      { interface: "eth0", namespace: pod.metadata.namespace ?? "", pod: pod.metadata.name },
      usageOf(`${pod.metadata.uid ?? ""}/net`, startOf(pod), view.nowMs).networkBytes,
    ]);
  const memory = ({ usage }: ContainerView): number => usage.memoryBytes;
  return [
    family(
      "counter",
      "container_cpu_usage_seconds_total",
      "Cumulative cpu time consumed in seconds.",
      of(({ usage }) => usage.cpuSeconds, { cpu: "total" }),
    ),
    family(
      "gauge",
      "container_memory_working_set_bytes",
      "Current working set in bytes.",
      of(memory),
    ),
    family("gauge", "container_memory_usage_bytes", "Current memory usage in bytes.", of(memory)),
    family(
      "gauge",
      "container_memory_rss",
      "Size of RSS in bytes.",
      of((c) => Math.round(memory(c) * 0.8)),
    ),
    family(
      "gauge",
      "container_memory_cache",
      "Number of bytes of page cache memory.",
      of((c) => Math.round(memory(c) * 0.1)),
    ),
    family(
      "gauge",
      "container_spec_memory_limit_bytes",
      "Memory limit for the container.",
      of(({ limitBytes }) => limitBytes),
    ),
    family(
      "counter",
      "container_cpu_cfs_throttled_periods_total",
      "Number of throttled period intervals.",
      of(({ usage }) => Math.floor(usage.ageS / 60)),
    ),
    family(
      "counter",
      "container_network_receive_bytes_total",
      "Cumulative count of bytes received.",
      network,
    ),
    family(
      "counter",
      "container_network_transmit_bytes_total",
      "Cumulative count of bytes transmitted.",
      network,
    ),
    family("gauge", "machine_cpu_cores", "Number of logical CPU cores.", [[{}, cores(view.node)]]),
    family("gauge", "machine_memory_bytes", "Amount of memory installed on the machine.", [
      [{}, memoryOf(textAt(view.node, "status", "capacity", "memory"))],
    ]),
  ];
}

const cores = (node: KubeObject): number => Number(textAt(node, "status", "capacity", "cpu"));

/** `/metrics`. */
export function kubeletFamilies(view: NodeView): readonly Family[] {
  const { node, pods } = view;
  const running = pods.filter(isRunning);
  const usage = usageOf(`${node.metadata.uid ?? ""}/kubelet`, startOf(node), view.nowMs);
  const starts = running.length;
  return [
    family("gauge", "kubelet_node_name", "The node's name. The count is always 1.", [
      [{ node: node.metadata.name }, 1],
    ]),
    family("gauge", "kubelet_running_pods", "Number of pods that have a running pod sandbox", [
      [{}, running.length],
    ]),
    family("gauge", "kubelet_running_containers", "Number of containers currently running", [
      [{ container_state: "running" }, containersOf(view).length],
    ]),
    family(
      "counter",
      "kubelet_runtime_operations_total",
      "Cumulative number of runtime operations by operation type.",
      [
        [{ operation_type: "list_containers" }, Math.floor(usage.ageS)],
        [{ operation_type: "create_container" }, starts],
      ],
    ),
    family(
      "counter",
      "kubelet_runtime_operations_errors_total",
      "Cumulative number of runtime operation errors by operation type.",
      [[{ operation_type: "create_container" }, 0]],
    ),
    { ...startDurations(starts) },
    family(
      "counter",
      "rest_client_requests_total",
      "Number of HTTP requests, partitioned by status code, method, and host.",
      [[{ code: "200", host: "127.0.0.1", method: "GET" }, Math.floor(usage.ageS / 10)]],
    ),
    family("gauge", "volume_manager_total_volumes", "Number of volumes in Volume Manager", [
      [{ plugin_name: "kubernetes.io/projected", state: "actual_state_of_world" }, running.length],
    ]),
    family(
      "counter",
      "process_cpu_seconds_total",
      "Total user and system CPU time spent in seconds.",
      [[{}, usage.cpuSeconds]],
    ),
    family("gauge", "process_resident_memory_bytes", "Resident memory size in bytes.", [
      [{}, usage.memoryBytes],
    ]),
    family("gauge", "kubernetes_build_info", "The version of this synthetic kubelet.", [
      [
        {
          git_version: textAt(node, "status", "nodeInfo", "kubeletVersion"),
          platform: "lab/synthetic",
        },
        1,
      ],
    ]),
  ];
}

/** A histogram in which each pod took 1.5 s to start. */
function startDurations(count: number): Family {
  const bounds = ["0.5", "1", "2", "3", "5", "+Inf"];
  return {
    name: "kubelet_pod_start_duration_seconds",
    type: "histogram",
    help: "Duration in seconds from kubelet seeing a pod for the first time to the pod starting to run",
    samples: [
      ...bounds.map((le) => ({
        suffix: "_bucket",
        labels: { le },
        value: le === "+Inf" || Number(le) >= 1.5 ? count : 0,
      })),
      { suffix: "_sum", labels: {}, value: round(count * 1.5) },
      { suffix: "_count", labels: {}, value: count },
    ],
  };
}

/** `/metrics/probes`. */
export function probeFamilies(view: NodeView): readonly Family[] {
  const samples = view.pods.flatMap((pod) =>
    listAt(pod, "spec", "containers").flatMap((container) =>
      (["Liveness", "Readiness"] as const)
        .filter(
          (probe) => textAt(container, `${probe.toLowerCase()}Probe`, "httpGet", "path") !== "",
        )
        .map((probe_type): readonly [LabelSet, number] => [
          {
            container: textAt(container, "name"),
            namespace: pod.metadata.namespace ?? "",
            pod: pod.metadata.name,
            pod_uid: pod.metadata.uid ?? "",
            probe_type,
            result: isRunning(pod) ? "successful" : "failed",
          },
          Math.floor(Math.max(0, view.nowMs - startOf(pod)) / 10_000),
        ]),
    ),
  );
  return [
    family(
      "counter",
      "prober_probe_total",
      "Cumulative number of a liveness, readiness or startup probe for a container by result.",
      samples,
    ),
  ];
}

/** `/stats/summary`. */
export function statsSummary(view: NodeView): object {
  const { node, pods, nowMs } = view;
  const usage = usageOf(node.metadata.uid ?? "", startOf(node), nowMs);
  return {
    node: {
      nodeName: node.metadata.name,
      startTime: timeOf(startOf(node)),
      ...statsOf(usage, nowMs),
      network: networkOf(usage, nowMs),
      fs: { time: timeOf(nowMs), availableBytes: 90e9, capacityBytes: 130e9, usedBytes: 40e9 },
    },
    pods: pods.filter(isRunning).map((pod) => podStats(pod, nowMs)),
  };
}

function podStats(pod: KubeObject, nowMs: number): object {
  const uid = pod.metadata.uid ?? "";
  const usage = usageOf(`${uid}/net`, startOf(pod), nowMs);
  return {
    podRef: { name: pod.metadata.name, namespace: pod.metadata.namespace, uid },
    startTime: timeOf(startOf(pod)),
    containers: listAt(pod, "spec", "containers").map((container) => ({
      name: textAt(container, "name"),
      startTime: timeOf(startOf(pod)),
      ...statsOf(usageOf(`${uid}/${textAt(container, "name")}`, startOf(pod), nowMs), nowMs),
    })),
    ...statsOf(usage, nowMs),
    network: networkOf(usage, nowMs),
    volume: listAt(pod, "spec", "volumes")
      .filter((volume) => textAt(volume, "persistentVolumeClaim", "claimName") !== "")
      .map((volume) => ({
        name: textAt(volume, "name"),
        time: timeOf(nowMs),
        capacityBytes: 8 * 2 ** 30,
        usedBytes: 3 * 2 ** 30,
        availableBytes: 5 * 2 ** 30,
        pvcRef: {
          name: textAt(volume, "persistentVolumeClaim", "claimName"),
          namespace: pod.metadata.namespace,
        },
      })),
  };
}

const statsOf = (usage: Usage, nowMs: number): object => ({
  cpu: {
    time: timeOf(nowMs),
    usageNanoCores: Math.round(usage.cpuCores * 1e9),
    usageCoreNanoSeconds: Math.round(usage.cpuSeconds * 1e9),
  },
  memory: {
    time: timeOf(nowMs),
    workingSetBytes: usage.memoryBytes,
    usageBytes: usage.memoryBytes,
    rssBytes: Math.round(usage.memoryBytes * 0.8),
  },
});

const networkOf = (usage: Usage, nowMs: number): object => ({
  time: timeOf(nowMs),
  name: "eth0",
  rxBytes: usage.networkBytes,
  txBytes: usage.networkBytes,
});

/** Restarts of all containers of a pod. */
export const restartsOf = (pod: KubeObject): number =>
  listAt(pod, "status", "containerStatuses").reduce<number>(
    (sum, status) => sum + numberAt(status, "restartCount"),
    0,
  );
