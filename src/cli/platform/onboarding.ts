/** What `enable`, `prove` and `start` share: ids from names, what is observed, and the way to probe. */
import { parseId } from "../../arm/index.ts";
import type { ResourceId } from "../../arm/index.ts";
import { CodedError } from "../../core/index.ts";
import { observe, proofTarget } from "../../onboard/index.ts";
import type { MetricsRequest, Observed, ProofTarget } from "../../onboard/index.ts";
import { types } from "../types.ts";
import { findResource, listOfType } from "./connect.ts";
import type { Connection } from "./connect.ts";

/** The scope that a person named: an id as it is; a name, of a scope that exists, else of one beside the cluster. */
export async function scopeIdOf(
  connection: Connection,
  named: string,
  clusterId: ResourceId,
): Promise<ResourceId> {
  if (named.startsWith("/")) return named;
  try {
    return await findResource(connection, types.scope.type, named);
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== "NameNotFound") throw error;
    const cluster = parseId(clusterId);
    return `/subscriptions/${cluster?.subscriptionId}/resourceGroups/${cluster?.resourceGroup}/providers/${types.scope.type}/${named}`;
  }
}

/** The clusters that a command speaks of: the one that is named, else all. */
export async function clusterIdsOf(
  connection: Connection,
  named: string | undefined,
): Promise<readonly ResourceId[]> {
  if (named !== undefined) return [await findResource(connection, types.cluster.type, named)];
  const all = await listOfType(connection, types.cluster.type);
  const ids = all.flatMap((item) => (typeof item["id"] === "string" ? [item["id"]] : []));
  if (ids.length === 0) {
    throw new CodedError(
      "NameNotFound",
      "There is no cluster in this subscription that this credential may read.",
    );
  }
  return ids;
}

/** Reads what a request needs and finds what its proof probes. */
export async function targetOf(
  connection: Connection,
  request: MetricsRequest,
): Promise<{ readonly observed: Observed; readonly target: ProofTarget | undefined }> {
  const observed = await observe(connection.arm, request);
  return { observed, target: proofTarget(observed, request) };
}
