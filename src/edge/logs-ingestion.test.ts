/** The Logs Ingestion API on real sockets: who may write which stream, what is taken of a body, and what is kept of it. */
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { audiences } from "../azure/index.ts";
import { limits } from "../core/index.ts";
import { ruleQuota } from "../ingest/index.ts";
import { issueIngestionToken } from "../tokens/index.ts";
import { edgeRig } from "./testing/edge-rig.ts";
import type { Answer, Ask, EdgeRig } from "./testing/edge-rig.ts";
import { dce, hosts, ids, linkIds, principals } from "./testing/estate.ts";
import {
  customerIds,
  highScaleRule,
  law,
  logIds,
  logsEstate,
  ordersRule,
  ruleIds,
} from "./testing/logs-estate.ts";

let rig: EdgeRig;
const estate = (): void =>
  rig.change(
    ...[...logsEstate("a"), highScaleRule("a")].map(
      (one) => ({ kind: "put", resource: one }) as const,
    ),
  );

/** What the quota answers; a test sets it. */
const wait: { requests: number | undefined; bytes: number | undefined } = {
  requests: undefined,
  bytes: undefined,
};

before(async () => {
  rig = await edgeRig({
    ruleQuota: { request: () => wait.requests, bytes: () => wait.bytes },
  });
  estate();
});
afterEach(() => {
  rig.reset();
  rig.logs.clear();
  estate();
});
after(() => rig.close());

const path = (
  stream = "Custom-Orders",
  rule = ruleIds.orders("a"),
  version = "2023-01-01",
): string => `/dataCollectionRules/${rule}/streams/${stream}?api-version=${version}`;
const order = [{ TimeGenerated: "2026-11-22T12:00:00Z", Number: 7 }];

const post = (options: Partial<Ask> = {}): Promise<Answer> =>
  rig.ask({
    via: linkIds.scopeA,
    host: hosts.dce("a").logs,
    path: path(),
    method: "POST",
    token: rig.token(principals.operator("a"), audiences.monitor),
    headers: { "content-type": "application/json" },
    body: JSON.stringify(order),
    ...options,
  });

const codeOf = ({ status, headers, body }: Answer): readonly unknown[] => {
  const { error } = JSON.parse(body) as { error: { code: string } };
  assert.equal(headers["x-ms-error-code"], error.code);
  return [status, error.code];
};
const kept = (): readonly unknown[] => rig.logs.records(customerIds("a"), "Orders_CL");

test("records of a custom stream are kept in the table of its output stream, with the columns of every record", async () => {
  const answer = await post();
  assert.deepEqual([answer.status, answer.body], [204, ""]);
  assert.deepEqual(kept(), order);
  const [batch] = rig.logs.appended[0]?.batches ?? [];
  assert.deepEqual(batch?.constants, {
    TenantId: customerIds("a"),
    Type: "Orders_CL",
    _ResourceId: "",
    _SubscriptionId: "",
  });
  assert.deepEqual([batch?.records, batch?.receivedMs], [1, rig.clock.nowMs()]);
  assert.equal(batch?.billedBytes, JSON.stringify(order).length);
  const columns = batch?.table.columns.map(({ name, type }) => `${name}:${type}`) ?? [];
  // The table has `Paid` too, which the rule's stream does not declare.
  assert.deepEqual(columns, [
    "TenantId:string",
    "TimeGenerated:datetime",
    "Number:long",
    "SourceSystem:string",
    "Type:string",
    "_ResourceId:string",
    "_SubscriptionId:string",
    "_TimeReceived:datetime",
  ]);
});

test("a compressed body is the same, and both sizes have one limit", async () => {
  const gzip = { headers: { "content-encoding": "gzip" } };
  assert.equal((await post({ ...gzip, body: gzipSync(JSON.stringify(order)) })).status, 204);
  assert.deepEqual(kept(), order);
  const padded = (bytes: number): string => `[{"Number":1}${" ".repeat(bytes - 14)}]`;
  const max = limits.logsIngestionBytesMax;
  assert.equal((await post({ body: padded(max) })).status, 204);
  assert.equal((await post({ ...gzip, body: gzipSync(padded(max)) })).status, 204);
  for (const past of [{ body: padded(max + 1) }, { ...gzip, body: gzipSync(padded(max + 1)) }]) {
    const answer = await post(past);
    assert.deepEqual(codeOf(answer), [413, "ContentLengthLimitExceeded"]);
    assert.match(answer.body, /Maximum allowed content length: 1048576 bytes \(1 MB\)\./);
  }
  const named = await post({ body: padded(max + 1) });
  assert.match(named.body, /Provided content length: 1048577 bytes\./);
});

test("who asks and how comes before what is asked: 401, 403 of the link, 404 and 403 of the rule, 403 of the role", async () => {
  assert.deepEqual(codeOf(await post({ token: "x.y.z" })), [401, "AuthenticationFailed"]);
  assert.deepEqual(codeOf(await post({ via: "public" })), [403, "PublicNetworkAccessDenied"]);
  assert.deepEqual(codeOf(await post({ via: linkIds.scopeB })), [403, "PublicNetworkAccessDenied"]);
  const unknown = path("Custom-Orders", `dcr-${"9".repeat(32)}`);
  assert.deepEqual(codeOf(await post({ path: unknown })), [404, "ResourceNotFound"]);
  const unbound = path("Microsoft-KubeEvents", ruleIds.insights("a"));
  assert.match((await post({ path: unbound })).body, /IsDcrDceBindingValid: False/);
  const stranger = rig.token(principals.stranger, audiences.monitor);
  assert.deepEqual(codeOf(await post({ token: stranger })), [403, "OperationFailed"]);
  assert.deepEqual(codeOf(await post({ path: path("Custom-Other") })), [400, "UnknownStream"]);
  assert.deepEqual(codeOf(await post({ path: path(undefined, undefined, "2020-01-01") })), [
    400,
    "UnsupportedApiVersion",
  ]);
  assert.deepEqual(codeOf(await post({ path: "/api/logs" })), [404, "NotFound"]);
  const get = await post({ method: "GET" });
  assert.deepEqual([...codeOf(get), get.headers["allow"]], [405, "MethodNotAllowed", "POST"]);
  assert.deepEqual(rig.logs.appended, []);
  rig.change({ kind: "put", resource: dce("a", "Enabled") });
  assert.equal((await post({ via: "public" })).status, 204);
});

test("the token of a gig channel opens its rule here and no other, and its cluster is the records' resource", async () => {
  const nowMs = rig.clock.nowMs();
  const grant = { ruleImmutableId: ruleIds.highScale("a"), targetId: ids.cluster("a"), nowMs };
  const token = issueIngestionToken(rig.ingestionKey, grant);
  // Agents put the data type's name where the stream's belongs.
  for (const stream of ["Microsoft-ContainerLogV2-HighScale", "CONTAINERINSIGHTS_CONTAINERLOGV2"]) {
    const answer = await post({
      token,
      path: path(stream, ruleIds.highScale("a"), "2021-11-01-preview"),
    });
    assert.equal(answer.status, 204, answer.body);
  }
  assert.equal(rig.logs.records(customerIds("a"), "ContainerLogV2").length, 2);
  const constants = rig.logs.appended[0]?.batches[0]?.constants;
  assert.equal(constants?.["_ResourceId"], ids.cluster("a").toLowerCase());
  assert.equal(constants?.["_SubscriptionId"], "00000000-0000-0000-0000-000000000001");
  assert.deepEqual(codeOf(await post({ token })), [403, "OperationFailed"]);
  const ods = issueIngestionToken(rig.ingestionKey, { ...grant, workspaceId: customerIds("a") });
  const refused = await post({
    token: ods,
    path: path("Microsoft-KubeEvents", ruleIds.highScale("a")),
  });
  assert.deepEqual(codeOf(refused), [401, "AuthenticationFailed"]);
});

test("a body that is no array of records is refused with what is wrong and where", async () => {
  const wrong: readonly (readonly [string | Uint8Array, RegExp])[] = [
    ["", /JsonMalformed: At byte 0/],
    ["{", /JsonMalformed: At byte 1/],
    ['{"Number":1}', /JsonNotRecords: At byte 0 there must be an array of objects/],
    ["[1]", /JsonNotRecords: At byte 1 there must be an object/],
    [Uint8Array.of(0x5b, 0xff, 0x5d), /JsonMalformed: The body is not UTF-8/],
    [`[{"a":${"[".repeat(limits.logsJsonDepthMax - 1)}`, /JsonTooDeep/],
    [`[${"{},".repeat(limits.logsRecordsPerRequestMax)}{}]`, /JsonTooManyRecords/],
  ];
  for (const [body, says] of wrong) {
    const answer = await post({ body });
    assert.deepEqual(codeOf(answer), [400, "InvalidPayload"]);
    assert.match(answer.body, says);
  }
  const unpacked = await post({ headers: { "content-encoding": "gzip" } });
  assert.deepEqual(codeOf(unpacked), [400, "InvalidContentEncoding"]);
  const foreign = await post({ headers: { "content-encoding": "br" } });
  assert.match(foreign.body, /'br' is not taken here; gzip and identity are/);
  assert.deepEqual(rig.logs.appended, []);
  assert.equal((await post({ body: "[]" })).status, 204);
});

test("depth, records and fields are taken at their limits; one field past is refused", async () => {
  const depth = limits.logsJsonDepthMax - 2;
  const fields = (count: number): string =>
    `[{${Array.from({ length: count }, (_, index) => `"f${index}":0`).join()}}]`;
  for (const body of [
    `[{"a":${"[".repeat(depth)}${"]".repeat(depth)}}]`,
    `[${"{},".repeat(limits.logsRecordsPerRequestMax - 1)}{}]`,
    fields(limits.logsFieldsPerRecordMax),
  ]) {
    assert.equal((await post({ body })).status, 204);
  }
  const past = await post({ body: fields(limits.logsFieldsPerRecordMax + 1) });
  assert.deepEqual(codeOf(past), [400, "InvalidPayload"]);
});

test("TooManyRequests: a rule past its minute is told how long to wait, and nothing is kept", async (t) => {
  t.after(() => Object.assign(wait, { requests: undefined, bytes: undefined }));
  for (const [requests, bytes] of [
    [17, undefined],
    [undefined, 18],
  ] as const) {
    Object.assign(wait, { requests, bytes });
    const answer = await post();
    assert.deepEqual(codeOf(answer), [429, "TooManyRequests"]);
    assert.equal(answer.headers["retry-after"], String(requests ?? bytes));
  }
  assert.deepEqual(rig.logs.appended, []);
});

test("a rule takes 12,000 requests and 2 GB a minute; then a sender is told how long to wait", async () => {
  const full = limits.logsRuleRequestsPerMinuteMax;
  const quota = ruleQuota(rig.clock);
  for (let count = 0; count < full; count++) assert.equal(quota.request("dcr-x"), undefined);
  const seconds = 60 - Math.floor((rig.clock.nowMs() % 60_000) / 1000);
  assert.equal(quota.request("dcr-x"), seconds);
  assert.equal(quota.request("dcr-y"), undefined);
  assert.equal(quota.bytes("dcr-y", limits.logsRuleBytesPerMinuteMax), undefined);
  assert.equal(quota.bytes("dcr-y", 1), seconds);
  rig.clock.advance(seconds * 1000);
  assert.equal(quota.request("dcr-x"), undefined);
  assert.equal(quota.bytes("dcr-y", 1), undefined);
});

test("a transformation runs once translated, what it drops is counted, and a changed rule is translated anew", async () => {
  const { logs } = rig;
  const transformKql = "source | where Number > 5";
  const change = (): void =>
    rig.change({ kind: "put", resource: ordersRule("a", { transformKql }) });
  change();
  const columns = [{ name: "Number", type: "long" }] as const;
  logs.translation = { ok: true, sql: "SELECT 1", parameters: [], columns, tables: ["source"] };
  logs.transform = async () => ({ json: Buffer.from('[{"Number":9}]'), records: 1, dropped: 2 });
  for (let round = 0; round < 3; round++) assert.equal((await post()).status, 204);
  assert.deepEqual(kept(), [{ Number: 9 }, { Number: 9 }, { Number: 9 }]);
  const [asked, ...others] = logs.translations;
  assert.deepEqual([asked?.text, asked?.use, others.length], [transformKql, "transformation", 0]);
  assert.deepEqual(
    asked?.tables[0]?.columns.map(({ name }) => name),
    ["TimeGenerated", "Number"],
  );
  change();
  await post();
  assert.equal(logs.translations.length, 2);
  const text = await rig.edge.metricsText();
  assert.match(text, /linkscope_edge_records_total\{[^}]*table="Orders_CL",outcome="dropped"\} 8/);
  logs.transform = async () => ({ json: Buffer.from("[]"), records: 0, dropped: 1 });
  logs.appended.length = 0;
  assert.equal((await post()).status, 204);
  assert.deepEqual(logs.appended, []);
});

test("a transformation that asks for the time is translated for each request", async () => {
  rig.change({
    kind: "put",
    resource: ordersRule("a", { transformKql: "source | extend T = now()" }),
  });
  rig.logs.translation = { ok: true, sql: "", parameters: [], columns: [], tables: ["source"] };
  rig.logs.transform = async ({ json, records }) => ({ json, records, dropped: 0 });
  await post();
  await post();
  assert.equal(rig.logs.translations.length, 2);
});

test("a transformation that is not supported is refused by name, and nothing is kept", async () => {
  rig.change({ kind: "put", resource: ordersRule("a", { transformKql: "source | render x" }) });
  const problem = {
    kind: "unsupported",
    code: "x",
    says: "render is not supported.",
    start: 9,
    length: 6,
  } as const;
  rig.logs.translation = { ok: false, problems: [problem] };
  const answer = await post();
  assert.deepEqual(codeOf(answer), [501, "FeatureNotEmulated"]);
  assert.match(answer.body, /render is not supported/);
  assert.deepEqual(rig.logs.appended, []);
});

test("one stream into two tables is kept in both or in none; into two workspaces it is refused by name", async () => {
  const flow = {
    streams: ["Custom-Orders"],
    destinations: ["ciworkspace"],
    outputStream: "Custom-Orders_CL",
  };
  const rule = ordersRule("a");
  const dataFlows = [flow, { ...flow, outputStream: "Microsoft-Syslog" }];
  const both = { ...rule, properties: { ...rule.properties, dataFlows } };
  rig.change({ kind: "put", resource: both });
  assert.equal((await post()).status, 204);
  assert.deepEqual(
    rig.logs.appended.map(({ batches }) => batches.map(({ table }) => table.name)),
    [["Orders_CL", "Syslog"]],
  );
  const logAnalytics = [
    { workspaceResourceId: logIds.law("a"), name: "ciworkspace" },
    { workspaceResourceId: logIds.law("b"), name: "other" },
  ];
  const twice = {
    ...rule.properties,
    destinations: { logAnalytics },
    dataFlows: [flow, { ...flow, destinations: ["other"] }],
  };
  rig.change({ kind: "put", resource: { ...rule, properties: twice } });
  const answer = await post();
  assert.deepEqual(codeOf(answer), [501, "FeatureNotEmulated"]);
  assert.match(answer.body, /to 2 workspaces; one is supported/);
});

test("a workspace or a table that is gone is told as that, and a sender may try again", async () => {
  for (const id of [`${logIds.law("a")}/tables/Orders_CL`, logIds.law("a")]) {
    rig.change({ kind: "delete", id });
    const answer = await post();
    assert.deepEqual(codeOf(answer), [503, "DestinationUnavailable"]);
    assert.equal(answer.headers["retry-after"], "30");
  }
});

test("past the daily cap records are accepted and dropped, counted and told to the access log", async () => {
  const resetsMs = rig.clock.nowMs() + 3_600_000;
  rig.logs.answer = async () => ({ kind: "capped", resetsMs });
  const answer = await post();
  assert.equal(answer.status, 204);
  assert.deepEqual(kept(), []);
  const entry = rig.accessLog.find(String(answer.headers["x-ms-request-id"]));
  assert.equal(entry?.reasons.at(-1)?.rule, "logs.daily-cap");
  assert.match(await rig.edge.metricsText(), /table="Orders_CL",outcome="capped"\} 1/);
});

test("workspaces that have logs are opened when they are named, and configured as the graph says", async () => {
  rig.change({ kind: "put", resource: law("b", "Disabled", { retentionInDays: 60 }) });
  assert.equal(rig.logs.settings.get(customerIds("b")), undefined);
  await rig.edge.openLogs(["lost+found", customerIds("b")]);
  assert.equal(rig.logs.settings.get(customerIds("b"))?.retentionDays, 60);
  assert.equal(rig.logs.settings.has("lost+found"), false);
});

test("a workspace's cap and retention are told to its store, when it is opened and when they change", async () => {
  await post();
  assert.deepEqual(rig.logs.settings.get(customerIds("a")), {
    resourceId: logIds.law("a"),
    dailyQuotaBytes: undefined,
    retentionDays: 30,
    tableRetentionDays: new Map([["Orders_CL", 7]]),
  });
  const capped = law("a", "Disabled", {
    workspaceCapping: { dailyQuotaGb: 0.5 },
    retentionInDays: 90,
  });
  rig.change({ kind: "put", resource: capped });
  const settings = rig.logs.settings.get(customerIds("a"));
  assert.deepEqual([settings?.dailyQuotaBytes, settings?.retentionDays], [500_000_000, 90]);
});
