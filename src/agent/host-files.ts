/** What Linux tells of the machine under /proc, read into samples with node_exporter's names. @see github.com/prometheus/node_exporter collector/ */
import { labelsOf } from "../core/index.ts";
import type { ScrapedSample } from "./scrape.ts";

/** One sample of this machine, at the scrape's own time. */
export const hostSample = (
  name: string,
  value: number,
  labels: Readonly<Record<string, string>> = {},
): ScrapedSample => ({
  labels: labelsOf({ ...labels, __name__: name }),
  value,
  timestampMs: undefined,
});

/** The kernel's clock ticks per second: fixed at 100 for what it shows to programs. @see proc(5), USER_HZ */
const ticksPerSecond = 100;
const cpuModes = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"] as const;
const statCounters: ReadonlyMap<string, string> = new Map([
  ["btime", "node_boot_time_seconds"],
  ["ctxt", "node_context_switches_total"],
  ["intr", "node_intr_total"],
  ["processes", "node_forks_total"],
  ["procs_running", "node_procs_running"],
  ["procs_blocked", "node_procs_blocked"],
]);

/** `/proc/stat`: processor time by mode, boot time, switches, interrupts and forks. */
export function statSamples(text: string): readonly ScrapedSample[] {
  return lines(text).flatMap(([key = "", ...values]) => {
    const counter = statCounters.get(key);
    if (counter !== undefined) return [hostSample(counter, Number(values[0]))];
    const cpu = /^cpu(\d+)$/.exec(key)?.[1];
    if (cpu === undefined) return [];
    return cpuModes.flatMap((mode, index) => {
      const ticks = values[index];
      if (ticks === undefined) return [];
      return [hostSample("node_cpu_seconds_total", Number(ticks) / ticksPerSecond, { cpu, mode })];
    });
  });
}

/** `/proc/meminfo`: `Active(anon): 5 kB` is `node_memory_Active_anon_bytes`; counts of pages have no unit. */
export function meminfoSamples(text: string): readonly ScrapedSample[] {
  return lines(text).flatMap(([key = "", value, unit]) => {
    const name = key.replace(":", "").replace("(", "_").replace(")", "");
    if (!/^\w+$/.test(name) || value === undefined) return [];
    return unit === "kB"
      ? [hostSample(`node_memory_${name}_bytes`, Number(value) * 1024)]
      : [hostSample(`node_memory_${name}`, Number(value))];
  });
}

/** `/proc/loadavg`. */
export function loadSamples(text: string): readonly ScrapedSample[] {
  const [one, five, fifteen] = text.trim().split(/\s+/);
  return [
    hostSample("node_load1", Number(one)),
    hostSample("node_load5", Number(five)),
    hostSample("node_load15", Number(fifteen)),
  ];
}

const received = ["bytes", "packets", "errs", "drop", "fifo", "frame", "compressed", "multicast"];
const transmitted = ["bytes", "packets", "errs", "drop", "fifo", "colls", "carrier", "compressed"];

/** `/proc/net/dev`. */
export function networkSamples(text: string): readonly ScrapedSample[] {
  return text.split("\n").flatMap((line) => {
    const mark = line.lastIndexOf(":");
    const values = line
      .slice(mark + 1)
      .trim()
      .split(/\s+/);
    if (mark < 0 || values.length < received.length + transmitted.length) return [];
    const device = line.slice(0, mark).trim();
    const counters = (way: string, names: readonly string[], from: number): ScrapedSample[] =>
      names.map((name, index) =>
        hostSample(`node_network_${way}_${name}_total`, Number(values[from + index]), { device }),
      );
    return [
      ...counters("receive", received, 0),
      ...counters("transmit", transmitted, received.length),
    ];
  });
}

const sectorBytes = 512;
/** The fields after the device's name, with what one unit of each is. @see kernel.org/doc/Documentation/iostats.txt */
const diskFields: readonly (readonly [name: string, unit: number])[] = [
  ["reads_completed_total", 1],
  ["reads_merged_total", 1],
  ["read_bytes_total", sectorBytes],
  ["read_time_seconds_total", 1e-3],
  ["writes_completed_total", 1],
  ["writes_merged_total", 1],
  ["written_bytes_total", sectorBytes],
  ["write_time_seconds_total", 1e-3],
  ["io_now", 1],
  ["io_time_seconds_total", 1e-3],
  ["io_time_weighted_seconds_total", 1e-3],
];
/** Partitions and loop devices are left out, as node_exporter does by default. */
const ignoredDisk = /^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$/;

/** `/proc/diskstats`. */
export function diskSamples(text: string): readonly ScrapedSample[] {
  return lines(text).flatMap(([, , device = "", ...values]) => {
    if (device === "" || ignoredDisk.test(device)) return [];
    return diskFields.flatMap(([name, unit], index) => {
      const value = values[index];
      return value === undefined
        ? []
        : [hostSample(`node_disk_${name}`, Number(value) * unit, { device })];
    });
  });
}

/** `/proc/sys/fs/file-nr`. */
export function fileSamples(text: string): readonly ScrapedSample[] {
  const [allocated, , maximum] = text.trim().split(/\s+/);
  return [
    hostSample("node_filefd_allocated", Number(allocated)),
    hostSample("node_filefd_maximum", Number(maximum)),
  ];
}

export interface Mount {
  readonly device: string;
  readonly mountpoint: string;
  readonly fstype: string;
  readonly readonly: boolean;
}

/** File systems of the kernel's own, and those of other machines, whose answer may never come. */
const ignoredFileSystem =
  /^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|efivarfs|fusectl|hugetlbfs|mqueue|nsfs|proc|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tracefs|nfs4?|cifs|smb3|9p|ceph|fuse\..*)$/;
const ignoredMount =
  /^\/(dev|proc|sys|run\/credentials|var\/lib\/(docker|containers|kubelet))(\/|$)/;

/** `/proc/self/mounts`: local file systems, each mount point once. */
export function readMounts(text: string): readonly Mount[] {
  const mounts = new Map<string, Mount>();
  for (const [device = "", mountpoint = "", fstype = "", options = ""] of lines(text)) {
    const path = unescapeMount(mountpoint);
    if (path === "" || ignoredFileSystem.test(fstype) || ignoredMount.test(path)) continue;
    const readonly = options.split(",").includes("ro");
    mounts.set(path, { device: unescapeMount(device), mountpoint: path, fstype, readonly });
  }
  return [...mounts.values()];
}

/** Blanks and backslashes stand in octal. */
const unescapeMount = (text: string): string =>
  text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );

const lines = (text: string): readonly (readonly string[])[] =>
  text.split("\n").map((line) => line.trim().split(/\s+/));
