/** The objects of the lab's cluster: one monotone resource version, a log to watch and to look back by, compaction. */
import { compareStrings, guid } from "../../src/core/index.ts";
import type { Clock, Random } from "../../src/core/index.ts";
import type { KubeObject } from "./kube.ts";
import { timeOf } from "./kube.ts";
import type { ResourceTypeRow } from "./resource-types.ts";
import { knownType, typeOfObject } from "./resource-types.ts";
import { conflict, expired, StatusError } from "./status.ts";

export interface StoreEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly revision: number;
  readonly resource: ResourceTypeRow;
  readonly object: KubeObject;
  /** The object before; undefined for the first. */
  readonly previous: KubeObject | undefined;
}

export interface ObjectKey {
  readonly namespace?: string | undefined;
  readonly name: string;
}

export interface ObjectStore {
  /** The newest resource version. */
  readonly revision: () => number;
  readonly get: (type: ResourceTypeRow, key: ObjectKey) => KubeObject | undefined;
  /**
   * All objects of a type, in the order of their keys, as of `revision` (the newest when undefined).
   *
   * @throws StatusError 410 when the log no longer reaches back there, 504 when it is in the future.
   */
  readonly list: (type: ResourceTypeRow, revision?: number) => readonly KubeObject[];
  /** Creates or replaces. An object that gives a resourceVersion must give the current one (409). */
  readonly put: (object: KubeObject) => KubeObject;
  readonly remove: (type: ResourceTypeRow, key: ObjectKey) => KubeObject | undefined;
  /** The changes after `revision`. @throws StatusError 410 when they were compacted. */
  readonly since: (revision: number) => readonly StoreEvent[];
  readonly subscribe: (onEvent: (event: StoreEvent) => void) => () => void;
  /** Forgets the log up to now: whoever watches from before must list again. */
  readonly compact: () => void;
}

const keyOf = ({ namespace = "", name }: ObjectKey): string => `${namespace}/${name}`;
/** The log's length: older changes are compacted, as the real server's watch cache does. */
const LOG_MAX = 20_000;

export function createObjectStore({
  clock,
  random,
}: {
  readonly clock: Clock;
  readonly random: Random;
}): ObjectStore {
  const collections = new Map<ResourceTypeRow, Map<string, KubeObject>>();
  const listeners = new Set<(event: StoreEvent) => void>();
  const log: StoreEvent[] = [];
  let revision = 1000;
  let compacted = 1000;

  const collection = (type: ResourceTypeRow): Map<string, KubeObject> => {
    let found = collections.get(type);
    if (found === undefined) collections.set(type, (found = new Map()));
    return found;
  };
  const emit = (event: StoreEvent): void => {
    log.push(event);
    if (log.length > LOG_MAX) {
      for (const { revision: old } of log.splice(0, LOG_MAX / 2)) compacted = old;
    }
    for (const listener of listeners) listener(event);
  };
  const since = (from: number): readonly StoreEvent[] => {
    if (from < compacted) throw expired(from, compacted);
    let start = log.length;
    while (start > 0 && (log[start - 1]?.revision ?? 0) > from) start--;
    return log.slice(start);
  };

  return {
    revision: () => revision,
    get: (type, key) => collection(type).get(keyOf(key)),
    list(type, asOf) {
      if (asOf !== undefined && asOf > revision) throw tooLarge(asOf, revision);
      let objects: ReadonlyMap<string, KubeObject> = collection(type);
      if (asOf !== undefined && asOf < revision) objects = undo(objects, since(asOf), type);
      return [...objects].sort(([a], [b]) => compareStrings(a, b)).map(([, object]) => object);
    },
    put(object) {
      const type = typeOfObject(object) ?? knownType(object.kind);
      const key = keyOf(object.metadata);
      const previous = collection(type).get(key);
      const asked = object.metadata.resourceVersion;
      if (previous !== undefined && asked !== undefined && asked !== "") {
        if (asked !== previous.metadata.resourceVersion)
          throw conflict(
            type,
            object.metadata.name,
            "the object has been modified; please apply your changes to the latest version and try again",
          );
      }
      const stored: KubeObject = {
        ...object,
        metadata: {
          ...object.metadata,
          uid: previous?.metadata.uid ?? object.metadata.uid ?? guid(random),
          creationTimestamp:
            previous?.metadata.creationTimestamp ??
            object.metadata.creationTimestamp ??
            timeOf(clock.nowMs()),
          resourceVersion: String(++revision),
        },
      };
      collection(type).set(key, stored);
      emit({
        type: previous === undefined ? "ADDED" : "MODIFIED",
        revision,
        resource: type,
        object: stored,
        previous,
      });
      return stored;
    },
    remove(type, key) {
      const previous = collection(type).get(keyOf(key));
      if (previous === undefined) return undefined;
      collection(type).delete(keyOf(key));
      const object = {
        ...previous,
        metadata: { ...previous.metadata, resourceVersion: String(++revision) },
      };
      emit({ type: "DELETED", revision, resource: type, object, previous });
      return object;
    },
    since,
    subscribe(onEvent) {
      listeners.add(onEvent);
      return () => void listeners.delete(onEvent);
    },
    compact() {
      compacted = revision;
      log.length = 0;
    },
  };
}

/** The collection as it was before `events`, undone from the newest back. */
function undo(
  objects: ReadonlyMap<string, KubeObject>,
  events: readonly StoreEvent[],
  type: ResourceTypeRow,
): ReadonlyMap<string, KubeObject> {
  const past = new Map(objects);
  for (const event of events.toReversed()) {
    if (event.resource !== type) continue;
    const key = keyOf(event.object.metadata);
    if (event.previous === undefined) past.delete(key);
    else past.set(key, event.previous);
  }
  return past;
}

const tooLarge = (asked: number, current: number): StatusError =>
  new StatusError(
    504,
    "Timeout",
    `Timeout: Too large resource version: ${asked}, current: ${current}`,
    {
      causes: [
        { reason: "ResourceVersionTooLarge", message: "Too large resource version", field: "" },
      ],
    },
  );
