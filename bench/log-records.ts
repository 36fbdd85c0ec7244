/** Container log records as a cluster's agents send them, made beforehand: pods that log at different paces, messages of six kinds. */
import { seededRandom } from "../src/core/index.ts";

/** Numbers that a record is made of: quick, and the same in every run. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seededRandom(seed).bytes(4).readUInt32LE() | 1;
  }

  /** A whole number below `end`. */
  below(end: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % end;
  }

  hex(chars: number): string {
    let text = "";
    while (text.length < chars) text += this.below(0x1000_0000).toString(16).padStart(7, "0");
    return text.slice(0, chars);
  }

  of<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)] as Value;
  }
}

export interface LogRecord {
  readonly TimeGenerated: string;
  readonly Computer: string;
  readonly ContainerId: string;
  readonly ContainerName: string;
  readonly PodName: string;
  readonly PodNamespace: string;
  readonly LogMessage: string;
  readonly LogSource: string;
}

export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly container: string;
  readonly containerId: string;
  readonly node: string;
  readonly kind: number;
}

const apps = ["web", "cart", "api", "pay", "mail", "dns", "sync", "auth"] as const;
const namespaces = ["shop", "kube-system", "jobs", "team-a"] as const;

export function makePods(count: number, dice: Dice): readonly Pod[] {
  return Array.from({ length: count }, (_, index) => {
    const app = apps[index % apps.length] ?? "web";
    return {
      namespace: namespaces[index % namespaces.length] ?? "shop",
      name: `${app}-${dice.hex(9)}-${dice.hex(5)}`,
      container: app,
      containerId: dice.hex(64),
      node: `aks-np1-${String(index % 12).padStart(6, "0")}`,
      kind: index % 6,
    };
  });
}

const paths = ["/", "/cart", "/api/orders", "/api/items", "/health", "/login"] as const;
const words = ["reconciled", "retrying", "evicted", "synced", "scheduled", "completed"] as const;

/** A message of the pod's kind: access logs, structured lines, JSON, keys and values, probes, and traces with an id. */
export function messageOf({ kind }: Pod, dice: Dice): string {
  switch (kind) {
    case 0:
      return `10.1.${dice.below(250)}.${dice.below(250)} GET ${dice.of(paths)}?id=${dice.below(90_000)} 200 ${dice.below(400)}ms`;
    case 1:
      return `I1122 1 worker.go:${100 + dice.below(40)}] ${dice.of(words)} item ${dice.below(5000)}`;
    case 2:
      return `{"level":"info","took":${dice.below(900)},"user":${dice.below(20_000)}}`;
    case 3:
      return `level=warn msg=${dice.of(words)} after=${dice.below(30_000)}ms`;
    case 4:
      return "probe ok";
    default:
      return `trace=${dice.hex(16)} ${dice.of(words)} in ${dice.below(2000)}µs`;
  }
}

/** The record of one line; pods of the front of the list log more often. */
export function makeRecord(pods: readonly Pod[], dice: Dice, timeMs: number): LogRecord {
  const pod = pods[Math.floor(dice.below(pods.length) * (dice.below(1000) / 1000))] as Pod;
  return {
    TimeGenerated: new Date(timeMs).toISOString(),
    Computer: pod.node,
    ContainerId: pod.containerId,
    ContainerName: pod.container,
    PodName: pod.name,
    PodNamespace: pod.namespace,
    LogMessage: messageOf(pod, dice),
    LogSource: dice.below(20) === 0 ? "stderr" : "stdout",
  };
}

export interface RecordsLoad {
  /** JSON arrays, each below what one request may have. */
  readonly bodies: readonly Buffer[];
  /** The same records as PostgreSQL's COPY reads them, and how many each batch has. */
  readonly records: readonly (readonly LogRecord[])[];
  readonly bytes: number;
}

/** `count` records over the last minutes before `nowMs`, in batches as they would be sent. */
export function makeRecords(count: number, batch: number, nowMs: number): RecordsLoad {
  const dice = new Dice(7);
  const pods = makePods(200, dice);
  const spanMs = 10 * 60 * 1000;
  const records: (readonly LogRecord[])[] = [];
  for (let from = 0; from < count; from += batch) {
    const length = Math.min(batch, count - from);
    records.push(
      Array.from({ length }, (_, index) => {
        // Agents send what the last second brought: nearly in order.
        const timeMs = nowMs - spanMs + ((from + index) / count) * spanMs - dice.below(1000);
        return makeRecord(pods, dice, timeMs);
      }),
    );
  }
  const bodies = records.map((some) => Buffer.from(JSON.stringify(some)));
  return { bodies, records, bytes: bodies.reduce((sum, body) => sum + body.length, 0) };
}
