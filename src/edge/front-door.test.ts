/** The edge's sockets: what a connection must bring before its first request is read. */
import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { audiences, cloud } from "../azure/index.ts";
import { limits } from "../core/index.ts";
import { encodeProxyHeader } from "../wire/index.ts";
import { edgeRig, exchange, exchangeRaw, remoteWrite } from "./testing/edge-rig.ts";
import type { EdgeRig } from "./testing/edge-rig.ts";
import { connection, hosts, ids, immutableIds, linkIds, principals } from "./testing/estate.ts";

let rig: EdgeRig;
before(async () => {
  rig = await edgeRig();
});
afterEach(() => rig.reset());
after(() => rig.close());

const metricsHost = hosts.dce("a").metrics;
const source = { address: "10.1.0.7", port: 40_000 };
const destination = { address: "10.1.2.5", port: 443 };

/** How often connections were closed for a reason so far. */
async function closes(reason: string): Promise<number> {
  const text = await rig.edge.metricsText();
  const line = text
    .split("\n")
    .find((each) => each.startsWith(`linkscope_edge_connections_closed_total{reason="${reason}"}`));
  return Number(line?.split(" ")[1] ?? 0);
}

/** Runs `attempt`, which the edge must end by closing, and answers by how much the reason's count rose. */
async function rise(reason: string, attempt: () => Promise<unknown>): Promise<number> {
  const earlier = await closes(reason);
  await attempt();
  return (await closes(reason)) - earlier;
}

const privateBytes = async (bytes: Uint8Array): Promise<string> =>
  exchangeRaw(connect({ path: rig.privatePath }), bytes);

test("a private connection without a header is closed", async () => {
  for (const bytes of [Buffer.from("GET / HTTP/1.1\r\n\r\n"), Buffer.from([0x16, 3, 1, 0, 5])]) {
    const opening = rise("header-invalid", () => privateBytes(bytes));
    assert.equal(await opening, 1);
  }
});

test("a version 1 header is closed", async () => {
  const line = Buffer.from("PROXY TCP4 10.1.0.7 10.1.2.5 40000 443\r\n");
  assert.equal(await rise("header-invalid", () => privateBytes(line)), 1);
});

test("a header without the private link TLV is closed", async () => {
  const bytes = encodeProxyHeader({ source, destination });
  assert.equal(await rise("header-without-link", () => privateBytes(bytes)), 1);
});

test("a header of the most bytes is read, and one past it is closed", async () => {
  const withPadding = (bytes: number): Buffer => {
    const header = encodeProxyHeader({ source, destination, linkId: linkIds.unknown });
    const padding = Buffer.alloc(bytes - header.length);
    padding[0] = 0x04; // PP2_TYPE_NOOP
    padding.writeUInt16BE(padding.length - 3, 1);
    const padded = Buffer.concat([header, padding]);
    padded.writeUInt16BE(bytes - 16, 14);
    return padded;
  };
  const atLimit = (): Promise<string> => privateBytes(withPadding(limits.proxyHeaderBytesMax));
  assert.equal(await rise("link-unknown", atLimit), 1);
  const past = (): Promise<string> => privateBytes(withPadding(limits.proxyHeaderBytesMax + 1));
  assert.equal(await rise("header-invalid", past), 1);
});

test("a header that does not come in time is closed, whole or in part", async () => {
  const header = encodeProxyHeader({ source, destination, linkId: linkIds.scopeA });
  for (const bytes of [Buffer.alloc(0), header.subarray(0, 20)]) {
    const risen = rise("header-timeout", async () => {
      const socket = connect({ path: rig.privatePath });
      const ended = exchangeRaw(socket, bytes);
      while ((await openPrivate()) === 0) await new Promise(setImmediate);
      rig.clock.advance(limits.proxyHeaderTimeoutMs);
      await ended;
    });
    assert.equal(await risen, 1);
  }
});

async function openPrivate(): Promise<number> {
  const text = await rig.edge.metricsText();
  return Number(/connections\{origin="private"\} (\d+)/.exec(text)?.[1] ?? 0);
}

test("a header in single bytes is read, and the handshake behind it is kept", async () => {
  const socket = connect({ path: rig.privatePath });
  const header = encodeProxyHeader({ source, destination, linkId: linkIds.scopeA });
  for (const byte of header) {
    socket.write(Buffer.from([byte]));
    await new Promise(setImmediate);
  }
  const tls = connectTls({ socket, servername: metricsHost, ca: rig.authority.caPem });
  const answer = await exchange(tls, { host: metricsHost, path: "/" });
  assert.equal(answer.status, 401);
  tls.destroy();
});

test("a link that nobody knows is closed", async () => {
  assert.equal(
    await rise("link-unknown", () => assert.rejects(rig.handshake(linkIds.unknown, metricsHost))),
    1,
  );
});

test("a link whose connection is pending, rejected or removed is closed", async () => {
  const id = connection(ids.scope("a"), ids.scopeEndpoint("a"), "").id;
  const states = ["Pending", "Rejected", "Disconnected"].map(
    (status) =>
      ({
        kind: "put",
        resource: connection(ids.scope("a"), ids.scopeEndpoint("a"), status),
      }) as const,
  );
  for (const change of [...states, { kind: "delete", id } as const]) {
    rig.change(change);
    const dialing = (): Promise<void> => assert.rejects(rig.handshake(linkIds.scopeA, metricsHost));
    assert.equal(await rise("link-refused", dialing), 1);
  }
});

test("a private link header at the public port is no handshake", async () => {
  const header = encodeProxyHeader({ source, destination, linkId: linkIds.scopeA });
  const socket = await rig.dial("public");
  assert.equal(await rise("host-not-named", () => exchangeRaw(socket, header)), 1);
});

test("a private link header inside TLS is no request, and opens nothing", async () => {
  const tls = await rig.handshake("public", metricsHost);
  const header = encodeProxyHeader({ source, destination, linkId: linkIds.scopeA });
  const answer = await exchangeRaw(tls, header);
  assert.match(answer, /^HTTP\/1\.1 400 /);
});

test("a handshake for a host that is not served ends with unrecognized_name", async () => {
  const unserved = ["example.com", `x.${metricsHost}`, cloud.armHost, cloud.loginHost, "localhost"];
  for (const host of unserved) {
    const risen = rise("host-not-served", () =>
      assert.rejects(rig.handshake("public", host), { code: "ERR_SSL_TLSV1_UNRECOGNIZED_NAME" }),
    );
    assert.equal(await risen, 1, host);
  }
});

test("a handshake that names no host fails", async () => {
  const socket = await rig.dial("public");
  const risen = rise("host-not-named", async () => {
    const tls = connectTls({ socket, servername: "", rejectUnauthorized: false });
    await assert.rejects(
      new Promise((resolve, reject) => {
        tls.once("secureConnect", resolve);
        tls.once("error", reject);
      }),
    );
    tls.destroy();
  });
  assert.equal(await risen, 1);
});

test("a handshake below TLS 1.2 fails", async () => {
  const socket = await rig.dial("public");
  const tls = connectTls({
    socket,
    servername: metricsHost,
    maxVersion: "TLSv1.1",
    minVersion: "TLSv1",
    ciphers: "DEFAULT@SECLEVEL=0",
    rejectUnauthorized: false,
  });
  await assert.rejects(
    new Promise((resolve, reject) => {
      tls.once("secureConnect", resolve);
      tls.once("error", reject);
    }),
  );
  tls.destroy();
});

test("a handshake that never comes is closed in time", async () => {
  const socket = await rig.dial("public");
  const risen = rise("handshake-timeout", async () => {
    const ended = exchangeRaw(socket, Buffer.from([0x16]));
    while (!/connections\{origin="public"\} [1-9]/.test(await rig.edge.metricsText())) {
      await new Promise(setImmediate);
    }
    rig.clock.advance(limits.tlsHandshakeTimeoutMs);
    await ended;
  });
  assert.equal(await risen, 1);
});

test("the certificate of a served host is signed by the local authority and names the host", async () => {
  const tls = await rig.handshake("public", metricsHost.toUpperCase());
  assert.equal(tls.authorized, true);
  assert.equal(tls.alpnProtocol, false);
  assert.match(tls.getPeerCertificate().subjectaltname ?? "", new RegExp(metricsHost));
  tls.destroy();
});

test("one connection carries many requests", async () => {
  const tls = await rig.handshake(linkIds.scopeA, metricsHost);
  const token = rig.token(principals.operator("a"), audiences.monitor);
  const path = `/dataCollectionRules/${immutableIds.dcr("a")}/streams/Microsoft-PrometheusMetrics/api/v1/write?api-version=2023-04-24`;
  for (let round = 0; round < 5; round++) {
    const nowMs = rig.clock.nowMs();
    const ask = { host: metricsHost, path, method: "POST", token, ...remoteWrite(nowMs) };
    assert.equal((await exchange(tls, ask)).status, 204);
  }
  tls.destroy();
});

test("a private link's socket does not lie in a folder that others can enter", async () => {
  const folder = await mkdtemp(join(tmpdir(), "edge-door-"));
  try {
    await chmod(folder, 0o755);
    const listening = rig.edge.listenPrivate(join(folder, "s"));
    await assert.rejects(listening, { code: "SocketFolderExposed" });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a socket path of the most bytes is taken, and one past it is refused", async () => {
  const folder = await mkdtemp(join(tmpdir(), "edge-door-"));
  const pathOf = (bytes: number): string =>
    join(folder, "s".repeat(bytes - Buffer.byteLength(folder) - 1));
  try {
    const tooLong = rig.edge.listenPrivate(pathOf(limits.unixSocketPathBytesMax + 1));
    await assert.rejects(tooLong, { code: "SocketPathTooLong" });
    // What an earlier process left at the path is no hindrance.
    const path = pathOf(limits.unixSocketPathBytesMax);
    await writeFile(path, "");
    await rig.edge.listenPrivate(path);
  } finally {
    await rm(folder, { recursive: true });
  }
});
