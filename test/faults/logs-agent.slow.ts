/**
 * The agent of logs under kill -9 at any moment, with files that rotate and a receiver that fails: each line in exactly
 * one batch, in its order. And 20 MB of lines a second, within the processor time that is stated here.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  closeSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { after, before, test } from "node:test";
import { logsConfigurationOf, nodeFolder } from "../../src/agent/testing/log-receiver.ts";
import type { NodeFolder } from "../../src/agent/testing/log-receiver.ts";
import { recordTypes } from "../../src/agent/index.ts";
import {
  certificateClock,
  secureServer,
  testAuthority,
  testFolder,
  testGateway,
} from "../../src/client/testing/servers.ts";
import type { TestServer } from "../../src/client/testing/servers.ts";
import { seededRandom } from "../../src/core/index.ts";
import type { LogsAgentProcessOptions } from "./logs-agent-process.ts";

const V2 = recordTypes.containerLogV2;
/** Called with each batch: its id and its bytes. Answers the status. */
type Take = (requestId: string, body: Buffer) => number;

let take: Take = () => 200;
let server: TestServer;
let gateway: TestServer;
let caPath: string;
const nodes: NodeFolder[] = [];
before(async () => {
  const authority = await testAuthority(certificateClock());
  caPath = join(testFolder(), "ca.pem");
  writeFileSync(caPath, authority.caPem);
  server = await secureServer(authority, (request, response) => void answer(request, response));
  gateway = await testGateway({ port: server.port });
});
after(() => {
  server.close();
  gateway.close();
  for (const node of nodes) node.remove();
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = request.url ?? "";
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  if (url.includes("/issueIngestionToken")) {
    response.setHeader("cache-control", "max-age=86400");
    response.end(JSON.stringify({ ingestionAuthToken: "t" }));
  } else if (url.includes("/agentConfigurations")) {
    response.end(JSON.stringify(logsConfigurationOf([V2])));
  } else {
    const id = String(request.headers["x-request-id"]);
    response.writeHead(take(id, Buffer.concat(chunks)), { "retry-after": "0" }).end();
  }
}

interface RunningAgent {
  readonly child: ChildProcess;
  readonly kill: () => Promise<void>;
}

function options(logFolder: string): string {
  const file = join(testFolder(), "options.json");
  const content: LogsAgentProcessOptions = {
    gateway: `http://127.0.0.1:${gateway.port}`,
    caPath,
    folder: join(testFolder(), "agent"),
    logFolder,
  };
  writeFileSync(file, JSON.stringify(content));
  return file;
}

async function startAgent(file: string): Promise<RunningAgent> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, "logs-agent-process.ts"), file],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const ended = once(child, "exit");
  await Promise.race([once(child.stdout, "data"), ended]);
  return {
    child,
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

const messagesIn = (body: Buffer): readonly string[] => {
  const { DataType, DataItems } = JSON.parse(body.toString("utf8")) as {
    DataType: string;
    DataItems: { LogMessage: string }[];
  };
  return DataType === V2 ? DataItems.map(({ LogMessage }) => LogMessage) : [];
};

const FILES = 4;
const KILLS = 12;
const LINES = 40_000;
const ROTATE_BYTES = 200_000;

test(
  "killed a dozen times while files grow and rotate, the agent sends each line in exactly one batch",
  { timeout: 180_000 },
  async () => {
    const node = nodeFolder();
    nodes.push(node);
    const random = seededRandom(5);
    const byte = (): number => random.bytes(1)[0] ?? 0;
    const batches = new Map<string, Buffer>();
    take = (id, body) => {
      // Some are refused for the time being; some are taken and their answer is as good as lost when the agent dies.
      if (byte() < 40) return 503;
      const known = batches.get(id);
      if (known !== undefined) assert.ok(known.equals(body), "the same batch has the same records");
      batches.set(id, body);
      return 200;
    };
    const paths = Array.from({ length: FILES }, (_, at) =>
      node.container(`p-${at}`, "shop", "web"),
    );
    const file = options(node.folder);
    let agent = await startAgent(file);
    let rotations = 0;
    const writing = (async () => {
      for (let line = 0; line < LINES; line += 1) {
        const at = line % FILES;
        const path = paths[at] ?? "";
        const time = new Date(1_780_000_000_000 + line).toISOString().replace("Z", "000000Z");
        const half = `${at}:${line} ${"x".repeat(byte())}`;
        // Some lines come in two pieces.
        const text =
          byte() < 10
            ? `${time} stdout P ${half}\n${time} stdout F +\n`
            : `${time} stdout F ${half}\n`;
        appendFileSync(path, text);
        if (statSync(path).size > ROTATE_BYTES) {
          renameSync(path, `${path}.20260101-${String((rotations += 1)).padStart(6, "0")}`);
          appendFileSync(path, "");
        }
        if (line % 200 === 0) await pause(10);
      }
    })();
    for (let kill = 0; kill < KILLS; kill += 1) {
      await pause(150 + 3 * byte());
      await agent.kill();
      agent = await startAgent(file);
    }
    await writing;
    const countOf = (): number =>
      [...batches.values()].reduce((sum, body) => sum + messagesIn(body).length, 0);
    const endMs = Date.now() + 60_000;
    while (countOf() < LINES && Date.now() < endMs) await pause(500);
    await agent.kill();
    const perFile = Array.from({ length: FILES }, () => [] as number[]);
    for (const body of batches.values()) {
      for (const message of messagesIn(body)) {
        const [, at = "", line = ""] = /^(\d):(\d+) /.exec(message) ?? [];
        perFile[Number(at)]?.push(Number(line));
      }
    }
    for (const [at, lines] of perFile.entries()) {
      const expected = Array.from({ length: LINES / FILES }, (_, index) => index * FILES + at);
      assert.deepEqual(
        lines.toSorted((a, b) => a - b),
        expected,
        `file ${at}`,
      );
      assert.deepEqual(lines, expected, `file ${at}, in order`);
    }
    process.stdout.write(
      `logs agent: ${LINES} lines of ${FILES} files, ${rotations} rotations, ${KILLS} kills, ${batches.size} batches: each line once\n`,
    );
  },
);

const MEGABYTES_PER_SECOND = 20;
const SECONDS = 8;
const LINE_BYTES = 300;
/** Of the agent's process for each second of 20 MB; the machine's other work is not its. */
const CORES_MAX = 0.9;

/** Processor seconds of a process so far: user and system ticks of its stat file, a hundredth of a second each. */
function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

test(
  "20 MB of lines a second are read, queued durably and sent, within 0.9 of a core",
  { timeout: 120_000 },
  async () => {
    const node = nodeFolder();
    nodes.push(node);
    let bytesTaken = 0;
    let recordsTaken = 0;
    const needle = Buffer.from('{"TimeGenerated"');
    take = (_id, body) => {
      bytesTaken += body.length;
      for (let at = body.indexOf(needle); at >= 0; at = body.indexOf(needle, at + 1))
        recordsTaken += 1;
      return 200;
    };
    const paths = Array.from({ length: 10 }, (_, at) => node.container(`p-${at}`, "shop", "web"));
    const agent = await startAgent(options(node.folder));
    const pid = agent.child.pid ?? 0;
    const prefix = "2026-11-22T14:00:00.123456789Z stdout F ";
    const line = `${prefix}${"request served in 12 ms ".repeat(20)}`.slice(0, LINE_BYTES - 1);
    const perStep = Math.round((MEGABYTES_PER_SECOND * 1e6) / LINE_BYTES / 10 / paths.length);
    const block = Buffer.from(`${line}\n`.repeat(perStep));
    const files = paths.map((path) => openSync(path, "a"));
    await pause(1_500);
    const cpuBefore = cpuSecondsOf(pid);
    const beganMs = Date.now();
    for (let step = 0; step < SECONDS * 10; step += 1) {
      for (const file of files) writeSync(file, block);
      await pause(Math.max(0, beganMs + (step + 1) * 100 - Date.now()));
    }
    const writtenMs = Date.now();
    const records = perStep * paths.length * SECONDS * 10;
    const isDone = (): boolean => recordsTaken >= records || Date.now() > writtenMs + 60_000;
    while (!isDone()) await pause(50);
    const lagMs = Date.now() - writtenMs;
    const cpu = cpuSecondsOf(pid) - cpuBefore;
    const rss = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0";
    await agent.kill();
    for (const file of files) closeSync(file);
    const megabytes = (records * LINE_BYTES) / 1e6;
    process.stdout.write(
      `logs agent: ${megabytes.toFixed(0)} MB (${records} lines) in ${((writtenMs - beganMs) / 1000).toFixed(1)} s, the last ${lagMs} ms later; ` +
        `${cpu.toFixed(2)} CPU-s, ${((cpu / megabytes) * MEGABYTES_PER_SECOND).toFixed(2)} of a core at 20 MB/s, ` +
        `${Math.round(records / cpu)} records per CPU-s, ${(Number(rss) / 1024).toFixed(0)} MiB, ${(bytesTaken / 1e6).toFixed(0)} MB sent\n`,
    );
    assert.equal(recordsTaken, records);
    assert.ok((cpu / megabytes) * MEGABYTES_PER_SECOND <= CORES_MAX, `${cpu} CPU-s`);
  },
);
