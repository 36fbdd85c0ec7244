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
  // Application Insights spells the fields in its own way. @see Azure/bicep-types-az microsoft.insights/2020-02-02
  const isComponent = sameId(parseId(linkedId)?.type, typeNames.components);
  const shown = links.map(({ id }): Json => {
    const scopeId = stableGuid("scope", parseId(id)?.parentId ?? "");
    return isComponent ? { ResourceId: id, ScopeId: scopeId } : { resourceId: id, scopeId };
  });
  const key = isComponent ? "PrivateLinkScopedResources" : "privateLinkScopedResources";
  const before = listAt(draft.get(linkedId)?.properties, key);
  if (shown.length === 0 && before.length === 0) return;
  draft.merge(linkedId, { [key]: shown });
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
