/** Platforms that are started wrongly, or where something stands in the way: each says what it is, or works all the same. */
import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { cloud } from "../../src/azure/index.ts";
import { machineContext } from "../../src/bin/machine.ts";
import { connectTo } from "../../src/cli/platform/connect.ts";
import { CodedError } from "../../src/core/index.ts";
import { lacking } from "../support/command.ts";
import type { ReadyLine } from "../support/command.ts";
import { kill, linkscopeAt, place, platformOf, runAt, unmarkable, until } from "./marked-run.ts";
import type { Place, Run } from "./marked-run.ts";

const context = machineContext(new AbortController().signal);
const options = { skip: unmarkable, timeout: 60_000 };

function up(at: Place, data: string): Run {
  return linkscopeAt(at, ["up", "--data", data, "-o", "json"]);
}

async function readyOf(run: Run): Promise<ReadyLine> {
  await run.printed("\n");
  return JSON.parse(run.out()) as ReadyLine;
}

const portsOf = (data: string): Readonly<Record<string, number>> =>
  JSON.parse(readFileSync(join(data, "ports.json"), "utf8")) as Record<string, number>;

async function stopped(run: Run, at: Place): Promise<void> {
  run.signal("SIGTERM");
  assert.deepEqual(await run.ended, { code: 0, signal: null }, run.note());
  assert.deepEqual(at.pids(), []);
  assert.deepEqual(readdirSync(at.temporary), []);
}

test(
  "a second `up` on a data folder is refused with DataFolderInUse and the holder's id, and the first goes on",
  options,
  async (t) => {
    const at = place(t);
    const data = at.file("data");
    const first = up(at, data);
    const ready = await readyOf(first);
    const second = up(at, data);
    assert.equal((await second.ended).code, 1);
    assert.match(second.note(), /\(DataFolderInUse\)/);
    assert.ok(second.note().includes(`process ${ready.pid}`), second.note());
    const shown = linkscopeAt(at, [
      "token",
      "--data",
      data,
      "--resource",
      "https://monitor.azure.com",
    ]);
    assert.equal((await shown.ended).code, 0, shown.note());
    await stopped(first, at);
  },
);

test(
  "of many `up` at once on one folder one runs, also over the lock of a platform that was killed",
  options,
  async (t) => {
    const at = place(t);
    const data = at.file("data");
    const killed = up(at, data);
    await readyOf(killed);
    for (const pid of at.pids()) kill(pid);
    await killed.ended;
    const runs = Array.from({ length: 4 }, () => up(at, data));
    const ready = await Promise.any(
      runs.map(async (run) => ({ run, pid: (await readyOf(run)).pid })),
    );
    for (const run of runs) {
      if (run === ready.run) continue;
      assert.equal((await run.ended).code, 1);
      assert.match(run.note(), /DataFolderInUse/);
    }
    await stopped(ready.run, at);
  },
);

test(
  "a lock that names a living process which is no platform is taken over",
  options,
  async (t) => {
    const at = place(t);
    const data = at.file("data");
    mkdirSync(data, { mode: 0o700 });
    // As after a restart of the machine or of a container: the id is another process's by now.
    writeFileSync(join(data, "lock"), String(process.pid));
    writeFileSync(join(data, "platform.json"), JSON.stringify({ version: 1, pid: process.pid }));
    const none = linkscopeAt(at, ["show", "--data", data]);
    assert.equal((await none.ended).code, 1);
    assert.match(none.note(), /\(NoPlatform\)/);
    const run = up(at, data);
    await readyOf(run);
    await stopped(run, at);
  },
);

test(
  "files that a platform wrote halfway when it was killed do not stop the next one",
  options,
  async (t) => {
    const at = place(t);
    const data = at.file("data");
    mkdirSync(data, { mode: 0o700 });
    for (const name of ["ports.json", "platform.json"]) writeFileSync(join(data, name), '{"armPo');
    const run = up(at, data);
    await readyOf(run);
    await stopped(run, at);
  },
);

test("a data folder that is a file is refused with its path", options, async (t) => {
  const at = place(t);
  const data = at.file("data");
  writeFileSync(data, "");
  const run = up(at, data);
  assert.equal((await run.ended).code, 1);
  assert.match(run.note(), /\(DataFolderUnusable\)/);
  assert.ok(run.note().includes(data), run.note());
  assert.deepEqual(readdirSync(at.temporary), []);
});

const asRoot = process.getuid?.() === 0;
const skip = unmarkable || (asRoot ? lacking("setpriv") : false);

test(
  "a data folder that may not be read or written is refused with the system's reason",
  { ...options, skip },
  async (t) => {
    for (const mode of [0o000, 0o500]) {
      const at = place(t);
      const data = at.file("data");
      mkdirSync(data);
      const run = asRoot ? asNobody(at, data, mode) : up(atMode(at, data, mode), data);
      assert.equal((await run.ended).code, 1);
      assert.match(run.note(), /\(DataFolderUnusable\)/);
      assert.match(run.note(), /EACCES|unable to open|permission/i);
      assert.ok(run.note().includes(data), run.note());
      chmodSync(data, 0o700);
      assert.deepEqual(readdirSync(at.temporary), []);
    }
  },
);

function atMode(at: Place, data: string, mode: number): Place {
  chmodSync(data, mode);
  return at;
}

/** Root may read everything, so another user tries. */
function asNobody(at: Place, data: string, mode: number): Run {
  const nobody = 65_534;
  for (const path of [data, at.working, at.temporary]) chownSync(path, nobody, nobody);
  chmodSync(join(data, ".."), 0o755);
  const words = ["--reuid", String(nobody), "--regid", String(nobody), "--clear-groups", "--"];
  const cli = join(import.meta.dirname, "../../src/bin/linkscope.ts");
  chmodSync(data, mode);
  return runAt(at, ["setpriv", ...words, process.execPath, cli, "up", "--data", data]);
}

test("ports that were used last and are taken now are replaced by others", options, async (t) => {
  const at = place(t);
  const data = at.file("data");
  const first = up(at, data);
  await readyOf(first);
  await stopped(first, at);
  const used = portsOf(data);
  assert.deepEqual(Object.keys(used).toSorted(), [
    "armPort",
    "gatewayPort",
    "metricsPort",
    "portalPort",
    "publicPort",
  ]);
  const taken = await Promise.all(Object.values(used).map((port) => taking(t, port)));
  const second = up(at, data);
  const { arm } = await readyOf(second);
  assert.ok(!taken.includes(Number(new URL(arm).port)));
  const now = portsOf(data);
  for (const port of Object.values(now)) assert.ok(!taken.includes(port), `${port} is taken`);
  const asked = linkscopeAt(at, [
    "token",
    "--data",
    data,
    "--resource",
    "https://monitor.azure.com",
  ]);
  assert.equal((await asked.ended).code, 0, asked.note());
  await stopped(second, at);
});

async function taking(t: TestContext, port: number): Promise<number> {
  const server = createServer().listen(port, "127.0.0.1");
  await new Promise((done, fail) => server.once("listening", done).once("error", fail));
  t.after(() => new Promise((done) => server.close(done)));
  return (server.address() as AddressInfo).port;
}

test(
  "a process whose port was taken while it was down is reached at another, also through the fabric",
  options,
  async (t) => {
    const at = place(t);
    const data = at.file("data");
    const run = up(at, data);
    await readyOf(run);
    const doors = { edge: cloud.globalHandlerHost, control: cloud.armHost };
    for (const [name, host] of Object.entries(doors)) {
      const { processes, arm } = platformOf(data) ?? {};
      const portName = name === "edge" ? "publicPort" : "armPort";
      const port = portsOf(data)[portName] ?? 0;
      // The parent sees the end only when the port is another's.
      run.signal("SIGSTOP");
      kill(processes?.[name]);
      await until("its port is free, and taken", () => taking(t, port).catch(() => false));
      run.signal("SIGCONT");
      await until(`${name} was started again`, () => portsOf(data)[portName] !== port);
      await until(
        `${host} answers by the fabric`,
        async () => (await statusOutside(data, host)) < 500,
      );
      if (name === "control") assert.notEqual(platformOf(data)?.arm, arm);
    }
    const asked = linkscopeAt(at, [
      "token",
      "--data",
      data,
      "--resource",
      "https://monitor.azure.com",
    ]);
    assert.equal((await asked.ended).code, 0, asked.note());
    await stopped(run, at);
  },
);

/** The status of a host for a client that stands outside; 599 while nothing answers. */
async function statusOutside(data: string, host: string): Promise<number> {
  const file = platformOf(data);
  if (file === undefined) return 599;
  const connection = connectTo(file, context);
  try {
    const { transport, close } = await connection.stand({ kind: "public" });
    try {
      const path = host === cloud.armHost ? "metadata/endpoints?api-version=2019-05-01" : "";
      const request = { method: "GET", url: `https://${host}/${path}`, timeoutMs: 2_000 };
      return (await transport.send(request)).status;
    } finally {
      await close();
    }
  } catch (error) {
    assert.ok(error instanceof CodedError, String(error));
    return 599;
  } finally {
    connection.close();
  }
}

test("ports that make no sense are passed over", options, async (t) => {
  const at = place(t);
  const data = at.file("data");
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(
    join(data, "ports.json"),
    JSON.stringify({
      armPort: 70_000,
      portalPort: -1,
      publicPort: "443",
      metricsPort: null,
      gatewayPort: 1.5,
    }),
  );
  const run = up(at, data);
  await readyOf(run);
  await stopped(run, at);
});

test(
  "a platform whose parent alone is killed ends by itself, and leaves the folder to the next one",
  options,
  async (t) => {
    const at = place(t);
    const data = at.file("data");
    const run = up(at, data);
    const { pid } = await readyOf(run);
    kill(pid);
    await until("its processes are gone", () => at.pids().length === 0, 15_000);
    const next = up(at, data);
    await readyOf(next);
    assert.equal(readdirSync(at.temporary).length, 1, "the sockets of the killed one are removed");
    await stopped(next, at);
  },
);

test("a platform that is asked to end while it starts leaves nothing", options, async (t) => {
  const at = place(t);
  const data = at.file("data");
  const run = up(at, data);
  await until("it has begun", () => existsSync(join(data, "keys")));
  run.signal("SIGTERM");
  assert.deepEqual(await run.ended, { code: 0, signal: null }, run.note());
  assert.deepEqual(at.pids(), []);
  assert.deepEqual(readdirSync(at.temporary), []);
});
