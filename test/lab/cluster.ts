/**
 * The lab's cluster of three nodes, written from the published shapes of AKS and Kubernetes objects.
 * It was recorded from no real cluster; each namespace and node says so in an annotation.
 */
import type { KubeObject } from "./kube.ts";
import { timeOf } from "./kube.ts";
import { condition, PORT_BY_NODE } from "./pods.ts";
import { serviceOf, workload } from "./workloads.ts";

export const SYNTHETIC = {
  "lab.linkscope.dev/synthetic":
    "Written from published shapes for tests; recorded from no real cluster.",
} as const;

export const nodeNames = [0, 1, 2].map(
  (index) => `aks-nodepool1-10000000-vmss00000${index}`,
) as readonly string[];

export interface ClusterPorts {
  readonly kubelet: Readonly<Record<string, number>>;
  readonly nodeExporter: Readonly<Record<string, number>>;
  readonly kubeState: number;
  readonly app: number;
}

/** All objects, in the order in which they are to be created. Controllers make the pods and endpoints of them. */
export function clusterObjects(ports: ClusterPorts, nowMs: number): readonly KubeObject[] {
  return [
    ...["default", "kube-node-lease", "kube-public", "kube-system", "shop"].map(namespaceOf),
    ...["default", "kube-system", "shop"].map(defaultAccount),
    ...roles,
    ...nodeNames.map((name) => nodeOf(name, ports, nowMs)),
    ...nodeNames.map((name) => leaseOf(name, nowMs)),
    kubernetesService,
    ...kubeSystem(ports),
    ...shop(ports),
    ...ordersVolume,
  ];
}

/** A disk that the pods of `batch` claim. */
const ordersVolume: readonly KubeObject[] = [
  {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: "pvc-lab-orders", annotations: SYNTHETIC },
    spec: {
      accessModes: ["ReadWriteOnce"],
      capacity: { storage: "8Gi" },
      claimRef: {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        name: "orders",
        namespace: "shop",
      },
      csi: { driver: "disk.csi.azure.com", volumeHandle: "lab-orders" },
      persistentVolumeReclaimPolicy: "Delete",
      storageClassName: "managed-csi",
    },
    status: { phase: "Bound" },
  },
  {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "orders", namespace: "shop" },
    spec: {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: "8Gi" } },
      storageClassName: "managed-csi",
      volumeName: "pvc-lab-orders",
    },
    status: { phase: "Bound", accessModes: ["ReadWriteOnce"], capacity: { storage: "8Gi" } },
  },
];

const namespaceOf = (name: string): KubeObject => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name, labels: { "kubernetes.io/metadata.name": name }, annotations: SYNTHETIC },
  spec: { finalizers: ["kubernetes"] },
  status: { phase: "Active" },
});

const defaultAccount = (namespace: string): KubeObject => ({
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name: "default", namespace },
});

const roles: readonly KubeObject[] = [
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: "cluster-admin" },
    rules: [
      { apiGroups: ["*"], resources: ["*"], verbs: ["*"] },
      { nonResourceURLs: ["*"], verbs: ["*"] },
    ],
  },
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "cluster-admin" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "system:masters" }],
  },
];

function nodeOf(name: string, ports: ClusterPorts, nowMs: number): KubeObject {
  const zone = `westeurope-${nodeNames.indexOf(name) + 1}`;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        agentpool: "nodepool1",
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.azure.com/agentpool": "nodepool1",
        "kubernetes.azure.com/mode": "system",
        "kubernetes.azure.com/role": "agent",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": "Standard_D4s_v5",
        "topology.kubernetes.io/region": "westeurope",
        "topology.kubernetes.io/zone": zone,
      },
      annotations: {
        ...SYNTHETIC,
        "lab.linkscope.dev/node-exporter-port": String(ports.nodeExporter[name] ?? 0),
      },
    },
    spec: {
      podCIDR: `10.244.${nodeNames.indexOf(name)}.0/24`,
      providerID: `azure:///synthetic/${name}`,
    },
    status: {
      addresses: [
        { type: "InternalIP", address: "127.0.0.1" },
        { type: "Hostname", address: name },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: ports.kubelet[name] ?? 10250 } },
      capacity: {
        cpu: "4",
        "ephemeral-storage": "129886128Ki",
        memory: "16393464Ki",
        pods: "2000",
      },
      allocatable: { cpu: "3860m", memory: "12899576Ki", pods: "2000" },
      conditions: [
        condition("MemoryPressure", "False", nowMs),
        condition("DiskPressure", "False", nowMs),
        condition("PIDPressure", "False", nowMs),
        {
          ...condition("Ready", "True", nowMs),
          lastHeartbeatTime: timeOf(nowMs),
          reason: "KubeletReady",
          message: "kubelet is posting ready status",
        },
      ],
      nodeInfo: {
        architecture: "amd64",
        bootID: "",
        containerRuntimeVersion: "lab://1",
        kernelVersion: "5.15.0-lab",
        kubeProxyVersion: "v1.34.0-lab",
        kubeletVersion: "v1.34.0-lab",
        machineID: "",
        operatingSystem: "linux",
        osImage: "Lab (synthetic)",
        systemUUID: "",
      },
    },
  };
}

const leaseOf = (name: string, nowMs: number): KubeObject => ({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { name, namespace: "kube-node-lease" },
  spec: {
    holderIdentity: name,
    leaseDurationSeconds: 40,
    renewTime: new Date(nowMs).toISOString().replace("Z", "000Z"),
  },
});

const kubernetesService: KubeObject = {
  apiVersion: "v1",
  kind: "Service",
  metadata: {
    name: "kubernetes",
    namespace: "default",
    labels: { component: "apiserver", provider: "kubernetes" },
  },
  spec: {
    type: "ClusterIP",
    clusterIP: "10.0.0.1",
    ports: [{ name: "https", port: 443, protocol: "TCP", targetPort: 443 }],
  },
};

/** The namespace whose pods log what the files of `--pod-log` say. */
export const LOGGED_NAMESPACE = "linkscope";

/** A deployment of one pod in that namespace, which itself is made with the first. */
export const loggedWorkload = (name: string): readonly KubeObject[] => [
  namespaceOf(LOGGED_NAMESPACE),
  defaultAccount(LOGGED_NAMESPACE),
  workload({
    kind: "Deployment",
    namespace: LOGGED_NAMESPACE,
    name,
    labels: { app: name },
    image: `linkscope/${name}:lab`,
  }),
];

function kubeSystem(ports: ClusterPorts): readonly KubeObject[] {
  const namespace = "kube-system";
  const kubeState = { "app.kubernetes.io/name": "ama-metrics-ksm" };
  const exporter = { "app.kubernetes.io/name": "node-exporter" };
  const dns = { "k8s-app": "kube-dns" };
  return [
    workload({
      kind: "Deployment",
      namespace,
      name: "coredns",
      labels: dns,
      replicas: 2,
      image: "lab/coredns:1",
    }),
    serviceOf({
      namespace,
      name: "kube-dns",
      labels: dns,
      port: 53,
      targetPort: "dns",
      clusterIP: "10.0.0.10",
    }),
    workload({
      kind: "DaemonSet",
      namespace,
      name: "kube-proxy",
      labels: { component: "kube-proxy" },
      image: "lab/kube-proxy:1",
      hostNetwork: true,
    }),
    workload({
      kind: "Deployment",
      namespace,
      name: "metrics-server",
      labels: { "k8s-app": "metrics-server" },
      image: "lab/metrics-server:1",
    }),
    workload({
      kind: "Deployment",
      namespace,
      name: "ama-metrics-ksm",
      labels: kubeState,
      image: "lab/kube-state-metrics:2",
      port: { name: "http", number: ports.kubeState },
    }),
    serviceOf({
      namespace,
      name: "ama-metrics-ksm",
      labels: kubeState,
      port: 8080,
      targetPort: "http",
      clusterIP: "10.0.0.20",
    }),
    workload({
      kind: "DaemonSet",
      namespace,
      name: "node-exporter",
      labels: exporter,
      image: "lab/node-exporter:1",
      port: { name: "metrics", number: 9100 },
      annotations: { [PORT_BY_NODE]: JSON.stringify(ports.nodeExporter) },
      hostNetwork: true,
    }),
    serviceOf({
      namespace,
      name: "node-exporter",
      labels: exporter,
      port: 9100,
      targetPort: "metrics",
      clusterIP: "10.0.0.21",
    }),
  ];
}

function shop(ports: ClusterPorts): readonly KubeObject[] {
  const namespace = "shop";
  const scraped = {
    "prometheus.io/scrape": "true",
    "prometheus.io/port": String(ports.app),
    "prometheus.io/path": "/metrics",
  };
  const port = { name: "http", number: ports.app };
  const web = { app: "web" };
  return [
    workload({
      kind: "Deployment",
      namespace,
      name: "web",
      labels: web,
      replicas: 3,
      image: "lab/web:1",
      port,
      annotations: scraped,
    }),
    serviceOf({
      namespace,
      name: "web",
      labels: web,
      port: 80,
      targetPort: "http",
      clusterIP: "10.0.0.30",
    }),
    workload({
      kind: "Deployment",
      namespace,
      name: "worker",
      labels: { app: "worker" },
      replicas: 2,
      image: "lab/worker:1",
      port,
      annotations: scraped,
    }),
    // Not annotated: pod scraping must leave it alone.
    workload({
      kind: "Deployment",
      namespace,
      name: "batch",
      labels: { app: "batch" },
      claim: "orders",
      image: "lab/batch:1",
      port,
    }),
  ];
}
