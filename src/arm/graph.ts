/** The resource graph: an immutable version of everything that ARM's GET returns, and nothing else. */
import type { JsonObject } from "./json.ts";
import { idKey, parseId, typeKey } from "./resource-id.ts";
import type { ResourceId } from "./resource-id.ts";

/** A resource exactly as ARM's GET answers it. */
export interface ArmResource {
  readonly id: ResourceId;
  readonly name: string;
  /** `Microsoft.Insights/privateLinkScopes`, in the provider's own spelling. */
  readonly type: string;
  readonly location?: string;
  readonly kind?: string;
  readonly tags?: JsonObject;
  readonly sku?: JsonObject;
  readonly identity?: JsonObject;
  readonly etag?: string;
  readonly managedBy?: string;
  readonly systemData?: JsonObject;
  readonly properties: JsonObject;
}

/** One change of the graph. A transaction is a list of them, applied together. */
export type Change =
  | { readonly kind: "put"; readonly resource: ArmResource }
  | { readonly kind: "delete"; readonly id: ResourceId };

/** One version. Versions share what did not change; none is ever altered. */
export interface Graph {
  readonly version: number;
  readonly get: (id: ResourceId) => ArmResource | undefined;
  /** All resources of a type (any case), in the order of their first creation. */
  readonly ofType: (type: string) => readonly ArmResource[];
  /** Direct children and extension resources of a resource, of one type. */
  readonly under: (parentId: ResourceId, type: string) => readonly ArmResource[];
  readonly all: () => Iterable<ArmResource>;
  readonly size: number;
}

type TypeTable = ReadonlyMap<string, ArmResource>;

/** The empty graph, version 0. */
export const emptyGraph = (): Graph => graphOf(0, new Map());

/** A graph of resources, for snapshots and tests. */
export const graphFrom = (resources: Iterable<ArmResource>, version = 1): Graph =>
  withChanges(
    graphOf(version - 1, new Map()),
    [...resources].map((resource) => ({ kind: "put", resource })),
  );

/** The next version: only the tables of the types that change are copied. */
export function withChanges(
  graph: Graph,
  changes: readonly Change[],
  version = graph.version + 1,
): Graph {
  const tables = new Map(tablesOf(graph));
  const copied = new Set<string>();
  const writable = (type: string): Map<string, ArmResource> => {
    const key = type.toLowerCase();
    if (!copied.has(key)) {
      tables.set(key, new Map(tables.get(key)));
      copied.add(key);
    }
    return tables.get(key) as Map<string, ArmResource>;
  };
  for (const change of changes) {
    if (change.kind === "put") {
      writable(change.resource.type).set(idKey(change.resource.id), change.resource);
    } else {
      const type = parseId(change.id)?.type;
      if (type !== undefined) writable(type).delete(idKey(change.id));
    }
  }
  return graphOf(version, tables);
}

const tablesSymbol = Symbol("tables");
type GraphWithTables = Graph & { readonly [tablesSymbol]: ReadonlyMap<string, TypeTable> };
const tablesOf = (graph: Graph): ReadonlyMap<string, TypeTable> =>
  (graph as GraphWithTables)[tablesSymbol];

function graphOf(version: number, tables: ReadonlyMap<string, TypeTable>): Graph {
  const ofType = (type: string): readonly ArmResource[] => {
    const table = tables.get(type.toLowerCase());
    return table === undefined ? [] : indexOf(table).list;
  };
  const graph: GraphWithTables = {
    version,
    get: (id) => {
      const type = typeKey(id);
      return type === undefined ? undefined : tables.get(type)?.get(idKey(id));
    },
    ofType,
    under: (parentId, type) => {
      const table = tables.get(type.toLowerCase());
      return table === undefined ? [] : (indexOf(table).byParent.get(idKey(parentId)) ?? []);
    },
    *all() {
      for (const table of tables.values()) yield* table.values();
    },
    get size() {
      let size = 0;
      for (const table of tables.values()) size += table.size;
      return size;
    },
    [tablesSymbol]: tables,
  };
  return graph;
}

interface TableIndex {
  readonly list: readonly ArmResource[];
  readonly byParent: ReadonlyMap<string, readonly ArmResource[]>;
}

/** Tables are shared between versions and never altered, so that an index is made once for each table, when first read. */
const indexes = new WeakMap<TypeTable, TableIndex>();
const parentKeys = new WeakMap<ArmResource, string>();

function indexOf(table: TypeTable): TableIndex {
  const known = indexes.get(table);
  if (known !== undefined) return known;
  const byParent = new Map<string, ArmResource[]>();
  for (const resource of table.values()) {
    const parent = parentKeyOf(resource);
    const siblings = byParent.get(parent);
    if (siblings === undefined) byParent.set(parent, [resource]);
    else siblings.push(resource);
  }
  const index: TableIndex = { list: [...table.values()], byParent };
  indexes.set(table, index);
  return index;
}

function parentKeyOf(resource: ArmResource): string {
  let key = parentKeys.get(resource);
  if (key === undefined) {
    key = idKey(parseId(resource.id)?.parentId ?? "");
    parentKeys.set(resource, key);
  }
  return key;
}

/** Everything below a resource, group or subscription: children, extensions, and theirs; parents before children. */
export function descendantsOf(graph: Graph, id: ResourceId): readonly ArmResource[] {
  const found: ArmResource[] = [];
  const tables = [...tablesOf(graph).values()].map(indexOf);
  const pending = [idKey(id)];
  for (let parent = pending.shift(); parent !== undefined; parent = pending.shift()) {
    for (const { byParent } of tables) {
      for (const resource of byParent.get(parent) ?? []) {
        found.push(resource);
        pending.push(idKey(resource.id));
      }
    }
  }
  return found;
}

/**
 * The changes that make `after` of `before`. Costs what differs: types whose tables are the same are not looked at.
 * What was deleted and created again between the two keeps its old place in the order.
 */
export function graphChanges(before: Graph, after: Graph): readonly Change[] {
  const changes: Change[] = [];
  const from = tablesOf(before);
  const to = tablesOf(after);
  for (const type of new Set([...from.keys(), ...to.keys()])) {
    const old = from.get(type);
    const next = to.get(type);
    if (old === next) continue;
    for (const [key, resource] of old ?? []) {
      if (next?.has(key) !== true) changes.push({ kind: "delete", id: resource.id });
    }
    for (const [key, resource] of next ?? []) {
      if (old?.get(key) !== resource) changes.push({ kind: "put", resource });
    }
  }
  return changes;
}

/** Where a part of the platform reads the graph: always the last published version, without waiting. */
export interface GraphSource {
  readonly current: () => Publication;
  /** Calls `listener` after each new publication, until the returned function is called. */
  readonly subscribe: (listener: (publication: Publication) => void) => () => void;
}

/** What control publishes: a graph, and what else the data plane needs so that it never calls control. */
export interface Publication {
  readonly graph: Graph;
  /** Public keys of the token service, as a JSON Web Key Set. */
  readonly jwks: { readonly keys: readonly JsonObject[] };
  readonly tenantId: string;
}

/** A source that holds one publication until `publish` is called with the next. */
export function graphSource(
  first: Publication,
): GraphSource & { publish: (next: Publication) => void } {
  let current = first;
  const listeners = new Set<(publication: Publication) => void>();
  return {
    current: () => current,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    publish: (next) => {
      current = next;
      for (const listener of listeners) listener(next);
    },
  };
}
