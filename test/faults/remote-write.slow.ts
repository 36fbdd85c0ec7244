/** Debian's Prometheus writes from on-premises while tokens expire, the line answers 429 and 503, and the edge is killed: nothing is lost. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readPlatformFile } from "../../src/cli/platform/platform-file.ts";
import { namespaceProblem } from "../../src/cli/exec/run-in-namespace.ts";
import { openTransport, prometheusClient } from "../../src/client/index.ts";
import type { PrometheusClient } from "../../src/client/index.ts";
import { limits, systemClock } from "../../src/core/index.ts";
import { openSession } from "../../src/cli/exec/index.ts";
import { lacking, removeFolder, startPlatform } from "../support/command.ts";
import type { TestPlatform } from "../support/command.ts";
import { makeOnPremisesEstate } from "../support/on-premises-estate.ts";
import type { OnPremisesEstate } from "../support/on-premises-estate.ts";
import { runPrometheus } from "../support/prometheus-run.ts";
import type { PrometheusRun } from "../support/prometheus-run.ts";
import { openFaultyLine } from "./faulty-line.ts";
import { context } from "./recording-writer.ts";
import { kill, until } from "./marked-run.ts";
import { assertOnce, rawSamples } from "./samples.ts";

const namespace = namespaceProblem(process.platform);
const noNamespace = namespace !== undefined && `this machine gives no namespace: ${namespace}`;
/** Rises by one with each scrape of Prometheus by itself: a lost sample leaves a gap in its values. */
const counter = "prometheus_target_interval_length_seconds_count";
const TOKEN_LIFE_SECONDS = 14;
/** Samples of each writer, one a second, before it is over. */
const SAMPLES_MIN = 45;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((done) => server.close(() => done()));
  return port;
}

interface Scene {
  readonly platform: TestPlatform;
  readonly estate: OnPremisesEstate;
  readonly folder: string;
  /** The printed configuration. */
  readonly printed: string;
  readonly client: PrometheusClient;
}

/** Starts a Prometheus that scrapes itself, as the job `way`. */
function start(
  { platform, folder, printed }: Scene,
  run: {
    readonly way: string;
    readonly flags: readonly string[];
    readonly port: number;
    readonly proxy?: string;
  },
): PrometheusRun {
  const address = `127.0.0.1:${run.port}`;
  const config = join(folder, `${run.way}.yml`);
  const scrape = `scrape_configs:\n  - { job_name: ${run.way}, scrape_interval: 1s, static_configs: [{ targets: ["${address}"] }] }\n`;
  writeFileSync(config, `${printed}${scrape}`);
  const where = ["--network", "hq", ...run.flags];
  const { data } = platform;
  return runPrometheus({
    data,
    where,
    config,
    address,
    ...(run.proxy === undefined ? {} : { proxy: run.proxy }),
  });
}

/** The values of a writer's counter, as they are stored. */
async function valuesOf({ client }: Scene, way: string): Promise<readonly number[]> {
  const found = await rawSamples(client, `${counter}{job="${way}"}`);
  assertOnce(found);
  return found[0]?.values ?? [];
}

const arrives = (scene: Scene, way: string, count: number): Promise<true> =>
  until(
    `${count} samples of ${way}`,
    async () => (await valuesOf(scene, way).catch(() => [])).length >= count,
    120_000,
  );

/** Every value from the first to the last, once. */
function assertWhole(values: readonly number[], what: string): void {
  const [first = 0] = values;
  assert.deepEqual(
    values,
    Array.from(values, (_, index) => first + index),
    what,
  );
}

async function onScene(run: (scene: Scene) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "lf-remote-"));
  const platform = await startPlatform();
  const estate = await makeOnPremisesEstate(platform.ready);
  const secret = join(folder, "secret");
  writeFileSync(secret, estate.clientSecret, { mode: 0o600 });
  const words = ["--network", "hq", "--workspace", "amw-remote", "--scope", "ampls-remote"];
  const sender = ["--client-id", estate.clientId, "--client-secret-file", secret];
  const enabled = await platform.linkscope(["enable", "remote-write", ...words, ...sender]);
  assert.equal(enabled.code, 0, enabled.note);
  await estate.closePublic();
  const session = await openSession(platformFile(platform).fabric, { kind: "public" });
  const transport = openTransport({
    clock: systemClock(),
    caPem: readFileSync(platform.ready.ca, "utf8"),
    gateway: session.doors.gatewayUrl,
  });
  const client = prometheusClient({ transport, token: estate.token, endpoint: estate.queryUrl });
  try {
    await run({ platform, estate, folder, printed: enabled.out, client });
  } finally {
    transport.close();
    await session.close();
    estate.close();
    await platform.stop();
    removeFolder(platform.data);
    removeFolder(folder);
  }
}

const platformFile = ({ data }: TestPlatform) => readPlatformFile(data, context);

/** kill -9; resolves when the platform has started another. */
async function killEdge(platform: TestPlatform): Promise<void> {
  const before = platformFile(platform).processes["edge"];
  assert.ok(before !== undefined);
  kill(before);
  await until("another edge runs", () => {
    const now = platformFile(platform).processes["edge"];
    return now !== undefined && now !== before;
  });
}

test(
  "token expiry, a 429, a 503 and a restart of the edge lose no sample of Prometheus, by a namespace and by the gateway",
  { skip: noNamespace || lacking("prometheus") },
  () =>
    onScene(async (scene) => {
      const { platform, printed } = scene;
      const writeUrl = /url: "([^"]+)"/.exec(printed)?.[1] ?? "";
      const line = await openFaultyLine({
        platform,
        fabric: platformFile(platform).fabric,
        where: { kind: "on-premises", network: "hq" },
        tokenLifeSeconds: TOKEN_LIFE_SECONDS,
        clockSkewSeconds: limits.clockSkewSeconds,
      });
      const runs = [
        start(scene, { way: "namespace", flags: [], port: 9090 }),
        start(scene, {
          way: "line",
          flags: ["--gateway"],
          port: await freePort(),
          proxy: line.url,
        }),
      ];
      const said = (): string => runs.map((run) => run.said()).join("\n");
      try {
        await Promise.all(["namespace", "line"].map((way) => arrives(scene, way, 3)));
        line.fail(429, 429, 503, 503, 429);
        await until("the faults were met", () => line.waiting() === 0, 120_000);
        await killEdge(platform);
        await Promise.all(["namespace", "line"].map((way) => arrives(scene, way, SAMPLES_MIN)));
        const codes = await Promise.all(runs.map((run) => run.end()));
        assert.deepEqual(codes, [0, 0], said());
        for (const way of ["namespace", "line"]) {
          const values = await valuesOf(scene, way);
          assertWhole(values, `${way}: ${said()}`);
        }
        const [first = ""] = line.tokens;
        assert.ok(line.tokens.length >= 3, `${line.tokens.length} tokens were given`);
        assert.equal(await line.statusWith(first, writeUrl), 401, "the first token has expired");
        assert.equal(await line.statusWith(line.tokens.at(-1) ?? "", writeUrl), 204);
        assert.ok(!/dropped|non-recoverable/.test(said()), said());
      } finally {
        await Promise.all(runs.map((run) => run.end()));
        await line.close();
      }
    }),
);
