/** The authority on real sockets: what it serves verifies, what it must not serve does not. */
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { connect, createServer } from "node:tls";
import type { PeerCertificate } from "node:tls";
import { promisify } from "node:util";
import { CodedError, fakeClock, limits, seededRandom } from "../core/index.ts";
import { openAuthority, sniCallback } from "./index.ts";
import type { Authority } from "./index.ts";

const folders: string[] = [];
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));
async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "linkscope-tls-"));
  folders.push(path);
  return join(path, "tls");
}
const hasOpenssl = ((): boolean => {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

interface Served {
  readonly port: number;
  readonly close: () => void;
}

const closings: (() => void)[] = [];
after(() => {
  for (const close of closings) close();
});

/** A server that says nothing: whoever dials looks at the handshake, and ends the connection. */
async function serve(authority: Authority, hosts: readonly string[]): Promise<Served> {
  const server = createServer({ SNICallback: sniCallback(authority, (h) => hosts.includes(h)) });
  server.on("tlsClientError", () => undefined);
  server.on("secureConnection", (socket) => socket.on("error", () => undefined).resume());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closings.push(() => void server.close());
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
}

function dial(port: number, servername: string, ca: string): Promise<PeerCertificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", servername, ca });
    socket.once("secureConnect", () => {
      resolve(socket.getPeerCertificate());
      socket.destroy();
    });
    socket.once("error", reject);
  });
}

test("a host that is served is verified by the authority's certificate and named by its leaf", async () => {
  const clock = fakeClock(Date.now());
  const authority = await openAuthority({ folder: await folder(), clock, random: seededRandom(1) });
  const host = "dce-ab12.eastus-1.metrics.ingest.monitor.azure.com";
  const { port, close } = await serve(authority, [host]);
  const peer = await dial(port, host, authority.caPem);
  assert.equal(peer.subjectaltname, `DNS:${host}`);
  const life = Date.parse(peer.valid_to) - clock.nowMs();
  assert.ok(Math.abs(life - limits.leafLifeMs) < 1_000, `${life}`);
  await assert.rejects(dial(port, "not-served.example", authority.caPem));
  close();
});

test("another authority's certificate does not verify the leaf", async () => {
  const clock = fakeClock(Date.now());
  const ours = await openAuthority({ folder: await folder(), clock, random: seededRandom(1) });
  const theirs = await openAuthority({ folder: await folder(), clock, random: seededRandom(2) });
  const { port, close } = await serve(ours, ["localhost"]);
  await assert.rejects(
    dial(port, "localhost", theirs.caPem),
    /verif|self-signed|issuer|signature/i,
  );
  close();
});

test(
  "openssl verifies the chain strictly, TLS 1.2 and 1.3 pass and TLS 1.1 does not",
  { skip: hasOpenssl ? false : "openssl is not installed" },
  async () => {
    const host = "management.example";
    const path = await folder();
    const clock = fakeClock(Date.now());
    const authority = await openAuthority({ folder: path, clock, random: seededRandom(3) });
    const { port, close } = await serve(authority, [host]);
    const s_client = (version: string): Promise<{ stdout: string }> => {
      const common = `s_client -connect 127.0.0.1:${port} -servername ${host} -CAfile ${authority.caPath}`;
      const strict = `-verify_return_error -x509_strict -verify_hostname ${host}`;
      const run = promisify(execFile)("openssl", `${common} ${strict} ${version}`.split(" "));
      run.child.stdin?.end();
      return run;
    };
    assert.match((await s_client("-tls1_2")).stdout, /Verify return code: 0 \(ok\)/);
    assert.match((await s_client("-tls1_3")).stdout, /Verify return code: 0 \(ok\)/);
    await assert.rejects(s_client("-tls1_1"));
    close();
  },
);

test("localhost, 127.0.0.1 and ::1 share one leaf that names all three", async () => {
  const clock = fakeClock(Date.now());
  const authority = await openAuthority({ folder: await folder(), clock, random: seededRandom(4) });
  const context = await authority.secureContextFor("localhost");
  assert.equal(await authority.secureContextFor("127.0.0.1"), context);
  assert.equal(await authority.secureContextFor("::1"), context);
  const { port, close } = await serve(authority, ["localhost"]);
  const peer = await dial(port, "localhost", authority.caPem);
  assert.equal(
    peer.subjectaltname,
    "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1",
  );
  close();
});

test("a leaf is kept until two thirds of its life, then renewed", async () => {
  const clock = fakeClock();
  const authority = await openAuthority({ folder: await folder(), clock, random: seededRandom(5) });
  const first = await authority.secureContextFor("a.example");
  clock.advance((limits.leafLifeMs * 2) / 3 - 1);
  assert.equal(await authority.secureContextFor("A.example"), first);
  clock.advance(1);
  assert.notEqual(await authority.secureContextFor("a.example"), first);
});

test("eight openings at once make one authority, and its files are for their owner", async () => {
  const path = await folder();
  const clock = fakeClock();
  const opened = await Promise.all(
    Array.from({ length: 8 }, (_, seed) =>
      openAuthority({ folder: path, clock, random: seededRandom(seed + 1) }),
    ),
  );
  assert.equal(new Set(opened.map((authority) => authority.caPem)).size, 1);
  assert.deepEqual((await readdir(path)).sort(), ["authority.pem", "ca.pem"]);
  assert.equal((await stat(path)).mode & 0o777, 0o700);
  assert.equal((await stat(join(path, "authority.pem"))).mode & 0o777, 0o600);
  assert.doesNotMatch(await readFile(join(path, "ca.pem"), "utf8"), /PRIVATE/);
});

test("the authority lives ten years and may sign certificates only below itself", async () => {
  const clock = fakeClock();
  const { caPem } = await openAuthority({ folder: await folder(), clock, random: seededRandom(6) });
  const ca = new X509Certificate(caPem);
  assert.equal(ca.ca, true);
  assert.equal(Date.parse(ca.validTo) - clock.nowMs(), limits.authorityLifeMs);
});

test("AuthorityExpired: an authority past its life is refused by name", async () => {
  const path = await folder();
  const clock = fakeClock();
  const authority = await openAuthority({ folder: path, clock, random: seededRandom(7) });
  clock.advance(limits.authorityLifeMs);
  const expired = (error: unknown): boolean =>
    error instanceof CodedError && error.code === "AuthorityExpired";
  await assert.rejects(openAuthority({ folder: path, clock, random: seededRandom(7) }), expired);
  await assert.rejects(authority.secureContextFor("a.example"), expired);
});

test("KeyFileExposed, KeyFileUnreadable: a key that others may read, and a damaged one, are refused", async () => {
  const path = await folder();
  const options = { folder: path, clock: fakeClock(), random: seededRandom(8) };
  await openAuthority(options);
  const file = join(path, "authority.pem");
  const coded = (code: string) => (error: unknown) =>
    error instanceof CodedError && error.code === code;
  await chmod(file, 0o640);
  await assert.rejects(openAuthority(options), coded("KeyFileExposed"));
  await chmod(file, 0o600);
  await writeFile(file, "not a key");
  await assert.rejects(openAuthority(options), coded("KeyFileUnreadable"));
});

test("HostNameInvalid: what is no host name gets no certificate", async () => {
  const options = { folder: await folder(), clock: fakeClock(), random: seededRandom(9) };
  const authority = await openAuthority(options);
  const invalid = (error: unknown): boolean =>
    error instanceof CodedError && error.code === "HostNameInvalid";
  const label = "a".repeat(63);
  const longest = [label, label, label, "a".repeat(61)].join(".");
  assert.equal(longest.length, 253);
  await authority.secureContextFor(longest);
  const bad = [
    "",
    "a..b",
    "-a.b",
    "a-.b",
    "a b",
    "*.b",
    "a\0.b",
    "é.b",
    `${label}a.b`,
    `${longest}a`,
  ];
  for (const host of bad) await assert.rejects(authority.secureContextFor(host), invalid, host);
});

test("past the most leaves, the one that was minted first is dropped and minted anew", async () => {
  const options = { folder: await folder(), clock: fakeClock(), random: seededRandom(10) };
  const authority = await openAuthority(options);
  const first = await authority.secureContextFor("h0.example");
  for (let index = 1; index < limits.leavesMax; index += 1) {
    await authority.secureContextFor(`h${index}.example`);
  }
  assert.equal(await authority.secureContextFor("h0.example"), first);
  await authority.secureContextFor("one-more.example");
  assert.notEqual(await authority.secureContextFor("h0.example"), first);
});
