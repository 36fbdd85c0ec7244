/**
 * Records of performance: what nodes and containers may use, by the API server; what they use, by the kubelet.
 * @see github.com/microsoft/Docker-Provider source/plugins/ruby/KubernetesApiClient.rb, CAdvisorMetricsAPIClient.rb
 */
import { at, listAt, stringAt } from "../../client/index.ts";
import type { Json, JsonObject, LogsSettings } from "../../client/index.ts";
import type { AgentRecord } from "../logs/record-intake.ts";
import type { Round } from "./cluster-records.ts";
import { isFiltered, nameOf, text } from "./inventory-scope.ts";
import { podUidOf } from "./pod-records.ts";
import { bytesOf, nanoCoresOf } from "./quantity.ts";

interface Counter {
  readonly node: string;
  readonly object: "K8SNode" | "K8SContainer";
  readonly instance: string;
  readonly counter: string;
  readonly value: unknown;
}

/** A counter; none where it has no number. */
function counterRecord({ time }: Round, counter: Counter): readonly AgentRecord[] {
  if (typeof counter.value !== "number" || !Number.isFinite(counter.value)) return [];
  return [
    {
      Timestamp: time,
      Host: counter.node,
      Computer: counter.node,
      ObjectName: counter.object,
      InstanceName: counter.instance,
      json_Collections: JSON.stringify([{ CounterName: counter.counter, Value: counter.value }]),
    },
  ];
}

/** Capacity of a node, and what of it pods may have. */
export function nodeCapacity(node: JsonObject, round: Round): readonly AgentRecord[] {
  const { name } = nameOf(node);
  const of = (counter: string, value: number | undefined): readonly AgentRecord[] =>
    counterRecord(round, {
      node: name,
      object: "K8SNode",
      instance: `${round.scope.clusterId}/${name}`,
      counter,
      value,
    });
  return [
    ...of("cpuAllocatableNanoCores", nanoCoresOf(at(node, "status", "allocatable", "cpu"))),
    ...of("memoryAllocatableBytes", bytesOf(at(node, "status", "allocatable", "memory"))),
    ...of("cpuCapacityNanoCores", nanoCoresOf(at(node, "status", "capacity", "cpu"))),
    ...of("memoryCapacityBytes", bytesOf(at(node, "status", "capacity", "memory"))),
  ];
}

/** Requests and limits of a pod's containers; a container without a limit has what its node can give. */
export function containerResources(
  pod: JsonObject,
  node: JsonObject | undefined,
  round: Round,
): readonly AgentRecord[] {
  const podUid = podUidOf(pod);
  const nodeName = text(pod, "spec", "nodeName");
  if (podUid === undefined || nodeName === "") return [];
  const containers = [
    ...listAt(pod, "spec", "containers"),
    ...listAt(pod, "spec", "initContainers"),
  ];
  return containers.flatMap((container) => {
    const of = (counter: string, value: number | undefined): readonly AgentRecord[] =>
      counterRecord(round, {
        node: nodeName,
        object: "K8SContainer",
        instance: `${round.scope.clusterId}/${podUid}/${text(container, "name")}`,
        counter,
        value,
      });
    const limit = (what: string): Json | undefined =>
      at(container, "resources", "limits", what) ?? at(node, "status", "allocatable", what);
    return [
      ...of("cpuRequestNanoCores", nanoCoresOf(at(container, "resources", "requests", "cpu"))),
      ...of("memoryRequestBytes", bytesOf(at(container, "resources", "requests", "memory"))),
      ...of("cpuLimitNanoCores", nanoCoresOf(limit("cpu"))),
      ...of("memoryLimitBytes", bytesOf(limit("memory"))),
    ];
  });
}

/** Use of a node and its containers, of the kubelet's `/stats/summary`. */
export function usageRecords(
  summary: JsonObject,
  {
    node,
    settings,
    round,
  }: { readonly node: string; readonly settings: LogsSettings; readonly round: Round },
): readonly AgentRecord[] {
  const { clusterId } = round.scope;
  const whole = usageOf(at(summary, "node") ?? null, {
    node,
    object: "K8SNode",
    instance: `${clusterId}/${node}`,
    round,
  });
  const pods = listAt(summary, "pods").filter((pod) => !isFiltered(settings, podRef(pod)));
  const containers = pods.flatMap((pod) =>
    listAt(pod, "containers").flatMap((container) =>
      usageOf(container, {
        node,
        object: "K8SContainer",
        instance: `${clusterId}/${text(pod, "podRef", "uid")}/${text(container, "name")}`,
        round,
      }),
    ),
  );
  return [...whole, ...containers];
}

const podRef = (pod: Json): { readonly name: string; readonly namespace: string } => ({
  name: text(pod, "podRef", "name"),
  namespace: text(pod, "podRef", "namespace"),
});

function usageOf(
  stats: Json,
  { round, ...subject }: Pick<Counter, "node" | "object" | "instance"> & { readonly round: Round },
): readonly AgentRecord[] {
  const of = (counter: string, value: unknown): readonly AgentRecord[] =>
    counterRecord(round, { ...subject, counter, value });
  const startedMs = Date.parse(text(stats, "startTime"));
  return [
    ...of("cpuUsageNanoCores", at(stats, "cpu", "usageNanoCores")),
    ...of("memoryRssBytes", at(stats, "memory", "rssBytes")),
    ...of("memoryWorkingSetBytes", at(stats, "memory", "workingSetBytes")),
    ...of("restartTimeEpoch", Number.isNaN(startedMs) ? undefined : Math.floor(startedMs / 1000)),
  ];
}

/** Disk, network and claimed volumes of a node as InsightsMetrics has them. Which tags the node's own disk has is inferred. */
export function nodeMetrics(
  summary: JsonObject,
  {
    node,
    settings,
    round,
  }: { readonly node: string; readonly settings: LogsSettings; readonly round: Round },
): readonly AgentRecord[] {
  const { scope, time } = round;
  const tags = {
    "container.azm.ms/clusterId": scope.clusterId,
    "container.azm.ms/clusterName": scope.clusterName,
    hostName: node,
  };
  const metric = (
    namespace: string,
    name: string,
    value: unknown,
    more: Readonly<Record<string, string | number>> = {},
  ): readonly AgentRecord[] =>
    typeof value === "number"
      ? [
          {
            CollectionTime: time,
            Computer: node,
            Origin: "container.azm.ms",
            Namespace: `container.azm.ms/${namespace}`,
            Name: name,
            Value: value,
            Tags: JSON.stringify({ ...tags, ...more }),
          },
        ]
      : [];
  const disk = at(summary, "node", "fs") ?? null;
  const used = at(disk, "usedBytes");
  const capacity = at(disk, "capacityBytes");
  const usedPercent =
    typeof used === "number" && typeof capacity === "number" && capacity > 0
      ? (100 * used) / capacity
      : undefined;
  const network = at(summary, "node", "network") ?? null;
  const device = { interface: text(network, "name") };
  return [
    ...metric("disk", "used", used),
    ...metric("disk", "free", at(disk, "availableBytes")),
    ...metric("disk", "used_percent", usedPercent),
    ...metric("net", "bytes_recv", at(network, "rxBytes"), device),
    ...metric("net", "bytes_sent", at(network, "txBytes"), device),
    ...listAt(summary, "pods")
      .filter((pod) => !isFiltered(settings, podRef(pod)))
      // As Azure has it by default, volumes of kube-system are left out.
      .filter((pod) => podRef(pod).namespace !== "kube-system")
      .flatMap((pod) =>
        listAt(pod, "volume")
          .filter((volume) => stringAt(volume, "pvcRef", "name") !== undefined)
          .flatMap((volume) =>
            metric("pv", "pvUsedBytes", at(volume, "usedBytes"), {
              podUid: text(pod, "podRef", "uid"),
              podName: podRef(pod).name,
              pvcName: text(volume, "pvcRef", "name"),
              pvcNamespace: text(volume, "pvcRef", "namespace"),
              volumeName: text(volume, "name"),
              pvCapacityBytes: numberOf(at(volume, "capacityBytes")),
            }),
          ),
      ),
  ];
}

const numberOf = (value: Json | undefined): number => (typeof value === "number" ? value : 0);

/** A heartbeat of a node. @see learn.microsoft.com/azure/azure-monitor/reference/tables/heartbeat; the spelling on the wire is inferred */
export function heartbeat(
  node: { readonly name: string; readonly osName: string; readonly addresses: readonly string[] },
  { time }: Round,
): AgentRecord {
  const [major = "", minor = ""] = /(\d+)(?:\.(\d+))?/.exec(node.osName)?.slice(1) ?? [];
  return {
    Timestamp: time,
    Computer: node.name,
    OSType: "Linux",
    Category: "Azure Monitor Agent",
    SCAgentChannel: "Direct",
    OSName: node.osName,
    OSMajorVersion: major,
    OSMinorVersion: minor ?? "",
    ComputerPrivateIps: node.addresses,
  };
}
