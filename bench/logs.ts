/**
 * Container logs through the Logs Ingestion API into the durable store, beside Debian's PostgreSQL with COPY in batches of the
 * same size: records per second of all the server's CPU time, merges included, and bytes on disk.
 * `--records N --batch N --only linkscope|postgresql`; `--queries` asks KQL over `--rows` records instead.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { makeRecords } from "./log-records.ts";
import type { RecordsLoad } from "./log-records.ts";
import { benchLogQueries } from "./log-queries.ts";
import { copyBatch, createTable, postgresPrograms, startPostgres } from "./postgres.ts";
import type { PostgresTable } from "./postgres.ts";
import { processCpuMs, treeCpuMs } from "./process-cpu.ts";

const CONNECTIONS = 3;
const RULE = `dcr-${"2".repeat(31)}a`;
const PATH = `/dataCollectionRules/${RULE}/streams/Microsoft-ContainerLogV2-HighScale?api-version=2023-01-01`;

interface Measured {
  readonly name: string;
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly diskBytes: number;
  readonly says: string;
}

interface Sending {
  readonly port: number;
  readonly token: string;
  readonly agent: Agent;
}

function send({ port, token, agent }: Sending, body?: Buffer): Promise<string> {
  const headers = {
    host: "bench",
    "content-type": "application/json",
    authorization: `Bearer ${token}`,
    "content-length": body?.length ?? 0,
  };
  const method = body === undefined ? "GET" : "POST";
  const path = body === undefined ? "/merge" : PATH;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: "127.0.0.1", port, path, method, agent, headers },
      (answer) => {
        let text = "";
        answer.on("data", (chunk) => (text += String(chunk)));
        answer.on("end", () => {
          const status = answer.statusCode ?? 0;
          if (status === 204 || status === 200) resolve(text);
          else if (status === 429)
            setTimeout(() => resolve(send({ port, token, agent }, body)), 100);
          else reject(new Error(`A request was answered ${status}: ${text.slice(0, 300)}`));
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

async function measureOurs(load: RecordsLoad, folder: string): Promise<Measured> {
  // The flag that the platform starts its edge with.
  const args = ["--initial-heap-size=64", join(import.meta.dirname, "logs-server.ts"), folder];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, "line")) as [string];
  const { port, token } = JSON.parse(line) as { readonly port: number; readonly token: string };
  const pid = child.pid ?? 0;
  try {
    const senders = Array.from({ length: CONNECTIONS }, () => ({
      port,
      token,
      agent: new Agent({ keepAlive: true, maxSockets: 1 }),
    }));
    // The engine starts with the first merge; PostgreSQL, too, is there before it is measured.
    const [sender] = senders as [Sending];
    await send(sender, Buffer.from("[{}]"));
    await send(sender);
    const before = treeCpuMs(pid);
    const edgeBefore = processCpuMs(pid);
    const startedMs = performance.now();
    await Promise.all(
      senders.map(async (one, connection) => {
        for (let at = connection; at < load.bodies.length; at += senders.length) {
          await send(one, load.bodies[at]);
        }
      }),
    );
    const wallMs = performance.now() - startedMs;
    const stats = JSON.parse(await send(sender)) as Readonly<Record<string, number>>;
    const edgeMs = processCpuMs(pid) - edgeBefore;
    const cpuMs = treeCpuMs(pid) - before;
    for (const { agent } of senders) agent.destroy();
    return {
      name: "linkscope",
      cpuMs,
      wallMs,
      diskBytes: (stats["segmentBytes"] ?? 0) + (stats["walBytes"] ?? 0),
      says: `edge ${(edgeMs / 1000).toFixed(2)} CPU-s, engine ${((cpuMs - edgeMs) / 1000).toFixed(2)}; ${stats["segments"]} segments; fdatasync before 204`,
    };
  } finally {
    child.kill("SIGKILL");
  }
}

async function measurePostgres(
  load: RecordsLoad,
  folder: string,
  options: { readonly programs: string; readonly table: PostgresTable },
): Promise<Measured> {
  const server = await startPostgres(options.programs, folder);
  try {
    const sessions = Array.from({ length: CONNECTIONS }, () => server.connect());
    const [first] = sessions as [(typeof sessions)[number]];
    await first.run(createTable(options.table));
    const how = { receivedMs: Date.now(), table: options.table };
    const batches = load.records.map((records) => Buffer.from(copyBatch(records, how)));
    for (const session of sessions) await session.run("SELECT 1;");
    const before = treeCpuMs(server.pid);
    const startedMs = performance.now();
    await Promise.all(
      sessions.map(async (session, connection) => {
        for (let at = connection; at < batches.length; at += sessions.length) {
          await session.run(batches[at] as Buffer);
        }
      }),
    );
    const wallMs = performance.now() - startedMs;
    await first.run("CHECKPOINT;");
    const cpuMs = treeCpuMs(server.pid) - before;
    const size = await first.run("SELECT pg_total_relation_size('logs');");
    return {
      name: "postgresql",
      cpuMs,
      wallMs,
      diskBytes: Number(size),
      says: `COPY, synchronous_commit; ${options.table}`,
    };
  } finally {
    await server.close();
  }
}

function print(measured: Measured, load: RecordsLoad, count: number, ours?: Measured): void {
  const { name, cpuMs, wallMs, diskBytes, says } = measured;
  const ratio = ours === undefined ? "" : `ours is ${(cpuMs / ours.cpuMs).toFixed(2)} times this`;
  console.log(
    [
      name.padEnd(21),
      `${((count / cpuMs) * 1000).toFixed(0)} records/CPU-s`,
      `${(cpuMs / 1000).toFixed(2)} CPU-s`,
      `${((count / wallMs) * 1000).toFixed(0)} records/s acknowledged`,
      `${(diskBytes / count).toFixed(1)} B a record on disk, 1/${(load.bytes / diskBytes).toFixed(1)} of the JSON`,
      says,
      ratio,
    ].join("  "),
  );
}

async function benchIngestion(
  count: number,
  batch: number,
  only: string | undefined,
): Promise<void> {
  const load = makeRecords(count, batch, Date.now());
  console.log(
    `load: ${count} records, ${(load.bytes / count).toFixed(0)} B of JSON each, ${batch} a request, ${CONNECTIONS} connections`,
  );
  const inFolder = async (run: (folder: string) => Promise<Measured>): Promise<Measured> => {
    const folder = await mkdtemp(join(tmpdir(), "linkscope-bench-logs-"));
    try {
      return await run(folder);
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  };
  let ours: Measured | undefined;
  if (only !== "postgresql") {
    ours = await inFolder((folder) => measureOurs(load, folder));
    print(ours, load, count);
  }
  const programs = postgresPrograms();
  if (programs === undefined || only === "linkscope") {
    console.log("postgresql             skipped: apt-get install postgresql");
    return;
  }
  for (const table of ["json, index", "columns, index", "columns"] as const) {
    const measured = await inFolder((folder) => measurePostgres(load, folder, { programs, table }));
    print(measured, load, count, ours);
  }
}

const { values: flags } = parseArgs({
  options: {
    records: { type: "string", default: "1000000" },
    batch: { type: "string", default: "3400" },
    only: { type: "string" },
    queries: { type: "boolean", default: false },
    rows: { type: "string", default: "10000000" },
  },
});
if (flags.queries) await benchLogQueries(Number(flags.rows));
else await benchIngestion(Number(flags.records), Number(flags.batch), flags.only);
