/** The resource types that the lab's API server serves: the one table behind routes, discovery and tables. */

export interface ResourceTypeRow {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly subresources: readonly string[];
  readonly categories: readonly string[];
  /** A custom resource: no strategic merge patch, as with the real server. */
  readonly custom: boolean;
}

interface Draft {
  readonly short?: readonly string[];
  readonly subresources?: readonly string[];
  readonly cluster?: true;
  readonly all?: true;
  readonly singular?: string;
  readonly custom?: true;
}

function row(groupVersion: string, plural: string, kind: string, draft: Draft = {}) {
  const [group = "", version = ""] = groupVersion.includes("/")
    ? groupVersion.split("/")
    : ["", groupVersion];
  return {
    group,
    version,
    plural,
    kind,
    singular: draft.singular ?? kind.toLowerCase(),
    namespaced: draft.cluster !== true,
    shortNames: draft.short ?? [],
    subresources: draft.subresources ?? [],
    categories: draft.all === true ? ["all"] : [],
    custom: draft.custom === true,
  } satisfies ResourceTypeRow;
}

const scaled = ["status", "scale"];

export const resourceTypes: readonly ResourceTypeRow[] = [
  row("v1", "configmaps", "ConfigMap", { short: ["cm"] }),
  row("v1", "endpoints", "Endpoints", { short: ["ep"] }),
  row("v1", "events", "Event", { short: ["ev"] }),
  row("v1", "limitranges", "LimitRange", { short: ["limits"] }),
  row("v1", "namespaces", "Namespace", { short: ["ns"], cluster: true, subresources: ["status"] }),
  row("v1", "nodes", "Node", { short: ["no"], cluster: true, subresources: ["status", "proxy"] }),
  row("v1", "persistentvolumeclaims", "PersistentVolumeClaim", {
    short: ["pvc"],
    subresources: ["status"],
  }),
  row("v1", "persistentvolumes", "PersistentVolume", {
    short: ["pv"],
    cluster: true,
    subresources: ["status"],
  }),
  row("v1", "pods", "Pod", { short: ["po"], all: true, subresources: ["status", "log"] }),
  row("v1", "replicationcontrollers", "ReplicationController", {
    short: ["rc"],
    all: true,
    subresources: ["status"],
  }),
  row("v1", "resourcequotas", "ResourceQuota", { short: ["quota"], subresources: ["status"] }),
  row("v1", "secrets", "Secret"),
  row("v1", "serviceaccounts", "ServiceAccount", { short: ["sa"], subresources: ["token"] }),
  row("v1", "services", "Service", { short: ["svc"], all: true, subresources: ["status"] }),
  row("apps/v1", "daemonsets", "DaemonSet", { short: ["ds"], all: true, subresources: ["status"] }),
  row("apps/v1", "deployments", "Deployment", {
    short: ["deploy"],
    all: true,
    subresources: scaled,
  }),
  row("apps/v1", "replicasets", "ReplicaSet", { short: ["rs"], all: true, subresources: scaled }),
  row("apps/v1", "statefulsets", "StatefulSet", {
    short: ["sts"],
    all: true,
    subresources: scaled,
  }),
  row("autoscaling/v1", "horizontalpodautoscalers", "HorizontalPodAutoscaler", {
    short: ["hpa"],
    all: true,
    subresources: ["status"],
  }),
  row("batch/v1", "cronjobs", "CronJob", { short: ["cj"], all: true, subresources: ["status"] }),
  row("batch/v1", "jobs", "Job", { all: true, subresources: ["status"] }),
  row("coordination.k8s.io/v1", "leases", "Lease"),
  row("discovery.k8s.io/v1", "endpointslices", "EndpointSlice"),
  row("networking.k8s.io/v1", "ingresses", "Ingress", {
    short: ["ing"],
    singular: "ingress",
    subresources: ["status"],
  }),
  row("networking.k8s.io/v1", "networkpolicies", "NetworkPolicy", { short: ["netpol"] }),
  row("policy/v1", "poddisruptionbudgets", "PodDisruptionBudget", {
    short: ["pdb"],
    subresources: ["status"],
  }),
  row("rbac.authorization.k8s.io/v1", "clusterrolebindings", "ClusterRoleBinding", {
    cluster: true,
  }),
  row("rbac.authorization.k8s.io/v1", "clusterroles", "ClusterRole", { cluster: true }),
  row("rbac.authorization.k8s.io/v1", "rolebindings", "RoleBinding"),
  row("rbac.authorization.k8s.io/v1", "roles", "Role"),
  // What Managed Prometheus adds to a cluster: the monitors of its own group.
  row("azmonitoring.coreos.com/v1", "podmonitors", "PodMonitor", { short: ["pmon"], custom: true }),
  row("azmonitoring.coreos.com/v1", "servicemonitors", "ServiceMonitor", {
    short: ["smon"],
    custom: true,
  }),
];

/** `apiVersion` of a type's objects. */
export const apiVersionOf = (type: ResourceTypeRow): string =>
  type.group === "" ? type.version : `${type.group}/${type.version}`;

/** The type of a group, version and plural; undefined when the lab has none. */
export function findType(group: string, version: string, plural: string) {
  return resourceTypes.find(
    (type) => type.group === group && type.version === version && type.plural === plural,
  );
}

/** The type of an object. */
export function typeOfObject(object: { readonly apiVersion: string; readonly kind: string }) {
  return resourceTypes.find(
    (type) => apiVersionOf(type) === object.apiVersion && type.kind === object.kind,
  );
}

/** One of the table's types that must exist. */
export function knownType(plural: string): ResourceTypeRow {
  const found = resourceTypes.find((type) => type.plural === plural);
  if (found === undefined) throw new Error(`The lab has no resource type ${plural}.`);
  return found;
}
