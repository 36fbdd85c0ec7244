/** Tables: what `kubectl get` asks for instead of objects; columns as the real server prints them. */
import { fieldsAt, listAt, numberAt, textAt } from "./kube.ts";
import type { KubeObject } from "./kube.ts";
import type { ResourceTypeRow } from "./resource-types.ts";

type Cell = string | number;

interface Column {
  readonly name: string;
  readonly type: "string" | "integer";
  /** 0 is always shown, 1 only by `-o wide`. */
  readonly priority: 0 | 1;
  readonly cell: (object: KubeObject, nowMs: number) => Cell;
}

const column = (name: string, cell: Column["cell"], priority: 0 | 1 = 0): Column => ({
  name,
  type: "string",
  priority,
  cell,
});
const integer = (name: string, ...path: readonly string[]): Column => ({
  name,
  type: "integer",
  priority: 0,
  cell: (object) => numberAt(object, ...path),
});

/** Whether an Accept header prefers a Table of a version that clients still ask for. */
export const wantsTable = (accept: string | undefined): boolean =>
  (accept ?? "").split(",")[0]?.includes("as=Table") === true;

/** A Table of objects; rows carry the metadata of their object, as by default. */
export function tableOf(
  type: ResourceTypeRow,
  objects: readonly KubeObject[],
  nowMs: number,
): object {
  const columns = [name, ...(columnsByKind[type.kind] ?? []), age];
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: { resourceVersion: objects[0]?.metadata.resourceVersion ?? "" },
    columnDefinitions: columns.map(({ name: title, type: kind, priority }) => ({
      name: title,
      type: kind,
      format: title === "Name" ? "name" : "",
      description: "",
      priority,
    })),
    rows: objects.map((object) => ({
      cells: columns.map(({ cell }) => cell(object, nowMs)),
      object: {
        kind: "PartialObjectMetadata",
        apiVersion: "meta.k8s.io/v1",
        metadata: object.metadata,
      },
    })),
  };
}

const name = column("Name", (object) => object.metadata.name);

const age = column("Age", ({ metadata: { creationTimestamp } }, nowMs) =>
  creationTimestamp === undefined ? "<unknown>" : duration(nowMs - Date.parse(creationTimestamp)),
);

/** A duration as kubectl writes it: the one unit that says most. */
function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

const orNone = (text: string): string => (text === "" ? "<none>" : text);

/** What `kubectl get pods` says of a pod, from its phase and its containers' states. */
export function podStatus(pod: KubeObject): string {
  if (pod.metadata.deletionTimestamp !== undefined) return "Terminating";
  for (const status of listAt(pod, "status", "containerStatuses")) {
    const reason =
      textAt(status, "state", "waiting", "reason") ||
      textAt(status, "state", "terminated", "reason");
    if (reason !== "") return reason;
  }
  return textAt(pod, "status", "reason") || textAt(pod, "status", "phase") || "Unknown";
}

function podReady(pod: KubeObject): string {
  const statuses = listAt(pod, "status", "containerStatuses");
  const ready = statuses.filter((status) => textAt(status, "ready") === "true").length;
  return `${ready}/${listAt(pod, "spec", "containers").length}`;
}

const podRestarts = (pod: KubeObject): number =>
  listAt(pod, "status", "containerStatuses").reduce<number>(
    (sum, status) => sum + numberAt(status, "restartCount"),
    0,
  );

function nodeStatus(node: KubeObject): string {
  const ready = listAt(node, "status", "conditions").find(
    (condition) => textAt(condition, "type") === "Ready",
  );
  const word = textAt(ready, "status") === "True" ? "Ready" : "NotReady";
  return textAt(node, "spec", "unschedulable") === "true" ? `${word},SchedulingDisabled` : word;
}

function nodeRoles(node: KubeObject): string {
  const prefix = "node-role.kubernetes.io/";
  const roles = Object.keys(node.metadata.labels ?? {})
    .filter((label) => label.startsWith(prefix))
    .map((label) => label.slice(prefix.length));
  return orNone(roles.join(","));
}

const nodeAddress = (node: KubeObject, type: string): string =>
  textAt(
    listAt(node, "status", "addresses").find((address) => textAt(address, "type") === type),
    "address",
  );

const ports = (service: KubeObject): string =>
  listAt(service, "spec", "ports")
    .map((port) => `${textAt(port, "port")}/${textAt(port, "protocol") || "TCP"}`)
    .join(",");

function endpoints(object: KubeObject): string {
  const pairs = listAt(object, "subsets").flatMap((subset) =>
    listAt(subset, "addresses").flatMap((address) =>
      listAt(subset, "ports").map((port) => `${textAt(address, "ip")}:${textAt(port, "port")}`),
    ),
  );
  const shown = pairs.slice(0, 3).join(",");
  return orNone(pairs.length > 3 ? `${shown} + ${pairs.length - 3} more...` : shown);
}

const keys = (object: KubeObject, field: string): number =>
  Object.keys(fieldsAt(object, field)).length;

const ready = column(
  "Ready",
  (object) =>
    `${numberAt(object, "status", "readyReplicas")}/${numberAt(object, "spec", "replicas")}`,
);

const columnsByKind: Readonly<Record<string, readonly Column[]>> = {
  Pod: [
    column("Ready", podReady),
    column("Status", podStatus),
    { ...column("Restarts", podRestarts), type: "integer" },
    column("IP", (pod) => orNone(textAt(pod, "status", "podIP")), 1),
    column("Node", (pod) => orNone(textAt(pod, "spec", "nodeName")), 1),
  ],
  Node: [
    column("Status", nodeStatus),
    column("Roles", nodeRoles),
    column("Version", (node) => textAt(node, "status", "nodeInfo", "kubeletVersion")),
    column("Internal-IP", (node) => orNone(nodeAddress(node, "InternalIP")), 1),
    column("OS-Image", (node) => textAt(node, "status", "nodeInfo", "osImage"), 1),
  ],
  Service: [
    column("Type", (service) => textAt(service, "spec", "type")),
    column("Cluster-IP", (service) => orNone(textAt(service, "spec", "clusterIP"))),
    column("External-IP", () => "<none>"),
    column("Port(s)", (service) => orNone(ports(service))),
  ],
  Deployment: [
    ready,
    integer("Up-to-date", "status", "updatedReplicas"),
    integer("Available", "status", "availableReplicas"),
  ],
  ReplicaSet: [
    integer("Desired", "spec", "replicas"),
    integer("Current", "status", "replicas"),
    integer("Ready", "status", "readyReplicas"),
  ],
  StatefulSet: [ready],
  DaemonSet: [
    integer("Desired", "status", "desiredNumberScheduled"),
    integer("Current", "status", "currentNumberScheduled"),
    integer("Ready", "status", "numberReady"),
    integer("Up-to-date", "status", "updatedNumberScheduled"),
    integer("Available", "status", "numberAvailable"),
  ],
  Namespace: [column("Status", (namespace) => textAt(namespace, "status", "phase"))],
  ConfigMap: [{ ...column("Data", (map) => keys(map, "data")), type: "integer" }],
  Secret: [
    column("Type", (secret) => textAt(secret, "type")),
    { ...column("Data", (secret) => keys(secret, "data")), type: "integer" },
  ],
  Endpoints: [column("Endpoints", endpoints)],
  Event: [
    column("Last Seen", (event) => textAt(event, "lastTimestamp")),
    column("Type", (event) => textAt(event, "type")),
    column("Reason", (event) => textAt(event, "reason")),
    column(
      "Object",
      (event) =>
        `${textAt(event, "involvedObject", "kind").toLowerCase()}/${textAt(event, "involvedObject", "name")}`,
    ),
    column("Message", (event) => textAt(event, "message")),
  ],
};
