/** Endpoints and endpoint slices of a service: the ready and unready pods that its selector finds. */
import type { ControllerParts } from "./controllers.ts";
import { fieldsAt, listAt, numberAt, textAt } from "./kube.ts";
import type { Fields, KubeObject } from "./kube.ts";
import { isReadyPod } from "./pods.ts";
import { knownType } from "./resource-types.ts";

/** As the real controller: so many endpoints a slice, so many addresses in the older Endpoints object. */
const SLICE_MAX = 100;
const ENDPOINTS_MAX = 1000;

interface Member {
  readonly pod: KubeObject;
  readonly ready: boolean;
}

export function reconcileService(parts: ControllerParts, service: KubeObject): void {
  const selector = Object.entries(fieldsAt(service, "spec", "selector"));
  if (selector.length === 0) return;
  const members = parts.store
    .list(knownType("pods"))
    .filter(
      (pod) =>
        pod.metadata.namespace === service.metadata.namespace &&
        textAt(pod, "status", "podIP") !== "" &&
        selector.every(([label, value]) => pod.metadata.labels?.[label] === value),
    )
    .map((pod): Member => ({ pod, ready: isReadyPod(pod) }));
  putChanged(parts, endpointsOf(service, members.slice(0, ENDPOINTS_MAX)));
  const groups = groupByPorts(service, members);
  let index = 0;
  for (const [ports, group] of groups) {
    for (let from = 0; from < group.length; from += SLICE_MAX) {
      putChanged(
        parts,
        sliceOf(service, { ports, members: group.slice(from, from + SLICE_MAX), index }),
      );
      index++;
    }
  }
  for (; removeSlice(parts, service, index); index++);
}

function removeSlice({ store }: ControllerParts, service: KubeObject, index: number): boolean {
  const key = { namespace: service.metadata.namespace, name: sliceName(service, index) };
  return store.remove(knownType("endpointslices"), key) !== undefined;
}

const sliceName = (service: KubeObject, index: number): string =>
  `${service.metadata.name}-${index.toString(36).padStart(5, "0")}`;

/** A service's port as this pod has it: a named target port is looked up among its containers' ports. */
function portsOf(service: KubeObject, pod: KubeObject): readonly Fields[] {
  const declared = listAt(pod, "spec", "containers").flatMap((container) =>
    listAt(container, "ports"),
  );
  return listAt(service, "spec", "ports").flatMap((port) => {
    const target = textAt(port, "targetPort") || textAt(port, "port");
    const named = declared.find((entry) => textAt(entry, "name") === target);
    const number = named === undefined ? Number(target) : numberAt(named, "containerPort");
    if (!Number.isInteger(number)) return [];
    return [
      { name: textAt(port, "name"), port: number, protocol: textAt(port, "protocol") || "TCP" },
    ];
  });
}

/** Pods whose named ports differ stand in different subsets and slices. */
function groupByPorts(
  service: KubeObject,
  members: readonly Member[],
): ReadonlyMap<string, readonly Member[]> {
  const groups = new Map<string, Member[]>();
  for (const member of members) {
    const key = JSON.stringify(portsOf(service, member.pod));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [member]);
    else group.push(member);
  }
  return groups;
}

const targetRef = (pod: KubeObject): object => ({
  kind: "Pod",
  namespace: pod.metadata.namespace,
  name: pod.metadata.name,
  uid: pod.metadata.uid,
});

function endpointsOf(service: KubeObject, members: readonly Member[]): KubeObject {
  const address = ({ pod }: Member): object => ({
    ip: textAt(pod, "status", "podIP"),
    nodeName: textAt(pod, "spec", "nodeName"),
    targetRef: targetRef(pod),
  });
  const subsets = [...groupByPorts(service, members)].map(([ports, group]) => {
    const readyOnes = group.filter(({ ready }) => ready).map(address);
    const others = group.filter(({ ready }) => !ready).map(address);
    return {
      ...(readyOnes.length === 0 ? {} : { addresses: readyOnes }),
      ...(others.length === 0 ? {} : { notReadyAddresses: others }),
      ports: JSON.parse(ports) as unknown,
    };
  });
  return {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: {
      name: service.metadata.name,
      namespace: service.metadata.namespace ?? "default",
      labels: service.metadata.labels ?? {},
      ownerReferences: [ownedBy(service)],
    },
    ...(subsets.length === 0 ? {} : { subsets }),
  };
}

const ownedBy = (service: KubeObject) => ({
  apiVersion: "v1",
  kind: "Service",
  name: service.metadata.name,
  uid: service.metadata.uid ?? "",
  controller: true,
  blockOwnerDeletion: true,
});

function sliceOf(
  service: KubeObject,
  { ports, members, index }: { ports: string; members: readonly Member[]; index: number },
): KubeObject {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: sliceName(service, index),
      namespace: service.metadata.namespace ?? "default",
      labels: {
        ...service.metadata.labels,
        "kubernetes.io/service-name": service.metadata.name,
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
      },
      ownerReferences: [ownedBy(service)],
    },
    addressType: "IPv4",
    endpoints: members.map(({ pod, ready }) => ({
      addresses: [textAt(pod, "status", "podIP")],
      conditions: { ready, serving: ready, terminating: false },
      nodeName: textAt(pod, "spec", "nodeName"),
      targetRef: targetRef(pod),
    })),
    ports: JSON.parse(ports) as unknown,
  };
}

/** Writes only what says something new, so that nobody is woken for nothing. */
function putChanged({ store }: ControllerParts, object: KubeObject): void {
  const type = knownType(object.kind === "Endpoints" ? "endpoints" : "endpointslices");
  const present = store.get(type, object.metadata);
  const content = ({ metadata, ...rest }: KubeObject): string =>
    JSON.stringify([rest, metadata.labels ?? {}]);
  if (present === undefined || content(present) !== content(object)) store.put(object);
}
