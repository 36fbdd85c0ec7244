/** Deployments and replica sets: rolling updates step by step, pods up to the wanted count. */
import { createHash } from "node:crypto";
import type { ControllerParts } from "./controllers.ts";
import { at, fieldsAt, numberAt, textAt, timeOf } from "./kube.ts";
import type { Fields, KubeObject } from "./kube.ts";
import { isReadyPod, podOf, suffix } from "./pods.ts";
import { recordEvent } from "./record-event.ts";
import { knownType } from "./resource-types.ts";

const HASH = "pod-template-hash";
const REVISION = "deployment.kubernetes.io/revision";

/** One step of a deployment: its new replica set grows by its surge, old ones shrink as new pods are ready. */
export function reconcileDeployment(parts: ControllerParts, deployment: KubeObject): void {
  const sets = parts
    .ownedBy(deployment.metadata.uid ?? "")
    .filter(({ kind }) => kind === "ReplicaSet");
  const hash = hashOf(deployment);
  const current = sets.find((set) => set.metadata.labels?.[HASH] === hash);
  const old = sets.filter((set) => set !== current);
  const wanted = wantedReplicas(deployment);
  if (current === undefined) {
    const others = old.reduce((sum, set) => sum + wantedReplicas(set), 0);
    const first = old.length === 0 ? wanted : Math.min(wanted, surgeOf(deployment, wanted, others));
    const revision = revisionAfter(old);
    const made = parts.store.put(replicaSetOf(deployment, { hash, replicas: first, revision }));
    sayScaled(parts, made, { from: 0, to: first });
    annotateRevision(parts, deployment, revision);
    return;
  }
  roll(parts, { deployment, current, old, wanted });
  writeDeploymentStatus(parts, { deployment, sets, current });
}

interface Rollout {
  readonly deployment: KubeObject;
  readonly current: KubeObject;
  readonly old: readonly KubeObject[];
  readonly wanted: number;
}

function roll(parts: ControllerParts, { deployment, current, old, wanted }: Rollout): void {
  const oldTotal = old.reduce((sum, set) => sum + wantedReplicas(set), 0);
  const room = oldTotal === 0 ? wanted : surgeOf(deployment, wanted, oldTotal);
  const next = oldTotal === 0 ? wanted : Math.min(wanted, Math.max(wantedReplicas(current), room));
  if (next !== wantedReplicas(current)) scaleSet(parts, current, next);
  const unavailableMax = portionOf(deployment, "maxUnavailable", wanted, Math.floor);
  const ready = [current, ...old].reduce((sum, set) => sum + readyOf(parts, set), 0);
  let removable = Math.max(0, ready - (wanted - unavailableMax));
  for (const set of old) {
    const cut = Math.min(removable, wantedReplicas(set));
    if (cut === 0) continue;
    removable -= cut;
    scaleSet(parts, set, wantedReplicas(set) - cut);
  }
}

/** How many new pods there may be while `others` old ones are wanted. */
const surgeOf = (deployment: KubeObject, wanted: number, others: number): number =>
  Math.max(0, wanted + portionOf(deployment, "maxSurge", wanted, Math.ceil) - others);

/** A count or a percentage of the strategy; 25% when it is not said. A Recreate strategy has no surge. */
function portionOf(
  deployment: KubeObject,
  field: "maxSurge" | "maxUnavailable",
  wanted: number,
  rounded: (value: number) => number,
): number {
  if (textAt(deployment, "spec", "strategy", "type") === "Recreate") {
    return field === "maxSurge" ? 0 : wanted;
  }
  const value = at(deployment, "spec", "strategy", "rollingUpdate", field) ?? "25%";
  if (typeof value === "number") return value;
  const percent = /^(\d+)%$/.exec(String(value))?.[1];
  return percent === undefined ? 1 : rounded((Number(percent) / 100) * wanted);
}

export const wantedReplicas = (object: KubeObject): number => {
  const replicas = at(object, "spec", "replicas");
  return typeof replicas === "number" ? replicas : 1;
};

const podsOf = (parts: ControllerParts, set: KubeObject): readonly KubeObject[] =>
  parts.ownedBy(set.metadata.uid ?? "").filter(({ kind }) => kind === "Pod");

const readyOf = (parts: ControllerParts, set: KubeObject): number =>
  podsOf(parts, set).filter(isReadyPod).length;

function scaleSet(parts: ControllerParts, set: KubeObject, replicas: number): void {
  const present = parts.store.get(knownType("replicasets"), set.metadata) ?? set;
  parts.store.put({ ...present, spec: { ...fieldsAt(present, "spec"), replicas } });
  sayScaled(parts, set, { from: wantedReplicas(set), to: replicas });
}

/** The event that `kubectl describe deployment` shows. */
function sayScaled(
  parts: ControllerParts,
  set: KubeObject,
  { from, to }: { readonly from: number; readonly to: number },
): void {
  const name = set.metadata.ownerReferences?.[0]?.name ?? "";
  const deployment = parts.store.get(knownType("deployments"), {
    namespace: set.metadata.namespace,
    name,
  });
  if (deployment === undefined) return;
  recordEvent(parts, deployment, {
    type: "Normal",
    reason: "ScalingReplicaSet",
    message: `Scaled ${to > from ? "up" : "down"} replica set ${set.metadata.name} from ${from} to ${to}`,
  });
}

const hashOf = (deployment: KubeObject): string =>
  createHash("sha256")
    .update(JSON.stringify(at(deployment, "spec", "template") ?? {}))
    .digest("hex")
    .slice(0, 10);

const revisionAfter = (sets: readonly KubeObject[]): number =>
  1 + Math.max(0, ...sets.map((set) => Number(set.metadata.annotations?.[REVISION] ?? 0)));

function annotateRevision(
  { store }: ControllerParts,
  deployment: KubeObject,
  revision: number,
): void {
  const annotations = { ...deployment.metadata.annotations, [REVISION]: String(revision) };
  store.put({ ...deployment, metadata: { ...deployment.metadata, annotations } });
}

function replicaSetOf(
  deployment: KubeObject,
  { hash, replicas, revision }: { hash: string; replicas: number; revision: number },
): KubeObject {
  const template = fieldsAt(deployment, "spec", "template");
  const labels = { ...fieldsAt(template, "metadata", "labels"), [HASH]: hash } as Record<
    string,
    string
  >;
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `${deployment.metadata.name}-${hash}`,
      namespace: deployment.metadata.namespace ?? "default",
      labels,
      annotations: { [REVISION]: String(revision) },
      ownerReferences: [
        {
          apiVersion: "apps/v1",
          kind: "Deployment",
          name: deployment.metadata.name,
          uid: deployment.metadata.uid ?? "",
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      replicas,
      selector: {
        matchLabels: { ...fieldsAt(deployment, "spec", "selector", "matchLabels"), [HASH]: hash },
      },
      template: {
        ...template,
        metadata: { ...fieldsAt(template, "metadata"), labels },
      },
    },
    status: { replicas: 0 },
  };
}

/** Pods up to the wanted count, some at a time, then the status. */
export function reconcileReplicaSet(parts: ControllerParts, set: KubeObject): void {
  const pods = podsOf(parts, set);
  const missing = parts.isPaused(set) ? 0 : wantedReplicas(set) - pods.length;
  const step = Math.min(Math.abs(missing), parts.podsPerStep);
  for (let made = 0; made < Math.min(missing, step); made++) {
    parts.store.put(podOf(set, { name: `${set.metadata.name}-${suffix(parts)}` }));
  }
  if (missing < 0) {
    // Pods that are not ready go first, as with the real controller.
    const order = [...pods].sort((a, b) => Number(isReadyPod(a)) - Number(isReadyPod(b)));
    for (const pod of order.slice(0, step)) parts.store.remove(knownType("pods"), pod.metadata);
  }
  if (Math.abs(missing) > step) parts.again(set);
  const present = podsOf(parts, set);
  const ready = present.filter(isReadyPod).length;
  putStatus(parts, set, {
    replicas: present.length,
    fullyLabeledReplicas: present.length,
    readyReplicas: ready,
    availableReplicas: ready,
  });
}

function writeDeploymentStatus(
  parts: ControllerParts,
  {
    deployment,
    sets,
    current,
  }: { deployment: KubeObject; sets: readonly KubeObject[]; current: KubeObject },
): void {
  const count = (set: KubeObject): number => podsOf(parts, set).length;
  const replicas = sets.reduce((sum, set) => sum + count(set), 0);
  const ready = sets.reduce((sum, set) => sum + readyOf(parts, set), 0);
  const wanted = wantedReplicas(deployment);
  const available = ready >= wanted - portionOf(deployment, "maxUnavailable", wanted, Math.floor);
  const done = ready >= wanted && replicas === wanted && count(current) === wanted;
  putStatus(parts, deployment, {
    replicas,
    updatedReplicas: count(current),
    readyReplicas: ready,
    availableReplicas: ready,
    ...(ready < wanted ? { unavailableReplicas: wanted - ready } : {}),
    conditions: [
      {
        type: "Available",
        status: available ? "True" : "False",
        reason: available ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
        message: available
          ? "Deployment has minimum availability."
          : "Deployment does not have minimum availability.",
      },
      {
        type: "Progressing",
        status: "True",
        reason: done ? "NewReplicaSetAvailable" : "ReplicaSetUpdated",
        message: `ReplicaSet "${current.metadata.name}" ${done ? "has successfully progressed" : "is progressing"}.`,
      },
    ],
  });
}

/** Writes a status only when it says something new; conditions keep the time of their last turn. */
export function putStatus(
  { store, clock }: ControllerParts,
  object: KubeObject,
  status: Fields & { readonly conditions?: readonly Fields[] },
): void {
  const type = knownType(`${object.kind.toLowerCase()}s`);
  const present = store.get(type, object.metadata);
  if (present === undefined) return;
  const before = fieldsAt(present, "status");
  const conditions = status.conditions?.map((next) => timed(next, before, timeOf(clock.nowMs())));
  const after = {
    ...status,
    observedGeneration: numberAt(present, "metadata", "generation") || 1,
    ...(conditions === undefined ? {} : { conditions }),
  };
  if (JSON.stringify(before) !== JSON.stringify(after)) store.put({ ...present, status: after });
}

function timed(next: Fields, before: Fields, now: string): Fields {
  const list = Array.isArray(before["conditions"])
    ? (before["conditions"] as readonly unknown[])
    : [];
  const past = list.find((entry) => textAt(entry, "type") === next["type"]);
  const same =
    textAt(past, "status") === next["status"] && textAt(past, "reason") === next["reason"];
  return {
    ...next,
    lastUpdateTime: same ? textAt(past, "lastUpdateTime") : now,
    lastTransitionTime:
      textAt(past, "status") === next["status"] ? textAt(past, "lastTransitionTime") : now,
  };
}
