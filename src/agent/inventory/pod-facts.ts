/**
 * Facts of a node's pods that go with their logs: metadata, images, and annotations that leave a pod out.
 * @see learn.microsoft.com/azure/azure-monitor/containers/container-insights-logs-schema (KubernetesMetadata)
 */
import { at, listAt, stringAt } from "../../client/index.ts";
import type { Json, JsonObject } from "../../client/index.ts";
import type { ContainerFacts } from "../logs/collection-plan.ts";
import type { LoggedContainer } from "../logs/log-file-name.ts";
import type { LogsAgentSettings, MetadataField } from "../logs/logs-settings.ts";
import { text } from "./inventory-scope.ts";
import type { ObjectCache } from "./object-cache.ts";

/** @param pods of the node; undefined where there is no API server to ask: then nothing is known of them. */
export function podFacts(
  pods: ObjectCache | undefined,
  { metadataFields }: LogsAgentSettings,
): ContainerFacts {
  // Written once for each version of a pod, not once for each line.
  const written = new WeakMap<JsonObject, Map<string, string>>();
  const podOf = ({ namespace, pod }: LoggedContainer): JsonObject | undefined =>
    pods?.get(namespace, pod);
  return {
    metadata(container) {
      const pod = podOf(container);
      if (pod === undefined || metadataFields === undefined) return undefined;
      const known = written.get(pod) ?? new Map<string, string>();
      written.set(pod, known);
      const kept = known.get(container.container);
      if (kept !== undefined) return kept;
      const made = JSON.stringify(metadataOf(pod, container, metadataFields));
      known.set(container.container, made);
      return made;
    },
    image(container) {
      const pod = podOf(container);
      if (pod === undefined) return undefined;
      return { image: imageOf(pod, container), name: container.container };
    },
    isExcluded(container) {
      const pod = podOf(container);
      if (pod === undefined && pods?.state().synced === false) return undefined;
      return stringAt(pod, "metadata", "annotations", "fluentbit.io/exclude") === "true";
    },
  };
}

function metadataOf(
  pod: JsonObject,
  container: LoggedContainer,
  fields: ReadonlySet<MetadataField>,
): Readonly<Record<string, Json>> {
  const image = imageOf(pod, container);
  const [withoutDigest = ""] = image.split("@");
  const colon = withoutDigest.lastIndexOf(":");
  const hasTag = colon > withoutDigest.lastIndexOf("/");
  const values: Readonly<Record<MetadataField, Json>> = {
    podUid: text(pod, "metadata", "uid"),
    podLabels: at(pod, "metadata", "labels") ?? {},
    podAnnotations: at(pod, "metadata", "annotations") ?? {},
    image,
    imageID: text(statusOf(pod, container), "imageID"),
    imageRepo: hasTag ? withoutDigest.slice(0, colon) : withoutDigest,
    imageTag: hasTag ? withoutDigest.slice(colon + 1) : "",
  };
  return Object.fromEntries([...fields].map((field) => [field, values[field]]));
}

const statusOf = (pod: JsonObject, { container }: LoggedContainer): Json =>
  [
    ...listAt(pod, "status", "containerStatuses"),
    ...listAt(pod, "status", "initContainerStatuses"),
  ].find((one) => stringAt(one, "name") === container) ?? null;

const imageOf = (pod: JsonObject, container: LoggedContainer): string =>
  text(statusOf(pod, container), "image") ||
  text(
    [...listAt(pod, "spec", "containers"), ...listAt(pod, "spec", "initContainers")].find(
      (one) => stringAt(one, "name") === container.container,
    ),
    "image",
  );
