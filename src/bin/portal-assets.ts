/** The files of the portal's page: bundled when the page is first asked for, or again when its sources changed. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../core/index.ts";
import { portalError } from "./portal-access.ts";

const BUILD_TIMEOUT_MS = 60_000;

/** A file of the page. */
export interface Asset {
  readonly contentType: string;
  readonly body: Buffer;
}

export interface PortalAssets {
  /**
   * The file at a path of the page, or undefined when there is none.
   *
   * @throws CodedError PortalNotBuilt when the page cannot be bundled.
   */
  readonly read: (path: string) => Promise<Asset | undefined>;
}

const files: ReadonlyMap<string, readonly [file: string, contentType: string]> = new Map([
  ["/", ["index.html", "text/html; charset=utf-8"]],
  ["/app.js", ["dist/app.js", "text/javascript; charset=utf-8"]],
  ["/app.css", ["dist/app.css", "text/css; charset=utf-8"]],
  ["/icon.svg", ["icon.svg", "image/svg+xml"]],
]);

/** The assets of a clone, in `root`; a package that was built has no sources and is served as it is. */
export function portalAssets(root: string): PortalAssets {
  const portal = join(root, "portal");
  let building: Promise<void> | undefined;
  return {
    async read(path) {
      const known = files.get(path);
      if (known === undefined) return undefined;
      const [file, contentType] = known;
      // Every load of the page asks for `/` first: a change of the sources is seen then, and the rest is read as built.
      const isStale = path === "/" ? await sourcesChanged(root) : !existsSync(join(portal, file));
      if (isStale || building !== undefined) {
        building ??= build(root).finally(() => (building = undefined));
        await building;
      }
      try {
        return { contentType, body: await readFile(join(portal, file)) };
      } catch (error) {
        throw notBuilt(messageOf(error));
      }
    },
  };
}

const notBuilt = (why: string) =>
  portalError("PortalNotBuilt", `The portal's page could not be bundled: ${why.slice(0, 500)}`);

const stampPath = (root: string): string => join(root, "portal/dist/stamp");

async function sourcesChanged(root: string): Promise<boolean> {
  if (!existsSync(join(root, "portal/build.ts"))) return false;
  const stamp = await readFile(stampPath(root), "utf8").catch(() => "");
  return stamp !== (await stampOf(root));
}

/** A hash of everything that goes into the bundle. */
async function stampOf(root: string): Promise<string> {
  const hash = createHash("sha256");
  const folders = ["portal/src", "src/topology"];
  for (const folder of folders) {
    const names = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
    const paths = names.filter((entry) => entry.isFile()).map((e) => join(e.parentPath, e.name));
    for (const path of paths.sort())
      hash.update(path.slice(root.length)).update(await readFile(path));
  }
  for (const file of ["portal/build.ts", "package-lock.json"]) {
    hash.update(await readFile(join(root, file)).catch(() => ""));
  }
  return hash.digest("hex");
}

/** Bundles in a process of its own, so that control goes on answering meanwhile. */
async function build(root: string): Promise<void> {
  const stamp = await stampOf(root);
  await new Promise<void>((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, "portal/build.ts")], {
      cwd: root,
      stdio: ["ignore", "ignore", "pipe"],
      timeout: BUILD_TIMEOUT_MS,
    });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-2_000)));
    child.on("error", (error) => reject(notBuilt(error.message)));
    child.on("close", (code) =>
      code === 0
        ? resolve()
        : reject(notBuilt(said.trim() || `it ended with ${code ?? "a signal"}`)),
    );
  });
  await mkdir(join(root, "portal/dist"), { recursive: true });
  await writeFile(`${stampPath(root)}.${process.pid}`, stamp);
  await rename(`${stampPath(root)}.${process.pid}`, stampPath(root));
}
