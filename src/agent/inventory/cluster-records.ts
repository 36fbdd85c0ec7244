/**
 * Records of nodes, services, persistent volumes, deployments and events.
 * @see github.com/microsoft/Docker-Provider source/plugins/ruby/in_kube_nodes.rb, in_kube_podinventory.rb, in_kube_pvinventory.rb,
 *   in_kube_events.rb, in_kubestate_deployments.rb
 */
import { at, isObject, listAt, stringAt } from "../../client/index.ts";
import type { Json, JsonObject } from "../../client/index.ts";
import type { AgentRecord } from "../logs/record-intake.ts";
import { nameOf, text } from "./inventory-scope.ts";
import type { InventoryScope } from "./inventory-scope.ts";
import { bytesOf } from "./quantity.ts";

export interface Round {
  readonly scope: InventoryScope;
  readonly time: string;
}

/** KubeNodeInventory. */
export function nodeInventory(node: JsonObject, { scope, time }: Round): AgentRecord {
  const conditions = listAt(node, "status", "conditions");
  const ready = conditions.find((one) => text(one, "type") === "Ready");
  const holding = conditions.filter((one) => text(one, "status") === "True");
  const lastTransition = stringAt(ready, "lastTransitionTime");
  return {
    CollectionTime: time,
    Computer: nameOf(node).name,
    ClusterName: scope.clusterName,
    ClusterId: scope.clusterId,
    CreationTimeStamp: text(node, "metadata", "creationTimestamp"),
    Labels: [at(node, "metadata", "labels") ?? {}],
    Status: holding.map((one) => text(one, "type")).join(),
    KubernetesProviderID: text(node, "spec", "providerID").split(":")[0] || "onprem",
    ...(lastTransition === undefined ? {} : { LastTransitionTimeReady: lastTransition }),
    KubeletVersion: text(node, "status", "nodeInfo", "kubeletVersion"),
    KubeProxyVersion: text(node, "status", "nodeInfo", "kubeProxyVersion"),
  };
}

/** ContainerNodeInventory. */
export function containerNodeInventory(node: JsonObject, { time }: Round): AgentRecord {
  const runtime = text(node, "status", "nodeInfo", "containerRuntimeVersion");
  return {
    CollectionTime: time,
    Computer: nameOf(node).name,
    OperatingSystem: text(node, "status", "nodeInfo", "osImage"),
    DockerVersion: runtime.toLowerCase().startsWith("docker://")
      ? (runtime.split("//")[1] ?? "")
      : runtime,
  };
}

/** KubeServices. */
export function serviceInventory(service: JsonObject, { scope, time }: Round): AgentRecord {
  const { name, namespace } = nameOf(service);
  return {
    CollectionTime: time,
    ServiceName: name,
    Namespace: namespace,
    SelectorLabels: [at(service, "spec", "selector") ?? {}],
    ClusterId: scope.clusterId,
    ClusterName: scope.clusterName,
    ClusterIP: text(service, "spec", "clusterIP"),
    ServiceType: text(service, "spec", "type"),
  };
}

/** The kinds of volumes that have facts of their own: the specification's field, by name. */
const volumeTypes = ["azureDisk", "azureFile", "csi", "hostPath", "local", "nfs"] as const;

/** KubePVInventory. */
export function volumeInventory(volume: JsonObject, { scope, time }: Round): AgentRecord {
  const claim = at(volume, "spec", "claimRef");
  const isClaimed = text(claim, "kind") === "PersistentVolumeClaim";
  const type = volumeTypes.find((one) => isObject(at(volume, "spec", one)));
  return {
    CollectionTime: time,
    ClusterId: scope.clusterId,
    ClusterName: scope.clusterName,
    PVName: nameOf(volume).name,
    PVStatus: text(volume, "status", "phase"),
    PVAccessModes: listAt(volume, "spec", "accessModes").join(", "),
    PVStorageClassName: text(volume, "spec", "storageClassName"),
    PVCapacityBytes: bytesOf(at(volume, "spec", "capacity", "storage")) ?? 0,
    PVCreationTimeStamp: text(volume, "metadata", "creationTimestamp"),
    PVCNamespace: isClaimed ? text(claim, "namespace") : "",
    PVCName: isClaimed ? text(claim, "name") : "",
    PVType: type ?? "",
    PVTypeInfo: type === undefined ? {} : typeInfo(type, at(volume, "spec", type) ?? null),
  };
}

function typeInfo(type: (typeof volumeTypes)[number], spec: Json): JsonObject {
  switch (type) {
    case "azureDisk":
      return { DiskName: text(spec, "diskName"), DiskUri: text(spec, "diskURI") };
    case "azureFile":
      return { FileShareName: text(spec, "shareName") };
    case "csi":
      return { Driver: text(spec, "driver"), VolumeHandle: text(spec, "volumeHandle") };
    case "nfs":
      return { Server: text(spec, "server"), Path: text(spec, "path") };
    case "hostPath":
    case "local":
      return { Path: text(spec, "path") };
  }
}

/** What tells an event from another, and from itself at an earlier count. */
export const eventKey = (event: Json): string =>
  `${text(event, "metadata", "uid")}/${String(at(event, "count") ?? at(event, "series", "count") ?? "")}`;

/** KubeEvents. */
export function eventRecord(event: JsonObject, { scope, time }: Round): AgentRecord {
  const about = at(event, "involvedObject") ?? null;
  // Events of events.k8s.io have the time and the count elsewhere.
  const first = text(event, "firstTimestamp") || text(event, "eventTime");
  const count = at(event, "count") ?? at(event, "series", "count") ?? 1;
  return {
    ObjectKind: text(about, "kind"),
    Namespace: text(about, "namespace"),
    Name: text(about, "name"),
    Reason: text(event, "reason"),
    Message: text(event, "message"),
    KubeEventType: text(event, "type"),
    CollectionTime: text(event, "metadata", "creationTimestamp") || time,
    SourceComponent: text(event, "source", "component") || text(event, "reportingComponent"),
    FirstSeen: first,
    LastSeen: text(event, "lastTimestamp") || text(event, "series", "lastObservedTime") || first,
    Count: count,
    Computer: text(event, "source", "host"),
    ClusterName: scope.clusterName,
    ClusterId: scope.clusterId,
  };
}

/** A deployment as InsightsMetrics has it: the replicas that are ready, the other counts among the tags. */
export function deploymentMetric(deployment: JsonObject, { scope, time }: Round): AgentRecord {
  const { name, namespace } = nameOf(deployment);
  const count = (...path: readonly string[]): number => {
    const value = at(deployment, ...path);
    return typeof value === "number" ? value : 0;
  };
  return {
    CollectionTime: time,
    Computer: "",
    Origin: "container.azm.ms",
    Namespace: "container.azm.ms/kubestate",
    Name: "kube_deployment_status_replicas_ready",
    Value: count("status", "readyReplicas"),
    Tags: JSON.stringify({
      "container.azm.ms/clusterId": scope.clusterId,
      "container.azm.ms/clusterName": scope.clusterName,
      deployment: name,
      creationTime: text(deployment, "metadata", "creationTimestamp"),
      k8sNamespace: namespace,
      spec_replicas: count("spec", "replicas"),
      deploymentStrategy: text(deployment, "spec", "strategy", "type"),
      status_replicas_updated: count("status", "updatedReplicas"),
      status_replicas_available: count("status", "availableReplicas"),
    }),
  };
}
