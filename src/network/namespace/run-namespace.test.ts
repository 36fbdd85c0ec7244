/** The relay as a process: its reports, what it refuses, and that it ends with its parent. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Duplex } from "node:stream";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { createServer } from "node:net";
import type { NamespaceOrder, NamespaceReport } from "./order.ts";

const refused = spawnSync("unshare", ["-Urnm", "--", "/bin/sh", "-c", "/sbin/ip link set lo up"]);
const skip = refused.status !== 0 && "this machine gives no namespace";
const relay = fileURLToPath(new URL("../../bin/relay.ts", import.meta.url));

interface Relay {
  readonly child: ChildProcess;
  readonly channel: Duplex;
  readonly reports: AsyncIterator<string>;
}

const next = async ({ reports }: Relay): Promise<NamespaceReport> =>
  JSON.parse(((await reports.next()) as { value: string }).value) as NamespaceReport;

function startRelay(test: TestContext): Relay {
  const child = spawn("unshare", ["-Urnm", "--", process.execPath, relay], {
    stdio: ["ignore", "pipe", "inherit", "pipe"],
  });
  test.after(() => child.kill("SIGKILL"));
  const channel = child.stdio[3] as Duplex;
  channel.on("error", () => {});
  return { child, channel, reports: createInterface({ input: channel })[Symbol.asyncIterator]() };
}

function orderOf(test: TestContext, change: Partial<NamespaceOrder>): string {
  const folder = mkdtempSync(join(tmpdir(), "ls-ns-"));
  const relaySocket = join(folder, "relay.sock");
  const fabric = createServer((socket) => socket.destroy()).listen(relaySocket);
  test.after(() => {
    fabric.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const order: NamespaceOrder = {
    relaySocket,
    prefixes: ["10.10.0.0/16"],
    dns: "168.63.129.16",
    instanceMetadata: "169.254.169.254",
    binds: [],
    emptied: [],
    hidden: [folder],
    command: ["true"],
    environment: { PATH: "/usr/bin:/bin" },
    userId: process.getuid?.() ?? 0,
    groupId: process.getgid?.() ?? 0,
    terminal: false,
    ...change,
  };
  return `${JSON.stringify(order)}\n`;
}

test("a relay reports that its command began, and how it ended", { skip }, async (t) => {
  const started = startRelay(t);
  started.channel.write(orderOf(t, { command: ["sh", "-c", "exit 9"] }));
  assert.deepEqual(await next(started), { kind: "started" });
  assert.deepEqual(await next(started), { kind: "ended", code: 9, signal: null });
  const [code] = (await once(started.child, "exit")) as [number];
  assert.equal(code, 9);
});

test(
  "an order that is none, and a namespace that cannot be furnished, are refused before anything runs",
  { skip },
  async (t) => {
    for (const [line, says] of [
      ["{}\n", /no socket/],
      [
        orderOf(t, { binds: [{ source: "/no/such/file", target: "/etc/hosts" }] }),
        /^mount --bind .*does not exist/,
      ],
    ] as const) {
      const started = startRelay(t);
      started.channel.write(line);
      const report = await next(started);
      assert.equal(report.kind, "refused");
      if (report.kind === "refused") assert.match(report.says, says);
      const [code] = (await once(started.child, "exit")) as [number];
      assert.equal(code, 125);
    }
  },
);

test("a parent that is gone takes relay and command with it", { skip }, async (t) => {
  const started = startRelay(t);
  const command = [
    "sh",
    "-c",
    "trap 'echo hung up; exit' HUP; echo ready; while :; do sleep 0.01; done",
  ];
  started.channel.write(orderOf(t, { command }));
  assert.deepEqual(await next(started), { kind: "started" });
  const { stdout } = started.child;
  assert.ok(stdout !== null);
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, "ready");
  started.channel.destroy();
  assert.equal((await lines.next()).value, "hung up");
  await once(started.child, "exit");
});
