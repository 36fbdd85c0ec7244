/** The metrics endpoints of the lab's pods: real HTTP listeners on loopback, whose numbers follow the cluster's clock. */
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "../../src/core/index.ts";
import { family, negotiate, renderFamilies } from "./exposition.ts";
import type { Family, LabelSet } from "./exposition.ts";
import { stateFamilies } from "./kube-state.ts";
import type { ObjectStore } from "./object-store.ts";
import { round, usageOf } from "./usage.ts";

export interface Targets {
  /** Port of the annotated example applications. */
  readonly appPort: number;
  readonly kubeStatePort: number;
  /** Ports of the node exporters, by node. */
  readonly nodeExporterPorts: Readonly<Record<string, number>>;
  readonly close: () => Promise<void>;
}

interface TargetParts {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly nodes: readonly string[];
}

/** Opens every listener on 127.0.0.1, each on a free port. */
export async function openTargets({ store, clock, nodes }: TargetParts): Promise<Targets> {
  const servers: Server[] = [];
  const startMs = clock.nowMs();
  const open = async (families: () => readonly Family[]): Promise<number> => {
    const server = createServer((incoming, outgoing) => {
      if ((incoming.url ?? "").split("?")[0] !== "/metrics") {
        outgoing.writeHead(404, { "content-type": "text/plain" });
        outgoing.end("404 page not found\n");
        return;
      }
      const form = negotiate(incoming.headers.accept);
      outgoing.writeHead(200, { "content-type": form });
      outgoing.end(renderFamilies(families(), form));
    });
    await new Promise<void>((done, fail) => {
      server.once("error", fail);
      server.listen(0, "127.0.0.1", done);
    });
    servers.push(server);
    return (server.address() as AddressInfo).port;
  };
  const nodeExporterPorts: Record<string, number> = {};
  for (const node of nodes) {
    nodeExporterPorts[node] = await open(() => nodeFamilies(node, startMs, clock.nowMs()));
  }
  return {
    appPort: await open(() => appFamilies(startMs, clock.nowMs())),
    kubeStatePort: await open(() => stateFamilies(store)),
    nodeExporterPorts,
    async close() {
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise((done) => server.close(done));
      }
    },
  };
}

/** What an instrumented web application shows: requests, their latency with exemplars, its process. */
function appFamilies(startMs: number, nowMs: number): readonly Family[] {
  const usage = usageOf("app", startMs, nowMs);
  const requests = Math.floor(usage.ageS * 7);
  const ok: LabelSet = { method: "GET", code: "200" };
  const bounds: readonly (readonly [string, number])[] = [
    ["0.05", 0.7],
    ["0.1", 0.9],
    ["0.5", 0.99],
    ["+Inf", 1],
  ];
  return [
    family("counter", "http_requests_total", "Requests served.", [
      [ok, requests],
      [{ method: "GET", code: "500" }, Math.floor(requests / 100)],
    ]),
    {
      name: "http_request_duration_seconds",
      type: "histogram",
      help: "Latency of requests.",
      samples: [
        ...bounds.map(([le, part]) => ({
          suffix: "_bucket",
          labels: { le },
          value: Math.floor(requests * part),
          ...(le === "0.1" && requests > 0
            ? {
                exemplar: {
                  labels: { trace_id: requests.toString(16).padStart(32, "0") },
                  value: 0.067,
                  atMs: nowMs,
                },
              }
            : {}),
        })),
        { suffix: "_sum", labels: {}, value: round(requests * 0.045) },
        { suffix: "_count", labels: {}, value: requests },
      ],
    },
    family("counter", "process_cpu_seconds_total", "CPU time spent.", [[{}, usage.cpuSeconds]]),
    family("gauge", "process_resident_memory_bytes", "Resident memory.", [[{}, usage.memoryBytes]]),
    family("gauge", "process_start_time_seconds", "Start time.", [[{}, startMs / 1000]]),
  ];
}

/** What node-exporter shows by default, in part. */
function nodeFamilies(node: string, startMs: number, nowMs: number): readonly Family[] {
  const usage = usageOf(node, startMs, nowMs);
  const cpus = ["0", "1", "2", "3"];
  const total = 16 * 1024 ** 3;
  return [
    family(
      "counter",
      "node_cpu_seconds_total",
      "Seconds the CPUs spent in each mode.",
      cpus.flatMap((cpu): readonly (readonly [LabelSet, number])[] => [
        [{ cpu, mode: "user" }, round(usage.cpuSeconds / 4)],
        [{ cpu, mode: "idle" }, round(usage.ageS - usage.cpuSeconds / 4)],
      ]),
    ),
    family("gauge", "node_memory_MemTotal_bytes", "Memory.", [[{}, total]]),
    family("gauge", "node_memory_MemAvailable_bytes", "Memory that is free to use.", [
      [{}, total - usage.memoryBytes * 8],
    ]),
    family("gauge", "node_load1", "1m load average.", [[{}, round(usage.cpuCores * 4)]]),
    family("gauge", "node_filesystem_size_bytes", "Filesystem size.", [
      [{ device: "/dev/root", fstype: "ext4", mountpoint: "/" }, 130e9],
    ]),
    family("gauge", "node_filesystem_avail_bytes", "Filesystem space available.", [
      [{ device: "/dev/root", fstype: "ext4", mountpoint: "/" }, 90e9],
    ]),
    family("counter", "node_network_receive_bytes_total", "Bytes received.", [
      [{ device: "eth0" }, usage.networkBytes],
    ]),
    family("gauge", "node_uname_info", "Labels of uname.", [
      [{ nodename: node, release: "5.15.0-lab", sysname: "Linux" }, 1],
    ]),
    family("gauge", "node_boot_time_seconds", "Boot time.", [[{}, startMs / 1000]]),
  ];
}
