/** The scale subresource: the count of replicas as an object of its own. */
import { at, fieldsAt, numberAt } from "./kube.ts";
import type { Fields, KubeObject } from "./kube.ts";
import { applyPatch } from "./patch.ts";
import { badRequest } from "./status.ts";

export function scaleOf(object: KubeObject): Fields {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const labels = Object.entries(fieldsAt(object, "spec", "selector", "matchLabels"));
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: at(object, "spec", "replicas") ?? 1 },
    status: {
      replicas: numberAt(object, "status", "replicas"),
      selector: labels.map(([label, value]) => `${label}=${String(value)}`).join(","),
    },
  };
}

/** The object with the replicas that a Scale asks for. @throws StatusError 400. */
export function withScale(object: KubeObject, scale: Fields): KubeObject {
  const replicas = at(scale, "spec", "replicas") ?? 0;
  if (typeof replicas !== "number") throw badRequest("spec.replicas of a Scale is a number");
  const version = at(scale, "metadata", "resourceVersion");
  return {
    ...object,
    metadata: {
      ...object.metadata,
      ...(typeof version === "string" && version !== "" ? { resourceVersion: version } : {}),
    },
    spec: { ...fieldsAt(object, "spec"), replicas },
  };
}

export const patchScale = (
  object: KubeObject,
  patch: { readonly contentType: string; readonly body: string },
): Fields => applyPatch(scaleOf(object), { ...patch, custom: false });
