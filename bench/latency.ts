/**
 * Prints what the private way in adds to a write: the same request on two keep-alive connections, one to the edge's public
 * listener, one through a private endpoint of the fabric, in turns.
 */
import { readFileSync } from "node:fs";
import { request } from "node:https";
import type { Agent as HttpsAgent } from "node:https";
import { Agent } from "node:https";
import { join } from "node:path";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { openSession } from "../src/cli/exec/index.ts";
import { encodeWriteRequest, snappyEncode } from "../src/wire/index.ts";
import { removeFolder, startPlatform } from "../test/support/command.ts";
import { makePrivateEstate } from "../test/support/private-estate.ts";
import { processCpuMs, quantile } from "./process-cpu.ts";
import { openTunnel } from "./tunnel.ts";

const WARM_UP = 300;
const ROUNDS = Number(process.argv[2] ?? 2000);
const SERIES = 100;
const GOAL_MS = 0.3;

const platform = await startPlatform();
const estate = await makePrivateEstate(platform.ready, { publicAccess: "Enabled" });
const file = JSON.parse(readFileSync(join(platform.data, "platform.json"), "utf8")) as {
  readonly fabric: string;
  readonly metrics: string;
  readonly processes: Readonly<Record<string, number>>;
};
const ports = JSON.parse(readFileSync(join(platform.data, "ports.json"), "utf8")) as Record<
  string,
  number
>;
const ca = readFileSync(platform.ready.ca);
const token = await estate.token("https://monitor.azure.com/");
const session = await openSession(file.fabric, { kind: "vnet", vnet: estate.vnetName });
const host = estate.hosts.metrics;

/** An agent with one connection, made over whatever `dial` gives. */
function single(dial: () => Promise<Socket> | Socket): HttpsAgent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  agent.createConnection = (_options, done) => {
    Promise.resolve(dial()).then(
      (socket) => {
        const secured = connectTls({ socket, ca, servername: host });
        secured.once("secureConnect", () => done?.(null, secured));
        secured.once("error", (error) => done?.(error, secured));
      },
      (error: unknown) => done?.(error as Error, undefined as never),
    );
    return undefined;
  };
  return agent;
}

const { connect } = await import("node:net");
const ways = {
  plain: single(() =>
    connect({ host: "127.0.0.1", port: ports["publicPort"] ?? 0, noDelay: true }),
  ),
  private: single(() => openTunnel(session.doors.gatewayUrl, `${host}:443`)),
};

let timestampMs = Date.now();
function body(): Buffer {
  timestampMs += 1;
  const series = Array.from({ length: SERIES }, (_, index) => ({
    labels: [
      { name: "__name__", value: "bench_latency" },
      { name: "series", value: String(index) },
    ],
    samples: [{ timestampMs, value: Math.random() }],
  }));
  return snappyEncode(encodeWriteRequest(series));
}

function write(agent: HttpsAgent, payload: Buffer): Promise<number> {
  return new Promise((done, fail) => {
    const startedAt = performance.now();
    const call = request(
      estate.writeUrl,
      {
        method: "POST",
        agent,
        headers: {
          authorization: `Bearer ${token}`,
          "content-type": "application/x-protobuf",
          "content-encoding": "snappy",
          "x-prometheus-remote-write-version": "0.1.0",
          "content-length": payload.length,
        },
      },
      (response) => {
        response.resume();
        response.once("end", () => {
          if (response.statusCode !== 204) fail(new Error(`the write got ${response.statusCode}`));
          else done(performance.now() - startedAt);
        });
      },
    );
    call.once("error", fail);
    call.end(payload);
  });
}

const cpu = (): Record<string, number> =>
  Object.fromEntries(
    Object.entries(file.processes).map(([name, pid]) => [name, processCpuMs(pid)]),
  );

for (let round = 0; round < WARM_UP; round++) {
  await write(ways.plain, body());
  await write(ways.private, body());
}
const plain: number[] = [];
const through: number[] = [];
const before = cpu();
for (let round = 0; round < ROUNDS; round++) {
  plain.push(await write(ways.plain, body()));
  through.push(await write(ways.private, body()));
}
const after = cpu();

const figure = (part: number): string => {
  const [a, b] = [quantile(plain, part), quantile(through, part)];
  return `p${part * 100} ${a.toFixed(3)} ms plain, ${b.toFixed(3)} ms private, ${(b - a).toFixed(3)} ms added`;
};
const used = Object.keys(before).map(
  (name) =>
    `${name} ${((((after[name] ?? 0) - (before[name] ?? 0)) * 1000) / (2 * ROUNDS)).toFixed(0)} µs`,
);
process.stdout.write(
  `a write of ${SERIES} samples, ${ROUNDS} each way in turns: ${figure(0.5)}; ${figure(0.99)}\n` +
    `CPU for each write, both ways together: ${used.join(", ")}\n` +
    `goal: at most ${GOAL_MS} ms added at p50: ${quantile(through, 0.5) - quantile(plain, 0.5) <= GOAL_MS ? "met" : "not met"}\n`,
);
ways.plain.destroy();
ways.private.destroy();
estate.close();
await session.close();
await platform.stop();
removeFolder(platform.data);
