/** Whether data comes by the private way: the gate before anything closes. */
import type { Clock } from "../core/index.ts";
import type { PathEvidence, Probes } from "./evidence.ts";
import { judge } from "./judge.ts";
import { collectLogsIngestion, newestRecords } from "./logs/prove-logs.ts";
import type { Newest } from "./probe-path.ts";
import { collectMetrics, configurationPath } from "./prove.ts";
import type { ProofTarget, Signal } from "./proof-target.ts";
import type { Arrival } from "./until-arrived.ts";

interface Seen {
  readonly ingestion: readonly PathEvidence[];
  readonly newest: Newest;
}

/**
 * Asks once. Data has arrived when the configuration and the write probe pass through the private endpoint, and a sample
 * (of logs: a record) of the cluster is queried that is newer than `sinceMs`.
 */
export async function dataArrival(
  probes: Probes,
  target: ProofTarget,
  options: { readonly clock: Clock; readonly sinceMs: number; readonly signal?: Signal },
): Promise<Arrival> {
  const { signal = "metrics", clock, sinceMs } = options;
  const seen = signal === "metrics" ? seenOfMetrics(probes, target) : seenOfLogs(probes, target);
  const [configuration, { ingestion, newest }] = await Promise.all([
    configurationPath(probes, target),
    seen,
  ]);
  for (const evidence of [...configuration, ...ingestion]) {
    const problem = notPrivate(evidence, target, clock.nowMs());
    if (problem !== undefined) return { arrived: false, says: problem };
  }
  const what = signal === "metrics" ? "sample" : "record";
  const newestMs = newest.newestSampleMs ?? null;
  if (newestMs === null) {
    const says = newest.error ?? `no ${what} of ${target.clusterName} was found yet.`;
    return { arrived: false, says };
  }
  if (newestMs <= sinceMs) {
    const [at, since] = [newestMs, sinceMs].map((atMs) => new Date(atMs).toISOString());
    const says = `the newest ${what} of ${target.clusterName} is from ${at}; one from after ${since} is waited for.`;
    return { arrived: false, says };
  }
  const at = new Date(newestMs).toISOString();
  return { arrived: true, says: `a ${what} from ${at} came by the private way.` };
}

async function seenOfMetrics(probes: Probes, target: ProofTarget): Promise<Seen> {
  const [ingestion] = await collectMetrics(probes, target);
  const { newestSampleMs } = ingestion;
  const newest = newestSampleMs === undefined ? {} : { newestSampleMs };
  return { ingestion: [ingestion], newest };
}

async function seenOfLogs(probes: Probes, target: ProofTarget): Promise<Seen> {
  const { logs } = target;
  if (logs === undefined) {
    return { ingestion: [], newest: { error: "Container insights is not enabled yet." } };
  }
  const asked = { ...target, logs };
  const [ingestion, newest] = await Promise.all([
    collectLogsIngestion(probes, asked),
    newestRecords(probes, asked),
  ]);
  const { byHost, byEndpoint } = newest;
  return { ingestion, newest: logs.highScale === undefined ? byHost : older(byHost, byEndpoint) };
}

/** Of two ways that both must have brought something, the one that is behind. */
function older(one: Newest, other: Newest): Newest {
  const [a, b] = [one.newestSampleMs, other.newestSampleMs];
  if (a === undefined || a === null) return one;
  return b === undefined || b === null || b < a ? other : one;
}

/** Why a path does not pass by a private endpoint; undefined where it does. */
function notPrivate(
  evidence: PathEvidence,
  { privateAddresses, closedByFlag }: ProofTarget,
  nowMs: number,
): string | undefined {
  const { inside, id } = evidence;
  const { reasons } = judge(evidence, { expected: {}, privateAddresses, closedByFlag, nowMs });
  const passes =
    inside.kind === "answered" &&
    inside.status >= 200 &&
    inside.status < 300 &&
    inside.address !== undefined &&
    privateAddresses.has(inside.address);
  return passes ? undefined : `${id} does not pass privately yet: ${reasons[0] ?? ""}`;
}
