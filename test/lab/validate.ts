/** What the lab checks of an object that is written: what real clients rely on, not all that the real server knows. */
import { at, fieldsAt, isFields, textAt } from "./kube.ts";
import type { Fields, KubeObject } from "./kube.ts";
import { apiVersionOf } from "./resource-types.ts";
import type { ResourceTypeRow } from "./resource-types.ts";
import { badRequest, invalid } from "./status.ts";
import type { StatusCause } from "./status.ts";

/** The body as an object of the type. @throws StatusError 400 when it is of another. */
export function objectOf(type: ResourceTypeRow, body: Fields, namespace: string): KubeObject {
  const expected = apiVersionOf(type);
  const apiVersion = textAt(body, "apiVersion") || expected;
  const kind = textAt(body, "kind") || type.kind;
  if (apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`,
    );
  }
  if (kind !== type.kind) {
    throw badRequest(`${kind} in version "${apiVersion}" cannot be handled as a ${type.kind}`);
  }
  const metadata = fieldsAt(body, "metadata");
  const own = textAt(metadata, "namespace");
  if (own !== "" && own !== namespace) {
    throw badRequest(
      "the namespace of the provided object does not match the namespace sent on the request",
    );
  }
  return {
    ...body,
    apiVersion,
    kind,
    metadata: {
      ...metadata,
      name: textAt(metadata, "name"),
      ...(type.namespaced ? { namespace } : {}),
    },
  };
}

/** @throws StatusError 422 with every cause. */
export function validate(type: ResourceTypeRow, object: KubeObject): void {
  const causes = [...nameCauses(type, object), ...labelCauses(object), ...workloadCauses(object)];
  if (causes.length > 0) throw invalid(type, object.metadata.name, causes);
}

const cause = (field: string, reason: string, message: string): StatusCause => ({
  reason,
  message,
  field,
});

/** RBAC names may hold what a path segment may; all others are DNS subdomains (RFC 1123). */
function nameCauses(
  type: ResourceTypeRow,
  { metadata: { name } }: KubeObject,
): readonly StatusCause[] {
  if (name === "") {
    return [
      cause(
        "metadata.name",
        "FieldValueRequired",
        "Required value: name or generateName is required",
      ),
    ];
  }
  const rbac = type.group === "rbac.authorization.k8s.io";
  const ok =
    name.length <= 253 &&
    (rbac
      ? !/[/%]/.test(name) && name !== "." && name !== ".."
      : /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/.test(name) && !/\.\.|\.-|-\./.test(name));
  return ok
    ? []
    : [
        cause(
          "metadata.name",
          "FieldValueInvalid",
          `Invalid value: "${name.slice(0, 260)}": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character`,
        ),
      ];
}

function labelCauses({ metadata: { labels } }: KubeObject): readonly StatusCause[] {
  if (labels === undefined) return [];
  if (!isFields(labels))
    return [cause("metadata.labels", "FieldValueInvalid", "Invalid value: it is no map")];
  return Object.entries(labels)
    .filter(
      ([, value]) =>
        typeof value !== "string" || !/^(?:[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?)?$/.test(value),
    )
    .map(([label, value]) =>
      cause(
        "metadata.labels",
        "FieldValueInvalid",
        `Invalid value: "${String(value)}": the value of label ${label} must be at most 63 alphanumeric characters, '-', '_' or '.'`,
      ),
    );
}

const workloads = new Set(["Deployment", "ReplicaSet", "DaemonSet", "StatefulSet"]);

function workloadCauses(object: KubeObject): readonly StatusCause[] {
  if (object.kind === "Pod") return containerCauses(object, "spec");
  if (!workloads.has(object.kind)) return [];
  const selector = Object.entries(fieldsAt(object, "spec", "selector", "matchLabels"));
  const labels = fieldsAt(object, "spec", "template", "metadata", "labels");
  const causes = [...containerCauses(object, "spec", "template", "spec")];
  if (at(object, "spec", "selector") === undefined) {
    causes.push(cause("spec.selector", "FieldValueRequired", "Required value"));
  } else if (selector.some(([label, value]) => labels[label] !== value)) {
    causes.push(
      cause(
        "spec.template.metadata.labels",
        "FieldValueInvalid",
        `Invalid value: ${JSON.stringify(labels)}: \`selector\` does not match template \`labels\``,
      ),
    );
  }
  const replicas = at(object, "spec", "replicas");
  if (replicas !== undefined && (!Number.isInteger(replicas) || Number(replicas) < 0)) {
    causes.push(
      cause(
        "spec.replicas",
        "FieldValueInvalid",
        `Invalid value: ${String(replicas)}: must be greater than or equal to 0`,
      ),
    );
  }
  return causes;
}

function containerCauses(object: KubeObject, ...path: readonly string[]): readonly StatusCause[] {
  const containers = at(object, ...path, "containers");
  const field = `${path.join(".")}.containers`;
  if (!Array.isArray(containers) || containers.length === 0) {
    return [cause(field, "FieldValueRequired", "Required value")];
  }
  return (containers as readonly unknown[]).flatMap((container, index) =>
    ["name", "image"]
      .filter((name) => textAt(container, name) === "")
      .map((name) => cause(`${field}[${index}].${name}`, "FieldValueRequired", "Required value")),
  );
}
