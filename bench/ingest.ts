/**
 * Remote-write ingest, ours beside Debian's Prometheus and VictoriaMetrics: the same bodies, on 127.0.0.1, a fresh store each.
 * Prints a line a server: samples per second of that server's CPU time. `--rounds N --series N --batch N --only NAME`;
 * `--profile FOLDER` writes a CPU profile of ours.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { makeLoad, samplesOf } from "./load.ts";
import type { LoadShape, Round } from "./load.ts";

const CONNECTIONS = 3;
const TICKS_PER_SECOND = 100; // Linux's USER_HZ on every architecture that Node runs on.

interface Server {
  readonly name: string;
  /** What an acknowledgement promises. */
  readonly durability: string;
  /** Starts it in a fresh folder and answers when it can take requests. */
  readonly start: (
    folder: string,
  ) => Promise<{ readonly child: ChildProcess; readonly port: number }>;
}

const servers: readonly Server[] = [
  { name: "linkscope", durability: "fdatasync before 204", start: startOurs },
  {
    name: "prometheus",
    durability: "written, not synced",
    start: (folder) =>
      startForeign("/usr/bin/prometheus", folder, (port) => [
        `--config.file=${join(folder, "prometheus.yml")}`,
        `--storage.tsdb.path=${join(folder, "data")}`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--web.enable-remote-write-receiver",
        "--log.level=error",
      ]),
  },
  {
    name: "victoria-metrics",
    durability: "in memory, synced later",
    start: (folder) =>
      startForeign("/usr/bin/victoria-metrics", folder, (port) => [
        `-storageDataPath=${join(folder, "data")}`,
        `-httpListenAddr=127.0.0.1:${port}`,
        "-loggerLevel=ERROR",
      ]),
  },
];

async function startOurs(folder: string): Promise<{ child: ChildProcess; port: number }> {
  const path = join(import.meta.dirname, "ingest-server.ts");
  const profile =
    flags.profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${flags.profile}`];
  const child = spawn(process.execPath, [...profile, path, folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    return { child, port: Number(line) };
  }
  throw new Error("The server ended before it told its port.");
}

async function startForeign(
  command: string,
  folder: string,
  args: (port: number) => readonly string[],
): Promise<{ child: ChildProcess; port: number }> {
  if (!existsSync(command)) throw new Error(`${command} is not installed`);
  const port = await freePort();
  await writeFile(join(folder, "prometheus.yml"), "global: {}\n");
  const child = spawn(command, args(port), { stdio: "ignore" });
  for (let attempt = 0; attempt < 100; attempt++) {
    const status = await send({ port, path: "/metrics", method: "GET" }).catch(() => 0);
    if (status === 200) return { child, port };
    await wait(100);
  }
  child.kill("SIGKILL");
  throw new Error(`${command} did not answer`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface Sending {
  readonly port: number;
  readonly path: string;
  readonly method: string;
  readonly agent?: Agent;
  readonly body?: Buffer;
}

function send({ port, path, method, agent, body }: Sending): Promise<number> {
  const headers = {
    "content-type": "application/x-protobuf",
    "content-encoding": "snappy",
    "x-prometheus-remote-write-version": "0.1.0",
    "content-length": body?.length ?? 0,
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: "127.0.0.1", port, path, method, agent, headers },
      (answer) => {
        answer.resume();
        answer.on("end", () => resolve(answer.statusCode ?? 0));
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** CPU time of a process so far, in seconds. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Sends rounds over the connections; each carries its own part of every round, as a sender's shards do. */
async function sendRounds(
  port: number,
  rounds: readonly Round[],
  agents: readonly Agent[],
): Promise<void> {
  await Promise.all(
    agents.map(async (agent, connection) => {
      for (const round of rounds) {
        for (let index = connection; index < round.length; index += agents.length) {
          const body = round[index] as Buffer;
          const status = await send({ port, path: "/api/v1/write", method: "POST", agent, body });
          if (status !== 204 && status !== 200) throw new Error(`A write was answered ${status}`);
        }
      }
    }),
  );
}

interface Measured {
  readonly perCpuSecond: number;
  readonly steadyPerCpuSecond: number;
  readonly cpu: number;
  readonly wall: number;
}

async function measure(
  server: Server,
  load: readonly Round[],
  shape: LoadShape,
): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), `linkscope-bench-${server.name}-`));
  let child: ChildProcess | undefined;
  try {
    const started = await server.start(folder);
    child = started.child;
    const pid = child.pid ?? 0;
    const options = { keepAlive: true, maxSockets: 1 };
    const agents = Array.from({ length: CONNECTIONS }, () => new Agent(options));
    const before = cpuSeconds(pid);
    const startedMs = performance.now();
    await sendRounds(started.port, load.slice(0, 1), agents);
    const registered = cpuSeconds(pid);
    await sendRounds(started.port, load.slice(1), agents);
    const wall = (performance.now() - startedMs) / 1000;
    await wait(1000);
    const cpu = cpuSeconds(pid) - before;
    for (const agent of agents) agent.destroy();
    const samples = samplesOf(load, shape);
    const steady = cpuSeconds(pid) - registered;
    return {
      perCpuSecond: samples / cpu,
      steadyPerCpuSecond: (samples - shape.series) / steady,
      cpu,
      wall,
    };
  } finally {
    if (child !== undefined) await stop(child);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), 5000);
  await ended;
  clearTimeout(late);
}

const { values: flags } = parseArgs({
  options: {
    rounds: { type: "string", default: "40" },
    series: { type: "string", default: "50000" },
    batch: { type: "string", default: "2000" },
    only: { type: "string" },
    profile: { type: "string" },
  },
});
const rounds = Number(flags.rounds);
const stepMs = 15_000;
const shape: LoadShape = {
  series: Number(flags.series),
  rounds,
  seriesPerRequest: Number(flags.batch),
  stepMs,
  startMs: Date.now() - rounds * stepMs,
};
const load = makeLoad(shape);
const bytes = load.flat().reduce((sum, body) => sum + body.length, 0);
const samples = samplesOf(load, shape);
console.log(
  `load: ${shape.series} series × ${rounds} rounds = ${(samples / 1e6).toFixed(2)} M samples, ${flags.batch} a request, ${(bytes / samples).toFixed(1)} B a sample compressed`,
);
let ours: Measured | undefined;
for (const server of servers) {
  if (flags.only !== undefined && server.name !== flags.only) continue;
  try {
    const measured = await measure(server, load, shape);
    if (server.name === "linkscope") ours = measured;
    const ratio = ours === undefined ? 1 : ours.perCpuSecond / measured.perCpuSecond;
    console.log(
      [
        server.name.padEnd(17),
        `${(measured.perCpuSecond / 1e6).toFixed(3)} M samples/CPU-s`,
        `(after the first round ${(measured.steadyPerCpuSecond / 1e6).toFixed(3)})`,
        `${measured.cpu.toFixed(2)} CPU-s`,
        `${(samples / measured.wall / 1e6).toFixed(3)} M samples/s`,
        server.durability,
        server.name === "linkscope" ? "" : `ours is ${ratio.toFixed(1)} times this`,
      ].join("  "),
    );
  } catch (error) {
    console.log(
      `${server.name.padEnd(17)}  skipped: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
