/** The load that every server of `bench/ingest.ts` gets: remote-write bodies of a cluster's series, made beforehand. */
import { labelsOf, seededRandom } from "../src/core/index.ts";
import type { Labels } from "../src/core/index.ts";
import { encodeLabels, snappyEncode } from "../src/wire/index.ts";

export interface LoadShape {
  readonly series: number;
  readonly rounds: number;
  readonly seriesPerRequest: number;
  readonly stepMs: number;
  /** The time of the first round, in milliseconds since the Unix epoch. */
  readonly startMs: number;
}

/** The bodies of one scrape round, in the order of series. A body's index names the connection that carries it. */
export type Round = readonly Buffer[];

const CONTAINER_METRICS = 20;
const STATE_METRICS = 12;
const APP_METRICS = 16;

/** Makes all bodies: counters, buckets, gauges and constants of pods, as cAdvisor, kube-state-metrics and apps show them. */
export function makeLoad({
  series,
  rounds,
  seriesPerRequest,
  stepMs,
  startMs,
}: LoadShape): Round[] {
  const labels = Array.from({ length: series }, (_, index) => encodeLabels(labelsOfSeries(index)));
  const values = new Float64Array(series);
  const random = seededRandom(0x10ad);
  return Array.from({ length: rounds }, (_, round) => {
    const changes = random.bytes(series);
    const bodies: Buffer[] = [];
    for (let from = 0; from < series; from += seriesPerRequest) {
      const to = Math.min(series, from + seriesPerRequest);
      drift(values, changes, { from, to });
      bodies.push(
        snappyEncode(message(labels, values, { from, to, timestampMs: startMs + round * stepMs })),
      );
    }
    return bodies;
  });
}

export const samplesOf = (load: readonly Round[], { series }: LoadShape): number =>
  load.length * series;

function labelsOfSeries(index: number): Labels {
  const perPod = CONTAINER_METRICS + STATE_METRICS + APP_METRICS;
  const pod = Math.floor(index / perPod);
  const metric = index % perPod;
  const namespace = `team-${pod % 17}`;
  const name = `checkout-service-${pod % 41}-7d9c8b6f5-${(pod * 7919).toString(36).padStart(5, "x")}`;
  const common = { cluster: "aks-private-westeurope", namespace, pod: name };
  const node = `aks-userpool-31415926-vmss0000${(pod % 30).toString(36).padStart(2, "0")}`;
  if (metric < CONTAINER_METRICS) {
    return labelsOf({
      ...common,
      __name__: `container_memory_and_cpu_metric_${metric}_bytes`,
      container: `app-${metric % 2}`,
      id: `/kubepods/burstable/pod${pod.toString(16).padStart(8, "0")}-5c1e-4f6a-9d6b`,
      image: "mcr.example.com/team/checkout-service:1.42.7",
      instance: node,
      job: "cadvisor",
      metrics_path: "/metrics/cadvisor",
      node,
    });
  }
  if (metric < CONTAINER_METRICS + STATE_METRICS) {
    return labelsOf({
      ...common,
      __name__: `kube_pod_container_status_${metric}`,
      container: "app-0",
      instance: "ama-metrics-ksm.kube-system.svc.cluster.local:8080",
      job: "kube-state-metrics",
      uid: `${pod.toString(16).padStart(8, "0")}-5c1e-4f6a-9d6b-0242ac120002`,
      service: "ama-metrics-ksm",
      phase: metric % 2 === 0 ? "Running" : "Pending",
      node,
      host_ip: `10.224.${pod % 30}.4`,
    });
  }
  return labelsOf({
    ...common,
    __name__: "http_server_request_duration_seconds_bucket",
    endpoint: "metrics",
    handler: `/api/v1/orders/${metric % 3}`,
    instance: `10.244.${pod % 250}.${pod % 199}:9102`,
    job: "checkout-service",
    le: String(0.005 * 2 ** (metric % 8)),
    method: metric % 2 === 0 ? "GET" : "POST",
    status: "200",
    service: "checkout-service",
    version: "1.42.7",
  });
}

/** About a third of the values change from round to round. */
function drift(
  values: Float64Array,
  changes: Buffer,
  { from, to }: { readonly from: number; readonly to: number },
): void {
  for (let index = from; index < to; index++) {
    const change = changes[index] ?? 0;
    if (change > 90) continue;
    const before = values[index] ?? 0;
    values[index] = index % 5 === 0 ? before + change / 7 : before + (change & 15);
  }
}

function message(
  labels: readonly Buffer[],
  values: Float64Array,
  { from, to, timestampMs }: { from: number; to: number; timestampMs: number },
): Buffer {
  let bytesMax = 0;
  for (let index = from; index < to; index++) bytesMax += (labels[index]?.length ?? 0) + 32;
  const bytes = Buffer.allocUnsafe(bytesMax);
  let at = 0;
  const varint = (value: number): void => {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 0x80;
    bytes[at++] = rest;
  };
  for (let index = from; index < to; index++) {
    const label = labels[index] ?? Buffer.alloc(0);
    bytes[at++] = 0x0a;
    varint(label.length + 18);
    at += label.copy(bytes, at);
    bytes[at++] = 0x12;
    bytes[at++] = 16;
    bytes[at++] = 0x09;
    at = bytes.writeDoubleLE(values[index] ?? 0, at);
    bytes[at++] = 0x10;
    varint(timestampMs);
  }
  return bytes.subarray(0, at);
}
