/** The suite of confusions: each takes something true of one estate and uses it where it does not belong. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, afterEach, before, test } from "node:test";
import { audiences, cloud } from "../azure/index.ts";
import { limits } from "../core/index.ts";
import { issueIngestionToken } from "../tokens/index.ts";
import { edgeRig, exchange, remoteWrite } from "./testing/edge-rig.ts";
import type { Answer, Ask, EdgeRig } from "./testing/edge-rig.ts";
import {
  assignment,
  connection,
  dce,
  hosts,
  ids,
  immutableIds,
  linkIds,
  principals,
  roleGuids,
  workspace,
} from "./testing/estate.ts";
import type { Side } from "./testing/estate.ts";

let rig: EdgeRig;
before(async () => {
  rig = await edgeRig();
});
afterEach(() => rig.reset());
after(() => rig.close());

const agentPath = (side: Side): string =>
  `${ids.cluster(side)}/agentConfigurations?operatingLocation=westeurope&platform=linux&api-version=2020-08-01-preview`;
const writePath = (side: Side): string =>
  `/dataCollectionRules/${immutableIds.dcr(side)}/streams/Microsoft-PrometheusMetrics/api/v1/write?api-version=2023-04-24`;
const agentWritePath = (side: Side): string =>
  `/api/v1/dataCollectionRules/${immutableIds.dcr(side)}/streams/Microsoft-PrometheusMetrics`;
const queryPath = "/api/v1/query?query=vector(1)";

const monitorToken = (objectId: string): string => rig.token(objectId, audiences.monitor);
const ingestionToken = (side: Side): string =>
  issueIngestionToken(rig.ingestionKey, {
    ruleImmutableId: immutableIds.dcr(side),
    targetId: ids.cluster(side),
    nowMs: rig.clock.nowMs(),
  });

const write = (ask: Partial<Ask>): Promise<Answer> =>
  rig.ask({
    via: linkIds.scopeA,
    host: hosts.dce("a").metrics,
    path: writePath("a"),
    method: "POST",
    ...remoteWrite(rig.clock.nowMs()),
    ...ask,
  });
const query = (ask: Partial<Ask>): Promise<Answer> =>
  rig.ask({ via: linkIds.queryA, host: hosts.query("a"), path: queryPath, ...ask });
const configure = (ask: Partial<Ask>): Promise<Answer> =>
  rig.ask({
    via: linkIds.scopeA,
    host: hosts.dce("a").configuration,
    path: agentPath("a"),
    ...ask,
  });

/** What the workspace of a side keeps. */
async function samplesOf(side: Side): Promise<readonly number[]> {
  const workspace = await rig.store.workspace(immutableIds.account(side));
  const found = await workspace.select([{ name: "__name__", kind: "=", value: "up" }], {
    mintMs: 0,
    maxtMs: rig.clock.nowMs() * 2,
  });
  return found.flatMap(({ values, length }) => [...values.subarray(0, length)]);
}

const codeOf = (answer: Answer): unknown => answer.headers["x-ms-error-code"];
/** The rules that spoke, as the access log keeps them. */
const rulesOf = (answer: Answer): readonly string[] =>
  rig.edge
    .explainRequest(String(answer.headers["x-ms-request-id"]))
    ?.reasons.map(({ rule }) => rule) ?? [];

test("each door opens for its own estate, over its own link", async () => {
  const operator = principals.operator("a");
  const nowMs = rig.clock.nowMs();
  const sample = (value: number): ReturnType<typeof remoteWrite> =>
    remoteWrite(nowMs + value, value);
  const written = await write({ token: monitorToken(operator), ...sample(1) });
  assert.equal(written.status, 204, written.body);
  const byAgent = await write({
    path: agentWritePath("a"),
    token: ingestionToken("a"),
    ...sample(2),
  });
  assert.equal(byAgent.status, 204, byAgent.body);
  assert.deepEqual(await samplesOf("a"), [1, 2]);
  assert.deepEqual(await samplesOf("b"), []);
  const queried = await query({ token: rig.token(operator, audiences.prometheus) });
  assert.equal(queried.status, 200, queried.body);
  for (const identity of [principals.kubelet("a"), principals.clusterIdentity("a")]) {
    const configured = await configure({ token: monitorToken(identity) });
    assert.equal(configured.status, 200);
    assert.ok(rulesOf(configured).includes("configuration.own-identity"));
  }
});

test("an identity of cluster A does not read B's configuration", async () => {
  const answer = await rig.ask({
    via: linkIds.scopeB,
    host: hosts.dce("b").configuration,
    path: agentPath("b"),
    token: monitorToken(principals.kubelet("a")),
  });
  assert.equal(answer.status, 403);
  assert.equal(codeOf(answer), "AuthorizationFailed");
  assert.ok(!answer.body.includes("dcr-"));
  assert.ok(rulesOf(answer).includes("configuration.foreign-identity"));
});

test("a stranger cannot tell a cluster that exists from one that does not", async () => {
  const token = monitorToken(principals.stranger);
  const globalHost = { via: "public", host: cloud.globalHandlerHost, token } as const;
  rig.change({
    kind: "delete",
    id: `${ids.cluster("a")}/providers/Microsoft.Insights/dataCollectionRuleAssociations/configurationAccessEndpoint`,
  });
  const existing = await rig.ask({ ...globalHost, path: agentPath("a") });
  const missing = await rig.ask({ ...globalHost, path: agentPath("a").replace("aks-a", "aks-z") });
  assert.equal(existing.status, 403);
  assert.equal(missing.status, 403);
  assert.equal(missing.body, existing.body);
});

test("cluster A is not configured at B's endpoint", async () => {
  const answer = await configure({
    via: linkIds.scopeB,
    host: hosts.dce("b").configuration,
    token: monitorToken(principals.kubelet("a")),
  });
  assert.equal(answer.status, 403);
  assert.equal(codeOf(answer), "InvalidAccess");
  assert.ok(rulesOf(answer).includes("configuration.other-endpoint"));
});

test("an ingestion token of rule A does not open rule B, at A's endpoint or at B's", async () => {
  const token = ingestionToken("a");
  const path = agentWritePath("b");
  const atB = await write({ via: linkIds.scopeB, host: hosts.dce("b").metrics, path, token });
  assert.equal(atB.status, 403);
  assert.equal(codeOf(atB), "OperationFailed");
  assert.ok(rulesOf(atB).includes("token.IngestionTokenForAnotherRule"));
  const atA = await write({ path, token });
  assert.equal(atA.status, 403);
  assert.match(atA.body, /IsDcrDceBindingValid: False/);
});

test("rule A is not written at B's endpoint, whoever asks", async () => {
  const answer = await write({
    via: linkIds.scopeB,
    host: hosts.dce("b").metrics,
    token: monitorToken(principals.operator("a")),
  });
  assert.equal(answer.status, 403);
  assert.match(answer.body, /IsDcrDceBindingValid: False/);
});

test("a role on rule A does not write into rule B", async () => {
  const answer = await write({
    via: linkIds.scopeB,
    host: hosts.dce("b").metrics,
    path: writePath("b"),
    token: monitorToken(principals.operator("a")),
  });
  assert.equal(answer.status, 403);
  assert.equal(codeOf(answer), "OperationFailed");
  assert.ok(rulesOf(answer).includes("role.none"));
});

test("workspace B is not queried through A's endpoint, even by one who may read B", async () => {
  const answer = await query({
    via: linkIds.queryA,
    host: hosts.query("b"),
    token: rig.token(principals.operator("b"), audiences.prometheus),
  });
  assert.equal(answer.status, 403);
  assert.equal(codeOf(answer), "PublicNetworkAccessDenied");
  assert.ok(rulesOf(answer).includes("endpoint.other-resource"));
});

test("a workspace is not queried through the endpoint of a private link scope", async () => {
  const token = rig.token(principals.operator("a"), audiences.prometheus);
  const answer = await query({ via: linkIds.scopeA, token });
  assert.equal(answer.status, 403);
  assert.equal(codeOf(answer), "PublicNetworkAccessDenied");
});

test("data does not come in through the endpoint of a workspace", async () => {
  const token = monitorToken(principals.operator("a"));
  const answer = await write({ via: linkIds.queryA, token });
  assert.equal(answer.status, 403);
  assert.equal(codeOf(answer), "PublicNetworkAccessDenied");
});

test("a closed estate is refused over public networks with the same valid tokens", async () => {
  const operator = principals.operator("a");
  const refused = [
    await write({ via: "public", token: monitorToken(operator) }),
    await write({ via: "public", path: agentWritePath("a"), token: ingestionToken("a") }),
    await query({ via: "public", token: rig.token(operator, audiences.prometheus) }),
    await configure({ via: "public", token: monitorToken(principals.kubelet("a")) }),
  ];
  for (const answer of refused) {
    assert.equal(answer.status, 403);
    assert.equal(codeOf(answer), "PublicNetworkAccessDenied");
    assert.ok(!answer.body.includes("public-disabled"), "the chain is not for the caller");
    assert.ok(rulesOf(answer).some((rule) => rule.endsWith(".public-disabled")));
  }
});

test("an open estate is served over public networks, and through a scope that does not link it", async () => {
  rig.change(
    { kind: "put", resource: dce("a", "Enabled") },
    { kind: "put", resource: workspace("a", "Enabled") },
  );
  const operator = principals.operator("a");
  const token = monitorToken(operator);
  assert.equal((await write({ via: "public", token })).status, 204);
  assert.equal((await write({ via: linkIds.scopeB, token })).status, 204);
  const queryToken = rig.token(operator, audiences.prometheus);
  assert.equal((await query({ via: "public", token: queryToken })).status, 200);
  const agent = monitorToken(principals.kubelet("a"));
  assert.equal((await configure({ via: "public", token: agent })).status, 200);
});

test("headers that name another way in are not believed", async () => {
  const headers = {
    "x-forwarded-for": "10.1.2.5",
    "x-forwarded-host": hosts.dce("a").metrics,
    forwarded: "for=10.1.2.5;by=10.1.2.5",
    "x-real-ip": "10.1.2.5",
    "x-ms-private-link-id": String(linkIds.scopeA),
    "x-azure-private-link": String(linkIds.scopeA),
  };
  const answer = await write({
    via: "public",
    token: monitorToken(principals.operator("a")),
    headers,
  });
  assert.equal(answer.status, 403);
});

test("no token, a broken one, and each false one are 401 with a challenge", async () => {
  const nowMs = rig.clock.nowMs();
  const good = monitorToken(principals.operator("a"));
  const [header = "", payload = "", signature = ""] = good.split(".");
  const encode = (value: object): string =>
    Buffer.from(JSON.stringify(value)).toString("base64url");
  const kid: unknown = JSON.parse(Buffer.from(header, "base64url").toString());
  const wrongKid = encode({ ...(kid as object), kid: "another" });
  const hs256 = `${encode({ alg: "HS256", typ: "JWT" })}.${payload}`;
  const publicPem = JSON.stringify(rig.loginKey.jwks());
  const unsigned = `${encode({ alg: "none", typ: "JWT" })}.${payload}.`;
  const tokens: Readonly<Record<string, string | undefined>> = {
    AuthenticationFailed: undefined,
    TokenMalformed: unsigned,
    TokenAlgorithmRefused: `${unsigned}${signature}`,
    TokenKeyUnknown: `${wrongKid}.${payload}.${signature}`,
    TokenSignatureInvalid: `${header}.${encode({ oid: principals.operator("a") })}.${signature}`,
    TokenExpired: rig.token(principals.operator("a"), audiences.monitor, {
      nowMs: nowMs - (limits.tokenLifeSeconds + limits.clockSkewSeconds + 1) * 1000,
    }),
    TokenNotYetValid: rig.token(principals.operator("a"), audiences.monitor, {
      nowMs: nowMs + (limits.clockSkewSeconds + 1) * 1000,
    }),
    TokenAudienceWrong: rig.token(principals.operator("a"), audiences.prometheus),
    TokenTooLong: "x".repeat(limits.tokenCharsMax + 1),
  };
  for (const [code, token] of Object.entries(tokens)) {
    const answer = await write(token === undefined ? {} : { token });
    assert.equal(answer.status, 401, `${code}: ${answer.body}`);
    assert.equal(codeOf(answer), "AuthenticationFailed");
    assert.match(String(answer.headers["www-authenticate"]), /^Bearer authorization_uri="https:/);
    assert.deepEqual(rulesOf(answer).slice(-1), [`token.${code}`], answer.body);
  }
  const forged = `${hs256}.${createHmac("sha256", publicPem).update(hs256).digest("base64url")}`;
  assert.equal((await write({ token: forged })).status, 401);
});

test("a token for ingestion does not query, and one for queries does not ingest", async () => {
  const wrong = await query({ token: monitorToken(principals.operator("a")) });
  assert.equal(wrong.status, 401);
  assert.deepEqual(rulesOf(wrong).slice(-1), ["token.TokenAudienceWrong"]);
  const token = rig.token(principals.operator("a"), audiences.prometheus);
  assert.equal((await write({ token })).status, 401);
});

test("an ingestion token opens no query, no configuration and no remote write", async () => {
  const token = ingestionToken("a");
  assert.equal((await query({ token })).status, 401);
  assert.equal((await configure({ token })).status, 401);
  assert.equal((await write({ token })).status, 401);
});

test("an ingestion token signed by the login host's key is refused", async () => {
  const token = issueIngestionToken(rig.loginKey, {
    ruleImmutableId: immutableIds.dcr("a"),
    targetId: ids.cluster("a"),
    nowMs: rig.clock.nowMs(),
  });
  const answer = await write({ path: agentWritePath("a"), token });
  assert.equal(answer.status, 401);
});

test("an ingestion token ends after its life", async () => {
  const token = issueIngestionToken(rig.ingestionKey, {
    ruleImmutableId: immutableIds.dcr("a"),
    targetId: ids.cluster("a"),
    nowMs:
      rig.clock.nowMs() - (limits.ingestionTokenLifeSeconds + limits.clockSkewSeconds + 1) * 1000,
  });
  const answer = await write({ path: agentWritePath("a"), token });
  assert.equal(answer.status, 401);
  assert.deepEqual(rulesOf(answer).slice(-1), ["token.TokenExpired"]);
});

test("a role that is not there yet is 403, and 204 once it is", async () => {
  const token = monitorToken(principals.stranger);
  assert.equal((await write({ token })).status, 403);
  const queryToken = rig.token(principals.stranger, audiences.prometheus);
  const unread = await query({ token: queryToken });
  assert.equal(codeOf(unread), "AuthorizationFailed");
  const { metricsPublisher, dataReader } = roleGuids;
  rig.change(
    { kind: "put", resource: assignment(ids.dcr("a"), principals.stranger, metricsPublisher) },
    { kind: "put", resource: assignment(ids.workspace("a"), principals.stranger, dataReader) },
  );
  assert.equal((await write({ token })).status, 204);
  assert.equal((await query({ token: queryToken })).status, 200);
});

test("the order of refusals is token, link, role", async () => {
  const stranger = monitorToken(principals.stranger);
  assert.equal((await write({ via: "public" })).status, 401);
  const linkFirst = await write({ via: "public", token: stranger });
  assert.equal(codeOf(linkFirst), "PublicNetworkAccessDenied");
  assert.equal(codeOf(await write({ token: stranger })), "OperationFailed");
});

test("a connection that loses its approval is closed at its next request", async () => {
  const socket = await rig.handshake(linkIds.scopeA, hosts.dce("a").metrics);
  const ask = {
    host: hosts.dce("a").metrics,
    path: writePath("a"),
    method: "POST",
    ...remoteWrite(rig.clock.nowMs()),
    token: monitorToken(principals.operator("a")),
  };
  assert.equal((await exchange(socket, ask)).status, 204);
  rig.change({
    kind: "put",
    resource: connection(ids.scope("a"), ids.scopeEndpoint("a"), "Rejected"),
  });
  await assert.rejects(exchange(socket, ask));
  assert.match(
    await rig.edge.metricsText(),
    /linkscope_edge_connections_closed_total\{reason="link-refused"\} [1-9]/,
  );
});

test("a verdict is made anew for each request of one connection", async () => {
  const socket = await rig.handshake("public", hosts.dce("a").metrics);
  const ask = {
    host: hosts.dce("a").metrics,
    path: writePath("a"),
    method: "POST",
    ...remoteWrite(rig.clock.nowMs()),
    token: monitorToken(principals.operator("a")),
  };
  assert.equal((await exchange(socket, ask)).status, 403);
  rig.change({ kind: "put", resource: dce("a", "Enabled") });
  assert.equal((await exchange(socket, ask)).status, 204);
  rig.change({ kind: "put", resource: dce("a", "Disabled") });
  assert.equal((await exchange(socket, ask)).status, 403);
  socket.destroy();
});
