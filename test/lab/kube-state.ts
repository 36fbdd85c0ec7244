/** What kube-state-metrics shows, computed from the objects of the store. */
import { family } from "./exposition.ts";
import type { Family, LabelSet } from "./exposition.ts";
import { restartsOf } from "./kubelet-pages.ts";
import { listAt, numberAt, textAt } from "./kube.ts";
import type { KubeObject } from "./kube.ts";
import type { ObjectStore } from "./object-store.ts";
import { knownType } from "./resource-types.ts";

type Samples = readonly (readonly [LabelSet, number])[];

const PHASES = ["Pending", "Running", "Succeeded", "Failed", "Unknown"];

export function stateFamilies(store: ObjectStore): readonly Family[] {
  const pods = store.list(knownType("pods"));
  const nodes = store.list(knownType("nodes"));
  const deployments = store.list(knownType("deployments"));
  const daemonSets = store.list(knownType("daemonsets"));
  return [
    ...podFamilies(pods),
    gauge(
      "kube_node_info",
      nodes.map((node) => [
        {
          node: node.metadata.name,
          kubelet_version: textAt(node, "status", "nodeInfo", "kubeletVersion"),
          os_image: textAt(node, "status", "nodeInfo", "osImage"),
          internal_ip: "127.0.0.1",
        },
        1,
      ]),
    ),
    gauge("kube_node_status_condition", nodes.flatMap(conditionsOf)),
    gauge("kube_deployment_spec_replicas", of(deployments, "deployment", "spec", "replicas")),
    gauge(
      "kube_deployment_status_replicas_available",
      of(deployments, "deployment", "status", "availableReplicas"),
    ),
    gauge(
      "kube_daemonset_status_desired_number_scheduled",
      of(daemonSets, "daemonset", "status", "desiredNumberScheduled"),
    ),
    gauge(
      "kube_daemonset_status_number_ready",
      of(daemonSets, "daemonset", "status", "numberReady"),
    ),
    gauge(
      "kube_namespace_status_phase",
      store
        .list(knownType("namespaces"))
        .map((namespace) => [{ namespace: namespace.metadata.name, phase: "Active" }, 1]),
    ),
  ];
}

function podFamilies(pods: readonly KubeObject[]): readonly Family[] {
  return [
    gauge(
      "kube_pod_info",
      pods.map((pod) => [
        {
          ...named(pod),
          node: textAt(pod, "spec", "nodeName"),
          pod_ip: textAt(pod, "status", "podIP"),
          created_by_kind: pod.metadata.ownerReferences?.[0]?.kind ?? "<none>",
          created_by_name: pod.metadata.ownerReferences?.[0]?.name ?? "<none>",
        },
        1,
      ]),
    ),
    gauge(
      "kube_pod_status_phase",
      pods.flatMap((pod): Samples =>
        PHASES.map((phase) => [
          { ...named(pod), phase },
          textAt(pod, "status", "phase") === phase ? 1 : 0,
        ]),
      ),
    ),
    {
      ...gauge(
        "kube_pod_container_status_restarts_total",
        pods.map((pod) => [
          { ...named(pod), container: textAt(pod, "spec", "containers", 0, "name") },
          restartsOf(pod),
        ]),
      ),
      type: "counter",
    },
    gauge(
      "kube_pod_container_status_waiting_reason",
      pods.flatMap((pod): Samples =>
        listAt(pod, "status", "containerStatuses").flatMap((status): Samples => {
          const reason = textAt(status, "state", "waiting", "reason");
          const labels = { ...named(pod), container: textAt(status, "name"), reason };
          return reason === "" ? [] : [[labels, 1]];
        }),
      ),
    ),
  ];
}

const gauge = (name: string, samples: Samples): Family =>
  family("gauge", name, "Of the objects of this synthetic cluster.", samples);

const named = (pod: KubeObject): LabelSet => ({
  namespace: pod.metadata.namespace ?? "",
  pod: pod.metadata.name,
  uid: pod.metadata.uid ?? "",
});

const of = (
  objects: readonly KubeObject[],
  label: string,
  ...path: readonly [string, string]
): Samples =>
  objects.map((object) => [
    { namespace: object.metadata.namespace ?? "", [label]: object.metadata.name },
    numberAt(object, ...path),
  ]);

const conditionsOf = (node: KubeObject): Samples =>
  listAt(node, "status", "conditions").flatMap((condition): Samples =>
    ["true", "false", "unknown"].map((status) => [
      { node: node.metadata.name, condition: textAt(condition, "type"), status },
      textAt(condition, "status").toLowerCase() === status ? 1 : 0,
    ]),
  );
