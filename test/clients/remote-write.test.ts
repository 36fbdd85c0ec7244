/** Remote write over a private link by Debian's Prometheus: as `enable remote-write` sets it up, from a virtual and from an on-premises network. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { listAt, stringAt } from "../../src/arm/index.ts";
import { openSession } from "../../src/cli/exec/index.ts";
import { namespaceProblem } from "../../src/cli/exec/run-in-namespace.ts";
import { openTransport, prometheusClient } from "../../src/client/index.ts";
import { systemClock } from "../../src/core/index.ts";
import type { Proof } from "../../src/onboard/index.ts";
import { lacking, removeFolder, startPlatform } from "../support/command.ts";
import type { CommandResult, TestPlatform } from "../support/command.ts";
import { makeOnPremisesEstate } from "../support/on-premises-estate.ts";
import type { OnPremisesEstate } from "../support/on-premises-estate.ts";
import { runPrometheus } from "../support/prometheus-run.ts";

const namespace = namespaceProblem(process.platform);
const noNamespace = namespace !== undefined && `this machine gives no namespace: ${namespace}`;
/** From the start of Prometheus to its first samples, on a machine with much else to do. */
const PATIENCE_MS = 60_000;

const folder = mkdtempSync(join(tmpdir(), "linkscope-remote-"));
let platform: TestPlatform;
let estate: OnPremisesEstate;
before(async () => {
  platform = await startPlatform();
  estate = await makeOnPremisesEstate(platform.ready);
  writeFileSync(join(folder, "secret"), estate.clientSecret, { mode: 0o600 });
});
after(async () => {
  estate?.close();
  await platform?.stop();
  if (platform !== undefined) removeFolder(platform.data);
  removeFolder(folder);
});

function enable(network: string, ...more: readonly string[]): Promise<CommandResult> {
  const secret = join(folder, "secret");
  const to = ["--workspace", "amw-remote", "--scope", "ampls-remote"];
  const sender = ["--client-id", estate.clientId, "--client-secret-file", secret];
  const words = ["enable", "remote-write", "--network", network];
  return platform.linkscope([...words, ...to, ...sender, ...more]);
}

async function resolves(network: string): Promise<readonly [string, string]> {
  const words = ["resolve", estate.metricsHost, "--network", network, "-o", "json"];
  const { out } = await platform.linkscope(words);
  const answer = JSON.parse(out) as { outcome: string; reasons: readonly { says: string }[] };
  return [answer.outcome, answer.reasons[0]?.says ?? ""];
}

test("enable remote-write makes the article's steps one operation, and prints Prometheus's configuration without the secret", async () => {
  assert.equal((await resolves("hq"))[0], "public", "before there is a private link");
  const first = await enable("hq");
  assert.equal(first.code, 0, first.note);
  assert.match(first.note, /Link amw-remote to the scope/);
  assert.match(first.out, /^ {4}oauth2:$/m);
  assert.match(first.out, /^ {6}retry_on_http_429: true$/m);
  assert.ok(!first.out.includes(estate.clientSecret), "a secret is never printed");
  const principal = "00000000-0000-4000-8000-0000000000e1";
  const other = ["--client-id", principal, "--principal-id", principal, "--auth", "azuread"];
  const spoke = await enable("vnet-aks", ...other);
  assert.equal(spoke.code, 0, spoke.note);
  assert.match(spoke.note, /Put privatelink\.monitor\.azure\.com in force in vnet-aks/);
  assert.match(spoke.note, /Let 0{8}-.* write metrics by the rule amw-remote/);
  assert.match(spoke.out, /^ {4}azuread:$/m);
  assert.match(spoke.out, /client_secret: CLIENT_SECRET$/m);
  await estate.closePublic();
});

test("from on-premises, names are private where the resolver forwards, and public where it does not, and the proof says so", async () => {
  const [forwarded, why] = await resolves("hq");
  assert.equal(forwarded, "private");
  assert.match(why, /forwards monitor\.azure\.com to 10\.50\.2\.4, the inbound endpoint/);
  const [publicly, whyNot] = await resolves("plant");
  assert.equal(publicly, "public");
  assert.match(whyNot, /no private zones; its resolver forwards nothing/);
  const words = ["prove", "--network", "plant", "--workspace", "amw-remote", "-o", "json"];
  const { out, code } = await platform.linkscope(words);
  const [path] = (JSON.parse(out) as Proof).paths;
  assert.equal(code, 1);
  assert.match(path?.reasons[0] ?? "", /plant is on-premises and has no private zones/);
  assert.match(
    path?.reasons.join(" ") ?? "",
    /Inside: 403 from 203\.0\.113\.\d+: PublicNetworkAccessDenied/,
  );
});

test("what enable, render and exec cannot do is said by name", async () => {
  const render = ["render", "prometheus", "--config", join(folder, "none"), "--out", "x"];
  const identity = ["exec", "--network", "hq", "--as", "aks", "--", "true"];
  const [nobody, nowhere, unreadable, refused] = await Promise.all([
    enable("hq", "--client-id", "00000000-0000-4000-8000-0000000000ff"),
    enable("elsewhere"),
    platform.linkscope(render),
    platform.linkscope(identity),
  ]);
  assert.match(nobody.note, /only Microsoft Graph knows applications.*--principal-id/);
  assert.match(nowhere.note, /No virtual network, local network gateway .* is named 'elsewhere'/);
  assert.match(unreadable.note, /cannot be read: .*\(FileUnreadable\)/);
  assert.match(refused.note, /on-premises, where there is no managed identity/);
  const codes = [nobody, nowhere, unreadable, refused].map(({ code }) => code);
  assert.deepEqual(codes, [1, 1, 1, 2]);
});

interface Sender {
  readonly job: string;
  readonly where: readonly string[];
  readonly target: string;
  readonly address: string;
}

/** The printed configuration with a scrape of its own, in a file of its own. */
function fileFor({ job, target }: Sender, printed: string): string {
  const config = join(folder, `${job}.yml`);
  const scrape = `scrape_configs:\n  - { job_name: ${job}, scrape_interval: 1s, static_configs: [{ targets: ["${target}"] }] }\n`;
  writeFileSync(config, `${printed}${scrape}`);
  return config;
}

/** The jobs whose `up` the workspace has; asked until all of `jobs` are there, since Prometheus does not say when it has sent. */
async function jobsSeen(jobs: readonly string[], ended: () => boolean): Promise<readonly string[]> {
  const clock = systemClock();
  const { fabric } = JSON.parse(readFileSync(join(platform.data, "platform.json"), "utf8")) as {
    readonly fabric: string;
  };
  const session = await openSession(fabric, { kind: "public" });
  const caPem = readFileSync(platform.ready.ca, "utf8");
  const transport = openTransport({ clock, caPem, gateway: session.doors.gatewayUrl });
  const client = prometheusClient({ transport, token: estate.token, endpoint: estate.queryUrl });
  try {
    const endMs = clock.nowMs() + PATIENCE_MS;
    for (;;) {
      const { result } = await client.query("up == 1");
      const found = listAt({ result }, "result").map((one) => stringAt(one, "metric", "job") ?? "");
      const isDone = jobs.every((job) => found.includes(job));
      if (isDone || clock.nowMs() > endMs || ended()) return found.toSorted();
      await sleep(200);
    }
  } finally {
    transport.close();
    await session.close();
  }
}

test(
  "Prometheus writes over the private link from a virtual and from an on-premises network, by a namespace and by the gateway",
  { skip: noNamespace || lacking("prometheus") },
  async () => {
    const { metrics } = JSON.parse(readFileSync(join(platform.data, "platform.json"), "utf8")) as {
      readonly metrics: string;
    };
    // A namespace has loopback addresses and ports of its own; by the gateway the platform's own metrics are scraped.
    const inside = { target: "127.0.0.1:9090", address: "127.0.0.1:9090" };
    const outside = { target: new URL(metrics).host, address: "127.0.0.1:0" };
    const senders: readonly Sender[] = ["vnet-aks", "hq"].flatMap((network) => [
      { job: `${network}-namespace`, where: ["--network", network], ...inside },
      { job: `${network}-gateway`, where: ["--network", network, "--gateway"], ...outside },
    ]);
    const again = await enable("hq");
    assert.match(again.note, /Nothing to change: all is as wanted/, "a rerun finds all as wanted");
    const printed = again.out;
    const runs = senders.map((sender) =>
      runPrometheus({
        data: platform.data,
        where: sender.where,
        config: fileFor(sender, printed),
        address: sender.address,
      }),
    );
    const jobs = senders.map(({ job }) => job);
    const found = await jobsSeen(jobs, () => runs.some(({ child }) => child.exitCode !== null));
    const codes = await Promise.all(runs.map((run) => run.end()));
    const said = runs.map((run) => run.said()).join("\n");
    assert.deepEqual(found, jobs.toSorted(), said);
    assert.deepEqual(codes, [0, 0, 0, 0], said);
    for (const { job } of senders) {
      const used = join(folder, `${job}.yml.used`);
      assert.equal(statSync(used).mode & 0o777, 0o600, "the gateway's secret is in it");
      const proxies = readFileSync(used, "utf8").match(/proxy_url: http/g) ?? [];
      assert.equal(
        proxies.length,
        job.endsWith("gateway") ? 2 : 0,
        "in remote_write and in oauth2",
      );
    }
    assert.deepEqual(originsOfWrites(), ["private 204"]);
    const words = ["prove", "--network", "hq", "--workspace", "amw-remote"];
    const proof = await platform.linkscope(words);
    assert.equal(proof.code, 0, proof.out);
  },
);

/** The metrics writes that carried samples, by the way they came in: a proof's probe carries none. */
function originsOfWrites(): readonly string[] {
  const lines = readFileSync(join(platform.data, "access.ndjson"), "utf8").trim().split("\n");
  const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const writes = entries.filter(
    ({ host, status }) => host === estate.metricsHost && status === 204,
  );
  return [...new Set(writes.map(({ origin, status }) => `${String(origin)} ${String(status)}`))];
}
