/** Makes the README's picture and its proof table from the running product: starts it, and asks for its topology and its proof. */
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { at, listAt, stringAt } from "../src/arm/index.ts";
import type { Json } from "../src/arm/index.ts";
import { root } from "./repository-rules.ts";

/** So long metrics arrive before the picture is taken: rates are of the last minute. */
const LIVE_MS = 75_000;

const entry = join(root, "src/bin/linkscope.ts");
const folder = mkdtempSync(join(tmpdir(), "linkscope-picture-"));
const started = spawn(process.execPath, [entry, "start", "--data", folder], {
  stdio: ["ignore", "pipe", "inherit"],
});
await printed(started, "The platform stays up");
await new Promise((resolve) => setTimeout(resolve, LIVE_MS));
command("show", "topology", "-o", "svg", join(root, "docs/topology.svg"));
const proof = JSON.parse(command("prove", "-o", "json")) as Json;
const gone = new Promise((resolve) => started.once("close", resolve));
started.kill("SIGTERM");
await gone;
rmSync(folder, { recursive: true, force: true });

const path = join(root, "README.md");
const marks = /(<!-- proof: from the running product -->\n)[\s\S]*?(<!-- \/proof -->)/;
writeFileSync(
  path,
  readFileSync(path, "utf8").replace(
    marks,
    (_, open: string, close: string) => `${open}\n${proofTable(proof)}\n\n${close}`,
  ),
);

/** Runs a command on the started platform to its end. */
function command(...words: readonly string[]): string {
  const done = spawnSync(process.execPath, [entry, ...words, "--data", folder], {
    encoding: "utf8",
  });
  if (done.status !== 0) {
    throw new Error(`${words.join(" ")} ended with ${done.status}: ${done.stderr}`);
  }
  return done.stdout;
}

/** Resolves when a program has printed these words. */
function printed(child: ChildProcess, words: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let out = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      out += chunk.toString();
      if (out.includes(words)) resolve();
    });
    child.once("close", (code) => reject(new Error(`start ended with ${code}: ${out}`)));
  });
}

function proofTable(proved: Json): string {
  const head = ["path", "inside, the name leads to", "there", "outside, same token", "proof"];
  const rows = listAt(proved, "paths").map((one) => [
    (stringAt(one, "id") ?? "").replaceAll("-", " "),
    `${stringAt(one, "evidence", "inside", "address") ?? "nothing"}, ${stringAt(one, "verdict") === "private" ? "a private endpoint" : "public"}`,
    String(at(one, "evidence", "inside", "status") ?? "no answer"),
    `${String(at(one, "evidence", "public", "status") ?? "no answer")} from ${stringAt(one, "evidence", "public", "address") ?? "nowhere"}`,
    `**${stringAt(one, "verdict") ?? "unknown"}**`,
  ]);
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}
