/** What every record of a cluster's inventory shares, and what the rule's namespace filter leaves out. */
import { stringAt } from "../../client/index.ts";
import type { Json, JsonObject, LogsSettings } from "../../client/index.ts";

export interface InventoryScope {
  /** The cluster's resource id. */
  readonly clusterId: string;
  readonly clusterName: string;
}

/** When a round of inventory was taken, as the agent of Azure writes it: `2026-01-01T00:00:00Z`. */
export const batchTime = (nowMs: number): string =>
  new Date(nowMs).toISOString().replace(/\.\d{3}Z$/, "Z");

/**
 * Whether the rule's filter leaves an object out. The agent's own pods in kube-system stay, as Azure has it.
 *
 * @see github.com/microsoft/Docker-Provider source/plugins/go/input/lib (IsExcludeResourceItem)
 */
export function isFiltered(
  { namespaceFilter, namespaces }: LogsSettings,
  { name, namespace }: { readonly name: string; readonly namespace: string },
): boolean {
  if (namespaces.length === 0 || namespace === "") return false;
  if (namespace === "kube-system" && name.startsWith("ama-logs")) return false;
  if (namespaceFilter === "Exclude") return namespaces.includes(namespace);
  return namespaceFilter === "Include" && !namespaces.includes(namespace);
}

export const nameOf = (object: Json): { readonly name: string; readonly namespace: string } => ({
  name: stringAt(object, "metadata", "name") ?? "",
  namespace: stringAt(object, "metadata", "namespace") ?? "",
});

/** An object as it is kept in memory: without the fields that only say who wrote what. */
export function keptObject(object: JsonObject): JsonObject {
  const { metadata, ...rest } = object;
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) return object;
  const { managedFields: _, ...kept } = metadata as JsonObject;
  return { ...rest, metadata: kept };
}

export const text = (value: Json | undefined, ...path: readonly (string | number)[]): string =>
  stringAt(value, ...path) ?? "";
