/** Prints how long a start takes: the platform to its ready line, Prometheus beside it, and the whole `start --once`. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { quantile, treeCpuMs } from "./process-cpu.ts";

const RUNS = 5;
const PROMETHEUS = "/usr/bin/prometheus";
const command = resolve(import.meta.dirname, "../src/bin/linkscope.ts");

interface Timing {
  readonly wallMs: number;
  readonly cpuMs: number;
}

async function platformStart(): Promise<Timing> {
  const data = mkdtempSync(join(tmpdir(), "linkscope-bench-"));
  const startedAt = performance.now();
  const child = spawn(process.execPath, [command, "up", "--data", data, "-o", "json"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((ready) => child.stdout.once("data", ready));
  const timing = { wallMs: performance.now() - startedAt, cpuMs: treeCpuMs(child.pid ?? 0) };
  await ended(child);
  rmSync(data, { recursive: true, force: true });
  return timing;
}

async function prometheusStart(): Promise<Timing> {
  const folder = mkdtempSync(join(tmpdir(), "linkscope-bench-"));
  writeFileSync(join(folder, "prometheus.yml"), "");
  const port = await freePort();
  const startedAt = performance.now();
  const child = spawn(
    PROMETHEUS,
    [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: "ignore" },
  );
  while (!(await isReady(port))) await new Promise((next) => setTimeout(next, 10));
  const timing = { wallMs: performance.now() - startedAt, cpuMs: treeCpuMs(child.pid ?? 0) };
  await ended(child);
  rmSync(folder, { recursive: true, force: true });
  return timing;
}

const isReady = (port: number): Promise<boolean> =>
  new Promise((done) => {
    get({ host: "127.0.0.1", port, path: "/-/ready" }, (response) => {
      response.resume();
      done(response.statusCode === 200);
    }).once("error", () => done(false));
  });

function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => done(port));
    });
  });
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((done) => {
    child.once("exit", () => done());
    child.kill("SIGTERM");
  });
}

/** From the first word typed to the proof. */
async function wholeStart(): Promise<number> {
  const data = mkdtempSync(join(tmpdir(), "linkscope-bench-"));
  const startedAt = performance.now();
  const child = spawn(process.execPath, [command, "start", "--once", "--data", data], {
    stdio: ["ignore", "ignore", "ignore"],
  });
  const code = await new Promise((done) => child.once("exit", done));
  rmSync(data, { recursive: true, force: true });
  if (code !== 0) throw new Error(`start --once ended with ${String(code)}`);
  return performance.now() - startedAt;
}

const median = (values: readonly number[]): number => quantile(values, 0.5);

const line = (name: string, runs: readonly Timing[]): string =>
  `${name}: ready after ${median(runs.map(({ wallMs }) => wallMs)).toFixed(0)} ms wall, ` +
  `${median(runs.map(({ cpuMs: cpu }) => cpu)).toFixed(0)} ms CPU (median of ${runs.length})`;

const ours: Timing[] = [];
const peer: Timing[] = [];
// In pairs, so that what else the machine does falls on both.
for (let run = 0; run < RUNS; run++) {
  ours.push(await platformStart());
  if (existsSync(PROMETHEUS)) peer.push(await prometheusStart());
}
process.stdout.write(`${line("linkscope up", ours)}\n`);
if (peer.length > 0) {
  const ratio = median(ours.map(({ wallMs }) => wallMs)) / median(peer.map(({ wallMs }) => wallMs));
  process.stdout.write(
    `${line("prometheus", peer)}; ours takes ${ratio.toFixed(1)} times as long\n`,
  );
} else process.stdout.write(`prometheus: not installed at ${PROMETHEUS}\n`);
process.stdout.write(
  `start --once: ${((await wholeStart()) / 1000).toFixed(1)} s from the word to the proof\n`,
);
