/** The host collector: /proc as text, this machine as it is, and a machine without /proc. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { testFolder } from "../client/testing/servers.ts";
import { fakeClock, formatLabels, limits } from "../core/index.ts";
import {
  diskSamples,
  fileSamples,
  loadSamples,
  meminfoSamples,
  networkSamples,
  readMounts,
  statSamples,
} from "./host-files.ts";
import { hostSource } from "./index.ts";
import type { ScrapedSample } from "./scrape.ts";

const record = (samples: readonly ScrapedSample[]): Record<string, number> =>
  Object.fromEntries(samples.map(({ labels, value }) => [formatLabels(labels), value]));
async function scrape(procPath: string | undefined): Promise<Record<string, number>> {
  const outcome = await hostSource({ clock: fakeClock(), procPath }).read();
  assert.ok(outcome.kind === "scraped");
  return record(outcome.samples);
}

test("/proc/stat gives seconds by processor and mode, and the counters beside them", () => {
  const text =
    "cpu  9 9\ncpu0 1234 5 100 9000 7 0 3 2 0 0\nintr 77 0 1\nctxt 88\nbtime 1700000000\nprocesses 9\nprocs_running 2\nprocs_blocked 1\nsoftirq 1 2\n";
  const samples = record(statSamples(text));
  assert.equal(samples['node_cpu_seconds_total{cpu="0", mode="user"}'], 12.34);
  assert.equal(samples['node_cpu_seconds_total{cpu="0", mode="steal"}'], 0.02);
  assert.equal(samples["node_boot_time_seconds"], 1_700_000_000);
  assert.equal(samples["node_intr_total"], 77);
  assert.equal(samples["node_context_switches_total"], 88);
  assert.equal(samples["node_forks_total"], 9);
  assert.equal(Object.keys(samples).length, 8 + 6);
});

test("/proc/meminfo gives bytes, and counts without a unit as they are", () => {
  const text = "MemTotal:       24684084 kB\nActive(anon):     5 kB\nHugePages_Total:       3\n";
  assert.deepEqual(record(meminfoSamples(text)), {
    node_memory_MemTotal_bytes: 24_684_084 * 1024,
    node_memory_Active_anon_bytes: 5 * 1024,
    node_memory_HugePages_Total: 3,
  });
});

test("/proc/loadavg, file-nr and net/dev are read, also a device glued to its first number", () => {
  assert.equal(record(loadSamples("2.51 1.24 0.60 3/107 20886\n"))["node_load15"], 0.6);
  assert.equal(record(fileSamples("643\t0\t2466170\n"))["node_filefd_maximum"], 2_466_170);
  const text =
    "Inter-| Receive | Transmit\n face |bytes packets|bytes packets\n  eth0:123 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18\n";
  const samples = record(networkSamples(text));
  assert.equal(samples['node_network_receive_bytes_total{device="eth0"}'], 123);
  assert.equal(samples['node_network_receive_multicast_total{device="eth0"}'], 10);
  assert.equal(samples['node_network_transmit_bytes_total{device="eth0"}'], 11);
  assert.equal(samples['node_network_transmit_compressed_total{device="eth0"}'], 18);
});

test("/proc/diskstats gives bytes and seconds of whole disks", () => {
  const row = "10 1 200 3000 20 2 400 5000 1 6000 7000";
  const text = `   8 0 sda ${row}\n   8 1 sda1 ${row}\n   7 0 loop0 ${row}\n 259 0 nvme0n1 ${row}\n`;
  const samples = record(diskSamples(text));
  assert.equal(samples['node_disk_read_bytes_total{device="sda"}'], 200 * 512);
  assert.equal(samples['node_disk_write_time_seconds_total{device="nvme0n1"}'], 5);
  assert.equal(samples['node_disk_io_time_weighted_seconds_total{device="sda"}'], 7);
  assert.equal(Object.keys(samples).length, 22);
});

test("mounts of the kernel's own and of other machines are left out, names are unescaped", () => {
  const text =
    "proc /proc proc rw 0 0\n/dev/sda1 / ext4 ro,relatime 0 0\n/dev/sdb1 /my\\040disk xfs rw 0 0\nserver:/x /mnt nfs4 rw 0 0\ntmpfs /dev/shm tmpfs rw 0 0\n";
  assert.deepEqual(readMounts(text), [
    { device: "/dev/sda1", mountpoint: "/", fstype: "ext4", readonly: true },
    { device: "/dev/sdb1", mountpoint: "/my disk", fstype: "xfs", readonly: false },
  ]);
});

test(
  "this machine's numbers are real, under node_exporter's names",
  { skip: existsSync("/proc/stat") ? false : "this system has no /proc" },
  async () => {
    const samples = await scrape("/proc");
    assert.ok((samples['node_cpu_seconds_total{cpu="0", mode="user"}'] ?? 0) > 0);
    assert.ok((samples["node_memory_MemTotal_bytes"] ?? 0) > 1e6);
    assert.ok((samples["node_boot_time_seconds"] ?? 0) > 1e9);
    assert.ok('node_network_receive_bytes_total{device="lo"}' in samples);
    assert.equal(samples["node_time_seconds"], fakeClock().nowMs() / 1000);
    const families = ["cpu", "meminfo", "loadavg", "netdev", "diskstats", "filefd", "filesystem"];
    for (const collector of families) {
      assert.ok(`node_scrape_collector_success{collector="${collector}"}` in samples, collector);
    }
    const source = hostSource({ clock: fakeClock(), procPath: "/proc" });
    assert.equal(source.job, "linkscope-host");
    assert.equal(source.instance, hostname());
  },
);

test("a file system's size comes from the system itself", async () => {
  const proc = testFolder();
  mkdirSync(join(proc, "self"));
  writeFileSync(
    join(proc, "self", "mounts"),
    `/dev/x ${proc} ext4 rw 0 0\n/dev/y /none ext4 rw 0 0\n`,
  );
  const samples = await scrape(proc);
  const labels = (device: string, mountpoint: string): string =>
    `{device="${device}", fstype="ext4", mountpoint="${mountpoint}"}`;
  assert.ok((samples[`node_filesystem_size_bytes${labels("/dev/x", proc)}`] ?? 0) > 0);
  assert.equal(samples[`node_filesystem_device_error${labels("/dev/y", "/none")}`], 1);
  assert.equal(samples['node_scrape_collector_success{collector="cpu"}'], 0);
});

test("of the mounts the first that the limit allows are measured", async () => {
  const proc = testFolder();
  mkdirSync(join(proc, "self"));
  const mounts = Array.from(
    { length: limits.hostMountsMax + 1 },
    (_, n) => `/dev/x /none${n} ext4 rw 0 0`,
  );
  writeFileSync(join(proc, "self", "mounts"), mounts.join("\n"));
  const names = Object.keys(await scrape(proc));
  const measured = names.filter((name) => name.startsWith("node_filesystem_device_error"));
  assert.equal(measured.length, limits.hostMountsMax);
});

test("a kernel that writes something else gives no NaN, and the family says so", async () => {
  const proc = testFolder();
  writeFileSync(join(proc, "loadavg"), "a b c\n");
  const samples = await scrape(proc);
  assert.equal(samples['node_scrape_collector_success{collector="loadavg"}'], 0);
  assert.ok(Object.values(samples).every(Number.isFinite));
});

test("without /proc the families that need it are refused by name, the others come from the system's interface", async () => {
  const samples = await scrape(undefined);
  const success = (collector: string) =>
    samples[`node_scrape_collector_success{collector="${collector}"}`];
  for (const refused of ["netdev", "diskstats", "filefd", "filesystem"]) {
    assert.equal(success(refused), 0, refused);
  }
  for (const given of ["cpu", "meminfo", "loadavg"]) assert.equal(success(given), 1, given);
  assert.ok((samples['node_cpu_seconds_total{cpu="0", mode="idle"}'] ?? 0) > 0);
  assert.ok((samples["node_memory_MemTotal_bytes"] ?? 0) > 1e6);
});
