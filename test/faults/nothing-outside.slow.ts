/** Nothing outside this machine is contacted: by no process of Node, and by no other program either. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { cloud } from "../../src/azure/index.ts";
import { projectRoot } from "../support/command.ts";
import { linkscopeAt, place, runAt, unmarkable } from "./marked-run.ts";
import type { Place, Run } from "./marked-run.ts";

const OUTSIDE_EXIT = 86;
const VNET = "vnet-aks";
const launcher = join(projectRoot, "scripts/launch.mjs");
const hook = join(projectRoot, "test/offline/forbid-outside.mjs");
const startOnce = [process.execPath, launcher, "start", "--once"];

/** Asks the configuration host as any program would; without a token the answer is 401. */
const askInside = `fetch("https://${cloud.globalHandlerHost}/").then((answer) => process.exit(answer.status === 401 ? 0 : 1))`;

/** The environment in which the hook watches, and what it wrote down. */
function watching(at: Place) {
  const log = at.file("outside.log");
  const read = (path: string): string => (existsSync(path) ? readFileSync(path, "utf8") : "");
  return {
    environment: {
      NODE_OPTIONS: `--import=${hook}`,
      LINKSCOPE_OUTSIDE_LOG: log,
      LINKSCOPE_OUTSIDE_NET: readlinkSync("/proc/self/ns/net"),
    },
    seen: () => read(log),
    watched: () => read(`${log}.loaded`),
  };
}

async function succeeded(run: Run): Promise<void> {
  const { code } = await run.ended;
  assert.equal(code, 0, `${run.out()}\n${run.note()}`);
}

/** Addresses of documentation (RFC 5737, RFC 3849) and a reserved name (RFC 6761): nobody is there. */
const outside: Readonly<Record<string, string>> = {
  "a connection": `require("net").connect(443, "192.0.2.1").on("error", () => {})`,
  "a connection by IPv6": `require("net").connect(443, "2001:db8::1").on("error", () => {})`,
  "TLS to a name": `require("tls").connect(443, "outside.invalid").on("error", () => {})`,
  "a request by fetch": `fetch("http://192.0.2.1/").catch(() => {})`,
  "a datagram": `require("dgram").createSocket("udp4").send("x", 53, "192.0.2.1", () => {})`,
  "a connected datagram socket": `require("dgram").createSocket("udp6").connect(53, "2001:db8::1")`,
  "the system's name lookup": `require("dns").lookup("outside.invalid", () => {})`,
  "a name lookup by promise": `import("node:dns/promises").then((dns) => dns.lookup("outside.invalid"))`,
  "a DNS query": `new (require("dns").Resolver)().resolve4("outside.invalid", () => {})`,
  "a listener for the outside": `require("net").createServer().listen(0)`,
  "a child's connection": `require("child_process").spawnSync(process.execPath, ["-e", 'require("net").connect(1, "192.0.2.1")'])`,
};

const inside: Readonly<Record<string, string>> = {
  "a loopback connection": `
    const server = require("net").createServer((one) => one.end()).listen(0, "127.0.0.1", () =>
      require("net").connect(server.address().port, "localhost").on("error", () => {}).on("close", () => server.close()));`,
  "a Unix socket": `
    const server = require("net").createServer((one) => one.end()).listen(process.env.TMPDIR + "/s", () =>
      require("net").connect(process.env.TMPDIR + "/s").on("close", () => server.close()));`,
  "a loopback datagram": `
    const socket = require("dgram").createSocket("udp4");
    socket.bind(0, "127.0.0.1", () => socket.send("x", socket.address().port, "127.0.0.1", () => socket.close()));`,
};

test(
  "the hook that watches Node's processes sees and ends what goes outside, and lets be what stays",
  {
    skip: unmarkable,
    timeout: 60_000,
  },
  async (t) => {
    const at = place(t);
    for (const [what, program] of Object.entries(outside)) {
      const { environment, seen } = watching({ ...at, file: (name) => at.file(`${what}.${name}`) });
      const run = runAt(at, [process.execPath, "-e", program], environment);
      const { code } = await run.ended;
      assert.equal(code, what.startsWith("a child") ? 0 : OUTSIDE_EXIT, `${what}: ${run.note()}`);
      assert.match(seen(), /192\.0\.2\.1|2001:db8::1|outside\.invalid|listen at/, what);
    }
    for (const [what, program] of Object.entries(inside)) {
      const { environment, seen, watched } = watching(at);
      await succeeded(runAt(at, [process.execPath, "-e", program], environment));
      assert.equal(seen(), "", what);
      assert.notEqual(watched(), "");
    }
  },
);

test(
  "`npm start -- --once`, `up` and both ways of `exec` contact nothing outside, as the hook sees it",
  {
    skip: unmarkable,
    timeout: 120_000,
  },
  async (t) => {
    const at = place(t);
    const { environment, seen, watched } = watching(at);
    const data = { ...environment, LINKSCOPE_DATA: at.file("data") };
    const once = runAt(at, startOnce, data);
    await succeeded(once);
    assert.equal(seen(), "");
    const processes = [
      "control.ts",
      "edge.ts",
      "fabric.ts",
      "linkscope.ts start",
      "linkscope.ts agent",
    ];
    for (const name of ["launch.mjs", ...processes]) {
      assert.ok(watched().includes(name), `${name} was watched:\n${watched()}`);
    }
    const up = linkscopeAt(at, ["up"], data);
    await up.printed("ready:");
    for (const way of [[], ["--gateway"]]) {
      const words = ["exec", "--vnet", VNET, ...way, "--", process.execPath, "-e", askInside];
      await succeeded(linkscopeAt(at, words, data));
    }
    up.signal("SIGTERM");
    await succeeded(up);
    assert.equal(seen(), "");
    assert.deepEqual(at.pids(), []);
  },
);

/** Why this machine gives no network namespace of one's own, or false. */
function noNamespace(): string | false {
  const words = ["-rn", "--", "sh", "-c", "ip link set lo up"];
  const tried = spawnSync("unshare", words, { encoding: "utf8" });
  if (tried.status === 0) return false;
  return `no network namespace: ${tried.error?.message ?? tried.stderr.trim()}`;
}

test(
  "`npm start -- --once`, `up` and `exec` work in a network namespace that has nothing but lo",
  {
    skip: unmarkable || noNamespace(),
    timeout: 120_000,
  },
  async (t) => {
    const at = place(t);
    const holder = runAt(at, [
      "unshare",
      "-rn",
      "--",
      "sh",
      "-c",
      "ip link set lo up && echo stands && exec sleep 600",
    ]);
    await holder.printed("stands");
    const enter = ["nsenter", "-t", String(holder.pid), "-U", "-n", "--preserve-credentials", "--"];
    const data = { LINKSCOPE_DATA: at.file("data") };
    const dial = `require("net").connect(443, "192.0.2.1").on("error", (error) => process.exit(error.code === "ENETUNREACH" ? 0 : 1))`;
    await succeeded(runAt(at, [...enter, process.execPath, "-e", dial]));
    const startedMs = Date.now();
    const once = runAt(at, [...enter, ...startOnce], data);
    await succeeded(once);
    assert.match(once.out(), /Every path holds/);
    t.diagnostic(`start --once with nothing but lo: ${Date.now() - startedMs} ms`);
    const command = [...enter, process.execPath, join(projectRoot, "src/bin/linkscope.ts")];
    const up = runAt(at, [...command, "up"], data);
    await up.printed("ready:");
    const words = ["exec", "--vnet", VNET, "--", process.execPath, "-e", askInside];
    const exec = runAt(at, [...command, ...words], data);
    await succeeded(exec);
    assert.match(exec.note(), /linkscope: in vnet-aks, by (a namespace|the gateway)/);
    t.diagnostic(exec.note().trim());
    up.signal("SIGTERM");
    await succeeded(up);
    assert.deepEqual(at.pids(), [holder.pid]);
    assert.deepEqual(readdirSync(at.temporary), []);
  },
);
