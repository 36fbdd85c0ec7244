/** Daemon sets: one pod on each node, whatever its state. */
import type { ControllerParts } from "./controllers.ts";
import { putStatus } from "./deployment.ts";
import { textAt } from "./kube.ts";
import type { KubeObject } from "./kube.ts";
import { isReadyPod, podOf, suffix } from "./pods.ts";
import { knownType } from "./resource-types.ts";

export function reconcileDaemonSet(parts: ControllerParts, set: KubeObject): void {
  const nodes = parts.store.list(knownType("nodes")).map((node) => node.metadata.name);
  const pods = parts.ownedBy(set.metadata.uid ?? "");
  const onNode = (pod: KubeObject): string => textAt(pod, "spec", "nodeName");
  for (const nodeName of nodes) {
    if (pods.some((pod) => onNode(pod) === nodeName)) continue;
    parts.store.put(podOf(set, { name: `${set.metadata.name}-${suffix(parts)}`, nodeName }));
  }
  for (const pod of pods) {
    if (!nodes.includes(onNode(pod))) parts.store.remove(knownType("pods"), pod.metadata);
  }
  const present = parts.ownedBy(set.metadata.uid ?? "");
  const ready = present.filter(isReadyPod).length;
  putStatus(parts, set, {
    currentNumberScheduled: present.length,
    desiredNumberScheduled: nodes.length,
    numberAvailable: ready,
    numberMisscheduled: 0,
    numberReady: ready,
    updatedNumberScheduled: present.length,
  });
}
