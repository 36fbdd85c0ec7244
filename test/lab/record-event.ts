/** Events about objects, as controllers and kubelets write them. */
import type { Clock } from "../../src/core/index.ts";
import { timeOf } from "./kube.ts";
import type { KubeObject } from "./kube.ts";
import type { ObjectStore } from "./object-store.ts";

/** Writes one event about an object. */
export function recordEvent(
  { store, clock }: { readonly store: ObjectStore; readonly clock: Clock },
  about: KubeObject,
  {
    type,
    reason,
    message,
  }: { readonly type: "Normal" | "Warning"; readonly reason: string; readonly message: string },
): void {
  const { name, namespace, uid = "" } = about.metadata;
  const now = timeOf(clock.nowMs());
  store.put({
    apiVersion: "v1",
    kind: "Event",
    metadata: {
      name: `${name}.${(store.revision() + 1).toString(16).padStart(16, "0")}`,
      namespace: namespace ?? "default",
    },
    involvedObject: {
      apiVersion: about.apiVersion,
      kind: about.kind,
      name,
      ...(namespace === undefined ? {} : { namespace }),
      uid,
    },
    type,
    reason,
    message,
    source: { component: "lab" },
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
  });
}
