/** Real Azure as a source of facts. Clusters are named by their ids, which say their subscription. */
import { idProblem, parseId } from "../../arm/index.ts";
import type { CloudName } from "../../azure/index.ts";
import { CodedError } from "../../core/index.ts";
import { loadAzure } from "../../snapshot/index.ts";
import { types } from "../types.ts";
import type { OpenSource } from "./sources.ts";

/** Opens the way to a cloud with this machine's credential. */
export async function openAzure(cloud: CloudName): Promise<OpenSource> {
  const { openAzure: open } = await loadAzure();
  return {
    source: await open(cloud),
    clusterIds: (named) => Promise.resolve(clusterIds(named)),
    close: () => {},
  };
}

/** All clusters of a cloud cannot be listed without knowing its subscriptions: they are named. */
function clusterIds(named: string | undefined): readonly string[] {
  if (named !== undefined) return named.split(",").map(clusterId);
  throw new CodedError(
    "WrongUse",
    "On Azure say which clusters to read: --cluster /subscriptions/…/managedClusters/NAME, several with commas.",
  );
}

function clusterId(named: string): string {
  const type = parseId(named)?.type.toLowerCase();
  if (type === types.cluster.type.toLowerCase()) return named;
  const problem = idProblem(named) ?? `'${named}' is the id of no managed cluster`;
  throw new CodedError(
    "WrongUse",
    `--cluster: ${problem}. On Azure a cluster is named by its whole id: /subscriptions/…/managedClusters/NAME.`,
  );
}
