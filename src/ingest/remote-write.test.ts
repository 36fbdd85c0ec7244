/** The remote-write receiver: each status of the protocol, each limit at its bound, and real bytes over a socket. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { CodedError, fakeClock, labelsOf, limits, seededRandom } from "../core/index.ts";
import { json, requestListener } from "../http/index.ts";
import type { HttpRequest, HttpResponse } from "../http/index.ts";
import { openMetricsStore, StoreBusyError } from "../store/index.ts";
import type { Appendable, AppendResult, WorkspaceMetrics } from "../store/index.ts";
import { encodeWriteRequest, snappyEncode } from "../wire/index.ts";
import { receiveRemoteWrite } from "./remote-write.ts";

const HEADERS = {
  "content-type": "application/x-protobuf",
  "content-encoding": "snappy",
  "x-prometheus-remote-write-version": "0.1.0",
};
const NOW_MS = fakeClock().nowMs();
const taken: AppendResult = {
  samplesAppended: 1,
  samplesRepeated: 0,
  refused: new Map(),
  firstRefusal: undefined,
  notTaken: { metadata: 0, exemplars: 0 },
};
const takesAll: Appendable = { appendWriteRequest: () => Promise.resolve(taken) };

function request(body: Uint8Array, headers: Readonly<Record<string, string>> = {}): HttpRequest {
  return {
    method: "POST",
    host: "example",
    path: "/api/v1/write",
    query: new URLSearchParams(),
    headers: { ...HEADERS, ...headers },
    origin: "https://example",
    body: async (bytesMax) => {
      if (body.length <= bytesMax) return Buffer.from(body);
      throw new CodedError("BodyTooLarge", `${body.length} > ${bytesMax}`, { status: 413 });
    },
  };
}

const up = (value: number): Buffer =>
  encodeWriteRequest([
    { labels: labelsOf({ __name__: "up" }), samples: [{ timestampMs: NOW_MS, value }] },
  ]);

function codeOf({ status, headers, body }: HttpResponse): string {
  const envelope = JSON.parse(String(body)) as { error: { code: string; message: string } };
  assert.equal(headers?.["x-ms-error-code"], envelope.error.code);
  assert.ok(envelope.error.message.length > 0);
  return `${status} ${envelope.error.code}`;
}

async function openWorkspace(t: TestContext): Promise<WorkspaceMetrics> {
  const folder = await mkdtemp(join(tmpdir(), "linkscope-write-"));
  const store = await openMetricsStore({
    folder,
    clock: fakeClock(),
    random: seededRandom(3),
    onNote: () => {},
  });
  t.after(async () => {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });
  return store.workspace("11111111-2222-4333-8444-555555555555");
}

test("a request that is all stored is answered with 204 and no body", async (t) => {
  const workspace = await openWorkspace(t);
  const response = await receiveRemoteWrite(request(snappyEncode(up(1))), workspace);
  assert.deepEqual(response, { status: 204, headers: {} });
  assert.equal(workspace.stats().samples, 1);
});

test("a request without series is stored too: a probe for the way in", async (t) => {
  const response = await receiveRemoteWrite(
    request(snappyEncode(Buffer.alloc(0))),
    await openWorkspace(t),
  );
  assert.equal(response.status, 204);
});

test("what was refused is counted by code with 400, and the rest is stored", async (t) => {
  const workspace = await openWorkspace(t);
  const sample = { timestampMs: NOW_MS, value: 1 };
  const message = encodeWriteRequest([
    { labels: labelsOf({ __name__: "good" }), samples: [sample] },
    { labels: labelsOf({ "bad-name": "x" }), samples: [sample] },
    { labels: labelsOf({ __name__: "twice" }), samples: [sample, { ...sample, value: 2 }] },
  ]);
  const response = await receiveRemoteWrite(request(snappyEncode(message)), workspace);
  assert.equal(codeOf(response), "400 SamplesRefused");
  assert.match(String(response.body), /InvalidLabels: 1, DuplicateSample: 1/);
  assert.match(String(response.body), /2 samples are stored/);
  assert.match(String(response.body), /bad-name/);
  assert.equal(workspace.stats().samples, 2);
});

test("metadata and exemplars are named in a header as not taken", async (t) => {
  const message = Buffer.concat([up(1), Buffer.from([0x1a, 0, 0x1a, 0])]);
  const response = await receiveRemoteWrite(request(snappyEncode(message)), await openWorkspace(t));
  assert.equal(response.status, 204);
  assert.deepEqual(response.headers, { "x-linkscope-not-taken": "metadata=2" });
});

test("headers of another protocol are refused by name with 415", async () => {
  const body = snappyEncode(up(1));
  const cases: readonly (readonly [Record<string, string>, string, RegExp])[] = [
    [{ "content-type": "application/json" }, "415 UnsupportedMediaType", /application\/json/],
    [{ "content-type": "" }, "415 UnsupportedMediaType", /''/],
    [
      { "content-type": "application/x-protobuf;proto=io.prometheus.write.v2.Request" },
      "415 UnsupportedMediaType",
      /Remote write 2\.0/,
    ],
    [
      { "content-type": 'application/x-protobuf; charset=x; Proto="other.Message"' },
      "415 UnsupportedMediaType",
      /other\.Message/,
    ],
    [{ "content-encoding": "gzip" }, "415 UnsupportedContentEncoding", /gzip/],
    [{ "content-encoding": "" }, "415 UnsupportedContentEncoding", /snappy/],
    [
      { "x-prometheus-remote-write-version": "2.0.0" },
      "415 UnsupportedRemoteWriteVersion",
      /2\.0\.0/,
    ],
    [{ "x-prometheus-remote-write-version": "1" }, "415 UnsupportedRemoteWriteVersion", /'1'/],
  ];
  for (const [headers, code, says] of cases) {
    const response = await receiveRemoteWrite(request(body, headers), takesAll);
    assert.equal(codeOf(response), code);
    assert.match(String(response.body), says);
  }
});

test("the headers that senders of 1.0 write are all taken", async () => {
  const body = snappyEncode(up(1));
  const { "x-prometheus-remote-write-version": _, ...unversioned } = request(body).headers;
  const accepted: readonly Record<string, string>[] = [
    { ...HEADERS, "content-type": "application/x-protobuf;proto=prometheus.WriteRequest" },
    { ...HEADERS, "content-type": "Application/X-Protobuf" },
    { ...HEADERS, "content-encoding": "Snappy" },
    { ...HEADERS, "x-prometheus-remote-write-version": "1.0" },
    { ...HEADERS, "x-prometheus-remote-write-version": "1.0.0" },
    unversioned,
  ];
  for (const headers of accepted) {
    const response = await receiveRemoteWrite({ ...request(body), headers }, takesAll);
    assert.equal(response.status, 204, JSON.stringify(headers));
  }
});

test("broken and bombed snappy and wrong protobuf are 400, and nothing is stored", async (t) => {
  const workspace = await openWorkspace(t);
  const whole = snappyEncode(up(1));
  const bomb = Buffer.from([0x80, 0x80, 0x80, 0x08, 0x00, 97]);
  for (const body of [whole.subarray(0, -1), Buffer.alloc(0), bomb]) {
    const response = await receiveRemoteWrite(request(body), workspace);
    assert.equal(codeOf(response), "400 InvalidSnappy");
  }
  const wrong = await receiveRemoteWrite(request(snappyEncode(Buffer.from("hello"))), workspace);
  assert.equal(codeOf(wrong), "400 InvalidProtobuf");
  assert.equal(workspace.stats().samples, 0);
});

test("the compressed body is taken at its limit and refused with 413 one byte past it", async () => {
  let seen = 0;
  const counting: Appendable = {
    appendWriteRequest: (message) => {
      seen = message.length;
      return Promise.resolve(taken);
    },
  };
  const max = limits.remoteWriteCompressedBytesMax;
  // One literal: its length, a tag and the literal's length, then bytes that are never decoded further.
  const body = Buffer.alloc(max, 1);
  const length = max - 4 - 5;
  Buffer.from([
    (length & 0x7f) | 0x80,
    ((length >> 7) & 0x7f) | 0x80,
    ((length >> 14) & 0x7f) | 0x80,
    length >> 21,
    63 << 2,
  ]).copy(body);
  body.writeUInt32LE(length - 1, 5);
  assert.equal((await receiveRemoteWrite(request(body), counting)).status, 204);
  assert.equal(seen, length);
  const past = await receiveRemoteWrite(
    request(Buffer.concat([body, body.subarray(0, 1)])),
    takesAll,
  );
  assert.equal(codeOf(past), "413 BodyTooLarge");
});

test("the decoded body is taken at its limit and refused with 413 one byte past it", async () => {
  const max = limits.remoteWriteBytesMax;
  const at = await receiveRemoteWrite(request(snappyEncode(Buffer.alloc(max))), takesAll);
  assert.equal(at.status, 204);
  const past = await receiveRemoteWrite(request(snappyEncode(Buffer.alloc(max + 1))), takesAll);
  assert.equal(codeOf(past), "413 DecodedBodyTooLarge");
});

test("a busy store is 429 with Retry-After, one that cannot write is 503, and a bug is not hidden", async () => {
  const failing = (error: Error): Appendable => ({
    appendWriteRequest: () => Promise.reject(error),
  });
  const body = snappyEncode(up(1));
  const busy = await receiveRemoteWrite(request(body), failing(new StoreBusyError("Full.", 7)));
  assert.equal(codeOf(busy), "429 StoreBusy");
  assert.equal(busy.headers?.["retry-after"], "7");
  const down = new CodedError("StoreUnavailable", "The disk is full.", { status: 503 });
  assert.equal(
    codeOf(await receiveRemoteWrite(request(body), failing(down))),
    "503 StoreUnavailable",
  );
  await assert.rejects(receiveRemoteWrite(request(body), failing(new TypeError("bug"))), TypeError);
});

test("messages in flight at once do not share memory", async () => {
  const held: { message: Uint8Array; resolve: () => void }[] = [];
  const holding: Appendable = {
    appendWriteRequest: (message) =>
      new Promise((resolve) => void held.push({ message, resolve: () => resolve(taken) })),
  };
  const bodies = Array.from({ length: 8 }, (_, index) => up(index));
  for (const round of [0, 1]) {
    held.length = 0;
    const answers = bodies.map((body) => receiveRemoteWrite(request(snappyEncode(body)), holding));
    while (held.length < bodies.length) await Promise.resolve();
    for (const [index, { message }] of held.entries()) {
      assert.deepEqual(Buffer.from(message), bodies[index], `round ${round}`);
    }
    for (const { resolve } of held) resolve();
    await Promise.all(answers);
  }
});

test("over a socket: stored on 204, and an oversized body is refused without reading it", async (t) => {
  const workspace = await openWorkspace(t);
  const server = createServer(
    requestListener(
      (incoming) => receiveRemoteWrite(incoming, workspace),
      (error) => json(error.status, {}),
    ),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const post = (body: Buffer, length: number): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const headers = { ...HEADERS, "content-length": length };
      const options = { port, host: "127.0.0.1", method: "POST", path: "/", headers };
      const outgoing = httpRequest(options, (response) => {
        response.resume();
        resolve(response.statusCode);
        outgoing.destroy();
      });
      outgoing.on("error", reject);
      outgoing.write(body);
      if (body.length === length) outgoing.end();
    });
  const body = snappyEncode(up(5));
  assert.equal(await post(body, body.length), 204);
  assert.equal(await post(body, limits.remoteWriteCompressedBytesMax + 1), 413);
  assert.equal(workspace.stats().samples, 1);
});
