/** The life of a pod in the lab: made of a template, given a node, started, and its status at each station. */
import { createHash } from "node:crypto";
import { at, fieldsAt, listAt, textAt, timeOf } from "./kube.ts";
import type { KubeObject } from "./kube.ts";
import type { ControllerParts } from "./controllers.ts";
import { knownType } from "./resource-types.ts";

/** Every pod of the lab answers on loopback; ports tell them apart. */
export const POD_IP = "127.0.0.1";

/** Maps node names to the port that the pod's first container has there, as JSON: loopback has no address per node. */
export const PORT_BY_NODE = "lab.linkscope.dev/port-by-node";

/** A pod of an owner's template, Pending. */
export function podOf(
  owner: KubeObject,
  { name, nodeName }: { readonly name: string; readonly nodeName?: string },
): KubeObject {
  const template = fieldsAt(owner, "spec", "template");
  const annotations = fieldsAt(template, "metadata", "annotations") as Record<string, string>;
  const spec = fieldsAt(template, "spec");
  const port = nodeName === undefined ? undefined : portOn(annotations, nodeName);
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: owner.metadata.namespace ?? "default",
      labels: fieldsAt(template, "metadata", "labels") as Record<string, string>,
      annotations:
        port === undefined ? annotations : { ...annotations, "prometheus.io/port": String(port) },
      ownerReferences: [
        {
          apiVersion: owner.apiVersion,
          kind: owner.kind,
          name: owner.metadata.name,
          uid: owner.metadata.uid ?? "",
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      restartPolicy: "Always",
      serviceAccountName: "default",
      ...spec,
      containers: listAt(spec, "containers").map((container, index) =>
        index === 0 && port !== undefined ? withPort(container, port) : container,
      ),
      ...(nodeName === undefined ? {} : { nodeName }),
    },
    status: { phase: "Pending", qosClass: "Burstable" },
  };
}

function portOn(annotations: Readonly<Record<string, string>>, node: string): number | undefined {
  const table = annotations[PORT_BY_NODE];
  return table === undefined ? undefined : (JSON.parse(table) as Record<string, number>)[node];
}

const withPort = (container: unknown, port: number): unknown => ({
  ...fieldsAt(container),
  ports: [{ ...fieldsAt(listAt(container, "ports")[0]), containerPort: port, hostPort: port }],
});

export const isReadyNode = (node: KubeObject): boolean =>
  textAt(node, "spec", "unschedulable") !== "true" &&
  listAt(node, "status", "conditions").some(
    (condition) => textAt(condition, "type") === "Ready" && textAt(condition, "status") === "True",
  );

/** Gives a Pending pod a node; undefined when it has started or no node is ready. */
export function schedulePod(parts: ControllerParts, pod: KubeObject): KubeObject | undefined {
  if (textAt(pod, "status", "phase") !== "Pending" && at(pod, "status", "phase") !== undefined)
    return undefined;
  const conditions = listAt(pod, "status", "conditions");
  if (conditions.some((condition) => textAt(condition, "type") === "PodScheduled"))
    return undefined;
  const node = textAt(pod, "spec", "nodeName") || pickNode(parts);
  if (node === undefined) return undefined;
  return parts.store.put({
    ...pod,
    spec: { ...fieldsAt(pod, "spec"), nodeName: node },
    status: {
      ...fieldsAt(pod, "status"),
      phase: "Pending",
      conditions: [condition("PodScheduled", "True", parts.clock.nowMs())],
    },
  });
}

let turn = 0;

function pickNode({ store }: ControllerParts): string | undefined {
  const nodes = store.list(knownType("nodes")).filter(isReadyNode);
  return nodes.length === 0 ? undefined : nodes[turn++ % nodes.length]?.metadata.name;
}

/** Pending to Running and Ready; a pod that is gone meanwhile stays gone. */
export function startPod({ store, clock }: ControllerParts, pod: KubeObject): void {
  const present = store.get(knownType("pods"), pod.metadata);
  if (present === undefined || present.metadata.uid !== pod.metadata.uid) return;
  if (textAt(present, "status", "phase") !== "Pending") return;
  store.put({ ...present, status: runningStatus(present, clock.nowMs()) });
}

/** 64 hexadecimal digits, as a runtime names a container. */
export const containerIdOf = (pod: KubeObject, container: string): string =>
  createHash("sha256")
    .update(`${pod.metadata.uid ?? ""}/${container}`)
    .digest("hex");

export function runningStatus(pod: KubeObject, nowMs: number): object {
  return {
    ...fieldsAt(pod, "status"),
    phase: "Running",
    hostIP: POD_IP,
    podIP: POD_IP,
    podIPs: [{ ip: POD_IP }],
    startTime: textAt(pod, "status", "startTime") || timeOf(nowMs),
    conditions: ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map((type) =>
      condition(type, "True", nowMs),
    ),
    containerStatuses: listAt(pod, "spec", "containers").map((container, index) => ({
      name: textAt(container, "name"),
      image: textAt(container, "image"),
      imageID: "",
      containerID: `lab://${containerIdOf(pod, textAt(container, "name"))}`,
      ready: true,
      started: true,
      restartCount: at(pod, "status", "containerStatuses", index, "restartCount") ?? 0,
      state: { running: { startedAt: timeOf(nowMs) } },
      lastState: at(pod, "status", "containerStatuses", index, "lastState") ?? {},
    })),
  };
}

export const condition = (
  type: string,
  status: "True" | "False" | "Unknown",
  nowMs: number,
): object => ({ type, status, lastProbeTime: null, lastTransitionTime: timeOf(nowMs) });

export const isReadyPod = (pod: KubeObject): boolean =>
  pod.metadata.deletionTimestamp === undefined &&
  listAt(pod, "status", "conditions").some(
    (entry) => textAt(entry, "type") === "Ready" && textAt(entry, "status") === "True",
  );

/** Five letters and digits without vowels, as the real server names pods. */
export function suffix({ random }: ControllerParts, length = 5): string {
  const letters = "bcdfghjklmnpqrstvwxz2456789";
  return [...random.bytes(length)].map((byte) => letters[byte % letters.length]).join("");
}
