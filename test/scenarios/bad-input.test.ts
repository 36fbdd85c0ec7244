/** Bad input to ingestion and query, over the wire: a status, a documented code, and nothing lost of what was taken before. */
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { stringAt } from "../../src/arm/index.ts";
import { audiences } from "../../src/azure/index.ts";
import { labelsOf, limits } from "../../src/core/index.ts";
import type { Label } from "../../src/core/index.ts";
import { encodeWriteRequest, snappyEncode } from "../../src/wire/index.ts";
import { armOf } from "../support/arm.ts";
import type { TestArm } from "../support/arm.ts";
import { removeFolder, startPlatform } from "../support/command.ts";
import type { TestPlatform } from "../support/command.ts";
import { refusedWith } from "../support/documented.ts";
import { makePrivateEstate } from "../support/private-estate.ts";
import type { PrivateEstate } from "../support/private-estate.ts";
import { openForge } from "../support/token-forge.ts";
import type { TokenForge } from "../support/token-forge.ts";
import { wireAt } from "../support/wire.ts";
import type { Wire, WireAnswer, WireRequest } from "../support/wire.ts";

let platform: TestPlatform;
let estate: PrivateEstate;
let access: TestArm;
let inside: Wire;
let outside: Wire;
let token: string;
let forge: TokenForge;

before(async () => {
  platform = await startPlatform();
  estate = await makePrivateEstate(platform.ready);
  access = armOf(platform.ready);
  inside = await wireAt(platform.ready, { kind: "vnet", vnet: estate.vnetName });
  outside = await wireAt(platform.ready, { kind: "public" });
  token = await estate.token(audiences.monitor);
  forge = await openForge(platform.ready);
});
after(async () => {
  await inside.close();
  await outside.close();
  access.close();
  estate.close();
  await platform.stop();
  removeFolder(platform.data);
});
// Whatever a test sent, the way stays open and everything that was acknowledged is there, once.
afterEach(async () => {
  await writeGood();
  assert.deepEqual(await values("kept_total[1h]"), acknowledged);
  assert.deepEqual(await values('{__name__=~"refused.*"}[1h]'), []);
});

const baseMs = Date.now() - 600_000;
/** The values that were acknowledged, in the order of their times. */
const acknowledged: number[] = [];

type Sent = Partial<WireRequest> & { readonly url?: string };

/** A write as a correct sender makes it, but for what `sent` changes. */
function write(sent: Sent, from: Wire = inside): Promise<WireAnswer> {
  const url = new URL(sent.url ?? estate.writeUrl);
  return from.ask(url.hostname, {
    method: "POST",
    path: `${url.pathname}${url.search}`,
    token,
    body: good("refused"),
    ...sent,
    headers: { ...writeHeaders, ...sent.headers },
  });
}

const writeHeaders = {
  "content-encoding": "snappy",
  "content-type": "application/x-protobuf",
  "x-prometheus-remote-write-version": "0.1.0",
};

const seriesOf = (labels: readonly Label[], value = 1, timestampMs = baseMs) => ({
  labels,
  samples: [{ timestampMs, value }],
});
const bodyOf = (...series: readonly ReturnType<typeof seriesOf>[]): Buffer =>
  snappyEncode(encodeWriteRequest(series));
const named = (name: string): readonly Label[] => labelsOf({ __name__: name });
const good = (name: string): Buffer => bodyOf(seriesOf(named(name)));

async function writeGood(): Promise<void> {
  const next = acknowledged.length + 1;
  const body = bodyOf(seriesOf(named("kept_total"), next, baseMs + next * 1000));
  const answer = await write({ body });
  assert.equal(answer.status, 204, answer.body);
  acknowledged.push(next);
}

interface QueryResult {
  readonly data: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly values: readonly (readonly [number, string])[];
    }[];
  };
}

async function select(promql: string): Promise<QueryResult["data"]["result"]> {
  const answer = await outside.ask(new URL(estate.queryUrl).hostname, {
    path: `/api/v1/query?query=${encodeURIComponent(promql)}`,
    token: await estate.token(audiences.prometheus),
  });
  assert.equal(answer.status, 200, answer.body);
  return (JSON.parse(answer.body) as QueryResult).data.result;
}

const values = async (promql: string): Promise<readonly number[]> =>
  (await select(promql)).flatMap((series) => series.values.map(([, value]) => Number(value)));

test("snappy that is truncated, lies about its length, or is no snappy at all", async () => {
  const whole = good("refused");
  for (const length of [0, 1, whole.length - 1]) {
    refusedWith(await write({ body: whole.subarray(0, length) }), 400, "InvalidSnappy");
  }
  const pastItsStart = Buffer.from([8, 0x01, 0xff]);
  const longer = Buffer.from([...varint(limits.remoteWriteBytesMax), ...whole.subarray(1)]);
  for (const body of [pastItsStart, longer, encodeWriteRequest([seriesOf(named("refused"))])]) {
    refusedWith(await write({ body }), 400, "InvalidSnappy");
  }
});

test("a snappy bomb: small on the wire, too large once decompressed", async () => {
  const declared = Buffer.from([...varint(0xffff_ffff), 0, 0]);
  const lie = await write({ body: declared });
  refusedWith(lie, 413, "DecodedBodyTooLarge", /4294967295 bytes .* limit is 33554432/);
  const bomb = snappyEncode(Buffer.alloc(limits.remoteWriteBytesMax + 1));
  assert.ok(bomb.length < limits.remoteWriteBytesMax / 16);
  refusedWith(await write({ body: bomb }), 413, "DecodedBodyTooLarge", /33554433 bytes/);
  const atTheLimit = snappyEncode(Buffer.alloc(limits.remoteWriteBytesMax));
  refusedWith(await write({ body: atTheLimit }), 400, "InvalidProtobuf");
});

function varint(value: number): readonly number[] {
  const low = value % 0x80;
  return value < 0x80 ? [low] : [low + 0x80, ...varint(Math.floor(value / 0x80))];
}

test("a message that is no WriteRequest", async () => {
  const message = encodeWriteRequest([seriesOf(named("refused"))]);
  for (const bytes of [
    message.subarray(0, message.length - 1),
    Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]),
    Buffer.from([0x00]),
    Buffer.from("<html>"),
  ]) {
    refusedWith(await write({ body: snappyEncode(bytes) }), 400, "InvalidProtobuf");
  }
});

const numbered = (count: number): readonly Label[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `l${String(index).padStart(2, "0")}`,
    value: "x",
  }));
const meta = (value: string): Label => ({ name: "__name__", value });

test("labels that are invalid, too many or too long are refused by code, and the rest of the request is kept", async () => {
  const name = meta("refused");
  const cases: readonly (readonly [string, readonly Label[]])[] = [
    ["InvalidLabels", [name, { name: "1st", value: "x" }]],
    ["InvalidLabels", [name, { name: "with-dash", value: "x" }]],
    ["InvalidLabels", [name, { name: "", value: "x" }]],
    ["InvalidLabels", [meta("no name")]],
    ["InvalidLabels", [{ name: "nameless", value: "x" }]],
    ["DuplicateLabel", [name, { name: "a", value: "1" }, { name: "a", value: "2" }]],
    ["TooManyLabels", [name, ...numbered(limits.labelsPerSeriesMax)]],
    ["LabelTooLong", [name, { name: "a".repeat(limits.labelNameBytesMax + 1), value: "x" }]],
    ["LabelTooLong", [name, { name: "a", value: "x".repeat(limits.labelValueBytesMax + 1) }]],
  ];
  for (const [code, labels] of cases) {
    const next = acknowledged.length + 1;
    const kept = seriesOf(named("kept_total"), next, baseMs + next * 1000);
    const answer = await write({ body: bodyOf(seriesOf(labels), kept) });
    refusedWith(
      answer,
      400,
      "SamplesRefused",
      new RegExp(`\\(${code}: 1\\); 1 samples are stored`),
    );
    acknowledged.push(next);
  }
});

test("as many labels and as long ones as there may be are kept", async () => {
  const labels = [
    meta("most"),
    ...numbered(limits.labelsPerSeriesMax - 2),
    {
      name: "z".repeat(limits.labelNameBytesMax),
      value: "x".repeat(limits.labelValueBytesMax),
    },
  ];
  assert.equal((await write({ body: bodyOf(seriesOf(labels)) })).status, 204);
  const [series] = await select("most[1h]");
  assert.equal(Object.keys(series?.metric ?? {}).length, limits.labelsPerSeriesMax);
});

test("__proto__ and constructor are label names and values like others, on every way that shows them", async () => {
  const odd = [
    { name: "__name__", value: "__proto__" },
    { name: "__proto__", value: "constructor" },
    { name: "constructor", value: "__proto__" },
  ];
  assert.equal((await write({ body: bodyOf(seriesOf(odd, 7)) })).status, 204);
  const [series] = await select('__proto__{__proto__="constructor"}[1h]');
  assert.deepEqual(
    Object.entries(series?.metric ?? {}),
    odd.map(({ name, value }) => [name, value]),
  );
  const words = ["query", "metrics", 'last_over_time(__proto__{constructor="__proto__"}[1h])'];
  const printed = await platform.linkscope([...words, "--workspace", estate.workspaceName]);
  assert.match(printed.out, /\{__proto__="constructor", constructor="__proto__"\} +1 /);
});

test("a body past the limit, by its declared length and by its bytes", async () => {
  const body = Buffer.alloc(limits.remoteWriteCompressedBytesMax + 1);
  const chunked = { "transfer-encoding": "chunked" };
  for (const headers of [{}, chunked]) {
    refusedWith(await write({ headers, body }), 413, "BodyTooLarge", /limit is 16777216/);
  }
});

test("another content type, encoding or version than remote write 1.0 has", async () => {
  const answers: readonly (readonly [Record<string, string>, string])[] = [
    [{ "content-type": "application/json" }, "UnsupportedMediaType"],
    [
      { "content-type": "application/x-protobuf;proto=io.prometheus.write.v2.Request" },
      "UnsupportedMediaType",
    ],
    [{ "content-encoding": "gzip" }, "UnsupportedContentEncoding"],
    [{ "x-prometheus-remote-write-version": "2.0.0" }, "UnsupportedRemoteWriteVersion"],
  ];
  for (const [headers, code] of answers) refusedWith(await write({ headers }), 415, code);
});

test("a token that has ended, one for another audience, and none", async () => {
  assert.equal((await write({ token: forge.signed(), body: good("taken") })).status, 204);
  const ended = forge.signed({ endedSeconds: limits.clockSkewSeconds + 1 });
  const wrong = await estate.token(audiences.arm);
  const cases: readonly (readonly [string, RegExp])[] = [
    [ended, /TokenExpired: the token ended at/],
    [wrong, /TokenAudienceWrong: .*management/],
    ["not.a.token", /TokenMalformed/],
    ["", /no bearer token/],
  ];
  for (const [bad, says] of cases) {
    const answer = await write({ token: bad });
    refusedWith(answer, 401, "AuthenticationFailed", says);
    assert.match(answer.headers["www-authenticate"] ?? "", /^Bearer authorization_uri="https:/);
  }
  const host = new URL(estate.queryUrl).hostname;
  const path = "/api/v1/query?query=vector(1)";
  refusedWith(
    await outside.ask(host, { path, token }),
    401,
    "AuthenticationFailed",
    /TokenAudienceWrong/,
  );
});

test("a principal without the role, a rule that is none, a rule of another endpoint, a stream that is none", async () => {
  const stranger = "00000000-0000-4000-8000-00000000000f";
  const noRole = await write({ token: forge.signed({ objectId: stranger }) });
  refusedWith(noRole, 403, "OperationFailed", /IsRbacPresent: False/);
  const query = await outside.ask(new URL(estate.queryUrl).hostname, {
    path: "/api/v1/query?query=vector(1)",
    token: forge.signed({ objectId: stranger, audience: audiences.prometheus }),
  });
  refusedWith(query, 403, "AuthorizationFailed");

  const immutableId = /dcr-[0-9a-f]{32}/.exec(estate.writeUrl)?.[0] ?? "";
  const of = (id: string): string => estate.writeUrl.replace(immutableId, id);
  for (const id of [`dcr-${"0".repeat(32)}`, "__proto__", "dcr-clients"]) {
    refusedWith(await write({ url: of(id) }), 404, "ResourceNotFound", new RegExp(id));
  }
  const workspace = await access.arm.get(estate.workspaceId, "2023-04-03");
  const ruleId = stringAt(
    workspace,
    "properties",
    "defaultIngestionSettings",
    "dataCollectionRuleResourceId",
  );
  const rule = await access.arm.get(ruleId ?? "", "2022-06-01");
  const foreign = await write({ url: of(stringAt(rule, "properties", "immutableId") ?? "") });
  refusedWith(foreign, 403, "OperationFailed", /IsDcrDceBindingValid: False/);

  const stream = estate.writeUrl.replace("Microsoft-PrometheusMetrics", "Microsoft-Perf");
  refusedWith(await write({ url: stream }), 400, "UnknownStream", /Microsoft-Perf/);
});

test("paths with //, .. and what hides them, other methods, versions and places", async () => {
  const { pathname, search } = new URL(estate.writeUrl);
  const path = `${pathname}${search}`;
  for (const bad of [
    `/${path}`,
    path.replace("/streams", "//streams"),
    path.replace("/streams", "/streams/../streams"),
    path.replace("/streams", "/./streams"),
    path.replace("/streams", "/%2e%2e/streams"),
    path.replace("/streams", "%2fstreams"),
    path.replace("/streams", "\\streams"),
    path.replace("/streams", "/%zz/streams"),
  ]) {
    refusedWith(await write({ path: bad }), 400, "InvalidRequest");
  }
  refusedWith(await write({ path: `${path}&x=${"y".repeat(8192)}` }), 414, "UriTooLong");
  refusedWith(await write({ path: pathname }), 400, "UnsupportedApiVersion");
  refusedWith(await write({ method: "PUT" }), 405, "MethodNotAllowed");
  refusedWith(await write({ path: "/nothing" }), 404, "NotFound");
  refusedWith(await write({}, outside), 403, "PublicNetworkAccessDenied");
  refusedWith(await write({ headers: { host: "x y" } }), 400, "InvalidRequest");
  refusedWith(
    await write({ headers: { host: new URL(estate.queryUrl).host } }),
    421,
    "MisdirectedRequest",
  );
});
