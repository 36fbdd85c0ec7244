/** Log ingestion access: may this request put records into this Log Analytics workspace, and why. */
import type { Graph, ResourceId } from "../arm/index.ts";
import { allow, deny, unknown } from "../core/index.ts";
import type { Reason, Verdict } from "../core/index.ts";
import { because } from "./because.ts";
import { isScope } from "./ingestion-access.ts";
import { lawOf } from "./law-view.ts";
import type { LawView } from "./law-view.ts";
import type { Origin } from "./origin.ts";
import { scopeLinksOwn } from "./view.ts";

/**
 * Decides whether `origin` may use the ODS host of a workspace, and its OMS host (that the same flag decides there is
 * inferred). The scope's ingestion mode has no say, since these hosts belong to one workspace each.
 *
 * @param workspaceId - the resource id of the Log Analytics workspace.
 * @returns `unknown` where a network security perimeter would decide. Never throws.
 * @see learn.microsoft.com/azure/azure-monitor/fundamentals/private-link-design
 */
export function odsAccess(
  graph: Graph,
  { origin, workspaceId }: { readonly origin: Origin; readonly workspaceId: ResourceId },
): Verdict {
  const law = lawOf(graph, workspaceId);
  if (law === undefined) {
    return deny(because("law.unknown", `There is no Log Analytics workspace ${workspaceId}.`));
  }
  if (origin.kind === "public") return publicIngestion(law);
  const scopeId = origin.targetId;
  // Only scopes link anything, so that what is linked needs no look at the kind of its link.
  if (scopeLinksOwn(graph, scopeId, law.id)) {
    return allow(because("scope.links", `The scope ${scopeId} links ${law.id}.`));
  }
  if (!isScope(scopeId)) {
    const says = `${origin.endpointId} leads to ${scopeId} and to nothing else.`;
    return deny(because("endpoint.other-resource", says));
  }
  return publicIngestion(
    law,
    because("scope.does-not-link", `The scope ${scopeId} does not link ${law.id}.`),
  );
}

function publicIngestion({ id, publicIngestion: flag }: LawView, ...before: readonly Reason[]) {
  switch (flag) {
    case "Enabled":
      return allow(
        ...before,
        because("law.ingestion-enabled", `${id} takes records from public networks.`),
      );
    case "Disabled":
      return deny(
        ...before,
        because("law.ingestion-disabled", `${id} refuses records from public networks.`),
      );
    case "SecuredByPerimeter":
      return unknown(
        ...before,
        because("law.ingestion-perimeter", `A network security perimeter decides for ${id}.`),
      );
  }
}
