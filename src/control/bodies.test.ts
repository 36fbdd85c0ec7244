/** What a PUT's body may say: its shape, its names, its location, its tags, its conditions. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { limits } from "../core/index.ts";
import { requestListener } from "../http/index.ts";
import { group, subscription, withGroup } from "./testing/sample-types.ts";

const scopes = `${group}/providers/Microsoft.Insights/privateLinkScopes`;
const scope = `${scopes}/ampls1`;
const endpoint = `${group}/providers/Microsoft.Insights/dataCollectionEndpoints/dce1`;
const global = { body: { location: "global" } };

test("a body that is no JSON, empty, nested too deep or not an object is refused", async () => {
  const { ask } = await withGroup();
  for (const body of [
    "{",
    "",
    "[".repeat(50) + "]".repeat(50),
    "[]",
    '"x"',
    "null",
    Buffer.from([0xff]),
  ]) {
    const answer = await ask("PUT", scope, { body });
    assert.deepEqual([answer.status, answer.code], [400, "InvalidRequestContent"], String(body));
  }
  assert.equal((await ask("GET", scope)).status, 404);
});

test("all that is wrong with a body is said at once", async () => {
  const { ask } = await withGroup();
  const answer = await ask("PUT", scope, {
    body: {
      location: "westus",
      tags: { a: 1 },
      zones: [],
      properties: { perimeter: {}, accessModeSettings: { queryAccessMode: "Closed" } },
    },
  });
  assert.equal(answer.status, 400);
  const { details } = answer.body["error"] as {
    details: readonly { code: string; target: string }[];
  };
  assert.deepEqual(
    details.map(({ code, target }) => `${code} ${target}`),
    [
      "InvalidRequestContent zones",
      "LocationNotAvailableForResourceType location",
      "InvalidRequestContent tags",
      "InvalidRequestContent properties.accessModeSettings.queryAccessMode",
      "FeatureNotEmulated properties.perimeter",
    ],
  );
  const refused = await ask("PUT", scope, {
    body: {
      location: "global",
      properties: { accessModeSettings: { queryAccessMode: "Secured" } },
    },
  });
  assert.deepEqual([refused.status, refused.code], [400, "FeatureNotEmulated"]);
  assert.match(refused.message, /'Secured' of 'properties.accessModeSettings.queryAccessMode'/);
});

test("names are held to what their type says, and to nothing surprising", async () => {
  const { ask } = await withGroup();
  assert.equal((await ask("PUT", `${scopes}/a.b`, global)).code, "InvalidResourceName");
  for (const name of ["__proto__", "constructor", "n".repeat(64)]) {
    assert.equal((await ask("PUT", `${scopes}/${name}`, global)).status, 201, name);
    assert.equal((await ask("GET", `${scopes}/${name}`)).body["name"], name);
  }
  assert.equal(
    (await ask("PUT", `${scopes}/${"n".repeat(65)}`, global)).code,
    "InvalidResourceName",
  );
});

test("locations are required, known, normalised and never change", async () => {
  const { ask } = await withGroup();
  assert.equal((await ask("PUT", scope, { body: {} })).code, "LocationRequired");
  assert.equal(
    (await ask("PUT", endpoint, { body: { location: "moon" } })).code,
    "LocationNotAvailableForResourceType",
  );
  assert.equal(
    (await ask("PUT", endpoint, { body: { location: 1 } })).code,
    "InvalidRequestContent",
  );
  assert.equal(
    (await ask("PUT", endpoint, { body: { location: "East US" } })).body["location"],
    "eastus",
  );
  const moved = await ask("PUT", endpoint, { body: { location: "westus" } });
  assert.deepEqual([moved.status, moved.code], [409, "InvalidResourceLocation"]);
  const groups = { version: "2021-04-01" };
  assert.equal(
    (
      await ask("PUT", `${subscription}/resourceGroups/g2`, {
        ...groups,
        body: { location: "moon" },
      })
    ).code,
    "LocationNotAvailableForResourceGroup",
  );
  const movedGroup = await ask("PUT", group, { ...groups, body: { location: "westus" } });
  assert.deepEqual([movedGroup.status, movedGroup.code], [409, "InvalidResourceGroupLocation"]);
});

test("tags are strings within their limits, at each and one past it", async () => {
  const { ask } = await withGroup();
  const put = async (tags: unknown): Promise<number> =>
    (await ask("PUT", scope, { body: { location: "global", tags } })).status;
  const many = (count: number): unknown =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`t${index}`, "v"]));
  assert.equal(await put(many(limits.armTagsMax)), 201);
  assert.equal(await put(many(limits.armTagsMax + 1)), 400);
  assert.equal(
    await put({ ["n".repeat(limits.armTagNameCharsMax)]: "v".repeat(limits.armTagValueCharsMax) }),
    200,
  );
  assert.equal(await put({ ["n".repeat(limits.armTagNameCharsMax + 1)]: "v" }), 400);
  assert.equal(await put({ n: "v".repeat(limits.armTagValueCharsMax + 1) }), 400);
  assert.equal(await put([]), 400);
  assert.equal(await put({ a: null }), 200);
});

test("conditions on the etag are kept", async () => {
  const { ask } = await withGroup();
  const none = { "if-none-match": "*" };
  assert.deepEqual(
    (await ask("PUT", scope, { ...global, headers: { "if-match": "*" } })).code,
    "PreconditionFailed",
  );
  const made = await ask("PUT", scope, { ...global, headers: none });
  assert.equal(made.status, 201);
  assert.equal((await ask("PUT", scope, { ...global, headers: none })).status, 412);
  const etag = String(made.body["etag"]);
  const renewed = await ask("PUT", scope, { ...global, headers: { "if-match": etag } });
  assert.equal(renewed.status, 200);
  assert.notEqual(renewed.body["etag"], etag);
  assert.equal((await ask("DELETE", scope, { headers: { "if-match": etag } })).status, 412);
  assert.equal(
    (await ask("DELETE", scope, { headers: { "if-match": String(renewed.body["etag"]) } })).status,
    200,
  );
});

test("a body is taken at its limit and refused one byte past it", async (t) => {
  const { control } = await withGroup();
  const server = createServer(requestListener(control.handler, ({ status }) => ({ status })));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => void server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  const put = async (bytes: number): Promise<readonly [number, unknown]> => {
    const response = await fetch(`http://127.0.0.1:${port}${scope}?api-version=2021-09-01`, {
      method: "PUT",
      body: '{"location":"global"}'.padEnd(bytes),
    });
    const { error } = (await response.json()) as { error?: { code: string } };
    return [response.status, error?.code];
  };
  assert.deepEqual(await put(limits.armBodyBytesMax), [201, undefined]);
  assert.deepEqual(await put(limits.armBodyBytesMax + 1), [413, "BodyTooLarge"]);
});
