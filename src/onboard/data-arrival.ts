/** Whether data comes by the private way: the gate before anything closes. */
import type { Clock } from "../core/index.ts";
import type { Probes } from "./evidence.ts";
import { judge } from "./judge.ts";
import { collectEvidence } from "./prove.ts";
import type { ProofTarget } from "./proof-target.ts";
import type { Arrival } from "./until-arrived.ts";

/**
 * Asks once. Data has arrived when the configuration and the write probe pass through the private endpoint, and a sample
 * of the cluster is queried that is newer than `sinceMs`.
 */
export async function dataArrival(
  probes: Probes,
  target: ProofTarget,
  { clock, sinceMs }: { readonly clock: Clock; readonly sinceMs: number },
): Promise<Arrival> {
  const [configuration, ingestion] = await collectEvidence(probes, target);
  for (const evidence of [configuration, ingestion]) {
    if (evidence === undefined) continue;
    const { inside, id } = evidence;
    const { privateAddresses, closedByFlag } = target;
    const nowMs = clock.nowMs();
    const { reasons } = judge(evidence, { expected: {}, privateAddresses, closedByFlag, nowMs });
    const passes =
      inside.kind === "answered" &&
      inside.status >= 200 &&
      inside.status < 300 &&
      inside.address !== undefined &&
      privateAddresses.has(inside.address);
    if (!passes)
      return { arrived: false, says: `${id} does not pass privately yet: ${reasons[0] ?? ""}` };
  }
  const newestMs = ingestion?.newestSampleMs ?? null;
  if (newestMs === null) {
    return { arrived: false, says: `no sample of ${target.clusterName} was found yet.` };
  }
  if (newestMs <= sinceMs) {
    const [newest, since] = [newestMs, sinceMs].map((atMs) => new Date(atMs).toISOString());
    const says = `the newest sample of ${target.clusterName} is from ${newest}; one from after ${since} is waited for.`;
    return { arrived: false, says };
  }
  return {
    arrived: true,
    says: `a sample from ${new Date(newestMs).toISOString()} came by the private way.`,
  };
}
