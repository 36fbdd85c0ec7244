/** Why a way cannot be judged: something on it could not be read, so that its silence means nothing. */
import type { Reason } from "../../core/index.ts";
import { listing } from "../facts.ts";
import type { CheckFacts } from "../facts.ts";
import type { ClusterWay } from "./cluster-way.ts";

const connectionType = "Microsoft.Insights/privateLinkScopes/privateEndpointConnections";

/** Undefined where the reasons stand on what was read. */
export function untold(
  facts: CheckFacts,
  way: ClusterWay,
  reasons: readonly Reason[],
): string | undefined {
  const strange = reasons.find(({ rule }) => rule === "dns.server-unknown");
  if (strange !== undefined) return strange.says;
  const gone = reasons.some(({ rule }) => rule === "endpoint.disconnected");
  if (!gone || way.scope === undefined) return undefined;
  return listing(facts, way.scope.id, connectionType);
}
