/** Debian's kubectl, found by its package: another `kubectl` on the PATH is not the one that judges. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** The path of its binary, installed or unpacked by `.ci/run`; undefined when there is none. */
export function debianKubectl(): string | undefined {
  const listed = spawnSync("dpkg", ["-L", "kubernetes-client"], { encoding: "utf8" });
  const installed = (listed.stdout ?? "").split("\n").find((path) => path.endsWith("/bin/kubectl"));
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  const unpacked = join(cache, "linkscope/kubernetes-client/usr/bin/kubectl");
  return [installed, unpacked].find((path) => path !== undefined && existsSync(path));
}
