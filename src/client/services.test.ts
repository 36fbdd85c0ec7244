/** The clients of queries, remote write and agent configuration, against scripted answers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CodedError, fakeClock, labelsOf } from "../core/index.ts";
import { encodeWriteRequest, snappyDecode } from "../wire/index.ts";
import { agentConfigurationClient, prometheusClient, sendWriteRequest } from "./index.ts";
import { driven, scriptedTransport } from "./testing/servers.ts";
import type { Scripted } from "./testing/servers.ts";
import type { TransportRequest } from "./transport.ts";

const coded =
  (code: string, says = /./) =>
  (error: unknown) => {
    assert.ok(error instanceof CodedError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, says);
    return true;
  };
const token = (resource: string) => Promise.resolve(`for ${resource}`);

test("a query is POSTed as a form with the token of Prometheus's audience", async () => {
  const vector = { resultType: "vector", result: [{ metric: {}, value: [1, "1"] }] };
  const transport = scriptedTransport(() => ({ body: { status: "success", data: vector } }));
  const client = prometheusClient({ transport, token, endpoint: "https://w.example/" });
  const answer = await client.query("vector(1)", { timeMs: 1_500 });
  assert.deepEqual([answer.resultType, answer.result], ["vector", vector.result]);
  assert.equal(answer.peer.address, "10.1.0.4");
  await client.queryRange("up", { startMs: 0, endMs: 60_000, stepMs: 15_000 });
  const [first, second] = transport.sent;
  assert.equal(first?.url, "https://w.example/api/v1/query");
  assert.equal(
    first?.headers?.["authorization"],
    "Bearer for https://prometheus.monitor.azure.com",
  );
  assert.equal(first?.body, "query=vector%281%29&time=1.5");
  assert.equal(second?.body, "query=up&start=0&end=60&step=15");
});

test("QueryFailed: Prometheus's error type is told; a refusal of the front door keeps its own code", async () => {
  const ask = (scripted: Scripted) =>
    prometheusClient({
      transport: scriptedTransport(() => scripted),
      token,
      endpoint: "https://w",
    }).query("up");
  const bad = { status: "error", errorType: "bad_data", error: "1:1: parse error" };
  await assert.rejects(ask({ status: 400, body: bad }), coded("QueryFailed", /^bad_data: 1:1/));
  const denied = { error: { code: "PublicNetworkAccessDenied", message: "no" } };
  await assert.rejects(ask({ status: 403, body: denied }), coded("PublicNetworkAccessDenied"));
  const odd = { status: "success", data: { resultType: "tables" } };
  await assert.rejects(ask({ body: odd }), coded("AnswerUnreadable"));
});

const series = [{ labels: labelsOf({ __name__: "up" }), samples: [{ timestampMs: 5, value: 1 }] }];
const write = (scripted: Scripted) => {
  const transport = scriptedTransport(() => scripted);
  const to = { transport, clock: fakeClock(), url: "https://m/write", token: "secret" };
  return { outcome: sendWriteRequest(series, to), transport };
};

test("a write is snappy and protobuf with the protocol's headers", async () => {
  const { outcome, transport } = write({ status: 204 });
  assert.equal((await outcome).kind, "taken");
  const [sent] = transport.sent;
  assert.equal(sent?.method, "POST");
  const { authorization, ...headers } = sent?.headers ?? {};
  assert.equal(authorization, "Bearer secret");
  assert.deepEqual(headers, {
    "content-encoding": "snappy",
    "content-type": "application/x-protobuf",
    "user-agent": "linkscope",
    "x-prometheus-remote-write-version": "0.1.0",
  });
  const message = snappyDecode(sent?.body as Uint8Array, { bytesMax: 1_000 });
  assert.deepEqual(Buffer.from(message), encodeWriteRequest(series));
});

test("statuses are read as the protocol reads them", async () => {
  const kinds: Record<number, string> = {
    200: "taken",
    204: "taken",
    400: "refused",
    401: "unauthorized",
    403: "refused",
    404: "refused",
    413: "refused",
    429: "retry",
    500: "retry",
    503: "retry",
  };
  for (const [status, kind] of Object.entries(kinds)) {
    const outcome = await write({ status: Number(status) }).outcome;
    assert.equal(outcome.kind, kind, status);
  }
  const busy = await write({ status: 429, headers: { "retry-after": "7" } }).outcome;
  assert.ok(busy.kind === "retry" && busy.retryAfterMs === 7_000);
  const date = "Thu, 01 Jan 2026 00:00:09 GMT";
  const dated = await write({ status: 503, headers: { "retry-after": date } }).outcome;
  assert.ok(dated.kind === "retry" && dated.retryAfterMs === 9_000);
});

const clusterId =
  "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c";
const dce = "https://dce-ab12.eastus-1.handler.control.monitor.azure.com";
const metrics =
  "https://dce-ab12.eastus-1.metrics.ingest.monitor.azure.com/api/v1/dataCollectionRules/dcr-1/streams/Microsoft-PrometheusMetrics";
const configured = {
  configurations: [
    {
      configurationId: "dcr-1",
      content: {
        channels: [
          { id: "ods-1", protocol: "ods", endpoint: "https://x" },
          { id: "metrics-dce-1", protocol: "prometheus", endpoint: metrics },
        ],
      },
    },
  ],
};
const redirect = { status: 421, headers: { "x-ms-agent-config-endpoint": dce } };
function configuration(answer: (request: TransportRequest, count: number) => Scripted) {
  const transport = scriptedTransport(answer);
  const clock = fakeClock();
  const client = agentConfigurationClient({ transport, clock, token, clusterId, region: "eastus" });
  return { client, clock, sent: transport.sent };
}
const atGlobal = ({ url }: TransportRequest): boolean => url.startsWith("https://global.");

test("the configuration is asked at the global host, and where a 421 points to; that is kept", async () => {
  const { client, sent } = configuration((request) =>
    atGlobal(request) ? redirect : { body: configured },
  );
  const { channels, base } = await client.read();
  assert.equal(base, dce);
  assert.deepEqual(channels, [
    { configurationId: "dcr-1", channelId: "metrics-dce-1", endpoint: metrics },
  ]);
  await client.read();
  const query = "operatingLocation=eastus&platform=linux&api-version=2020-08-01-preview";
  const path = `${clusterId}/agentConfigurations?${query}`;
  assert.deepEqual(
    sent.map(({ url }) => url),
    [`https://global.handler.control.monitor.azure.com${path}`, dce + path, dce + path],
  );
  assert.equal(sent[0]?.headers?.["authorization"], "Bearer for https://monitor.azure.com/");
});

test("a redirect is one of three tries: two redirects and a busy answer end it", async () => {
  const twice = configuration((_, count) => (count < 3 ? redirect : { status: 503 }));
  await assert.rejects(twice.client.read(), coded("ConfigurationRefused", /^503/));
  assert.equal(twice.sent.length, 3);
  const forever = configuration(() => redirect);
  await assert.rejects(forever.client.read(), coded("ConfigurationRefused", /^421/));
  assert.equal(forever.sent.length, 3);
});

test("retriable statuses are tried again after (n + 1) · 100 ms or Retry-After; others are final", async () => {
  for (const status of [408, 429, 500, 502, 503, 504]) {
    const busy = configuration((_, count) => (count < 3 ? { status } : { body: configured }));
    const startMs = busy.clock.nowMs();
    await driven(busy.client.read(), busy.clock, 10);
    assert.equal(busy.sent.length, 3);
    const tookMs = busy.clock.nowMs() - startMs;
    assert.ok(tookMs >= 300 && tookMs < 1_000, `${status}: ${tookMs}`);
  }
  const later = configuration((_, count) =>
    count < 2 ? { status: 429, headers: { "retry-after": "4" } } : { body: configured },
  );
  const startMs = later.clock.nowMs();
  await driven(later.client.read(), later.clock);
  assert.ok(later.clock.nowMs() - startMs >= 4_000);
  const text = "Data collection endpoint must be used to access configuration over private link";
  for (const status of [201, 204, 301, 400, 401, 403, 404]) {
    const final = configuration(() => ({
      status,
      body: { error: { code: "NoEndpoint", message: text } },
    }));
    await assert.rejects(final.client.read(), coded("ConfigurationRefused", new RegExp(text)));
    assert.equal(final.sent.length, 1);
  }
});

test("after a final refusal at the kept endpoint the global host is asked again", async () => {
  const { client, sent } = configuration((request, count) =>
    atGlobal(request) ? redirect : count === 4 ? { body: configured } : { status: 403 },
  );
  await assert.rejects(client.read(), coded("ConfigurationRefused"));
  await client.read();
  assert.deepEqual(sent.map(atGlobal), [true, false, true, false]);
});

test("UrlRefused: neither a redirect nor a channel leads the token to a foreign host", async () => {
  const foreign = [
    "https://evil.example",
    "http://x.monitor.azure.com",
    "https://monitor.azure.com.evil",
    "",
  ];
  for (const endpoint of foreign) {
    const moved = configuration(() => ({
      status: 421,
      headers: { "x-ms-agent-config-endpoint": endpoint },
    }));
    await assert.rejects(moved.client.read(), coded("UrlRefused"));
    const text = JSON.stringify(configured).replace(metrics, endpoint);
    await assert.rejects(configuration(() => ({ body: text })).client.read(), coded("UrlRefused"));
  }
});

test("ConfigurationUnreadable: a 421 without its header, channels without ids, ids that are paths", async () => {
  const nowhere = configuration(() => ({ status: 421 }));
  await assert.rejects(nowhere.client.read(), coded("ConfigurationUnreadable"));
  const text = JSON.stringify(configured);
  for (const [from, to] of [
    ['"id":"metrics-dce-1",', ""],
    ["metrics-dce-1", "../x"],
    ['"configurationId":"dcr-1"', '"configurationId":"a/b"'],
  ] as const) {
    const body = text.replace(from, to);
    await assert.rejects(
      configuration(() => ({ body })).client.read(),
      coded("ConfigurationUnreadable"),
    );
  }
});

test("an ingestion token comes from its channel's path, with the life that Cache-Control says", async () => {
  const { client, sent } = configuration(() => ({
    headers: { "cache-control": "private, max-age=86400" },
    body: { configurationId: "dcr-1", ingestionAuthToken: "jwt" },
  }));
  const channel = { configurationId: "dcr-1", channelId: "metrics-dce-1" };
  assert.deepEqual(await client.ingestionToken(channel), { token: "jwt", maxAgeMs: 86_400_000 });
  const url = new URL(sent[0]?.url ?? "");
  assert.equal(
    url.pathname,
    `${clusterId}/agentConfigurations/dcr-1/channels/metrics-dce-1/issueIngestionToken`,
  );
  assert.equal(url.searchParams.get("api-version"), "2020-04-01-preview");
});

test("IngestionTokenRefused, ConfigurationUnreadable: a refusal, and a token without max-age, are errors", async () => {
  const channel = { configurationId: "dcr-1", channelId: "metrics-dce-1" };
  const refused = configuration(() => ({ status: 404, body: { error: { code: "X" } } }));
  await assert.rejects(refused.client.ingestionToken(channel), coded("IngestionTokenRefused"));
  for (const headers of [{}, { "cache-control": "no-store" }, { "cache-control": "s-max-age=5" }]) {
    const bare = configuration(() => ({ headers, body: { ingestionAuthToken: "jwt" } }));
    await assert.rejects(bare.client.ingestionToken(channel), coded("ConfigurationUnreadable"));
  }
});
