/** The parts of the image maker: archives that tar reads, and what a program imports. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, test } from "node:test";
import { importClosure } from "./import-closure.ts";
import { tarOf } from "./tar.ts";
import type { TarEntry } from "./tar.ts";

const folder = mkdtempSync(join(tmpdir(), "linkscope-tar-"));
after(() => rmSync(folder, { recursive: true, force: true }));

async function bytesOf(entries: readonly TarEntry[]): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of tarOf(entries)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const text = (path: string, content = "x"): TarEntry => ({
  path,
  mode: 0o640,
  content: { kind: "text", text: content },
});

test("tar reads what is written: long paths, modes, files of every size about a block", async () => {
  const source = join(folder, "source");
  writeFileSync(source, Buffer.alloc(513, "y"));
  const long = `${"d".repeat(90)}/${"e".repeat(60)}/${"n".repeat(100)}`;
  const archive = join(folder, "archive.tar");
  const entries: readonly TarEntry[] = [
    { path: "folder", mode: 0o711, content: { kind: "folder" } },
    text("folder/empty", ""),
    text("folder/block", "b".repeat(512)),
    { path: long, mode: 0o755, content: { kind: "file", from: source, size: 513 } },
  ];
  writeFileSync(archive, await bytesOf(entries));
  const out = join(folder, "out");
  mkdirSync(out);
  const done = spawnSync("tar", ["-xpf", archive, "-C", out], { encoding: "utf8" });
  assert.equal(done.status, 0, done.stderr);
  assert.equal(readFileSync(join(out, "folder/empty"), "utf8"), "");
  assert.equal(readFileSync(join(out, "folder/block"), "utf8"), "b".repeat(512));
  assert.equal(readFileSync(join(out, long)).length, 513);
  assert.equal(statSync(join(out, "folder")).mode & 0o777, 0o711);
  assert.equal(statSync(join(out, long)).mode & 0o777, 0o755);
  assert.deepEqual(await bytesOf(entries), readFileSync(archive));
});

test("a path that ustar cannot hold, and a file that has grown, are refused", async () => {
  await assert.rejects(bytesOf([text("n".repeat(101))]), /too long/);
  await assert.rejects(bytesOf([text(`${"d".repeat(156)}/n`)]), /too long/);
  const source = join(folder, "grown");
  writeFileSync(source, "12345");
  const entry: TarEntry = {
    path: "a",
    mode: 0o644,
    content: { kind: "file", from: source, size: 4 },
  };
  await assert.rejects(bytesOf([entry]), /has 5 bytes, not 4/);
});

test("a closure has what is imported at run time, with what packages depend on, and nothing else", () => {
  const write = (path: string, content: string): void => {
    mkdirSync(dirname(join(folder, "p", path)), { recursive: true });
    writeFileSync(join(folder, "p", path), content);
  };
  write(
    "src/main.ts",
    'import { a } from "./a.ts";\nimport type { T } from "./types.ts";\nimport "side/deep";\n',
  );
  write(
    "src/a.ts",
    'export {\n  b,\n} from "./b.ts";\nexport const is = (v: unknown) => typeof v === "object";\n',
  );
  write(
    "src/b.ts",
    'import { x } from "node:fs";\nimport { y } from "@scope/one/part";\nexport const b = [x, y];\n',
  );
  write("src/other.ts", "");
  write("node_modules/side/package.json", "{}");
  write("node_modules/@scope/one/package.json", '{ "dependencies": { "two": "1" } }');
  write("node_modules/@scope/one/node_modules/two/package.json", "{}");
  assert.deepEqual(importClosure(join(folder, "p"), "src/main.ts"), {
    files: ["src/a.ts", "src/b.ts", "src/main.ts"],
    packages: [
      "node_modules/@scope/one",
      "node_modules/@scope/one/node_modules/two",
      "node_modules/side",
    ],
  });
});

test("the agent's closure is free of the platform and of the portal", () => {
  const root = resolve(import.meta.dirname, "../..");
  const { files, packages } = importClosure(root, "src/bin/cluster-agent.ts");
  const rooms = new Set(files.map((path) => path.split("/")[1]));
  for (const room of ["control", "edge", "store", "network", "tokens", "onboard", "cli"]) {
    assert.ok(!rooms.has(room), room);
  }
  assert.ok(packages.includes("node_modules/re2js"));
});
