/** Queries of logs on real sockets and through Resource Manager: whose token, which way, which role, and which records. */
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import type { ArmResource, JsonObject } from "../arm/index.ts";
import { audiences, cloud, logsQueryHosts } from "../azure/index.ts";
import type { HttpResponse } from "../http/index.ts";
import { armLogsHeaders } from "./arm-logs-query.ts";
import { edgeRig } from "./testing/edge-rig.ts";
import type { Answer, Ask, EdgeRig } from "./testing/edge-rig.ts";
import { assignment, ids, linkIds, principals, resource } from "./testing/estate.ts";
import { customerIds, law, logIds, logsEstate } from "./testing/logs-estate.ts";

const READER = "73c42c96-874c-492b-b04d-ab87d138a893";
const put = (one: ArmResource) => ({ kind: "put", resource: one }) as const;

let rig: EdgeRig;
/** Workspace a is linked by scope a and closed to public queries; its operator reads it. Workspace b stands open. */
function estate(): void {
  const open = { publicNetworkAccessForQuery: "Enabled" };
  rig.change(
    ...logsEstate("a").map(put),
    put(law("b", "Enabled", open)),
    put(assignment(logIds.law("a"), principals.operator("a"), READER)),
    put(assignment(logIds.law("b"), principals.operator("a"), READER)),
  );
  rig.logs.translation = {
    ok: true,
    sql: "SELECT 1",
    parameters: [],
    columns: [
      { name: "a", type: "string" },
      { name: "b", type: "string" },
    ],
    tables: ["KubeEvents"],
  };
}
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

const pathOf = (side: "a" | "b"): string => `/v1/workspaces/${customerIds(side)}/query`;
const ask = (more: Partial<Ask> = {}): Promise<Answer> =>
  rig.ask({
    via: linkIds.scopeA,
    host: cloud.logAnalyticsHost,
    path: pathOf("a"),
    method: "POST",
    token: rig.token(principals.operator("a"), audiences.logAnalytics),
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query: "KubeEvents", timespan: "PT1H" }),
    ...more,
  });

interface Told {
  readonly code: string;
  readonly message: string;
  readonly innererror?: { readonly code: string; readonly message: string };
}
const errorOf = ({ body }: Pick<HttpResponse, "body">): Told =>
  (JSON.parse(String(body)) as { error: Told }).error;
const refusedWith = (answer: Answer, status: number, code: string): Told => {
  const error = errorOf(answer);
  assert.deepEqual([answer.status, error.code], [status, code], answer.body);
  return error;
};

test("a private endpoint's query is answered at every query host, from that workspace alone", async () => {
  for (const host of logsQueryHosts) {
    const answer = await ask({ host });
    assert.equal(answer.status, 200, answer.body);
    const { tables } = JSON.parse(answer.body) as { tables: { rows: unknown[] }[] };
    assert.deepEqual(tables[0]?.rows, [["from", customerIds("a")]]);
  }
  const [asked] = rig.logs.translations;
  assert.ok(asked?.tables.some(({ name }) => name === "Orders_CL"));
  assert.ok(asked?.tables.some(({ name }) => name === "KubeEvents"));
  assert.equal(asked?.timespan?.toMs, rig.clock.nowMs());
  assert.deepEqual(
    rig.logs.questions[0]?.question.tables.map(({ name }) => name),
    ["KubeEvents"],
  );
});

test("each audience of the query API opens it, with and without a slash", async () => {
  for (const audience of [audiences.logAnalytics, audiences.logAnalyticsAzure]) {
    for (const one of [audience, `${audience}/`]) {
      const token = rig.token(principals.operator("a"), one);
      assert.equal((await ask({ token })).status, 200, one);
    }
  }
});

test("no token is 401 with a challenge; a bad one, an old one and another service's are 403", async () => {
  const none = await ask({ token: "", headers: { "content-type": "application/json" } });
  refusedWith(none, 401, "AuthenticationFailed");
  assert.match(String(none.headers["www-authenticate"]), /^Bearer authorization_uri=/);
  refusedWith(await ask({ token: "not.a.token" }), 403, "InvalidAuthenticationToken");
  const old = rig.token(principals.operator("a"), audiences.logAnalytics, { nowMs: 0 });
  rig.clock.advance(3 * 3_600_000);
  refusedWith(await ask({ token: old }), 403, "InvalidAuthenticationToken");
  const other = rig.token(principals.operator("a"), audiences.monitor);
  refusedWith(await ask({ token: other }), 403, "InvalidAuthenticationTokenAudience");
});

test("a closed workspace refuses the public way, and says only that the way is closed", async () => {
  const error = refusedWith(await ask({ via: "public" }), 403, "InsufficientAccessError");
  assert.equal(error.innererror?.code, "PublicNetworkAccessDenied");
  const id = logIds.law("a");
  assert.doesNotMatch(JSON.stringify(error), new RegExp(id));
  rig.change(put(law("a", "Disabled", { publicNetworkAccessForQuery: "Enabled" })));
  assert.equal((await ask({ via: "public" })).status, 200);
});

test("another scope's endpoint asks a workspace that it does not link as its query mode says", async () => {
  refusedWith(await ask({ via: linkIds.scopeB }), 403, "InsufficientAccessError");
  assert.equal((await ask({ via: linkIds.scopeA, path: pathOf("b") })).status, 200);
});

test("a principal without a role is refused after the way, by its name", async () => {
  const token = rig.token(principals.stranger, audiences.logAnalytics);
  const error = refusedWith(await ask({ token }), 403, "InsufficientAccessError");
  assert.equal(error.innererror?.code, "UnauthorizedClient");
  assert.match(error.innererror?.message ?? "", new RegExp(principals.stranger));
  const outside = refusedWith(await ask({ token, via: "public" }), 403, "InsufficientAccessError");
  assert.equal(outside.innererror?.code, "PublicNetworkAccessDenied");
});

test("a path that is none, and a workspace that is none, are 404", async () => {
  for (const path of [
    "/v1/workspaces/00000000-0000-0000-0000-000000000000/query",
    "/v1/x",
    "/v2",
    `/v1/workspaces/${customerIds("a")}/qwery`,
  ]) {
    refusedWith(await ask({ path }), 404, "PathNotFoundError");
  }
});

test("a query of a cluster sees its own records, by the right to that cluster's logs", async () => {
  const path = `/v1${ids.cluster("a")}/query`;
  refusedWith(await ask({ path }), 403, "InsufficientAccessError");
  rig.change(put(assignment(ids.cluster("a"), principals.operator("a"), READER)));
  assert.equal((await ask({ path: path.replace("aks-a", "aks%2Da") })).status, 200);
  assert.equal(rig.logs.translations.at(-1)?.resourceId, ids.cluster("a"));
  assert.equal((await ask({ path: path.replace("/v1/", "/v1//") })).status, 200);
  refusedWith(await ask({ path: path.replace("/v1/", "/v1///") }), 400, "InvalidRequest");
  assert.equal((await ask({ path: `/v1${logIds.law("a")}/query` })).status, 200);
  assert.equal(rig.logs.translations.at(-1)?.resourceId, undefined);
  refusedWith(await ask({ path, via: "public" }), 403, "InsufficientAccessError");
  refusedWith(await ask({ path: path.replace("aks-a", "%E0") }), 404, "PathNotFoundError");
});

test("a workspace whose access mode demands it wants the right to itself for a cluster's query too", async () => {
  const features = { enableLogAccessUsingOnlyResourcePermissions: false };
  const open = { features, publicNetworkAccessForQuery: "Enabled" };
  rig.change(put(assignment(ids.cluster("a"), principals.operator("b"), READER)));
  const token = rig.token(principals.operator("b"), audiences.logAnalytics);
  const path = `/v1${ids.cluster("a")}/query`;
  assert.equal((await ask({ path, token })).status, 200);
  rig.change(put(law("a", "Disabled", open)));
  const error = refusedWith(await ask({ path, token }), 403, "InsufficientAccessError");
  assert.match(error.innererror?.message ?? "", /or of its workspace .* which demands it/);
  assert.equal((await askArm(ids.cluster("a"), principals.operator("b"))).status, 403);
});

test("what the API has and is not emulated is refused by its name", async () => {
  for (const [path, says] of [
    ["/v1/$batch", /Batches/],
    [`/v1/workspaces/${customerIds("a")}/metadata`, /Metadata/],
  ] as const) {
    const error = refusedWith(await ask({ path }), 400, "BadArgumentError");
    assert.equal(error.innererror?.code, "FeatureNotEmulated");
    assert.match(error.innererror?.message ?? "", says);
  }
});

test("the access log has each rule that spoke, and what failed behind", async () => {
  rig.logs.translation = undefined;
  const answer = await ask();
  refusedWith(answer, 500, "InternalServerError");
  const entry = rig.edge.explainRequest(String(answer.headers["x-ms-request-id"]));
  const rules = entry?.reasons.map(({ rule }) => rule) ?? [];
  for (const rule of ["scope.links", "role.granted", "error.InternalServerError"]) {
    assert.ok(rules.includes(rule), rules.join(", "));
  }
});

/** What control sends once it has authorized the caller. */
async function askArm(
  resourceId: string,
  principalId = principals.operator("a"),
): Promise<HttpResponse> {
  return rig.edge.armLogsQueries({
    method: "POST",
    host: "",
    path: "/query",
    query: new URLSearchParams(),
    headers: {
      "content-type": "application/json",
      [armLogsHeaders.principal]: principalId,
      [armLogsHeaders.resource]: encodeURIComponent(resourceId),
      [armLogsHeaders.requestId]: "request-1",
      [armLogsHeaders.host]: cloud.armHost,
    },
    body: async () => Buffer.from(JSON.stringify({ query: "KubeEvents" })),
    origin: "",
  });
}

test("Resource Manager's query of a closed workspace is refused, and the reason says why a private one would pass", async () => {
  const answer = await askArm(logIds.law("a"));
  assert.equal(answer.status, 403);
  const { innererror } = errorOf(answer);
  assert.match(innererror?.message ?? "", /passes the query on from a public network/);
  assert.match(innererror?.message ?? "", /refuses queries from public networks/);
  assert.match(innererror?.message ?? "", /private endpoint/);
  const entry = rig.edge.explainRequest("request-1");
  assert.deepEqual(
    [
      entry?.host,
      entry?.status,
      entry?.origin,
      entry?.resourceId,
      entry?.reasons.map(({ rule }) => rule),
    ],
    [cloud.armHost, 403, "public", logIds.law("a"), ["law.query-arm", "law.query-disabled"]],
  );
});

test("Resource Manager's query of an open workspace sees all of it, of a cluster that cluster's records alone", async () => {
  rig.change(
    put(law("a", "Disabled", { publicNetworkAccessForQuery: "Enabled" })),
    put(assignment(ids.cluster("a"), principals.operator("a"), READER)),
  );
  assert.equal((await askArm(logIds.law("a"))).status, 200);
  assert.equal((await askArm(ids.cluster("a"))).status, 200);
  assert.deepEqual(
    rig.logs.translations.map(({ resourceId }) => resourceId),
    [undefined, ids.cluster("a")],
  );
  assert.deepEqual(
    rig.logs.questions.map(({ customerId }) => customerId),
    [customerIds("a"), customerIds("a")],
  );
});

test("a resource of another type, one without a workspace and one with two are refused by name", async () => {
  const other = await askArm(ids.dce("a"));
  assert.match(
    errorOf(other).innererror?.message ?? "",
    /of type Microsoft.Insights\/dataCollectionEndpoints are not answered/,
  );
  const none = await askArm(ids.cluster("b"));
  assert.deepEqual([none.status, errorOf(none).code], [404, "PathNotFoundError"]);
  const config: JsonObject = { logAnalyticsWorkspaceResourceID: logIds.law("b") };
  const cluster = resource(ids.cluster("a"), "Microsoft.ContainerService/managedClusters", {
    addonProfiles: { omsagent: { enabled: true, config } },
  });
  rig.change(put(cluster));
  const two = await askArm(ids.cluster("a"));
  assert.match(errorOf(two).innererror?.message ?? "", /go to 2 workspaces/);
});
