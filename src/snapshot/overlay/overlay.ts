/** Overlays: what a template or a plan would change, laid over a snapshot, so that it is judged before it is applied. */
import { idKey, isObject, parseId } from "../../arm/index.ts";
import type { ArmResource, Json, JsonObject, ResourceId } from "../../arm/index.ts";
import type { CloudName } from "../../azure/index.ts";
import { listPaths } from "../coverage.ts";
import type { CoverageRecord, Unread } from "../coverage.ts";
import { childrenOf, keptResource } from "../gathering.ts";
import { inPublicNames } from "../snapshot.ts";
import type { Snapshot } from "../snapshot.ts";
import { projected } from "./project.ts";

/** What one file would make of an estate. */
export interface Overlay {
  /** Resources as GET would show what the file sets; what it leaves out stays as it is. */
  readonly puts: readonly JsonObject[];
  readonly removed: readonly ResourceId[];
  /** What could not be evaluated: by id where that is known, else by the list that it would be in. */
  readonly open: readonly OpenResource[];
}

export interface OpenResource {
  /** Undefined where even the name is not known. */
  readonly id: ResourceId | undefined;
  readonly type: string;
  /** Where it would lie: its parent, or its group. */
  readonly scope: ResourceId;
  /** What is not known, by name. */
  readonly says: string;
}

/** A snapshot with overlays on it, and the keys of the resources that they set or that would follow of them. */
export interface Overlaid {
  readonly snapshot: Snapshot;
  readonly planned: ReadonlySet<string>;
}

/** Lays the overlays over a snapshot, one after the other, and adds what Azure would make of them. */
export function overlaid(snapshot: Snapshot, overlays: readonly Overlay[]): Overlaid {
  const { cloud } = snapshot;
  // Rules and projections know the public cloud's names, whatever cloud it is.
  const resources = new Map(
    snapshot.resources.map((one) => [idKey(one.id), inPublicNames(cloud, one)]),
  );
  const planned = new Set<string>();
  let record = snapshot.record;
  for (const overlay of overlays) {
    for (const id of overlay.removed) remove(resources, id);
    for (const body of overlay.puts) {
      for (const resource of put(resources, body, cloud)) planned.add(idKey(resource.id));
    }
    for (const { id } of overlay.open) if (id !== undefined) resources.delete(idKey(id));
    record = openedRecord(record, overlay);
  }
  const follows = projected([...resources.values()], planned);
  for (const resource of follows) {
    resources.set(idKey(resource.id), resource);
    planned.add(idKey(resource.id));
  }
  return { snapshot: { ...snapshot, resources: [...resources.values()], record }, planned };
}

/** A resource that goes takes its children with it, and what extends it. */
function remove(resources: Map<string, ArmResource>, id: ResourceId): void {
  const key = idKey(id);
  for (const known of resources.keys()) {
    if (known === key || known.startsWith(`${key}/`)) resources.delete(known);
  }
}

function put(
  resources: Map<string, ArmResource>,
  body: JsonObject,
  cloud: CloudName,
): readonly ArmResource[] {
  const kept = keptResource(body);
  if (kept === undefined) return [];
  const set = inPublicNames(cloud, kept);
  const before = resources.get(idKey(set.id));
  const merged =
    before === undefined
      ? set
      : { ...before, ...set, properties: mergedObject(before.properties, set.properties) };
  const children = childrenOf(merged).flatMap((child) => {
    const known = resources.get(idKey(child.id));
    return known === undefined
      ? [child]
      : [{ ...known, properties: mergedObject(known.properties, child.properties) }];
  });
  for (const resource of [merged, ...children]) resources.set(idKey(resource.id), resource);
  return [merged, ...children];
}

/** What is set replaces what was; objects are merged, and null leaves what was. */
function mergedObject(before: JsonObject, after: JsonObject): JsonObject {
  const result: Record<string, Json | undefined> = { ...before };
  for (const [name, value] of Object.entries(after)) {
    const old = before[name];
    if (value === null || value === undefined) continue;
    result[name] = isObject(old) && isObject(value) ? mergedObject(old, value) : value;
  }
  return result;
}

/** The record with what is set no longer absent, and what is open no longer covered by a list. */
function openedRecord(record: CoverageRecord, { puts, open }: Overlay): CoverageRecord {
  const set = new Set(puts.flatMap(({ id }) => (typeof id === "string" ? [idKey(id)] : [])));
  const opened = new Set<string>();
  const unread: Unread[] = [];
  for (const { id, type, scope, says } of open) {
    const paths = listPaths(id === undefined ? scope : (parseId(id)?.parentId ?? scope), type);
    for (const path of paths) opened.add(idKey(path));
    if (id !== undefined) set.add(idKey(id));
    const path = id ?? paths[0] ?? scope;
    unread.push({ path, status: 0, code: "NotEvaluated", says });
    if (id !== undefined && paths[0] !== undefined) {
      unread.push({ path: paths[0], status: 0, code: "NotEvaluated", says });
    }
  }
  return {
    lists: record.lists.filter((path) => !opened.has(idKey(path))),
    absent: record.absent.filter((id) => !set.has(idKey(id))),
    unread: [...record.unread, ...unread],
  };
}
