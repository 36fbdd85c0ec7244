/** The probe's script, run by the shells that are here, with stand-ins for the programs that it uses. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readFragment } from "../../snapshot/index.ts";
import type { ProbeFragment } from "../../snapshot/index.ts";
import { probeScript } from "./probe-script.ts";
import type { ScriptPlan } from "./probe-script.ts";

const folder = mkdtempSync(join(tmpdir(), "probe-"));
after(() => rmSync(folder, { recursive: true }));

const clusterId =
  "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/it's$(rm)/providers/Microsoft.ContainerService/managedClusters/aks";
const plan: ScriptPlan = {
  clusterId,
  vnetId: undefined,
  hosts: ["inside.example", "gone.example", "empty.example"],
  azureResolver: "168.63.129.16",
  clientIds: ["11111111-2222-4333-8444-555555555555"],
  files: ["/no/such/file"],
  requests: [
    {
      purpose: "configuration",
      request: {
        host: "inside.example",
        method: "GET",
        path: "/x?a=1&b='2'",
        headers: { accept: 'application/"json"' },
        audience: "https://a.example/",
        asCluster: clusterId,
      },
    },
    {
      purpose: "metrics-ingestion",
      request: {
        host: "inside.example",
        method: "POST",
        path: "/write",
        headers: {},
        body: new Uint8Array([0, 37, 92]),
        audience: "https://a.example/",
      },
    },
  ],
};

const tools = {
  nslookup: `case "$1" in
gone.example) echo "** server can't find gone.example: NXDOMAIN" ;;
empty.example) printf 'Server:\\t10.0.0.10\\nAddress:\\t10.0.0.10#53\\n\\n*** empty.example: No answer\\n' ;;
*) [ "\${2:-}" = 168.63.129.16 ] && { echo ';; connection timed out; no servers could be reached'; exit 1; }
printf 'Server:\\t10.0.0.10\\nAddress:\\t10.0.0.10#53\\n\\ninside.example\\tcanonical name = inside.privatelink.example.\\nName:\\tinside.privatelink.example\\nAddress: 10.1.2.3\\n' ;;
esac`,
  // Shows which file of options it got, without the token; answers by the path.
  curl: `config= out= head= url=
while [ $# -gt 0 ]; do case $1 in -K) config=$2; shift ;; -o) out=$2; shift ;; -D) head=$2; shift ;; -w | -m | -X | -H | --noproxy) shift ;; -*) ;; *) url=$1 ;; esac; shift; done
case $url in
http://169.254.169.254/*client_id=11111111-2222-4333-8444-555555555555) printf '{"access_token":"SECRET"}' ;;
https://inside.example/x*) grep -q 'Bearer SECRET' "$config" || exit 9; printf 'HTTP/1.1 421\\r\\nx-ms-agent-config-endpoint: https://dce.example\\r\\n' >"$head"; printf '{"error":{"code":"EndpointRequired","inner":{"code":"Other"}}}' >"$out"; printf '421 10.1.2.3' ;;
https://inside.example/write) body=$(sed -n 's/^data-binary = "@\\(.*\\)"/\\1/p' "$config"); [ "$(od -An -tx1 <"$body" | tr -d ' \\n')" = 00255c ] || exit 8; printf '{"error":{"code":"OperationFailed"}}' >"$out"; printf '403 10.1.2.3' ;;
*) exit 7 ;;
esac`,
  openssl: `case "$1" in
s_client) case "$*" in *inside.example:443*) printf 'issuer=O = Corp, CN = Inspection\\n-----BEGIN CERTIFICATE-----\\nx\\n-----END CERTIFICATE-----\\nVerify return code: 19 (self-signed)\\n' ;; *) echo 'connect: Connection refused' >&2; exit 1 ;; esac ;;
x509) printf '            Not After : Jan  1 00:00:00 2027 GMT\\n                DNS:inside.example, DNS:other.example\\n' ;;
esac`,
} as const;

const ordinary =
  "cat chmod cut date grep head mkdir mktemp od printenv printf rm sed sort tail tr".split(" ");

/** A folder of programs: the named stand-ins, and the ordinary ones of this machine. */
function path(name: string, standIns: readonly (keyof typeof tools)[]): string {
  const bin = join(folder, name);
  mkdirSync(bin);
  for (const tool of standIns) {
    writeFileSync(join(bin, tool), `#!/bin/sh\n${tools[tool]}\n`);
    chmodSync(join(bin, tool), 0o755);
  }
  for (const tool of ordinary) {
    const found = spawnSync("sh", ["-c", `command -v ${tool}`])
      .stdout.toString()
      .trim();
    if (found.startsWith("/")) symlinkSync(found, join(bin, tool));
  }
  return bin;
}

function probed(shell: readonly string[], bin: string, given: ScriptPlan = plan): ProbeFragment {
  const [program = "sh", ...words] = shell;
  const env = { PATH: bin, TMPDIR: folder };
  const run = spawnSync(program, [...words, "-s"], { input: probeScript(given, "inside"), env });
  assert.equal(run.status, 0, run.stderr.toString());
  assert.ok(!run.stdout.includes("SECRET") && !run.stderr.includes("SECRET"));
  return readFragment(run.stdout.toString(), "fragment.txt");
}

const shells = [["/bin/sh"], ["/usr/bin/dash"], ["/bin/bash", "--posix"], ["/bin/busybox", "sh"]];
const all = path("all", ["nslookup", "curl", "openssl"]);
let ran = 0;

for (const shell of shells) {
  if (spawnSync(shell[0] ?? "", ["-c", "true"]).error !== undefined) continue;
  ran += 1;
  test(`${shell.join(" ")} runs the script, and its fragment tells what the programs said`, () => {
    const fragment = probed(shell, all);
    assert.equal(fragment.clusterId, clusterId);
    assert.equal(fragment.place, "inside");
    assert.deepEqual(
      fragment.names.map(({ name, resolver, outcome, addresses, aliases }) =>
        [name, resolver, outcome, ...addresses, ...aliases].join(" "),
      ),
      [
        "inside.example system addresses 10.1.2.3 inside.privatelink.example",
        "inside.example 168.63.129.16 error",
        "gone.example system nxdomain",
        "empty.example system nodata",
      ],
    );
    assert.deepEqual(
      fragment.connections.map(({ host, outcome, issuer }) => [host, outcome, issuer]),
      [
        ["inside.example", "untrusted", "O = Corp, CN = Inspection"],
        ["gone.example", "refused", ""],
        ["empty.example", "refused", ""],
      ],
    );
    assert.deepEqual(
      fragment.requests.map(({ purpose, status, code, authenticated, redirect }) => [
        purpose,
        status,
        code,
        authenticated,
        redirect,
      ]),
      [
        ["configuration", 421, "EndpointRequired", true, "https://dce.example"],
        // The token of the pod's identity, which has no role for it: that is no refusal of the way.
        ["metrics-ingestion", 403, "OperationFailed", false, ""],
      ],
    );
  });
}

test("at least one POSIX shell was there to run it", () => assert.ok(ran > 0));

test("without the programs the fragment says what could not be told", () => {
  const fragment = probed(["/bin/sh"], path("none", []));
  assert.deepEqual(new Set(fragment.names.map(({ outcome }) => outcome)), new Set(["none"]));
  assert.match(fragment.names[0]?.says ?? "", /neither nslookup nor getent/);
  assert.deepEqual(fragment.connections, []);
  assert.deepEqual(
    fragment.requests.map(({ status, code }) => `${status} ${code}`),
    ["0 NoCurl", "0 NoCurl"],
  );
});

test("outside no cluster is named, and no agent is looked for", () => {
  const script = probeScript(plan, "outside");
  assert.ok(!script.includes("put 'cluster'"));
  assert.ok(!script.includes("\nhealth\n"));
  assert.match(script, /put 'place' 'outside'/);
});
