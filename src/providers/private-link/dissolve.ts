/** What deleting a private link resource changes elsewhere: its endpoints are disconnected, what it linked is free. */
import { stringAt } from "../../arm/index.ts";
import type { ArmResource, Change, TypeContext } from "../../arm/index.ts";
import { draftOf } from "../draft.ts";
import { typeNames } from "../type-names.ts";
import { linkTargetOf } from "./connection.ts";
import { reconcileOn } from "./reconcile.ts";
import { showScopes } from "./scoped.ts";

/**
 * The changes of other resources when a scope or workspace goes. That it may go while endpoints lead to it is inferred:
 * its owner may remove each connection before.
 */
export function dissolve(target: ArmResource, { graph }: TypeContext): readonly Change[] {
  const draft = draftOf(graph);
  const type = linkTargetOf(target.id)?.connectionType ?? "";
  for (const connection of graph.under(target.id, type)) draft.delete(connection.id);
  const links = graph.under(target.id, typeNames.scopedResources);
  for (const link of links) draft.delete(link.id);
  reconcileOn(draft, [target.id]);
  for (const { properties } of links) {
    showScopes(draft, stringAt(properties, "linkedResourceId") ?? "");
  }
  return draft.changes(target.id);
}
