/** Scripted scenarios of the lab's cluster, on its clock: rollout, crash loop, node not ready, scale. */
import type { Clock, Timer } from "../../src/core/index.ts";
import type { Controllers } from "./controllers.ts";
import { readBody, parseFields, sendJson } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import { at, fieldsAt, listAt, numberAt, textAt, timeOf } from "./kube.ts";
import type { Fields, KubeObject } from "./kube.ts";
import type { Kubelets } from "./kubelet.ts";
import type { Watches } from "./list-watch.ts";
import type { ObjectStore } from "./object-store.ts";
import type { PodLogs } from "./pod-log.ts";
import { condition, isReadyNode, runningStatus } from "./pods.ts";
import { recordEvent } from "./record-event.ts";
import { knownType } from "./resource-types.ts";
import { badRequest, noSuchPath, notFound } from "./status.ts";

export interface Named {
  readonly namespace: string;
  readonly name: string;
}

export interface Scenarios {
  /** Gives the deployment's first container another image; its controller rolls it out. */
  readonly rollout: (deployment: Named, image: string) => void;
  readonly scale: (deployment: Named, replicas: number) => void;
  /** The pod's container ends with code 1 again and again, waiting 10 s, 20 s … 5 min between, as a kubelet does. */
  readonly crashLoop: (pod: Named) => void;
  /** Ends the crash loop: the container runs. */
  readonly recover: (pod: Named) => void;
  /** The node's kubelet is silent and unreachable; its pods are evicted `evictAfterMs` later. */
  readonly nodeNotReady: (node: string, evictAfterMs?: number) => Promise<void>;
  readonly nodeReady: (node: string) => Promise<void>;
  readonly stop: () => void;
}

export interface ScenarioParts {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly kubelets: Kubelets;
  readonly logs: PodLogs;
  readonly controllers: Controllers;
}

/** What `tolerationSeconds` is where a pod does not say. */
const EVICT_AFTER_MS = 300_000;
const RESTART_DELAY_MS = 10_000;
const RESTART_DELAY_MAX_MS = 300_000;
const RUN_MS = 1_000;

export function createScenarios(parts: ScenarioParts): Scenarios {
  const { store, clock, kubelets, controllers } = parts;
  const timers = new Map<string, Timer>();
  const later = (key: string, delayMs: number, run: () => void): void => {
    timers.get(key)?.cancel();
    timers.set(key, clock.after(delayMs, run));
  };
  const write = (object: KubeObject): void => {
    store.put(object);
    controllers.settle();
  };
  const changeSpec = (target: Named, change: (spec: Fields) => Fields): void => {
    const present = presentOf(store, "deployments", target);
    const generation = (present.metadata.generation ?? 1) + 1;
    const metadata = { ...present.metadata, generation };
    write({ ...present, metadata, spec: change(fieldsAt(present, "spec")) });
  };
  return {
    rollout: (target, image) => changeSpec(target, (spec) => withImage(spec, image)),
    scale: (target, replicas) => changeSpec(target, (spec) => ({ ...spec, replicas })),
    crashLoop(pod) {
      presentOf(store, "pods", pod);
      crash(parts, { pod, later, delayMs: RESTART_DELAY_MS });
    },
    recover(pod) {
      timers.get(keyOf(pod))?.cancel();
      timers.delete(keyOf(pod));
      const present = presentOf(store, "pods", pod);
      write({ ...present, status: runningStatus(present, clock.nowMs()) as Fields });
    },
    async nodeNotReady(name, evictAfterMs = EVICT_AFTER_MS) {
      markNode(parts, name, false);
      await kubelets.stop(name);
      later(`node ${name}`, evictAfterMs, () => {
        evict(store, name);
        controllers.settle();
      });
    },
    async nodeReady(name) {
      timers.get(`node ${name}`)?.cancel();
      await kubelets.start(name);
      markNode(parts, name, true);
    },
    stop() {
      for (const timer of timers.values()) timer.cancel();
    },
  };
}

const keyOf = ({ namespace, name }: Named): string => `pod ${namespace}/${name}`;

function presentOf(store: ObjectStore, plural: string, key: Partial<Named>): KubeObject {
  const name = key.name ?? "";
  const present = store.get(knownType(plural), { namespace: key.namespace, name });
  if (present === undefined) throw notFound(knownType(plural), name);
  return present;
}

function withImage(spec: Fields, image: string): Fields {
  const template = fieldsAt(spec, "template");
  const podSpec = fieldsAt(template, "spec");
  const containers = listAt(podSpec, "containers").map((container, index) =>
    index === 0 ? { ...fieldsAt(container), image } : container,
  );
  return { ...spec, template: { ...template, spec: { ...podSpec, containers } } };
}

interface CrashPlan {
  readonly pod: Named;
  readonly delayMs: number;
  readonly later: (key: string, delayMs: number, run: () => void) => void;
}

/** One turn: the container ends, waits, runs for a second, and ends again after twice the wait. */
function crash(parts: ScenarioParts, { pod, delayMs, later }: CrashPlan): void {
  const { store, clock, logs, controllers } = parts;
  const type = knownType("pods");
  const present = store.get(type, pod);
  // A pod that was deleted meanwhile has ended its loop.
  if (present === undefined) return;
  const container = textAt(present, "spec", "containers", 0, "name");
  logs.append({ namespace: pod.namespace, pod: pod.name, container }, "panic: synthetic crash");
  store.put({ ...present, status: waitingStatus(present, clock.nowMs()) as Fields });
  recordEvent(parts, present, {
    type: "Warning",
    reason: "BackOff",
    message: `Back-off restarting failed container ${container} in pod ${pod.name}_${pod.namespace}`,
  });
  controllers.settle();
  later(keyOf(pod), delayMs, () => {
    const waiting = store.get(type, pod);
    if (waiting === undefined) return;
    store.put({ ...waiting, status: restartedStatus(waiting, clock.nowMs()) as Fields });
    controllers.settle();
    const next = Math.min(delayMs * 2, RESTART_DELAY_MAX_MS);
    later(keyOf(pod), RUN_MS, () => crash(parts, { pod, delayMs: next, later }));
  });
}

function waitingStatus(pod: KubeObject, nowMs: number): object {
  const status = fieldsAt(pod, "status");
  return {
    ...status,
    conditions: ["Ready", "ContainersReady"].reduce<readonly unknown[]>(
      (list, type) => withCondition(list, condition(type, "False", nowMs)),
      listAt(status, "conditions"),
    ),
    containerStatuses: listAt(status, "containerStatuses").map((entry) => ({
      ...fieldsAt(entry),
      ready: false,
      started: false,
      state: {
        waiting: { reason: "CrashLoopBackOff", message: "back-off restarting failed container" },
      },
      lastState: {
        terminated: {
          exitCode: 1,
          reason: "Error",
          startedAt: textAt(entry, "state", "running", "startedAt") || timeOf(nowMs),
          finishedAt: timeOf(nowMs),
        },
      },
    })),
  };
}

function restartedStatus(pod: KubeObject, nowMs: number): object {
  const status = fieldsAt(pod, "status");
  return {
    ...status,
    containerStatuses: listAt(status, "containerStatuses").map((entry) => ({
      ...fieldsAt(entry),
      started: true,
      restartCount: numberAt(entry, "restartCount") + 1,
      state: { running: { startedAt: timeOf(nowMs) } },
    })),
  };
}

const withCondition = (list: readonly unknown[], next: object): readonly unknown[] => [
  ...list.filter((entry) => textAt(entry, "type") !== textAt(next, "type")),
  next,
];

const TAINT = "node.kubernetes.io/unreachable";

/** The conditions, taints and pods' readiness that the node controller writes. */
function markNode(
  { store, clock, controllers }: ScenarioParts,
  name: string,
  ready: boolean,
): void {
  const node = presentOf(store, "nodes", { name });
  const nowMs = clock.nowMs();
  const next = {
    ...condition("Ready", ready ? "True" : "Unknown", nowMs),
    lastHeartbeatTime: timeOf(nowMs),
    reason: ready ? "KubeletReady" : "NodeStatusUnknown",
    message: ready ? "kubelet is posting ready status" : "Kubelet stopped posting node status.",
  };
  const taints = listAt(node, "spec", "taints").filter((taint) => textAt(taint, "key") !== TAINT);
  const effects = ready ? [] : ["NoSchedule", "NoExecute"];
  store.put({
    ...node,
    spec: {
      ...fieldsAt(node, "spec"),
      taints: [
        ...taints,
        ...effects.map((effect) => ({ key: TAINT, effect, timeAdded: timeOf(nowMs) })),
      ],
    },
    status: {
      ...fieldsAt(node, "status"),
      conditions: withCondition(listAt(node, "status", "conditions"), next),
    },
  });
  for (const pod of podsOn(store, name)) {
    const status = fieldsAt(pod, "status");
    const podReady = condition("Ready", ready ? "True" : "False", nowMs);
    const conditions = withCondition(listAt(status, "conditions"), podReady);
    store.put({ ...pod, status: { ...status, conditions } });
  }
  recordEvent({ store, clock }, node, {
    type: "Normal",
    reason: ready ? "NodeReady" : "NodeNotReady",
    message: `Node ${name} status is now: ${ready ? "NodeReady" : "NodeNotReady"}`,
  });
  controllers.settle();
}

const podsOn = (store: ObjectStore, node: string): readonly KubeObject[] =>
  store.list(knownType("pods")).filter((pod) => textAt(pod, "spec", "nodeName") === node);

/** Pods of a node that stayed away go; those of daemon sets tolerate it and stay. */
function evict(store: ObjectStore, name: string): void {
  const node = store.get(knownType("nodes"), { name });
  if (node === undefined || isReadyNode(node)) return;
  for (const pod of podsOn(store, name)) {
    const ofDaemonSet = at(pod, "metadata", "ownerReferences", 0, "kind") === "DaemonSet";
    if (!ofDaemonSet) store.remove(knownType("pods"), pod.metadata);
  }
}

/** `POST /lab/…`: what a process of its own is told: the scenarios, a cut, a compaction. */
export async function serveScenarios(
  {
    scenarios,
    watches,
    store,
  }: { readonly scenarios: Scenarios; readonly watches: Watches; readonly store: ObjectStore },
  exchange: Exchange,
): Promise<void> {
  if (exchange.method !== "POST") throw noSuchPath();
  const text = await readBody(exchange.incoming);
  const body = text.trim() === "" ? {} : parseFields(text);
  const target = { namespace: textAt(body, "namespace"), name: textAt(body, "name") };
  switch (exchange.path.slice("/lab/".length)) {
    case "rollout":
      scenarios.rollout(target, textAt(body, "image"));
      break;
    case "scale":
      scenarios.scale(target, replicasIn(body));
      break;
    case "crash-loop":
      scenarios.crashLoop(target);
      break;
    case "recover":
      scenarios.recover(target);
      break;
    case "node-not-ready":
      await scenarios.nodeNotReady(target.name, numberAt(body, "evictAfterMs") || EVICT_AFTER_MS);
      break;
    case "node-ready":
      await scenarios.nodeReady(target.name);
      break;
    case "cut":
      watches.cut();
      break;
    case "compact":
      store.compact();
      break;
    default:
      throw noSuchPath();
  }
  sendJson(exchange.outgoing, 200, { resourceVersion: String(store.revision()) });
}

/** The bound keeps a slip of the pen from filling the memory. */
const REPLICAS_MAX = 20_000;

function replicasIn(body: Fields): number {
  const replicas = at(body, "replicas");
  if (Number.isInteger(replicas) && Number(replicas) >= 0 && Number(replicas) <= REPLICAS_MAX) {
    return Number(replicas);
  }
  throw badRequest(
    `replicas is ${String(replicas)}; it must be an integer from 0 to ${REPLICAS_MAX}`,
  );
}
