/** What is said of wrong words, of help, and where there is no platform: nothing of it starts or asks anything. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { audiences } from "../azure/index.ts";
import { machineContext } from "../bin/machine.ts";
import { limits } from "../core/index.ts";
import { commands } from "./commands/index.ts";
import { runCli } from "./program.ts";

const folder = mkdtempSync(join(tmpdir(), "linkscope-cli-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a command in this process, in a folder where no platform is. */
async function typed(...words: readonly string[]) {
  let out = "";
  let note = "";
  const code = await runCli(words, commands, {
    ...machineContext(new AbortController().signal),
    environment: {},
    workingFolder: folder,
    out: (text) => (out += text),
    note: (text) => (note += text),
  });
  return { code, out, note };
}

const enabling = "enable metrics --cluster a --workspace b --scope c".split(" ");

const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
  ["a mistyped command", ["prov"], /unknown command 'prov'[^]*\(Did you mean prove\?\)/],
  ["a mistyped second word", ["enable", "metric"], /unknown command 'metric'[^]*metrics\?/],
  ["an option that there is not", ["show", "--cluster", "x"], /unknown option '--cluster'/],
  ["no argument", ["resolve"], /missing required argument 'name'/],
  ["no program", ["exec", "--public"], /missing required argument 'command'/],
  ["no --resource", ["token"], /required option '--resource <uri>' not specified/],
  ["no --workspace", ["query", "metrics", "up"], /required option '--workspace <name>'/],
  [
    "a mode that there is not",
    [...enabling, "--ingestion-access-mode", "Closed"],
    /Allowed choices are Open, PrivateOnly/,
  ],
  ["a format that there is not", ["prove", "-o", "xml"], /Allowed choices are table, json/],
];
for (const [what, words, says] of wrong) {
  test(`${what} exits 2 with a sentence and the way to the help`, async () => {
    const { code, out, note } = await typed(...words);
    assert.equal(code, 2);
    assert.equal(out, "");
    assert.match(note, says);
    assert.match(note, /^linkscope: [^]*`\.\/linkscope( \w+)* --help` says how to use it\.\n$/);
  });
}

const query = (...words: readonly string[]) => ["query", "metrics", ...words, "--workspace", "a"];
const senseless: readonly (readonly [string, readonly string[], RegExp])[] = [
  ["a range that is none", query("up", "--range", "1x"), /^linkscope: '1x' is not a duration\./],
  ["a step of nothing", query("up", "--range", "1m", "--step", "0s"), /--step/],
  ["a chart of an instant", query("up", "-o", "chart"), /A chart needs a range: --range 15m\./],
  ["two places to ask from", query("up", "--public", "--vnet", "v"), /Give one place/],
  ["no place to resolve in", ["resolve", "a.example"], /Say where to resolve: --vnet NAME/],
  ["two places to resolve in", ["resolve", "a", "--network", "n", "--vnet", "v"], /Give one place/],
  ["two things to show", ["show", "--dce", "a", "--workspace", "b"], /not both/],
  ["a wait that is no duration", [...enabling, "--wait", "soon"], /'soon' is not a duration/],
  ["no identity outside", ["exec", "--public", "--as", "a", "--", "true"], /--as needs --vnet/],
  ["two places to stand in", ["exec", "--public", "--vnet", "a", "--", "true"], /Give one place/],
  [
    "a new cluster without a place",
    ["enable", "logs", "--cluster", "c", "--scope", "s", "--create-cluster"],
    /--create-cluster and --node-subnet go together\./,
  ],
  [
    "an expectation that is none",
    ["prove", "--expect", "metrics-query=open"],
    /Write PATH=private, public or closed; paths are configuration, metrics-ingestion, metrics-q/,
  ],
  [
    "a path that comes later",
    ["prove", "--expect", "grafana=public"],
    /grafana comes with Managed Grafana/,
  ],
];
for (const [what, words, says] of senseless) {
  test(`${what} exits 2 before anything is asked`, async () => {
    const { code, out, note } = await typed(...words);
    assert.deepEqual([code, out], [2, ""], note);
    assert.match(note, says);
    assert.match(note, /\(WrongUse\)\n$/);
  });
}

test("where no platform runs, every command that needs one says how to start it", async () => {
  const words = [
    ["show"],
    ["show", "topology"],
    ["token", "--resource", audiences.arm],
    ["resolve", "a.example", "--public"],
    query("up"),
    ["exec", "--public", "--", "true"],
    ["agent", "--cluster", "a"],
    ["credential", "rotate"],
    enabling,
  ];
  for (const command of words) {
    const { code, out, note } = await typed(...command);
    assert.deepEqual([code, out], [1, ""], `${command.join(" ")}: ${note}`);
    assert.match(
      note,
      /No platform runs on .*\. Start one with `\.\/linkscope up` .*\(NoPlatform\)/,
    );
  }
});

test("files that are not there or say nothing sensible are named, before anything is asked", async () => {
  const file = join(folder, "scrape.yaml");
  writeFileSync(file, "scrape_configs:\n  - job_name: 7\n    no_such: 1\n");
  for (const path of [file, join(folder, "none.yaml")]) {
    const { code, note } = await typed("agent", "--cluster", "a", "--scrape-config", path);
    assert.equal(code, 1);
    assert.ok(note.startsWith(`linkscope: ${path}`), note);
    assert.match(note, /\(ScrapeConfigInvalid\)\n$/);
  }
  const out = join(folder, "out.yml");
  const large = join(folder, "large.yml");
  writeFileSync(large, Buffer.alloc(limits.prometheusFileBytesMax + 1, " "));
  for (const path of [join(folder, "none.yml"), large]) {
    const { code, note } = await typed("render", "prometheus", "--config", path, "--out", out);
    assert.equal(code, 1);
    assert.match(note, /cannot be read: .*\(FileUnreadable\)\n$/);
  }
  assert.equal(existsSync(out), false);
});

test("a proof that could not be made exits 2: nothing was disproved", async () => {
  const { code, note } = await typed("prove");
  assert.equal(code, 2);
  assert.match(note, /\(NoPlatform\)/);
});

test("--help of every command has its sentence, its exit codes and an example", async () => {
  for (const { name, summary, exitCodes } of commands) {
    const { code, out } = await typed(...name.split(" "), "--help");
    assert.equal(code, 0, name);
    assert.match(out, new RegExp(`^Usage: linkscope ${name} `));
    const flat = out.replace(/\s+/g, " ");
    assert.ok(flat.includes(summary), name);
    assert.match(out, /\n\nExit codes:\n {2}0 {2}\S/);
    assert.match(exitCodes[2] ?? "", /wrong use/, name);
    for (const [number, says] of Object.entries(exitCodes)) {
      assert.ok(out.includes(`\n  ${number}  ${says}`), `${name}: ${number}`);
    }
    assert.match(out, /\n\nExamples:\n {2}(\.\/linkscope|npm) ?/, name);
  }
});

test("no words are the help, and exit 2; --help alone exits 0", async () => {
  const nothing = await typed();
  assert.deepEqual([nothing.code, nothing.out], [2, ""]);
  const help = await typed("--help");
  assert.deepEqual([help.code, help.out], [0, nothing.note]);
  const names = new Set(commands.map(({ name }) => name.split(" ")[0] ?? ""));
  for (const name of names) assert.match(help.out, new RegExp(`^ {2}${name} `, "m"));
});

test("a command's options are not asked of the commands below it", async () => {
  const { code, note } = await typed("agent", "logs");
  assert.equal(code, 2);
  assert.match(
    note,
    /required option '--cluster <name>' not specified\n.*linkscope agent logs --help/,
  );
  const given = await typed("agent", "logs", "--cluster", "aks-one");
  assert.match(given.note, /\(NoPlatform\)/);
});
