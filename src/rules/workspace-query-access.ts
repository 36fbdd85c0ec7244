/** Query access: may this request query this Azure Monitor workspace, and why. No private link scope has a say. */
import { sameId } from "../arm/index.ts";
import type { Graph, ResourceId } from "../arm/index.ts";
import { allow, deny, unknown } from "../core/index.ts";
import type { Verdict } from "../core/index.ts";
import { because } from "./because.ts";
import type { Origin } from "./origin.ts";
import { workspaceOf } from "./view.ts";

/**
 * Decides whether `origin` may query a workspace: through the workspace's own endpoint always, from public networks
 * by its flag, through an endpoint of anything else never.
 *
 * @returns `unknown` where a network security perimeter would decide. Never throws.
 */
export function workspaceQueryAccess(
  graph: Graph,
  { origin, workspaceId }: { readonly origin: Origin; readonly workspaceId: ResourceId },
): Verdict {
  const workspace = workspaceOf(graph, workspaceId);
  if (workspace === undefined) {
    return deny(
      because("workspace.unknown", `There is no Azure Monitor workspace ${workspaceId}.`),
    );
  }
  const { id } = workspace;
  if (origin.kind === "private") {
    return sameId(origin.targetId, id)
      ? allow(because("workspace.own-endpoint", `${origin.endpointId} is an endpoint of ${id}.`))
      : deny(
          because(
            "endpoint.other-resource",
            `${origin.endpointId} leads to ${origin.targetId} and to nothing else.`,
          ),
        );
  }
  switch (workspace.publicNetworkAccess) {
    case "Enabled":
      return allow(
        because("workspace.public-enabled", `${id} answers queries from public networks.`),
      );
    case "Disabled":
      return deny(
        because("workspace.public-disabled", `${id} refuses queries from public networks.`),
      );
    case "SecuredByPerimeter":
      return unknown(
        because("workspace.public-perimeter", `A network security perimeter decides for ${id}.`),
      );
  }
}
