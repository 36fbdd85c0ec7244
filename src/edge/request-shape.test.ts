/** Requests in shapes that two readers could read in two ways, as bytes on a real socket. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { audiences } from "../azure/index.ts";
import { limits } from "../core/index.ts";
import { edgeRig, exchangeRaw } from "./testing/edge-rig.ts";
import type { Answer, EdgeRig } from "./testing/edge-rig.ts";
import { hosts, immutableIds, linkIds, principals } from "./testing/estate.ts";

let rig: EdgeRig;
before(async () => {
  rig = await edgeRig();
});
after(() => rig.close());

const host = hosts.dce("a").metrics;
const writePath = `/dataCollectionRules/${immutableIds.dcr("a")}/streams/Microsoft-PrometheusMetrics/api/v1/write`;

/** Sends a head as it is, and asks for the connection's end so that the answer is whole. */
async function send(head: readonly string[], body = ""): Promise<string> {
  const tls = await rig.handshake(linkIds.scopeA, host);
  return exchangeRaw(tls, `${head.join("\r\n")}\r\n\r\n${body}`);
}

const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
const codeOf = (answer: string): string | undefined =>
  /^x-ms-error-code: (\w+)/im.exec(answer)?.[1];
/** How many answers came: one, whatever was smuggled in behind the request. */
const answersIn = (answer: string): number => answer.split(/HTTP\/1\.1 \d{3} /).length - 1;

const close = "Connection: close";
const refusals: Readonly<Record<string, readonly string[]>> = {
  "an empty segment": [`GET //${writePath} HTTP/1.1`, `Host: ${host}`, close],
  "a dot segment": [`GET /a/../b HTTP/1.1`, `Host: ${host}`, close],
  "a single dot": [`GET /./b HTTP/1.1`, `Host: ${host}`, close],
  "an encoded slash": [`GET /a%2fb HTTP/1.1`, `Host: ${host}`, close],
  "an encoded slash in upper case": [`GET /a%2Fb HTTP/1.1`, `Host: ${host}`, close],
  "an encoded dot": [`GET /%2e%2e/b HTTP/1.1`, `Host: ${host}`, close],
  "an encoded backslash": [`GET /a%5cb HTTP/1.1`, `Host: ${host}`, close],
  "a backslash": [`GET /a\\b HTTP/1.1`, `Host: ${host}`, close],
  "a zero byte": [`GET /a%00 HTTP/1.1`, `Host: ${host}`, close],
  "a broken escape": [`GET /a%zz HTTP/1.1`, `Host: ${host}`, close],
  "the absolute form": [`GET https://${host}/ HTTP/1.1`, `Host: ${host}`, close],
  "the asterisk form": ["OPTIONS * HTTP/1.1", `Host: ${host}`, close],
  "no Host": ["GET / HTTP/1.1", close],
  "no Host in HTTP/1.0": ["GET / HTTP/1.0"],
  "two Hosts": ["GET / HTTP/1.1", `Host: ${host}`, `Host: ${host}`, close],
  "two Hosts that differ": ["GET / HTTP/1.1", `Host: ${host}`, "Host: example.com", close],
  "a Host with a list": ["GET / HTTP/1.1", `Host: ${host}, example.com`, close],
  "a Host with a user": ["GET / HTTP/1.1", `Host: a@${host}`, close],
  "a length beside chunks": [
    "POST / HTTP/1.1",
    `Host: ${host}`,
    "Content-Length: 5",
    "Transfer-Encoding: chunked",
    close,
  ],
  "two lengths": ["POST / HTTP/1.1", `Host: ${host}`, "Content-Length: 5", "Content-Length: 6"],
  "a coding that is not chunked": [
    "POST / HTTP/1.1",
    `Host: ${host}`,
    "Transfer-Encoding: gzip, chunked",
    close,
  ],
  "chunks that are not last": [
    "POST / HTTP/1.1",
    `Host: ${host}`,
    "Transfer-Encoding: chunked, identity",
  ],
  "a folded header": ["GET / HTTP/1.1", `Host: ${host}`, "X: a", " b", close],
  "a blank before a colon": ["GET / HTTP/1.1", `Host : ${host}`, close],
  "HTTP/2 spoken aloud": ["PRI * HTTP/2.0"],
  "no HTTP": ["hello"],
};

for (const [name, head] of Object.entries(refusals)) {
  test(`a request with ${name} is refused, and nothing behind it is read`, async () => {
    const smuggled = `0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
    const answer = await send(head, smuggled);
    assert.equal(statusOf(answer), 400, answer);
    assert.equal(codeOf(answer), "InvalidRequest");
    assert.equal(answersIn(answer), 1, answer);
  });
}

test("a Host that is not the handshake's is 421", async () => {
  for (const other of [hosts.dce("b").metrics, hosts.query("a"), "example.com", `${host}.`]) {
    const answer = await send(["GET / HTTP/1.1", `Host: ${other}`, close]);
    assert.equal(statusOf(answer), 421, other);
    assert.equal(codeOf(answer), "MisdirectedRequest");
  }
});

test("a Host in upper case or with a port is the handshake's", async () => {
  for (const same of [host.toUpperCase(), `${host}:443`]) {
    assert.equal(statusOf(await send(["GET / HTTP/1.1", `Host: ${same}`, close])), 401);
  }
});

test("a host whose resource is gone is 404 on a connection that is still open", async () => {
  const tls = await rig.handshake(linkIds.scopeA, host);
  const id = rig.source
    .current()
    .graph.ofType("Microsoft.Insights/dataCollectionEndpoints")
    .find(({ name }) => name === "dce-a")?.id;
  rig.change({ kind: "delete", id: id ?? "" });
  const answer = await exchangeRaw(tls, `GET / HTTP/1.1\r\nHost: ${host}\r\n${close}\r\n\r\n`);
  rig.reset();
  assert.equal(statusOf(answer), 404);
  assert.equal(codeOf(answer), "HostNotServed");
});

test("a URL of the most bytes is read, and one past it is 414", async () => {
  const head = (bytes: number): readonly string[] => [
    `GET /${"a".repeat(bytes - 1)} HTTP/1.1`,
    `Host: ${host}`,
    close,
  ];
  assert.equal(statusOf(await send(head(limits.httpUrlBytesMax))), 401);
  const past = await send(head(limits.httpUrlBytesMax + 1));
  assert.equal(statusOf(past), 414);
  assert.equal(codeOf(past), "UriTooLong");
});

test("a header section past its bytes is 431", async () => {
  const section = (bytes: number): readonly string[] => [
    "GET / HTTP/1.1",
    `Host: ${host}`,
    close,
    `X: ${"a".repeat(bytes)}`,
  ];
  assert.equal(statusOf(await send(section(limits.httpHeaderBytesMax - 1_024))), 401);
  const past = await send(section(limits.httpHeaderBytesMax));
  assert.equal(statusOf(past), 431);
  assert.equal(codeOf(past), "HeadersTooLarge");
});

const post = (headers: Readonly<Record<string, string>>, body: Uint8Array): Promise<Answer> =>
  rig.ask({
    via: linkIds.scopeA,
    host,
    path: `${writePath}?api-version=2023-04-24`,
    method: "POST",
    token: rig.token(principals.operator("a"), audiences.monitor),
    headers: {
      "content-type": "application/x-protobuf",
      "content-encoding": "snappy",
      ...headers,
    },
    body,
  });

test("a body past its bytes is 413, whether its length was said or not", async () => {
  const body = new Uint8Array(limits.remoteWriteCompressedBytesMax + 1);
  const chunked = await post({ "transfer-encoding": "chunked" }, body);
  assert.equal(chunked.status, 413, chunked.body);
  assert.equal(chunked.headers["x-ms-error-code"], "BodyTooLarge");
  const said = await post({}, body);
  assert.equal(said.status, 413, said.body);
  const atLimit = await post({}, body.subarray(1));
  assert.equal(atLimit.status, 400, "zeros of the most bytes are read, and are no snappy block");
});

test("a refused request's body is read, so that its sender reads the answer and may go on", async () => {
  const body = new Uint8Array(limits.remoteWriteCompressedBytesMax);
  const answer = await rig.ask({ via: "public", host, path: writePath, method: "POST", body });
  assert.equal(answer.status, 401);
  assert.notEqual(answer.headers["connection"], "close");
});

test("a refused request that promises too much is answered and its connection ends", async () => {
  const answer = await send([
    `POST ${writePath} HTTP/1.1`,
    `Host: ${host}`,
    `Content-Length: ${limits.refusedBodyBytesMax + 1}`,
  ]);
  assert.equal(statusOf(answer), 401);
  assert.match(answer, /^connection: close/im);
});

test("a refused request whose body does not come is answered all the same", async () => {
  const tls = await rig.handshake(linkIds.scopeA, host);
  const asked = exchangeRaw(tls, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  // The first answer says that the handshake is done on both sides: its deadline is not the one that is met here.
  await once(tls, "data");
  tls.write(`POST ${writePath} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 10\r\n\r\n`);
  while (!tls.closed) {
    rig.clock.advance(limits.refusedBodyTimeoutMs);
    await new Promise(setImmediate);
  }
  const answer = await asked;
  assert.equal(answersIn(answer), 2);
  assert.match(answer, /HTTP\/1\.1 401 [^]*^connection: close/im);
});
