/** `exec` with foreign programs: curl, getent, dig, openssl and Node, in a namespace and by the gateway. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { cloud, publicAddressOf } from "../../azure/index.ts";
import { seededRandom } from "../../core/index.ts";
import { addresses, hosts, ids } from "../../network/testing/estate.ts";
import { namespaceProblem } from "./run-in-namespace.ts";
import type { Where } from "./admin-client.ts";
import { execRig } from "./testing/exec-rig.ts";

const problem = namespaceProblem(process.platform);
const noNamespace = problem !== undefined && `this machine gives no namespace: ${problem}`;
const lacking = ["curl", "getent", "openssl"].filter(
  (name) => spawnSync(name, ["--version"]).error !== undefined,
);
const noClients = lacking.length > 0 && `not installed: ${lacking.join(", ")}`;
const noDig = spawnSync("dig", ["-v"]).error !== undefined && "dig is not installed";

const inside: Where = { kind: "vnet", vnet: "vnet-inside" };
const inNamespace = { way: "namespace", where: inside } as const;
const byGateway = { way: "gateway", where: inside } as const;
const identity = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01";

const script = (...lines: readonly string[]): readonly string[] => ["sh", "-c", lines.join("\n")];

test(
  "in a namespace, curl, getent and openssl see the network's names, addresses and certificates",
  { skip: noNamespace || noClients },
  async (t) => {
    const rig = await execRig(t);
    const host = hosts.metrics;
    const { code, out, err, notes } = await rig.run(
      script(
        `getent hosts ${host}`,
        `curl -sS -m 10 https://${host}/`,
        `openssl s_client -connect ${host}:443 -servername ${host} -verify_return_error </dev/null 2>/dev/null | grep -E "^subject|Verify return|verify return"`,
        `env | grep -iE "^(https?|all)_proxy="`,
      ),
      inNamespace,
    );
    assert.match(out, new RegExp(`^${addresses.metrics} `));
    assert.ok(out.includes(`private ${host} link=1\n`), out + err);
    assert.match(out, /Verify return code: 0 \(ok\)/);
    assert.equal(code, 1, "grep found no proxy");
    assert.equal(notes, "linkscope: in vnet-inside, by a namespace\n");
    assert.equal(rig.accesses.at(-1)?.way, "relay");
  },
);

test(
  "in a namespace, dig is answered over UDP and TCP",
  { skip: noNamespace || noDig },
  async (t) => {
    const rig = await execRig(t);
    const { out } = await rig.run(
      script(`dig +short +notcp ${hosts.metrics}`, `dig +short +tcp ${hosts.metrics}`),
      inNamespace,
    );
    assert.equal(out.split("\n").filter((line) => line === addresses.metrics).length, 2);
  },
);

test(
  "in a namespace nothing else is reachable, and what only the relay may see is hidden",
  { skip: noNamespace || noClients },
  async (t) => {
    const rig = await execRig(t);
    const { out, err } = await rig.run(
      script(
        "curl -sS -m 5 https://1.1.1.1/; echo one=$?",
        `curl -sS -m 5 -k https://${addresses.free}/; echo free=$?`,
        `curl -sS -m 5 http://${addresses.metrics}/; echo http=$?`,
        `curl -sS -m 5 http://127.0.0.1:${rig.fabric.gatewayPort}/; echo gateway=$?`,
        `umount ${rig.folder}/s ${rig.folder}/e /etc/resolv.conf`,
        `ip link set lo down`,
        `ls ${rig.folder}/s ${rig.folder}/e | grep -c sock`,
        `ls /proc/$PPID/root/`,
        `curl -sS -m 5 --unix-socket ${rig.fabric.adminSocket} http://x/vnets; echo admin=$?`,
        "grep nameserver /etc/resolv.conf; grep ^hosts: /etc/nsswitch.conf",
        "id -u; cat /proc/[0-9]*/cmdline | tr '\\0' ' '",
      ),
      inNamespace,
    );
    // The relay takes a connection and resets it: curl calls that 35, or 7 when the reset comes before it has looked.
    assert.match(out, /one=7\nfree=(?:35|7)\nhttp=7\ngateway=7\n0\nadmin=7\n/, out + err);
    assert.match(out, /nameserver 168\.63\.129\.16\nhosts: files dns\n/);
    assert.match(out, new RegExp(`\n${process.getuid?.()}\n`));
    const random = seededRandom(7);
    random.bytes(8);
    assert.ok(
      !out.includes(random.bytes(32).toString("base64url")),
      "the secret is on no command line",
    );
    assert.deepEqual(rig.arrivals, []);
  },
);

test(
  "both ways give the same answers, from every place",
  { skip: noNamespace || noClients },
  async (t) => {
    const rig = await execRig(t);
    const urls = [
      `https://${hosts.metrics}/`,
      `https://${hosts.configuration}/`,
      `https://${hosts.logs}/`,
      `https://${cloud.armHost}/`,
      `https://${cloud.globalHandlerHost}/`,
      "https://example.org/",
      "https://1.1.1.1/",
      `https://${addresses.free}/`,
      `${identity}&resource=x`,
    ];
    const lines = urls.map(
      (url) => `curl -s -m 10 -H Metadata:true -w ' %{http_code}\\n' '${url}' || echo failed`,
    );
    const places: readonly (readonly [Where, readonly string[]])[] = [
      [inside, ["private", "private", "failed", "control", "failed", "400"]],
      [
        { ...inside, as: ids.cluster },
        ["private", "private", "failed", "control", "failed", "200"],
      ],
      [{ kind: "vnet", vnet: ids.plain }, ["edge", "edge", "edge", "control", "edge", "400"]],
      [
        { kind: "vnet", vnet: ids.empty },
        ["failed", "failed", "failed", "control", "failed", "400"],
      ],
      [{ kind: "vnet", vnet: ids.redirected }, ["edge", "edge", "edge", "control", "edge", "400"]],
      [{ kind: "public" }, ["edge", "edge", "edge", "control", "edge", "404"]],
    ];
    for (const [where, [metrics, configuration, logs, arm, global, token]] of places) {
      const namespace = await rig.run(script(...lines), { way: "namespace", where });
      const gateway = await rig.run(script(...lines), { way: "gateway", where });
      assert.equal(namespace.out, gateway.out, JSON.stringify(where));
      const words = namespace.out
        .split("\n")
        .filter((line) => line !== "" && line !== " 200" && line !== " 000")
        .map((line) => line.split(" ").at(line.startsWith("{") ? -1 : 0));
      assert.deepEqual(words, [
        metrics,
        configuration,
        logs,
        arm,
        global,
        "failed",
        "failed",
        "failed",
        token,
      ]);
    }
  },
);

test(
  "by the gateway, curl and Node go through its proxy, which says which address it reached",
  { skip: noClients },
  async (t) => {
    const rig = await execRig(t);
    const url = `https://${hosts.metrics}/`;
    const fetched = `fetch("${url}").then((r) => r.text()).then((text) => console.log(text))`;
    const { out, err, notes } = await rig.run(
      script(`curl -sS -m 10 -v ${url}`, `'${process.execPath}' -e '${fetched}'`),
      byGateway,
    );
    assert.equal(out.match(/^private .* link=1$/gm)?.length, 2, out + err);
    assert.match(err, new RegExp(`x-linkscope-address: ${addresses.metrics}`));
    assert.match(notes, /^linkscope: in vnet-inside, by the gateway \(as asked\)/);
    const outside = await rig.run(script(`curl -sS -v ${url}`), {
      way: "gateway",
      where: { kind: "public" },
    });
    assert.match(outside.err, new RegExp(`x-linkscope-address: ${publicAddressOf(hosts.metrics)}`));
    assert.match(outside.notes, /^linkscope: outside, by the gateway/);
  },
);

test("where there are no namespaces the gateway is the way, or a refusal when they were demanded", async (t) => {
  const rig = await execRig(t);
  const elsewhere = { where: inside, platform: "darwin" } as const;
  const open = await rig.run(["true"], { ...elsewhere, way: "auto" });
  assert.equal(open.code, 0);
  assert.match(open.notes, /by the gateway \(namespaces are Linux's; this is darwin\)/);
  const quiet = await rig.run(["true"], { ...elsewhere, way: "auto", quiet: true });
  assert.equal(quiet.notes, "");
  await assert.rejects(rig.run(["true"], { ...elsewhere, way: "namespace" }), {
    code: "NamespaceRefused",
  });
});

for (const way of [inNamespace, byGateway]) {
  const skip = way.way === "namespace" && noNamespace;
  test(`exit codes, signals and streams pass through (${way.way})`, { skip }, async (t) => {
    const rig = await execRig(t);
    const echo = await rig.run(script("cat; echo err >&2; exit 7"), { ...way, input: "through\n" });
    assert.deepEqual([echo.code, echo.out, echo.err], [7, "through\n", "err\n"]);
    assert.equal((await rig.run(script("kill -KILL $$"), way)).code, 137);
    assert.equal((await rig.run(script("kill -TERM $$"), way)).code, 143);
    assert.equal((await rig.run(["/no/such/program"], way)).code, 127);
    assert.equal((await rig.run(["/etc"], way)).code, 126);
    assert.equal(rig.fabric.counters().sessions, 0);
    assert.deepEqual(
      readdirSync(rig.folder).filter((name) => name.startsWith("linkscope-exec-")),
      [],
    );
  });

  test(
    `a signal to exec reaches its program (${way.way})`,
    { skip: skip || noClients },
    async (t) => {
      const rig = await execRig(t, () => void rig.signals.emit("SIGTERM", "SIGTERM"));
      // The request tells the test that the trap stands; the shell runs it once curl is back.
      const { code, out } = await rig.run(
        script(
          "trap 'echo caught; exit 3' TERM",
          `curl -s -m 10 https://${hosts.metrics}/ >/dev/null`,
          "while :; do sleep 0.01; done",
        ),
        way,
      );
      assert.deepEqual([code, out], [3, "caught\n"]);
    },
  );
}

test("Ctrl-C of a terminal is not sent a second time", { skip: noClients }, async (t) => {
  const rig = await execRig(t, () => {
    rig.signals.emit("SIGINT", "SIGINT");
    rig.signals.emit("SIGTERM", "SIGTERM");
  });
  const words = script(
    "trap 'echo twice' INT; trap 'echo once; exit 0' TERM",
    `curl -s -m 10 https://${hosts.metrics}/ >/dev/null`,
    "while :; do sleep 0.01; done",
  );
  assert.equal((await rig.run(words, { ...byGateway, terminal: true })).out, "once\n");
});

const again = "LINKSCOPE_TEST_AS_USER";
const noOther =
  noNamespace ||
  (process.getuid?.() !== 0 && "only root can become another user") ||
  (process.env[again] !== undefined && "this is that user");

test("all of this holds for a user without privileges", { skip: noOther }, async () => {
  const nobody = 65_534;
  const child = spawn(
    process.execPath,
    [
      "--test-reporter=dot",
      "--test-name-pattern=namespace",
      "--test",
      fileURLToPath(import.meta.url),
    ],
    {
      uid: nobody,
      gid: nobody,
      cwd: "/",
      env: { PATH: process.env["PATH"], HOME: "/", [again]: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
  }
  const [code] = (await once(child, "close")) as [number];
  assert.equal(code, 0, output);
});
