/** `impact` and `explain` as they are typed: on a snapshot in a file, with their exit codes and what they print. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { estateGraph } from "../../../test/conformance/doctor/estate-graph.ts";
import { parseEstateLine } from "../../../test/conformance/doctor/estate-lines.ts";
import { loadEstates } from "../../../test/conformance/doctor/parse-cases.ts";
import { machineContext } from "../../bin/machine.ts";
import { snapshotText } from "../../snapshot/index.ts";
import { commands } from "../commands/index.ts";
import { runCli } from "../program.ts";

const folder = mkdtempSync(join(tmpdir(), "linkscope-impact-"));
after(() => rmSync(folder, { recursive: true, force: true }));

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

const lines = [
  ...(loadEstates().get("private") ?? []),
  ...["component shop ingestion=Enabled query=Enabled", "network desk"].map(parseEstateLine),
];
const file = join(folder, "estate.json");
writeFileSync(
  file,
  snapshotText({
    cloud: "AzureCloud",
    source: "azure",
    takenAtMs: 0,
    redacted: false,
    clusters: [],
    resources: [...estateGraph(lines).all()],
    record: { lists: [], absent: [], unread: [] },
  }),
);
const impact = (...words: readonly string[]) => typed("impact", "--snapshot", file, ...words);

test("impact names who would lose what, with the rule, and exits 1; nobody is exit 0", async () => {
  const closed = await impact("--scope", "ampls", "--mode", "PrivateOnly");
  assert.equal(closed.code, 1);
  assert.match(closed.out, /^ampls becomes PrivateOnly \(from the snapshot /);
  assert.match(closed.out, /ampls links 2 resources; its DNS is shared by 1 network: aks\./);
  assert.match(closed.out, /aks: telemetry of shop, private today\n {4}The ingestion mode of /);
  assert.match(closed.out, /\[component\.private-only\]/);
  const open = await impact("--scope", "AMPLS", "--mode", "Open");
  assert.deepEqual([open.code, open.out.includes("Nobody would lose")], [0, true]);
});

test("impact as JSON has every loss with its resource, network, use, way and reason", async () => {
  const zone = "privatelink.blob.core.windows.net";
  const { code, out } = await impact(
    "--scope",
    "ampls",
    "--link-zone",
    zone,
    "--to",
    "desk",
    "-o",
    "json",
  );
  const answer = JSON.parse(out) as { losses: unknown[]; networks: string[] };
  assert.deepEqual([code, answer.losses, answer.networks.length], [0, [], 1]);
  const prometheus = await impact("--scope", "ampls", "--mode", "PrivateOnly", "-o", "json");
  const { losses } = JSON.parse(prometheus.out) as {
    losses: { use: string; before: string; why: { rule: string } }[];
  };
  assert.deepEqual(
    losses.map(({ use, before, why }) => [use, before, why.rule]),
    [
      ["telemetry", "private", "component.private-only"],
      ["telemetry query", "private", "component.private-only"],
    ],
  );
});

test("impact refuses what is not there, or does not make sense, with exit 2 and a sentence", async () => {
  for (const [words, says] of [
    [["--scope", "none"], /There is no Microsoft.Insights\/privateLinkScopes 'none' in the facts/],
    [["--scope", "ampls", "--link-zone", "z"], /belong together/],
    [["--scope", "ampls", "--link-zone", "z", "--to", "none"], /virtualNetworks 'none'/],
    [["--scope", "ampls", "--mode", "Closed"], /Allowed choices are PrivateOnly, Open/],
    [["--scope", "ampls\u001b[31m"], /'ampls·\[31m'/],
  ] as const) {
    const { code, note, out } = await impact(...words);
    assert.deepEqual([code, out], [2, ""], note);
    assert.match(note, says);
  }
});

test("explain says what a text means and what finds its cause, and says so where it knows nothing", async () => {
  const known = await typed(
    "explain",
    "Exporting failed: dial tcp 127.0.0.1:55680: connect: connection refused",
  );
  assert.equal(known.code, 0);
  assert.match(known.out, /symptom/);
  assert.match(known.out, /LS0202 the cluster has a configuration access endpoint/);
  const json = await typed("explain", "-o", "json", "Mismatching RequiredMembers in Request");
  assert.match(json.out, /"scope.members-changed"/);
  const nothing = await typed("explain", "all is well");
  assert.equal(nothing.code, 1);
  assert.match(nothing.out, /^Nothing is known of this text/);
  const page = await typed("explain", "ls0207");
  assert.deepEqual([page.code, page.out.startsWith("# LS0207: ")], [0, true]);
  assert.equal((await typed("explain")).code, 2);
});
