/** The objects of one Kubernetes list, as they are now. */
import { startReflector } from "../../client/index.ts";
import type { JsonObject, KubernetesClient, ReflectorState } from "../../client/index.ts";
import type { Clock, Random } from "../../core/index.ts";
import { keptObject } from "./inventory-scope.ts";

export interface ObjectCache {
  readonly path: string;
  readonly values: () => Iterable<JsonObject>;
  readonly get: (namespace: string, name: string) => JsonObject | undefined;
  readonly state: () => ReflectorState;
  readonly stop: () => Promise<void>;
}

export interface ListSource {
  readonly client: KubernetesClient;
  readonly clock: Clock;
  readonly random: Random;
}

/** Follows a list. */
export function startObjectCache(
  { client, clock, random }: ListSource,
  path: string,
  fieldSelector?: string,
): ObjectCache {
  const objects = new Map<string, JsonObject>();
  const reflector = startReflector<JsonObject>({
    client,
    query: { path, ...(fieldSelector === undefined ? {} : { fieldSelector }) },
    clock,
    random,
    project: keptObject,
    replace(items) {
      objects.clear();
      for (const [key, object] of items) objects.set(key, object);
    },
    put(key, object) {
      if (object === undefined) objects.delete(key);
      else objects.set(key, object);
    },
  });
  return {
    path,
    values: () => objects.values(),
    get: (namespace, name) => objects.get(`${namespace}/${name}`),
    state: () => reflector.state(),
    stop: () => reflector.stop(),
  };
}
