/** The lab's controllers: deployments make replica sets, those and daemon sets make pods, services get endpoints. */
import type { Clock, Random } from "../../src/core/index.ts";
import { reconcileDaemonSet } from "./daemon-set.ts";
import { reconcileDeployment, reconcileReplicaSet } from "./deployment.ts";
import { reconcileService } from "./endpoints.ts";
import type { KubeObject } from "./kube.ts";
import { textAt } from "./kube.ts";
import type { ObjectStore, StoreEvent } from "./object-store.ts";
import { isReadyNode, schedulePod, startPod } from "./pods.ts";
import { knownType, typeOfObject } from "./resource-types.ts";

export interface ControllerParts {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
  /** How long a pod is Pending; 0 starts it at once. */
  podStartMs: number;
  /** How many pods a replica set makes or ends in one step. */
  readonly podsPerStep: number;
  /** Objects by the uid of the object that owns them. */
  readonly ownedBy: (uid: string) => readonly KubeObject[];
  /** Reconciles the object again after a pause; until then it `isPaused`. */
  readonly again: (object: KubeObject) => void;
  readonly isPaused: (object: KubeObject) => boolean;
}

export interface Controllers {
  /** Works until nothing is left to do at this moment. */
  readonly settle: () => void;
  readonly setPodStartMs: (podStartMs: number) => void;
}

const reconcilers: Readonly<Record<string, (parts: ControllerParts, object: KubeObject) => void>> =
  {
    Deployment: reconcileDeployment,
    ReplicaSet: reconcileReplicaSet,
    DaemonSet: reconcileDaemonSet,
    Service: reconcileService,
  };

const PODS_PER_STEP = 250;
const STEP_MS = 250;

export function createControllers(options: {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly podStartMs: number;
}): Controllers {
  const { store, clock } = options;
  const owned = new Map<string, Map<string, KubeObject>>();
  const dirty = new Map<string, KubeObject>();
  const started: KubeObject[] = [];
  const paused = new Set<string>();
  let settling = false;
  let startTimer = false;

  const mark = (object: KubeObject): void => {
    dirty.set(`${object.kind} ${object.metadata.namespace ?? ""}/${object.metadata.name}`, object);
  };
  const parts: ControllerParts = {
    ...options,
    podsPerStep: PODS_PER_STEP,
    ownedBy: (uid) => [...(owned.get(uid)?.values() ?? [])],
    again(object) {
      const uid = object.metadata.uid ?? "";
      paused.add(uid);
      clock.after(STEP_MS, () => {
        paused.delete(uid);
        mark(object);
        settle();
      });
    },
    isPaused: ({ metadata: { uid = "" } }) => paused.has(uid),
  };
  const settle = (): void => {
    if (settling) return;
    settling = true;
    try {
      for (;;) {
        const [entry] = dirty;
        if (entry === undefined) break;
        dirty.delete(entry[0]);
        reconcileOne(entry[1]);
      }
    } finally {
      settling = false;
    }
  };
  const reconcileOne = (object: KubeObject): void => {
    const type = typeOfObject(object);
    const fresh = type === undefined ? undefined : store.get(type, object.metadata);
    if (fresh === undefined) return;
    if (fresh.kind === "Pod") pendingPod(fresh);
    else reconcilers[fresh.kind]?.(parts, fresh);
  };
  const pendingPod = (pod: KubeObject): void => {
    const scheduled = schedulePod(parts, pod);
    if (scheduled === undefined) return;
    if (parts.podStartMs === 0) {
      startPod(parts, scheduled);
      return;
    }
    started.push(scheduled);
    if (startTimer) return;
    startTimer = true;
    // One timer for all pods of a step, so that thousands cost one pass.
    clock.after(parts.podStartMs, () => {
      startTimer = false;
      for (const waiting of started.splice(0)) startPod(parts, waiting);
      settle();
    });
  };
  store.subscribe((event) => {
    index(owned, event);
    markFor(event, { store, mark });
    if (event.type === "DELETED") collect(store, parts.ownedBy(event.object.metadata.uid ?? ""));
  });
  return { settle, setPodStartMs: (podStartMs) => void (parts.podStartMs = podStartMs) };
}

function index(owned: Map<string, Map<string, KubeObject>>, { type, object }: StoreEvent): void {
  for (const { uid } of object.metadata.ownerReferences ?? []) {
    const children = owned.get(uid) ?? new Map<string, KubeObject>();
    owned.set(uid, children);
    const key = object.metadata.uid ?? "";
    if (type === "DELETED") children.delete(key);
    else children.set(key, object);
  }
}

/** What a change makes worth another look. */
function markFor(
  { type, object }: StoreEvent,
  { store, mark }: { readonly store: ObjectStore; readonly mark: (object: KubeObject) => void },
): void {
  const { namespace } = object.metadata;
  if (reconcilers[object.kind] !== undefined && type !== "DELETED") mark(object);
  for (const owner of object.metadata.ownerReferences ?? []) {
    mark({
      ...owner,
      metadata: { name: owner.name, ...(namespace === undefined ? {} : { namespace }) },
    });
  }
  if (object.kind === "Pod") {
    if (type !== "DELETED" && textAt(object, "status", "phase") === "Pending") mark(object);
    for (const service of store.list(knownType("services"))) {
      if (service.metadata.namespace === namespace) mark(service);
    }
  }
  if (object.kind === "Node") {
    for (const set of store.list(knownType("daemonsets"))) mark(set);
    if (type !== "DELETED" && isReadyNode(object)) markPending(store, mark);
  }
}

function markPending(store: ObjectStore, mark: (object: KubeObject) => void): void {
  for (const pod of store.list(knownType("pods"))) {
    if (textAt(pod, "spec", "nodeName") === "") mark(pod);
  }
}

/** Garbage collection: what is owned by nothing any more goes. */
function collect(store: ObjectStore, orphans: readonly KubeObject[]): void {
  for (const orphan of orphans) {
    const type = typeOfObject(orphan);
    if (type !== undefined) store.remove(type, orphan.metadata);
  }
}
