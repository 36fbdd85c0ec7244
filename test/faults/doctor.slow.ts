/** The doctor on a running platform: saved, probed from inside and outside, checked, proven, reported, explained. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { listAt, stringAt } from "../../src/arm/index.ts";
import type { Json, JsonObject } from "../../src/arm/index.ts";
import { machineContext } from "../../src/bin/machine.ts";
import { commands } from "../../src/cli/commands/index.ts";
import { runCli } from "../../src/cli/index.ts";
import { readFragment, readSnapshot } from "../../src/snapshot/index.ts";
import { armOf, articleEstate } from "../support/arm.ts";
import type { TestArm } from "../support/arm.ts";
import { lacking, projectRoot, removeFolder, startPlatform } from "../support/command.ts";
import type { CommandResult, TestPlatform } from "../support/command.ts";
import { credentialOf } from "../support/private-estate.ts";

const folder = mkdtempSync(join(tmpdir(), "doctor-"));
const file = (name: string): string => join(folder, name);
let platform: TestPlatform;
let access: TestArm;
let clusterId: string;
let metricsHost: string;

before(async () => {
  platform = await startPlatform();
  access = armOf(platform.ready);
  const estate = await articleEstate(access, {
    name: "doc",
    region: "westeurope",
    workspaceRegion: "westeurope",
    prefix: "10.7",
  });
  clusterId = estate.cluster;
  const enabling =
    "enable metrics --cluster aks-doc --workspace amw-doc --scope ampls-doc --wait 1s";
  assert.equal((await run(...enabling.split(" "))).code, 3);
  const dceId = estate.id(
    "Microsoft.Insights/dataCollectionEndpoints",
    "MSProm-westeurope-aks-doc",
  );
  const dce = await access.arm.get(dceId, "2022-06-01");
  metricsHost = new URL(stringAt(dce, "properties", "metricsIngestion", "endpoint") ?? "").host;
  // Nothing sends here: what `enable` leaves open until data has come is closed by hand.
  const { location } = dce ?? {};
  await access.arm.put(dceId, {
    apiVersion: "2022-06-01",
    body: {
      location: location ?? "",
      properties: { networkAcls: { publicNetworkAccess: "Disabled" } },
    },
  });
});
after(async () => {
  access.close();
  await platform.stop();
  removeFolder(platform.data);
  rmSync(folder, { recursive: true });
});

/** A command as it is typed, in this process. */
async function run(...words: readonly string[]): Promise<CommandResult> {
  let out = "";
  let note = "";
  const code = await runCli(words, commands, {
    ...machineContext(new AbortController().signal),
    environment: { LINKSCOPE_DATA: platform.data },
    workingFolder: folder,
    columns: undefined,
    out: (text) => (out += text),
    note: (text) => (note += text),
  });
  return { code, out, note };
}

async function ends(code: number, ...words: readonly string[]): Promise<CommandResult> {
  const result = await run(...words);
  assert.equal(result.code, code, `${words.join(" ")}\n${result.out}${result.note}`);
  return result;
}

const saved = (name: string) => readSnapshot(readFileSync(file(name), "utf8"), name);
const linkscopeHere = ["node", join(projectRoot, "src/bin/linkscope.ts")];

/** This machine's credential, as the Azure libraries read it. */
function signedIn(): Readonly<Record<string, string>> {
  const { clientId, tenantId, clientSecret } = credentialOf(platform.ready);
  return {
    AZURE_CLIENT_ID: clientId,
    AZURE_TENANT_ID: tenantId,
    AZURE_CLIENT_SECRET: clientSecret,
  };
}

/** Runs the command itself as if it stood in a place; with its output in a file. */
async function standing(
  where: readonly string[],
  words: readonly string[],
  into: string,
): Promise<void> {
  const result = await platform.linkscope(["exec", "-q", ...where, "--", ...words], {
    environment: signedIn(),
  });
  assert.equal(result.code, 0, result.note);
  writeFileSync(file(into), result.out);
}

const inside = (): readonly string[] => ["--vnet", "vnet-doc", "--as", clusterId];

test("a snapshot of the platform is saved, redacted if asked for, and its role is printed without reading", async () => {
  const { note } = await ends(0, "snapshot", "save", "aks.json");
  assert.match(note, /^\d+ resources are saved in aks\.json\.\n$/);
  const snapshot = saved("aks.json");
  assert.equal(snapshot.source, "platform");
  assert.deepEqual(snapshot.clusters, [clusterId]);
  await ends(0, "snapshot", "save", "hidden.json", "--redact");
  assert.ok(!readFileSync(file("hidden.json"), "utf8").includes("aks-doc"));
  const role = JSON.parse((await ends(0, "snapshot", "save", "--print-role")).out) as JsonObject;
  assert.ok(listAt(role, "Actions").includes("Microsoft.Insights/privateLinkScopes/read"));
  assert.match((await ends(2, "snapshot", "save")).note, /Say where to save/);
});

test("the same is read through Azure's own credential, pipeline and host names, by a namespace or a proxy", async () => {
  for (const [name, way] of [
    ["by-namespace.json", []],
    ["by-proxy.json", ["--gateway"]],
  ] as const) {
    const words = [
      ...linkscopeHere,
      "snapshot",
      "save",
      "-",
      "--cloud",
      "azure",
      "--cluster",
      clusterId,
    ];
    await standing(["--public", ...way], words, name);
    const azure = saved(name);
    assert.equal(azure.source, "azure");
    assert.deepEqual(
      azure.resources.map(({ id }) => id),
      saved("aks.json").resources.map(({ id }) => id),
    );
    // The platform has no Resource Graph: that is noted, and the lists stand alone.
    assert.equal(azure.record.unread.length, 1);
  }
  const without = await platform.linkscope([
    "exec",
    "-q",
    "--public",
    "--",
    ...linkscopeHere,
    "snapshot",
    "save",
    "-",
    "--cloud",
    "azure",
    "--cluster",
    clusterId,
  ]);
  assert.equal(without.code, 1);
  assert.match(without.note, /CredentialUnavailable/);
});

test(
  "the script and the command see the same from inside the cluster's network",
  { skip: lacking("curl", "openssl") },
  async () => {
    const script = (await ends(0, "probe", "--emit", "sh", "--snapshot", "aks.json")).out;
    writeFileSync(file("probe.sh"), script);
    await standing(inside(), ["sh", file("probe.sh")], "script.txt");
    const probing = [...linkscopeHere, "probe", "--snapshot", file("aks.json"), "--sign-in"];
    const tokens = file("tokens.json");
    await standing(inside(), [...probing, "--save-tokens", tokens], "inside.txt");
    assert.equal(statSync(tokens).mode & 0o777, 0o600);
    await standing(
      ["--public"],
      [...probing, "--from", "outside", "--tokens", tokens],
      "outside.txt",
    );
    const seen = (name: string) => readFragment(readFileSync(file(name), "utf8"), name);
    const [byScript, byCommand] = [seen("script.txt"), seen("inside.txt")];
    const names = ({ names: list }: typeof byScript): readonly string[] =>
      list
        .filter(({ resolver }) => resolver === "system")
        .map(({ name, addresses, aliases }) => [name, ...addresses, ...aliases].join(" "));
    assert.deepEqual(names(byScript), names(byCommand));
    assert.ok(
      names(byScript).every((line) => / 10\.7\.4\.\d+ /.test(line)),
      names(byScript)[0],
    );
    assert.ok(byScript.connections.every(({ outcome }) => outcome === "connected"));
    // The pod's own identity gets its configuration; it has no role to write or to query, and that is no refusal of the way.
    const requests = ({ requests: list }: typeof byScript) =>
      list.map(({ purpose, status, authenticated }) => `${purpose} ${status} ${authenticated}`);
    assert.deepEqual(requests(byScript), [
      "configuration 200 true",
      "metrics-ingestion 403 false",
      "metrics-query 403 false",
    ]);
    assert.deepEqual(requests(byCommand), [
      "configuration 200 true",
      "metrics-ingestion 204 true",
      "metrics-query 200 true",
    ]);
  },
);

test("check finds nothing failed in the platform, the snapshot and the fragments, and prints every format", async () => {
  await ends(0, "check");
  await ends(0, "check", "--snapshot", "aks.json");
  const fragments = ["--with", file("inside.txt"), file("outside.txt")];
  const words = ["check", "--snapshot", "aks.json", ...fragments];
  // Nothing sends here: that no data comes is all there is, and so soon after the change it is waited for.
  const table = await ends(1, ...words, "--all");
  assert.match(table.out, /^✔ LS0205 /m);
  assert.match(table.out, /, 0 failed, 1 waiting/);
  assert.match(table.out, /^… LS0601 /m);
  const report = JSON.parse((await ends(1, ...words, "-o", "json")).out) as Json;
  assert.equal(stringAt(report, "format"), "linkscope/check-report");
  assert.match((await ends(1, ...words, "-o", "junit")).out, /^<\?xml/);
  assert.match((await ends(1, ...words, "-o", "sarif")).out, /"version": "2\.1\.0"/);
  assert.match((await ends(1, ...words, "-o", "markdown")).out, /^## Private link check/);
  assert.match((await ends(0, "check", "--hint", "ls0202")).out, /LS0202/);
  await ends(0, "check", "--snapshot", "aks.json", "--pre");
  await ends(0, ...words, "--phase", "dns", "network");
  await ends(0, ...words, "--from", "outside", "--strict");
});

test("what is wrong is one root with its fix; a suppression answers for it until its day", async () => {
  const association = `${clusterId}/providers/Microsoft.Insights/dataCollectionRuleAssociations/configurationAccessEndpoint`;
  const template: JsonObject = {
    $schema: "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    contentVersion: "1.0.0.0",
    resources: [
      {
        type: "Microsoft.Insights/dataCollectionEndpoints",
        name: "other",
        location: "westeurope",
        properties: {},
      },
      {
        type: "Microsoft.Insights/dataCollectionRuleAssociations",
        scope: clusterId,
        name: "configurationAccessEndpoint",
        properties: {
          dataCollectionEndpointId:
            "[resourceId('Microsoft.Insights/dataCollectionEndpoints', 'other')]",
        },
      },
    ],
  };
  writeFileSync(file("template.json"), JSON.stringify(template));
  const after1 = await ends(1, "check", "--snapshot", "aks.json", "--with", file("template.json"));
  assert.match(after1.out, /^✘ LS0205 /m);
  await access.arm.delete(association, { apiVersion: "2022-06-01" });
  const live = await ends(1, "check", "-o", "short");
  assert.deepEqual(
    live.out
      .split("\n")
      .filter((line) => line.startsWith("✘"))
      .map((line) => line.slice(2, 8)),
    ["LS0202"],
  );
  const table = await ends(1, "check");
  assert.match(
    table.out,
    /az monitor data-collection rule association create .*configurationAccessEndpoint/,
  );
  const suppression = { check: "LS0202", reason: "moved on Monday", expires: "2999-01-01" };
  writeFileSync(file("known.json"), JSON.stringify({ suppressions: [suppression] }));
  const known = await run("check", "--suppressions", "known.json");
  assert.doesNotMatch(known.out, /✘ LS0202/);
  assert.match(known.out, /suppressed/);
});

test("files and options that make no check are refused with what they lack", async () => {
  writeFileSync(file("bad.json"), "{}");
  assert.match((await ends(2, "check", "--snapshot", "bad.json")).note, /SnapshotInvalid/);
  assert.match(
    (await ends(2, "check", "--snapshot", "aks.json", "--wait")).note,
    /--wait needs a live source/,
  );
  assert.match(
    (await ends(2, "check", "--snapshot", "aks.json", "--cloud", "azure")).note,
    /not both/,
  );
  assert.match(
    (await ends(2, "check", "--snapshot", "aks.json", "--cluster", "no")).note,
    /There is no cluster 'no'/,
  );
  assert.match((await ends(2, "check", "--cloud", "azure", "--cluster", "aks")).note, /whole id/);
  assert.match((await ends(2, "check", "--hint", "LS9999")).note, /There is no check 'LS9999'/);
});

test("prove over fragments tells what they cover; its report is signed and verified by openssl", async () => {
  const key = file("key.pem");
  const made = spawnSync("openssl", ["genpkey", "-algorithm", "ed25519", "-out", key]);
  assert.equal(made.status, 0);
  spawnSync("openssl", ["pkey", "-in", key, "-pubout", "-out", file("PUBLIC.pem")]);
  const words = [
    "prove",
    "--snapshot",
    "aks.json",
    "--with",
    file("inside.txt"),
    file("outside.txt"),
  ];
  const proven = await ends(1, ...words, "--report", "proof.html", "--sign-key", key);
  // No sample has come, so that the data is stale; the agents' own tokens were refused outside.
  assert.match(proven.out, /^✔ +configuration +private/m);
  assert.match(proven.out, /^✘ +metrics ingestion +private/m);
  assert.match(proven.note, /proof\.html: sha256 [0-9a-f]{64}/);
  assert.match(readFileSync(file("proof.html"), "utf8"), /<svg /);
  const verify = [
    "pkeyutl",
    "-verify",
    "-pubin",
    "-inkey",
    "PUBLIC.pem",
    "-rawin",
    "-in",
    "proof.html",
    "-sigfile",
    "proof.html.sig",
  ];
  const verified = spawnSync("openssl", verify, { cwd: folder });
  assert.match(verified.stdout.toString(), /Verified Successfully/);
  const nothing = await ends(2, "prove", "--snapshot", "aks.json", "--report", "proof.json");
  assert.match(nothing.out, /^\? +metrics ingestion +unknown/m);
  assert.match(
    (await ends(2, ...words, "--report", "proof.pdf")).note,
    /must end in \.html or \.json/,
  );
  assert.match((await ends(2, ...words, "--sign-key", key)).note, /give --report FILE as well/);
  const network = ["prove", "--network", "vnet-doc", "--report", "network.html"];
  assert.match(
    (await ends(2, ...network)).note,
    /--network is proven on the running platform alone/,
  );
});

test("a refused request is explained by its id", { skip: lacking("curl") }, async () => {
  const token = await access.token("https://monitor.azure.com/");
  writeFileSync(file("token"), `header = "Authorization: Bearer ${token}"`);
  const url = `https://${metricsHost}/dataCollectionRules/dcr-x/streams/Microsoft-PrometheusMetrics/api/v1/write?api-version=2023-04-24`;
  const refused = await platform.linkscope([
    "exec",
    "-q",
    "--public",
    "--",
    "curl",
    "-s",
    "-o",
    file("answer"),
    "-D",
    "-",
    "-X",
    "POST",
    "-K",
    file("token"),
    "-H",
    "content-type: application/x-protobuf",
    url,
  ]);
  const id = /x-ms-request-id: (\S+)/i.exec(refused.out)?.[1] ?? "";
  const { out } = await ends(0, "explain", "--request", id);
  assert.match(out, /403 at .*, from a public network/);
  assert.match(out, /dce\.public-disabled: /);
  assert.match((await ends(1, "explain", "--request", "none")).note, /No request 'none'/);
});
