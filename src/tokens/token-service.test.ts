/** The login host as its clients use it: az, MSAL, the Azure SDKs, Prometheus. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { before, test } from "node:test";
import { CodedError, limits, seededRandom } from "../core/index.ts";
import type { HttpHandler, HttpResponse } from "../http/index.ts";
import { bootstrapCredential, openApplications, tokenService, verifyToken } from "./index.ts";
import type { Applications, ApplicationWithSecret } from "./index.ts";
import { testKey, testRequest } from "./testing/signing.ts";
import type { TestKey } from "./testing/signing.ts";

const tenantId = "11111111-2222-3333-4444-555555555555";
const v2 = `/${tenantId}/oauth2/v2.0/token`;
let own: TestKey;
let applications: Applications;
let app: ApplicationWithSecret;
let login: HttpHandler;
before(async () => {
  own = await testKey();
  const { clock, key } = own;
  const database = new DatabaseSync(":memory:");
  applications = openApplications({ database, clock, random: seededRandom(7) });
  app = await applications.create("test");
  login = tokenService({ tenantId, applications, key, clock, random: seededRandom(8) });
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Record<string, unknown>;
}
const answerOf = ({ status, headers = {}, body = "" }: HttpResponse): Answer => ({
  status,
  headers,
  body: JSON.parse(body.toString()) as Record<string, unknown>,
});
async function post(
  path: string,
  form: Record<string, string>,
  more: { readonly headers?: Record<string, string>; readonly origin?: string } = {},
): Promise<Answer> {
  const body = new URLSearchParams({ grant_type: "client_credentials", ...form }).toString();
  return answerOf(await login(testRequest({ method: "POST", path, body, ...more })));
}
const get = async (path: string, origin?: string): Promise<Answer> =>
  answerOf(await login(testRequest({ path, ...(origin === undefined ? {} : { origin }) })));
const secretForm = () => ({ client_id: app.appId, client_secret: app.secret });
function audienceOf(answer: Answer): string {
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  const { exp, aud } = JSON.parse(
    Buffer.from(String(answer.body["access_token"]).split(".")[1] ?? "", "base64url").toString(),
  ) as { exp: number; aud: string };
  assert.equal(exp * 1000, own.clock.nowMs() + limits.tokenLifeSeconds * 1000);
  return aud;
}

test("the version 2 path issues a token for scope=…/.default, numbers as numbers", async () => {
  const scope = "https://monitor.azure.com/.default";
  const answer = await post(v2, { ...secretForm(), scope });
  assert.equal(audienceOf(answer), "https://monitor.azure.com");
  assert.equal(answer.body["expires_in"], 3600);
  assert.equal(answer.body["token_type"], "Bearer");
  assert.equal(answer.headers["cache-control"], "no-store");
  const verification = verifyToken(String(answer.body["access_token"]), {
    jwks: own.key.jwks(),
    tenantId,
    audiences: ["https://monitor.azure.com/"],
    nowMs: own.clock.nowMs(),
  });
  assert.ok(verification.ok && verification.principal.objectId === app.objectId);
});

test("a resource id that ends in a slash gives scope=…//.default, and is issued", async () => {
  const scope = "https://management.azure.com//.default";
  assert.equal(
    audienceOf(await post(v2, { ...secretForm(), scope })),
    "https://management.azure.com/",
  );
});

test("the version 1 path issues a token for resource=, numbers as strings", async () => {
  const resource = "https://prometheus.monitor.azure.com";
  const answer = await post(`/${tenantId}/oauth2/token`, { ...secretForm(), resource });
  assert.equal(audienceOf(answer), resource);
  assert.equal(answer.body["expires_in"], "3600");
  assert.equal(answer.body["expires_on"], String(own.clock.nowMs() / 1000 + 3600));
  assert.equal(answer.body["resource"], resource);
});

test("every audience is issued with and without its trailing slash", async () => {
  const services = [
    "https://management.azure.com",
    "https://management.core.windows.net",
    "https://monitor.azure.com",
    "https://prometheus.monitor.azure.com",
    "https://api.loganalytics.io",
  ];
  for (const service of services) {
    for (const slash of ["", "/"]) {
      const scope = `${service}${slash}/.default`;
      const answer = await post(v2, { ...secretForm(), scope });
      assert.equal(audienceOf(answer), `${service}${slash}`);
    }
  }
});

test("below /adfs on this machine the endpoint itself is an audience, and its tokens are ARM's", async () => {
  const origin = "https://localhost:18443";
  const form = { ...secretForm(), client_info: "1", claims: '{"access_token":{}}' };
  for (const scope of [`${origin}/.default`, `${origin}//.default`]) {
    const answer = await post("/adfs/oauth2/token", { ...form, scope }, { origin });
    assert.equal(audienceOf(answer), "https://management.azure.com/");
  }
  const elsewhere = await post("/adfs/oauth2/token", { ...form, scope: `${origin}/.default` });
  assert.match(String(elsewhere.body["error_description"]), /^AADSTS500011: /);
});

test("id and secret come by HTTP Basic as well, form-encoded as RFC 6749 says", async () => {
  const pair = `${encodeURIComponent(app.appId)}:${encodeURIComponent(app.secret)}`;
  const headers = { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
  const scope = "https://monitor.azure.com/.default";
  assert.equal(audienceOf(await post(v2, { scope }, { headers })), "https://monitor.azure.com");
});

async function refused(
  form: Record<string, string>,
  { path = v2, status = 400, error = "invalid_request" } = {},
): Promise<string> {
  const { body, ...answer } = await post(path, form);
  assert.equal(answer.status, status, JSON.stringify(body));
  assert.equal(body["error"], error);
  return String(body["error_description"]).split(":")[0] ?? "";
}
const scope = "https://monitor.azure.com/.default";

test("AADSTS7000215: a wrong secret is 401 invalid_client, and says neither secret", async () => {
  const wrong = { client_id: app.appId, client_secret: "wrong-secret", scope };
  assert.equal(await refused(wrong, { status: 401, error: "invalid_client" }), "AADSTS7000215");
  const { body, headers } = await post(v2, wrong);
  assert.doesNotMatch(JSON.stringify(body), new RegExp(`wrong-secret|${app.secret}`));
  assert.deepEqual(body["error_codes"], [7000215]);
  assert.match(String(body["error_description"]), /Trace ID: .* Correlation ID: .* Timestamp: /);
  assert.equal(headers["www-authenticate"], "Basic");
});

test("AADSTS700016, AADSTS90002, AADSTS500011: unknown application, tenant and audience", async () => {
  const unknown = { client_id: "__proto__", client_secret: "x", scope };
  assert.equal(await refused(unknown, { error: "unauthorized_client" }), "AADSTS700016");
  for (const tenant of ["other", "common", "organizations", "__proto__"]) {
    const path = `/${tenant}/oauth2/v2.0/token`;
    assert.equal(await refused({ ...secretForm(), scope }, { path }), "AADSTS90002");
  }
  const audience = { ...secretForm(), scope: "https://vault.azure.net/.default" };
  assert.equal(await refused(audience, { error: "invalid_resource" }), "AADSTS500011");
});

test("AADSTS900144, AADSTS7000216, AADSTS1002012, AADSTS70003: what the form lacks is named", async () => {
  assert.equal(await refused({ client_secret: "x", scope }), "AADSTS900144");
  assert.equal(await refused(secretForm()), "AADSTS900144");
  const noSecret = { client_id: app.appId, scope };
  assert.equal(await refused(noSecret, { status: 401, error: "invalid_client" }), "AADSTS7000216");
  for (const bad of ["https://monitor.azure.com", "", `${scope} ${scope}`]) {
    const form = { ...secretForm(), scope: bad };
    assert.equal(await refused(form, { error: "invalid_scope" }), "AADSTS1002012", bad);
  }
  const password = { ...secretForm(), scope, grant_type: "password" };
  assert.equal(await refused(password, { error: "unsupported_grant_type" }), "AADSTS70003");
});

test("ClientAssertionNotSupported, LoginPathNotFound: what is not supported is refused by name", async () => {
  const form = { client_id: app.appId, client_assertion: "x", scope };
  assert.equal(await refused(form), "ClientAssertionNotSupported");
  const answer = await get(`/${tenantId}/oauth2/v2.0/authorize`);
  assert.equal(answer.status, 404);
  assert.match(String(answer.body["error_description"]), /^LoginPathNotFound: /);
  assert.equal((await login(testRequest({ path: v2 }))).status, 405);
});

test("TooManyTokenRequests: past the refusals of a minute even the right secret waits for the next", async () => {
  const victim = await applications.create("victim");
  const wrong = { client_id: victim.appId, client_secret: "x", scope };
  const tries = Array.from({ length: limits.tokenRefusalsPerMinuteMax / 8 });
  for (const _ of tries) await Promise.all(Array.from({ length: 8 }, () => post(v2, wrong)));
  const right = { ...wrong, client_secret: victim.secret };
  const answer = await post(v2, right);
  assert.equal(answer.status, 429);
  assert.match(String(answer.body["error_description"]), /^TooManyTokenRequests: /);
  assert.equal((await post(v2, { ...secretForm(), scope })).status, 200);
  own.clock.advance(Number(answer.headers["retry-after"]) * 1000);
  assert.equal((await post(v2, right)).status, 200);
});

test("TooManyTokenRequests: one attempt past those that may run at once is told to wait", async () => {
  const right = { ...secretForm(), scope };
  const many = Array.from({ length: limits.tokenAttemptsAtOnceMax + 1 }, () => post(v2, right));
  const statuses = (await Promise.all(many)).map(({ status }) => status).sort();
  assert.deepEqual([statuses[0], statuses.at(-2), statuses.at(-1)], [200, 200, 429]);
});

test("a form of the most bytes is read, and one byte more is refused before any of it is", async () => {
  const form = { ...secretForm(), scope, grant_type: "client_credentials", pad: "" };
  const bare = new URLSearchParams(form).toString().length;
  const padded = (bytes: number) => post(v2, { ...form, pad: "x".repeat(bytes - bare) });
  assert.equal((await padded(limits.tokenRequestBytesMax)).status, 200);
  await assert.rejects(padded(limits.tokenRequestBytesMax + 1), { code: "BodyTooLarge" });
});

test("discovery documents point at the origin that was asked, for tenants, common and adfs", async () => {
  const origin = "https://localhost:18443";
  const adfs = await get("/adfs/.well-known/openid-configuration", origin);
  assert.equal(adfs.body["token_endpoint"], `${origin}/adfs/oauth2/token`);
  const tenant = await get(`/${tenantId.toUpperCase()}/v2.0/.well-known/openid-configuration`);
  const base = `https://login.microsoftonline.com/${tenantId}`;
  assert.equal(tenant.body["token_endpoint"], `${base}/oauth2/v2.0/token`);
  assert.equal(tenant.body["jwks_uri"], `${base}/discovery/v2.0/keys`);
  assert.equal((await get("/organizations/v2.0/.well-known/openid-configuration")).status, 200);
  const instance = await get("/common/discovery/instance");
  assert.equal(
    instance.body["tenant_discovery_endpoint"],
    `${base}/v2.0/.well-known/openid-configuration`,
  );
  assert.deepEqual((await get(`/${tenantId}/discovery/v2.0/keys`)).body, own.key.jwks());
});

test("the bootstrap credential is told once; a rotated secret ends the one before", async () => {
  const { clock } = own;
  const database = new DatabaseSync(":memory:");
  const table = openApplications({ database, clock, random: seededRandom(11) });
  const first = await bootstrapCredential(table);
  assert.ok(first.secret !== undefined && first.secret.length >= 43);
  const again = await bootstrapCredential(table);
  assert.deepEqual(again, { ...first, secret: undefined });
  const rotated = await table.rotateSecret(first.appId.toUpperCase());
  assert.equal(await table.verifySecret(first.appId, first.secret), false);
  assert.equal(await table.verifySecret(first.appId, rotated?.secret ?? ""), true);
  assert.equal(await table.verifySecret("other", "x"), false);
  const kept = JSON.stringify(database.prepare("SELECT * FROM applications").all());
  assert.doesNotMatch(kept, new RegExp(first.secret));
  assert.equal(table.remove(first.appId), true);
  assert.equal(table.get(first.appId), undefined);
  assert.equal(await table.rotateSecret(first.appId), undefined);
});

test("TooManyApplications: one past the limit is refused", async () => {
  const { clock } = own;
  const database = new DatabaseSync(":memory:");
  const table = openApplications({ database, clock, random: seededRandom(12) });
  const insert = database.prepare("INSERT INTO applications VALUES (?, ?, '', x'00', x'00', 0)");
  for (let index = 1; index < limits.applicationsMax; index += 1)
    insert.run(`${index}`, `${index}`);
  await table.create("the last");
  await assert.rejects(
    table.create("one more"),
    (error) => error instanceof CodedError && error.code === "TooManyApplications",
  );
});
