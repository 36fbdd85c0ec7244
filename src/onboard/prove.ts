/** The proof: probes each path of a cluster from inside and from outside, and judges what was seen. */
import { audiences } from "../azure/index.ts";
import { messageOf } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import type { PathEvidence, ProbeRequest, Probes } from "./evidence.ts";
import { exitOf, judge } from "./judge.ts";
import type { Expectations, JudgedPath } from "./judge.ts";
import { collectLogs } from "./logs/prove-logs.ts";
import { probePath, withNewest } from "./probe-path.ts";
import type { Newest } from "./probe-path.ts";
import type { ProofTarget } from "./proof-target.ts";

/** What `prove -o json` prints: `exit` is the command's exit code. */
export interface Proof {
  readonly cluster: string;
  /** Where the proof is of a network, and of no cluster. */
  readonly network?: string;
  readonly paths: readonly JudgedPath[];
  readonly exit: 0 | 1 | 2;
}

/** A remote-write request without series: an empty message, as snappy writes it. */
const emptyWriteRequest = new Uint8Array([0]);

/**
 * Probes and judges all paths of one cluster.
 *
 * @param expected what `--expect` or the flags say; a path that is not named must be private.
 */
export async function prove(
  probes: Probes,
  target: ProofTarget,
  options: { readonly clock: Clock; readonly expected?: Expectations["expected"] },
): Promise<Proof> {
  const seen = await collectEvidence(probes, target);
  const expectations: Expectations = {
    expected: options.expected ?? {},
    privateAddresses: target.privateAddresses,
    closedByFlag: target.closedByFlag,
    nowMs: options.clock.nowMs(),
  };
  const paths = seen.map((evidence) => judge(evidence, expectations));
  return { cluster: target.clusterName, paths, exit: exitOf(paths) };
}

/** Proofs of several clusters as one: the worst exit code wins, and 1 is worse than 2. */
export function exitOfAll(proofs: readonly Proof[]): 0 | 1 | 2 {
  if (proofs.some(({ exit }) => exit === 1)) return 1;
  return proofs.some(({ exit }) => exit === 2) ? 2 : 0;
}

/** What is seen of each path that the cluster has, in the order of the data's way: metrics, then logs. */
export async function collectEvidence(
  probes: Probes,
  target: ProofTarget,
): Promise<readonly PathEvidence[]> {
  const { logs, signals } = target;
  const parts = await Promise.all([
    configurationPath(probes, target),
    signals.includes("metrics") ? collectMetrics(probes, target) : [],
    logs === undefined ? [] : collectLogs(probes, { ...target, logs }),
  ]);
  return parts.flat();
}

/** How agents get their configuration; undefined where the cluster has legacy agents alone, which ask for none. */
export async function configurationPath(
  probes: Probes,
  target: ProofTarget,
): Promise<readonly PathEvidence[]> {
  const { logs, signals } = target;
  if (!signals.includes("metrics") && logs?.auth === "legacy") return [];
  const configuration = await probePath(probes, target, {
    id: "configuration",
    host: target.configurationHost,
    request: configurationRequest(target),
    also: [target.globalHandlerHost],
  });
  return [configuration];
}

/** The paths of metrics. */
export async function collectMetrics(
  probes: Probes,
  target: ProofTarget,
): Promise<readonly [PathEvidence, PathEvidence]> {
  const { queryHost, clusterName } = target;
  const [newest, ingestion, query] = await Promise.all([
    newestSample(probes, { queryHost, promql: newestSampleQuery(clusterName) }),
    probePath(probes, target, {
      id: "metrics-ingestion",
      host: target.metricsHost,
      request: ingestionRequest(target),
      also: [],
    }),
    probePath(probes, target, {
      id: "metrics-query",
      host: target.queryHost,
      request: queryRequest(target),
      also: [],
    }),
  ]);
  // Samples arrive by the ingestion path and are seen by the query path, so their age speaks of both.
  return [withNewest(ingestion, newest), withNewest(query, newest)];
}

/** The query by which the newest sample is found; the agent sets the label `cluster`. */
export const newestSampleQuery = (clusterName: string): string =>
  `max(timestamp(up{cluster=${JSON.stringify(clusterName)}}))`;

/** The newest sample that a query finds, or why it could not be asked for. */
export async function newestSample(
  probes: Probes,
  { queryHost: host, promql }: { readonly queryHost: string | undefined; readonly promql: string },
): Promise<Newest> {
  if (host === undefined) return { error: "The newest sample could not be asked for." };
  try {
    return { newestSampleMs: await probes.newestSampleMs({ host, promql }) };
  } catch (error) {
    return { error: `The newest sample could not be asked for: ${messageOf(error)}` };
  }
}

/** As agents ask for their configuration. @see microsoft/Docker-Provider ingestion_token_utils.go */
const configurationRequest = (target: ProofTarget): Omit<ProbeRequest, "host"> => ({
  method: "GET",
  path: `${target.clusterId}/agentConfigurations?operatingLocation=${target.clusterRegion}&platform=linux&api-version=2020-08-01-preview`,
  headers: { accept: "application/json" },
  audience: audiences.monitor,
  asCluster: target.clusterId,
});

/** A write without series: refused or taken, it stores nothing. @see Azure/prometheus-collector remote write */
export const ingestionRequest = ({
  dcrImmutableId,
}: Pick<ProofTarget, "dcrImmutableId">): Omit<ProbeRequest, "host"> | undefined =>
  dcrImmutableId === undefined
    ? undefined
    : {
        method: "POST",
        path: `/dataCollectionRules/${dcrImmutableId}/streams/Microsoft-PrometheusMetrics/api/v1/write?api-version=2023-04-24`,
        headers: {
          "content-type": "application/x-protobuf",
          "content-encoding": "snappy",
          "x-prometheus-remote-write-version": "0.1.0",
        },
        body: emptyWriteRequest,
        audience: audiences.monitor,
      };

const queryRequest = ({ queryHost }: ProofTarget): Omit<ProbeRequest, "host"> | undefined =>
  queryHost === undefined
    ? undefined
    : {
        method: "GET",
        path: `/api/v1/query?query=${encodeURIComponent("vector(1)")}`,
        headers: { accept: "application/json" },
        audience: audiences.prometheus,
      };
