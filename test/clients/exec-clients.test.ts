/** Foreign clients under exec, each on a real platform: curl, getent, openssl, dig and Node's fetch. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { audiences, cloud, privateAlias } from "../../src/azure/index.ts";
import { askFabric } from "../../src/cli/exec/index.ts";
import { namespaceProblem } from "../../src/cli/exec/run-in-namespace.ts";
import { labelsOf } from "../../src/core/index.ts";
import { encodeWriteRequest, snappyEncode } from "../../src/wire/index.ts";
import { lacking, removeFolder, run, startPlatform } from "../support/command.ts";
import type { CommandResult, TestPlatform } from "../support/command.ts";
import { makePrivateEstate } from "../support/private-estate.ts";
import type { PrivateEstate } from "../support/private-estate.ts";

const namespace = namespaceProblem(process.platform);
const noNamespace = namespace !== undefined && `this machine gives no namespace: ${namespace}`;
const systemBundle = "/etc/ssl/certs/ca-certificates.crt";
const noBundle = !existsSync(systemBundle) && `this machine has no ${systemBundle}`;

const folder = mkdtempSync(join(tmpdir(), "linkscope-clients-"));
let platform: TestPlatform;
let estate: PrivateEstate;
before(async () => {
  platform = await startPlatform();
  estate = await makePrivateEstate(platform.ready);
});
after(async () => {
  estate?.close();
  await platform?.stop();
  if (platform !== undefined) removeFolder(platform.data);
  removeFolder(folder);
});

type Place = "inside" | "inside, by the gateway" | "outside";

/** Runs a program in a place; a script's words go to `sh -c`. */
function exec(place: Place, ...words: readonly string[]): Promise<CommandResult> {
  const where = place === "outside" ? ["--public"] : ["--vnet", estate.vnetName];
  const way = place === "inside, by the gateway" ? ["--gateway"] : [];
  return platform.linkscope(["exec", "--quiet", ...where, ...way, "--", ...words]);
}

/** A remote write of one sample and its headers, as files: a token is for no command line. */
async function writeFiles(): Promise<readonly string[]> {
  const labels = labelsOf({ __name__: "from_curl", job: "clients" });
  const samples = [{ timestampMs: Date.now(), value: 1 }];
  const body = join(folder, "write.snappy");
  const headers = join(folder, "write.headers");
  writeFileSync(body, snappyEncode(encodeWriteRequest([{ labels, samples }])));
  const lines = [
    `authorization: Bearer ${await estate.token(audiences.monitor)}`,
    "content-type: application/x-protobuf",
    "content-encoding: snappy",
    "x-prometheus-remote-write-version: 0.1.0",
  ];
  writeFileSync(headers, lines.join("\n"), { mode: 0o600 });
  const show = "\n%{http_code} from %{remote_ip}, verified %{ssl_verify_result}";
  return ["curl", "-sS", "-m", "20", "-w", show, "-H", `@${headers}`, "--data-binary", `@${body}`];
}

test(
  "curl writes through the private endpoint, and the same token is refused outside",
  { skip: noNamespace || lacking("curl") },
  async () => {
    const words = [...(await writeFiles()), estate.writeUrl];
    const inside = await exec("inside", ...words);
    assert.match(inside.out, /^\n204 from 10\.20\.1\.\d+, verified 0$/, inside.note);
    const outside = await exec("outside", ...words);
    assert.match(outside.out, /\n403 from 203\.0\.113\.\d+, verified 0$/, outside.note);
    assert.match(outside.out, /^\{"error":\{"code":"PublicNetworkAccessDenied"/);
  },
);

test(
  "curl writes through the private endpoint by the gateway, and is refused outside by it",
  { skip: lacking("curl") },
  async () => {
    const words = [...(await writeFiles()), estate.writeUrl];
    const inside = await exec("inside, by the gateway", ...words);
    assert.match(inside.out, /^\n204 from 127\.0\.0\.1, verified 0$/, inside.note);
    const where = ["exec", "--quiet", "--public", "--gateway", "--"];
    const outside = await platform.linkscope([...where, ...words]);
    assert.match(outside.out, /\n403 from 127\.0\.0\.1, verified 0$/, outside.note);
  },
);

test(
  "curl verifies by the bundle that stands over the system's, and by no other",
  { skip: noNamespace || noBundle || lacking("curl") },
  async () => {
    const url = `https://${estate.hosts.configuration}/`;
    const unset = ["env", "-u", "CURL_CA_BUNDLE", "-u", "SSL_CERT_FILE"];
    const curl = ["curl", "-sS", "-m", "20", "-o", "/dev/null", "-w", "%{http_code}"];
    const verified = await exec("inside", ...unset, ...curl, url);
    assert.deepEqual([verified.code, verified.out], [0, "401"], verified.note);
    const other = join(folder, "other.pem");
    const made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other"];
    const { code } = await run("openssl", [...made, "-keyout", `${other}.key`, "-out", other]);
    assert.equal(code, 0);
    const refused = await exec("inside", ...unset, ...curl, "--cacert", other, url);
    assert.equal(refused.code, 60, "curl: the peer's certificate cannot be authenticated");
  },
);

test(
  "getent hosts finds the private address inside, and the public one outside",
  { skip: noNamespace || lacking("getent") },
  async () => {
    const { metrics, configuration } = estate.hosts;
    const names = [metrics, configuration, cloud.globalHandlerHost, "nothing.monitor.azure.com"];
    const addressesOf = ({ out }: CommandResult): readonly string[] =>
      out
        .trim()
        .split("\n")
        .map((line) => line.replace(/\d+ .*/, ""));
    const inside = await exec("inside", "getent", "hosts", ...names);
    assert.deepEqual(addressesOf(inside), ["10.20.1.", "10.20.1.", "10.20.1."]);
    assert.equal(inside.code, 2, "getent: the last name is not found");
    const outside = await exec("outside", "getent", "hosts", ...names);
    assert.deepEqual(addressesOf(outside), ["203.0.113.", "203.0.113.", "203.0.113."]);
  },
);

test(
  "openssl s_client verifies the chain by SNI, and gets an alert for a name that is not served",
  { skip: noNamespace || lacking("openssl") },
  async () => {
    const { metrics } = estate.hosts;
    const words = ["openssl", "s_client", "-connect", `${metrics}:443`, "-verify_return_error"];
    const shown = await exec(
      "inside",
      ...words,
      "-servername",
      metrics,
      "-verify_hostname",
      metrics,
    );
    assert.equal(shown.code, 0, shown.note);
    assert.match(shown.out, /Verification: OK\nVerified peername: dce-clients/);
    assert.match(shown.out, /Verify return code: 0 \(ok\)/);
    const wrong = await exec("inside", ...words, "-servername", "example.com");
    assert.notEqual(wrong.code, 0);
    assert.match(wrong.note, /unrecognized name/);
  },
);

interface NetworkView {
  readonly vnets: readonly {
    readonly name: string;
    readonly resolver: { readonly host: string; readonly port: number };
  }[];
}

test(
  "dig asks a network's resolver from outside of it, over UDP and TCP",
  { skip: lacking("dig") },
  async () => {
    const { fabric } = JSON.parse(readFileSync(join(platform.data, "platform.json"), "utf8")) as {
      readonly fabric: string;
    };
    const { vnets } = (await askFabric(fabric, "/vnets")) as NetworkView;
    const resolver = vnets.find(({ name }) => name === estate.vnetName)?.resolver;
    assert.ok(resolver !== undefined);
    const dig = (...words: readonly string[]): Promise<CommandResult> =>
      run("dig", [`@${resolver.host}`, "-p", String(resolver.port), ...words]);
    const { metrics } = estate.hosts;
    const alias = `${privateAlias(metrics)?.alias}.`;
    for (const transport of ["+notcp", "+tcp"]) {
      const { out } = await dig("+short", transport, metrics);
      const [first, second] = out.trim().split("\n");
      assert.equal(first, alias);
      assert.match(second ?? "", /^10\.20\.1\.\d+$/);
    }
    const noData = await dig(metrics, "AAAA");
    assert.match(noData.out, /status: NOERROR/);
    assert.match(noData.out, /AUTHORITY SECTION:\nprivatelink\.monitor\.azure\.com\.\s.*SOA/);
    const noName = await dig("nothing.privatelink.monitor.azure.com");
    assert.match(noName.out, /status: NXDOMAIN/);
    assert.match(noName.out, /SOA/);
  },
);

test(
  "dig in a namespace asks the resolver of resolv.conf, which is the network's",
  { skip: noNamespace || lacking("dig") },
  async () => {
    const { out } = await exec(
      "inside",
      "dig",
      "+noall",
      "+answer",
      "+stats",
      estate.hosts.metrics,
    );
    assert.match(out, /\sIN\s+A\s+10\.20\.1\.\d+\n/);
    assert.match(out, /SERVER: 168\.63\.129\.16#53/);
  },
);

test("Node's fetch goes by the gateway's proxy variables, to served names and nothing else", async () => {
  const { configuration } = estate.hosts;
  const program = `const answer = await fetch("https://${configuration}/"); console.log(answer.status);`;
  const words = [process.execPath, "--input-type=module", "-e", program];
  const inside = await exec("inside, by the gateway", ...words);
  assert.deepEqual([inside.code, inside.out], [0, "401\n"], inside.note);
  const lost = program.replace(configuration, "example.com");
  const elsewhere = await exec("inside, by the gateway", ...words.slice(0, -1), lost);
  assert.equal(elsewhere.code, 1, "the gateway reaches nothing else");
});

test(
  "Node's fetch in a namespace reaches the endpoint without a proxy",
  { skip: noNamespace },
  async () => {
    const url = `https://${estate.hosts.configuration}/`;
    const program = `const answer = await fetch("${url}"); console.log(answer.status, process.env.HTTPS_PROXY);`;
    const words = [process.execPath, "--input-type=module", "-e", program];
    const { out, note } = await exec("inside", ...words);
    assert.equal(out, "401 undefined\n", note);
  },
);

test("without a place exec stands in the only network there is, and two places are wrong use", async () => {
  const words = ["--", process.execPath, "-e", "0"];
  const only = await platform.linkscope(["exec", "--gateway", ...words]);
  assert.equal(only.code, 0, only.note);
  assert.ok(only.note.startsWith(`linkscope: in ${estate.vnetName}, by the gateway`), only.note);
  assert.match(only.note, /^ {2}not inside: Prometheus /m);
  for (const [places, says] of [
    [["--public", "--vnet", estate.vnetName], /Give one place/],
    [["--public", "--as", estate.vnetName], /--as needs --vnet/],
  ] as const) {
    const wrong = await platform.linkscope(["exec", ...places, ...words]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.note, says);
  }
});
