/** Ingestion access: may this request put data in at this data collection endpoint, and why. */
import { typeKey } from "../arm/index.ts";
import type { Graph, ResourceId } from "../arm/index.ts";
import { allow, deny, unknown } from "../core/index.ts";
import type { Reason, Verdict } from "../core/index.ts";
import { because } from "./because.ts";
import type { Origin } from "./origin.ts";
import { dceOf, scopeLinksOwn, types } from "./view.ts";
import type { DceView } from "./view.ts";

/**
 * Decides whether `origin` may use a data collection endpoint: its handler, logs and metrics hosts alike.
 *
 * The scope's access modes do not decide here, since these hosts belong to one resource each.
 * @see learn.microsoft.com/azure/azure-monitor/fundamentals/private-link-design
 * @returns `unknown` where a network security perimeter would decide. Never throws.
 */
export function ingestionAccess(
  graph: Graph,
  { origin, dceId }: { readonly origin: Origin; readonly dceId: ResourceId },
): Verdict {
  const dce = dceOf(graph, dceId);
  if (dce === undefined) {
    return deny(because("dce.unknown", `There is no data collection endpoint ${dceId}.`));
  }
  if (origin.kind === "public") return publicAccess(dce);
  const scopeId = origin.targetId;
  // Only scopes link anything, so that what is linked needs no look at the kind of its link.
  if (scopeLinksOwn(graph, scopeId, dce.id)) {
    return allow(because("scope.links", `The scope ${scopeId} links ${dce.id}.`));
  }
  if (!isScope(scopeId)) {
    const says = `${origin.endpointId} leads to ${scopeId} and to nothing else.`;
    return deny(because("endpoint.other-resource", says));
  }
  return publicAccess(
    dce,
    because("scope.does-not-link", `The scope ${scopeId} does not link ${dce.id}.`),
  );
}

const scopeType = types.scope.toLowerCase();

/** Whether an id names a private link scope. */
export const isScope = (id: ResourceId): boolean => typeKey(id) === scopeType;

function publicAccess(dce: DceView, ...before: readonly Reason[]): Verdict {
  switch (dce.publicNetworkAccess) {
    case "Enabled":
      return allow(
        ...before,
        because("dce.public-enabled", `${dce.id} takes traffic from public networks.`),
      );
    case "Disabled":
      return deny(
        ...before,
        because("dce.public-disabled", `${dce.id} refuses traffic from public networks.`),
      );
    case "SecuredByPerimeter":
      return unknown(
        ...before,
        because("dce.public-perimeter", `A network security perimeter decides for ${dce.id}.`),
      );
  }
}
