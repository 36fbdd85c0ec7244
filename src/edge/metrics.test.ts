/** Metrics through the edge on real sockets: written by both URL shapes, asked for by PromQL, counted and logged. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, afterEach, before, test } from "node:test";
import { stringAt } from "../arm/index.ts";
import type { ArmResource } from "../arm/index.ts";
import { audiences } from "../azure/index.ts";
import { limits } from "../core/index.ts";
import { edgeRig, remoteWrite } from "./testing/edge-rig.ts";
import type { Answer, Ask, EdgeRig } from "./testing/edge-rig.ts";
import { assignment, hosts, ids, immutableIds, linkIds, principals } from "./testing/estate.ts";

let rig: EdgeRig;
before(async () => {
  rig = await edgeRig();
});
afterEach(() => rig.reset());
after(() => rig.close());

const stream = "Microsoft-PrometheusMetrics";
const ruleOf = (immutableId: string): string => `dataCollectionRules/${immutableId}`;
const ruleA = ruleOf(immutableIds.dcr("a"));
const writePath = `/${ruleA}/streams/${stream}/api/v1/write?api-version=2023-04-24`;

const write = (ask: Partial<Ask> = {}): Promise<Answer> =>
  rig.ask({
    via: linkIds.scopeA,
    host: hosts.dce("a").metrics,
    path: writePath,
    method: "POST",
    token: rig.token(principals.operator("a"), audiences.monitor),
    ...remoteWrite(rig.clock.nowMs()),
    ...ask,
  });
const query = (promql: string, ask: Partial<Ask> = {}): Promise<Answer> =>
  rig.ask({
    via: linkIds.queryA,
    host: hosts.query("a"),
    path: `/api/v1/query?${new URLSearchParams({ query: promql, time: String(rig.clock.nowMs() / 1000) }).toString()}`,
    token: rig.token(principals.operator("a"), audiences.prometheus),
    ...ask,
  });

const rule = (): ArmResource => {
  const found = rig.source.current().graph.get(ids.dcr("a"));
  assert.ok(found !== undefined);
  return found;
};

test("what is written through one private endpoint is queried through another", async () => {
  assert.equal((await write(remoteWrite(rig.clock.nowMs(), 42))).status, 204);
  const answer = await query('up{job="test"}');
  assert.equal(answer.status, 200, answer.body);
  const { data } = JSON.parse(answer.body) as { data: { result: { value: unknown[] }[] } };
  assert.deepEqual(
    data.result.map(({ value }) => value[1]),
    ["42"],
  );
});

test("a query may be sent as a form", async () => {
  const answer = await query("", {
    path: "/api/v1/query",
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: "query=vector(1)",
  });
  assert.equal(answer.status, 200, answer.body);
});

test("a query that is no PromQL has Prometheus's error body", async () => {
  const answer = await query("up{");
  assert.equal(answer.status, 400);
  assert.equal((JSON.parse(answer.body) as { errorType: string }).errorType, "bad_data");
});

test("both shapes of the URL take a write without series as a probe", async () => {
  const paths = [
    writePath,
    `/${ruleA}/streams/${stream}/api/v1/write?api-version=2021-11-01-preview`,
    `/api/v1/${ruleA}/streams/${stream}`,
    `/api/v1/${ruleA}/streams/${stream}/api/v1/write`,
    `/api/v1/${ruleOf(immutableIds.dcr("a").toUpperCase())}/streams/${stream}`,
  ];
  for (const path of paths) assert.equal((await write({ path })).status, 204, path);
});

test("a rule, a stream, a version, a method or a path that is not there is refused by name", async () => {
  const cases: readonly (readonly [Partial<Ask>, number, string, RegExp])[] = [
    [
      { path: writePath.replace("dcr-a", "dcr-c") },
      404,
      "ResourceNotFound",
      /immutable Id 'dcr-caaa/,
    ],
    [{ path: writePath.replace(/dcr-a+/, "__proto__") }, 404, "ResourceNotFound", /__proto__/],
    [
      { path: writePath.replace(stream, "Microsoft-Perf") },
      400,
      "UnknownStream",
      /'Microsoft-Perf' is not configured/,
    ],
    [{ path: writePath.replace(/\?.*/, "") }, 400, "UnsupportedApiVersion", /2023-04-24/],
    [{ path: writePath.replace("2023-04-24", "2020-01-01") }, 400, "UnsupportedApiVersion", /2020/],
    [{ method: "GET" }, 405, "MethodNotAllowed", /POST/],
    [{ path: "/api/v1/write" }, 404, "NotFound", /serves no \/api\/v1\/write/],
    [{ path: `/${ruleA}/streams/${stream}` }, 404, "NotFound", /serves no/],
  ];
  for (const [ask, status, code, says] of cases) {
    const answer = await write(ask);
    assert.equal(answer.status, status, `${JSON.stringify(ask)} ${answer.body}`);
    assert.equal(answer.headers["x-ms-error-code"], code);
    assert.match(answer.body, says);
  }
});

test("a rule whose flow does not carry metrics takes none", async () => {
  const { properties, ...rest } = rule();
  rig.change({ kind: "put", resource: { ...rest, properties: { ...properties, dataFlows: [] } } });
  const answer = await write();
  assert.equal(answer.headers["x-ms-error-code"], "UnknownStream");
});

test("a rule whose workspace is gone answers 503, so that the sender keeps its samples", async () => {
  rig.change({ kind: "delete", id: ids.workspace("a") });
  const answer = await write();
  assert.equal(answer.status, 503);
  assert.equal(answer.headers["x-ms-error-code"], "DestinationUnavailable");
  assert.equal(answer.headers["retry-after"], "30");
});

test("a rule that sends one stream to two workspaces is refused by name", async () => {
  const { properties, ...rest } = rule();
  const destinations = {
    monitoringAccounts: [
      { accountResourceId: ids.workspace("a"), name: "one" },
      { accountResourceId: ids.workspace("b"), name: "two" },
    ],
  };
  const dataFlows = [{ streams: [stream], destinations: ["one", "two"] }];
  const changed = { ...properties, destinations, dataFlows };
  rig.change({ kind: "put", resource: { ...rest, properties: changed } });
  const answer = await write();
  assert.equal(answer.status, 501);
  assert.equal(answer.headers["x-ms-error-code"], "FeatureNotEmulated");
});

test("a workspace that is not ready answers 503 to a query", async () => {
  const workspace = rig.source.current().graph.get(ids.workspace("a"));
  assert.ok(workspace !== undefined);
  const { accountId: _, ...properties } = workspace.properties;
  rig.change({ kind: "put", resource: { ...workspace, properties } });
  const answer = await query("up");
  assert.equal(answer.headers["x-ms-error-code"], "DestinationUnavailable");
});

test("the access log has a line for each request, and no token, query or body", async () => {
  const token = rig.token(principals.operator("a"), audiences.monitor);
  const answer = await write({ token, path: `${writePath}&secret=hidden` });
  const requestId = String(answer.headers["x-ms-request-id"]);
  assert.match(requestId, /^[0-9a-f-]{36}$/);
  const entry = rig.edge.explainRequest(requestId);
  assert.deepEqual(
    { ...entry, reasons: entry?.reasons.map(({ rule: name }) => name) },
    {
      time: new Date(rig.clock.nowMs()).toISOString(),
      requestId,
      host: hosts.dce("a").metrics,
      method: "POST",
      path: writePath.replace(/\?.*/, ""),
      status: 204,
      ms: 0,
      origin: "private",
      endpointId: ids.scopeEndpoint("a"),
      principal: principals.operator("a"),
      resourceId: ids.dce("a"),
      reasons: ["endpoint.approved", "scope.links", "role.granted"],
    },
  );
  await write({ via: "public" });
  const lines = (await readFile(rig.accessLogPath, "utf8")).trim().split("\n");
  const found = lines.find((line) => line.includes(requestId)) ?? "";
  assert.deepEqual(JSON.parse(found), entry);
  const text = lines.join("\n");
  for (const secret of [token.slice(-40), "hidden"]) assert.ok(!text.includes(secret));
});

test("of a long chain of reasons the access log keeps the last ones", async () => {
  const count = limits.accessLogReasonsMax + 1;
  const unknownRole = "00000000-0000-0000-0000-0000000000ff";
  const made = assignment(ids.dcr("a"), principals.stranger, unknownRole);
  rig.change(
    ...Array.from({ length: count }, (_, index) => {
      const id = `${made.id.slice(0, -2)}${String(index).padStart(2, "0")}`;
      return { kind: "put", resource: { ...made, id } } as const;
    }),
  );
  const answer = await write({ token: rig.token(principals.stranger, audiences.monitor) });
  const entry = rig.edge.explainRequest(String(answer.headers["x-ms-request-id"]));
  assert.equal(entry?.reasons.length, limits.accessLogReasonsMax);
  assert.equal(entry?.reasons.at(-1)?.rule, "role.none");
});

test("a long path is cut in the access log", async () => {
  const answer = await write({ path: `/${"x".repeat(limits.accessLogPathCharsMax)}` });
  const entry = rig.edge.explainRequest(String(answer.headers["x-ms-request-id"]));
  assert.equal(entry?.path.length, limits.accessLogPathCharsMax);
});

test("the platform's metrics count requests, refusals, samples and stores", async () => {
  await write(remoteWrite(rig.clock.nowMs() + 1_000, 1));
  await write({ via: "public" });
  const text = await rig.edge.metricsText();
  const workspace = `workspace="${ids.workspace("a")}"`;
  const has = (pattern: string): void => assert.match(text, new RegExp(pattern, "m"));
  has('^linkscope_edge_requests_total\\{kind="metrics-ingestion",status="204",origin="private"\\}');
  has('^linkscope_edge_requests_total\\{kind="metrics-ingestion",status="403",origin="public"\\}');
  // Each way to a resource, for the topology's picture: a private endpoint's id, or public.
  const to = `kind="metrics-ingestion",resource="${ids.dce("a")}"`;
  has(
    `^linkscope_edge_ways_total\\{${to},way="${ids.scopeEndpoint("a")}",outcome="taken"\\} [1-9]`,
  );
  has(`^linkscope_edge_ways_total\\{${to},way="public",outcome="refused"\\} [1-9]`);
  has('^linkscope_edge_refusals_total\\{rule="dce.public-disabled"\\} [1-9]');
  has(`^linkscope_edge_samples_appended_total\\{${workspace}\\} [1-9]`);
  has(`^linkscope_store_series\\{${workspace}\\} 1$`);
  has("^linkscope_edge_graph_version \\d+$");
  assert.ok(!text.includes(principals.operator("a")), "no principal is a label");
  assert.equal(stringAt(rule().properties, "immutableId"), immutableIds.dcr("a"));
});
