/** A change whose effect is asked for, and the graph as it would be after it. */
import { at, idKey, parseId, sameId, withChanges } from "../../arm/index.ts";
import type { ArmResource, Change, Graph, JsonObject, ResourceId } from "../../arm/index.ts";
import { isScopeZone } from "../../azure/index.ts";
import { networkTypes, scopeOf, zoneLinksOf } from "../../rules/index.ts";
import { zoneWriters } from "../checks/ls0210-one-scope.ts";

export type AccessMode = "Open" | "PrivateOnly";

/** What would be changed. Several parts are one change. */
export interface PlannedChange {
  readonly scopeId: ResourceId;
  /** The access mode that the scope gets, for ingestion and queries alike. */
  readonly mode?: AccessMode;
  /** A private zone, by id or name, that is linked to a network. A name that no zone has stands for a new, empty one. */
  readonly linkZone?: { readonly zone: string; readonly vnetId: ResourceId };
}

export type AfterChange =
  | { readonly ok: true; readonly graph: Graph; readonly notes: readonly string[] }
  | { readonly ok: false; readonly says: string };

/** The graph after the change; `says` where the change names what is not there. */
export function afterChange(graph: Graph, change: PlannedChange): AfterChange {
  const scope = graph.get(change.scopeId);
  if (scope === undefined || scopeOf(graph, change.scopeId) === undefined) {
    return { ok: false, says: `There is no scope ${change.scopeId} among what was read.` };
  }
  const changes: Change[] = [];
  const notes: string[] = [];
  if (change.mode !== undefined) changes.push(withMode(scope, change.mode));
  if (change.linkZone !== undefined) {
    const linked = linking(graph, change.linkZone, change.scopeId);
    if (typeof linked === "string") return { ok: false, says: linked };
    changes.push(...linked.changes);
    notes.push(...linked.notes);
  }
  return { ok: true, graph: withChanges(graph, changes), notes };
}

function withMode(scope: ArmResource, mode: AccessMode): Change {
  const before = at(scope.properties, "accessModeSettings") as JsonObject | undefined;
  const accessModeSettings = {
    exclusions: [],
    ...before,
    ingestionAccessMode: mode,
    queryAccessMode: mode,
  };
  return {
    kind: "put",
    resource: { ...scope, properties: { ...scope.properties, accessModeSettings } },
  };
}

interface Linking {
  readonly changes: readonly Change[];
  readonly notes: readonly string[];
}

/** Links a zone to a network: one of the scope's own zones where a name is given, else the only one of that name. */
function linking(
  graph: Graph,
  { zone, vnetId }: NonNullable<PlannedChange["linkZone"]>,
  scopeId: ResourceId,
): Linking | string {
  if (graph.get(vnetId) === undefined) {
    return `There is no virtual network ${vnetId} among what was read.`;
  }
  const found = zoneNamed(graph, zone, scopeId);
  if (typeof found === "string") return found;
  const { id: zoneId, isNew } = found;
  const zoneName = (parseId(zoneId)?.name ?? "").toLowerCase();
  const known = zoneLinksOf(graph, vnetId);
  if (known.some((link) => sameId(link.zoneId, zoneId))) {
    return { changes: [], notes: [`${zoneName} is linked to that network already.`] };
  }
  // Azure links a network to one zone of a name: the other has to go first.
  const replaced = known.filter((link) => link.zoneName === zoneName);
  const type = networkTypes.zoneLink;
  const id = `${zoneId}/virtualNetworkLinks/${parseId(vnetId)?.name ?? "link"}`;
  const link: ArmResource = {
    id,
    name: parseId(id)?.name ?? "",
    type,
    properties: { virtualNetwork: { id: vnetId }, registrationEnabled: false },
  };
  const made: ArmResource = { id: zoneId, name: zoneName, type: networkTypes.zone, properties: {} };
  return {
    changes: [
      ...(isNew ? [{ kind: "put", resource: made } as const] : []),
      ...replaced.map((one) => ({ kind: "delete", id: one.id }) as const),
      { kind: "put", resource: link },
    ],
    notes: [
      ...(isNew
        ? [`No zone ${zoneName} was read: it is taken for a new one, which is empty.`]
        : []),
      ...replaced.map(
        (one) =>
          `A network has one zone of a name: the link of ${one.zoneId} would have to go, and its records with it.`,
      ),
    ],
  };
}

function zoneNamed(
  graph: Graph,
  zone: string,
  scopeId: ResourceId,
): { readonly id: ResourceId; readonly isNew: boolean } | string {
  if (zone.startsWith("/")) {
    return graph.get(zone) === undefined
      ? `There is no zone ${zone} among what was read.`
      : { id: zone, isNew: false };
  }
  const named = graph
    .ofType(networkTypes.zone)
    .filter(({ name }) => name.toLowerCase() === zone.toLowerCase());
  const own = named.filter(({ id }) =>
    zoneWriters(graph)
      .get(idKey(id))
      ?.endpoints.some(({ targetId }) => sameId(targetId, scopeId)),
  );
  const [one, ...others] = own.length > 0 ? own : named;
  if (one !== undefined && others.length === 0) return { id: one.id, isNew: false };
  if (one !== undefined) {
    return `Several zones are named ${zone}: ${[one, ...others].map(({ id }) => id).join(", ")}. Give the id.`;
  }
  if (!isScopeZone(zone) && !/^[a-z0-9.-]{1,253}$/i.test(zone)) {
    return `'${zone.slice(0, 80)}' is neither a zone's id nor a zone's name.`;
  }
  const group = parseId(scopeId)?.parentId ?? "";
  return { id: `${group}/providers/${networkTypes.zone}/${zone.toLowerCase()}`, isNew: true };
}
