/** `check` as it is typed, wrongly: it exits 2 with what was meant, and never finds a healthy nothing. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { estateGraph } from "../../../test/conformance/doctor/estate-graph.ts";
import { loadEstates } from "../../../test/conformance/doctor/parse-cases.ts";
import { machineContext } from "../../bin/machine.ts";
import { CodedError, limits } from "../../core/index.ts";
import { snapshotText } from "../../snapshot/index.ts";
import { commands } from "../commands/index.ts";
import { runCli } from "../program.ts";
import { fileText } from "./sources.ts";

const folder = mkdtempSync(join(tmpdir(), "linkscope-check-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function contextOf() {
  const said = { out: "", note: "" };
  const context = {
    ...machineContext(new AbortController().signal),
    environment: {},
    workingFolder: folder,
    out: (text: string) => void (said.out += text),
    note: (text: string) => void (said.note += text),
  };
  return { context, said };
}

async function typed(...words: readonly string[]) {
  const { context, said } = contextOf();
  const code = await runCli(words, commands, context);
  return { code, ...said };
}

writeFileSync(
  join(folder, "estate.json"),
  snapshotText({
    cloud: "AzureCloud",
    source: "azure",
    takenAtMs: 0,
    redacted: false,
    clusters: [],
    resources: [...estateGraph(loadEstates().get("private") ?? []).all()],
    record: { lists: [], absent: [], unread: [] },
  }),
);
const check = (...words: readonly string[]) =>
  typed("check", "--snapshot", "estate.json", ...words);

test("a phase that there is not is refused by name, and so are two ways to choose phases", async () => {
  const wrong = await check("--phase", "dns", "nets");
  assert.equal(wrong.code, 2);
  assert.match(wrong.note, /--phase: 'nets' is none of pre, control, dns, network, /);
  const both = await check("--phase", "dns", "--pre");
  assert.equal(both.code, 2);
  assert.match(both.note, /Give one of --pre, --phase and --from/);
  assert.equal((await check("--phase", "dns", "network")).code, 0);
});

test("a check from outside without a probe from there could not run, and does not pass", async () => {
  const nobody = await check("--from", "outside");
  assert.equal(nobody.code, 2);
  assert.match(nobody.note, /probe --emit sh --from outside.*--with FILE/);
  writeFileSync(
    join(folder, "outside.txt"),
    "linkscope-probe\t1\ntime\t1\nplace\toutside\nproxy\t0\nend\t3\n",
  );
  assert.equal((await check("--from", "outside", "--with", "outside.txt")).code, 0);
});

test("a file that is missing, a folder and one past its limit are named, with what is wrong", async () => {
  const missing = await typed("check", "--snapshot", "none.json");
  assert.deepEqual([missing.code, missing.out], [2, ""]);
  assert.match(
    missing.note,
    /none\.json cannot be read: there is no such file\. \(FileUnreadable\)/,
  );
  const dir = await typed("check", "--snapshot", ".");
  assert.equal(dir.code, 2);
  assert.match(dir.note, /\. cannot be read: it is a folder\. \(FileUnreadable\)/);
  writeFileSync(join(folder, "long.json"), "");
  truncateSync(join(folder, "long.json"), limits.snapshotBytesMax + 1);
  const long = await typed("check", "--snapshot", "long.json");
  assert.equal(long.code, 2);
  assert.match(
    long.note,
    /long\.json has 536870913 bytes; the limit is 536870912\. \(FileTooLarge\)/,
  );
});

test("a pipe is read as far as its limit and not past it", () => {
  const { context } = contextOf();
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  // Whoever opens one end waits for the other: the writer is a process of its own, which nobody waits for.
  const fill = (bytes: number) =>
    spawn("sh", ["-c", `head -c ${bytes} /dev/zero > "$0"`, pipe], { stdio: "ignore" });
  fill(10);
  assert.equal(fileText("pipe", context, 10).length, 10);
  fill(11);
  assert.throws(
    () => fileText("pipe", context, 10),
    (error) => error instanceof CodedError && error.code === "FileTooLarge",
  );
});

test("on Azure the clusters are named; a snapshot that cannot be written says why", async () => {
  const none = await typed("check", "--cloud", "azure");
  assert.equal(none.code, 2);
  assert.match(none.note, /On Azure say which clusters to read: --cluster \/subscriptions\//);
});
