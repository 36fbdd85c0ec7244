/** Application Insights: may this request send to a component, or query it, and why. Its hosts are shared by all components. */
import { sameId } from "../arm/index.ts";
import type { Graph, ResourceId } from "../arm/index.ts";
import { allow, deny, unknown } from "../core/index.ts";
import type { Reason, Verdict } from "../core/index.ts";
import { because } from "./because.ts";
import { isScope } from "./ingestion-access.ts";
import { componentOf } from "./inventory-view.ts";
import type { ComponentView } from "./inventory-view.ts";
import type { Origin } from "./origin.ts";
import { scopeLinksOwn, scopeOf } from "./view.ts";

export interface ComponentQuestion {
  readonly origin: Origin;
  readonly componentId: ResourceId;
  readonly door: "ingestion" | "query";
}

/**
 * Decides by the scope that the request came through: what it links passes; of the rest its access mode decides, since
 * the hosts belong to nobody alone; in the mode Open, and from public networks, the component's own flag.
 *
 * @see learn.microsoft.com/azure/azure-monitor/fundamentals/private-link-design, access modes
 * @returns `unknown` where a network security perimeter would decide. Never throws.
 */
export function componentAccess(graph: Graph, question: ComponentQuestion): Verdict {
  const { origin, componentId, door } = question;
  const component = componentOf(graph, componentId);
  if (component === undefined) {
    return deny(because("component.unknown", `There is no component ${componentId}.`));
  }
  if (origin.kind === "public") return byFlag(component, door);
  const { targetId: scopeId, connectionName } = origin;
  if (!isScope(scopeId)) {
    const says = `${origin.endpointId} leads to ${scopeId} and to nothing else.`;
    return deny(because("endpoint.other-resource", says));
  }
  if (scopeLinksOwn(graph, scopeId, component.id)) {
    return allow(because("scope.links", `The scope ${scopeId} links ${component.id}.`));
  }
  const scope = scopeOf(graph, scopeId);
  const own = scope?.exclusions.find((one) => sameId(one.connectionName, connectionName));
  const key = door === "ingestion" ? "ingestionAccessMode" : "queryAccessMode";
  const mode = own?.[key] ?? scope?.[key] ?? "Open";
  const outside = because(
    "scope.does-not-link",
    `The scope ${scopeId} does not link ${component.id}.`,
  );
  if (mode === "PrivateOnly") {
    const says = `The ${door} mode of ${scopeId} is PrivateOnly: only what it links is reached through it.`;
    return deny(outside, because("component.private-only", says));
  }
  return byFlag(component, door, outside);
}

function byFlag(
  component: ComponentView,
  door: ComponentQuestion["door"],
  ...before: readonly Reason[]
): Verdict {
  const flag = door === "ingestion" ? component.publicIngestion : component.publicQuery;
  const what = door === "ingestion" ? "takes telemetry" : "answers queries";
  const refuses = door === "ingestion" ? "refuses telemetry" : "refuses queries";
  switch (flag) {
    case "Enabled":
      return allow(
        ...before,
        because("component.public-enabled", `${component.id} ${what} from public networks.`),
      );
    case "Disabled":
      return deny(
        ...before,
        because("component.public-disabled", `${component.id} ${refuses} from public networks.`),
      );
    case "SecuredByPerimeter":
      return unknown(
        ...before,
        because("component.perimeter", `A network security perimeter decides for ${component.id}.`),
      );
  }
}
