/** Logs of containers, and the pod log endpoint that reads and follows them. */
import type { Clock } from "../../src/core/index.ts";
import { sendText } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import { listAt, textAt } from "./kube.ts";
import type { KubeObject } from "./kube.ts";
import type { ObjectStore } from "./object-store.ts";
import type { ResourceRequest } from "./request-path.ts";
import { badRequest, notFound, StatusError } from "./status.ts";

/** What a container keeps, as a kubelet rotates its files. */
const LINES_MAX = 10_000;

interface Line {
  readonly atMs: number;
  readonly text: string;
}

export interface ContainerKey {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

export interface PodLogs {
  readonly append: (key: ContainerKey, text: string) => void;
  readonly read: (key: ContainerKey) => readonly Line[];
  readonly follow: (key: ContainerKey, onLine: (line: Line) => void) => () => void;
  /** Ends those who follow a pod that is gone, and drops its lines. */
  readonly end: (namespace: string, pod: string) => void;
  readonly onEnd: (namespace: string, pod: string, run: () => void) => () => void;
}

export function createPodLogs(clock: Clock): PodLogs {
  const lines = new Map<string, Line[]>();
  const followers = new Map<string, Set<(line: Line) => void>>();
  const ends = new Map<string, Set<() => void>>();
  const keyOf = ({ namespace, pod, container }: ContainerKey): string =>
    `${namespace}/${pod}/${container}`;
  const addTo = <T>(map: Map<string, Set<T>>, key: string, value: T): (() => void) => {
    const set = map.get(key) ?? new Set<T>();
    map.set(key, set.add(value));
    return () => {
      set.delete(value);
      if (set.size === 0) map.delete(key);
    };
  };
  return {
    append(key, text) {
      const line = { atMs: clock.nowMs(), text };
      const kept = lines.get(keyOf(key)) ?? [];
      kept.push(line);
      if (kept.length > LINES_MAX) kept.shift();
      lines.set(keyOf(key), kept);
      for (const onLine of followers.get(keyOf(key)) ?? []) onLine(line);
    },
    read: (key) => lines.get(keyOf(key)) ?? [],
    follow: (key, onLine) => addTo(followers, keyOf(key), onLine),
    onEnd: (namespace, pod, run) => addTo(ends, `${namespace}/${pod}`, run),
    end(namespace, pod) {
      for (const run of ends.get(`${namespace}/${pod}`) ?? []) run();
      for (const key of lines.keys()) {
        if (key.startsWith(`${namespace}/${pod}/`)) lines.delete(key);
      }
    },
  };
}

/** Answers `pods/NAME/log`: container, follow, tailLines, timestamps, sinceSeconds, sinceTime, limitBytes. */
export function servePodLog(
  { store, logs }: { readonly store: ObjectStore; readonly logs: PodLogs },
  exchange: Exchange,
  { type, namespace, name }: ResourceRequest,
): void {
  const { query, outgoing } = exchange;
  const pod = store.get(type, { namespace, name });
  if (pod === undefined) throw notFound(type, name);
  const key = { namespace, pod: name, container: containerOf(pod, query.get("container") ?? "") };
  if (isTrue(query.get("previous"))) {
    throw badRequest(`previous terminated container "${key.container}" in pod "${name}" not found`);
  }
  const timestamps = isTrue(query.get("timestamps"));
  const shown = ({ atMs, text }: Line): string =>
    `${timestamps ? `${new Date(atMs).toISOString().replace("Z", "000000Z")} ` : ""}${text}\n`;
  const text = selectLines(logs.read(key), query, exchange.nowMs).map(shown).join("");
  if (!isTrue(query.get("follow"))) {
    const limit = Number(query.get("limitBytes") ?? Number.NaN);
    sendText(outgoing, limit > 0 ? text.slice(0, limit) : text, "text/plain");
    return;
  }
  outgoing.writeHead(200, { "content-type": "text/plain" });
  outgoing.flushHeaders();
  if (text !== "") outgoing.write(text);
  const stop = logs.follow(key, (line) => outgoing.write(shown(line)));
  const stopEnd = logs.onEnd(namespace, name, () => outgoing.end());
  outgoing.once("close", () => {
    stop();
    stopEnd();
  });
}

const isTrue = (text: string | null): boolean => text === "true" || text === "1";

function containerOf(pod: KubeObject, asked: string): string {
  const names = [
    ...listAt(pod, "spec", "containers"),
    ...listAt(pod, "spec", "initContainers"),
  ].map((container) => textAt(container, "name"));
  const containers = listAt(pod, "spec", "containers").length;
  if (asked === "" && containers > 1) {
    throw badRequest(
      `a container name must be specified for pod ${pod.metadata.name}, choose one of: [${names.join(" ")}]`,
    );
  }
  const container = asked === "" ? (names[0] ?? "") : asked;
  if (!names.includes(container)) {
    throw badRequest(`container ${container} is not valid for pod ${pod.metadata.name}`);
  }
  return container;
}

function selectLines(
  lines: readonly Line[],
  query: URLSearchParams,
  nowMs: number,
): readonly Line[] {
  const sinceSeconds = query.get("sinceSeconds");
  const sinceTime = query.get("sinceTime");
  const tail = query.get("tailLines");
  let sinceMs = -Infinity;
  if (sinceSeconds !== null) sinceMs = nowMs - countOf("sinceSeconds", sinceSeconds) * 1000;
  if (sinceTime !== null) {
    sinceMs = Date.parse(sinceTime);
    if (Number.isNaN(sinceMs)) throw badRequest(`sinceTime: Invalid value: "${sinceTime}"`);
  }
  const recent = lines.filter(({ atMs }) => atMs >= sinceMs);
  if (tail === null) return recent;
  const count = countOf("tailLines", tail);
  return count === 0 ? [] : recent.slice(-count);
}

function countOf(field: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new StatusError(
    422,
    "Invalid",
    `PodLogOptions "" is invalid: ${field}: Invalid value: ${text}: must be greater than or equal to 0`,
  );
}
