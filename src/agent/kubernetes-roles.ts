/**
 * What Prometheus's Kubernetes roles make of objects: targets with `__meta_kubernetes_*` labels. Pure.
 *
 * @see prometheus.io/docs/prometheus/latest/configuration/configuration/#kubernetes_sd_config
 */
import type {
  AddressView,
  ContainerView,
  EndpointsView,
  NamedValues,
  NodeView,
  ObjectView,
  PodView,
  PortView,
  ServiceView,
} from "../client/index.ts";
import type { LabelMap } from "./relabel.ts";

const META = "__meta_kubernetes_";

/** What other objects are known beside the one at hand. */
export interface Surroundings {
  readonly pod: (namespace: string, name: string) => PodView | undefined;
  readonly service: (namespace: string, name: string) => ServiceView | undefined;
  /** Undefined where nodes are not to be attached. */
  readonly node: ((name: string) => NodeView | undefined) | undefined;
}

/** One target a node: its kubelet. */
export function nodeTargets(node: NodeView): readonly LabelMap[] {
  const address = nodeAddress(node);
  if (address === undefined) return [];
  const labels: LabelMap = new Map();
  put(labels, "__address__", hostPort(address, node.kubeletPort));
  put(labels, "instance", node.name);
  put(labels, `${META}node_name`, node.name);
  put(labels, `${META}node_provider_id`, node.providerId);
  putMetadata(labels, "node", node);
  const seen = new Set<string>();
  for (const [type, value] of node.addresses) {
    // Of several of one type the first counts, as in Prometheus.
    if (seen.has(type)) continue;
    seen.add(type);
    put(labels, `${META}node_address_${sanitized(type)}`, value);
  }
  return [labels];
}

const ADDRESS_ORDER = [
  "InternalIP",
  "InternalDNS",
  "ExternalIP",
  "ExternalDNS",
  "LegacyHostIP",
  "Hostname",
];

function nodeAddress({ addresses }: NodeView): string | undefined {
  for (const type of ADDRESS_ORDER) {
    const found = addresses.find(([one]) => one === type);
    if (found !== undefined) return found[1];
  }
  return undefined;
}

/** One target a port of the service, by its name in the cluster's DNS. */
export function serviceTargets(service: ServiceView): readonly LabelMap[] {
  return service.ports.map((port) => {
    const labels: LabelMap = new Map();
    put(labels, "__address__", hostPort(`${service.name}.${service.namespace}.svc`, port.number));
    put(labels, `${META}namespace`, service.namespace);
    putService(labels, service);
    put(labels, `${META}service_port_name`, port.name);
    put(labels, `${META}service_port_number`, String(port.number));
    put(labels, `${META}service_port_protocol`, port.protocol);
    put(labels, `${META}service_type`, service.type);
    if (service.type === "ExternalName") {
      put(labels, `${META}service_external_name`, service.externalName);
    } else put(labels, `${META}service_cluster_ip`, service.clusterIp);
    if (service.type === "LoadBalancer") {
      put(labels, `${META}service_loadbalancer_ip`, service.loadBalancerIp);
    }
    return labels;
  });
}

/** One target a port of each container; a container without ports is one at the pod's address. */
export function podTargets(pod: PodView, around: Surroundings): readonly LabelMap[] {
  if (pod.ip === "") return [];
  return pod.containers.flatMap((container) => {
    const ports: readonly (PortView | undefined)[] =
      container.ports.length === 0 ? [undefined] : container.ports;
    return ports.map((port) => {
      const labels: LabelMap = new Map();
      const host = pod.ip.includes(":") ? `[${pod.ip}]` : pod.ip;
      put(labels, "__address__", port === undefined ? host : hostPort(pod.ip, port.number));
      putPod(labels, pod);
      putNode(labels, around, pod.nodeName);
      putContainer(labels, container, port);
      put(labels, `${META}pod_container_init`, String(container.init));
      return labels;
    });
  });
}

/** Endpoints and slices: one target an address and port, and one for each port of their pods that is no endpoint. */
export function endpointsTargets(
  endpoints: EndpointsView,
  role: "endpoints" | "endpointslice",
  around: Surroundings,
): readonly LabelMap[] {
  const targets: LabelMap[] = [];
  const seenPods = new Map<PodView, Set<number>>();
  for (const { addresses, ports } of endpoints.subsets) {
    for (const address of addresses) {
      for (const port of ports) {
        targets.push(endpointTarget({ endpoints, role, around, address, port, seenPods }));
      }
    }
  }
  for (const [pod, bound] of seenPods) {
    for (const labels of podTargets(pod, around)) {
      const port = Number(labels.get(`${META}pod_container_port_number`) ?? 0);
      const init = labels.get(`${META}pod_container_init`) === "true";
      if (port === 0 || init || bound.has(port)) continue;
      labels.delete(`${META}pod_container_init`);
      putEndpoints(labels, endpoints, role, around);
      targets.push(labels);
    }
  }
  return targets;
}

function endpointTarget(one: {
  readonly endpoints: EndpointsView;
  readonly role: "endpoints" | "endpointslice";
  readonly around: Surroundings;
  readonly address: AddressView;
  readonly port: PortView;
  readonly seenPods: Map<PodView, Set<number>>;
}): LabelMap {
  const { endpoints, role, around, address, port, seenPods } = one;
  const labels: LabelMap = new Map();
  put(labels, "__address__", hostPort(address.address, port.number));
  putEndpoints(labels, endpoints, role, around);
  if (role === "endpoints") putEndpoint(labels, address, port);
  else putSliceEndpoint(labels, address, port);
  putNode(labels, around, address.nodeName);
  if (address.targetKind !== "Pod") return labels;
  const namespace = address.targetNamespace === "" ? endpoints.namespace : address.targetNamespace;
  const pod = around.pod(namespace, address.targetName);
  if (pod === undefined) return labels;
  putPod(labels, pod);
  const bound = seenPods.get(pod) ?? new Set();
  seenPods.set(pod, bound.add(port.number));
  for (const container of pod.containers) {
    const own = container.ports.find((each) => each.number === port.number);
    if (own !== undefined) {
      putContainer(labels, container, own);
      break;
    }
  }
  return labels;
}

function putEndpoints(
  labels: LabelMap,
  endpoints: EndpointsView,
  role: "endpoints" | "endpointslice",
  around: Surroundings,
): void {
  put(labels, `${META}namespace`, endpoints.namespace);
  put(labels, `${META}${role}_name`, endpoints.name);
  putMetadata(labels, role, endpoints);
  if (role === "endpointslice") {
    put(labels, `${META}endpointslice_address_type`, endpoints.addressType);
  }
  const service = around.service(endpoints.namespace, endpoints.serviceName);
  if (service !== undefined) putService(labels, service);
}

function putEndpoint(labels: LabelMap, address: AddressView, port: PortView): void {
  put(labels, `${META}endpoint_hostname`, address.hostname);
  put(labels, `${META}endpoint_node_name`, address.nodeName);
  put(labels, `${META}endpoint_ready`, String(address.ready ?? false));
  put(labels, `${META}endpoint_port_name`, port.name);
  put(labels, `${META}endpoint_port_protocol`, port.protocol);
  put(labels, `${META}endpoint_address_target_kind`, address.targetKind);
  put(labels, `${META}endpoint_address_target_name`, address.targetName);
}

function putSliceEndpoint(labels: LabelMap, address: AddressView, port: PortView): void {
  const endpoint = `${META}endpointslice_endpoint_`;
  for (const condition of ["ready", "serving", "terminating"] as const) {
    const value = address[condition];
    if (value !== undefined) put(labels, `${endpoint}conditions_${condition}`, String(value));
  }
  put(labels, `${endpoint}hostname`, address.hostname);
  put(labels, `${endpoint}node_name`, address.nodeName);
  put(labels, `${endpoint}zone`, address.zone);
  put(labels, `${META}endpointslice_address_target_kind`, address.targetKind);
  put(labels, `${META}endpointslice_address_target_name`, address.targetName);
  put(labels, `${META}endpointslice_port`, String(port.number));
  put(labels, `${META}endpointslice_port_name`, port.name);
  put(labels, `${META}endpointslice_port_protocol`, port.protocol);
  put(labels, `${META}endpointslice_port_app_protocol`, port.appProtocol ?? "");
}

function putService(labels: LabelMap, service: ServiceView): void {
  put(labels, `${META}service_name`, service.name);
  putMetadata(labels, "service", service);
}

function putPod(labels: LabelMap, pod: PodView): void {
  put(labels, `${META}namespace`, pod.namespace);
  put(labels, `${META}pod_name`, pod.name);
  put(labels, `${META}pod_ip`, pod.ip);
  put(labels, `${META}pod_ready`, pod.ready);
  put(labels, `${META}pod_phase`, pod.phase);
  put(labels, `${META}pod_node_name`, pod.nodeName);
  put(labels, `${META}pod_host_ip`, pod.hostIp);
  put(labels, `${META}pod_uid`, pod.uid);
  put(labels, `${META}pod_controller_kind`, pod.controllerKind);
  put(labels, `${META}pod_controller_name`, pod.controllerName);
  putMetadata(labels, "pod", pod);
}

function putContainer(
  labels: LabelMap,
  container: ContainerView,
  port: PortView | undefined,
): void {
  put(labels, `${META}pod_container_name`, container.name);
  put(labels, `${META}pod_container_id`, container.id);
  put(labels, `${META}pod_container_image`, container.image);
  if (port === undefined) return;
  put(labels, `${META}pod_container_port_name`, port.name);
  put(labels, `${META}pod_container_port_number`, String(port.number));
  put(labels, `${META}pod_container_port_protocol`, port.protocol);
}

/** `attach_metadata: {node: true}`. */
function putNode(labels: LabelMap, around: Surroundings, name: string): void {
  const node = around.node?.(name);
  if (node === undefined) return;
  put(labels, `${META}node_name`, node.name);
  putMetadata(labels, "node", node);
}

function putMetadata(labels: LabelMap, kind: string, object: ObjectView): void {
  putNamed(labels, `${META}${kind}_label`, object.labels);
  putNamed(labels, `${META}${kind}_annotation`, object.annotations);
}

function putNamed(labels: LabelMap, prefix: string, values: NamedValues): void {
  for (const [name, value] of values) {
    const word = sanitized(name);
    put(labels, `${prefix}_${word}`, value);
    put(labels, `${prefix}present_${word}`, "true");
  }
}

const sanitized = (name: string): string => name.replace(/[^a-zA-Z0-9_]/g, "_");

function put(labels: LabelMap, name: string, value: string): void {
  if (value !== "") labels.set(name, value);
}

const hostPort = (host: string, port: number): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
