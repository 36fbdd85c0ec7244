/**
 * Records of pods and containers: KubePodInventory, ContainerInventory.
 * @see github.com/microsoft/Docker-Provider source/plugins/ruby/in_kube_podinventory.rb, kubernetes_container_inventory.rb
 */
import { at, isObject, listAt, stringAt } from "../../client/index.ts";
import type { Json, JsonObject } from "../../client/index.ts";
import type { AgentRecord } from "../logs/record-intake.ts";
import { nameOf, text } from "./inventory-scope.ts";
import type { InventoryScope } from "./inventory-scope.ts";

/**
 * The pod's uid as Azure counts it: a pod of kube-system without an owner has its manifest's hash instead, as cAdvisor
 * does; undefined where there is none.
 */
export function podUidOf(pod: Json): string | undefined {
  const isStatic =
    stringAt(pod, "metadata", "namespace") === "kube-system" &&
    at(pod, "metadata", "ownerReferences") === undefined;
  return isStatic
    ? stringAt(pod, "metadata", "annotations", "kubernetes.io/config.hash")
    : stringAt(pod, "metadata", "uid");
}

/** One record for each container of the pod, or one for a pod that has none yet. */
export function podInventory(
  pod: JsonObject,
  serviceOf: ServiceOfPod,
  { scope, time }: { readonly scope: InventoryScope; readonly time: string },
): readonly AgentRecord[] {
  const podUid = podUidOf(pod);
  if (podUid === undefined) return [];
  const { name, namespace } = nameOf(pod);
  const statuses = containerStatuses(pod);
  const [owner] = listAt(pod, "metadata", "ownerReferences");
  const record = {
    CollectionTime: time,
    Name: name,
    PodUid: podUid,
    PodLabel: [at(pod, "metadata", "labels") ?? {}],
    Namespace: namespace,
    PodCreationTimeStamp: text(pod, "metadata", "creationTimestamp"),
    PodStartTime: text(pod, "status", "startTime"),
    PodStatus: podStatus(pod),
    PodIp: text(pod, "status", "podIP"),
    Computer: text(pod, "spec", "nodeName"),
    ClusterId: scope.clusterId,
    ClusterName: scope.clusterName,
    ServiceName: serviceOf(pod),
    ...(owner === undefined
      ? {}
      : { ControllerKind: text(owner, "kind"), ControllerName: text(owner, "name") }),
    PodRestartCount: statuses.reduce<number>((sum, one) => sum + restartsOf(one), 0),
  };
  if (statuses.length === 0) return [record];
  const isLost = isOfLostNode(pod);
  return statuses.map((status) => ({ ...record, ...containerFields(status, { podUid, isLost }) }));
}

function containerFields(
  status: Json,
  { podUid, isLost }: { readonly podUid: string; readonly isLost: boolean },
): AgentRecord {
  const state = at(status, "state");
  const [stateName = ""] = isObject(state) ? Object.keys(state) : [];
  const running = stringAt(status, "state", "running", "startedAt");
  return {
    ContainerID: containerId(status),
    ContainerName: `${podUid}/${text(status, "name")}`,
    ContainerRestartCount: restartsOf(status),
    ContainerStatus: isLost ? "Unknown" : stateName,
    ContainerStatusReason: running === undefined ? text(status, "state", stateName, "reason") : "",
    ...(running === undefined ? {} : { ContainerCreationTimeStamp: running }),
    ContainerLastStatus: lastStatus(at(status, "lastState") ?? null),
  };
}

function lastStatus(lastState: Json): JsonObject {
  const names = isObject(lastState) ? Object.keys(lastState) : [];
  const [name = ""] = names;
  const reason = stringAt(lastState, name, "reason");
  const startedAt = stringAt(lastState, name, "startedAt");
  const finishedAt = stringAt(lastState, name, "finishedAt");
  if (names.length !== 1 || reason === undefined) return {};
  if (startedAt === undefined || finishedAt === undefined) return {};
  return { lastState: name, reason, startedAt, finishedAt };
}

function podStatus(pod: Json): string {
  if (isOfLostNode(pod)) return "Unknown";
  return text(pod, "metadata", "deletionTimestamp") === ""
    ? text(pod, "status", "phase")
    : "Terminating";
}

const isOfLostNode = (pod: Json): boolean =>
  stringAt(pod, "status", "reason") === "NodeLost" &&
  listAt(pod, "status", "conditions").some(
    (one) => stringAt(one, "type") === "Ready" && stringAt(one, "status") === "False",
  );

/** The name of the service that a pod is of; empty where there is none. */
export type ServiceOfPod = (pod: Json) => string;

/** Finds the first service of a pod's namespace whose selector its labels fulfil. */
export function servicesByPods(services: Iterable<JsonObject>): ServiceOfPod {
  interface Service {
    readonly name: string;
    readonly selector: readonly (readonly [string, Json | undefined])[];
  }
  const byNamespace = new Map<string, Service[]>();
  for (const service of services) {
    const selector = at(service, "spec", "selector");
    const wanted = isObject(selector) ? Object.entries(selector) : [];
    if (wanted.length === 0) continue;
    const { name, namespace } = nameOf(service);
    const known = byNamespace.get(namespace) ?? [];
    known.push({ name, selector: wanted });
    byNamespace.set(namespace, known);
  }
  return (pod) => {
    const labels = at(pod, "metadata", "labels") ?? null;
    const found = byNamespace
      .get(nameOf(pod).namespace)
      ?.find(({ selector }) =>
        selector.every(([label, value]) => stringAt(labels, label) === value),
      );
    return found?.name ?? "";
  };
}

const containerStatuses = (pod: Json): readonly Json[] => [
  ...listAt(pod, "status", "containerStatuses"),
  ...listAt(pod, "status", "initContainerStatuses"),
];

function restartsOf(status: Json): number {
  const count = at(status, "restartCount");
  return typeof count === "number" ? count : 0;
}

/** `containerd://ID` without the runtime. */
const containerId = (status: Json): string => text(status, "containerID").split("//")[1] ?? "";

/** Azure cuts the variables there: a record may not have more than 64 KiB of them. */
const ENVIRONMENT_CHARS_MAX = 64_000;

/**
 * One record for each container of the pod.
 *
 * Environment variables are those that the pod's specification has: the agent of Azure reads the process's own, which
 * needs the host's process table. Values from secrets are not resolved.
 */
export function containerInventory(
  pod: JsonObject,
  { time, environment }: { readonly time: string; readonly environment: boolean },
): readonly AgentRecord[] {
  const containers = new Map(
    [...listAt(pod, "spec", "containers"), ...listAt(pod, "spec", "initContainers")].map((one) => [
      text(one, "name"),
      one,
    ]),
  );
  const { name: podName, namespace } = nameOf(pod);
  return containerStatuses(pod).map((status) => {
    const name = text(status, "name");
    const container = containers.get(name) ?? null;
    const id = containerId(status);
    const imageId = text(status, "imageID");
    return {
      CollectionTime: time,
      InstanceID: id,
      ImageId: imageId.slice(imageId.indexOf("@") + 1),
      ...imageParts(text(status, "image") || text(container, "image")),
      ...stateFields(status),
      ElementName: `k8s_${name}_${podName}_${namespace}_${id}_${restartsOf(status)}`,
      Computer: text(pod, "spec", "nodeName"),
      ContainerHostname: podName,
      CreatedTime: text(pod, "metadata", "creationTimestamp"),
      EnvironmentVar: environment
        ? environmentOf(container)
        : "AZMON_CLUSTER_COLLECT_ENV_VAR=FALSE",
      Ports: jsonOf(container, "ports"),
      Command: jsonOf(container, "command"),
    };
  });
}

function stateFields(status: Json): AgentRecord {
  const ended = at(status, "state", "terminated");
  if (isObject(ended)) {
    const code = at(ended, "exitCode");
    const exitCode = typeof code === "number" ? (code < 0 ? 128 : code) : 0;
    return {
      State: exitCode > 0 ? "Failed" : "Terminated",
      ExitCode: exitCode,
      StartedTime: text(ended, "startedAt"),
      FinishedTime: text(ended, "finishedAt"),
    };
  }
  const startedAt = stringAt(status, "state", "running", "startedAt");
  if (startedAt === undefined) return { State: "Waiting", ExitCode: 0 };
  return { State: "Running", ExitCode: 0, StartedTime: startedAt };
}

/** `repository/image:tag@digest`, each part but the image at will. */
function imageParts(image: string): AgentRecord {
  const [whole = ""] = image.split("@");
  const slash = whole.indexOf("/");
  const rest = whole.slice(slash + 1);
  const colon = rest.lastIndexOf(":");
  const hasDigest = image.includes("@");
  return {
    Repository: slash < 0 ? "" : whole.slice(0, slash),
    Image: colon < 0 ? rest : rest.slice(0, colon),
    ImageTag: colon < 0 ? (hasDigest ? "" : "latest") : rest.slice(colon + 1),
  };
}

function environmentOf(container: Json): string {
  const variables = listAt(container, "env").map((one) => {
    const name = text(one, "name");
    const value = stringAt(one, "value");
    if (value !== undefined) return `${name}=${value}`;
    const source = at(one, "valueFrom");
    return `${name}=${isObject(source) ? Object.keys(source).join() : ""}`;
  });
  // The switch that Azure's agent reads of a container's own variables.
  const off = variables.find((one) => one.toUpperCase() === "AZMON_COLLECT_ENV=FALSE");
  if (off !== undefined) return JSON.stringify([off]);
  let kept = variables;
  while (JSON.stringify(kept).length > ENVIRONMENT_CHARS_MAX)
    kept = kept.slice(0, kept.length >> 1);
  return JSON.stringify(kept);
}

function jsonOf(container: Json, field: string): string {
  const value = at(container, field);
  return value === undefined ? "" : JSON.stringify(value).slice(0, ENVIRONMENT_CHARS_MAX);
}
