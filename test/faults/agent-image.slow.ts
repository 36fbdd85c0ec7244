/** The agent's image: made, unpacked as a container engine would, and its content started in the laboratory's cluster. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { makeAgentImage } from "../../scripts/image/agent-image.ts";
import type { MadeImage } from "../../scripts/image/agent-image.ts";
import { messageOf, systemClock } from "../../src/core/index.ts";
import { podEnvironment, startAgentProcess, writeServiceAccount } from "../lab/cluster-agent.ts";
import { labFor } from "../lab/testing.ts";
import { hasProgram, projectRoot, run } from "../support/command.ts";

const needed = ["apt-get", "dpkg-deb", "tar", "chroot"].filter((name) => !hasProgram(name));
const architecture = process.arch === "arm64" ? "arm64" : "amd64";
const skip =
  process.platform !== "linux"
    ? "the image is made on Linux"
    : needed.length > 0
      ? `not installed: ${needed.join(", ")}`
      : process.getuid?.() !== 0
        ? "chroot needs root"
        : false;
const USER = 65_532;

const folder = mkdtempSync(join(tmpdir(), "linkscope-agent-image-"));
const layout = join(folder, "layout");
const rootfs = join(folder, "rootfs");
let made: MadeImage;
/** Why there is no image, where the machine cannot fetch Debian's packages. */
let unavailable: string | undefined;

interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string; readonly size: number }[];
}
interface Config {
  readonly config: {
    readonly Entrypoint: readonly string[];
    readonly User: string;
    readonly Env: readonly string[];
  };
  readonly rootfs: { readonly diff_ids: readonly string[] };
}

before(async () => {
  if (skip !== false) return;
  const archive = join(folder, "image.tar");
  try {
    made = await makeTo(archive);
  } catch (error) {
    if (!messageOf(error).startsWith("apt-get download")) throw error;
    unavailable = messageOf(error);
    return;
  }
  mkdirSync(layout);
  const unpacked = await run("tar", ["-xf", archive, "-C", layout]);
  assert.equal(unpacked.code, 0, unpacked.note);
});
after(() => rmSync(folder, { recursive: true, force: true }));

function makeTo(archive: string): Promise<MadeImage> {
  return makeAgentImage({ root: projectRoot, archive, architecture, level: 1, note: () => {} });
}

const blob = (digest: string): string => join(layout, "blobs", digest.replace(":", "/"));
const jsonOf = <T>(path: string): T => JSON.parse(readFileSync(path, "utf8")) as T;
const manifestOf = (): Manifest => jsonOf<Manifest>(blob(made.digest));

test("every blob is what its digest says, and the index names the manifest", { skip }, (t) => {
  if (unavailable !== undefined) return t.skip(unavailable);
  const names = readdirSync(join(layout, "blobs/sha256"));
  for (const name of names) {
    const hash = createHash("sha256").update(readFileSync(join(layout, "blobs/sha256", name)));
    assert.equal(hash.digest("hex"), name);
  }
  const index = jsonOf<{ readonly manifests: readonly { readonly digest: string }[] }>(
    join(layout, "index.json"),
  );
  assert.deepEqual(
    index.manifests.map(({ digest }) => digest),
    [made.digest],
  );
  const { layers, config } = manifestOf();
  assert.equal(names.length, layers.length + 2);
  assert.equal(jsonOf<Config>(blob(config.digest)).rootfs.diff_ids.length, layers.length);
  for (const { digest, size } of layers) assert.equal(statSync(blob(digest)).size, size);
});

test(
  "its content starts as its user in an empty root, discovers a cluster, and ends at SIGTERM",
  { skip },
  async () => {
    mkdirSync(rootfs);
    for (const { digest } of manifestOf().layers) {
      const done = await run("tar", ["-xzf", blob(digest), "-C", rootfs, "--same-permissions"]);
      assert.equal(done.code, 0, done.note);
    }
    const { config } = jsonOf<Config>(blob(manifestOf().config.digest));
    assert.equal(config.User, `${USER}:${USER}`);
    const lab = await labFor(systemClock());
    try {
      const account = "/var/run/secrets/kubernetes.io/serviceaccount";
      writeServiceAccount(lab, join(rootfs, account), lab.token);
      chownSync(join(rootfs, account), USER, USER);
      const [entry = "", ...rest] = config.Entrypoint;
      const program = ["chroot", `--userspec=${config.User}`, rootfs, entry, ...rest];
      const agent = await startAgentProcess(program, {
        ...podEnvironment(lab, { serviceAccount: account, data: "/var/lib/linkscope" }),
        ...Object.fromEntries(config.Env.map((pair) => pair.split("=") as [string, string])),
        // The program chroot itself is this machine's.
        PATH: process.env["PATH"] ?? "",
      });
      const health = async (): Promise<number> =>
        (await fetch(`http://127.0.0.1:${agent.port}/healthz`)).status;
      assert.equal(await health(), 200);
      while (lab.watchCount() === 0) await health();
      assert.equal(await agent.stop(), 0);
    } finally {
      await lab.close();
    }
  },
);

test("the same project makes the same image", { skip }, async (t) => {
  if (unavailable !== undefined) return t.skip(unavailable);
  const again = await makeTo(join(folder, "again.tar"));
  assert.equal(again.digest, made.digest);
});
