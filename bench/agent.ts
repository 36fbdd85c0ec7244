/**
 * Scraping, ours beside Debian's Prometheus in agent mode: the same targets on 127.0.0.1, a sink that takes all writes.
 * Prints a line an agent: series scraped per second of that agent's processor time. `--targets N --series N --interval MS
 * --seconds N --only NAME`.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";

const TICKS_PER_SECOND = 100; // Linux's USER_HZ on every architecture that Node runs on.
const PROMETHEUS = "/usr/bin/prometheus";

const { values } = parseArgs({
  options: {
    targets: { type: "string", default: "10" },
    series: { type: "string", default: "5000" },
    interval: { type: "string", default: "1000" },
    seconds: { type: "string", default: "15" },
    only: { type: "string" },
  },
});
const count = Number(values.targets);
const seriesEach = Number(values.series);
const intervalMs = Number(values.interval);
const seconds = Number(values.seconds);

/** Labels as cAdvisor's; every fourth value changes from scrape to scrape. */
function bodyOf(target: number, round: number): string {
  const lines = ["# TYPE container_memory_working_set_bytes gauge"];
  for (let index = 0; index < seriesEach; index += 1) {
    const value = index % 4 === 0 ? index * 1000 + round : index * 1000;
    lines.push(
      `container_memory_working_set_bytes{container="app${index % 7}",id="/kubepods/burstable/pod${target}-${index}",` +
        `image="registry.example/team/app${index % 7}:1.2.3",namespace="shop-${index % 20}",pod="app${index % 7}-6f5c-${index}"} ${value}`,
    );
  }
  return `${lines.join("\n")}\n`;
}

async function listen(
  listener: RequestListener,
): Promise<{ readonly port: number; readonly close: () => void }> {
  const server = createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { port: (server.address() as AddressInfo).port, close };
}

const scrapes = { count: 0 };
const written = { bytes: 0, requests: 0 };
const bodies = Array.from({ length: count }, (_, target) =>
  [0, 1].map((round) => Buffer.from(bodyOf(target, round))),
);
const source = await listen((request, response) => {
  scrapes.count += 1;
  const target = Number((request.url ?? "").split("/")[1]);
  response.writeHead(200, { "content-type": "text/plain; version=0.0.4" });
  response.end(bodies[target]?.[scrapes.count % 2]);
});
const sink = await listen((request, response) => {
  request.on("data", (chunk: Buffer) => (written.bytes += chunk.length));
  request.on("end", () => {
    written.requests += 1;
    response.writeHead(204).end();
  });
});
const urls = Array.from(
  { length: count },
  (_, target) => `http://127.0.0.1:${source.port}/${target}/metrics`,
);
const sinkUrl = `http://127.0.0.1:${sink.port}/write`;

function startOurs(folder: string): ChildProcess {
  const words = ["bench/agent-ours.ts", folder, sinkUrl, String(intervalMs), ...urls];
  return spawn(process.execPath, words, { stdio: ["ignore", "ignore", "inherit"] });
}

async function startPrometheus(folder: string): Promise<ChildProcess> {
  const jobs = urls.map(
    (url, index) =>
      `  - job_name: bench${index}\n    metrics_path: /${index}/metrics\n    static_configs: [{ targets: ["${new URL(url).host}"] }]\n`,
  );
  const config = join(folder, "prometheus.yml");
  await writeFile(
    config,
    `global:\n  scrape_interval: ${intervalMs}ms\n  scrape_timeout: ${intervalMs}ms\n  external_labels: { cluster: c }\n` +
      `remote_write:\n  - url: ${sinkUrl}\nscrape_configs:\n${jobs.join("")}`,
  );
  return spawn(
    PROMETHEUS,
    [
      "--enable-feature=agent",
      `--config.file=${config}`,
      `--storage.agent.path=${folder}/data`,
      "--web.listen-address=127.0.0.1:0",
      "--log.level=error",
    ],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
}

/** Seconds of processor time that the process has used. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function measure(
  name: string,
  start: (folder: string) => ChildProcess | Promise<ChildProcess>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "linkscope-bench-agent-"));
  const child = await start(folder);
  const pid = child.pid ?? 0;
  try {
    // Starting, and reading each series for the first time, is not what is measured.
    await wait(Math.max(4_000, 4 * intervalMs));
    const before = {
      cpu: cpuSeconds(pid),
      scrapes: scrapes.count,
      bytes: written.bytes,
      requests: written.requests,
    };
    await wait(seconds * 1000);
    const cpu = cpuSeconds(pid) - before.cpu;
    const scraped = (scrapes.count - before.scrapes) * seriesEach;
    const rss =
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
    process.stdout.write(
      `${name.padEnd(12)} ${Math.round(scraped / cpu).toLocaleString("en")} series per CPU-second ` +
        `(${scraped.toLocaleString("en")} series, ${cpu.toFixed(1)} CPU-seconds in ${seconds} s, ${rss.toFixed(0)} MiB; ` +
        `${written.requests - before.requests} writes, ${((written.bytes - before.bytes) / 1e6).toFixed(1)} MB)\n`,
    );
  } finally {
    if (child.exitCode === null && child.kill("SIGTERM")) await once(child, "exit");
    await rm(folder, { recursive: true, force: true });
  }
}

if (values.only !== "prometheus") await measure("linkscope", startOurs);
if (values.only !== "linkscope" && existsSync(PROMETHEUS))
  await measure("prometheus", startPrometheus);
source.close();
sink.close();
