/** The Debian packages that Node's program needs, fetched by apt and read by dpkg: the system of an image without a base. */
import { spawn, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";

/** The C library with its loader, and the C++ runtime that Node links to. */
export const nodePackages = ["libc6", "libgcc-s1", "libstdc++6"] as const;

export interface DebianPackage {
  readonly file: string;
  readonly name: string;
  readonly version: string;
}

/** Fetches the packages of `architecture` into a folder. @throws Error with apt's own words. */
export function fetchPackages(folder: string, architecture: string): readonly DebianPackage[] {
  const words = ["download", "-qq", ...nodePackages.map((name) => `${name}:${architecture}`)];
  // apt says on standard error that it works as root, which is no failure.
  const done = spawnSync("apt-get", words, { cwd: folder, encoding: "utf8", timeout: 120_000 });
  if (done.error !== undefined || done.status !== 0) {
    const why = done.error?.message ?? done.stderr.trim();
    throw new Error(
      `apt-get download: ${why}. The image is made on Debian, with its package lists.`,
    );
  }
  return readdirSync(folder)
    .filter((name) => name.endsWith(".deb"))
    .sort()
    .map((name) => describe(join(folder, name)));
}

function describe(file: string): DebianPackage {
  const done = spawnSync("dpkg-deb", ["-W", "--showformat=${Package}\\n${Version}", file], {
    encoding: "utf8",
  });
  const [name = "", version = ""] = (done.stdout ?? "").split("\n");
  if (done.status !== 0 || name === "") throw new Error(`dpkg-deb cannot read ${file}.`);
  return { file, name, version };
}

/** The package's files as a tar archive, which is a layer as it is. */
export function packageTar({ file }: DebianPackage): Readable {
  const child = spawn("dpkg-deb", ["--fsys-tarfile", file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  child.once("close", (code) => {
    if (code !== 0)
      child.stdout.destroy(new Error(`dpkg-deb --fsys-tarfile ${file}: exit ${code}.`));
  });
  return child.stdout;
}
