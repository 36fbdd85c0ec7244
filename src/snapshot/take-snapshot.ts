/** Takes a snapshot of clusters from one ARM. */
import type { ResourceId } from "../arm/index.ts";
import type { CloudName } from "../azure/index.ts";
import type { Clock } from "../core/index.ts";
import { collect } from "./collect.ts";
import { openGathering } from "./gathering.ts";
import { readInventory } from "./resource-graph.ts";
import { openReads } from "./reads.ts";
import type { ArmSend } from "./reads.ts";
import type { Snapshot } from "./snapshot.ts";

export interface SnapshotSource {
  readonly cloud: CloudName;
  readonly source: Snapshot["source"];
  readonly send: ArmSend;
  /** ARM's origin. */
  readonly origin: string;
}

/**
 * Reads all that checks and proofs of the clusters ask; only the allow-list's fields are kept.
 *
 * @throws CodedError when ARM cannot be reached or takes no credential; its refusals are part of the snapshot.
 */
export async function takeSnapshot(
  source: SnapshotSource,
  options: {
    readonly clusters: readonly ResourceId[];
    readonly clock: Clock;
    readonly note?: (says: string) => void;
  },
): Promise<Snapshot> {
  const { clock, clusters, note } = options;
  const reads = openReads({
    send: source.send,
    origin: source.origin,
    clock,
    ...(note === undefined ? {} : { note }),
  });
  const gathering = openGathering(reads);
  await collect(gathering, {
    clusters,
    ...(source.source === "azure" ? { inventory: (into) => readInventory(reads, into) } : {}),
  });
  return {
    cloud: source.cloud,
    source: source.source,
    takenAtMs: clock.nowMs(),
    redacted: false,
    clusters: clusters.map((id) => gathering.graph().get(id)?.id ?? id),
    resources: gathering.resources().toSorted((a, b) => order(a.id, b.id)),
    record: gathering.record(),
  };
}

const order = (a: string, b: string): number => {
  const [left, right] = [a.toLowerCase(), b.toLowerCase()];
  return left < right ? -1 : Number(left > right);
};
