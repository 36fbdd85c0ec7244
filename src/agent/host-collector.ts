/**
 * The built-in host collector: this machine's processor, memory, disk, network and load under node_exporter's names.
 * Its job is `linkscope-host`, so that nobody takes it for a node of the cluster.
 */
import { readFile, statfs } from "node:fs/promises";
import {
  arch,
  cpus,
  freemem,
  hostname,
  loadavg,
  release,
  totalmem,
  type,
  uptime,
  version,
} from "node:os";
import { join } from "node:path";
import { limits } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import {
  diskSamples,
  fileSamples,
  hostSample,
  loadSamples,
  meminfoSamples,
  networkSamples,
  readMounts,
  statSamples,
} from "./host-files.ts";
import type { SampleSource, ScrapedSample } from "./scrape.ts";

export const hostJob = "linkscope-host";

export interface HostCollectorOptions {
  readonly clock: Clock;
  /** `/proc`, or undefined where the machine has none. */
  readonly procPath: string | undefined;
  /** `limits.scrapeIntervalMs` where absent. */
  readonly intervalMs?: number;
}

/** A family of metrics, by the name of node_exporter's collector. */
type Collector = readonly [name: string, read: () => Promise<readonly ScrapedSample[]>];

/**
 * This machine as a source. A family that cannot be read is missing, and `node_scrape_collector_success{collector}` is 0 for it:
 * without /proc these are diskstats, filesystem, filefd and netdev, and all of meminfo but total and free.
 */
export function hostSource(options: HostCollectorOptions): SampleSource {
  const collectors =
    options.procPath === undefined
      ? collectorsWithoutProc(options.clock)
      : procCollectors(options.procPath);
  return {
    job: hostJob,
    instance: hostname(),
    labels: {},
    intervalMs: options.intervalMs ?? limits.scrapeIntervalMs,
    read: async () => {
      const families = await Promise.all(collectors.map(collect));
      const now = hostSample("node_time_seconds", options.clock.nowMs() / 1000);
      return { kind: "scraped", samples: [...families.flat(), unameSample(), now] };
    },
  };
}

async function collect([collector, read]: Collector): Promise<readonly ScrapedSample[]> {
  const success = (value: number): ScrapedSample =>
    hostSample("node_scrape_collector_success", value, { collector });
  try {
    const samples = await read();
    // A kernel that writes something else must not become a NaN that looks like data.
    const sound = samples.filter(({ value }) => Number.isFinite(value));
    return [...sound, success(samples.length > 0 && sound.length === samples.length ? 1 : 0)];
  } catch {
    return [success(0)];
  }
}

function procCollectors(procPath: string): readonly Collector[] {
  const text = (name: string): Promise<string> => readFile(join(procPath, name), "utf8");
  const of =
    (name: string, parse: (text: string) => readonly ScrapedSample[]): Collector[1] =>
    async () =>
      parse(await text(name));
  return [
    ["cpu", of("stat", statSamples)],
    ["meminfo", of("meminfo", meminfoSamples)],
    ["loadavg", of("loadavg", loadSamples)],
    ["netdev", of("net/dev", networkSamples)],
    ["diskstats", of("diskstats", diskSamples)],
    ["filefd", of("sys/fs/file-nr", fileSamples)],
    ["filesystem", async () => fileSystemSamples(await text("self/mounts"))],
  ];
}

async function fileSystemSamples(mounts: string): Promise<readonly ScrapedSample[]> {
  const samples: ScrapedSample[] = [];
  for (const mount of readMounts(mounts).slice(0, limits.hostMountsMax)) {
    const { device, mountpoint, fstype, readonly } = mount;
    const labels = { device, mountpoint, fstype };
    try {
      const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(mountpoint);
      samples.push(
        hostSample("node_filesystem_size_bytes", blocks * bsize, labels),
        hostSample("node_filesystem_free_bytes", bfree * bsize, labels),
        hostSample("node_filesystem_avail_bytes", bavail * bsize, labels),
        hostSample("node_filesystem_files", files, labels),
        hostSample("node_filesystem_files_free", ffree, labels),
        hostSample("node_filesystem_readonly", readonly ? 1 : 0, labels),
        hostSample("node_filesystem_device_error", 0, labels),
      );
    } catch {
      samples.push(hostSample("node_filesystem_device_error", 1, labels));
    }
  }
  return samples;
}

/** What Node knows on any system. The other families are refused by name. */
function collectorsWithoutProc(clock: Clock): readonly Collector[] {
  const refused: Collector[1] = () => Promise.reject(new Error("needs /proc"));
  return [
    ["cpu", () => Promise.resolve(cpuSamples(clock))],
    [
      "meminfo",
      () =>
        Promise.resolve([
          hostSample("node_memory_MemTotal_bytes", totalmem()),
          hostSample("node_memory_MemFree_bytes", freemem()),
        ]),
    ],
    ["loadavg", () => Promise.resolve(loadSamples(loadavg().join(" ")))],
    ["netdev", refused],
    ["diskstats", refused],
    ["filefd", refused],
    ["filesystem", refused],
  ];
}

const cpuSamples = (clock: Clock): readonly ScrapedSample[] => [
  hostSample("node_boot_time_seconds", Math.round(clock.nowMs() / 1000 - uptime())),
  ...cpus().flatMap(({ times }, cpu) =>
    Object.entries(times).map(([mode, ms]) =>
      hostSample("node_cpu_seconds_total", ms / 1000, {
        cpu: String(cpu),
        mode: mode === "sys" ? "system" : mode,
      }),
    ),
  ),
];

const unameSample = (): ScrapedSample =>
  hostSample("node_uname_info", 1, {
    sysname: type(),
    release: release(),
    version: version(),
    machine: arch(),
    nodename: hostname(),
  });
