/** What each Kubernetes role makes of an object: addresses and labels, as Prometheus names them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  endpointSliceView,
  endpointsView,
  nodeView,
  podView,
  serviceView,
} from "../client/index.ts";
import { limits } from "../core/index.ts";
import { endpointsTargets, nodeTargets, podTargets, serviceTargets } from "./kubernetes-roles.ts";
import type { Surroundings } from "./kubernetes-roles.ts";

const nobody: Surroundings = { pod: () => undefined, service: () => undefined, node: undefined };

/** The labels of each target, without their common beginning. */
const shown = (targets: readonly ReadonlyMap<string, string>[]) =>
  targets.map((labels) =>
    Object.fromEntries(
      [...labels].map(([name, value]) => [name.replace("__meta_kubernetes_", ""), value]),
    ),
  );

const webPod = podView({
  metadata: {
    namespace: "shop",
    name: "web-1",
    uid: "u-1",
    labels: { "app.kubernetes.io/name": "web" },
    annotations: {
      "prometheus.io/scrape": "true",
      long: "x".repeat(limits.kubernetesAnnotationCharsMax + 1),
    },
    ownerReferences: [
      { kind: "Other", name: "o" },
      { kind: "ReplicaSet", name: "web", controller: true },
    ],
  },
  spec: {
    nodeName: "node-1",
    containers: [
      {
        name: "app",
        image: "app:1",
        ports: [
          { name: "http", containerPort: 80 },
          { containerPort: 81, protocol: "UDP" },
        ],
      },
      { name: "side", image: "side:1" },
    ],
    initContainers: [{ name: "init", image: "init:1" }],
  },
  status: {
    podIP: "10.1.0.5",
    hostIP: "10.0.0.4",
    phase: "Running",
    conditions: [{ type: "Ready", status: "True" }],
    containerStatuses: [{ name: "app", containerID: "containerd://1" }],
  },
});

const node = nodeView({
  metadata: {
    name: "node-1",
    labels: { "kubernetes.io/os": "linux" },
    annotations: { "a/b": "c" },
  },
  spec: { providerID: "azure:///1" },
  status: {
    addresses: [
      { type: "Hostname", address: "node-1" },
      { type: "InternalIP", address: "10.0.0.4" },
      { type: "InternalIP", address: "10.0.0.9" },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
  },
});

test("a node is its kubelet, at its internal address", () => {
  assert.deepEqual(shown(nodeTargets(node)), [
    {
      __address__: "10.0.0.4:10250",
      instance: "node-1",
      node_name: "node-1",
      node_provider_id: "azure:///1",
      node_label_kubernetes_io_os: "linux",
      node_labelpresent_kubernetes_io_os: "true",
      node_annotation_a_b: "c",
      node_annotationpresent_a_b: "true",
      node_address_Hostname: "node-1",
      node_address_InternalIP: "10.0.0.4",
    },
  ]);
  assert.deepEqual(nodeTargets(nodeView({ metadata: { name: "n" } })), []);
});

test("a pod is a target for each port, and for each container without one; a long annotation is left out", () => {
  const targets = shown(podTargets(webPod, { ...nobody, node: () => node }));
  assert.deepEqual(
    targets.map((labels) => [
      labels["__address__"],
      labels["pod_container_name"],
      labels["pod_container_init"],
    ]),
    [
      ["10.1.0.5:80", "app", "false"],
      ["10.1.0.5:81", "app", "false"],
      ["10.1.0.5", "side", "false"],
      ["10.1.0.5", "init", "true"],
    ],
  );
  assert.deepEqual(targets[0], {
    __address__: "10.1.0.5:80",
    namespace: "shop",
    pod_name: "web-1",
    pod_ip: "10.1.0.5",
    pod_ready: "true",
    pod_phase: "Running",
    pod_node_name: "node-1",
    pod_host_ip: "10.0.0.4",
    pod_uid: "u-1",
    pod_controller_kind: "ReplicaSet",
    pod_controller_name: "web",
    pod_label_app_kubernetes_io_name: "web",
    pod_labelpresent_app_kubernetes_io_name: "true",
    pod_annotation_prometheus_io_scrape: "true",
    pod_annotationpresent_prometheus_io_scrape: "true",
    node_name: "node-1",
    node_label_kubernetes_io_os: "linux",
    node_labelpresent_kubernetes_io_os: "true",
    node_annotation_a_b: "c",
    node_annotationpresent_a_b: "true",
    pod_container_name: "app",
    pod_container_id: "containerd://1",
    pod_container_image: "app:1",
    pod_container_port_name: "http",
    pod_container_port_number: "80",
    pod_container_port_protocol: "TCP",
    pod_container_init: "false",
  });
  const six = podView({
    spec: { containers: [{ name: "a", ports: [{ containerPort: 1 }] }] },
    status: { podIP: "fd00::1" },
  });
  assert.equal(podTargets(six, nobody)[0]?.get("__address__"), "[fd00::1]:1");
  assert.deepEqual(podTargets(podView({ spec: { containers: [{ name: "a" }] } }), nobody), []);
});

test("a service is a target for each port, by its name", () => {
  const service = serviceView({
    metadata: { namespace: "shop", name: "web", labels: { a: "b" } },
    spec: {
      type: "LoadBalancer",
      clusterIP: "10.9.0.1",
      loadBalancerIP: "1.2.3.4",
      ports: [{ name: "http", port: 80 }, { port: 81 }],
    },
  });
  const [first, second] = shown(serviceTargets(service));
  assert.deepEqual(first, {
    __address__: "web.shop.svc:80",
    namespace: "shop",
    service_name: "web",
    service_label_a: "b",
    service_labelpresent_a: "true",
    service_port_name: "http",
    service_port_number: "80",
    service_port_protocol: "TCP",
    service_type: "LoadBalancer",
    service_cluster_ip: "10.9.0.1",
    service_loadbalancer_ip: "1.2.3.4",
  });
  assert.equal(second?.["__address__"], "web.shop.svc:81");
  const external = serviceView({
    metadata: { name: "e" },
    spec: { type: "ExternalName", externalName: "x.example", ports: [{ port: 1 }] },
  });
  assert.equal(
    serviceTargets(external)[0]?.get("__meta_kubernetes_service_external_name"),
    "x.example",
  );
});

const around: Surroundings = {
  pod: (namespace, name) => (namespace === "shop" && name === "web-1" ? webPod : undefined),
  service: (_namespace, name) =>
    serviceView({ metadata: { namespace: "shop", name, labels: { tier: "front" } } }),
  node: undefined,
};

test("endpoints are a target for each address and port, and for each port of their pods that is none", () => {
  const endpoints = endpointsView({
    metadata: { namespace: "shop", name: "web" },
    subsets: [
      {
        addresses: [
          {
            ip: "10.1.0.5",
            nodeName: "node-1",
            targetRef: { kind: "Pod", name: "web-1", namespace: "shop" },
          },
        ],
        notReadyAddresses: [{ ip: "10.1.0.6", hostname: "h" }],
        ports: [{ name: "http", port: 80 }],
      },
    ],
  });
  const targets = shown(endpointsTargets(endpoints, "endpoints", around));
  assert.deepEqual(
    targets.map((labels) => [
      labels["__address__"],
      labels["endpoint_ready"],
      labels["pod_container_port_number"],
    ]),
    [
      ["10.1.0.5:80", "true", "80"],
      ["10.1.0.6:80", "false", undefined],
      ["10.1.0.5:81", undefined, "81"],
    ],
  );
  assert.deepEqual(targets[1], {
    __address__: "10.1.0.6:80",
    namespace: "shop",
    endpoints_name: "web",
    service_name: "web",
    service_label_tier: "front",
    service_labelpresent_tier: "true",
    endpoint_hostname: "h",
    endpoint_ready: "false",
    endpoint_port_name: "http",
    endpoint_port_protocol: "TCP",
  });
  assert.equal(targets[0]?.["endpoint_address_target_name"], "web-1");
  assert.equal(targets[0]?.["endpoint_node_name"], "node-1");
});

test("an endpoint slice has conditions, its zone and the service that its label names", () => {
  const slice = endpointSliceView({
    metadata: {
      namespace: "shop",
      name: "web-abc",
      labels: { "kubernetes.io/service-name": "web" },
    },
    addressType: "IPv4",
    ports: [{ name: "http", port: 80, appProtocol: "http" }],
    endpoints: [
      {
        addresses: ["10.1.0.5"],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: "node-1",
        zone: "1",
        targetRef: { kind: "Pod", name: "web-1", namespace: "shop" },
      },
    ],
  });
  const [first, more] = shown(endpointsTargets(slice, "endpointslice", around));
  const own = Object.fromEntries(
    Object.entries(first ?? {}).filter(
      ([name]) => name.startsWith("endpointslice_") || name.startsWith("service_n"),
    ),
  );
  assert.deepEqual(own, {
    endpointslice_name: "web-abc",
    endpointslice_label_kubernetes_io_service_name: "web",
    endpointslice_labelpresent_kubernetes_io_service_name: "true",
    endpointslice_address_type: "IPv4",
    service_name: "web",
    endpointslice_endpoint_conditions_ready: "true",
    endpointslice_endpoint_conditions_serving: "true",
    endpointslice_endpoint_conditions_terminating: "false",
    endpointslice_endpoint_node_name: "node-1",
    endpointslice_endpoint_zone: "1",
    endpointslice_address_target_kind: "Pod",
    endpointslice_address_target_name: "web-1",
    endpointslice_port: "80",
    endpointslice_port_name: "http",
    endpointslice_port_protocol: "TCP",
    endpointslice_port_app_protocol: "http",
  });
  assert.equal(more?.["__address__"], "10.1.0.5:81");
});
