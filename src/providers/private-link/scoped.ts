/** The back-reference from a linked resource to the scopes that link it. */
import { listAt, parseId, sameId, stringAt } from "../../arm/index.ts";
import type { ArmResource, Graph, Json, ResourceId } from "../../arm/index.ts";
import { referringTo, stableGuid } from "../declared.ts";
import type { Draft } from "../draft.ts";
import { typeNames } from "../type-names.ts";

/** The scoped resources that link `linkedId`, in whatever scope. */
export const scopedResourcesOf = (graph: Graph, linkedId: ResourceId): readonly ArmResource[] =>
  referringTo(graph.ofType(typeNames.scopedResources), ["linkedResourceId"], linkedId);

/**
 * Keeps `privateLinkScopedResources` of a data collection endpoint or a Log Analytics workspace. A link that failed is not shown (inferred).
 * `scopeId` is a GUID of the scope; Azure's own is opaque, this one is hashed from the scope's id (inferred).
 * @see azure-rest-api-specs monitor/…/2024-03-11/dataCollection.json
 */
export function showScopes(draft: Draft, linkedId: ResourceId): void {
  const links = scopedResourcesOf(draft.graph(), linkedId).filter(
    ({ properties }) => stringAt(properties, "provisioningState") !== "Failed",
  );
  const shown = links.map(({ id }): Json => ({
    resourceId: id,
    scopeId: stableGuid("scope", parseId(id)?.parentId ?? ""),
  }));
  const before = listAt(draft.get(linkedId)?.properties, "privateLinkScopedResources");
  if (shown.length === 0 && before.length === 0) return;
  draft.merge(linkedId, { privateLinkScopedResources: shown });
}

/** The scope of a scoped resource. */
export const scopeOf = (graph: Graph, scoped: ArmResource): ArmResource | undefined =>
  graph.get(parseId(scoped.id)?.parentId ?? "");

/** Whether `linkedId` is linked by a scope other than those in `without`. */
export const isScoped = (
  graph: Graph,
  linkedId: ResourceId,
  without: readonly ResourceId[] = [],
): boolean =>
  scopedResourcesOf(graph, linkedId).some(
    (link) => !without.some((gone) => sameId(gone, parseId(link.id)?.parentId)),
  );
