/** Debian's Prometheus as an agent: remote write into a data collection endpoint that only the private link reaches. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { listAt, stringAt } from "../../src/arm/index.ts";
import { audiences, cloud } from "../../src/azure/index.ts";
import { openSession } from "../../src/cli/exec/index.ts";
import { namespaceProblem } from "../../src/cli/exec/run-in-namespace.ts";
import { openTransport, prometheusClient } from "../../src/client/index.ts";
import { systemClock } from "../../src/core/index.ts";
import { lacking, projectRoot, removeFolder, startPlatform } from "../support/command.ts";
import type { TestPlatform } from "../support/command.ts";
import { credentialOf, makePrivateEstate } from "../support/private-estate.ts";
import type { PrivateEstate } from "../support/private-estate.ts";

const namespace = namespaceProblem(process.platform);
const noNamespace = namespace !== undefined && `this machine gives no namespace: ${namespace}`;
/** From the start of Prometheus to its first samples, on a machine with much else to do. */
const PATIENCE_MS = 60_000;

const folder = mkdtempSync(join(tmpdir(), "linkscope-prometheus-"));
let platform: TestPlatform;
let estate: PrivateEstate;
before(async () => {
  if (lacking("prometheus") !== false) return;
  platform = await startPlatform();
  estate = await makePrivateEstate(platform.ready);
  const token = await estate.token(audiences.monitor);
  writeFileSync(join(folder, "token"), token, { mode: 0o600 });
  const { clientSecret } = credentialOf(platform.ready);
  writeFileSync(join(folder, "secret"), clientSecret, { mode: 0o600 });
});
after(async () => {
  estate?.close();
  await platform?.stop();
  if (platform !== undefined) removeFolder(platform.data);
  removeFolder(folder);
});

/** Each block of Prometheus's file writes with a label of its own, so that its samples are known from the others'. */
interface Writer {
  readonly way: string;
  readonly lines: readonly string[];
}

const byCredentialsFile: Writer = {
  way: "credentials_file",
  lines: ["authorization:", `  credentials_file: ${join(folder, "token")}`],
};

function byOAuth2(): Writer {
  const { tenantId, clientId } = credentialOf(platform.ready);
  const lines = [
    "oauth2:",
    `  client_id: ${clientId}`,
    `  client_secret_file: ${join(folder, "secret")}`,
    `  token_url: https://${cloud.loginHost}/${tenantId}/oauth2/v2.0/token`,
    `  scopes: ["${audiences.monitor}.default"]`,
  ];
  return { way: "oauth2", lines };
}

const writeBlock = ({ way, lines }: Writer): string =>
  [
    `  - url: ${estate.writeUrl}`,
    ...lines.map((line) => `    ${line}`),
    "    queue_config: { batch_send_deadline: 1s }",
    `    write_relabel_configs: [{ target_label: way, replacement: ${way} }]`,
  ].join("\n");

/** Prometheus's file: it scrapes `target` every second and writes by each writer. */
const configuration = (target: string, writers: readonly Writer[]): string =>
  [
    "global: { scrape_interval: 1s, external_labels: { cluster: clients } }",
    "scrape_configs:",
    `  - { job_name: scraped, static_configs: [{ targets: ["${target}"] }] }`,
    "remote_write:",
    ...writers.map(writeBlock),
    "",
  ].join("\n");

/** Starts Prometheus inside. `config` is read through a shell, which knows the gateway's address and its secret. */
function startPrometheus(flags: readonly string[], options: { config: string; address: string }) {
  const name = join(folder, options.config);
  const script = [
    `sed "s|GATEWAY|$HTTPS_PROXY|" ${name} > ${name}.used`,
    `exec prometheus --enable-feature=agent --config.file=${name}.used --storage.agent.path=${name}.wal ` +
      `--web.listen-address=${options.address} --log.level=warn`,
  ].join("\n");
  const entry = join(projectRoot, "src/bin/linkscope.ts");
  const where = ["exec", "--quiet", "--vnet", estate.vnetName, ...flags];
  return spawn(process.execPath, [entry, ...where, "--", "sh", "-c", script], {
    env: { ...process.env, LINKSCOPE_DATA: platform.data },
    stdio: ["ignore", "ignore", "pipe"],
  });
}

/**
 * The scraped target's `up`, by the writers that its samples came from. Prometheus does not say when it has sent:
 * the workspace is asked until every one of `ways` is there.
 */
async function waysOfSamples(ways: readonly string[], running: ChildProcess): Promise<string[]> {
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
      const { result } = await client.query(`up{cluster="clients",job="scraped"} == 1`);
      const found = listAt({ result }, "result")
        .map((series) => stringAt(series, "metric", "way") ?? "")
        .sort();
      if (ways.every((way) => found.includes(way))) return found;
      if (clock.nowMs() > endMs || running.exitCode !== null) return found;
      await sleep(200);
    }
  } finally {
    transport.close();
    await session.close();
  }
}

/** Ends Prometheus as a user would. */
async function end(running: ChildProcess): Promise<void> {
  if (running.exitCode !== null || running.signalCode !== null) return;
  const closed = once(running, "close");
  running.kill("SIGTERM");
  await closed;
}

async function writesAndIsQueried(
  flags: readonly string[],
  run: { readonly target: string; readonly address: string; readonly writers: readonly Writer[] },
): Promise<void> {
  const config = `prometheus-${run.writers[0]?.way}.yml`;
  writeFileSync(join(folder, config), configuration(run.target, run.writers));
  const running = startPrometheus(flags, { config, address: run.address });
  const note: string[] = [];
  running.stderr?.on("data", (chunk: Buffer) => note.push(chunk.toString()));
  const expected = run.writers.map(({ way }) => way).sort();
  const found = await waysOfSamples(expected, running).finally(() => end(running));
  const said = note.join("");
  for (const way of expected) assert.ok(found.includes(way), `${way} is missing: ${said}`);
  assert.equal(running.exitCode, 0, said);
}

/** The metrics writes that the edge saw, by the way they came in. */
function originsOfWrites(): readonly string[] {
  const lines = readFileSync(join(platform.data, "access.ndjson"), "utf8").trim().split("\n");
  const entries = lines.map((line) => JSON.parse(line) as Record<string, string>);
  const writes = entries.filter(({ host }) => host === estate.hosts.metrics);
  return [...new Set(writes.map(({ origin, status }) => `${origin} ${status}`))];
}

test(
  "Prometheus writes through the private endpoint from a namespace, with credentials_file and with oauth2",
  { skip: noNamespace || lacking("prometheus") },
  async () => {
    // A namespace has loopback addresses and ports of its own.
    const address = "127.0.0.1:9090";
    const writers = [byCredentialsFile, byOAuth2()];
    await writesAndIsQueried([], { target: address, address, writers });
    assert.deepEqual(originsOfWrites(), ["private 204"]);
  },
);

test(
  "Prometheus writes through the private endpoint by the gateway, which its file names as proxy_url",
  { skip: lacking("prometheus") },
  async () => {
    const { metrics } = JSON.parse(readFileSync(join(platform.data, "platform.json"), "utf8")) as {
      readonly metrics: string;
    };
    const lines = [
      ...byCredentialsFile.lines,
      "proxy_url: GATEWAY",
      `tls_config: { ca_file: ${platform.ready.ca} }`,
    ];
    const writers = [{ way: "proxy_url", lines }];
    const target = new URL(metrics).host;
    await writesAndIsQueried(["--gateway"], { target, address: "127.0.0.1:0", writers });
    assert.deepEqual(originsOfWrites(), ["private 204"]);
  },
);
