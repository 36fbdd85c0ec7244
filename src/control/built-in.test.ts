/** What no resource type declares: metadata, subscriptions, tenants, providers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { listAt, stringAt } from "../arm/index.ts";
import { cloud } from "../azure/index.ts";
import { allow, deny } from "../core/index.ts";
import { metadataEndpoints } from "./metadata.ts";
import { sampleControl, subscription, subscriptionId, tenantId } from "./testing/sample-types.ts";

test("the endpoints are told without a token, in both forms that clients ask for", async () => {
  const { ask } = sampleControl({
    authenticate: () => ({ ok: false, code: "AuthenticationFailed", says: "no" }),
  });
  const object = await ask("GET", "//metadata/endpoints?api-version=2015-01-01");
  assert.deepEqual(object.body, {
    graphEndpoint: "https://localhost:8443/graph",
    galleryEndpoint: "https://localhost:8443/",
    portalEndpoint: "https://localhost:8443/",
    authentication: {
      loginEndpoint: "https://localhost:8443/adfs",
      audiences: ["https://localhost:8443/"],
    },
  });
  const list = await ask("GET", "/metadata/endpoints?api-version=2019-05-01");
  const [first] = list.body as unknown as readonly Record<string, unknown>[];
  assert.equal(first?.["resourceManager"], "https://localhost:8443/");
  assert.equal((await ask("GET", "/metadata/endpoints?x=1")).code, "MissingApiVersionParameter");
  const odd = await ask("GET", "/metadata/endpoints?api-version=2011-01-01");
  assert.deepEqual([odd.status, odd.code], [400, "InvalidApiVersionParameter"]);
  assert.equal((await ask("POST", "/metadata/endpoints?api-version=2015-01-01")).status, 405);
});

test("at ARM's own host sign-in is at the login host", () => {
  const { body } = metadataEndpoints({
    method: "GET",
    host: cloud.armHost,
    path: "/metadata/endpoints",
    query: new URLSearchParams("api-version=2015-01-01"),
    headers: {},
    body: () => Promise.resolve(Buffer.alloc(0)),
    origin: `https://${cloud.armHost}`,
  });
  const { authentication } = JSON.parse(String(body)) as {
    authentication: { loginEndpoint: string; audiences: readonly string[] };
  };
  assert.equal(authentication.loginEndpoint, `https://${cloud.loginHost}/`);
  assert.deepEqual(authentication.audiences, [`https://${cloud.armHost}/`]);
});

test("the subscription is listed for who has a role in it, and for nobody else", async () => {
  const list = "/subscriptions?api-version=2019-11-01";
  const owner = sampleControl();
  const [shown] = listAt((await owner.ask("GET", list)).body, "value");
  assert.equal(stringAt(shown, "subscriptionId"), subscriptionId);
  assert.equal(stringAt(shown, "tenantId"), tenantId);
  assert.equal(stringAt(shown, "state"), "Enabled");
  const nobody = sampleControl({ may: () => deny() });
  assert.deepEqual(listAt((await nobody.ask("GET", list)).body, "value"), []);
  const assignment = {
    id: `${subscription}/providers/Microsoft.Authorization/roleAssignments/x`,
    name: "x",
    type: "Microsoft.Authorization/roleAssignments",
    properties: { principalId: "oid-1" },
  };
  const somebody = sampleControl({ may: () => deny(), seed: [assignment] });
  assert.equal(listAt((await somebody.ask("GET", list)).body, "value").length, 1);
});

test("the subscription and the tenant are read", async () => {
  const { ask } = sampleControl();
  const one = await ask("GET", subscription, { version: "2022-12-01" });
  assert.equal(one.body["id"], subscription);
  const tenants = await ask("GET", "/tenants", { version: "2022-12-01" });
  assert.equal(stringAt(listAt(tenants.body, "value")[0], "tenantId"), tenantId);
});

test("providers are listed, selected from, read, and registered", async () => {
  const { ask } = sampleControl();
  const version = "2021-04-01";
  const all = await ask(
    "GET",
    `${subscription}/providers?api-version=${version}&$select=namespace,registrationstate`,
  );
  const monitor = listAt(all.body, "value").find(
    (one) => stringAt(one, "namespace") === "Microsoft.Monitor",
  );
  assert.deepEqual(monitor, { namespace: "Microsoft.Monitor", registrationState: "Registered" });
  const one = await ask("GET", `${subscription}/providers/microsoft.monitor`, {
    version: "2022-01-01",
  });
  assert.equal(one.body["id"], `${subscription}/providers/Microsoft.Monitor`);
  const tenantWide = await ask("GET", "/providers/Microsoft.Monitor", { version });
  assert.equal(tenantWide.body["id"], "/providers/Microsoft.Monitor");
  const registered = await ask("POST", `${subscription}/providers/Microsoft.Monitor/register`, {
    version,
  });
  assert.deepEqual([registered.status, registered.body["registrationState"]], [200, "Registered"]);
  for (const [method, path] of [
    ["GET", "/providers/Microsoft.Web"],
    ["GET", `${subscription}/providers/Microsoft.Web`],
    ["POST", `${subscription}/providers/Microsoft.Web/register`],
  ] as const) {
    const answer = await ask(method, path, { version });
    assert.deepEqual([answer.status, answer.code], [404, "InvalidResourceNamespace"], path);
  }
});

test("registering a provider needs its own right", async () => {
  const asked: string[] = [];
  const { ask } = sampleControl({
    may: (_, action) => {
      asked.push(action);
      return allow();
    },
  });
  await ask("POST", `${subscription}/providers/Microsoft.Monitor/register`, {
    version: "2021-04-01",
  });
  assert.deepEqual(
    asked.map((action) => action.toLowerCase()),
    ["microsoft.monitor/register/action"],
  );
});
