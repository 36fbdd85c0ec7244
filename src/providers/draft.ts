/** A draft of the graph's next version: changes are put on it one after another, and each sees those before it. */
import { isDeepStrictEqual } from "node:util";
import { idKey, withChanges } from "../arm/index.ts";
import type { ArmResource, Change, Graph, JsonObject, ResourceId } from "../arm/index.ts";

export interface Draft {
  /** The graph with every change so far. */
  readonly graph: () => Graph;
  readonly get: (id: ResourceId) => ArmResource | undefined;
  /** Adds or replaces a resource. One that is equal to what stands is no change. */
  readonly put: (resource: ArmResource) => void;
  /** Replaces some properties of a resource; nothing happens where it does not exist. */
  readonly merge: (id: ResourceId, properties: JsonObject) => void;
  readonly delete: (id: ResourceId) => void;
  /** What changed, in the order of the first change of each resource, without the resource `except`. */
  readonly changes: (except?: ResourceId) => readonly Change[];
}

/** Begins a draft on `base`, which stays as it is. */
export function draftOf(base: Graph): Draft {
  const made = new Map<string, Change>();
  let applied = base;
  let waiting: Change[] = [];

  const graph = (): Graph => {
    if (waiting.length > 0) {
      applied = withChanges(applied, waiting, base.version + 1);
      waiting = [];
    }
    return applied;
  };
  const get = (id: ResourceId): ArmResource | undefined => {
    const change = made.get(idKey(id));
    if (change === undefined) return base.get(id);
    return change.kind === "put" ? change.resource : undefined;
  };
  const record = (id: ResourceId, change: Change): void => {
    made.set(idKey(id), change);
    waiting.push(change);
  };
  const put = (resource: ArmResource): void => {
    if (!isDeepStrictEqual(get(resource.id), resource)) {
      record(resource.id, { kind: "put", resource });
    }
  };
  return {
    graph,
    get,
    put,
    merge: (id, properties) => {
      const resource = get(id);
      if (resource === undefined) return;
      put({ ...resource, properties: { ...resource.properties, ...properties } });
    },
    delete: (id) => {
      if (get(id) !== undefined) record(id, { kind: "delete", id });
    },
    changes: (except) => {
      const key = except === undefined ? undefined : idKey(except);
      return [...made].filter(([id]) => id !== key).map(([, change]) => change);
    },
  };
}
