/** ODS on real sockets: whose token opens it, what Azure answers without a word, and which rows a body becomes. */
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { audiences } from "../azure/index.ts";
import { limits } from "../core/index.ts";
import { issueIngestionToken } from "../tokens/index.ts";
import { edgeRig } from "./testing/edge-rig.ts";
import type { Answer, Ask, EdgeRig } from "./testing/edge-rig.ts";
import { ids, linkIds, principals } from "./testing/estate.ts";
import {
  customerIds,
  insightsRule,
  law,
  lawHosts,
  logIds,
  logsEstate,
  ruleIds,
} from "./testing/logs-estate.ts";

let rig: EdgeRig;
const estate = (): void =>
  rig.change(...logsEstate("a").map((resource) => ({ kind: "put", resource }) as const));
before(async () => {
  rig = await edgeRig();
  estate();
});
afterEach(() => {
  rig.reset();
  rig.logs.clear();
  estate();
});
after(() => rig.close());

const odsPath = "/OperationalData.svc/PostJsonDataItems";
const token = (workspaceId = customerIds("a"), ruleImmutableId = ruleIds.insights("a")): string =>
  issueIngestionToken(rig.ingestionKey, {
    ruleImmutableId,
    targetId: ids.cluster("a"),
    workspaceId,
    nowMs: rig.clock.nowMs(),
  });
const bodyOf = (DataType: string, DataItems: readonly unknown[]): string =>
  JSON.stringify({ DataType, IPName: "ContainerInsights", DataItems });
const events = [{ CollectionTime: "2026-11-22T12:00:00Z", Reason: "BackOff", Count: 2 }];

const post = (options: Partial<Ask> = {}): Promise<Answer> =>
  rig.ask({
    via: linkIds.scopeA,
    host: lawHosts("a").ods,
    path: `${odsPath}?api-version=2016-04-01`,
    method: "POST",
    token: token(),
    headers: { "content-type": "application/json", "x-ms-azureresourceid": ids.cluster("a") },
    body: bodyOf("KUBE_EVENTS_BLOB", events),
    ...options,
  });
const send = (dataType: string, items: readonly unknown[]): Promise<Answer> =>
  post({ body: bodyOf(dataType, items) });
const rows = (table: string): readonly unknown[] => rig.logs.records(customerIds("a"), table);
const lastReason = (answer: Answer) =>
  rig.accessLog.find(String(answer.headers["x-ms-request-id"]))?.reasons.at(-1);

test("records are kept in the table of their data type, with an empty 200, under the cluster's id", async () => {
  const answer = await post();
  assert.deepEqual([answer.status, answer.body, answer.headers["content-length"]], [200, "", "0"]);
  assert.deepEqual(rows("KubeEvents"), [
    { TimeGenerated: "2026-11-22T12:00:00Z", Reason: "BackOff", Count: 2 },
  ]);
  assert.deepEqual(rig.logs.appended[0]?.batches[0]?.constants, {
    TenantId: customerIds("a"),
    Type: "KubeEvents",
    _ResourceId: ids.cluster("a").toLowerCase(),
    _SubscriptionId: "00000000-0000-0000-0000-000000000001",
  });
  assert.equal((await post({ path: odsPath })).status, 200);
});

test("bodies come deflated, with and without zlib's header, and gzipped", async () => {
  const body = bodyOf("KUBE_EVENTS_BLOB", events);
  for (const [encoding, packed] of [
    ["deflate", deflateSync(body)],
    ["deflate", deflateRawSync(body)],
    ["gzip", gzipSync(body)],
  ] as const) {
    const headers = { "content-encoding": encoding };
    assert.equal((await post({ headers, body: packed })).status, 200);
  }
  assert.equal(rows("KubeEvents").length, 3);
});

test("names on the wire become those of columns, and a list of counters becomes rows", async () => {
  await send("CONTAINER_LOG_BLOB", [
    { Id: "c1", LogEntry: "x", LogEntryTimeStamp: "2026-11-22T12:00:00Z" },
  ]);
  assert.deepEqual(rows("ContainerLog"), [
    { ContainerID: "c1", LogEntry: "x", TimeGenerated: "2026-11-22T12:00:00Z" },
  ]);
  const counters = [
    { CounterName: "cpuUsageNanoCores", Value: 5 },
    { CounterName: "memoryRssBytes", Value: 6.5 },
  ];
  const perf = { Timestamp: "2026-11-22T12:00:00Z", Host: "n1", ObjectName: "K8SNode" };
  await send("LINUX_PERF_BLOB", [
    { ...perf, json_Collections: JSON.stringify(counters) },
    { ...perf, CounterName: "restartTimeEpoch", Value: 1 },
    { ...perf, json_Collections: "[" },
  ]);
  const shared = { TimeGenerated: perf.Timestamp, Computer: "n1", ObjectName: "K8SNode" };
  assert.deepEqual(rows("Perf"), [
    { ...shared, CounterName: "cpuUsageNanoCores", CounterValue: 5 },
    { ...shared, CounterName: "memoryRssBytes", CounterValue: 6.5 },
    { ...shared, CounterName: "restartTimeEpoch", CounterValue: 1 },
    shared,
  ]);
});

test("a heartbeat needs no flow of the rule", async () => {
  rig.change({ kind: "put", resource: insightsRule("a", ["Microsoft-KubeEvents"]) });
  assert.equal((await send("HEALTH_ASSESSMENT_BLOB", [{ Computer: "n1" }])).status, 200);
  assert.equal(rows("Heartbeat").length, 1);
});

test("401: no token, an access token, a token of a forger and one that is over", async () => {
  const access = rig.token(principals.operator("a"), audiences.monitor);
  for (const wrong of [access, "x.y.z", `${token()}x`]) {
    const answer = await post({ token: wrong });
    assert.equal(answer.status, 401);
    assert.match(String(answer.headers["www-authenticate"]), /^Bearer authorization_uri=/);
  }
  const old = token();
  rig.clock.advance((limits.ingestionTokenLifeSeconds + limits.clockSkewSeconds) * 1000);
  assert.match((await post({ token: old })).body, /TokenExpired/);
});

test("403 without a body: the wrong way in, another workspace's token, a rule that is gone or has no such stream", async () => {
  const wordless = async (answer: Answer, rule: string): Promise<void> => {
    assert.deepEqual(
      [answer.status, answer.body, answer.headers["content-length"]],
      [403, "", "0"],
    );
    assert.equal(lastReason(answer)?.rule, rule);
  };
  await wordless(await post({ via: "public" }), "law.ingestion-disabled");
  await wordless(await post({ via: linkIds.scopeB }), "law.ingestion-disabled");
  const scoped = issueIngestionToken(rig.ingestionKey, {
    ruleImmutableId: ruleIds.insights("a"),
    targetId: ids.cluster("a"),
    nowMs: rig.clock.nowMs(),
  });
  for (const foreign of [token(customerIds("b")), scoped]) {
    const answer = await post({ token: foreign });
    assert.equal(answer.status, 403);
    const { reasons = [] } = rig.accessLog.find(String(answer.headers["x-ms-request-id"])) ?? {};
    assert.ok(reasons.some(({ rule }) => rule === "token.IngestionTokenForAnotherRule"));
  }
  rig.change({ kind: "put", resource: insightsRule("a", ["Microsoft-KubeServices"]) });
  await wordless(await post(), "ods.no-flow");
  rig.change({ kind: "delete", id: logIds.insights("a") });
  const gone = await post();
  assert.deepEqual([gone.status, gone.body], [403, ""]);
  assert.deepEqual(rig.logs.appended, []);
});

test("a workspace open to public ingestion takes records from everywhere", async () => {
  rig.change({ kind: "put", resource: law("a", "Enabled") });
  for (const via of ["public", linkIds.scopeB] as const)
    assert.equal((await post({ via })).status, 200);
});

test("the token's cluster is kept, whatever resource the header names", async () => {
  const answer = await post({ headers: { "x-ms-azureresourceid": ids.cluster("b") } });
  assert.equal(answer.status, 200);
  const constants = rig.logs.appended[0]?.batches[0]?.constants;
  assert.equal(constants?.["_ResourceId"], ids.cluster("a").toLowerCase());
  assert.equal(lastReason(answer)?.rule, "ods.other-resource");
});

test("what ODS does not take is named: paths, methods, versions, encodings, data types and bodies", async () => {
  const refused = async (ask: Partial<Ask>, status: number, code: string): Promise<string> => {
    const answer = await post(ask);
    assert.equal(answer.headers["x-ms-error-code"], code, answer.body);
    assert.equal(answer.status, status);
    return answer.body;
  };
  const says = await refused(
    { path: "/api/logs?api-version=2016-04-01" },
    501,
    "FeatureNotEmulated",
  );
  assert.match(says, /neither blobs .* nor the HTTP Data Collector API/);
  await refused({ method: "GET" }, 405, "MethodNotAllowed");
  await refused({ path: `${odsPath}?api-version=2020-01-01` }, 400, "UnsupportedApiVersion");
  await refused({ headers: { "content-encoding": "deflate" } }, 400, "InvalidContentEncoding");
  assert.match(
    await refused({ body: bodyOf("NPM_BLOB", events) }, 400, "UnknownDataType"),
    /'NPM_BLOB' is not known here; known are .*KUBE_EVENTS_BLOB/,
  );
  await refused({ body: '{"DataType":"KUBE_EVENTS_BLOB"}' }, 400, "InvalidPayload");
  await refused({ body: '{"DataType":"KUBE_EVENTS_BLOB","DataItems":[1]}' }, 400, "InvalidPayload");
  await refused({ body: "[]" }, 400, "InvalidPayload");
  const filler = bodyOf("KUBE_EVENTS_BLOB", []);
  const packed = (bytes: number): Buffer =>
    deflateSync(Buffer.concat([Buffer.from(filler), Buffer.alloc(bytes - filler.length, " ")]));
  const headers = { "content-encoding": "deflate" };
  assert.equal((await post({ headers, body: packed(limits.odsBodyBytesMax) })).status, 200);
  const bomb = packed(limits.odsBodyBytesMax + 1);
  await refused({ headers, body: bomb }, 413, "BodyTooLarge");
  assert.deepEqual(rig.logs.appended, []);
});
