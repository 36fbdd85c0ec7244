/** The workspace that holds a resource's logs: queries may name the resource instead. */
import { at, idKey, parseId, stringAt } from "../arm/index.ts";
import type { Graph, ResourceId } from "../arm/index.ts";
import type { HttpResponse } from "../http/index.ts";
import { badArgument, logsQueryRefusal } from "../query/index.ts";
import { associationsWith, lawOf, logFlowsOf, types } from "../rules/index.ts";
import type { LawView } from "../rules/index.ts";

export type LawOfResource =
  | {
      readonly kind: "law";
      readonly law: LawView;
      /** The resource is not the workspace: only its own records are seen. */
      readonly own: boolean;
    }
  | { readonly kind: "refused"; readonly response: HttpResponse };

/** The one workspace that holds a resource's logs: itself, or where the cluster's rules and add-on send them. */
export function lawOfResource(graph: Graph, resourceId: ResourceId): LawOfResource {
  const itself = lawOf(graph, resourceId);
  if (itself !== undefined) return { kind: "law", law: itself, own: false };
  const type = parseId(resourceId)?.type ?? "";
  if (type.toLowerCase() !== types.cluster.toLowerCase()) {
    const message = `Logs of a resource of type ${type} are not answered here; ask for those of a Log Analytics workspace or of a managed cluster.`;
    return { kind: "refused", response: badArgument({ code: "FeatureNotEmulated", message }) };
  }
  const laws = lawsOfCluster(graph, resourceId);
  const [law, ...others] = laws;
  if (law === undefined) {
    const message = `No Log Analytics workspace is collecting the logs of ${resourceId}.`;
    return { kind: "refused", response: logsQueryRefusal("PathNotFoundError", { message }) };
  }
  if (others.length > 0) {
    const message = `The logs of ${resourceId} go to ${laws.length} workspaces; a query over several is not supported here. Ask one: ${laws.map(({ id }) => id).join(", ")}.`;
    return { kind: "refused", response: badArgument({ code: "FeatureNotEmulated", message }) };
  }
  return { kind: "law", law, own: true };
}

function lawsOfCluster(graph: Graph, clusterId: ResourceId): readonly LawView[] {
  const byRules = associationsWith(graph, clusterId).flatMap(({ dcrId }) =>
    dcrId === undefined ? [] : logFlowsOf(graph, dcrId).flatMap(({ lawIds }) => lawIds),
  );
  const addon = at(graph.get(clusterId)?.properties, "addonProfiles", "omsagent", "config");
  const byAddon =
    stringAt(addon, "logAnalyticsWorkspaceResourceID") ??
    stringAt(addon, "logAnalyticsWorkspaceResourceId");
  const ids = byAddon === undefined ? byRules : [...byRules, byAddon];
  const laws = ids.flatMap((id) => lawOf(graph, id) ?? []);
  return [...new Map(laws.map((law) => [idKey(law.id), law])).values()];
}
