/** Reading from ARM into one collection: each thing once, and what ARM refuses noted. */
import { emptyGraph, graphFrom, idKey } from "../arm/index.ts";
import type { ArmResource, Graph, JsonObject, ResourceId } from "../arm/index.ts";
import { CodedError, messageOf } from "../core/index.ts";
import { asResource } from "./arm-access.ts";
import type { ArmReader } from "./arm-access.ts";

/** What could not be read, and what ARM said. */
export interface Unreadable {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/** Reads into one collection; a read that ARM refuses is noted, and the others go on. */
export interface Reading {
  readonly get: (
    id: ResourceId | undefined,
    apiVersion: string,
  ) => Promise<ArmResource | undefined>;
  readonly list: (path: string, apiVersion: string) => Promise<readonly ArmResource[]>;
  /** What was read so far. */
  readonly graph: () => Graph;
}

/** Opens a reading. What ARM refuses (4xx) is added to `unreadable`; other failures are thrown. */
export function openReading(arm: ArmReader, unreadable: Unreadable[]): Reading {
  const found = new Map<string, ArmResource>();
  const asked = new Map<string, readonly ArmResource[]>();
  let graph: Graph | undefined = emptyGraph();
  const keep = (body: JsonObject): readonly ArmResource[] => {
    const resource = asResource(body);
    if (resource === undefined) return [];
    found.set(idKey(resource.id), resource);
    graph = undefined;
    return [resource];
  };
  const once = async (
    path: string,
    read: () => Promise<readonly JsonObject[]>,
  ): Promise<readonly ArmResource[]> => {
    const before = asked.get(idKey(path));
    if (before !== undefined) return before;
    const resources = await attempt(path, read, unreadable);
    const kept = resources.flatMap(keep);
    asked.set(idKey(path), kept);
    return kept;
  };
  return {
    get: async (id, apiVersion) => {
      if (id === undefined || id === "") return undefined;
      const [resource] = await once(id, async () => {
        const body = await arm.get(id, apiVersion);
        return body === undefined ? [] : [body];
      });
      return resource;
    },
    list: (path, apiVersion) => once(path, () => arm.list(path, apiVersion)),
    graph: () => (graph ??= graphFrom(found.values())),
  };
}

async function attempt(
  path: string,
  read: () => Promise<readonly JsonObject[]>,
  unreadable: Unreadable[],
): Promise<readonly JsonObject[]> {
  try {
    return await read();
  } catch (error) {
    // What lies under something that is not there is not there either.
    if (error instanceof CodedError && error.status === 404) return [];
    // A refusal is ARM's answer; a broken connection is not, and stops the observation.
    if (!(error instanceof CodedError) || error.status < 400 || error.status >= 500) throw error;
    // Under what is not there, there is nothing to list.
    if (error.status === 404) return [];
    unreadable.push({ path, code: error.code, message: messageOf(error) });
    return [];
  }
}
