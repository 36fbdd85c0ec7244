/** Gathering: what was read so far, each thing once, cut to the allow-list, and what came of each read. */
import { graphFrom, idKey, isObject, listAt, parseId, stringAt } from "../arm/index.ts";
import type { ArmResource, Graph, Json, JsonObject, ResourceId } from "../arm/index.ts";
import { limits } from "../core/index.ts";
import type { CoverageRecord, Unread } from "./coverage.ts";
import { keep } from "./keep-fields.ts";
import { keptType } from "./kept-types.ts";
import type { Reads } from "./reads.ts";

/** Whether what is read leads further: `core` lies on the clusters' way, `beside` only shares it. */
export type Reach = "core" | "beside";

export interface Gathering {
  /** Reads a resource of a kept type; others, and none at all, are no question. */
  readonly get: (id: ResourceId | undefined, reach?: Reach) => Promise<ArmResource | undefined>;
  /** Reads a list of resources of one type: children, extensions, or all of a subscription. */
  readonly list: (path: string, type: string, reach?: Reach) => Promise<readonly ArmResource[]>;
  /** Keeps what another source said of what is beside: a row of Resource Graph. It proves nothing of what is not there. */
  readonly add: (body: JsonObject) => void;
  readonly note: (unread: Unread) => void;
  /** What lies on the clusters' way: only these are followed, so that a large tenant is not read whole. */
  readonly core: (type?: string) => readonly ArmResource[];
  /** What was read so far. */
  readonly graph: () => Graph;
  readonly resources: () => readonly ArmResource[];
  readonly record: () => CoverageRecord;
}

/** What was read so far: each resource once, and which only share the way. */
interface Found {
  readonly add: (body: JsonObject, reach: Reach) => readonly ArmResource[];
  readonly promote: (id: ResourceId) => void;
  readonly known: (id: ResourceId) => ArmResource | undefined;
  readonly isCore: (resource: ArmResource) => boolean;
  readonly graph: () => Graph;
  readonly resources: () => readonly ArmResource[];
  /** Lists that came whole within their parents. */
  readonly lists: readonly string[];
}

function openFound(): Found {
  const found = new Map<string, ArmResource>();
  const beside = new Set<string>();
  const lists: string[] = [];
  let graph: Graph | undefined;
  return {
    lists,
    add: (body, reach) => {
      const resource = keptResource(body);
      if (resource === undefined) return [];
      const key = idKey(resource.id);
      if (reach === "core") beside.delete(key);
      else if (!found.has(key)) beside.add(key);
      graph = undefined;
      found.set(key, resource);
      for (const { list, children } of embedded(resource)) {
        lists.push(`${resource.id}/${list}`);
        for (const child of children) {
          const childKey = idKey(child.id);
          if (found.has(childKey)) continue;
          found.set(childKey, child);
          if (beside.has(key)) beside.add(childKey);
        }
      }
      return [resource];
    },
    promote: (id) => void beside.delete(idKey(id)),
    known: (id) => found.get(idKey(id)),
    isCore: ({ id }) => !beside.has(idKey(id)),
    graph: () => (graph ??= graphFrom(found.values())),
    resources: () => [...found.values()],
  };
}

/** Opens a gathering over reads of ARM. */
export function openGathering(reads: Reads): Gathering {
  const found = openFound();
  const asked = new Map<string, Promise<readonly ArmResource[]>>();
  const lists: string[] = [];
  const absent: ResourceId[] = [];
  const unread: Unread[] = [];
  const note = (one: Unread): void => {
    if (unread.length < limits.snapshotUnreadMax) unread.push(one);
  };
  const once = (
    path: string,
    read: () => Promise<readonly ArmResource[]>,
  ): Promise<readonly ArmResource[]> => {
    const key = idKey(path);
    const before = asked.get(key) ?? read();
    asked.set(key, before);
    return before;
  };
  const readOne = async (id: ResourceId, apiVersion: string, reach: Reach) => {
    const outcome = await reads.get(id, apiVersion);
    if (outcome.kind === "absent") absent.push(id);
    if (outcome.kind === "unread") note(outcome.unread);
    if (outcome.kind !== "read") return [];
    return found.add({ ...outcome.value, id: stringAt(outcome.value, "id") ?? id }, reach);
  };
  const readList = async (path: string, apiVersion: string, reach: Reach) => {
    const outcome = await reads.list(path, apiVersion);
    if (outcome.kind === "unread") note(outcome.unread);
    else lists.push(path);
    return outcome.kind === "read" ? outcome.value.flatMap((body) => found.add(body, reach)) : [];
  };
  return {
    async get(id, reach = "core") {
      const kept = id === undefined ? undefined : keptType(parseId(id)?.type ?? "");
      if (id === undefined || kept === undefined) return undefined;
      if (reach === "core") found.promote(id);
      const known = found.known(id);
      if (known !== undefined) return known;
      const [resource] = await once(id, () => readOne(id, kept.apiVersion, reach));
      return resource;
    },
    async list(path, type, reach = "core") {
      const kept = keptType(type);
      return kept === undefined ? [] : once(path, () => readList(path, kept.apiVersion, reach));
    },
    add: (body) => {
      const id = stringAt(body, "id");
      // What ARM itself said is newer.
      if (id !== undefined && found.known(id) === undefined) found.add(body, "beside");
    },
    note,
    core: (type) =>
      (type === undefined ? found.resources() : found.graph().ofType(type)).filter(found.isCore),
    graph: found.graph,
    resources: found.resources,
    record: () => ({
      lists: [...new Set([...lists, ...found.lists])].sort(),
      absent: absent.toSorted(),
      unread,
    }),
  };
}

const topFields = ["location", "kind", "managedBy", "etag"] as const;
const identityFields = new Set(["type", "principalId", "tenantId"]);

/** A resource cut to what is kept of its type; undefined when its id cannot be read or its type is not kept. */
export function keptResource(body: JsonObject): ArmResource | undefined {
  const id = stringAt(body, "id");
  const parsed = id === undefined ? undefined : parseId(id);
  const kept = parsed === undefined ? undefined : keptType(parsed.type);
  if (id === undefined || parsed === undefined || kept === undefined) return undefined;
  const properties = body["properties"];
  const top = topFields.flatMap((name) => {
    const value = stringAt(body, name);
    return value === undefined || name === "etag" ? [] : [[name, value] as const];
  });
  const identity = identityOf(body["identity"]);
  const changed = stringAt(body, "systemData", "lastModifiedAt");
  return {
    id,
    name: parsed.name,
    type: kept.type,
    ...Object.fromEntries(top),
    ...(identity === undefined ? {} : { identity }),
    ...(changed === undefined ? {} : { systemData: { lastModifiedAt: changed } }),
    properties: isObject(properties) ? keep(properties, kept.properties) : {},
  };
}

/** Of an identity its principals: who they are, and no secret. */
function identityOf(value: Json | undefined): JsonObject | undefined {
  if (!isObject(value)) return undefined;
  const own = Object.entries(value).filter(
    ([name, inner]) => identityFields.has(name) && typeof inner === "string",
  );
  const assigned = value["userAssignedIdentities"];
  const users = isObject(assigned)
    ? Object.entries(assigned).flatMap(([id, inner]) =>
        parseId(id) === undefined
          ? []
          : [
              [
                id,
                {
                  principalId: stringAt(inner, "principalId") ?? null,
                  clientId: stringAt(inner, "clientId") ?? null,
                },
              ] as const,
            ],
      )
    : [];
  return {
    ...Object.fromEntries(own),
    ...(users.length === 0 ? {} : { userAssignedIdentities: Object.fromEntries(users) }),
  };
}

const embeddedLists = ["subnets", "virtualNetworkPeerings", "privateEndpointConnections"] as const;

/** The children that a resource carries within it. */
export const childrenOf = (resource: ArmResource): readonly ArmResource[] =>
  embedded(resource).flatMap(({ children }) => children);

/** The children that a resource's GET carries within it: they are resources of their own, and their list is complete. */
function embedded(
  resource: ArmResource,
): readonly { readonly list: string; readonly children: readonly ArmResource[] }[] {
  return embeddedLists.flatMap((list) => {
    if (!Array.isArray(resource.properties[list])) return [];
    const children = listAt(resource.properties, list).flatMap((item) => {
      if (!isObject(item)) return [];
      const name = stringAt(item, "name");
      const id =
        stringAt(item, "id") ?? (name === undefined ? "" : `${resource.id}/${list}/${name}`);
      return keptResource({ ...item, id }) ?? [];
    });
    // A child that cannot be read leaves the list open.
    const whole = children.length === listAt(resource.properties, list).length;
    return whole ? [{ list, children }] : [];
  });
}
