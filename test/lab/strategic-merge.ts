/** Strategic merge patches: lists merged by the keys of the Kubernetes API's own types, and their directives. */
import { isFields } from "./kube.ts";
import type { Fields } from "./kube.ts";
import { badRequest } from "./status.ts";

/**
 * The merge keys of the API reference (`x-kubernetes-patch-merge-key`), by field name; a list of any other name is
 * replaced whole. `ports` has two, by what its items carry.
 */
const mergeKeys: Readonly<Record<string, string>> = {
  containers: "name",
  initContainers: "name",
  ephemeralContainers: "name",
  volumes: "name",
  env: "name",
  volumeMounts: "mountPath",
  volumeDevices: "devicePath",
  imagePullSecrets: "name",
  secrets: "name",
  hostAliases: "ip",
  topologySpreadConstraints: "topologyKey",
  ownerReferences: "uid",
  conditions: "type",
  addresses: "type",
  taints: "key",
};

/** Lists of scalars that are merged as sets. */
const primitiveSets = new Set(["finalizers"]);

const DIRECTIVE = "$patch";
const RETAIN = "$retainKeys";
const ORDER = "$setElementOrder/";
const DELETE_FROM = "$deleteFromPrimitiveList/";

/** @throws StatusError 400 for a directive that the API does not know. */
export function strategicMerge(target: Fields, patch: Fields): Fields {
  const directive = patch[DIRECTIVE];
  if (directive === "replace") return without(patch);
  if (directive === "delete") return {};
  if (directive !== undefined && directive !== "merge") {
    throw badRequest(`Unknown patch directive: ${JSON.stringify(directive)}`);
  }
  const retained = Array.isArray(patch[RETAIN]) ? new Set<unknown>(patch[RETAIN]) : undefined;
  const merged = new Map(
    Object.entries(target).filter(([name]) => retained === undefined || retained.has(name)),
  );
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith(DELETE_FROM)) {
      const field = name.slice(DELETE_FROM.length);
      const gone = new Set<unknown>(Array.isArray(value) ? value : []);
      merged.set(
        field,
        listOf(merged.get(field)).filter((item) => !gone.has(item)),
      );
    } else if (name.startsWith("$")) continue;
    else if (value === null) merged.delete(name);
    else merged.set(name, mergeField(name, merged.get(name), value));
  }
  for (const [name, order] of Object.entries(patch)) {
    if (!name.startsWith(ORDER) || !Array.isArray(order)) continue;
    const field = name.slice(ORDER.length);
    if (merged.has(field)) merged.set(field, ordered(field, listOf(merged.get(field)), order));
  }
  return Object.fromEntries(merged);
}

const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? (value as readonly unknown[]) : [];

const without = (patch: Fields): Fields =>
  Object.fromEntries(Object.entries(patch).filter(([name]) => !name.startsWith("$")));

function mergeField(name: string, before: unknown, value: unknown): unknown {
  if (isFields(value)) return strategicMerge(isFields(before) ? before : {}, value);
  if (!Array.isArray(value)) return value;
  const list = value as readonly unknown[];
  if (primitiveSets.has(name)) return [...new Set([...listOf(before), ...list])];
  const key = keyOfList(name, list);
  return key === undefined ? list : mergeList(key, listOf(before), list);
}

function keyOfList(name: string, list: readonly unknown[]): string | undefined {
  if (!list.every(isFields)) return undefined;
  if (name === "ports") {
    return list.some((item) => "containerPort" in item) ? "containerPort" : "port";
  }
  return Object.hasOwn(mergeKeys, name) ? mergeKeys[name] : undefined;
}

function mergeList(
  key: string,
  before: readonly unknown[],
  patch: readonly unknown[],
): readonly unknown[] {
  const items = patch.filter(isFields);
  if (items.some((item) => item[DIRECTIVE] === "replace")) {
    return items.filter((item) => item[DIRECTIVE] === undefined);
  }
  const merged = [...before];
  for (const item of items) {
    const place = merged.findIndex((other) => isFields(other) && other[key] === item[key]);
    const present = merged[place];
    if (item[DIRECTIVE] === "delete") {
      if (place >= 0) merged.splice(place, 1);
    } else if (isFields(present)) merged[place] = strategicMerge(present, item);
    else merged.push(strategicMerge({}, item));
  }
  return merged;
}

/** Those that the order names come in it; the rest keep their place behind. */
function ordered(
  field: string,
  list: readonly unknown[],
  order: readonly unknown[],
): readonly unknown[] {
  const key = keyOfList(field, order);
  const identity = (item: unknown): unknown =>
    key !== undefined && isFields(item) ? item[key] : item;
  const places = new Map(order.map((item, index) => [identity(item), index]));
  const placeOf = (item: unknown): number => places.get(identity(item)) ?? order.length;
  return [...list].sort((a, b) => placeOf(a) - placeOf(b));
}
