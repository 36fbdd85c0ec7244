/** Furnishes a fresh network and mount namespace: routes on `lo`, files over the system's, empty folders. Linux only. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import type { NamespaceOrder } from "./order.ts";

/** Where ip, mount and unshare are; an ordinary user's PATH often lacks the first. */
const toolFolders: readonly string[] = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

const toolPath = (name: string): string =>
  toolFolders.map((folder) => `${folder}/${name}`).find((path) => existsSync(path)) ?? name;

/**
 * Makes `lo` the way to every prefix of the order, and the order's files the system's.
 * To be called inside `unshare -Urnm`, whose mounts do not reach the outside.
 *
 * @returns what could not be done, in a sentence; undefined when all is done.
 */
export function furnishNamespace(order: NamespaceOrder): string | undefined {
  const routes = [...order.prefixes, `${order.dns}/32`, `${order.instanceMetadata}/32`];
  const batch = routes.map((prefix) => `route replace local ${prefix} dev lo\n`).join("");
  return (
    run(["ip", "link", "set", "lo", "up"]) ??
    run(["ip", "-batch", "-"], batch) ??
    firstProblem(order.binds, ({ source, target }) =>
      existsSync(target) ? run(["mount", "--bind", source, target]) : undefined,
    ) ??
    firstProblem(order.emptied, (folder) =>
      existsSync(folder) ? run(["mount", "-t", "tmpfs", "none", folder]) : undefined,
    )
  );
}

/**
 * The command's own command line: another mount namespace in which the hidden folders are empty, and inside it another
 * user namespace, in which those mounts are locked and the network cannot be changed, with the user's own id.
 */
export function sealedCommand(order: NamespaceOrder): readonly string[] {
  const script = [
    'mount="$1" unshare="$2" user="$3" group="$4"; shift 4',
    'while [ "$1" != -- ]; do "$mount" -t tmpfs -o mode=0555 none "$1" || exit 125; shift; done',
    "shift",
    'exec "$unshare" -U -m --map-user="$user" --map-group="$group" -- "$@"',
  ].join("; ");
  const unshare = toolPath("unshare");
  const owner = [String(order.userId), String(order.groupId)];
  const inner = [toolPath("mount"), unshare, ...owner, ...order.hidden, "--", ...order.command];
  return [unshare, "-m", "--", "/bin/sh", "-c", script, "sh", ...inner];
}

function firstProblem<Value>(
  values: readonly Value[],
  attempt: (value: Value) => string | undefined,
): string | undefined {
  for (const value of values) {
    const problem = attempt(value);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function run([command = "", ...args]: readonly string[], input = ""): string | undefined {
  const env = { PATH: toolFolders.join(":") };
  const done = spawnSync(toolPath(command), args, { input, encoding: "utf8", env });
  if (done.error === undefined && done.status === 0) return undefined;
  const says = done.error?.message ?? done.stderr.trim().split("\n")[0] ?? "";
  return `${[command, ...args].join(" ")}: ${says === "" ? `exit code ${done.status}` : says}`;
}
