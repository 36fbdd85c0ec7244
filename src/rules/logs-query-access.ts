/** Log query access: may this request query this Log Analytics workspace, and why. */
import { sameId } from "../arm/index.ts";
import type { Graph, ResourceId } from "../arm/index.ts";
import { allow, deny, unknown } from "../core/index.ts";
import type { Reason, Verdict } from "../core/index.ts";
import { because } from "./because.ts";
import { isScope } from "./ingestion-access.ts";
import { lawOf } from "./law-view.ts";
import type { LawView } from "./law-view.ts";
import type { Origin } from "./origin.ts";
import { scopeLinksOwn, scopeOf } from "./view.ts";

export interface LogsQueryQuestion {
  readonly origin: Origin;
  /** The resource id of the Log Analytics workspace. */
  readonly workspaceId: ResourceId;
  /**
   * `direct`: at a query host. `arm`: through `management.azure.com`, as the portal's Container insights asks. Then
   * `origin` has no say: Resource Manager's own request comes from a public network.
   */
  readonly way: "direct" | "arm";
}

/**
 * Decides whether `origin` may query a workspace. The query hosts are shared by all workspaces, so that behind a scope
 * its query mode decides for those that it does not link.
 *
 * @returns `unknown` where a network security perimeter would decide. Never throws.
 * @see learn.microsoft.com/azure/azure-monitor/fundamentals/private-link-design, access modes and their exclusions
 */
export function logsQueryAccess(graph: Graph, question: LogsQueryQuestion): Verdict {
  const { origin, workspaceId, way } = question;
  const law = lawOf(graph, workspaceId);
  if (law === undefined) {
    return deny(because("law.unknown", `There is no Log Analytics workspace ${workspaceId}.`));
  }
  if (way === "arm") {
    const says =
      "Resource Manager passes the query on from a public network, whatever private link its caller came by.";
    return publicQuery(law, because("law.query-arm", says));
  }
  if (origin.kind === "public") return publicQuery(law);
  if (!isScope(origin.targetId)) {
    const says = `${origin.endpointId} leads to ${origin.targetId} and to nothing else.`;
    return deny(because("endpoint.other-resource", says));
  }
  if (scopeLinksOwn(graph, origin.targetId, law.id)) {
    return allow(because("scope.links", `The scope ${origin.targetId} links ${law.id}.`));
  }
  return byMode(graph, law, origin);
}

type PrivateOrigin = Extract<Origin, { readonly kind: "private" }>;

/** The connection's own mode where it has one, else the scope's. */
function byMode(graph: Graph, law: LawView, origin: PrivateOrigin): Verdict {
  const scopeId = origin.targetId;
  const scope = scopeOf(graph, scopeId);
  const own = scope?.exclusions.find(({ connectionName }) =>
    sameId(connectionName, origin.connectionName),
  )?.queryAccessMode;
  const mode = own ?? scope?.queryAccessMode ?? "Open";
  const before: Reason[] = [
    because("scope.does-not-link", `The scope ${scopeId} does not link ${law.id}.`),
  ];
  if (own !== undefined) {
    const says = `The connection ${origin.connectionName} of ${scopeId} has the query mode ${own} of its own.`;
    before.push(because("scope.query-exclusion", says));
  }
  if (mode === "PrivateOnly") {
    const says = `Through ${scopeId} only the workspaces that it links can be queried.`;
    return deny(...before, because("scope.query-private-only", says));
  }
  const says = `Through ${scopeId} workspaces that it does not link can be queried as from public networks.`;
  return publicQuery(law, ...before, because("scope.query-open", says));
}

function publicQuery({ id, publicQuery: flag }: LawView, ...before: readonly Reason[]): Verdict {
  switch (flag) {
    case "Enabled":
      return allow(
        ...before,
        because("law.query-enabled", `${id} answers queries from public networks.`),
      );
    case "Disabled":
      return deny(
        ...before,
        because("law.query-disabled", `${id} refuses queries from public networks.`),
      );
    case "SecuredByPerimeter":
      return unknown(
        ...before,
        because("law.query-perimeter", `A network security perimeter decides for ${id}.`),
      );
  }
}
