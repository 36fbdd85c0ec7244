/** What discovery needs of Kubernetes objects: the rest of each is let go as soon as it is read. */
import { at, isObject, listAt, stringAt } from "../arm/index.ts";
import type { Json, JsonObject } from "../arm/index.ts";
import { limits } from "../core/index.ts";

/** Names and values, in the object's order. */
export type NamedValues = readonly (readonly [name: string, value: string])[];

export interface ObjectView {
  readonly namespace: string;
  readonly name: string;
  readonly labels: NamedValues;
  /** Without those of more than `limits.kubernetesAnnotationCharsMax` characters: no rule of scraping reads a whole manifest. */
  readonly annotations: NamedValues;
}

export interface PortView {
  readonly name: string;
  readonly number: number;
  readonly protocol: string;
  readonly appProtocol?: string;
}

export interface ContainerView {
  readonly name: string;
  readonly id: string;
  readonly image: string;
  readonly init: boolean;
  readonly ports: readonly PortView[];
}

export interface PodView extends ObjectView {
  readonly uid: string;
  readonly ip: string;
  readonly hostIp: string;
  readonly nodeName: string;
  readonly phase: string;
  readonly ready: "true" | "false" | "unknown";
  readonly controllerKind: string;
  readonly controllerName: string;
  readonly containers: readonly ContainerView[];
}

export interface NodeView extends ObjectView {
  readonly providerId: string;
  readonly addresses: readonly (readonly [type: string, address: string])[];
  readonly kubeletPort: number;
}

export interface ServiceView extends ObjectView {
  readonly type: string;
  readonly clusterIp: string;
  readonly externalName: string;
  readonly loadBalancerIp: string;
  readonly ports: readonly PortView[];
}

/** One address of Endpoints or of an EndpointSlice. */
export interface AddressView {
  readonly address: string;
  readonly ready: boolean | undefined;
  readonly serving: boolean | undefined;
  readonly terminating: boolean | undefined;
  readonly hostname: string;
  readonly nodeName: string;
  readonly zone: string;
  readonly targetKind: string;
  readonly targetName: string;
  readonly targetNamespace: string;
}

/** Endpoints, or one EndpointSlice. */
export interface EndpointsView extends ObjectView {
  /** Of a slice: `IPv4`, `IPv6` or `FQDN`. */
  readonly addressType: string;
  /** The service that it belongs to. */
  readonly serviceName: string;
  readonly subsets: readonly {
    readonly addresses: readonly AddressView[];
    readonly ports: readonly PortView[];
  }[];
}

/** @see kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1 */
export function podView(pod: JsonObject): PodView {
  const statuses = [
    ...listAt(pod, "status", "containerStatuses"),
    ...listAt(pod, "status", "initContainerStatuses"),
  ];
  const ids = new Map(statuses.map((one) => [text(one, "name"), text(one, "containerID")]));
  const containers = (list: string, init: boolean): ContainerView[] =>
    listAt(pod, "spec", list).map((one) => ({
      name: text(one, "name"),
      id: ids.get(text(one, "name")) ?? "",
      image: text(one, "image"),
      init,
      ports: listAt(one, "ports").map((port) => portView(port, "containerPort")),
    }));
  const ready = listAt(pod, "status", "conditions").find((one) => text(one, "type") === "Ready");
  const controller = listAt(pod, "metadata", "ownerReferences").find(
    (one) => at(one, "controller") === true,
  );
  return {
    ...objectView(pod),
    uid: text(pod, "metadata", "uid"),
    ip: text(pod, "status", "podIP"),
    hostIp: text(pod, "status", "hostIP"),
    nodeName: text(pod, "spec", "nodeName"),
    phase: text(pod, "status", "phase"),
    ready: readiness(text(ready, "status")),
    controllerKind: text(controller, "kind"),
    controllerName: text(controller, "name"),
    containers: [...containers("containers", false), ...containers("initContainers", true)],
  };
}

const readiness = (status: string): PodView["ready"] =>
  status === "True" ? "true" : status === "False" ? "false" : "unknown";

/** @see kubernetes.io/docs/reference/kubernetes-api/cluster-resources/node-v1 */
export function nodeView(node: JsonObject): NodeView {
  return {
    ...objectView(node),
    providerId: text(node, "spec", "providerID"),
    addresses: listAt(node, "status", "addresses").map((one) => [
      text(one, "type"),
      text(one, "address"),
    ]),
    kubeletPort: numberAt(node, "status", "daemonEndpoints", "kubeletEndpoint", "Port"),
  };
}

/** @see kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1 */
export function serviceView(service: JsonObject): ServiceView {
  return {
    ...objectView(service),
    type: text(service, "spec", "type"),
    clusterIp: text(service, "spec", "clusterIP"),
    externalName: text(service, "spec", "externalName"),
    loadBalancerIp: text(service, "spec", "loadBalancerIP"),
    ports: listAt(service, "spec", "ports").map((port) => portView(port, "port")),
  };
}

/** @see kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoints-v1 */
export function endpointsView(endpoints: JsonObject): EndpointsView {
  const view = objectView(endpoints);
  const addresses = (subset: Json, list: string, ready: boolean): AddressView[] =>
    listAt(subset, list).map((one) => ({ ...addressView(one), address: text(one, "ip"), ready }));
  return {
    ...view,
    addressType: "",
    serviceName: view.name,
    subsets: listAt(endpoints, "subsets").map((subset) => ({
      addresses: [
        ...addresses(subset, "addresses", true),
        ...addresses(subset, "notReadyAddresses", false),
      ],
      ports: listAt(subset, "ports").map((port) => portView(port, "port")),
    })),
  };
}

/** @see kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1 */
export function endpointSliceView(slice: JsonObject): EndpointsView {
  const view = objectView(slice);
  return {
    ...view,
    addressType: text(slice, "addressType"),
    serviceName: view.labels.find(([name]) => name === "kubernetes.io/service-name")?.[1] ?? "",
    subsets: [
      {
        addresses: listAt(slice, "endpoints").flatMap((one) =>
          listAt(one, "addresses").map((address) => ({
            ...addressView(one),
            address: typeof address === "string" ? address : "",
          })),
        ),
        ports: listAt(slice, "ports").map((port) => portView(port, "port")),
      },
    ],
  };
}

function addressView(one: Json): Omit<AddressView, "address"> {
  return {
    ready: booleanAt(one, "conditions", "ready"),
    serving: booleanAt(one, "conditions", "serving"),
    terminating: booleanAt(one, "conditions", "terminating"),
    hostname: text(one, "hostname"),
    nodeName: text(one, "nodeName"),
    zone: text(one, "zone"),
    targetKind: text(one, "targetRef", "kind"),
    targetName: text(one, "targetRef", "name"),
    targetNamespace: text(one, "targetRef", "namespace"),
  };
}

function objectView(object: JsonObject): ObjectView {
  return {
    namespace: text(object, "metadata", "namespace"),
    name: text(object, "metadata", "name"),
    labels: namedValues(at(object, "metadata", "labels")),
    annotations: namedValues(at(object, "metadata", "annotations")).filter(
      ([, value]) => value.length <= limits.kubernetesAnnotationCharsMax,
    ),
  };
}

function namedValues(value: Json | undefined): [string, string][] {
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, one]) =>
    typeof one === "string" ? [[name, one]] : [],
  );
}

function portView(port: Json, field: string): PortView {
  const appProtocol = text(port, "appProtocol");
  return {
    name: text(port, "name"),
    number: numberAt(port, field),
    protocol: text(port, "protocol") || "TCP",
    ...(appProtocol === "" ? {} : { appProtocol }),
  };
}

const text = (value: Json | undefined, ...path: readonly (string | number)[]): string =>
  stringAt(value, ...path) ?? "";

/** 0 where there is none. */
function numberAt(value: Json, ...path: readonly string[]): number {
  const found = at(value, ...path);
  return typeof found === "number" ? found : 0;
}

function booleanAt(value: Json, ...path: readonly string[]): boolean | undefined {
  const found = at(value, ...path);
  return typeof found === "boolean" ? found : undefined;
}
