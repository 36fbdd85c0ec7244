/** Associations seen from the rule or endpoint that they name. */
import type { ArmResource, Graph, Json, JsonObject, Problem, ResourceId } from "../../arm/index.ts";
import { referringTo } from "../declared.ts";
import { problem } from "../problems.ts";
import { typeNames } from "../type-names.ts";

export type AssociationEnd = "dataCollectionRuleId" | "dataCollectionEndpointId";

const naming = (graph: Graph, end: AssociationEnd, id: ResourceId): readonly ArmResource[] =>
  referringTo(graph.ofType(typeNames.dataCollectionRuleAssociations), [end], id);

/** `GET …/associations`: `{ value }` of the associations that name a rule or an endpoint. */
export const shownAssociations = (
  graph: Graph,
  end: AssociationEnd,
  id: ResourceId,
): JsonObject => ({
  value: naming(graph, end, id).map((association) => ({ ...association }) as unknown as Json),
});

/**
 * Why a rule or an endpoint cannot go while associations name it.
 * @see Azure/azure-cli acs/addonconfiguration.py, which says so of rules; for endpoints inferred
 */
export function associationsTo(
  graph: Graph,
  end: AssociationEnd,
  resource: ArmResource,
): readonly Problem[] {
  const found = naming(graph, end, resource.id);
  if (found.length === 0) return [];
  const ids = found.slice(0, 5).map(({ id }) => id);
  const more = found.length > ids.length ? ` and ${found.length - ids.length} more` : "";
  const message = `The resource '${resource.id}' has ${found.length} associations: ${ids.join(", ")}${more}. Delete them first.`;
  return [problem("ResourceHasAssociations", message, { status: 409, target: resource.id })];
}
