/** What the front door refuses and in which words: paths, api-versions, rights, bodies, places. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { allow, deny, limits } from "../core/index.ts";
import type { ResourceType } from "../arm/index.ts";
import type { ControlNote } from "./arm-api.ts";
import { armPath } from "./arm-path.ts";
import { challenge } from "./challenge.ts";
import { controlErrors } from "./errors.ts";
import { parseFilter } from "./filter.ts";
import { typeTable } from "./route.ts";
import {
  group,
  sampleControl,
  sampleTypes,
  subscription,
  subscriptionId,
  tenantId,
  withGroup,
} from "./testing/sample-types.ts";

const scopes = `${group}/providers/Microsoft.Insights/privateLinkScopes`;
const scope = `${scopes}/ampls1`;
const endpoint = `${group}/providers/Microsoft.Insights/dataCollectionEndpoints/dce1`;
const scopeType = sampleTypes.find(({ type }) => type.endsWith("/privateLinkScopes"));
const global = { body: { location: "global" } };

test("paths that climb, hide slashes, have blanks or do not decode are refused", async () => {
  const { ask } = await withGroup();
  for (const path of [
    `${group}/../rg1`,
    `${group}/./x`,
    `${group}/%2e%2e/rg1`,
    `${group}%2Fproviders`,
    `${group}/a%5Cb`,
    `${group}/a%00b`,
    `${group}/a%20b`,
    `${group}/%zz`,
    `/subscriptions/${"s/".repeat(limits.armIdCharsMax)}`,
  ]) {
    const answer = await ask("GET", path);
    assert.deepEqual([answer.status, answer.code], [400, "InvalidRequestUri"], path);
  }
  assert.match((await ask("GET", `${group}/a%20b`)).message, /blank at character 2/);
});

test("a path segment is taken at its limit and refused one past it", () => {
  const name = "n".repeat(limits.armNameCharsMax);
  assert.equal(armPath(`/${name}`).kind, "path");
  assert.equal(armPath(`/${name}n`).kind, "refused");
  const segment = "a".repeat(63);
  const path = `/${segment}`.repeat(limits.armIdCharsMax / 64);
  assert.equal(armPath(path).kind, "path");
  assert.equal(armPath(`${path}a`).kind, "refused");
});

test("every request needs an api-version that its type supports; the others are named", async () => {
  const { ask } = await withGroup();
  const missing = await ask("GET", `${scope}?x=1`);
  assert.deepEqual([missing.status, missing.code], [400, "MissingApiVersionParameter"]);
  const old = await ask("GET", scope, { version: "2015-01-01" });
  assert.deepEqual([old.status, old.code], [400, "NoRegisteredProviderFound"]);
  assert.equal(
    old.message,
    "No registered resource provider found for location 'global' and API version '2015-01-01' for type 'privateLinkScopes'. The supported api-versions are '2021-07-01-preview, 2021-09-01'. The supported locations are 'global'.",
  );
  const odd = await ask("GET", scope, { version: "latest" });
  assert.equal(odd.code, "InvalidApiVersionParameter");
  assert.match(odd.message, /'2021-07-01-preview,2021-09-01'/);
  for (const path of [
    group,
    subscription,
    `${subscription}/locations`,
    `${subscription}/providers`,
  ]) {
    const answer = await ask("GET", path, { version: "1999-01-01" });
    assert.equal(answer.code, "InvalidApiVersionParameter", path);
    assert.equal((await ask("GET", `${path}?x=1`)).code, "MissingApiVersionParameter", path);
  }
});

test("without a token the answer is 401 with a challenge, before anything else is looked at", async () => {
  const { ask } = sampleControl({
    authenticate: () => ({ ok: false, code: "AuthenticationFailed", says: 'No "token".' }),
  });
  for (const path of [scope, "/nothing", `${group}/..`]) {
    const answer = await ask("GET", path);
    assert.deepEqual([answer.status, answer.code], [401, "AuthenticationFailed"]);
    assert.match(
      String(answer.headers["www-authenticate"]),
      new RegExp(
        `^Bearer authorization_uri="https://[^"]+/${tenantId}", error="invalid_token", error_description="No 'token'."$`,
      ),
    );
  }
  assert.ok(
    !String(
      challenge({ ok: false, code: "A", says: "a\r\nb" }, tenantId).headers?.["www-authenticate"],
    ).includes("\n"),
  );
});

test("without the right the answer is 403 in Azure's words, also for what does not exist", async () => {
  const asked: string[] = [];
  const notes: ControlNote[] = [];
  const { ask } = sampleControl({
    onNote: (note) => notes.push(note),
    may: (principal, action, at) => {
      asked.push(`${principal.objectId} ${action} ${at}`);
      return deny({ rule: "r", says: "no", source: "a test" });
    },
  });
  const answer = await ask("PUT", scope, global);
  assert.deepEqual([answer.status, answer.code], [403, "AuthorizationFailed"]);
  assert.equal(
    answer.message,
    `The client 'app-1' with object id 'oid-1' does not have authorization to perform action 'Microsoft.Insights/privateLinkScopes/write' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  );
  assert.deepEqual(notes[0]?.problems[0]?.verdict?.reasons[0]?.says, "no");
  assert.ok(!JSON.stringify(answer.body).includes("a test"));
  for (const [method, path] of [
    ["GET", scope],
    ["DELETE", scope],
    ["GET", scopes],
    ["POST", `${scope}/refresh`],
    ["GET", `${group}/providers/Microsoft.Unknown/things/x`],
    ["PUT", group],
    ["GET", subscription],
  ] as const) {
    assert.equal((await ask(method, path, { version: "2021-04-01" })).status, 403, path);
  }
  assert.deepEqual(
    asked.map((one) => one.split(" ")[1]),
    [
      "Microsoft.Insights/privateLinkScopes/write",
      "Microsoft.Insights/privateLinkScopes/read",
      "Microsoft.Insights/privateLinkScopes/delete",
      "Microsoft.Insights/privateLinkScopes/read",
      "Microsoft.Insights/privateLinkScopes/refresh/action",
      "Microsoft.Unknown/things/read",
      "Microsoft.Resources/subscriptions/resourceGroups/write",
      "Microsoft.Resources/subscriptions/read",
    ],
  );
});

test("an unknown verdict is no right", async () => {
  const { ask } = sampleControl({ may: () => ({ outcome: "unknown", reasons: [] }) });
  assert.equal((await ask("GET", scope)).status, 403);
});

test("what is not emulated is refused by its name, with what is", async () => {
  const { ask } = await withGroup();
  const type = await ask("PUT", `${group}/providers/Microsoft.Insights/components/x`, global);
  assert.deepEqual([type.status, type.code], [404, "InvalidResourceType"]);
  assert.match(type.message, /'components'.*'Microsoft.Insights'.*'privateLinkScopes'/);
  const namespace = await ask("GET", `${group}/providers/Microsoft.Web/sites/x`);
  assert.deepEqual([namespace.status, namespace.code], [404, "InvalidResourceNamespace"]);
  assert.match(namespace.message, /'Microsoft.Web'/);
  const nothing = await ask("GET", `${group}/exportTemplate`);
  assert.deepEqual([nothing.status, nothing.code], [404, "InvalidRequestUri"]);
  const misplaced = await ask(
    "PUT",
    `${subscription}/providers/Microsoft.Insights/privateLinkScopes/x`,
    global,
  );
  assert.deepEqual([misplaced.status, misplaced.code], [404, "InvalidResourceScope"]);
  const parameter = await ask("GET", `${scope}?api-version=2021-09-01&$expand=all`);
  assert.deepEqual([parameter.status, parameter.code], [400, "FeatureNotEmulated"]);
});

test("methods that a path does not take are 405", async () => {
  const { ask } = await withGroup();
  for (const [method, path] of [
    ["POST", scope],
    ["PUT", scopes],
    ["POST", `${scope}/privateLinkResources/azuremonitor`],
    ["DELETE", subscription],
    ["TRACE", scope],
  ] as const) {
    const answer = await ask(method, path, {
      version: path === subscription ? "2021-04-01" : "2021-09-01",
    });
    assert.deepEqual([answer.status, answer.code], [405, "MethodNotAllowed"], `${method} ${path}`);
  }
});

test("what something stands under must exist, and ARM's code says what is missing", async () => {
  const { ask } = await withGroup();
  const cases = [
    [
      `/subscriptions/33333333-3333-4333-8333-333333333333/resourceGroups/rg1`,
      "SubscriptionNotFound",
    ],
    [
      `${subscription}/resourceGroups/none/providers/Microsoft.Insights/privateLinkScopes/x`,
      "ResourceGroupNotFound",
    ],
    [
      `${subscription}/resourceGroups/none/providers/Microsoft.Insights/privateLinkScopes/x/scopedResources/y`,
      "ResourceGroupNotFound",
    ],
    [`${scopes}/none/scopedResources/y`, "ParentResourceNotFound"],
    [
      `${scopes}/none/providers/Microsoft.Insights/dataCollectionRuleAssociations/y`,
      "ResourceNotFound",
    ],
  ] as const;
  for (const [path, code] of cases) {
    const body = { location: "eastus", properties: { linkedResourceId: endpoint } };
    const version = code === "SubscriptionNotFound" ? "2021-04-01" : "2021-09-01";
    const answer = await ask("PUT", path, { body, version });
    assert.deepEqual([answer.status, answer.code], [404, code], path);
  }
  assert.equal(
    (await ask("GET", `${subscription}/resourceGroups/none`, { version: "2021-04-01" })).message,
    "Resource group 'none' could not be found.",
  );
  assert.equal((await ask("GET", `${scopes}/none/scopedResources`)).code, "ResourceNotFound");
  assert.equal((await ask("GET", `${scopes}/none/scopedResources/x`)).code, "ResourceNotFound");
  assert.equal(
    (await ask("GET", `${scopes}/none`)).message,
    "The Resource 'Microsoft.Insights/privateLinkScopes/none' under resource group 'rg1' was not found.",
  );
});

test("filters are read by their grammar; what a list does not take is refused by name", () => {
  const takes = { equals: ["rolename", "kind"], calls: ["atscope", "assignedto"] };
  const read = parseFilter("roleName eq 'It''s (a) role' and atScope() and assignedTo('x')", takes);
  assert.ok(read.kind === "filter");
  assert.deepEqual([...read.filter.equals], [["rolename", "It's (a) role"]]);
  assert.deepEqual(
    [...read.filter.calls],
    [
      ["atscope", ""],
      ["assignedto", "x"],
    ],
  );
  assert.equal(parseFilter(null, takes).kind, "filter");
  for (const text of [
    "roleName ne 'x'",
    "roleName eq 'x' or kind eq 'y'",
    "other eq 'x'",
    "roleName eq 'x",
    "roleName eq",
    "atScope(",
    "kind eq 'a' and kind eq 'b'",
    "'roleName' eq 'x'",
    "and",
  ]) {
    const refused = parseFilter(text, takes);
    assert.ok(refused.kind === "refused", text);
    assert.equal(refused.problem.code, "InvalidFilterInQueryString");
  }
  const filter = (chars: number): string => `kind eq '${"x".repeat(chars - 10)}'`;
  assert.equal(parseFilter(filter(limits.armFilterCharsMax), takes).kind, "filter");
  assert.equal(parseFilter(filter(limits.armFilterCharsMax + 1), takes).kind, "refused");
});

test("a failing declaration answers 500 in ARM's envelope, and the note says why", async () => {
  const notes: { error?: string; status: number }[] = [];
  const broken = {
    ...scopeType,
    derive: () => {
      throw new Error("a bug");
    },
  } as ResourceType;
  const { ask } = await withGroup({
    types: [...sampleTypes.filter(({ type }) => type !== broken.type), broken],
    onNote: (note) => notes.push(note),
  });
  const answer = await ask("PUT", scope, global);
  assert.deepEqual([answer.status, answer.code], [500, "InternalServerError"]);
  assert.equal(notes.at(-1)?.error, "a bug");
});

test("every answer names its request, and echoes a client's id only when it is one", async () => {
  const { ask } = await withGroup();
  const plain = await ask("GET", group, {
    version: "2021-04-01",
    headers: { "x-ms-client-request-id": "a-1" },
  });
  assert.match(String(plain.headers["x-ms-request-id"]), /^[0-9a-f-]{36}$/);
  assert.equal(plain.headers["x-ms-client-request-id"], "a-1");
  const odd = await ask("GET", group, {
    version: "2021-04-01",
    headers: { "x-ms-client-request-id": "a\r\nb: c" },
  });
  assert.equal(odd.headers["x-ms-client-request-id"], undefined);
});

test("a type that is declared twice is a bug", () => {
  const first = sampleTypes[0];
  assert.ok(first);
  assert.throws(
    () => typeTable([first, { ...first, type: first.type.toUpperCase() }]),
    /declared twice/,
  );
});

test("each code of the catalogue has a status that HTTP knows, or none", () => {
  for (const [code, { status }] of Object.entries(controlErrors)) {
    assert.ok(status === 0 || (status >= 400 && status < 600), code);
  }
});

test("only subscriptions with the platform's own id exist", async () => {
  const { ask } = sampleControl({ may: () => allow() });
  assert.equal(
    (await ask("GET", `/subscriptions/${subscriptionId.toUpperCase()}`, { version: "2021-04-01" }))
      .status,
    200,
  );
  assert.equal(
    (await ask("GET", "/subscriptions/x/locations", { version: "2021-04-01" })).code,
    "SubscriptionNotFound",
  );
});
