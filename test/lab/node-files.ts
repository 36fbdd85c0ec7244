/** The log files of the lab's nodes, as a kubelet and a container runtime lay them out, fed from what real processes write. */
import {
  appendFileSync,
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../src/core/index.ts";
import { loggedWorkload, LOGGED_NAMESPACE, nodeNames } from "./cluster.ts";
import type { Controllers } from "./controllers.ts";
import { textAt } from "./kube.ts";
import type { KubeObject } from "./kube.ts";
import type { ObjectStore } from "./object-store.ts";
import type { PodLogs } from "./pod-log.ts";
import { containerIdOf } from "./pods.ts";
import { knownType } from "./resource-types.ts";

export interface PodLog {
  /** Of the deployment, its container and its label `app`. */
  readonly name: string;
  readonly stream: "stdout" | "stderr";
  /** It may come later, be rotated and be cut. */
  readonly file: string;
}

/** Reads `NAME[:stderr]=FILE`. */
export function podLogOf(text: string): PodLog {
  const [, name = "", stream, file = ""] = /^([a-z][a-z0-9-]*)(:stderr)?=(.+)$/.exec(text) ?? [];
  if (name === "") throw new Error(`--pod-log ${text}: write NAME=FILE or NAME:stderr=FILE.`);
  return { name, file, stream: stream === undefined ? "stdout" : "stderr" };
}

const POLL_MS = 250;
/** A container runtime splits longer lines. */
const PIECE_BYTES = 16 * 1024;
/** The kubelet's containerLogMaxSize and containerLogMaxFiles. */
const ROTATE_BYTES = 10 * 1024 * 1024;
const FILES_MAX = 5;
const READ_BYTES = 1024 * 1024;

/** Makes the pods, and follows their files until what it answers is called. */
export function startNodeFiles(
  options: {
    readonly clock: Clock;
    readonly logFolder?: string;
    readonly podLogs?: readonly PodLog[];
  },
  parts: {
    readonly store: ObjectStore;
    readonly logs: PodLogs;
    readonly controllers: Controllers;
  },
): () => void {
  const { clock, logFolder, podLogs = [] } = options;
  const { store, logs, controllers } = parts;
  for (const node of logFolder === undefined ? [] : nodeNames) {
    // The pods of an earlier cluster are gone, and their files with them.
    rmSync(join(logFolder ?? "", node), { recursive: true, force: true });
    mkdirSync(join(logFolder ?? "", node, "containers"), { recursive: true });
  }
  for (const name of new Set(podLogs.map((one) => one.name))) {
    for (const object of loggedWorkload(name)) store.put(object);
  }
  controllers.settle();
  const sources = podLogs.map((log) => ({ log, read: lineReader(log.file) }));
  const poll = (): void => {
    for (const { log, read } of sources) {
      const pod = podOf(store, log.name);
      if (pod === undefined) continue;
      const lines = read();
      if (logFolder !== undefined) {
        writeLines(fileOf(logFolder, pod, log.name), lines, { stream: log.stream, clock });
      }
      const key = { namespace: LOGGED_NAMESPACE, pod: pod.metadata.name, container: log.name };
      for (const line of lines) logs.append(key, line.toString("utf8"));
    }
    timer = clock.after(POLL_MS, poll);
  };
  let timer = clock.after(0, poll);
  return () => timer.cancel();
}

/** The first running pod of an application. */
const podOf = (store: ObjectStore, app: string): KubeObject | undefined =>
  store
    .list(knownType("pods"))
    .find(
      (pod) =>
        pod.metadata.namespace === LOGGED_NAMESPACE &&
        pod.metadata.labels?.["app"] === app &&
        textAt(pod, "status", "phase") === "Running",
    );

/** The container's live file; made with the link to it where they are missing. */
function fileOf(logFolder: string, pod: KubeObject, container: string): string {
  const node = join(logFolder, textAt(pod, "spec", "nodeName"));
  const { name, namespace = "", uid = "" } = pod.metadata;
  const folder = join(node, "pods", `${namespace}_${name}_${uid}`, container);
  const file = join(folder, "0.log");
  if (existsSync(file)) return file;
  mkdirSync(folder, { recursive: true });
  appendFileSync(file, "");
  const link = `${name}_${namespace}_${container}-${containerIdOf(pod, container)}.log`;
  symlinkSync(
    join("..", "pods", `${namespace}_${name}_${uid}`, container, "0.log"),
    join(node, "containers", link),
  );
  return file;
}

function writeLines(
  file: string,
  lines: readonly Buffer[],
  { stream, clock }: { readonly stream: string; readonly clock: Clock },
): void {
  if (lines.length === 0) return;
  const pieces: Buffer[] = [];
  for (const line of lines) {
    const time = new Date(clock.nowMs()).toISOString().replace("Z", "000000Z");
    let at = 0;
    do {
      const piece = line.subarray(at, at + PIECE_BYTES);
      at += piece.length;
      pieces.push(Buffer.from(`${time} ${stream} ${at < line.length ? "P" : "F"} `), piece);
      pieces.push(Buffer.from("\n"));
    } while (at < line.length);
  }
  appendFileSync(file, Buffer.concat(pieces));
  if (statSync(file).size >= ROTATE_BYTES) rotate(file, clock);
}

/** As the kubelet does: the file gets a name with the time, and another takes its place. */
function rotate(file: string, clock: Clock): void {
  const stamp = new Date(clock.nowMs()).toISOString().replace(/[-:]|\..*/g, "");
  renameSync(file, `${file}.${stamp.replace("T", "-")}`);
  appendFileSync(file, "");
  const folder = join(file, "..");
  const old = readdirSync(folder)
    .filter((name) => name.startsWith("0.log."))
    .sort();
  for (const name of old.slice(0, Math.max(0, old.length - (FILES_MAX - 1)))) {
    rmSync(join(folder, name), { force: true });
  }
}

/** Reads whole lines that a file has got since the last call; what is there now is left out. */
function lineReader(path: string): () => readonly Buffer[] {
  let offset = existsSync(path) ? statSync(path).size : 0;
  let fileId = "";
  let rest: Buffer = Buffer.alloc(0);
  const chunk = Buffer.alloc(READ_BYTES);
  return () => {
    if (!existsSync(path)) return [];
    const file = openSync(path, "r");
    try {
      const { dev, ino, size } = fstatSync(file);
      const id = `${dev}:${ino}`;
      if ((fileId !== "" && id !== fileId) || size < offset) {
        offset = 0;
        rest = Buffer.alloc(0);
      }
      fileId = id;
      const read = readSync(file, chunk, 0, chunk.length, offset);
      offset += read;
      const bytes = Buffer.concat([rest, chunk.subarray(0, read)]);
      const lines: Buffer[] = [];
      let from = 0;
      for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
        lines.push(bytes.subarray(from, end));
        from = end + 1;
      }
      rest = Buffer.from(bytes.subarray(from));
      return lines;
    } finally {
      closeSync(file);
    }
  };
}
