/** Way 1: a user, network and mount namespace in which names, addresses and certificates are the virtual network's. Linux. */
import { spawnSync } from "node:child_process";
import type { ChildProcess, StdioOptions } from "node:child_process";
import { existsSync } from "node:fs";
import type { Duplex } from "node:stream";
import { assert, limits } from "../../core/index.ts";
import type { SessionDoors } from "./admin-client.ts";
import { namespaceEnvironment } from "./environment.ts";
import type { Environment } from "./environment.ts";
import { bindsOf, resolverCanBeSet } from "./exec-files.ts";
import type { ExecFiles } from "./exec-files.ts";
import { runChild } from "./run-child.ts";
import type { Ended, SignalSource } from "./run-child.ts";

export interface NamespaceRun {
  readonly words: readonly string[];
  readonly doors: SessionDoors;
  readonly files: ExecFiles;
  readonly environment: Environment;
  readonly stdio: StandardStreams;
  readonly signals: SignalSource;
  readonly terminal: boolean;
  /** Node, and the relay's program. */
  readonly node: string;
  readonly relay: string;
  readonly userId: number;
  readonly groupId: number;
  /** Called once, just before the command begins. */
  readonly onStarted: () => void;
}

/** The first three streams of a command, as `spawn` takes them. */
export type StandardStreams = readonly ["inherit" | "pipe" | "ignore" | number, ...StdioRest];
type StdioRest = readonly [
  "inherit" | "pipe" | "ignore" | number,
  "inherit" | "pipe" | "ignore" | number,
];

export type NamespaceEnd =
  | { readonly kind: "ended"; readonly ended: Ended }
  /** Nothing was run; the other way is still open. */
  | { readonly kind: "refused"; readonly says: string };

/** Caches of name services, which would answer with what is outside. */
const cacheFolders: readonly string[] = [
  "/run/nscd",
  "/var/run/nscd",
  "/run/systemd/resolve",
  "/run/avahi-daemon",
];

/** Why this machine has no namespaces for its users, in a sentence; undefined when it has. Changes nothing. */
export function namespaceProblem(platform: string): string | undefined {
  if (platform !== "linux") return `namespaces are Linux's; this is ${platform}`;
  if (!resolverCanBeSet()) return "this machine has no /etc/resolv.conf to stand over";
  const tried = spawnSync("unshare", ["-Urnm", "--", "/bin/sh", "-c", probe], {
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
  });
  if (tried.error !== undefined) return `unshare: ${tried.error.message}`;
  if (tried.status === 0) return undefined;
  return tried.stderr.trim().split("\n")[0] ?? `unshare ended with ${tried.status}`;
}

/** What furnishing needs: a link that comes up, a mount, and a second user namespace. */
const probe =
  "PATH=/usr/sbin:/usr/bin:/sbin:/bin; ip link set lo up && mount -t tmpfs none /mnt && exec unshare -Um -- true";

/**
 * Runs the command in a namespace of its own. The relay is ready before the command begins.
 *
 * @returns `refused` when nothing was run, with the reason.
 * @throws Error of the system when unshare cannot be started.
 */
export async function runInNamespace(run: NamespaceRun): Promise<NamespaceEnd> {
  const reports: Report[] = [];
  const stdio: StdioOptions = [...run.stdio, "pipe"];
  const ended = await runChild({
    words: ["unshare", "-Urnm", "--", run.node, run.relay],
    environment: toolEnvironment(run.environment),
    stdio,
    signals: run.signals,
    terminal: run.terminal,
    onStart: (child) => {
      const channel = channelOf(child);
      channel.write(`${JSON.stringify(orderOf(run))}\n`);
      readReports(channel, (report) => {
        reports.push(report);
        if (report.kind === "started") run.onStarted();
      });
    },
  });
  const last = reports.at(-1);
  if (last?.kind === "refused") return { kind: "refused", says: last.says };
  if (last?.kind === "ended") return { kind: "ended", ended: last };
  if (last?.kind === "started") return { kind: "ended", ended };
  return { kind: "refused", says: `the relay ended with ${ended.signal ?? ended.code}` };
}

type Report =
  | { readonly kind: "started" }
  | { readonly kind: "refused"; readonly says: string }
  | ({ readonly kind: "ended" } & Ended);

/** The relay's order; its reader is in the fabric's folder, which holds what each field means. */
function orderOf({ words, doors, files, environment, userId, groupId, terminal }: NamespaceRun) {
  const binds = bindsOf(files);
  return {
    relaySocket: doors.relaySocket,
    prefixes: doors.prefixes,
    dns: doors.dns,
    instanceMetadata: doors.instanceMetadata,
    binds,
    // A folder that holds a file of ours is left: resolv.conf often leads into systemd's.
    emptied: cacheFolders.filter(
      (folder) =>
        existsSync(folder) && !binds.some(({ target }) => target.startsWith(`${folder}/`)),
    ),
    hidden: doors.hiddenFolders,
    command: words,
    environment: namespaceEnvironment(environment, files),
    userId,
    groupId,
    terminal,
  };
}

/** The relay itself needs nothing of the user's environment but where programs are. */
const toolEnvironment = (environment: Environment): Readonly<Record<string, string>> => ({
  PATH: `${environment["PATH"] ?? ""}:/usr/sbin:/usr/bin:/sbin:/bin`,
});

/** File descriptor 3 of the relay: the order goes in, the reports come out, and its end says that this process is gone. */
function channelOf(child: ChildProcess): Duplex {
  const channel = child.stdio[3];
  assert(
    channel !== null && channel !== undefined && "write" in channel && "read" in channel,
    "descriptor 3 is a socket",
  );
  return channel as Duplex;
}

function readReports(channel: Duplex, take: (report: Report) => void): void {
  let held = "";
  channel.on("error", () => {});
  channel.on("data", (chunk: Buffer) => {
    held += chunk.toString("utf8");
    for (let at = held.indexOf("\n"); at >= 0; at = held.indexOf("\n")) {
      take(JSON.parse(held.slice(0, at)) as Report);
      held = held.slice(at + 1);
    }
    if (held.length > limits.httpHeaderBytesMax) channel.destroy();
  });
}
