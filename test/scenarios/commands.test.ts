/** Every command as a person types it, on one platform: from nothing, by an enabling that waits in vain, to a closed line. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { listAt, stringAt } from "../../src/arm/index.ts";
import type { Json } from "../../src/arm/index.ts";
import { audiences, cloud } from "../../src/azure/index.ts";
import { machineContext } from "../../src/bin/machine.ts";
import { commands } from "../../src/cli/commands/index.ts";
import { runCli } from "../../src/cli/index.ts";
import { namespaceProblem } from "../../src/cli/exec/run-in-namespace.ts";
import { armOf, articleEstate } from "../support/arm.ts";
import type { TestArm } from "../support/arm.ts";
import { linkscope, projectRoot, removeFolder, startPlatform } from "../support/command.ts";
import type { CommandResult, TestPlatform } from "../support/command.ts";

let platform: TestPlatform;
let access: TestArm;
let agent: ChildProcess | undefined;
let estate: Awaited<ReturnType<typeof articleEstate>>;

before(async () => {
  platform = await startPlatform();
  access = armOf(platform.ready);
});
after(async () => {
  if (agent !== undefined && agent.exitCode === null) {
    const ended = once(agent, "exit");
    agent.kill("SIGTERM");
    await ended;
  }
  access.close();
  await platform.stop();
  removeFolder(platform.data);
});

/** A command as it is typed, in this process: what runs another program or is read by one runs as a process of its own. */
async function run(...words: readonly string[]): Promise<CommandResult> {
  let out = "";
  let note = "";
  const code = await runCli(words, commands, {
    ...machineContext(new AbortController().signal),
    environment: { LINKSCOPE_DATA: platform.data },
    columns: undefined,
    out: (text) => (out += text),
    note: (text) => (note += text),
  });
  return { code, out, note };
}
const ownProcess: ReadonlySet<string> = new Set(["exec"]);
const dceVersion = "2022-06-01";

/** Runs a command that is to end with a code; its text is then asserted line by line. */
async function ends(code: number, ...words: readonly string[]): Promise<CommandResult> {
  const result = await (ownProcess.has(words[0] ?? "") ? platform.linkscope(words) : run(...words));
  assert.equal(result.code, code, `${words.join(" ")}\n${result.out}${result.note}`);
  return result;
}

const json = async (code: number, ...words: readonly string[]): Promise<Json> =>
  JSON.parse((await ends(code, ...words, "-o", "json")).out) as Json;

test("an empty platform says what to do: show nothing, prove nothing, find no name", async () => {
  const shown = await ends(0, "show");
  assert.match(shown.out, /^There are no resources yet\. `\.\/linkscope start`/);
  const proof = await ends(2, "prove");
  assert.match(proof.note, /There is no cluster/);
  const named = await ends(1, "show", "--workspace", "amw");
  assert.match(
    named.note,
    /^linkscope: No Azure Monitor workspace or Log Analytics workspace is named 'amw'\. There is none\./,
  );
});

test("a proof before anything is enabled says once what is missing, and the command that makes it", async () => {
  const region = "eastus";
  estate = await articleEstate(access, {
    name: "cmd",
    region,
    workspaceRegion: region,
    prefix: "10.1",
  });
  const proof = await ends(2, "prove");
  assert.equal(proof.out.split("aks-cmd is associated with no Prometheus rule.").length, 2);
  assert.match(proof.out, /linkscope enable metrics --cluster aks-cmd/);
  const value = await json(2, "prove");
  const verdicts = listAt(value, "paths").map((path) => stringAt(path, "verdict"));
  assert.deepEqual(verdicts, ["unknown", "unknown", "unknown"]);
});

const enabling = [
  "enable",
  "metrics",
  "--cluster",
  "aks-cmd",
  "--workspace",
  "amw-cmd",
  "--scope",
  "ampls-cmd",
];

const accessOf = async (dce: string): Promise<string | undefined> =>
  stringAt(
    await access.arm.get(estate.id("Microsoft.Insights/dataCollectionEndpoints", dce), dceVersion),
    "properties",
    "networkAcls",
    "publicNetworkAccess",
  );
const modesOf = async (): Promise<Json> =>
  ((await access.arm.get(
    estate.id("Microsoft.Insights/privateLinkScopes", "ampls-cmd"),
    "2021-09-01",
  )) ?? {})["properties"] as Json;

test("enable without an agent waits, closes nothing, says what is open, and exits 3", async () => {
  const { note } = await ends(3, ...enabling, "--wait", "1s");
  assert.match(note, /\+ Make the scope ampls-cmd, open both ways until data has come\./);
  assert.match(note, /✘ Nothing was closed: after 1 s, no sample of aks-cmd was found yet\./);
  assert.match(note, /Run again to resume/);
  assert.match(note, /open: Set the scope's modes: ingestion PrivateOnly, query Open\./);
  assert.match(note, /open: Close the endpoint MSProm-eastus-aks-cmd to public traffic\./);
  assert.match(note, /metrics-query stays public at amw-cmd; --close-query closes it/);
  assert.equal(await accessOf("MSProm-eastus-aks-cmd"), "Enabled");
  assert.equal(stringAt(await modesOf(), "accessModeSettings", "ingestionAccessMode"), "Open");
  const value = await json(1, "prove");
  const verdicts = listAt(value, "paths").map((path) => stringAt(path, "verdict"));
  assert.deepEqual(verdicts, ["both", "both", "both"]);
});

test("a rerun with an agent resumes where it stood, and what no flag closes stays public", async () => {
  const words = ["agent", "--cluster", "aks-cmd", "--interval", "1s", "--data", platform.data];
  const entry = `${projectRoot}/src/bin/linkscope.ts`;
  agent = spawn(process.execPath, [entry, ...words], { stdio: "ignore" });
  const { note } = await ends(0, ...enabling, "--wait", "90s");
  assert.match(note, /2 changes, \d+ as wanted already/);
  assert.doesNotMatch(note, / \+ Make /);
  assert.match(note, /~ Close the endpoint MSProm-eastus-aks-cmd to public traffic\./);
  assert.match(note, /✔ 2 changes were made\./);
  assert.match(note, /metrics-query stays public at amw-cmd; --close-query closes it/);
  assert.equal(await accessOf("MSProm-eastus-aks-cmd"), "Disabled");
  assert.equal(
    stringAt(await modesOf(), "accessModeSettings", "ingestionAccessMode"),
    "PrivateOnly",
  );
  const proof = await ends(1, "prove");
  assert.match(proof.out, /✔ +configuration +private/);
  assert.match(proof.out, /✔ +metrics ingestion +private/);
  assert.match(proof.out, /✘ +metrics query +both/);
  assert.match(
    proof.out,
    /metrics query: Outside: 200 from 203\.0\.113\.\d+ with the same token: it is open/,
  );
  assert.match(proof.out, /Not every path holds\./);
});

test("prove takes what is to be public as expected, refuses what is no expectation", async () => {
  const held = await ends(0, "prove", "--cluster", "aks-cmd", "--expect", "metrics-query=public");
  assert.match(held.out, /✔ +metrics query +both \(expected public\)/);
  assert.match(held.out, /Every path is as expected, and not every one is private\./);
  const nameless = await ends(2, "prove", "--cluster", "aks-none");
  assert.match(nameless.note, /No managed cluster is named 'aks-none'\. There are: aks-cmd\./);
  const blank = await ends(
    2,
    "prove",
    "--cluster",
    "/subscriptions/my-subscription /resourceGroups/x",
  );
  assert.match(blank.note, /has a blank at character 31; resource ids have none\. Remove it\./);
});

test("the closing flags close the rest, and say first who else uses it; a second run changes nothing", async () => {
  const closing = [...enabling, "--close-shared", "--close-query", "--wait", "60s"];
  const { note } = await ends(0, ...closing);
  assert.match(note, /this one touches others: Close the workspace amw-cmd to public queries/);
  assert.match(note, /affected: everyone who queries it from a public network/);
  assert.match(note, /✔ 2 changes were made\./);
  const again = await ends(0, ...closing);
  assert.equal(again.note, "  ✔ Nothing to change: all is as wanted.\n");
  const proof = await ends(0, "prove");
  assert.match(proof.out, /Every path holds: its names resolve to private endpoints/);
});

test("prove as JSON has its paths, verdicts, reasons, evidence and exit, and nothing else", async () => {
  const value = (await json(0, "prove")) as Readonly<Record<string, Json>>;
  assert.deepEqual(Object.keys(value).sort(), ["cluster", "exit", "paths"]);
  assert.equal(value["exit"], 0);
  const paths = listAt(value, "paths");
  assert.deepEqual(
    paths.map((path) => [
      stringAt(path, "id"),
      stringAt(path, "verdict"),
      stringAt(path, "expected"),
    ]),
    [
      ["configuration", "private", "private"],
      ["metrics-ingestion", "private", "private"],
      ["metrics-query", "private", "private"],
    ],
  );
  for (const path of paths) {
    const keys = ["evidence", "expected", "holds", "id", "reasons", "verdict"];
    assert.deepEqual(Object.keys(path as object).sort(), keys);
    assert.match(JSON.stringify(listAt(path, "reasons")), /Outside: 403 .*Inside: 20[04] /);
    assert.match(stringAt(path, "evidence", "insideName", "addresses", 0) ?? "", /^10\.1\./);
    const certificate = stringAt(path, "evidence", "inside", "certificate", "subjectAltName");
    assert.equal(certificate, `DNS:${stringAt(path, "evidence", "host")}`);
  }
});

test("show lists what there is, a workspace with its endpoints, an endpoint with its scopes", async () => {
  const all = (await ends(0, "show")).out;
  assert.match(all, /^type +name +location +group\n/);
  assert.match(all, /managedClusters +aks-cmd +eastus +cmd\n/);
  assert.match(
    all,
    /privateDnsZones\/virtualNetworkLinks +privatelink\.monitor\.azure\.com\/link-vnet-cmd /,
  );
  const text = (await ends(0, "show", "--workspace", "amw-cmd")).out;
  assert.match(text, /^workspace +amw-cmd\n/);
  assert.match(text, /query endpoint +https:\/\/amw-cmd-\w+\.eastus\.prometheus/);
  assert.match(text, /public query +Disabled/);
  assert.match(text, /\namw-cmd +eastus +Disabled +ampls-cmd +https/);
  const value = await json(0, "show", "--workspace", "AMW-CMD");
  const names = (key: string) => listAt(value, key).map((one) => stringAt(one, "name"));
  assert.deepEqual(names("dataCollectionEndpoints"), ["amw-cmd", "MSProm-eastus-aks-cmd"]);
  assert.deepEqual(names("rules").sort(), ["MSProm-eastus-aks-cmd", "amw-cmd"]);
  const dce = (await ends(0, "show", "--dce", "MSProm-eastus-aks-cmd")).out;
  assert.match(dce, /scopes +\/subscriptions\/.*\/privateLinkScopes\/ampls-cmd\n/i);
  const none = await ends(1, "show", "--dce", "dce-none");
  assert.match(
    none.note,
    /No data collection endpoint is named 'dce-none'\. There are: amw-cmd, MSProm/,
  );
});

test("resolve shows the chain and why: private, public, and a name that a linked zone does not have", async () => {
  const host = cloud.globalHandlerHost;
  const inside = (await ends(0, "resolve", host, "--vnet", "vnet-cmd")).out;
  assert.match(inside, new RegExp(`^${host}\n  → CNAME \\S+\\.privatelink\\.`));
  assert.match(
    inside,
    /\n {2}zone privatelink\.monitor\.azure\.com \(.*\n {2}link \S+\/link-vnet-cmd\n/,
  );
  assert.match(inside, /→ A 10\.1\.4\.\d+ \(private, by the private zone\)\n\nwhy:\n/);
  assert.match(
    inside,
    /dns\.zone: The zone privatelink\.monitor\.azure\.com is linked to vnet-cmd and answers/,
  );
  const open = (await ends(0, "resolve", host, "--public")).out;
  assert.match(open, /→ A 203\.0\.113\.\d+ \(public, by public DNS\)/);
  const absent = `none.${cloud.monitorSuffix}`.replace("none.", "none.privatelink.");
  const nothing = (await ends(1, "resolve", absent, "--vnet", "vnet-cmd")).out;
  assert.match(nothing, /→ NXDOMAIN \(by the private zone\)/);
  assert.match(nothing, /dns\.no-record: privatelink\.monitor\.azure\.com holds no none/);
  const value = await json(1, "resolve", absent, "--vnet", "vnet-cmd");
  assert.equal(stringAt(value, "outcome"), "nxdomain");
  const reason = listAt(value, "reasons")[0];
  assert.ok(stringAt(reason, "source") !== undefined, "a reason names its source");
  const nowhere = await ends(1, "resolve", host, "--vnet", "vnet-none");
  assert.match(nowhere.note, /No virtual network is named 'vnet-none'\. There are: vnet-cmd\./);
});

test("token prints a token of the audience and nothing else, so that curl can take it", async () => {
  const { out, note } = await platform.linkscope(["token", "--resource", audiences.monitor]);
  assert.equal(note, "");
  assert.match(out, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  const claims = JSON.parse(Buffer.from(out.split(".")[1] ?? "", "base64url").toString()) as Json;
  assert.equal(stringAt(claims, "aud"), audiences.monitor);
  const unknown = await ends(1, "token", "--resource", "https://example.org");
  assert.match(unknown.note, /AADSTS500011.*Known are .*prometheus/);
});

const query = (...words: readonly string[]) => [
  "query",
  "metrics",
  ...words,
  "--workspace",
  "amw-cmd",
];

test("query metrics prints a table, JSON, and a chart of a range", async () => {
  const table = (await ends(0, ...query('up{job="linkscope-host"}'))).out;
  const row = /^series +samples +newest +value\nup\{cluster="aks-cmd", .*\} +1 +20\S+Z +1\n$/;
  assert.match(table, row);
  const value = await json(0, ...query("vector(1)"));
  assert.equal(stringAt(value, "resultType"), "vector");
  const chart = (await ends(0, ...query("node_load1", "--range", "5m", "--step", "5s"))).out;
  assert.match(chart, /┤.*\n[^]*└─+\n[^]*\nnewest +series\n[\d.]+ +node_load1\{cluster="aks-cmd"/);
  const ranged = await json(0, ...query("node_load1", "--range", "1m"));
  assert.equal(stringAt(ranged, "resultType"), "matrix");
  assert.match((await ends(0, ...query("nothing_is_named_so"))).out, /^no series\n$/);
});

test("query metrics draws where a query is wrong, and says from where it asked when it was refused", async () => {
  const { note, out } = await ends(1, ...query("sum(rate(up)"));
  assert.equal(out, "");
  assert.match(note, /1:\d+: parse error/);
  assert.match(note, /\n {2}sum\(rate\(up\)\n {2} +\^/);
  const refused = await ends(1, ...query("up", "--public"));
  assert.match(refused.note, /asked from the public internet\n.*\(PublicNetworkAccessDenied\)/);
});

const namespaced = namespaceProblem(process.platform) === undefined;

test("exec hands on the program's own exit code, by both ways", async () => {
  const ways = namespaced ? [[], ["--gateway"]] : [["--gateway"]];
  for (const way of ways) {
    const at = ["exec", "--vnet", "vnet-cmd", ...way, "--"];
    const ended = await ends(7, ...at, "sh", "-c", "echo out; exit 7");
    assert.equal(ended.out, "out\n");
    assert.match(ended.note, /^linkscope: in vnet-cmd, by (a namespace|the gateway \(as asked\))/);
    await ends(127, ...at, "no-such-program");
  }
  const quiet = await ends(0, "exec", "-q", "--public", "--", "true");
  assert.equal(quiet.note, "");
});

test("a name that two resources have asks for the id; a cluster that stands nowhere is said to", async () => {
  const { subscription } = access;
  const group = `${subscription}/resourceGroups/cmd-too`;
  const twin = `${group}/providers/Microsoft.Monitor/accounts/amw-cmd`;
  const bare = `${group}/providers/Microsoft.ContainerService/managedClusters/aks-bare`;
  await estate.put(group, "2021-04-01", { location: "eastus" });
  await estate.put(twin, "2023-04-03", { location: "westus2" });
  await estate.put(bare, "2023-01-01", {
    location: "eastus",
    identity: { type: "SystemAssigned" },
    properties: {
      dnsPrefix: "bare",
      agentPoolProfiles: [{ name: "system", mode: "System", count: 1, vmSize: "Standard_D4s_v5" }],
    },
  });
  const both = await ends(1, "show", "--workspace", "amw-cmd");
  assert.match(
    both.note,
    /2 resources are named 'amw-cmd'\. Give the .*cmd-too.*\(NameNotUnique\)/,
  );
  assert.match((await ends(0, "show", "--workspace", twin)).out, /^workspace +amw-cmd\n/);
  const nowhere = await ends(2, "prove", "--cluster", "aks-bare");
  assert.match(nowhere.note, /network of aks-bare is not known.*\(ClusterWithoutNetwork\)/);
});

test("a platform whose state is damaged does not start, and says which process failed", async () => {
  const data = mkdtempSync(join(tmpdir(), "linkscope-damaged-"));
  writeFileSync(join(data, "control.sqlite"), "no database");
  const { code, out, note } = await linkscope(["up", "--data", data]);
  rmSync(data, { recursive: true, force: true });
  assert.deepEqual([code, out], [1, ""]);
  assert.match(note, /control[^]*\(ProcessFailed\)\n$/);
});
