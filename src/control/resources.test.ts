/** What writes and deletions do: merging, patching, effects on others, cascades, lists and their pages. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { allow, deny, limits } from "../core/index.ts";
import { group, subscription, withGroup } from "./testing/sample-types.ts";
import type { SampleControl } from "./testing/sample-types.ts";

const insights = `${group}/providers/Microsoft.Insights`;
const scope = `${insights}/privateLinkScopes/ampls1`;
const endpoint = `${insights}/dataCollectionEndpoints/dce1`;
const groups = { version: "2021-04-01" };
const global = { body: { location: "global" } };

/** A scope that links an endpoint. */
async function linked(): Promise<SampleControl> {
  const sample = await withGroup({ operationMs: 0 });
  await sample.ask("PUT", scope, global);
  await sample.ask("PUT", endpoint, { body: { location: "eastus", kind: "linux" } });
  const body = { properties: { linkedResourceId: endpoint } };
  const answer = await sample.ask("PUT", `${scope}/scopedResources/r1`, { body });
  assert.equal(answer.status, 201);
  sample.clock.advance(1);
  return sample;
}

const linksOf = async ({ ask }: SampleControl): Promise<unknown> =>
  ((await ask("GET", endpoint)).body["properties"] as { linkedBy: unknown }).linkedBy;

test("a replacing PUT falls back to defaults, a merging one keeps what it does not say", async () => {
  const { ask } = await withGroup();
  const closed = { accessModeSettings: { queryAccessMode: "PrivateOnly" } };
  await ask("PUT", scope, { body: { location: "global", tags: { a: "b" }, properties: closed } });
  const replaced = await ask("PUT", scope, global);
  assert.equal(replaced.body["tags"], undefined);
  assert.deepEqual(replaced.body["properties"], {
    accessModeSettings: { queryAccessMode: "Open", ingestionAccessMode: "Open" },
    provisioningState: "Succeeded",
  });
  const first = { description: "mine", networkAcls: { publicNetworkAccess: "Disabled" } };
  await ask("PUT", endpoint, {
    body: { location: "eastus", kind: "Linux", tags: { a: "b" }, properties: first },
  });
  const merged = await ask("PUT", endpoint, {
    body: { properties: { description: "new", networkAcls: null } },
  });
  assert.equal(merged.status, 200);
  const { location, kind, tags, properties } = merged.body;
  assert.deepEqual(
    { location, kind, tags, properties },
    {
      location: "eastus",
      kind: "Linux",
      tags: { a: "b" },
      properties: { ...first, description: "new", linkedBy: [], provisioningState: "Succeeded" },
    },
  );
});

test("PATCH changes tags alone, or properties where the type says so", async () => {
  const { ask } = await withGroup();
  assert.equal((await ask("PATCH", scope, { body: { tags: {} } })).code, "ResourceNotFound");
  const before = await ask("PUT", scope, global);
  const tagged = await ask("PATCH", scope, { body: { tags: { a: "b" } } });
  assert.deepEqual([tagged.status, tagged.body["tags"]], [200, { a: "b" }]);
  assert.deepEqual(tagged.body["properties"], before.body["properties"]);
  assert.notEqual(tagged.body["etag"], before.body["etag"]);
  const refused = await ask("PATCH", scope, { body: { properties: {} } });
  assert.deepEqual([refused.status, refused.code], [400, "InvalidRequestContent"]);
  await ask("PUT", endpoint, { body: { location: "eastus", properties: { description: "d" } } });
  const patched = await ask("PATCH", endpoint, {
    body: { properties: { networkAcls: { publicNetworkAccess: "disabled" } } },
  });
  assert.deepEqual(patched.body["properties"], {
    description: "d",
    networkAcls: { publicNetworkAccess: "Disabled" },
    linkedBy: [],
    provisioningState: "Succeeded",
  });
});

test("a write changes other resources in the same transaction, and its deletion takes that back", async () => {
  const sample = await linked();
  assert.deepEqual(await linksOf(sample), [`${scope}/scopedResources/r1`]);
  assert.equal((await sample.ask("DELETE", `${scope}/scopedResources/r1`)).status, 202);
  assert.deepEqual(await linksOf(sample), []);
});

test("children and extensions go with their parent, with their effects on others", async () => {
  const sample = await linked();
  const association = `${scope}/scopedResources/r1/providers/Microsoft.Insights/dataCollectionRuleAssociations/a`;
  assert.equal((await sample.ask("PUT", association, { body: { properties: {} } })).status, 201);
  assert.equal((await sample.ask("DELETE", scope)).status, 200);
  assert.deepEqual(await linksOf(sample), []);
  for (const path of [scope, `${scope}/scopedResources/r1`, association]) {
    assert.equal((await sample.ask("GET", path)).status, 404, path);
  }
});

test("what is in use is not deleted", async () => {
  const { ask } = await linked();
  const answer = await ask("DELETE", endpoint);
  assert.deepEqual([answer.status, answer.code], [409, "EndpointInUse"]);
  assert.equal((await ask("GET", endpoint)).status, 200);
});

test("a group is deleted with what it holds, in whichever order its resources let go", async () => {
  const { ask, control } = await linked();
  assert.equal((await ask("DELETE", group, groups)).status, 200);
  assert.equal((await ask("GET", group, groups)).code, "ResourceGroupNotFound");
  assert.equal((await ask("DELETE", group, groups)).status, 204);
  assert.equal(control.source.current().graph.size, 0);
});

test("a group stays whole when another group's resource holds something in it", async () => {
  const { ask, control, clock } = await withGroup({ operationMs: 0 });
  const other = `${subscription}/resourceGroups/rg2`;
  await ask("PUT", other, { ...groups, body: { location: "eastus" } });
  const far = `${other}/providers/Microsoft.Insights/privateLinkScopes/ampls2`;
  await ask("PUT", far, global);
  await ask("PUT", scope, global);
  await ask("PUT", endpoint, { body: { location: "eastus" } });
  const body = { properties: { linkedResourceId: endpoint } };
  await ask("PUT", `${far}/scopedResources/r1`, { body });
  clock.advance(1);
  const before = control.source.current().graph;
  const refused = await ask("DELETE", group, groups);
  assert.deepEqual([refused.status, refused.code], [409, "ResourceGroupDeletionBlocked"]);
  const { details } = refused.body["error"] as {
    details: readonly { code: string; target?: string }[];
  };
  assert.deepEqual(details.at(-1)?.target, endpoint);
  assert.equal(control.source.current().graph, before);
  assert.equal((await ask("DELETE", other, groups)).status, 200);
  assert.equal((await ask("DELETE", group, groups)).status, 200);
});

test("lists come in pages of their limit; the next page's address is in the answer", async () => {
  const { ask } = await withGroup();
  for (let index = 0; index < 5; index++)
    await ask("PUT", `${insights}/privateLinkScopes/s${index}`, global);
  const names: unknown[] = [];
  let path = `${insights}/privateLinkScopes?api-version=2021-09-01&$top=2`;
  for (let pages = 1; ; pages++) {
    const { body } = await ask("GET", path);
    names.push(...(body["value"] as readonly { name: string }[]).map(({ name }) => name));
    if (body["nextLink"] === undefined) {
      assert.equal(pages, 3);
      break;
    }
    const next = new URL(String(body["nextLink"]));
    assert.equal(next.origin, "https://localhost:8443");
    path = `${next.pathname}${next.search}`;
  }
  assert.deepEqual(names, ["s0", "s1", "s2", "s3", "s4"]);
  const odd = await ask("GET", `${insights}/privateLinkScopes?api-version=2021-09-01&$top=x`);
  assert.deepEqual([odd.status, odd.code], [400, "InvalidQueryParameter"]);
});

test("a page has as many entries as its limit and not one more", async () => {
  const scopes = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      id: `${insights}/privateLinkScopes/s${index}`,
      name: `s${index}`,
      type: "Microsoft.Insights/privateLinkScopes",
      location: "global",
      properties: {},
    }));
  const shown = async (count: number): Promise<readonly [number, boolean]> => {
    const { ask } = await withGroup({ seed: scopes(count) });
    const { body } = await ask("GET", `${insights}/privateLinkScopes`);
    return [(body["value"] as readonly unknown[]).length, body["nextLink"] !== undefined];
  };
  assert.deepEqual(await shown(limits.armListPageMax), [limits.armListPageMax, false]);
  assert.deepEqual(await shown(limits.armListPageMax + 1), [limits.armListPageMax, true]);
});

test("a child list shows its parent's children, filtered as the type allows", async () => {
  const { ask } = await linked();
  const list = `${scope}/scopedResources?api-version=2021-09-01`;
  const count = async (path: string): Promise<number> =>
    ((await ask("GET", path)).body["value"] as readonly unknown[]).length;
  assert.equal(await count(list), 1);
  assert.equal(await count(`${list}&$filter=linkedResourceId eq '${endpoint.toUpperCase()}'`), 1);
  assert.equal(await count(`${list}&$filter=linkedResourceId eq 'x'`), 0);
  assert.equal(await count(`${list}&kind=metrics`), 0);
  const refused = await ask("GET", `${list}&$filter=name eq 'x'`);
  assert.deepEqual([refused.status, refused.code], [400, "InvalidFilterInQueryString"]);
});

test("a type with a list of its own is asked for it, with the filter read", async () => {
  const { sampleTypes } = await import("./testing/sample-types.ts");
  const own = sampleTypes.map((type) =>
    type.type === "Microsoft.Insights/dataCollectionRuleAssociations"
      ? {
          ...type,
          filters: { calls: ["atscope"] },
          list: ({ graph, scopeId, filter }: Parameters<NonNullable<typeof type.list>>[0]) =>
            filter.calls.has("atscope") ? graph.under(scopeId, type.type) : graph.ofType(type.type),
        }
      : type,
  );
  const { ask } = await withGroup({ types: own });
  await ask("PUT", scope, global);
  const at = `${scope}/providers/Microsoft.Insights/dataCollectionRuleAssociations`;
  await ask("PUT", `${at}/a`, { body: { properties: {} } });
  const associations = `${group}/providers/Microsoft.Insights/dataCollectionRuleAssociations?api-version=2021-09-01`;
  const count = async (path: string): Promise<number> =>
    ((await ask("GET", path)).body["value"] as readonly unknown[]).length;
  assert.equal(await count(associations), 1);
  assert.equal(await count(`${associations}&$filter=atScope()`), 0);
});

test("actions answer by their path and method, on what exists", async () => {
  const { ask } = await withGroup();
  assert.equal(
    (await ask("GET", `${scope}/privateLinkResources/azuremonitor`)).code,
    "ResourceNotFound",
  );
  await ask("PUT", scope, global);
  const answer = await ask("GET", `${scope}/PRIVATELINKRESOURCES/AzureMonitor`);
  assert.deepEqual(answer.body, { name: "azuremonitor", of: scope });
  assert.equal((await ask("POST", `${scope}/refresh`, { body: {} })).status, 204);
  assert.equal((await ask("POST", `${scope}/refresh`, { body: "{" })).status, 400);
});

test("the resources of a subscription are listed with filters, as far as the caller may read them", async () => {
  const { ask } = await linked();
  const names = async (query: string, at = subscription): Promise<unknown> => {
    const { body } = await ask("GET", `${at}/resources?api-version=2021-04-01${query}`);
    return (body["value"] as readonly { name: string }[]).map(({ name }) => name);
  };
  assert.deepEqual(await names(""), ["ampls1", "dce1"]);
  assert.deepEqual(await names("", group), ["ampls1", "dce1"]);
  assert.deepEqual(
    await names(
      "&$filter=resourceGroup eq 'RG1' and resourceType eq 'microsoft.insights/datacollectionendpoints'",
    ),
    ["dce1"],
  );
  assert.deepEqual(await names("&$filter=location eq 'East US'"), ["dce1"]);
  assert.deepEqual(await names("&$filter=tagName eq 'a'"), []);
  const expanded = await ask(
    "GET",
    `${subscription}/resources?api-version=2021-04-01&$expand=provisioningState,createdTime&$top=1`,
  );
  const [first] = expanded.body["value"] as readonly Record<string, unknown>[];
  assert.equal(first?.["provisioningState"], "Succeeded");
  assert.equal(first?.["properties"], undefined);
  const few = await withGroup({
    may: (_, action, at) =>
      at.endsWith("/subscriptions/x") ||
      action === "Microsoft.Resources/subscriptions/resources/read"
        ? deny()
        : at === endpoint || !action.endsWith("/read")
          ? allow()
          : deny(),
  });
  await few.ask("PUT", scope, global);
  await few.ask("PUT", endpoint, { body: { location: "eastus" } });
  const { body } = await few.ask("GET", `${subscription}/resources?api-version=2021-04-01`);
  assert.deepEqual(
    (body["value"] as readonly { name: string }[]).map(({ name }) => name),
    ["dce1"],
  );
});
