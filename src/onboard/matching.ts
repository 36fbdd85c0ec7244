/** Whether what is there is what is wanted: bodies compared as ARM reads them. */
import { isObject, regionKey, stringAt } from "../arm/index.ts";
import type { ArmResource, Json, JsonObject } from "../arm/index.ts";

/**
 * Whether `current` has everything that `wanted` says. Properties that `wanted` does not mention do not matter; nor does
 * the case of resource ids, nor how a location is spelled. A list must hold an equal item for each wanted one.
 */
export function satisfies(current: Json | undefined, wanted: Json | undefined, name = ""): boolean {
  if (wanted === undefined || wanted === null) return true;
  if (Array.isArray(wanted)) {
    if (!Array.isArray(current)) return wanted.length === 0;
    const items = current as readonly Json[];
    return (wanted as readonly Json[]).every((item) => items.some((one) => satisfies(one, item)));
  }
  if (isObject(wanted)) {
    const has = isObject(current) ? current : {};
    return Object.entries(wanted).every(([key, value]) =>
      satisfies(Object.hasOwn(has, key) ? has[key] : undefined, value, key),
    );
  }
  if (typeof wanted === "string" && typeof current === "string") {
    if (name === "location") return regionKey(current) === regionKey(wanted);
    if (wanted.startsWith("/subscriptions/")) return current.toLowerCase() === wanted.toLowerCase();
  }
  return current === wanted;
}

/** Whether the last write of a resource failed: what it says of itself is then not in force. */
export const hasFailed = ({ properties }: Pick<ArmResource, "properties">): boolean =>
  ["Failed", "Canceled"].includes(stringAt(properties, "provisioningState") ?? "");

/** `base` with what `over` says: objects merged, everything else replaced. */
export function merged(base: JsonObject, over: JsonObject): JsonObject {
  const result: Record<string, Json | undefined> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = Object.hasOwn(base, key) ? base[key] : undefined;
    result[key] = isObject(before) && isObject(value) ? merged(before, value) : value;
  }
  return result;
}

/** Properties that ARM derives. They are left out of a PUT that puts back what was read. */
const readOnlyProperties: ReadonlySet<string> = new Set([
  "provisioningState",
  "immutableId",
  "configurationAccess",
  "logsIngestion",
  "metricsIngestion",
  "privateLinkScopedResources",
  "metadata",
  "accountId",
  "metrics",
  "defaultIngestionSettings",
  "privateEndpointConnections",
  "resourceGuid",
  "customerId",
  "createdDate",
  "modifiedDate",
]);

/** The body by which a resource can be put back: without what ARM derives. */
export function bodyOf(resource: ArmResource): JsonObject {
  const properties = Object.fromEntries(
    Object.entries(resource.properties).filter(([name]) => !readOnlyProperties.has(name)),
  );
  const top = { location: resource.location, tags: resource.tags, kind: resource.kind };
  const given = Object.entries(top).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(given), properties };
}
